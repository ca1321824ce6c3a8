"""Writing objects (S3 API Reference, PutObject; s3.md 2.2, 8.1 and 8.4)."""

from __future__ import annotations

import base64
import hashlib
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from s3_world import ACCOUNT, S3, Stream, allow, etag, md5

from daypass.errors import ApiError
from daypass.objects import ALGORITHMS
from daypass.objects.digests import digest_of, to_text
from daypass.services.s3.owners import canonical_id

HELLO_CRC32 = "NhCmhg=="


def nothing_there(s3: S3, key: str = "k") -> bool:
    return s3.code("HeadObject", Bucket="bucket", Key=key) == "NoSuchKey"


def test_the_answer_says_what_was_stored(s3: S3) -> None:
    output = s3.put("k", b"hello", ChecksumCRC32=HELLO_CRC32, ChecksumAlgorithm="CRC32", ContentMD5=md5(b"hello"))
    assert output == {
        "ETag": etag(b"hello"),
        "ChecksumCRC32": HELLO_CRC32,
        "ChecksumType": "FULL_OBJECT",
        "VersionId": None,
    }


def test_without_a_checksum_s3_computes_its_own(s3: S3) -> None:
    assert s3.put("k", b"hello")["ChecksumCRC64NVME"] == "M3eFcAZSQlc="


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_every_algorithm_in_header_and_trailer(s3: S3, algorithm: str) -> None:
    right, wrong = to_text(digest_of(algorithm, b"hello")), to_text(digest_of(algorithm, b"other"))
    member, name = f"Checksum{algorithm}", f"x-amz-checksum-{algorithm.lower()}"
    assert s3.put("header", b"hello", **{member: right})[member] == right
    assert s3.code("PutObject", Bucket="bucket", Key="k", body=b"hello", **{member: wrong}) == "BadDigest"
    headers = {"x-amz-trailer": name, "x-amz-decoded-content-length": "5"}
    stored = s3("PutObject", Stream(b"hel", b"lo", **{name: right}), headers, Bucket="bucket", Key="trailer")
    assert stored[member] == right
    body = Stream(b"hello", **{name: wrong})
    assert s3.code("PutObject", Bucket="bucket", Key="k", body=body, headers=headers) == "BadDigest"
    assert nothing_there(s3)


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"ContentMD5": md5(b"other")}, "BadDigest"),
        ({"ContentMD5": "AAAA"}, "InvalidDigest"),
        ({"ContentMD5": "no base64"}, "InvalidDigest"),
        ({"ChecksumSHA256": "AAAA"}, "InvalidRequest"),
        ({"ChecksumCRC32": "!"}, "InvalidRequest"),
        ({"ChecksumCRC32": HELLO_CRC32, "ChecksumSHA1": "x"}, "InvalidRequest"),
        ({"ChecksumAlgorithm": "CRC32"}, "InvalidRequest"),
        ({"ChecksumAlgorithm": "MD4"}, "InvalidRequest"),
        ({"ChecksumAlgorithm": "SHA1", "ChecksumCRC32": HELLO_CRC32}, "InvalidRequest"),
    ],
)
def test_digests_that_are_wrong_leave_nothing(s3: S3, given: dict[str, str], code: str) -> None:
    assert s3.code("PutObject", Bucket="bucket", Key="k", body=b"hello", **given) == code
    assert nothing_there(s3)


@pytest.mark.parametrize(
    ("headers", "trailers", "code"),
    [
        ({"x-amz-trailer": "x-amz-checksum-md4"}, {}, "InvalidRequest"),
        ({"x-amz-trailer": "x-amz-checksum-crc32"}, {}, "MalformedTrailerError"),
        ({"x-amz-trailer": "x-amz-checksum-crc32"}, {"x_amz_checksum_crc32": "AA"}, "InvalidRequest"),
        ({"x-amz-decoded-content-length": "4"}, {}, "IncompleteBody"),
        ({"x-amz-decoded-content-length": "6"}, {}, "IncompleteBody"),
        ({"content-length": "6"}, {}, "IncompleteBody"),
        ({"content-length": str(5 * 1024**3 + 1)}, {}, "EntityTooLarge"),
    ],
)
def test_framing_that_is_wrong_leaves_nothing(
    s3: S3, headers: dict[str, str], trailers: dict[str, str], code: str
) -> None:
    body = Stream(b"hello", **trailers)
    assert s3.code("PutObject", Bucket="bucket", Key="k", body=body, headers=headers) == code
    assert nothing_there(s3)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ApiError("XAmzContentSHA256Mismatch", None), "XAmzContentSHA256Mismatch"),
        (ApiError("SignatureDoesNotMatch", None), "SignatureDoesNotMatch"),
        (ConnectionError("gone"), "IncompleteBody"),
    ],
)
@pytest.mark.parametrize("size", [5, 300_000])
def test_a4_a14_a_body_that_fails_at_its_end_is_not_seen_for_a_moment(
    s3: S3, size: int, error: Exception, code: str
) -> None:
    s3.put("k", b"old")
    body = Stream(b"x" * size, error=error)
    assert s3.code("PutObject", Bucket="bucket", Key="k", body=body) == code
    assert s3.get("k") == b"old"


