"""Multipart uploads (S3 API Reference: Create-, Complete-, AbortMultipartUpload, UploadPart, ListParts, ListMultipartUploads).

An upload id belongs to one key of one bucket: elsewhere it names nothing.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from daypass.errors import ApiError
from daypass.objects import DEFAULT_ALGORITHM, Checksum, Intake, Search, Upload
from daypass.objects.digests import LINEAR
from daypass.objects.interface import ChosenPart, Completion
from daypass.services.s3 import integrity
from daypass.services.s3.authorization import ask_object, bucket_of, header_context, key_of, on_bucket, on_object
from daypass.services.s3.found_objects import version_shown
from daypass.services.s3.operations import s3
from daypass.services.s3.owners import initiator, owner
from daypass.services.s3.preconditions import quoted, unquoted
from daypass.services.s3.putting import head_of, place, put_needs
from daypass.services.s3.unsupported import refuse_unsupported

if TYPE_CHECKING:
    from collections.abc import Iterable

    from daypass.access.asking import Ask
    from daypass.directory import Bucket, View
    from daypass.objects.interface import UploadedPart
    from daypass.services.registry import Call, Result, Rooms

MOST = 1000
_MOST_PARTS = 10_000
_ID_BYTES = 48


@s3.with_rooms("CreateMultipartUpload", needs=put_needs)
async def create_multipart_upload(call: Call, view: View, rooms: Rooms) -> Result:
    """Begin an upload."""
    bucket, key = bucket_of(call, view), key_of(call)
    refuse_unsupported(call, bucket)
    algorithm, kind = _checksum_kind(call.input)
    upload = Upload(
        id=base64.urlsafe_b64encode(call.mint.random(_ID_BYTES)).decode("ascii"),
        bucket=bucket.id,
        key=key,
        initiated=int(call.now * 1000),
        head=head_of(call.input),
        initiator=initiator(call.caller),
        algorithm=algorithm,
        kind=kind,
    )
    await rooms.objects.uploads.create(upload)
    output = {"Bucket": bucket.name, "Key": key, "UploadId": upload.id}
    if algorithm:
        output |= {"ChecksumAlgorithm": algorithm, "ChecksumType": kind}
    return output, []


def _part_needs(call: Call, view: View) -> Iterable[Ask]:
    context = header_context(call.input)
    context["s3:objectcreationoperation"] = "false"
    yield ask_object(call, bucket_of(call, view), call.input["Key"], "s3:PutObject", context)


@s3.with_rooms("UploadPart", needs=_part_needs)
async def upload_part(call: Call, view: View, rooms: Rooms) -> Result:
    """Store one part, in place of one with the same number."""
    bucket, key = bucket_of(call, view), key_of(call)
    refuse_unsupported(call, bucket)
    uploads = rooms.objects.uploads
    upload = await uploads.find(bucket.id, key, call.input["UploadId"])
    expected = integrity.expectation(call, upload.algorithm or DEFAULT_ALGORITHM)
    if upload.algorithm and expected.algorithm != upload.algorithm:
        wanted, actual = upload.algorithm.lower(), expected.algorithm.lower()
        text = f"Checksum Type mismatch occurred, expected checksum Type: {wanted}, actual checksum Type: {actual}"
        raise ApiError("InvalidRequest", text)
    body = call.request.body
    intake = Intake(expected.algorithm, integrity.LONGEST_BODY, lambda digests: expected.confirm(digests, body))
    part = await uploads.put_part(upload, call.input["PartNumber"], integrity.pieces_of(body), intake)
    output = {"ETag": quoted(part.etag)}
    if part.checksum is not None:
        output[f"Checksum{part.checksum.algorithm}"] = part.checksum.value
    return output, []


def _complete_needs(call: Call, view: View) -> Iterable[Ask]:
    context = header_context(call.input)
    context["s3:objectcreationoperation"] = "true"
    bucket, key = bucket_of(call, view), call.input["Key"]
    yield ask_object(call, bucket, key, "s3:PutObject", context)
    if "IfMatch" in call.input:
        yield ask_object(call, bucket, key, "s3:GetObject")


@s3.with_rooms("CompleteMultipartUpload", needs=_complete_needs)
async def complete_multipart_upload(call: Call, view: View, rooms: Rooms) -> Result:
    """Make the parts one object."""
    bucket, key = bucket_of(call, view), key_of(call)
    refuse_unsupported(call, bucket)
    completion = _completion(call.input)
    stored = await rooms.objects.uploads.complete(place(call, bucket, key), call.input["UploadId"], completion)
    output = {
        "Location": _location(call),
        "Bucket": bucket.name,
        "Key": key,
        "ETag": quoted(stored.etag),
        "VersionId": version_shown(bucket, stored.version),
    }
    return output | integrity.shown(stored.checksum), []


@s3.with_rooms("AbortMultipartUpload", needs=on_object("s3:AbortMultipartUpload"))
async def abort_multipart_upload(call: Call, view: View, rooms: Rooms) -> Result:
    """Drop an upload and its parts."""
    bucket, key = bucket_of(call, view), key_of(call)
    refuse_unsupported(call, bucket)
    if "IfMatchInitiatedTime" in call.input:
        raise ApiError("NotImplemented", None, members={"Header": "x-amz-if-match-initiated-time"})
    await rooms.objects.uploads.abort(bucket.id, key, call.input["UploadId"])
    return {}, []


@s3.with_rooms("ListParts", needs=on_object("s3:ListMultipartUploadParts"))
async def list_parts(call: Call, view: View, rooms: Rooms) -> Result:
    """The parts of an upload by number."""
    bucket, key, arguments = bucket_of(call, view), key_of(call), call.input
    refuse_unsupported(call, bucket)
    upload = await rooms.objects.uploads.find(bucket.id, key, arguments["UploadId"])
    most = min(arguments.get("MaxParts", MOST), MOST)
    after = arguments.get("PartNumberMarker", 0)
    found = await rooms.objects.uploads.parts(upload, after, most + 1)
    shown = found[:most]
    output: dict[str, Any] = {
        "Bucket": bucket.name,
        "Key": key,
        "UploadId": upload.id,
        "PartNumberMarker": after,
        "NextPartNumberMarker": shown[-1].number if shown else after,
        "MaxParts": most,
        "IsTruncated": bool(most) and len(found) > most,
        "Parts": [_part(part, upload) for part in shown],
        "Initiator": dict(upload.initiator),
        "Owner": owner(bucket.account),
        "StorageClass": "STANDARD",
    }
    if upload.algorithm:
        output |= {"ChecksumAlgorithm": upload.algorithm, "ChecksumType": upload.kind}
    return output, []


@s3.with_rooms("ListMultipartUploads", needs=on_bucket("s3:ListBucketMultipartUploads"))
async def list_multipart_uploads(call: Call, view: View, rooms: Rooms) -> Result:
    """The uploads that are under way, by key and age."""
    bucket, arguments = bucket_of(call, view), call.input
    most = min(arguments.get("MaxUploads", MOST), MOST)
    key_marker, id_marker = arguments.get("KeyMarker", ""), arguments.get("UploadIdMarker", "")
    prefix, delimiter = arguments.get("Prefix", ""), arguments.get("Delimiter", "")
    search = Search(prefix, delimiter, key_marker, id_marker if key_marker else "", most)
    uploads, prefixes, last = await rooms.objects.uploads.list(bucket.id, search) if most else ([], [], None)
    output: dict[str, Any] = {
        "Bucket": bucket.name,
        "KeyMarker": key_marker,
        "UploadIdMarker": id_marker,
        "Prefix": prefix,
        "MaxUploads": most,
        "IsTruncated": last is not None,
        "Uploads": [_upload(upload, bucket) for upload in uploads],
        "CommonPrefixes": [{"Prefix": shared} for shared in prefixes],
    }
    if last is not None:
        output["NextKeyMarker"], output["NextUploadIdMarker"] = last
    if delimiter:
        output["Delimiter"] = delimiter
    if "EncodingType" in arguments:
        output["EncodingType"] = arguments["EncodingType"]
    return output, []


def _checksum_kind(arguments: dict[str, Any]) -> tuple[str, str]:
    """The declared checksum of an upload and its kind; empty where none is declared."""
    named, kind = arguments.get("ChecksumAlgorithm"), arguments.get("ChecksumType")
    if named is None:
        if kind is not None:
            text = "The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm header."
            raise ApiError("InvalidRequest", text)
        return "", ""
    algorithm = integrity.known_algorithm(named)
    if algorithm == DEFAULT_ALGORITHM:
        if kind == "COMPOSITE":
            text = f"The COMPOSITE checksum type cannot be used with the {algorithm.lower()} checksum algorithm."
            raise ApiError("InvalidRequest", text)
        return algorithm, "FULL_OBJECT"
    if kind == "FULL_OBJECT" and algorithm not in LINEAR:
        text = f"The FULL_OBJECT checksum type cannot be used with the {algorithm.lower()} checksum algorithm."
        raise ApiError("InvalidRequest", text)
    return algorithm, kind or "COMPOSITE"


def _completion(arguments: dict[str, Any]) -> Completion:
    parts = (arguments.get("MultipartUpload") or {}).get("Parts") or []
    if not 1 <= len(parts) <= _MOST_PARTS or any("PartNumber" not in part or "ETag" not in part for part in parts):
        raise ApiError("MalformedXML", None)
    chosen = tuple(
        ChosenPart(part["PartNumber"], unquoted(part["ETag"]), tuple(integrity.checksums_in(part).items()))
        for part in parts
    )
    kind = arguments.get("ChecksumType")
    whole = integrity.one_checksum(arguments)
    checksum = None if whole is None else Checksum(*whole)
    return Completion(chosen, checksum, kind, arguments.get("MpuObjectSize"))


def _location(call: Call) -> str:
    scheme = "https" if call.facts.secure else "http"
    return f"{scheme}://{call.request.header(b'host') or ''}{call.request.raw_path.decode('latin-1')}"


def _part(part: UploadedPart, upload: Upload) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "PartNumber": part.number,
        "Size": part.size,
        "ETag": quoted(part.etag),
        "LastModified": part.modified / 1000,
    }
    if upload.algorithm and part.checksum is not None:
        shown[f"Checksum{part.checksum.algorithm}"] = part.checksum.value
    return shown


def _upload(upload: Upload, bucket: Bucket) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "Key": upload.key,
        "UploadId": upload.id,
        "Initiated": upload.initiated / 1000,
        "Initiator": dict(upload.initiator),
        "Owner": owner(bucket.account),
        "StorageClass": "STANDARD",
    }
    if upload.algorithm:
        shown |= {"ChecksumAlgorithm": upload.algorithm, "ChecksumType": upload.kind}
    return shown
