"""Which form of signature a request has, if any (s3: "Authenticating Requests"; others: "Signing AWS API requests").

The first of the checks, in AWS's order: presence and form. Nothing is verified here, and nothing that is read here may be
used before :func:`daypass.signing.verify` has passed. A request signed in two ways, or with a parameter of the signature
given twice, is refused: two readers could take it for two different requests.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from daypass.signing.canonical import decode, query_pairs
from daypass.signing.faults import Dialect, incomplete, invalid_argument, unsupported_mechanism
from daypass.signing.read_header import read_header
from daypass.signing.read_query import read_query
from daypass.signing.read_version2 import read_header_v2, read_query_v2
from daypass.signing.request_parts import HEADERS_OF_SIGNATURE, RequestParts
from daypass.signing.signature import ALGORITHM

if TYPE_CHECKING:
    from daypass.signing.signature import Headers, Signature

_HINT: Final = re.compile(rb"X-Amz-|AWSAccessKeyId|Signature|Expires|%")
_PARAMETERS_V4: Final = frozenset(
    (
        "X-Amz-Algorithm",
        "X-Amz-Credential",
        "X-Amz-Date",
        "X-Amz-Expires",
        "X-Amz-SignedHeaders",
        "X-Amz-Signature",
        "X-Amz-Security-Token",
        "X-Amz-Content-Sha256",
    )
)
_MARKS_OF_V4: Final = _PARAMETERS_V4 - {"X-Amz-Date", "X-Amz-Security-Token", "X-Amz-Content-Sha256"}
_MARKS_OF_V2: Final = frozenset(("AWSAccessKeyId", "Signature", "Expires"))
_PARAMETERS_V2: Final = _MARKS_OF_V2 | {"x-amz-security-token"}
_ONE_MECHANISM: Final = (
    "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, "
    "Signature query string parameter or the Authorization header should be specified"
)


def read_signature(
    method: str, raw_path: bytes, raw_query: bytes, headers: Headers, dialect: Dialect
) -> Signature | None:
    """What a request says about its signer, or None where it is not signed. Raises SigningError for a broken form."""
    fields: dict[bytes, str] = {}
    for name, value in headers:
        if name in HEADERS_OF_SIGNATURE:
            if name in fields:
                raise _twice(dialect, name.decode(), value.decode("latin-1"))
            fields[name] = value.strip().decode("latin-1")
    parameters = _parameters(raw_query, dialect) if _HINT.search(raw_query) else {}
    request = RequestParts(dialect, method, raw_path, raw_query, headers, fields)
    authorization = fields.get(b"authorization")
    by_query = not parameters.keys().isdisjoint(_MARKS_OF_V4)
    by_query_v2 = not parameters.keys().isdisjoint(_MARKS_OF_V2)
    if (authorization is not None) + by_query + by_query_v2 > 1:
        raise _two_mechanisms(dialect, authorization)
    if by_query:
        return read_query(request, parameters)
    if by_query_v2:
        return read_query_v2(request, parameters)
    if authorization is None:
        return None
    if dialect is Dialect.S3:
        return _read_s3_header(request, authorization)
    return read_header(request, authorization) if authorization else None


def _read_s3_header(request: RequestParts, authorization: str) -> Signature:
    scheme, blank, rest = authorization.partition(" ")
    if not blank or rest[:1] in ("", " "):
        raise invalid_argument(
            "Authorization header is invalid -- one and only one ' ' (space) required.", "Authorization", authorization
        )
    if scheme == ALGORITHM:
        return read_header(request, authorization)
    if scheme == "AWS":
        return read_header_v2(request, rest)
    if scheme.startswith("AWS4-"):
        raise unsupported_mechanism()
    raise invalid_argument("Unsupported Authorization Type", "Authorization", authorization)


def _parameters(raw_query: bytes, dialect: Dialect) -> dict[str, str]:
    """The query parameters that belong to a signature, each given once."""
    known = _PARAMETERS_V4 | _PARAMETERS_V2 if dialect is Dialect.S3 else _PARAMETERS_V4
    found: dict[str, str] = {}
    for raw_name, raw_value in query_pairs(raw_query):
        name = decode(raw_name).decode("latin-1")
        if name in known:
            value = decode(raw_value).decode("latin-1")
            if name in found:
                raise _twice(dialect, name, value)
            found[name] = value
    return found


def _twice(dialect: Dialect, name: str, value: str) -> Exception:
    message = f"'{name}' must be given once only."
    return invalid_argument(message, name, value) if dialect is Dialect.S3 else incomplete(dialect, message)


def _two_mechanisms(dialect: Dialect, authorization: str | None) -> Exception:
    if dialect is Dialect.S3:
        return invalid_argument(_ONE_MECHANISM, "Authorization", authorization or "")
    return incomplete(dialect, _ONE_MECHANISM)