def test_the_framing_is_no_encoding_of_the_object(s3: S3) -> None:
    """s3.md 2.2: stripped, and the rest kept."""
    for sent, kept in [
        ("aws-chunked", None),
        ("aws-chunked,gzip", "gzip"),
        ("gzip, aws-chunked", "gzip"),
        ("br", "br"),
    ]:
        s3.put("k", ContentEncoding=sent)
        assert s3("HeadObject", Bucket="bucket", Key="k").get("ContentEncoding") == kept


def test_headers_and_metadata_are_kept(s3: S3) -> None:
    given = {
        "CacheControl": "max-age=1",
        "ContentDisposition": "inline",
        "ContentLanguage": "de",
        "ContentType": "text/html",
    }
    when = datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)
    s3.put("k", **given, Expires=when, Metadata={"Mixed-Case": "é", "snowball-auto-extract": "true"})
    output = s3("HeadObject", Bucket="bucket", Key="k")
    assert {name: output[name] for name in given} == given
    assert output["Expires"] == "Wed, 02 Jan 2030 03:04:05 GMT"
    assert output["Metadata"] == {"mixed-case": "é", "snowball-auto-extract": "true"}


def test_metadata_has_a_limit(s3: S3) -> None:
    s3.put("k", Metadata={"a": "x" * 2047})
    assert s3.code("PutObject", Bucket="bucket", Key="k", body=b"", Metadata={"a": "x" * 2048}) == "MetadataTooLarge"


@pytest.mark.parametrize(
    ("key", "fits"), [("k" * 1024, True), ("k" * 1025, False), ("é" * 512, True), ("é" * 513, False)]
)
def test_keys_have_a_limit_in_bytes(s3: S3, key: str, fits: bool) -> None:
    if fits:
        s3.put(key)
        assert s3.get(key) == b"data"
        return
    error = s3.refusal("PutObject", Bucket="bucket", Key=key, body=b"")
    assert (error.code, error.members["MaxSizeAllowed"]) == ("KeyTooLongError", "1024")
    assert s3.code("GetObject", Bucket="bucket", Key=key) == "KeyTooLongError"


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"ServerSideEncryption": "AES256"}, "NotImplemented"),
        ({"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": "k"}, "NotImplemented"),
        ({"SSECustomerKey": "k"}, "NotImplemented"),
        ({"BucketKeyEnabled": True}, "NotImplemented"),
        ({"WebsiteRedirectLocation": "/x"}, "NotImplemented"),
        ({"WriteOffsetBytes": 0}, "NotImplemented"),
        ({"StorageClass": "GLACIER"}, "InvalidStorageClass"),
        ({"ACL": "private"}, "AccessControlListNotSupported"),
        ({"ACL": "public-read"}, "AccessControlListNotSupported"),
        ({"GrantRead": f"id={canonical_id(ACCOUNT)}"}, "AccessControlListNotSupported"),
        ({"GrantFullControl": "id=" + "0" * 64}, "AccessControlListNotSupported"),
        ({"GrantFullControl": "uri=http://acs.amazonaws.com/groups/global/AllUsers"}, "AccessControlListNotSupported"),
        ({"ObjectLockMode": "GOVERNANCE"}, "InvalidRequest"),
        ({"ObjectLockLegalHoldStatus": "ON"}, "InvalidRequest"),
        ({"IfNoneMatch": etag(b"x")}, "NotImplemented"),
    ],
)
def test_h15_what_is_not_done_is_refused_by_name(s3: S3, given: dict[str, Any], code: str) -> None:
    assert s3.code("PutObject", Bucket="bucket", Key="k", body=b"", **given) == code
    assert nothing_there(s3)
    if given.keys().isdisjoint({"IfNoneMatch", "WriteOffsetBytes"}):
        assert s3.code("CreateMultipartUpload", Bucket="bucket", Key="k", **given) == code


@pytest.mark.parametrize(
    "given",
    [
        {"ACL": "bucket-owner-full-control"},
        {"GrantFullControl": f'id="{canonical_id(ACCOUNT)}"'},
        {"StorageClass": "STANDARD"},
        {"RequestPayer": "requester"},
    ],
)
def test_what_changes_nothing_is_taken(s3: S3, given: dict[str, str]) -> None:
    s3.put("k", **given)


