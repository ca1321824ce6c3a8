"""S3 bodies that are held to their signature while they are read (S3 API Reference, "Authenticating Requests").

A body is verified by whoever reads it to its end: :meth:`VerifiedBody.pieces` raises before it ends when a hash, a chunk
signature, a length or a trailer is wrong. So what was read becomes an object only after the pieces have ended.
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Protocol

from daypass.errors import ApiError
from daypass.request import BodyTooLarge
from daypass.signing import ChunkedDecoder, PayloadKind, SigningError, anonymous_payload

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from daypass.request import Body, Request
    from daypass.signing import Signature, SigningKey


class VerifiedBody:
    """A body whose pieces pass through a verifier. ``trailers`` hold what followed the data, once it has ended."""

    def __init__(self, source: bytes | Body, verifier: _Verifier) -> None:
        self._source = source
        self._verifier = verifier
        self.trailers: dict[str, str] = {}

    async def pieces(self) -> AsyncIterator[bytes]:
        """The decoded bytes. Raises ApiError before the end when they are not what was signed."""
        try:
            async for data in _pieces(self._source):
                for piece in self._verifier.feed(data):
                    yield piece
            self._verifier.finish()
        except SigningError as error:
            raise as_api_error(error) from None
        self.trailers = self._verifier.trailers

    async def read(self, limit: int) -> bytes:
        """The whole decoded body. Raises BodyTooLarge, or ApiError as :meth:`pieces`."""
        parts: list[bytes] = []
        size = 0
        async for piece in self.pieces():
            size += len(piece)
            if size > limit:
                raise BodyTooLarge
            parts.append(piece)
        return b"".join(parts)


def verified_body(request: Request, signature: Signature, key: SigningKey, *, streams: bool) -> bytes | Body:
    """The body of a signed request, so that reading it verifies it. ``streams`` says that the operation takes a stream."""
    return _held_to(request, signature.payload_kind, signature.payload or "", signature, key, streams=streams)


def anonymous_body(request: Request, *, streams: bool) -> bytes | Body:
    """The body of an unsigned request: a hash that it declares still holds. Raises SigningError for signed chunks."""
    kind, value = anonymous_payload(request.headers)
    return _held_to(request, kind, value, None, None, streams=streams)


def as_api_error(error: SigningError) -> ApiError:
    """A signature's fault as the caller is told of it."""
    return ApiError(error.code, error.message, status=error.status, members=dict(error.members))


class _Verifier(Protocol):
    trailers: dict[str, str]

    def feed(self, data: bytes) -> list[bytes]: ...

    def finish(self) -> None: ...


class _Hash:
    """Holds a plain body to the hash in x-amz-content-sha256."""

    def __init__(self, declared: str) -> None:
        self._declared = declared
        self._hash = sha256()
        self.trailers: dict[str, str] = {}

    def feed(self, data: bytes) -> list[bytes]:
        self._hash.update(data)
        return [data]

    def finish(self) -> None:
        computed = self._hash.hexdigest()
        if computed != self._declared:
            raise SigningError(
                "XAmzContentSHA256Mismatch",
                "The provided 'x-amz-content-sha256' header does not match what was computed.",
                400,
                {"ClientComputedContentSHA256": self._declared, "S3ComputedContentSHA256": computed},
            )


def _held_to(
    request: Request,
    kind: PayloadKind,
    value: str,
    signature: Signature | None,
    key: SigningKey | None,
    *,
    streams: bool,
) -> bytes | Body:
    if kind is PayloadKind.UNSIGNED:
        return request.body
    if kind is PayloadKind.HASH:
        return _hashed(request.body, value)
    if not streams:
        raise ApiError("InvalidRequest", "The value of x-amz-content-sha256 header is invalid.")
    length = _decoded_length(request)
    names = (request.header(b"x-amz-trailer") or "").split(",")
    return VerifiedBody(request.body, ChunkedDecoder(signature, key, kind, length, names))


def _hashed(body: bytes | Body, declared: str) -> bytes | Body:
    verifier = _Hash(declared)
    if not isinstance(body, bytes):
        return VerifiedBody(body, verifier)
    verifier.feed(body)
    verifier.finish()
    return body


def _decoded_length(request: Request) -> int:
    text = request.header(b"x-amz-decoded-content-length")
    if text is None:
        raise ApiError("MissingContentLength", "You must provide the Content-Length HTTP header.")
    if not (text.isascii() and text.isdigit() and len(text) <= 19):
        raise ApiError("InvalidArgument", "The value of x-amz-decoded-content-length is not a number.")
    return int(text)


async def _pieces(source: bytes | Body) -> AsyncIterator[bytes]:
    if isinstance(source, bytes):
        if source:
            yield source
        return
    async for piece in source.pieces():
        yield piece
