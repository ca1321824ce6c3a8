"""Writing objects (S3 API Reference: PutObject; S3 User Guide, "Working with object metadata", "Conditional writes")."""

from __future__ import annotations

from datetime import datetime
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any

from daypass.errors import ApiError
from daypass.objects import Head, Intake, Placing
from daypass.services.s3 import integrity
from daypass.services.s3.authorization import (
    GRANTS,
    ask_object,
    bucket_of,
    header_context,
    key_of,
    request_tags,
)
from daypass.services.s3.bucket_settings import versioning
from daypass.services.s3.found_objects import version_shown
from daypass.services.s3.operations import s3
from daypass.services.s3.preconditions import quoted, write_condition
from daypass.services.s3.tags import header_tags
from daypass.services.s3.unsupported import refuse_unsupported

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from daypass.access.asking import Ask
    from daypass.directory import Bucket, View
    from daypass.services.registry import Call, Result, Rooms

LONGEST_METADATA = 2048
_STORED = ("CacheControl", "ContentDisposition", "ContentEncoding", "ContentLanguage", "ContentType")


def put_needs(call: Call, view: View) -> Iterable[Ask]:
    """What a request that makes an object needs: PutObject, and what its headers ask for besides."""
    bucket, key = bucket_of(call, view), call.input["Key"]
    tagging = call.input.get("Tagging")
    context = header_context(call.input)
    context["s3:objectcreationoperation"] = "true"
    if tagging:
        context |= request_tags(header_tags(tagging))
    yield ask_object(call, bucket, key, "s3:PutObject", context)
    if "ACL" in call.input or not GRANTS.isdisjoint(call.input):
        yield ask_object(call, bucket, key, "s3:PutObjectAcl", context)
    if tagging:
        yield ask_object(call, bucket, key, "s3:PutObjectTagging", context)
    if "IfMatch" in call.input:
        yield ask_object(call, bucket, key, "s3:GetObject")


@s3.with_rooms("PutObject", needs=put_needs, unsigned=True)
async def put_object(call: Call, view: View, rooms: Rooms) -> Result:
    """Store an object. It is there when its whole body has come and fits all that was said of it."""
    bucket, key = bucket_of(call, view), key_of(call)
    refuse_unsupported(call, bucket)
    head = head_of(call.input)
    expected = integrity.expectation(call)
    body = call.request.body
    intake = Intake(expected.algorithm, integrity.LONGEST_BODY, lambda digests: expected.confirm(digests, body))
    stored = await rooms.objects.put(place(call, bucket, key), integrity.pieces_of(body), head, intake)
    output = {"ETag": quoted(stored.etag), "VersionId": version_shown(bucket, stored.version)}
    return output | integrity.shown(stored.checksum), []


def place(call: Call, bucket: Bucket, key: str) -> Placing:
    """Where an object goes, under the condition that the request sets."""
    return Placing(bucket.id, key, versioning(bucket), write_condition(call.input))


def head_of(arguments: Mapping[str, Any]) -> Head:
    """Everything that a request says about an object besides its bytes."""
    headers = [(name, arguments[name]) for name in _STORED if arguments.get(name)]
    encoding = [
        (name, _without_chunking(value)) if name == "ContentEncoding" else (name, value) for name, value in headers
    ]
    expires = arguments.get("Expires")
    if expires is not None:
        text = format_datetime(expires, usegmt=True) if isinstance(expires, datetime) else str(expires)
        encoding.append(("Expires", text))
    tagging = arguments.get("Tagging")
    return Head(
        headers=tuple((name, value) for name, value in encoding if value),
        metadata=_metadata(arguments.get("Metadata") or {}),
        tags=header_tags(tagging) if tagging else (),
    )


def _without_chunking(value: str) -> str:
    """A content encoding without ``aws-chunked``, which is a framing of the request and none of the object."""
    codings = [coding.strip() for coding in value.split(",")]
    return ",".join(coding for coding in codings if coding and coding.lower() != "aws-chunked")


def _metadata(given: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    size = sum(len(name.encode()) + len(value.encode()) for name, value in given.items())
    if size > LONGEST_METADATA:
        members = {"Size": str(size), "MaxSizeAllowed": str(LONGEST_METADATA)}
        text = "Your metadata headers exceed the maximum allowed metadata size"
        raise ApiError("MetadataTooLarge", text, members=members)
    return tuple((name.lower(), value) for name, value in given.items())
