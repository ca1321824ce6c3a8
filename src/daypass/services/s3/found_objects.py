"""Finding a stored object for a caller: whether he may read it, and what is said when it is not there.

Sources: S3 User Guide, "How S3 Versioning works", "Working with delete markers"; S3 API Reference, GetObject,
"Permissions" (403 or 404). The object is looked up first because its tags belong to the question.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypeVar

from daypass.access.authorize import require
from daypass.errors import ApiError
from daypass.objects import NULL_VERSION, Replaced
from daypass.services.s3.authorization import ask_object, check_key, existing_tags, require_list
from daypass.services.s3.bucket_settings import versioning
from daypass.services.s3.preconditions import http_date

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from daypass.directory import Bucket, View
    from daypass.objects import ObjectStore, StoredObject
    from daypass.services.registry import Call
    from daypass.services.s3.authorization import Context

T = TypeVar("T")
_ATTEMPTS = 5
_VERSION = re.compile(r"[A-Za-z0-9._-]{1,1024}")


async def readable(
    call: Call,
    view: View,
    objects: ObjectStore,
    bucket: Bucket,
    key: str,
    *,
    version: str | None,
    actions: str,
    keys: Context | None = None,
) -> StoredObject:
    """An object that the caller may do ``actions`` on: names with ``{}`` where ``Version`` goes (``s3:GetObject{}Tagging``).

    ``keys`` are further condition keys of the request.
    """
    if version is not None and not _VERSION.fullmatch(version):
        members = {"ArgumentName": "versionId", "ArgumentValue": version}
        text = "Invalid version id specified" if version else "Version id cannot be the empty string"
        raise ApiError("InvalidArgument", text, members=members)
    stored = await objects.find(bucket.id, key, version)
    context = existing_tags(() if stored is None else stored.head.tags)
    context |= keys or {}
    if version is not None:
        context["s3:versionid"] = version
    for action in actions.split():
        named = action.format("" if version is None else "Version")
        require(ask_object(call, bucket, key, named, context), call, view)
    check_key(key)
    if stored is None or stored.marker:
        require_list(call, view, bucket)
        raise _missing(call, key, version, stored)
    return stored


def version_shown(bucket: Bucket, version: str) -> str | None:
    """A version id as answers carry it: only buckets that ever kept versions show any."""
    return version if versioning(bucket) or version != NULL_VERSION else None


async def while_replaced(attempt: Callable[[], Awaitable[T]]) -> T:
    """Do something that looks up an object and then its bytes, again if it was replaced in between."""
    for _ in range(_ATTEMPTS):
        try:
            return await attempt()
        except Replaced:
            continue
    raise ApiError("SlowDown", "Please reduce your request rate.")


def _missing(call: Call, key: str, version: str | None, marker: StoredObject | None) -> ApiError:
    headers: dict[str, str] = {}
    if marker is not None:
        headers = {"x-amz-delete-marker": "true", "x-amz-version-id": marker.version}
    if version is None:
        return ApiError("NoSuchKey", "The specified key does not exist.", members={"Key": key}, headers=headers)
    if marker is None:
        text = "The specified version does not exist."
        return ApiError("NoSuchVersion", text, members={"Key": key, "VersionId": version})
    return ApiError(
        "MethodNotAllowed",
        "The specified method is not allowed against this resource.",
        members={"Method": call.request.method, "ResourceType": "DeleteMarker"},
        headers=headers | {"Allow": "DELETE", "Last-Modified": http_date(marker.modified)},
    )
