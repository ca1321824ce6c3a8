"""The signature itself: computed again with the key that the request names, and compared in constant time.

The last of the checks before a caller is believed. It raises or it returns nothing: there is no result to forget.
"""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING, Final

from daypass.signing.canonical import (
    canonical_headers,
    canonical_paths,
    canonical_query,
    canonical_request,
    string_to_sign,
)
from daypass.signing.faults import Dialect, denied, mismatch, s3_mismatch
from daypass.signing.signature import Form
from daypass.signing.version2 import verify_v2

if TYPE_CHECKING:
    from daypass.signing.keys import SigningKey
    from daypass.signing.signature import Signature

_QUERY_MISMATCH: Final = (
    "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key "
    "and signing method. Consult the service documentation for details."
)
_UNSIGNED_HEADERS: Final = "There were headers present in the request which were not signed"


def verify(signature: Signature, key: SigningKey, payload_sha256: str, *, host_bucket: bytes = b"") -> None:
    """The holder of ``key`` signed this request. Raises SigningError.

    ``payload_sha256`` is the hash of the body in hexadecimal digits, computed here and never the client's word; for S3
    it is ``signature.payload``, and the body is held to it while it is read. ``host_bucket`` is the bucket that the
    host name of an S3 request names: Signature Version 2 signs it before the path.
    """
    if signature.form.is_version_2:
        verify_v2(signature, key, host_bucket)
        return
    _check_coverage(signature)
    names = signature.signed_headers
    lines, complete = canonical_headers(signature.headers, names)
    leave_out = b"X-Amz-Signature" if signature.form is Form.QUERY else None
    query = canonical_query(signature.raw_query, leave_out)
    given = signature.signature.encode()
    first = None
    for path in canonical_paths(signature.raw_path, signature.dialect):
        request = canonical_request(signature.method, path, query, lines, names, payload_sha256)
        text = string_to_sign(signature.timestamp, signature.scope, request)
        if hmac.compare_digest(key.hexmac(text).encode(), given) and complete:
            return
        first = first or (text, request)
    if signature.dialect is not Dialect.S3 or first is None:
        raise mismatch(signature.dialect, _QUERY_MISMATCH)
    raise s3_mismatch(signature.access_key_id, signature.signature, *first)


def _check_coverage(signature: Signature) -> None:
    """What must be signed is signed: the host, and every header that would change what the request does."""
    names = signature.signed_headers
    if signature.dialect is Dialect.S3:
        unsigned = {name for name, _ in signature.headers if name.startswith(b"x-amz-") and name not in names}
        if b"host" not in names:
            unsigned.add(b"host")
        if unsigned:
            raise denied(
                _UNSIGNED_HEADERS, {"HeadersNotSigned": ", ".join(sorted(name.decode("latin-1") for name in unsigned))}
            )
        return
    if b"host" not in names:
        raise mismatch(signature.dialect, "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.")
    targeted = signature.dialect is Dialect.JSON and any(name == b"x-amz-target" for name, _ in signature.headers)
    if targeted and b"x-amz-target" not in names:
        raise mismatch(signature.dialect, "'X-Amz-Target' must be a 'SignedHeader' in the AWS Authorization.")
