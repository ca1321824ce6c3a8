"""Digests that clients send along, in headers or behind the body (S3 User Guide, "Checking object integrity").

What was signed (x-amz-content-sha256, chunk signatures) has been verified by the body itself; here stand Content-MD5,
``x-amz-checksum-*`` and the length. A body that fails never becomes an object.
"""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Any, NamedTuple

from daypass.errors import ApiError
from daypass.objects import ALGORITHMS, DEFAULT_ALGORITHM
from daypass.objects.digests import digest_length, digest_of, to_text

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from daypass.objects import Checksum, Digests
    from daypass.request import Body
    from daypass.services.registry import Call

_PREFIX = "x-amz-checksum-"
_BY_MEMBER = {f"Checksum{name}": name for name in ALGORITHMS}
_BY_HEADER = {f"{_PREFIX}{name.lower()}": name for name in ALGORITHMS}
_MD5_LENGTH = 16
LONGEST_BODY = 5 * 1024**3
"""The most bytes of one PUT or part."""


class Expectation(NamedTuple):
    """What a client says of a body. ``value`` is None where it comes behind the body, or not at all."""

    algorithm: str
    value: str | None
    trailing: bool
    md5: bytes | None
    length: int | None

    def confirm(self, digests: Digests, body: bytes | Body) -> None:
        """Raise unless the body is what was said. Trailers are there by now."""
        if self.length is not None and digests.size != self.length:
            text = "You did not provide the number of bytes specified by the Content-Length HTTP header"
            raise ApiError("IncompleteBody", text)
        if self.md5 is not None and digests.md5 != self.md5:
            raise _bad_md5(self.md5, digests.md5)
        value = self.value
        if self.trailing:
            value = getattr(body, "trailers", {}).get(f"{_PREFIX}{self.algorithm.lower()}")
            if value is None:
                raise ApiError("MalformedTrailerError", _MALFORMED_TRAILER)
            _check_form(self.algorithm, value, "trailing header")
        if value is not None and value != to_text(digests.checksum):
            raise bad_digest(self.algorithm)


_MALFORMED_TRAILER = (
    "The request contained trailing data that was not well-formed or did not conform to our published schema."
)


def expectation(call: Call, default: str = DEFAULT_ALGORITHM) -> Expectation:
    """What the client says of the body of this call. Raises InvalidDigest, InvalidRequest, EntityTooLarge."""
    declared = _declared(call)
    length = _length(call)
    if length is not None and length > LONGEST_BODY:
        members = {"ProposedSize": str(length), "MaxSizeAllowed": str(LONGEST_BODY)}
        raise ApiError("EntityTooLarge", "Your proposed upload exceeds the maximum allowed size", members=members)
    md5 = _md5(call.input.get("ContentMD5"))
    if declared is None:
        return Expectation(default, None, trailing=False, md5=md5, length=length)
    algorithm, value = declared
    return Expectation(algorithm, value, trailing=value is None, md5=md5, length=length)


def check_document(call: Call, *, required: bool = False) -> None:
    """Verify the body of a request that is read whole by the digests that came along."""
    body = call.request.body
    if not isinstance(body, bytes):
        raise TypeError("the body of a document has been read by now")
    md5_text = call.request.header(b"content-md5")
    sums = [(name, call.request.header(name.encode())) for name in _BY_HEADER]
    given = [(name, value) for name, value in sums if value is not None]
    if required and md5_text is None and not given:
        text = "Missing required header for this request: Content-MD5 OR x-amz-checksum-*"
        raise ApiError("InvalidRequest", text)
    md5 = _md5(md5_text)
    computed = digest_of("MD5", body)
    if md5 is not None and computed != md5:
        raise _bad_md5(md5, computed)
    if len(given) > 1:
        raise _several()
    for name, value in given:
        algorithm = _BY_HEADER[name]
        _check_form(algorithm, value, "header")
        if to_text(digest_of(algorithm, body)) != value:
            raise bad_digest(algorithm)


