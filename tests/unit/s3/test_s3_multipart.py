"""Multipart uploads (S3 API Reference, CreateMultipartUpload and its neighbours; s3.md 2.1 and 8.4)."""

from __future__ import annotations

from typing import Any

import pytest
from s3_world import S3, Stream, allow, etag

from daypass.objects.digests import digest_of, to_text
from daypass.objects.upload_index import LEAST_PART

BIG = b"x" * LEAST_PART


def begin(s3: S3, key: str = "k", **given: Any) -> str:
    return str(s3("CreateMultipartUpload", Bucket="bucket", Key=key, **given)["UploadId"])


def part(s3: S3, upload: str, number: int, data: bytes, **given: Any) -> dict[str, Any]:
    output = s3("UploadPart", data, Bucket="bucket", Key="k", UploadId=upload, PartNumber=number, **given)
    return {"PartNumber": number} | output


def complete(s3: S3, upload: str, *parts: dict[str, Any], **given: Any) -> dict[str, Any]:
    listed = {"Parts": list(parts)}
    return s3("CompleteMultipartUpload", Bucket="bucket", Key="k", UploadId=upload, MultipartUpload=listed, **given)


def refused(s3: S3, upload: str, *parts: dict[str, Any], **given: Any) -> str:
    listed = {"Parts": list(parts)}
    return s3.code(
        "CompleteMultipartUpload", Bucket="bucket", Key="k", UploadId=upload, MultipartUpload=listed, **given
    )


def test_the_way_of_a_large_file(s3: S3) -> None:
    upload = begin(s3, ContentType="text/plain", Metadata={"a": "b"}, Tagging="c=d")
    parts = [part(s3, upload, 1, BIG), part(s3, upload, 2, b"end")]
    output = complete(s3, upload, *parts)
    assert output["ETag"].endswith('-2"')
    assert output["ChecksumCRC64NVME"] == to_text(digest_of("CRC64NVME", BIG + b"end"))
    assert (output["Bucket"], output["Key"]) == ("bucket", "k")
    got = s3("GetObject", Bucket="bucket", Key="k", Range="bytes=-5", ChecksumMode="ENABLED")
    assert (got["Body"], got["ContentType"], got["Metadata"], got["TagCount"]) == (
        b"xxend",
        "text/plain",
        {"a": "b"},
        1,
    )
    assert complete(s3, upload, *parts)["ETag"] == output["ETag"]


def test_parts_of_the_object_can_be_read_one_by_one(s3: S3) -> None:
    upload = begin(s3, ChecksumAlgorithm="CRC32")
    parts = [part(s3, upload, 1, BIG), part(s3, upload, 2, b"end")]
    complete(s3, upload, *parts)
    got = s3("GetObject", Bucket="bucket", Key="k", PartNumber=2, ChecksumMode="ENABLED")
    assert (got["Body"], got["HTTPStatusCode"], got["PartsCount"]) == (b"end", 206, 2)
    assert got["ContentRange"] == f"bytes {LEAST_PART}-{LEAST_PART + 2}/{LEAST_PART + 3}"
    assert got["ChecksumCRC32"] == to_text(digest_of("CRC32", b"end"))
    by_range = s3("GetObject", Bucket="bucket", Key="k", Range=f"bytes={LEAST_PART}-", ChecksumMode="ENABLED")
    assert by_range["ChecksumCRC32"] == got["ChecksumCRC32"]
    part_of_it = s3("GetObject", Bucket="bucket", Key="k", Range="bytes=0-9", ChecksumMode="ENABLED")
    assert "ChecksumCRC32" not in part_of_it
    error = s3.refusal("GetObject", Bucket="bucket", Key="k", PartNumber=3)
    assert (error.code, error.members["ActualPartCount"]) == ("InvalidPartNumber", "2")
    assert s3.code("GetObject", Bucket="bucket", Key="k", PartNumber=1, Range="bytes=0-1") == "InvalidRequest"
    wanted = s3("GetObjectAttributes", Bucket="bucket", Key="k", ObjectAttributes=["ObjectParts"], MaxParts=1)
    assert wanted["ObjectParts"]["TotalPartsCount"] == 2
    assert wanted["ObjectParts"]["IsTruncated"] is True


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ({}, None),
        ({"ChecksumAlgorithm": "CRC32"}, ("CRC32", "COMPOSITE")),
        ({"ChecksumAlgorithm": "crc32"}, ("CRC32", "COMPOSITE")),
        ({"ChecksumAlgorithm": "CRC32", "ChecksumType": "FULL_OBJECT"}, ("CRC32", "FULL_OBJECT")),
        ({"ChecksumAlgorithm": "CRC64NVME"}, ("CRC64NVME", "FULL_OBJECT")),
        ({"ChecksumAlgorithm": "SHA256"}, ("SHA256", "COMPOSITE")),
        ({"ChecksumAlgorithm": "CRC64NVME", "ChecksumType": "COMPOSITE"}, "InvalidRequest"),
        ({"ChecksumAlgorithm": "SHA256", "ChecksumType": "FULL_OBJECT"}, "InvalidRequest"),
        ({"ChecksumType": "FULL_OBJECT"}, "InvalidRequest"),
        ({"ChecksumAlgorithm": "MD4"}, "InvalidRequest"),
    ],
)
def test_which_checksums_an_upload_may_have(s3: S3, given: dict[str, str], shown: tuple[str, str] | str | None) -> None:
    if isinstance(shown, str):
        assert s3.code("CreateMultipartUpload", Bucket="bucket", Key="k", **given) == shown
        return
    output = s3("CreateMultipartUpload", Bucket="bucket", Key="k", **given)
    assert (output.get("ChecksumAlgorithm"), output.get("ChecksumType")) == (shown or (None, None))


