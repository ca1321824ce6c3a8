"""Signature Version 2 of S3 (s3: "Signing and authenticating REST requests"), in the header and in the query.

boto3 and the CLI of version 1 still presign so for a custom endpoint. Whether it is let in is a setting of the caller's.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from daypass.signing.dates import basic
from daypass.signing.faults import SigningError, denied, invalid_argument
from daypass.signing.request_parts import header_time
from daypass.signing.signature import UNSIGNED_PAYLOAD, Form, PayloadKind, Signature, payload_kind

if TYPE_CHECKING:
    from daypass.signing.request_parts import RequestParts

_LAST_SECOND: Final = 253_402_300_799  # of the year 9999: what can be written as a date
_NUMBER: Final = re.compile(r"[0-9]{1,12}")


def read_header_v2(request: RequestParts, credentials: str) -> Signature:
    """``Authorization: AWS <key id>:<signature>``; ``credentials`` is what follows the blank."""
    access_key_id, colon, signature = credentials.partition(":")
    if not (access_key_id and colon and signature) or ":" in signature:
        text = "AWS authorization header is invalid.  Expected AwsAccessKeyId:signature"
        raise invalid_argument(text, "Authorization", f"AWS {credentials}")
    time = header_time(request.fields)
    if time is None:
        raise denied("AWS authentication requires a valid Date or x-amz-date header")
    payload, kind = _payload(request)
    return Signature(
        dialect=request.dialect,
        form=Form.HEADER_V2,
        method=request.method,
        raw_path=request.raw_path,
        raw_query=request.raw_query,
        headers=request.headers,
        access_key_id=access_key_id,
        signature=signature,
        timestamp=time.timestamp,
        sent_time=time.sent,
        epoch=time.epoch,
        service="s3",
        session_token=request.fields.get(b"x-amz-security-token"),
        payload=payload,
        payload_kind=kind,
    )


def read_query_v2(request: RequestParts, parameters: dict[str, str]) -> Signature:
    """``?AWSAccessKeyId=..&Signature=..&Expires=..`` and, with session credentials, ``x-amz-security-token``."""
    values = [parameters.get(name) for name in ("AWSAccessKeyId", "Signature", "Expires")]
    if not all(values):
        raise denied("Query-string authentication requires the Signature, Expires and AWSAccessKeyId parameters")
    access_key_id, signature, expires = (value or "" for value in values)
    if not _NUMBER.fullmatch(expires) or int(expires) > _LAST_SECOND:
        raise denied(f"Invalid date (should be seconds since epoch): {expires}")
    in_header = request.fields.get(b"x-amz-security-token")
    in_query = parameters.get("x-amz-security-token")
    if in_header is not None and in_query is not None and in_header != in_query:
        text = "'x-amz-security-token' must be given once only."
        raise invalid_argument(text, "x-amz-security-token", in_header)
    payload, kind = _payload(request)
    return Signature(
        dialect=request.dialect,
        form=Form.QUERY_V2,
        method=request.method,
        raw_path=request.raw_path,
        raw_query=request.raw_query,
        headers=request.headers,
        access_key_id=access_key_id,
        signature=signature,
        timestamp=basic(int(expires)),
        sent_time=expires,
        epoch=int(expires),
        service="s3",
        session_token=in_header if in_query is None else in_query,
        expires=int(expires),
        payload=payload,
        payload_kind=kind,
    )


def _payload(request: RequestParts) -> tuple[str, PayloadKind]:
    """Version 2 signs no body; a hash that is sent all the same is kept to."""
    value = request.fields.get(b"x-amz-content-sha256", UNSIGNED_PAYLOAD)
    kind = payload_kind(value)
    if kind.has_signed_chunks:
        raise SigningError("InvalidRequest", "The value of x-amz-content-sha256 header is invalid.", 400)
    return value, kind
