"""A signature as a value: what a request says about who signed it, before anything of it is believed.

It keeps the request's own parts, so what is verified later is what was read here and nothing is looked up again.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import Enum
from typing import Final

import msgspec

from daypass.signing.faults import Dialect, SigningError, invalid_argument

Headers = Sequence[tuple[bytes, bytes]]
TERMINATOR: Final = "aws4_request"
ALGORITHM: Final = "AWS4-HMAC-SHA256"
UNSIGNED_PAYLOAD: Final = "UNSIGNED-PAYLOAD"
EMPTY_SHA256: Final = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

_HASH: Final = re.compile(r"[0-9a-f]{64}")
_PAYLOAD_FAULT: Final = (
    "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-UNSIGNED-PAYLOAD-TRAILER, "
    "STREAMING-AWS4-HMAC-SHA256-PAYLOAD, STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER, "
    "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD, STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD-TRAILER or a valid sha256 value."
)
_ANONYMOUS_FAULT: Final = (
    "Anonymous requests don't support this x-amz-content-sha256 value. "
    "Please use UNSIGNED-PAYLOAD or STREAMING-UNSIGNED-PAYLOAD-TRAILER."
)


class Form(Enum):
    """Where a signature stands, and of which version it is (``s3:authType``, ``s3:signatureversion``)."""

    HEADER = "header"
    QUERY = "query"
    HEADER_V2 = "header, version 2"
    QUERY_V2 = "query, version 2"

    @property
    def is_version_2(self) -> bool:
        """Signature Version 2: S3 only, and a setting may refuse it."""
        return self is Form.HEADER_V2 or self is Form.QUERY_V2


class PayloadKind(Enum):
    """What x-amz-content-sha256 says about a body. The values are the header's own; HASH stands for 64 hex digits."""

    HASH = "hash"
    UNSIGNED = UNSIGNED_PAYLOAD
    UNSIGNED_TRAILER = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
    SIGNED_CHUNKS = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
    SIGNED_CHUNKS_TRAILER = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"

    @property
    def is_chunked(self) -> bool:
        """The body is in aws-chunked encoding and goes through a ChunkedDecoder."""
        return self not in (PayloadKind.HASH, PayloadKind.UNSIGNED)

    @property
    def has_signed_chunks(self) -> bool:
        """Each chunk carries a signature."""
        return self in (PayloadKind.SIGNED_CHUNKS, PayloadKind.SIGNED_CHUNKS_TRAILER)

    @property
    def has_trailer(self) -> bool:
        """Trailing headers follow the last chunk."""
        return self in (PayloadKind.UNSIGNED_TRAILER, PayloadKind.SIGNED_CHUNKS_TRAILER)


_KINDS: Final = {kind.value: kind for kind in PayloadKind if kind is not PayloadKind.HASH}


class Signature(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What a signed request says. A Struct, since one is made per request and a dataclass takes four times as long.

    Texts are as they were sent; ``timestamp`` is the request time in ISO basic form, as it goes into the string to
    sign, ``sent_time`` its original spelling and ``epoch`` its seconds. Of Signature Version 2, ``scope`` is empty.
    """

    dialect: Dialect
    form: Form
    method: str
    raw_path: bytes
    raw_query: bytes
    headers: Headers
    access_key_id: str
    signature: str
    timestamp: str
    sent_time: str
    epoch: int
    scope: str = ""
    date: str = ""
    region: str = ""
    service: str = ""
    terminator: str = ""
    signed_headers: tuple[bytes, ...] = ()
    session_token: str | None = None
    expires: int | None = None
    """Lifetime of an S3 presigned URL in seconds; of version 2 the end in seconds of the epoch."""
    payload: str | None = None
    """x-amz-content-sha256; what it means is in ``payload_kind``. Only S3 believes it."""
    payload_kind: PayloadKind = PayloadKind.HASH

    def __repr__(self) -> str:
        return f"Signature(form={self.form}, access_key_id={self.access_key_id!r}, scope={self.scope!r})"


def payload_kind(value: str) -> PayloadKind:
    """What an x-amz-content-sha256 value means. Raises SigningError for one that S3 does not know or we do not verify."""
    kind = _KINDS.get(value)
    if kind is not None:
        return kind
    if not _HASH.fullmatch(value):
        raise invalid_argument(_PAYLOAD_FAULT, "x-amz-content-sha256", value)
    return PayloadKind.HASH


def anonymous_payload(headers: Headers) -> tuple[PayloadKind, str]:
    """Kind and value of the payload of an unsigned S3 request. Signed chunks have nobody who signs them."""
    values = [value for name, value in headers if name == b"x-amz-content-sha256"]
    if not values:
        return PayloadKind.UNSIGNED, UNSIGNED_PAYLOAD
    value = b",".join(values).decode("latin-1").strip()
    kind = payload_kind(value)
    if kind.has_signed_chunks:
        raise SigningError("InvalidRequest", _ANONYMOUS_FAULT, 400)
    return kind, value