def test_a_part_keeps_to_the_declared_checksum(s3: S3) -> None:
    upload = begin(s3, ChecksumAlgorithm="SHA256")
    wrong = {"ChecksumCRC32": to_text(digest_of("CRC32", b"1"))}
    given = {"Bucket": "bucket", "Key": "k", "UploadId": upload, "PartNumber": 1, "body": b"1"}
    assert s3.code("UploadPart", **given, **wrong) == "InvalidRequest"
    assert s3.code("UploadPart", **given, ChecksumSHA256=to_text(digest_of("SHA256", b"2"))) == "BadDigest"
    assert part(s3, upload, 1, b"1")["ChecksumSHA256"] == to_text(digest_of("SHA256", b"1"))


def test_an_upload_that_declared_none_takes_any(s3: S3) -> None:
    """s3.md 2.1: boto3 sends CRC32 with each part whatever was declared."""
    upload = begin(s3)
    parts = [
        part(s3, upload, 1, BIG, ChecksumCRC32=to_text(digest_of("CRC32", BIG))),
        part(s3, upload, 2, b"1", ChecksumSHA1=to_text(digest_of("SHA1", b"1"))),
    ]
    assert "ChecksumCRC64NVME" in complete(s3, upload, *parts)


def test_a_part_whose_body_fails_is_not_there(s3: S3) -> None:
    upload = begin(s3)
    given = {"Bucket": "bucket", "Key": "k", "UploadId": upload, "PartNumber": 1}
    assert s3.code("UploadPart", **given, body=Stream(b"x" * 99, error=ConnectionError())) == "IncompleteBody"
    assert s3("ListParts", Bucket="bucket", Key="k", UploadId=upload)["Parts"] == []


def test_what_must_not_be_completed(s3: S3) -> None:
    upload = begin(s3)
    small, big = part(s3, upload, 1, b"1"), part(s3, upload, 2, BIG)
    assert refused(s3, upload) == "MalformedXML"
    assert refused(s3, upload, {"PartNumber": 1}) == "MalformedXML"
    assert refused(s3, upload, *[small] * 10_001) == "MalformedXML"
    assert refused(s3, upload, big, small) == "InvalidPartOrder"
    assert refused(s3, upload, small, big) == "EntityTooSmall"
    assert refused(s3, upload, small | {"ETag": etag(b"x")}) == "InvalidPart"
    assert refused(s3, upload, small | {"ChecksumCRC64NVME": "AAAAAAAAAAA="}) == "InvalidPart"
    assert refused(s3, upload, small, MpuObjectSize=2) == "InvalidRequest"
    assert refused(s3, upload, small, ChecksumType="COMPOSITE") == "InvalidRequest"
    assert refused(s3, upload, small, ChecksumCRC64NVME="AAAAAAAAAAA=") == "BadDigest"
    assert refused(s3, upload, small, IfMatch="*") == "NoSuchKey"
    s3.put("k", b"standing")
    assert refused(s3, upload, small, IfNoneMatch="*") == "PreconditionFailed"
    assert refused(s3, "unknown", small) == "NoSuchUpload"
    assert s3.get("k") == b"standing"
    complete(s3, upload, small, IfMatch=etag(b"standing"), MpuObjectSize=1)
    assert s3.get("k") == b"1"


def test_aborting(s3: S3) -> None:
    upload = begin(s3)
    s3("AbortMultipartUpload", Bucket="bucket", Key="k", UploadId=upload)
    for operation in ("AbortMultipartUpload", "ListParts"):
        assert s3.code(operation, Bucket="bucket", Key="k", UploadId=upload) == "NoSuchUpload"


