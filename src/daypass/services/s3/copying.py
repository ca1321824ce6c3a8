"""Copies within the server (S3 API Reference: CopyObject, UploadPartCopy). Bytes are shared, not copied.

A copy source is a bucket and a key and nothing else: no address is ever fetched (threats H5).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from daypass.access.authorize import require
from daypass.errors import ApiError
from daypass.protocol.percent import NotText, path_text
from daypass.services.s3 import integrity
from daypass.services.s3.authorization import (
    ask_object,
    bucket_of,
    existing_tags,
    header_context,
    key_of,
    named_bucket,
    request_tags,
)
from daypass.services.s3.found_objects import readable, version_shown, while_replaced
from daypass.services.s3.operations import s3
from daypass.services.s3.preconditions import check_copy_source, quoted
from daypass.services.s3.putting import head_of, place, put_needs
from daypass.services.s3.ranges import copy_range
from daypass.services.s3.unsupported import refuse_unsupported

if TYPE_CHECKING:
    from collections.abc import Iterable

    from daypass.access.asking import Ask
    from daypass.directory import Bucket, View
    from daypass.objects import Head, StoredObject
    from daypass.services.registry import Call, Result, Rooms

LONGEST_COPY = 5 * 1024**3


class CopySource(NamedTuple):
    """What ``x-amz-copy-source`` names."""

    bucket: str
    key: str
    version: str | None


class Source(NamedTuple):
    """A source that was found and may be read."""

    bucket: Bucket
    stored: StoredObject
    version: str | None


def _copy_needs(call: Call, view: View) -> Iterable[Ask]:
    source = copy_source(call.input["CopySource"])
    for ask in put_needs(call, view):
        if ask.action == "s3:PutObject":
            context = {**ask.context, "s3:x-amz-copy-source": f"{source.bucket}/{source.key}"}
            yield replace(ask, context=context)
        else:
            yield ask


@s3.with_rooms("CopyObject", needs=_copy_needs, unsigned=True)
async def copy_object(call: Call, view: View, rooms: Rooms) -> Result:
    """Store an object's bytes under another key, or change what is said about them."""
    bucket, key = bucket_of(call, view), key_of(call)
    refuse_unsupported(call, bucket)
    asked = call.input.get("ChecksumAlgorithm")
    algorithm = None if asked is None else integrity.known_algorithm(asked)

    async def attempt() -> tuple[Source, StoredObject]:
        source = await _source(call, view, rooms)
        _refuse_no_change(call, source, bucket, key)
        if source.stored.size > LONGEST_COPY:
            text = (
                f"The specified copy source is larger than the maximum allowable size for a copy source: {LONGEST_COPY}"
            )
            raise ApiError("InvalidRequest", text)
        head = _head(call, view, source, bucket, key)
        return source, await rooms.objects.copy(source.stored, place(call, bucket, key), head, algorithm)

    source, stored = await while_replaced(attempt)
    result = {"ETag": quoted(stored.etag), "LastModified": stored.modified / 1000}
    output = {
        "CopyObjectResult": result | integrity.shown(stored.checksum),
        "VersionId": version_shown(bucket, stored.version),
        "CopySourceVersionId": version_shown(source.bucket, source.stored.version),
    }
    return output, []


def _part_needs(call: Call, view: View) -> Iterable[Ask]:
    source = copy_source(call.input["CopySource"])
    context = header_context(call.input)
    context["s3:objectcreationoperation"] = "false"
    context["s3:x-amz-copy-source"] = f"{source.bucket}/{source.key}"
    yield ask_object(call, bucket_of(call, view), call.input["Key"], "s3:PutObject", context)


