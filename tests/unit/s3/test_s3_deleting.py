"""Deleting objects (S3 API Reference, DeleteObject, DeleteObjects)."""

from __future__ import annotations

from typing import Any

import pytest
from s3_world import S3, allow, etag, md5

BODY = b"<Delete/>"


def many(s3: S3, *keys: str | dict[str, Any], quiet: bool = False) -> dict[str, Any]:
    objects = [{"Key": key} if isinstance(key, str) else key for key in keys]
    return s3(
        "DeleteObjects", BODY, {"content-md5": md5(BODY)}, Bucket="bucket", Delete={"Objects": objects, "Quiet": quiet}
    )


def test_deleting_succeeds_whether_or_not_there_is_anything(s3: S3) -> None:
    s3.put("k")
    assert s3("DeleteObject", Bucket="bucket", Key="k") == {"VersionId": None}
    assert s3("DeleteObject", Bucket="bucket", Key="k") == {"VersionId": None}
    assert s3.code("GetObject", Bucket="bucket", Key="k") == "NoSuchKey"


def test_only_what_was_read(s3: S3) -> None:
    assert s3.code("DeleteObject", Bucket="bucket", Key="k", IfMatch="*") == "NoSuchKey"
    s3.put("k", b"1")
    assert s3.code("DeleteObject", Bucket="bucket", Key="k", IfMatch=etag(b"2")) == "PreconditionFailed"
    s3("DeleteObject", Bucket="bucket", Key="k", IfMatch=etag(b"1"))


def test_many_at_once_with_an_answer_for_each(s3: S3) -> None:
    for key in ("a", "b", "c"):
        s3.put(key)
    output = many(s3, "a", "absent", {"Key": "b", "ETag": etag(b"x")}, {"Key": "none", "ETag": "*"}, "k" * 1025)
    assert output["Deleted"] == [{"Key": "a"}, {"Key": "absent"}]
    assert {(error["Key"], error["Code"]) for error in output["Errors"]} == {
        ("b", "PreconditionFailed"),
        ("none", "NoSuchKey"),
        ("k" * 1025, "KeyTooLongError"),
    }
    assert many(s3, "b", quiet=True) == {"Errors": []}
    assert [c["Key"] for c in s3("ListObjectsV2", Bucket="bucket")["Contents"]] == ["c"]


def test_each_key_is_allowed_or_refused_by_itself(s3: S3) -> None:
    for key in ("mine/a", "theirs/a"):
        s3.put(key)
    user = s3.as_user("user", allow("s3:DeleteObject", resource="arn:aws:s3:::bucket/mine/*"))
    output = many(user, "mine/a", "theirs/a")
    assert output["Deleted"] == [{"Key": "mine/a"}]
    assert output["Errors"] == [{"Key": "theirs/a", "Code": "AccessDenied", "Message": "Access Denied"}]
    assert s3.get("theirs/a") == b"data"


@pytest.mark.parametrize("count", [0, 1001])
def test_h8_there_is_a_limit(s3: S3, count: int) -> None:
    objects = [{"Key": str(number)} for number in range(count)]
    given = {"Bucket": "bucket", "Delete": {"Objects": objects}, "body": BODY, "headers": {"content-md5": md5(BODY)}}
    assert s3.code("DeleteObjects", **given) == "MalformedXML"


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({}, "InvalidRequest"),
        ({"content-md5": md5(b"other")}, "BadDigest"),
        ({"content-md5": "x"}, "InvalidDigest"),
        ({"x-amz-checksum-crc32": "AAAAAA=="}, "BadDigest"),
        ({"x-amz-checksum-crc32": "AA"}, "InvalidRequest"),
        ({"x-amz-checksum-crc32": "AAAAAA==", "x-amz-checksum-sha1": "AA"}, "InvalidRequest"),
    ],
)
def test_the_list_must_come_with_a_digest_that_is_right(s3: S3, headers: dict[str, str], code: str) -> None:
    given = {"Bucket": "bucket", "Delete": {"Objects": [{"Key": "k"}]}, "body": BODY, "headers": headers}
    assert s3.code("DeleteObjects", **given) == code


def test_what_is_not_done_is_refused(s3: S3) -> None:
    for given in ({"MFA": "serial 123456"}, {"IfMatchSize": 1}):
        assert s3.code("DeleteObject", Bucket="bucket", Key="k", **given) == "NotImplemented"
    given = {"Bucket": "bucket", "body": BODY, "headers": {"content-md5": md5(BODY)}}
    assert s3.code("DeleteObjects", Delete={"Objects": [{"Key": "k", "Size": 1}]}, **given) == "NotImplemented"
    user = s3.as_user("user", allow("s3:DeleteObject"))
    assert user.code("DeleteObject", Bucket="bucket", Key="k", BypassGovernanceRetention=True) == "AccessDenied"
    s3("DeleteObject", Bucket="bucket", Key="k", BypassGovernanceRetention=True)


class TestVersions:
    @pytest.fixture(autouse=True)
    def versions(self, s3: S3) -> None:
        s3("PutBucketVersioning", Bucket="bucket", VersioningConfiguration={"Status": "Enabled"})

    def test_a_delete_puts_a_marker_on_top_and_deleting_it_undoes_that(self, s3: S3) -> None:
        s3.put("k")
        marker = s3("DeleteObject", Bucket="bucket", Key="k")
        assert marker["DeleteMarker"] is True
        undone = s3("DeleteObject", Bucket="bucket", Key="k", VersionId=marker["VersionId"])
        assert undone == {"DeleteMarker": True, "VersionId": marker["VersionId"]}
        assert s3.get("k") == b"data"

    def test_a_version_is_deleted_for_good_by_who_may(self, s3: S3) -> None:
        version = s3.put("k")["VersionId"]
        user = s3.as_user("user", allow("s3:DeleteObject"))
        assert user.code("DeleteObject", Bucket="bucket", Key="k", VersionId=version) == "AccessDenied"
        assert s3("DeleteObject", Bucket="bucket", Key="k", VersionId=version) == {"VersionId": version}
        assert s3.code("GetObject", Bucket="bucket", Key="k", VersionId=version) == "NoSuchVersion"
        assert s3("DeleteObject", Bucket="bucket", Key="k", VersionId=version) == {"VersionId": version}
        assert s3.code("DeleteObject", Bucket="bucket", Key="k", VersionId="") == "InvalidArgument"

    def test_many_say_which_versions_and_markers(self, s3: S3) -> None:
        version = s3.put("a")["VersionId"]
        s3.put("b")
        output = many(s3, {"Key": "a", "VersionId": version}, "b")
        first, second = output["Deleted"]
        assert first == {"Key": "a", "VersionId": version}
        assert (second["Key"], second["DeleteMarker"]) == ("b", True)
        third = many(s3, {"Key": "b", "VersionId": second["DeleteMarkerVersionId"]})["Deleted"]
        assert third == [{"Key": "b", "VersionId": second["DeleteMarkerVersionId"], "DeleteMarker": True,
                          "DeleteMarkerVersionId": second["DeleteMarkerVersionId"]}]  # fmt: skip
