"""Signing requests, for our own use: calls to an S3 store upstream, links that the console makes, and tests.

The same canonical request as verification uses; that both are right is shown by AWS's vectors and by botocore's signers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from daypass.signing.canonical import (
    canonical_headers,
    canonical_paths,
    canonical_query,
    canonical_request,
    encode,
    string_to_sign,
)
from daypass.signing.dates import basic
from daypass.signing.faults import Dialect
from daypass.signing.keys import signing_key
from daypass.signing.signature import ALGORITHM, TERMINATOR, UNSIGNED_PAYLOAD

if TYPE_CHECKING:
    from daypass.signing.signature import Headers


def sign_header(
    method: str,
    raw_path: bytes,
    raw_query: bytes,
    headers: Headers,
    *,
    access_key_id: str,
    secret: str,
    region: str,
    service: str,
    now: float,
    payload: str,
    session_token: str | None = None,
) -> list[tuple[bytes, bytes]]:
    """``headers`` (names in lower case, ``host`` among them), all signed, with those that a signature adds.

    ``payload`` is the body's SHA-256 in hexadecimal digits, or for S3 one of its words for it.
    """
    timestamp = basic(now)
    signed = [*headers, (b"x-amz-date", timestamp.encode())]
    if service == "s3":
        signed.append((b"x-amz-content-sha256", payload.encode()))
    if session_token is not None:
        signed.append((b"x-amz-security-token", session_token.encode()))
    names = tuple(sorted({name for name, _ in signed}))
    scope = f"{timestamp[:8]}/{region}/{service}/{TERMINATOR}"
    lines, _ = canonical_headers(signed, names)
    path = canonical_paths(raw_path, _dialect(service))[0]
    request = canonical_request(method, path, canonical_query(raw_query), lines, names, payload)
    key = signing_key(secret, timestamp[:8], region, service)
    signature = key.hexmac(string_to_sign(timestamp, scope, request))
    listed = b";".join(names).decode()
    value = f"{ALGORITHM} Credential={access_key_id}/{scope}, SignedHeaders={listed}, Signature={signature}"
    return [*signed, (b"authorization", value.encode())]


def presign(
    method: str,
    raw_path: bytes,
    raw_query: bytes,
    headers: Headers,
    *,
    access_key_id: str,
    secret: str,
    region: str,
    service: str,
    now: float,
    expires: int,
    payload: str = UNSIGNED_PAYLOAD,
    session_token: str | None = None,
) -> bytes:
    """The query of a presigned URL; ``headers`` (``host`` among them) must be sent with it as they are.

    ``payload`` is S3's word for a body that is not signed; other services want the body's SHA-256.
    """
    timestamp = basic(now)
    scope = f"{timestamp[:8]}/{region}/{service}/{TERMINATOR}"
    names = tuple(sorted({name for name, _ in headers}))
    parameters = {
        "X-Amz-Algorithm": ALGORITHM,
        "X-Amz-Credential": f"{access_key_id}/{scope}",
        "X-Amz-Date": timestamp,
        "X-Amz-Expires": str(expires),
        "X-Amz-SignedHeaders": b";".join(names).decode(),
    }
    if session_token is not None:
        parameters["X-Amz-Security-Token"] = session_token
    added = b"&".join(name.encode() + b"=" + encode(value.encode()) for name, value in parameters.items())
    query = raw_query + b"&" + added if raw_query else added
    lines, _ = canonical_headers(headers, names)
    path = canonical_paths(raw_path, _dialect(service))[0]
    request = canonical_request(method, path, canonical_query(query), lines, names, payload)
    key = signing_key(secret, timestamp[:8], region, service)
    signature = key.hexmac(string_to_sign(timestamp, scope, request))
    return query + b"&X-Amz-Signature=" + signature.encode()


def _dialect(service: str) -> Dialect:
    return Dialect.S3 if service == "s3" else Dialect.QUERY
