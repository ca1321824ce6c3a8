"""Deleting objects (S3 API Reference: DeleteObject, DeleteObjects; S3 User Guide, "Deleting object versions")."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from daypass.access.authorize import allows
from daypass.errors import ApiError
from daypass.objects.interface import Deleted, Deletion
from daypass.services.s3.authorization import LONGEST_KEY, ask_object, bucket_of, key_of
from daypass.services.s3.bucket_settings import versioning
from daypass.services.s3.integrity import check_document
from daypass.services.s3.operations import s3
from daypass.services.s3.preconditions import PRECONDITION_FAILED, unquoted
from daypass.services.s3.unsupported import not_implemented, refuse_unsupported

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from daypass.access.asking import Ask
    from daypass.directory import Bucket, View
    from daypass.services.registry import Call, Result, Rooms

TURN = 8
MOST = 1000
_TEXTS = {
    "NoSuchKey": "The specified key does not exist.",
    "PreconditionFailed": PRECONDITION_FAILED,
    "KeyTooLongError": "Your key is too long",
}


def _needs(call: Call, view: View) -> Iterable[Ask]:
    bucket = bucket_of(call, view)
    context = {"s3:if-match": call.input["IfMatch"]} if "IfMatch" in call.input else {}
    yield from _asks(call, bucket, call.input["Key"], call.input.get("VersionId"), context)


@s3.with_rooms("DeleteObject", needs=_needs, unsigned=True)
async def delete_object(call: Call, view: View, rooms: Rooms) -> Result:
    """Delete a key, or one version of it; succeeds where there is none."""
    bucket, key = bucket_of(call, view), key_of(call)
    refuse_unsupported(call, bucket)
    version = call.input.get("VersionId")
    if version == "":
        members = {"ArgumentName": "versionId", "ArgumentValue": ""}
        raise ApiError("InvalidArgument", "Version id cannot be the empty string", members=members)
    deletion = Deletion(key, version, _etag(call.input.get("IfMatch")))
    (done,) = await rooms.objects.delete(bucket.id, versioning(bucket), [deletion])
    if done.error is not None:
        members = {"Key": key} if done.error == "NoSuchKey" else {"Condition": "If-Match"}
        raise ApiError(done.error, _TEXTS[done.error], members=members)
    output: dict[str, Any] = {"VersionId": done.version}
    if done.marker:
        output["DeleteMarker"] = True
    return output, []


def _needs_bucket(call: Call, view: View) -> Iterable[Ask]:
    """Each key is asked for by itself, and refused by itself."""
    bucket_of(call, view)
    return ()


@s3.with_rooms("DeleteObjects", needs=_needs_bucket, unsigned=True)
async def delete_objects(call: Call, view: View, rooms: Rooms) -> Result:
    """Delete up to a thousand keys in one go, with one answer for each."""
    bucket = bucket_of(call, view)
    check_document(call, required=True)
    refuse_unsupported(call, bucket)
    wanted: list[dict[str, Any]] = call.input["Delete"]["Objects"]
    if not 1 <= len(wanted) <= MOST:
        raise ApiError("MalformedXML", None)
    errors: list[dict[str, Any]] = []
    deletions: list[Deletion] = []
    for number, item in enumerate(wanted):
        if number % TURN == TURN - 1:
            await asyncio.sleep(0)  # a thousand decisions must not keep all other requests waiting
        if "LastModifiedTime" in item or "Size" in item:
            raise not_implemented("x-amz-if-match-size", "Only ETag is supported as a condition of DeleteObjects.")
        deletion = Deletion(item["Key"], item.get("VersionId"), _etag(item.get("ETag")))
        problem = _problem(call, view, bucket, deletion)
        if problem is None:
            deletions.append(deletion)
        else:
            errors.append(_error(deletion, *problem))
    done = await rooms.objects.delete(bucket.id, versioning(bucket), deletions) if deletions else []
    deleted: list[dict[str, Any]] = []
    for deletion, result in zip(deletions, done, strict=True):
        if result.error is not None:
            errors.append(_error(deletion, result.error, _TEXTS[result.error]))
        else:
            deleted.append(_deleted(deletion, result))
    output: dict[str, Any] = {"Errors": errors}
    if not call.input["Delete"].get("Quiet"):
        output["Deleted"] = deleted
    return output, []


def _asks(
    call: Call, bucket: Bucket, key: str, version: str | None, context: dict[str, str] | None = None
) -> Iterator[Ask]:
    keys = dict(context or {})
    if version is not None:
        keys["s3:versionid"] = version
    action = "s3:DeleteObject" if version is None else "s3:DeleteObjectVersion"
    yield ask_object(call, bucket, key, action, keys)
    if call.input.get("BypassGovernanceRetention"):
        yield ask_object(call, bucket, key, "s3:BypassGovernanceRetention")


def _problem(call: Call, view: View, bucket: Bucket, deletion: Deletion) -> tuple[str, str] | None:
    context = {} if deletion.if_match is None else {"s3:if-match": deletion.if_match}
    asks = _asks(call, bucket, deletion.key, deletion.version, context)
    if not all(allows(ask, call, view) for ask in asks):
        return "AccessDenied", "Access Denied"
    if len(deletion.key.encode()) > LONGEST_KEY:
        return "KeyTooLongError", _TEXTS["KeyTooLongError"]
    return None


def _error(deletion: Deletion, code: str, text: str) -> dict[str, Any]:
    shown = {"Key": deletion.key, "Code": code, "Message": text}
    return shown if deletion.version is None else shown | {"VersionId": deletion.version}


def _deleted(deletion: Deletion, result: Deleted) -> dict[str, Any]:
    shown: dict[str, Any] = {"Key": deletion.key}
    if deletion.version is not None:
        shown["VersionId"] = deletion.version
    if result.marker:
        shown |= {"DeleteMarker": True, "DeleteMarkerVersionId": result.version}
    return shown


def _etag(text: str | None) -> str | None:
    return None if text is None else unquoted(text)