async def pieces_of(body: bytes | Body) -> AsyncIterator[bytes]:
    """The bytes of a body, whether it was read already or not. A client that goes away has sent an incomplete one."""
    if isinstance(body, bytes):
        if body:
            yield body
        return
    try:
        async for piece in body.pieces():
            yield piece
    except ConnectionError as error:
        raise ApiError("IncompleteBody", "The request body terminated unexpectedly") from error


def shown(checksum: Checksum | None) -> dict[str, str]:
    """A checksum as members of an output."""
    if checksum is None:
        return {}
    return {f"Checksum{checksum.algorithm}": checksum.value, "ChecksumType": checksum.kind}


def checksums_in(arguments: Mapping[str, Any]) -> dict[str, str]:
    """The checksum members of a structure, by algorithm."""
    return {_BY_MEMBER[name]: value for name, value in arguments.items() if name in _BY_MEMBER}


def one_checksum(arguments: Mapping[str, Any]) -> tuple[str, str] | None:
    """The one checksum in a request's headers."""
    found = checksums_in(arguments)
    if len(found) > 1:
        raise _several()
    return next(iter(found.items()), None)


def known_algorithm(name: str) -> str:
    """An algorithm by its name. Raises InvalidRequest."""
    if name.upper() not in ALGORITHMS:
        names = ", ".join(ALGORITHMS)
        text = f"Checksum algorithm provided is unsupported. Please try again with any of the valid types: [{names}]"
        raise ApiError("InvalidRequest", text)
    return name.upper()


def bad_digest(algorithm: str) -> ApiError:
    """The error for bytes that are not those that were meant."""
    return ApiError("BadDigest", f"The {algorithm} you specified did not match the calculated checksum.")


def _declared(call: Call) -> tuple[str, str | None] | None:
    """Algorithm and value; the value is None when it comes in the trailer."""
    found = one_checksum(call.input)
    named = call.input.get("ChecksumAlgorithm")
    named = None if named is None else known_algorithm(named)
    trailer = (call.request.header(b"x-amz-trailer") or "").strip().lower()
    if trailer:
        if trailer not in _BY_HEADER:
            raise ApiError("InvalidRequest", "The value specified in the x-amz-trailer header is not supported")
        if found is not None:
            raise _several()
        found_name, value = _BY_HEADER[trailer], None
    elif found is not None:
        found_name, value = found
        _check_form(found_name, value, "header")
    elif named is not None:
        text = "x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or x-amz-trailer headers "
        raise ApiError("InvalidRequest", f"{text}were found.")
    else:
        return None
    if named not in {None, found_name}:
        raise ApiError("InvalidRequest", "Value for x-amz-sdk-checksum-algorithm header is invalid.")
    return found_name, value


def _length(call: Call) -> int | None:
    text = call.request.header(b"x-amz-decoded-content-length")
    if text is None and "aws-chunked" not in (call.request.header(b"content-encoding") or ""):
        text = call.request.header(b"content-length")
    return int(text) if text is not None and text.isascii() and text.isdigit() else None


def _md5(text: str | None) -> bytes | None:
    if text is None:
        return None
    try:
        digest = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        digest = b""
    if len(digest) != _MD5_LENGTH:
        raise ApiError("InvalidDigest", "The Content-MD5 you specified was invalid.", members={"Content-MD5": text})
    return digest


def _check_form(algorithm: str, value: str, where: str) -> None:
    try:
        length = len(base64.b64decode(value, validate=True))
    except (binascii.Error, ValueError):
        length = -1
    width = digest_length(algorithm)
    if length != width:
        raise ApiError("InvalidRequest", f"Value for {_PREFIX}{algorithm.lower()} {where} is invalid.")


def _several() -> ApiError:
    text = "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed."
    return ApiError("InvalidRequest", text)


def _bad_md5(expected: bytes, calculated: bytes) -> ApiError:
    members = {"ExpectedDigest": expected.hex(), "CalculatedDigest": to_text(calculated)}
    return ApiError("BadDigest", "The Content-MD5 you specified did not match what we received.", members=members)