@s3.with_rooms("UploadPartCopy", needs=_part_needs)
async def upload_part_copy(call: Call, view: View, rooms: Rooms) -> Result:
    """Make a stored object, or a range of it, one part of an upload."""
    bucket, key = bucket_of(call, view), key_of(call)
    refuse_unsupported(call, bucket)
    uploads = rooms.objects.uploads
    upload = await uploads.find(bucket.id, key, call.input["UploadId"])

    async def attempt() -> Result:
        source = await _source(call, view, rooms)
        size = source.stored.size
        asked = call.input.get("CopySourceRange")
        first, last = (0, size - 1) if asked is None else copy_range(asked, size)
        if last + 1 - first > LONGEST_COPY:
            members = {"ProposedSize": str(last + 1 - first), "MaxSizeAllowed": str(LONGEST_COPY)}
            raise ApiError("EntityTooLarge", "Your proposed upload exceeds the maximum allowed size", members=members)
        part = await uploads.copy_part(upload, call.input["PartNumber"], source.stored, first, last)
        result: dict[str, Any] = {"ETag": quoted(part.etag), "LastModified": part.modified / 1000}
        if upload.algorithm and part.checksum is not None:
            result[f"Checksum{part.checksum.algorithm}"] = part.checksum.value
        shown = version_shown(source.bucket, source.stored.version)
        return {"CopyPartResult": result, "CopySourceVersionId": shown}, []

    return await while_replaced(attempt)


def copy_source(text: str) -> CopySource:
    """Take ``[/]bucket/key[?versionId=id]`` apart, which is percent-encoded. Raises InvalidArgument."""
    path, _, query = text.partition("?versionId=")
    try:
        name = path_text(path.encode())
    except NotText:
        name = ""
    bucket, _, key = name.removeprefix("/").partition("/")
    if not bucket or not key or ":" in bucket or "\0" in key:
        members = {"ArgumentName": "x-amz-copy-source", "ArgumentValue": text}
        problem = "Copy Source must mention the source bucket and key: sourcebucket/sourcekey"
        raise ApiError("InvalidArgument", problem, members=members)
    return CopySource(bucket, key, query if "?versionId=" in text else None)


async def _source(call: Call, view: View, rooms: Rooms) -> Source:
    name, key, version = copy_source(call.input["CopySource"])
    bucket = named_bucket(name, call.input.get("ExpectedSourceBucketOwner"), view)
    stored = await readable(call, view, rooms.objects, bucket, key, version=version, actions="s3:GetObject{}")
    check_copy_source(call.input, stored)
    return Source(bucket, stored, version)


def _refuse_no_change(call: Call, source: Source, bucket: Bucket, key: str) -> None:
    same = (source.bucket.id, source.stored.key, source.version) == (bucket.id, key, None)
    replaces = "REPLACE" in {call.input.get("MetadataDirective"), call.input.get("TaggingDirective")}
    if same and not replaces and "ChecksumAlgorithm" not in call.input:
        text = (
            "This copy request is illegal because it is trying to copy an object to itself without changing the object's "
            "metadata, storage class, website redirect location or encryption attributes."
        )
        raise ApiError("InvalidRequest", text)


def _head(call: Call, view: View, source: Source, bucket: Bucket, key: str) -> Head:
    """What is said of the copy: as of the source, or as the request says (S3 API Reference, the two directives)."""
    old, new = source.stored.head, head_of(call.input)
    headers, metadata = (old.headers, old.metadata)
    if call.input.get("MetadataDirective") == "REPLACE":
        headers, metadata = new.headers, new.metadata
    tags = new.tags
    if call.input.get("TaggingDirective") != "REPLACE":
        tags = old.tags
        _require_tags(call, view, source, bucket, key)
    return type(old)(headers, metadata, tags)


def _require_tags(call: Call, view: View, source: Source, bucket: Bucket, key: str) -> None:
    """Copying tags is reading them here and setting them there."""
    tags = source.stored.head.tags
    if not tags:
        return
    action = "s3:GetObjectTagging" if source.version is None else "s3:GetObjectVersionTagging"
    require(ask_object(call, source.bucket, source.stored.key, action, existing_tags(tags)), call, view)
    require(ask_object(call, bucket, key, "s3:PutObjectTagging", request_tags(tags)), call, view)
