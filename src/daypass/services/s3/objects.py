"""Reading objects (S3 API Reference: GetObject, HeadObject, GetObjectAttributes)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from daypass.access.authorize import allows
from daypass.errors import ApiError
from daypass.services.s3 import integrity
from daypass.services.s3.authorization import ask_object, bucket_of, existing_tags, on_found_object
from daypass.services.s3.found_objects import readable, version_shown, while_replaced
from daypass.services.s3.operations import s3
from daypass.services.s3.preconditions import check_read, quoted
from daypass.services.s3.ranges import Selection, selection
from daypass.services.s3.unsupported import refuse_unsupported

if TYPE_CHECKING:
    from daypass.directory import Bucket, View
    from daypass.objects import StoredObject
    from daypass.services.registry import Call, Output, Result, Rooms

DEFAULT_TYPE = "binary/octet-stream"
_OVERRIDES = {
    "ResponseCacheControl": "CacheControl",
    "ResponseContentDisposition": "ContentDisposition",
    "ResponseContentEncoding": "ContentEncoding",
    "ResponseContentLanguage": "ContentLanguage",
    "ResponseContentType": "ContentType",
    "ResponseExpires": "Expires",
}
_MOST_PARTS = 1000


@s3.with_rooms("GetObject", needs=on_found_object, unsigned=True)
async def get_object(call: Call, view: View, rooms: Rooms) -> Result:
    """An object, or a range or part of it."""

    async def attempt() -> Result:
        stored, selected, output = await _described(call, view, rooms)
        output["Body"] = rooms.objects.open(stored, selected.first, selected.last)
        return output, []

    return await while_replaced(attempt)


@s3.with_rooms("HeadObject", needs=on_found_object, unsigned=True)
async def head_object(call: Call, view: View, rooms: Rooms) -> Result:
    """What GetObject says in its headers."""
    _, _, output = await _described(call, view, rooms)
    return output, []


async def _described(call: Call, view: View, rooms: Rooms) -> tuple[StoredObject, Selection, Output]:
    bucket, key, arguments = bucket_of(call, view), call.input["Key"], call.input
    overrides = {member: arguments[name] for name, member in _OVERRIDES.items() if name in arguments}
    version = arguments.get("VersionId")
    stored = await readable(call, view, rooms.objects, bucket, key, version=version, actions="s3:GetObject{}")
    if overrides and call.caller.is_anonymous:
        text = "Request specific response headers cannot be used for anonymous GET requests."
        raise ApiError("InvalidRequest", text)
    refuse_unsupported(call, bucket)
    check_read(arguments, stored)
    selected = selection(arguments, stored)
    output = _headers(call, view, bucket, stored)
    output |= overrides
    output["ContentLength"] = selected.length
    if selected.partial:
        output["HTTPStatusCode"] = 206
        output["ContentRange"] = f"bytes {selected.first}-{selected.last}/{stored.size}"
    if selected.parts is not None:
        output["PartsCount"] = selected.parts
    if arguments.get("ChecksumMode") == "ENABLED":
        output |= integrity.shown(selected.checksum)
    return stored, selected, output


def _headers(call: Call, view: View, bucket: Bucket, stored: StoredObject) -> Output:
    output: dict[str, Any] = {
        "AcceptRanges": "bytes",
        "ETag": quoted(stored.etag),
        "LastModified": stored.modified / 1000,
        "ContentType": DEFAULT_TYPE,
        "Metadata": dict(stored.head.metadata),
        "VersionId": version_shown(bucket, stored.version),
    }
    output.update(stored.head.headers)
    tags = stored.head.tags
    if tags:
        ask = ask_object(call, bucket, stored.key, "s3:GetObjectTagging", existing_tags(tags))
        if allows(ask, call, view):
            output["TagCount"] = len(tags)
    return output


@s3.with_rooms("GetObjectAttributes", needs=on_found_object, unsigned=True)
async def get_object_attributes(call: Call, view: View, rooms: Rooms) -> Result:
    """The attributes that are asked for by name."""
    bucket, key, arguments = bucket_of(call, view), call.input["Key"], call.input
    actions = "s3:GetObject{} s3:GetObject{}Attributes"
    version = arguments.get("VersionId")
    stored = await readable(call, view, rooms.objects, bucket, key, version=version, actions=actions)
    refuse_unsupported(call, bucket)
    wanted = set(arguments["ObjectAttributes"])
    output: dict[str, Any] = {
        "LastModified": stored.modified / 1000,
        "VersionId": version_shown(bucket, stored.version),
    }
    if "ETag" in wanted:
        output["ETag"] = stored.etag
    if "Checksum" in wanted and stored.checksum is not None:
        output["Checksum"] = integrity.shown(stored.checksum)
    if "ObjectSize" in wanted:
        output["ObjectSize"] = stored.size
    if "StorageClass" in wanted:
        output["StorageClass"] = "STANDARD"
    if "ObjectParts" in wanted and stored.parts:
        output["ObjectParts"] = _parts(arguments, stored)
    return output, []


def _parts(arguments: dict[str, Any], stored: StoredObject) -> dict[str, Any]:
    after, most = int(arguments.get("PartNumberMarker", 0)), min(arguments.get("MaxParts", _MOST_PARTS), _MOST_PARTS)
    rest = [part for part in stored.parts if part.number > after]
    shown = rest[:most]
    algorithm = None if stored.checksum is None else stored.checksum.algorithm
    return {
        "TotalPartsCount": len(stored.parts),
        "PartNumberMarker": after,
        "NextPartNumberMarker": shown[-1].number if shown else after,
        "MaxParts": most,
        "IsTruncated": len(rest) > len(shown),
        "Parts": [
            {"PartNumber": part.number, "Size": part.size}
            | ({f"Checksum{algorithm}": part.checksum} if algorithm else {})
            for part in shown
        ],
    }
