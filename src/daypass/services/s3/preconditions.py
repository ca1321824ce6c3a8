"""Conditions of reads and copies (RFC 9110, section 13; S3 User Guide, "Conditional reads"), and of writes."""

from __future__ import annotations

from email.utils import formatdate
from typing import TYPE_CHECKING, Any

from daypass.errors import ApiError
from daypass.objects import Condition
from daypass.services.s3.unsupported import not_implemented

if TYPE_CHECKING:
    from collections.abc import Mapping

    from daypass.objects import StoredObject

PRECONDITION_FAILED = "At least one of the pre-conditions you specified did not hold"


def check_read(arguments: Mapping[str, Any], stored: StoredObject) -> None:
    """Raise PreconditionFailed or NotModified unless the object is to be answered."""
    seconds = stored.modified // 1000
    matches = arguments.get("IfMatch")
    if matches is not None:
        if not _matches(matches, stored.etag):
            raise _failed("If-Match")
    elif (since := arguments.get("IfUnmodifiedSince")) is not None and seconds > since.timestamp():
        raise _failed("If-Unmodified-Since")
    differs = arguments.get("IfNoneMatch")
    if differs is not None:
        if _matches(differs, stored.etag):
            raise _not_modified(stored)
    elif (since := arguments.get("IfModifiedSince")) is not None and seconds <= since.timestamp():
        raise _not_modified(stored)


def check_copy_source(arguments: Mapping[str, Any], stored: StoredObject) -> None:
    """Raise PreconditionFailed unless the source may be copied. Here nothing is ever answered by 304."""
    seconds = stored.modified // 1000
    matches = arguments.get("CopySourceIfMatch")
    if matches is not None:
        if not _matches(matches, stored.etag):
            raise _failed("x-amz-copy-source-If-Match")
    elif (since := arguments.get("CopySourceIfUnmodifiedSince")) is not None and seconds > since.timestamp():
        raise _failed("x-amz-copy-source-If-Unmodified-Since")
    differs = arguments.get("CopySourceIfNoneMatch")
    if differs is not None:
        if _matches(differs, stored.etag):
            raise _failed("x-amz-copy-source-If-None-Match")
    elif (since := arguments.get("CopySourceIfModifiedSince")) is not None and seconds <= since.timestamp():
        raise _failed("x-amz-copy-source-If-Modified-Since")


def write_condition(arguments: Mapping[str, Any]) -> Condition:
    """The condition of a write. If-None-Match knows only ``*``."""
    absent = arguments.get("IfNoneMatch")
    if absent not in {None, "*"}:
        raise not_implemented(
            "If-None-Match", "We don't accept the provided value of If-None-Match header for this API"
        )
    matches = arguments.get("IfMatch")
    return Condition(None if matches is None else unquoted(matches), if_absent=absent is not None)


def unquoted(etag: str) -> str:
    """An ETag without its quotes."""
    return etag.strip().removeprefix("W/").strip('"')


def quoted(etag: str) -> str:
    """An ETag as headers and XML carry it."""
    return f'"{etag}"'


def http_date(milliseconds: int) -> str:
    """A moment as headers carry it (RFC 9110, section 5.6.7)."""
    return formatdate(milliseconds // 1000, usegmt=True)


def _matches(wanted: str, etag: str) -> bool:
    return any(unquoted(one) in {"*", etag} for one in wanted.split(","))


def _failed(name: str) -> ApiError:
    return ApiError("PreconditionFailed", PRECONDITION_FAILED, members={"Condition": name})


def _not_modified(stored: StoredObject) -> ApiError:
    headers = {"ETag": quoted(stored.etag), "Last-Modified": http_date(stored.modified)}
    return ApiError("NotModified", None, status=304, headers=headers)
