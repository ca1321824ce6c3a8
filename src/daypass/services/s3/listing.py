"""Listing objects (S3 API Reference: ListObjectsV2, ListObjects, ListObjectVersions).

A continuation token says where to go on and in which bucket; it gives nothing that ``start-after`` would not.
"""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Any

import msgspec

from daypass.errors import ApiError
from daypass.objects import NULL_VERSION, Search
from daypass.objects.interface import Listing
from daypass.services.s3.authorization import ask_bucket, bucket_of
from daypass.services.s3.operations import s3
from daypass.services.s3.owners import owner
from daypass.services.s3.preconditions import quoted

if TYPE_CHECKING:
    from collections.abc import Iterable

    from daypass.access.asking import Ask
    from daypass.directory import Bucket, View
    from daypass.objects.interface import Entry
    from daypass.services.registry import Call, Needs, Output, Result, Rooms

MOST = 1000


class _Token(msgspec.Struct, array_like=True):
    bucket: str
    after: str


def _list_needs(action: str) -> Needs:
    def needs(call: Call, view: View) -> Iterable[Ask]:
        bucket = bucket_of(call, view)
        names = {"Prefix": "s3:prefix", "Delimiter": "s3:delimiter", "MaxKeys": "s3:max-keys"}
        context = {key: str(call.input[name]) for name, key in names.items() if name in call.input}
        yield ask_bucket(call, bucket, action, context)

    return needs


@s3.with_rooms("ListObjectsV2", needs=_list_needs("s3:ListBucket"), unsigned=True)
async def list_objects_v2(call: Call, view: View, rooms: Rooms) -> Result:
    """Keys in byte order, a page at a time."""
    bucket, arguments = bucket_of(call, view), call.input
    token = arguments.get("ContinuationToken")
    after = arguments.get("StartAfter", "") if token is None else _opened(token, bucket)
    limit = _limit(arguments, "MaxKeys")
    page = await _page(rooms, bucket, _search(arguments, after, limit))
    owned = bucket.account if arguments.get("FetchOwner") else None
    output = _shown(bucket, arguments, page, limit, owned)
    output["KeyCount"] = len(page.entries) + len(page.prefixes)
    if "StartAfter" in arguments:
        output["StartAfter"] = arguments["StartAfter"]
    if token is not None:
        output["ContinuationToken"] = token
    if page.last is not None:
        output["NextContinuationToken"] = _sealed(bucket, page.last)
    return output, []


@s3.with_rooms("ListObjects", needs=_list_needs("s3:ListBucket"), unsigned=True)
async def list_objects(call: Call, view: View, rooms: Rooms) -> Result:
    """The older form, which goes on after a marker."""
    bucket, arguments = bucket_of(call, view), call.input
    limit = _limit(arguments, "MaxKeys")
    marker = arguments.get("Marker", "")
    page = await _page(rooms, bucket, _search(arguments, marker, limit))
    output = _shown(bucket, arguments, page, limit, bucket.account)
    output["Marker"] = marker
    if page.last is not None and arguments.get("Delimiter"):
        output["NextMarker"] = page.last
    return output, []


@s3.with_rooms("ListObjectVersions", needs=_list_needs("s3:ListBucketVersions"), unsigned=True)
async def list_object_versions(call: Call, view: View, rooms: Rooms) -> Result:
    """All versions and delete markers, newest first within a key."""
    bucket, arguments = bucket_of(call, view), call.input
    limit = _limit(arguments, "MaxKeys")
    marker, version = arguments.get("KeyMarker", ""), arguments.get("VersionIdMarker", "")
    if version and not marker:
        members = {"ArgumentName": "version-id-marker", "ArgumentValue": version}
        text = "A version-id marker cannot be specified without a key marker."
        raise ApiError("InvalidArgument", text, members=members)
    search = _search(arguments, marker, limit)._replace(after_version=version)
    page = await rooms.objects.list_versions(bucket.id, search) if limit else _nothing()
    output = _frame(bucket, arguments, page, limit)
    output["KeyMarker"], output["VersionIdMarker"] = marker, version
    if page.last is not None:
        output["NextKeyMarker"] = page.last
        if page.last_version is not None:
            output["NextVersionIdMarker"] = page.last_version
    output["Versions"] = [_version(entry, bucket) for entry in page.entries if not entry.marker]
    output["DeleteMarkers"] = [_version(entry, bucket) for entry in page.entries if entry.marker]
    return output, []


async def _page(rooms: Rooms, bucket: Bucket, search: Search) -> Listing:
    return await rooms.objects.list(bucket.id, search) if search.limit else _nothing()


def _nothing() -> Listing:
    return Listing((), (), None)


def _search(arguments: dict[str, Any], after: str, limit: int) -> Search:
    return Search(arguments.get("Prefix", ""), arguments.get("Delimiter", ""), after, limit=limit)


def _limit(arguments: dict[str, Any], name: str) -> int:
    return min(int(arguments.get(name, MOST)), MOST)


def _frame(bucket: Bucket, arguments: dict[str, Any], page: Listing, limit: int) -> Output:
    output: Output = {
        "Name": bucket.name,
        "Prefix": arguments.get("Prefix", ""),
        "MaxKeys": limit,
        "IsTruncated": page.last is not None,
        "CommonPrefixes": [{"Prefix": prefix} for prefix in page.prefixes],
    }
    if arguments.get("Delimiter"):
        output["Delimiter"] = arguments["Delimiter"]
    if "EncodingType" in arguments:
        output["EncodingType"] = arguments["EncodingType"]
    return output


def _shown(bucket: Bucket, arguments: dict[str, Any], page: Listing, limit: int, owned: str | None) -> Output:
    output = _frame(bucket, arguments, page, limit)
    contents = [_object(entry) for entry in page.entries]
    if owned is not None:
        for content in contents:
            content["Owner"] = owner(owned)
    output["Contents"] = contents
    return output


def _object(entry: Entry) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "Key": entry.key,
        "LastModified": entry.modified / 1000,
        "ETag": quoted(entry.etag),
        "Size": entry.size,
        "StorageClass": "STANDARD",
    }
    if entry.algorithm is not None:
        shown["ChecksumAlgorithm"] = [entry.algorithm]
        shown["ChecksumType"] = entry.checksum_kind
    return shown


def _version(entry: Entry, bucket: Bucket) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "Key": entry.key,
        "VersionId": entry.version or NULL_VERSION,
        "IsLatest": entry.newest,
        "LastModified": entry.modified / 1000,
        "Owner": owner(bucket.account),
    }
    return shown if entry.marker else _object(entry) | shown


def _sealed(bucket: Bucket, after: str) -> str:
    return base64.urlsafe_b64encode(msgspec.msgpack.encode(_Token(bucket.id, after))).decode("ascii")


def _opened(token: str, bucket: Bucket) -> str:
    try:
        found = msgspec.msgpack.decode(base64.b64decode(token, altchars=b"-_", validate=True), type=_Token)
    except (binascii.Error, ValueError, msgspec.DecodeError):
        found = None
    if found is None or found.bucket != bucket.id:
        members = {"ArgumentName": "continuation-token", "ArgumentValue": token}
        raise ApiError("InvalidArgument", "The continuation token provided is incorrect", members=members)
    return found.after
