"""Copies (S3 API Reference, CopyObject, UploadPartCopy; s3.md 8.4)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from s3_world import OTHER_ACCOUNT, S3, START, allow, etag, policy

from daypass.errors import ApiError
from daypass.services.s3.copying import CopySource, copy_source

THEN = datetime.fromtimestamp(START, UTC)


@pytest.fixture(autouse=True)
def stored(s3: S3) -> None:
    s3.put("k", b"data", ContentType="text/plain", Metadata={"who": "me"}, Tagging="team=red")
    s3.world.now += 60


def copy(s3: S3, key: str = "copy", source: str = "bucket/k", **given: Any) -> dict[str, Any]:
    return s3("CopyObject", Bucket="bucket", Key=key, CopySource=source, **given)


def refused(s3: S3, key: str = "copy", source: str = "bucket/k", **given: Any) -> str:
    return s3.code("CopyObject", Bucket="bucket", Key=key, CopySource=source, **given)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("bucket/k", CopySource("bucket", "k", None)),
        ("/bucket/k", CopySource("bucket", "k", None)),
        ("bucket/a%2Fb%20c+d", CopySource("bucket", "a/b c+d", None)),
        ("bucket//k", CopySource("bucket", "/k", None)),
        ("bucket/../x", CopySource("bucket", "../x", None)),
        ("bucket/k?versionId=v", CopySource("bucket", "k", "v")),
        ("bucket/k%3FversionId=v", CopySource("bucket", "k?versionId=v", None)),
        ("bucket/k?x", CopySource("bucket", "k?x", None)),
    ],
)
def test_a_source_is_a_bucket_and_a_key(text: str, meant: CopySource) -> None:
    assert copy_source(text) == meant


@pytest.mark.parametrize(
    "text",
    ["", "/", "bucket", "bucket/", "//host/k", "http://host/k", "https://169.254.169.254/latest", "file:///etc/passwd",
     "arn:aws:s3:us-east-1:111122223333:accesspoint/x/object/k", "bucket/%ff", "bucket/%zz", "bucket/%00"],
)  # fmt: skip
def test_h5_h9_and_nothing_else(text: str) -> None:
    with pytest.raises(ApiError, match="InvalidArgument"):
        copy_source(text)


def test_everything_comes_along(s3: S3) -> None:
    result = copy(s3)["CopyObjectResult"]
    assert (result["ETag"], result["LastModified"]) == (etag(b"data"), START + 60)
    head = s3("HeadObject", Bucket="bucket", Key="copy")
    assert (head["ContentType"], head["Metadata"], head["TagCount"]) == ("text/plain", {"who": "me"}, 1)
    assert s3.get("copy") == b"data"


def test_or_is_said_anew(s3: S3) -> None:
    given = {"MetadataDirective": "REPLACE", "TaggingDirective": "REPLACE", "Metadata": {"new": "1"}, "Tagging": "a=b"}
    copy(s3, **given)
    head = s3("HeadObject", Bucket="bucket", Key="copy")
    assert (head["ContentType"], head["Metadata"]) == ("binary/octet-stream", {"new": "1"})
    assert s3("GetObjectTagging", Bucket="bucket", Key="copy")["TagSet"] == [{"Key": "a", "Value": "b"}]


def test_a_copy_onto_itself_must_change_something(s3: S3) -> None:
    assert refused(s3, "k") == "InvalidRequest"
    copy(s3, "k", MetadataDirective="REPLACE", Metadata={"x": "y"})
    assert s3("HeadObject", Bucket="bucket", Key="k")["Metadata"] == {"x": "y"}
    assert s3.get("k") == b"data"


def test_another_checksum_can_be_asked_for(s3: S3) -> None:
    assert "ChecksumSHA256" in copy(s3, ChecksumAlgorithm="SHA256")["CopyObjectResult"]
    assert refused(s3, ChecksumAlgorithm="MD4") == "InvalidRequest"


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"CopySourceIfMatch": etag(b"data")}, None),
        ({"CopySourceIfMatch": etag(b"x")}, "PreconditionFailed"),
        ({"CopySourceIfNoneMatch": etag(b"data")}, "PreconditionFailed"),
        ({"CopySourceIfNoneMatch": etag(b"x")}, None),
        ({"CopySourceIfModifiedSince": THEN}, "PreconditionFailed"),
        ({"CopySourceIfModifiedSince": THEN - timedelta(seconds=1)}, None),
        ({"CopySourceIfUnmodifiedSince": THEN - timedelta(seconds=1)}, "PreconditionFailed"),
        ({"CopySourceIfMatch": etag(b"data"), "CopySourceIfUnmodifiedSince": THEN - timedelta(days=1)}, None),
        ({"IfNoneMatch": "*"}, None),
        ({"IfMatch": "*"}, "NoSuchKey"),
    ],
)
def test_conditions(s3: S3, given: dict[str, Any], code: str | None) -> None:
    if code is None:
        copy(s3, **given)
    else:
        assert refused(s3, **given) == code


def test_the_destination_may_be_wanted_absent(s3: S3) -> None:
    copy(s3)
    assert refused(s3, IfNoneMatch="*") == "PreconditionFailed"


def test_what_is_missing(s3: S3) -> None:
    assert refused(s3, source="bucket/missing") == "NoSuchKey"
    assert refused(s3, source="absent/k") == "NoSuchBucket"
    assert refused(s3, ExpectedSourceBucketOwner=OTHER_ACCOUNT) == "AccessDenied"


class TestPermissions:
    def test_both_ends_are_asked_for(self, s3: S3) -> None:
        s3.put("plain")
        source, target = "arn:aws:s3:::bucket/plain", "arn:aws:s3:::bucket/copy"
        get = s3.as_user("get", allow("s3:GetObject", resource=source))
        put = s3.as_user("put", allow("s3:PutObject", resource=target))
        both = s3.as_user("both", allow("s3:GetObject", "s3:PutObject", resource=[source, target]))
        assert refused(get, source="bucket/plain") == "AccessDenied"
        assert refused(put, source="bucket/plain") == "AccessDenied"
        copy(both, source="bucket/plain")

    def test_tags_that_come_along_are_read_and_written(self, s3: S3) -> None:
        actions = ["s3:GetObject", "s3:PutObject", "s3:GetObjectTagging", "s3:PutObjectTagging"]
        for missing in actions[2:]:
            some = s3.as_user(missing[3:], allow(*(action for action in actions if action != missing)))
            assert refused(some) == "AccessDenied"
            copy(some, TaggingDirective="REPLACE")
        copy(s3.as_user("all", allow(*actions)))

    def test_conditions_see_the_source(self, s3: S3) -> None:
        s3.put("plain")
        only = {"StringEquals": {"s3:x-amz-copy-source": "bucket/plain", "s3:x-amz-metadata-directive": "COPY"}}
        user = s3.as_user("user", allow("s3:PutObject", Condition=only))
        s3.open_to(policy({"Principal": {"AWS": user.caller.arn}}))
        copy(user, source="bucket/plain", MetadataDirective="COPY", TaggingDirective="REPLACE")
        assert refused(user, source="bucket/plain", MetadataDirective="REPLACE") == "AccessDenied"
        assert refused(user, source="bucket/k", MetadataDirective="COPY") == "AccessDenied"

    def test_a_source_of_another_account_needs_both_sides(self, s3: S3, other: S3) -> None:
        other("CreateBucket", Bucket="theirs")
        other.put("k", b"theirs", "theirs")
        assert refused(s3, source="theirs/k") == "AccessDenied"
        other("DeletePublicAccessBlock", Bucket="theirs")
        open_to_us = policy({"Resource": "arn:aws:s3:::theirs/*", "Principal": {"AWS": s3.caller.account}})
        other("PutBucketPolicy", open_to_us.encode(), Bucket="theirs", Policy=open_to_us)
        copy(s3, source="theirs/k")
        assert s3.get("copy") == b"theirs"


def test_an_older_version_is_restored_by_copying_it(s3: S3) -> None:
    s3("PutBucketVersioning", Bucket="bucket", VersioningConfiguration={"Status": "Enabled"})
    s3.put("k", b"new")
    output = copy(s3, "k", "bucket/k?versionId=null")
    assert output["CopySourceVersionId"] == "null"
    assert s3.get("k") == b"data"
    assert refused(s3, source="bucket/k?versionId=") == "InvalidArgument"


class TestParts:
    def part(self, s3: S3, **given: Any) -> dict[str, Any]:
        upload = s3("CreateMultipartUpload", Bucket="bucket", Key="big")["UploadId"]
        given = {"CopySource": "bucket/k"} | given
        return s3("UploadPartCopy", Bucket="bucket", Key="big", UploadId=upload, PartNumber=1, **given)

    def test_a_range_becomes_a_part(self, s3: S3) -> None:
        assert self.part(s3)["CopyPartResult"]["ETag"] == etag(b"data")
        assert self.part(s3, CopySourceRange="bytes=1-2")["CopyPartResult"]["ETag"] == etag(b"at")

    @pytest.mark.parametrize("text", ["bytes=1-", "bytes=-2", "bytes=2-1", "bytes=0-4", "0-1", "bytes=a-b"])
    def test_a_range_has_two_ends_within_the_source(self, s3: S3, text: str) -> None:
        with pytest.raises(ApiError, match="InvalidArgument"):
            self.part(s3, CopySourceRange=text)

    def test_an_upload_that_is_not_there(self, s3: S3) -> None:
        given = {"Bucket": "bucket", "Key": "big", "PartNumber": 1, "CopySource": "bucket/k"}
        assert s3.code("UploadPartCopy", UploadId="x", **given) == "NoSuchUpload"
