"""The value of a Signature Version 2: HMAC-SHA1 over a few headers, the path, and a list of sub-resources.

Version 2 leaves most of a query unsigned. A parameter that is neither signed nor known to do no more than page or filter
a list is refused, so that nobody can turn a presigned URL into another operation.
"""

from __future__ import annotations

import base64
import hmac
from typing import TYPE_CHECKING, Final

from daypass.signing.canonical import decode
from daypass.signing.faults import denied, s3_mismatch
from daypass.signing.signature import Form

if TYPE_CHECKING:
    from daypass.signing.keys import SigningKey
    from daypass.signing.signature import Signature

_SIGNED: Final = frozenset(
    (
        b"accelerate",
        b"acl",
        b"analytics",
        b"cors",
        b"delete",
        b"inventory",
        b"lifecycle",
        b"location",
        b"logging",
        b"metrics",
        b"notification",
        b"object-lock",
        b"partNumber",
        b"policy",
        b"replication",
        b"requestPayment",
        b"response-cache-control",
        b"response-content-disposition",
        b"response-content-encoding",
        b"response-content-language",
        b"response-content-type",
        b"response-expires",
        b"restore",
        b"select",
        b"select-type",
        b"tagging",
        b"torrent",
        b"uploadId",
        b"uploads",
        b"versionId",
        b"versioning",
        b"versions",
        b"website",
    )
)
_UNSIGNED: Final = frozenset(
    (
        b"continuation-token",
        b"delimiter",
        b"encoding-type",
        b"fetch-owner",
        b"key-marker",
        b"list-type",
        b"marker",
        b"max-keys",
        b"max-parts",
        b"max-uploads",
        b"part-number-marker",
        b"prefix",
        b"start-after",
        b"upload-id-marker",
        b"version-id-marker",
    )
)
_OF_QUERY_FORM: Final = frozenset((b"AWSAccessKeyId", b"Signature", b"Expires", b"content-md5", b"content-type"))


def verify_v2(signature: Signature, key: SigningKey, host_bucket: bytes) -> None:
    """The holder of ``key`` (the secret itself, for SHA-1) signed this request. Raises SigningError."""
    given = signature.signature.encode()
    texts = [string_to_sign_v2(signature, host_bucket, path) for path in _paths(signature.raw_path)]
    if not any(hmac.compare_digest(base64.b64encode(key.mac(text)), given) for text in texts):
        raise s3_mismatch(signature.access_key_id, signature.signature, texts[0])


def string_to_sign_v2(signature: Signature, host_bucket: bytes, path: bytes) -> bytes:
    """The lines that are signed: method, MD5, type, date, ``x-amz-`` headers, path with sub-resources."""
    in_query = signature.form is Form.QUERY_V2
    pairs = [(decode(name), decode(value) if equals else None) for name, equals, value in _pieces(signature.raw_query)]
    names = {name for name, _ in pairs}
    headers: dict[bytes, bytes] = {}
    for name, value in signature.headers:
        if name.startswith(b"x-amz-") or name in (b"content-md5", b"content-type", b"date"):
            headers[name] = headers[name] + b"," + value.strip() if name in headers else value.strip()
    if in_query:
        for name, query_value in pairs:
            given = query_value or b""
            if name.startswith(b"x-amz-"):  # it counts as a header, after one of that name
                headers[name] = headers[name] + b"," + given if name in headers else given
            elif name in (b"content-md5", b"content-type"):
                headers.setdefault(name, given)
    _refuse_unsigned(names, in_query=in_query)
    date = str(signature.expires).encode() if in_query else headers.get(b"date", b"")
    if b"x-amz-date" in headers and not in_query:
        date = b""
    first = (signature.method.encode(), headers.get(b"content-md5", b""), headers.get(b"content-type", b""), date)
    amz = b"".join(name + b":" + headers[name] + b"\n" for name in sorted(headers) if name.startswith(b"x-amz-"))
    return b"\n".join((*first, amz)) + _resource(path, pairs, host_bucket)


def _pieces(raw_query: bytes) -> list[tuple[bytes, bool, bytes]]:
    marked = []
    for piece in raw_query.split(b"&"):
        if piece:
            name, equals, value = piece.partition(b"=")
            marked.append((name, bool(equals), value))
    return marked


def _paths(raw_path: bytes) -> tuple[bytes, ...]:
    """The path as sent; of a bucket alone, clients sign it with a slash at the end, too (botocore)."""
    bucket_alone = raw_path.count(b"/") == 1 and len(raw_path) > 1
    return (raw_path, raw_path + b"/") if bucket_alone else (raw_path,)


def _resource(raw_path: bytes, pairs: list[tuple[bytes, bytes | None]], host_bucket: bytes) -> bytes:
    path = (b"/" + host_bucket if host_bucket else b"") + (raw_path or b"/")
    signed = sorted((name, value) for name, value in pairs if name in _SIGNED)
    if not signed:
        return path
    return path + b"?" + b"&".join(name if value is None else name + b"=" + value for name, value in signed)


def _refuse_unsigned(names: set[bytes], *, in_query: bool) -> None:
    loose = names - _SIGNED - _UNSIGNED
    if in_query:
        loose = {name for name in loose - _OF_QUERY_FORM if not name.startswith(b"x-amz-")}
    if loose:
        listed = ", ".join(sorted(name.decode("utf-8", "replace") for name in loose))
        raise denied(
            "There were query parameters present in the request which Signature Version 2 does not sign",
            {"QueryParametersNotSigned": listed},
        )
