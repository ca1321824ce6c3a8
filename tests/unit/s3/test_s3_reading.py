"""Reading objects (S3 API Reference, GetObject, HeadObject, GetObjectAttributes; s3.md 4.5 and 8.3)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from s3_world import S3, START, allow, etag, policy

DATA = b"0123456789"
THEN = datetime.fromtimestamp(START, UTC)
BUCKET = "arn:aws:s3:::bucket"


@pytest.fixture(autouse=True)
def stored(s3: S3) -> None:
    s3.put("k", DATA, ContentType="text/plain", CacheControl="no-store", Metadata={"who": "me"}, Tagging="team=red")
    s3.world.now += 60


def test_what_was_said_of_an_object_comes_back(s3: S3) -> None:
    output = s3("GetObject", Bucket="bucket", Key="k")
    assert output["Body"] == DATA
    assert output["ETag"] == etag(DATA)
    assert (output["ContentType"], output["CacheControl"], output["Metadata"]) == (
        "text/plain",
        "no-store",
        {"who": "me"},
    )
    assert (output["ContentLength"], output["LastModified"], output["AcceptRanges"]) == (10, START, "bytes")
    assert output["TagCount"] == 1
    assert output["VersionId"] is None
    assert "HTTPStatusCode" not in output
    head = s3("HeadObject", Bucket="bucket", Key="k")
    assert head == {name: value for name, value in output.items() if name != "Body"}


def test_an_object_without_a_type_has_s3s_default(s3: S3) -> None:
    s3.put("plain")
    assert s3("HeadObject", Bucket="bucket", Key="plain")["ContentType"] == "binary/octet-stream"


@pytest.mark.parametrize(
    ("asked", "data", "shown"),
    [
        ("bytes=0-0", b"0", "bytes 0-0/10"),
        ("bytes=2-5", b"2345", "bytes 2-5/10"),
        ("bytes=7-", b"789", "bytes 7-9/10"),
        ("bytes=-3", b"789", "bytes 7-9/10"),
        ("bytes=-99", DATA, "bytes 0-9/10"),
        ("bytes=8-99", b"89", "bytes 8-9/10"),
        ("Bytes = 1 - 2", b"12", "bytes 1-2/10"),
        ("bytes=5-2", DATA, None),
        ("bytes=a-b", DATA, None),
        ("bytes=-", DATA, None),
        ("bytes=0-1,3-4", DATA, None),
        ("items=0-1", DATA, None),
        ("bytes=0-1" + ",0-1" * 10_000, DATA, None),
    ],
)
def test_ranges(s3: S3, asked: str, data: bytes, shown: str | None) -> None:
    output = s3("GetObject", Bucket="bucket", Key="k", Range=asked, ChecksumMode="ENABLED")
    assert output["Body"] == data
    assert output["ContentLength"] == len(data)
    assert output.get("ContentRange") == shown
    assert output.get("HTTPStatusCode") == (206 if shown else None)
    assert ("ChecksumCRC64NVME" in output) is (shown is None)


@pytest.mark.parametrize("asked", ["bytes=10-", "bytes=99-100", "bytes=-0"])
def test_a_range_beyond_the_end(s3: S3, asked: str) -> None:
    error = s3.refusal("GetObject", Bucket="bucket", Key="k", Range=asked)
    assert (error.code, error.members) == ("InvalidRange", {"RangeRequested": asked, "ActualObjectSize": "10"})


def test_no_byte_of_an_empty_object_can_be_asked_for(s3: S3) -> None:
    s3.put("empty", b"")
    assert s3.code("GetObject", Bucket="bucket", Key="empty", Range="bytes=0-") == "InvalidRange"
    assert s3.get("empty") == b""
    assert s3.get("empty", PartNumber=1) == b""


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"IfMatch": etag(DATA)}, None),
        ({"IfMatch": "*"}, None),
        ({"IfMatch": etag(b"other")}, "PreconditionFailed"),
        ({"IfNoneMatch": etag(DATA)}, "NotModified"),
        ({"IfNoneMatch": f'W/{etag(DATA)}, "x"'}, "NotModified"),
        ({"IfNoneMatch": etag(b"other")}, None),
        ({"IfModifiedSince": THEN}, "NotModified"),
        ({"IfModifiedSince": THEN - timedelta(seconds=1)}, None),
        ({"IfUnmodifiedSince": THEN}, None),
        ({"IfUnmodifiedSince": THEN - timedelta(seconds=1)}, "PreconditionFailed"),
        ({"IfMatch": etag(DATA), "IfUnmodifiedSince": THEN - timedelta(days=1)}, None),
        ({"IfNoneMatch": etag(DATA), "IfModifiedSince": THEN - timedelta(days=1)}, "NotModified"),
        ({"IfNoneMatch": etag(b"other"), "IfModifiedSince": THEN}, None),
    ],
)
@pytest.mark.parametrize("operation", ["GetObject", "HeadObject"])
def test_conditions(s3: S3, operation: str, given: dict[str, Any], code: str | None) -> None:
    if code is None:
        s3(operation, Bucket="bucket", Key="k", **given)
        return
    error = s3.refusal(operation, Bucket="bucket", Key="k", **given)
    assert error.code == code
    if code == "NotModified":
        assert error.headers["ETag"] == etag(DATA)


def test_answers_can_be_asked_to_look_otherwise_by_those_who_signed(s3: S3) -> None:
    given = {"ResponseContentType": "text/html", "ResponseContentDisposition": "attachment"}
    output = s3("GetObject", Bucket="bucket", Key="k", **given)
    assert (output["ContentType"], output["ContentDisposition"]) == ("text/html", "attachment")
    s3.open_to(policy({}))
    assert s3.as_nobody().code("GetObject", Bucket="bucket", Key="k", **given) == "InvalidRequest"


class TestWhoIsTold:
    """403 or 404 (S3 API Reference, GetObject, "Permissions")."""

    @pytest.mark.parametrize("operation", ["GetObject", "HeadObject"])
    def test_that_a_key_is_missing(self, s3: S3, operation: str) -> None:
        both = s3.as_user("both", allow("s3:GetObject", "s3:ListBucket"))
        reader = s3.as_user("reader", allow("s3:GetObject"))
        lister = s3.as_user("lister", allow("s3:ListBucket"))
        assert both.code(operation, Bucket="bucket", Key="missing") == "NoSuchKey"
        assert reader.code(operation, Bucket="bucket", Key="missing") == "AccessDenied"
        assert lister.code(operation, Bucket="bucket", Key="missing") == "AccessDenied"

    def test_in_whose_words(self, s3: S3, other: S3) -> None:
        text = 'is not authorized to perform: s3:GetObject on resource: "arn:aws:s3:::bucket/k"'
        assert text in str(s3.as_user("bob").refusal("GetObject", Bucket="bucket", Key="k").message)
        assert other.refusal("GetObject", Bucket="bucket", Key="k").message == "Access Denied"
        assert s3.as_nobody().refusal("GetObject", Bucket="bucket", Key="k").message == "Access Denied"

    def test_how_many_tags_there_are(self, s3: S3) -> None:
        reader = s3.as_user("reader", allow("s3:GetObject"))
        assert "TagCount" not in reader("GetObject", Bucket="bucket", Key="k")


class TestConditionKeys:
    def test_the_tags_of_the_object(self, s3: S3) -> None:
        red = {"StringEquals": {"s3:ExistingObjectTag/team": "red"}}
        reader = s3.as_user("reader", allow("s3:GetObject", Condition=red))
        assert reader.get("k") == DATA
        s3("PutObjectTagging", Bucket="bucket", Key="k", Tagging={"TagSet": [{"Key": "team", "Value": "blue"}]})
        assert reader.code("GetObject", Bucket="bucket", Key="k") == "AccessDenied"

    def test_a_deny_by_tag_holds(self, s3: S3) -> None:
        red = {"StringEquals": {"s3:ExistingObjectTag/team": "red"}}
        deny = policy({"Effect": "Deny", "Condition": red})
        s3("PutBucketPolicy", deny.encode(), Bucket="bucket", Policy=deny)
        assert s3.code("GetObject", Bucket="bucket", Key="k") == "AccessDenied"
        assert s3.code("HeadObject", Bucket="bucket", Key="k") == "AccessDenied"
        assert s3.code("CopyObject", Bucket="bucket", Key="copy", CopySource="bucket/k") == "AccessDenied"
        s3.put("untagged")
        assert s3.get("untagged") == b"data"

    def test_how_it_was_signed(self, s3: S3) -> None:
        header = {"StringEquals": {"s3:authType": "REST-HEADER", "s3:signatureversion": "AWS4-HMAC-SHA256"}}
        reader = s3.as_user("reader", allow("s3:GetObject", Condition=header))
        assert reader.get("k") == DATA
        assert reader.presigned().code("GetObject", Bucket="bucket", Key="k") == "AccessDenied"
        young = {"NumericLessThan": {"s3:signatureAge": "80000"}}
        by_link = s3.as_user("by-link", allow("s3:GetObject", Condition=young))
        assert by_link.presigned().get("k") == DATA
        s3.world.now += 60
        assert by_link.presigned().code("GetObject", Bucket="bucket", Key="k") == "AccessDenied"

    def test_version_two_can_be_refused(self, s3: S3) -> None:
        old = {"StringEquals": {"s3:signatureversion": "AWS"}}
        deny = policy({"Effect": "Deny", "Condition": old})
        s3("PutBucketPolicy", deny.encode(), Bucket="bucket", Policy=deny)
        assert s3.get("k") == DATA
        by_version_2 = S3(s3.world, s3.caller, headers=(), query=b"AWSAccessKeyId=x&Signature=y&Expires=1")
        assert by_version_2.code("GetObject", Bucket="bucket", Key="k") == "AccessDenied"

    def test_whose_bucket_it_is(self, s3: S3) -> None:
        mine = {"StringEquals": {"s3:ResourceAccount": s3.caller.account}}
        assert s3.as_user("reader", allow("s3:GetObject", Condition=mine)).get("k") == DATA


class TestVersions:
    @pytest.fixture(autouse=True)
    def versions(self, s3: S3) -> None:
        s3("PutBucketVersioning", Bucket="bucket", VersioningConfiguration={"Status": "Enabled"})

    def test_each_is_read_by_its_id(self, s3: S3) -> None:
        first, second = (s3.put("k", data)["VersionId"] for data in (b"1", b"2"))
        assert s3.get("k") == b"2"
        assert [s3.get("k", VersionId=version) for version in ("null", first, second)] == [DATA, b"1", b"2"]
        assert s3("HeadObject", Bucket="bucket", Key="k", VersionId="null")["VersionId"] == "null"

    def test_reading_one_needs_its_own_permission(self, s3: S3) -> None:
        reader = s3.as_user("reader", allow("s3:GetObject"))
        assert reader.get("k") == DATA
        assert reader.code("GetObject", Bucket="bucket", Key="k", VersionId="null") == "AccessDenied"
        by_id = allow("s3:GetObjectVersion", Condition={"StringEquals": {"s3:VersionId": "null"}})
        assert s3.as_user("by-id", by_id).get("k", VersionId="null") == DATA

    def test_a_delete_marker_hides_the_object(self, s3: S3) -> None:
        marker = s3("DeleteObject", Bucket="bucket", Key="k")["VersionId"]
        error = s3.refusal("GetObject", Bucket="bucket", Key="k")
        assert error.code == "NoSuchKey"
        assert error.headers == {"x-amz-delete-marker": "true", "x-amz-version-id": marker}
        error = s3.refusal("GetObject", Bucket="bucket", Key="k", VersionId=marker)
        assert error.code == "MethodNotAllowed"
        assert error.headers["Allow"] == "DELETE"

    @pytest.mark.parametrize(
        ("version", "code"), [("0" * 32, "NoSuchVersion"), ("", "InvalidArgument"), ("a b", "InvalidArgument")]
    )
    def test_unknown_ones(self, s3: S3, version: str, code: str) -> None:
        assert s3.code("GetObject", Bucket="bucket", Key="k", VersionId=version) == code


def test_attributes_that_are_asked_for_by_name(s3: S3) -> None:
    wanted = ["ETag", "Checksum", "ObjectParts", "StorageClass", "ObjectSize"]
    output = s3("GetObjectAttributes", Bucket="bucket", Key="k", ObjectAttributes=wanted)
    assert (output["ETag"], output["ObjectSize"], output["StorageClass"]) == (etag(DATA).strip('"'), 10, "STANDARD")
    assert output["Checksum"].keys() == {"ChecksumCRC64NVME", "ChecksumType"}
    assert "ObjectParts" not in output
    assert "ETag" not in s3("GetObjectAttributes", Bucket="bucket", Key="k", ObjectAttributes=["ObjectSize"])
    reader = s3.as_user("reader", allow("s3:GetObject"))
    assert reader.code("GetObjectAttributes", Bucket="bucket", Key="k", ObjectAttributes=["ETag"]) == "AccessDenied"


def test_customer_keys_are_refused_by_name(s3: S3) -> None:
    error = s3.refusal("GetObject", Bucket="bucket", Key="k", SSECustomerAlgorithm="AES256")
    assert error.code == "NotImplemented"
    assert error.members == {"Header": "x-amz-server-side-encryption-customer-algorithm"}