def test_h13_an_id_names_nothing_in_another_account(s3: S3, other: S3) -> None:
    upload = begin(s3)
    other("CreateBucket", Bucket="theirs")
    given = {"Bucket": "theirs", "Key": "k", "UploadId": upload}
    assert other.code("ListParts", **given) == "NoSuchUpload"
    assert other.code("UploadPart", **given, PartNumber=1, body=b"") == "NoSuchUpload"
    assert other.code("AbortMultipartUpload", **given) == "NoSuchUpload"
    assert other.code("ListParts", **given | {"Bucket": "bucket"}) == "AccessDenied"


class TestLists:
    def test_parts(self, s3: S3) -> None:
        upload = begin(s3, ChecksumAlgorithm="CRC32")
        for number in (1, 2, 3):
            part(s3, upload, number, b"%d" % number)
        output = s3("ListParts", Bucket="bucket", Key="k", UploadId=upload, MaxParts=2)
        assert [shown["PartNumber"] for shown in output["Parts"]] == [1, 2]
        assert (output["IsTruncated"], output["NextPartNumberMarker"]) == (True, 2)
        assert output["Parts"][0]["ChecksumCRC32"] == to_text(digest_of("CRC32", b"1"))
        assert output["ChecksumAlgorithm"] == "CRC32"
        rest = s3("ListParts", Bucket="bucket", Key="k", UploadId=upload, PartNumberMarker=2)
        assert ([shown["Size"] for shown in rest["Parts"]], rest["IsTruncated"]) == ([1], False)
        assert s3("ListParts", Bucket="bucket", Key="k", UploadId=upload, MaxParts=0)["IsTruncated"] is False

    def test_uploads(self, s3: S3) -> None:
        ids = [begin(s3, key) for key in ("a/1", "a/2", "b")]
        output = s3("ListMultipartUploads", Bucket="bucket", MaxUploads=2)
        assert [upload["UploadId"] for upload in output["Uploads"]] == ids[:2]
        assert output["Uploads"][0]["Initiator"] == {"ID": s3.caller.arn, "DisplayName": "admin"}
        markers = {"KeyMarker": output["NextKeyMarker"], "UploadIdMarker": output["NextUploadIdMarker"]}
        rest = s3("ListMultipartUploads", Bucket="bucket", **markers)
        assert [upload["UploadId"] for upload in rest["Uploads"]] == ids[2:]
        rolled = s3("ListMultipartUploads", Bucket="bucket", Delimiter="/")
        assert rolled["CommonPrefixes"] == [{"Prefix": "a/"}]


@pytest.mark.parametrize(
    ("operation", "action"),
    [
        ("CreateMultipartUpload", "s3:PutObject"),
        ("UploadPart", "s3:PutObject"),
        ("CompleteMultipartUpload", "s3:PutObject"),
        ("AbortMultipartUpload", "s3:AbortMultipartUpload"),
        ("ListParts", "s3:ListMultipartUploadParts"),
        ("ListMultipartUploads", "s3:ListBucketMultipartUploads"),
    ],
)
def test_each_needs_its_own_action(s3: S3, operation: str, action: str) -> None:
    upload = begin(s3)
    chosen = {"Parts": [part(s3, upload, 1, b"1")]}
    given: dict[str, Any] = {
        "Bucket": "bucket",
        "Key": "k",
        "UploadId": upload,
        "PartNumber": 1,
        "MultipartUpload": chosen,
    }
    members = {
        "CreateMultipartUpload": ["Bucket", "Key"],
        "ListMultipartUploads": ["Bucket"],
        "UploadPart": ["Bucket", "Key", "UploadId", "PartNumber"],
        "CompleteMultipartUpload": ["Bucket", "Key", "UploadId", "MultipartUpload"],
    }.get(operation, ["Bucket", "Key", "UploadId"])
    asked = {name: given[name] for name in members}
    actions = {
        "s3:PutObject",
        "s3:AbortMultipartUpload",
        "s3:ListMultipartUploadParts",
        "s3:ListBucketMultipartUploads",
    }
    assert s3.as_user("less", allow(*(actions - {action}))).code(operation, **asked) == "AccessDenied"
    s3.as_user("enough", allow(action))(operation, **asked)


def test_the_initiator_who_is_root_shows_as_the_account(s3: S3) -> None:
    root = s3.as_root()
    begin(root)
    shown = s3("ListMultipartUploads", Bucket="bucket")["Uploads"][0]
    assert shown["Initiator"] == shown["Owner"]