class TestConditions:
    def test_only_if_absent(self, s3: S3) -> None:
        s3.put("k", b"1", IfNoneMatch="*")
        error = s3.refusal("PutObject", Bucket="bucket", Key="k", body=b"2", IfNoneMatch="*")
        assert (error.code, error.members) == ("PreconditionFailed", {"Condition": "If-None-Match"})
        assert s3.get("k") == b"1"

    def test_only_over_what_was_read(self, s3: S3) -> None:
        assert s3.code("PutObject", Bucket="bucket", Key="k", body=b"", IfMatch="*") == "NoSuchKey"
        s3.put("k", b"1")
        assert s3.code("PutObject", Bucket="bucket", Key="k", body=b"", IfMatch=etag(b"0")) == "PreconditionFailed"
        s3.put("k", b"2", IfMatch=etag(b"1"))
        assert s3.get("k") == b"2"


class TestPermissions:
    @pytest.mark.parametrize(
        ("given", "action"),
        [
            ({"Tagging": "a=b"}, "s3:PutObjectTagging"),
            ({"ACL": "bucket-owner-full-control"}, "s3:PutObjectAcl"),
            ({"GrantFullControl": f'id="{canonical_id(ACCOUNT)}"'}, "s3:PutObjectAcl"),
            ({"IfMatch": etag(b"1")}, "s3:GetObject"),
        ],
    )
    def test_what_is_asked_for_besides_needs_its_own(self, s3: S3, given: dict[str, str], action: str) -> None:
        s3.put("k", b"1")
        only = s3.as_user("only", allow("s3:PutObject"))
        only.put("k", b"1")
        assert only.code("PutObject", Bucket="bucket", Key="k", body=b"", **given) == "AccessDenied"
        s3.as_user("more", allow("s3:PutObject", action)).put("k", b"2", **given)

    @pytest.mark.parametrize(
        ("condition", "fitting", "failing"),
        [
            ({"StringEquals": {"s3:RequestObjectTag/team": "red"}}, {"Tagging": "team=red"}, {"Tagging": "team=blue"}),
            ({"ForAllValues:StringEquals": {"s3:RequestObjectTagKeys": "a"}}, {"Tagging": "a=1"}, {"Tagging": "b=1"}),
            ({"StringEquals": {"s3:x-amz-acl": "bucket-owner-full-control"}}, {"ACL": "bucket-owner-full-control"}, {}),
            ({"StringEquals": {"s3:x-amz-storage-class": "STANDARD"}}, {"StorageClass": "STANDARD"}, {}),
            ({"StringEquals": {"s3:if-none-match": "*"}}, {"IfNoneMatch": "*"}, {}),
            ({"Bool": {"s3:ObjectCreationOperation": "true"}}, {}, None),
        ],
    )
    def test_conditions_see_the_request(
        self, s3: S3, condition: dict[str, Any], fitting: dict[str, str], failing: dict[str, str] | None
    ) -> None:
        also = allow("s3:PutObject", "s3:PutObjectTagging", "s3:PutObjectAcl", Condition=condition)
        writer = s3.as_user("writer", also)
        writer.put("k", **fitting)
        if failing is not None:
            assert writer.code("PutObject", Bucket="bucket", Key="k", body=b"", **failing) == "AccessDenied"

    def test_a_deny_of_unsigned_payloads_holds(self, s3: S3) -> None:
        condition = {"StringEquals": {"s3:x-amz-content-sha256": "UNSIGNED-PAYLOAD"}}
        statement = {"Effect": "Deny", "Action": "s3:PutObject", "Resource": "*", "Condition": condition}
        writer = s3.as_user(
            "writer", allow("s3:PutObject").replace('[{"Effect"', f'[{json.dumps(statement)}, {{"Effect"')
        )
        writer("PutObject", b"", headers={"x-amz-content-sha256": "0" * 64}, Bucket="bucket", Key="k")
        headers = {"x-amz-content-sha256": "UNSIGNED-PAYLOAD"}
        assert writer.code("PutObject", Bucket="bucket", Key="k", body=b"", headers=headers) == "AccessDenied"
        # a presigned URL declares no hash: it is unsigned all the same (s3.md 5)
        assert writer.code("PutObject", Bucket="bucket", Key="k", body=b"") == "AccessDenied"


def test_a_large_object_is_the_bytes_that_were_sent(s3: S3) -> None:
    data = hashlib.shake_256(b"large").digest(300_000)
    body = Stream(*(data[at : at + 8192] for at in range(0, len(data), 8192)))
    stored = s3("PutObject", body, Bucket="bucket", Key="k")
    assert stored["ETag"] == etag(data)
    assert s3.get("k") == data
    assert s3.get("k", Range="bytes=100000-200000") == data[100_000:200_001]
    assert base64.b64decode(stored["ChecksumCRC64NVME"]) == digest_of("CRC64NVME", data)
