"""Signature Version 4 in the query: presigned URLs.

S3 honours X-Amz-Expires; every other service ignores it, and a presigned call of theirs lives as long as a signed header
would. So it is read for S3 alone.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from daypass.signing.dates import parse_basic
from daypass.signing.faults import Dialect, incomplete, malformed_query
from daypass.signing.read_header import credential_fault, date_fault, signed_names
from daypass.signing.request_parts import RequestTime, split_credential
from daypass.signing.signature import ALGORITHM, UNSIGNED_PAYLOAD, Form, PayloadKind, Signature, payload_kind

if TYPE_CHECKING:
    from daypass.signing.request_parts import Credential, RequestParts

LONGEST_LIFE: Final = 604_800
_REQUIRED: Final = ("X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Signature", "X-Amz-SignedHeaders", "X-Amz-Date")
_S3_REQUIRED: Final = (*_REQUIRED, "X-Amz-Expires")
_S3_MISSING: Final = (
    "Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, X-Amz-Signature, "
    "X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters."
)
_S3_CREDENTIAL: Final = (
    "Error parsing the X-Amz-Credential parameter; the Credential is mal-formed; "
    'expecting "<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request".'
)
_S3_DATE: Final = "X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\""
_S3_TOO_LONG: Final = (
    "X-Amz-Expires must be less than a week (in seconds); "
    "that is, the given X-Amz-Expires must be less than 604800 seconds"
)
_NUMBER: Final = re.compile(r"-?[0-9]+")


def read_query(request: RequestParts, parameters: dict[str, str]) -> Signature:
    """The signature in the query ``parameters``. Raises SigningError for one that is broken."""
    if request.dialect is Dialect.S3:
        credential, time = _s3_values(parameters)
        expires = _s3_expires(parameters["X-Amz-Expires"])
    else:
        credential, time = _values(request, parameters)
        expires = None
    names = signed_names(parameters["X-Amz-SignedHeaders"])
    payload, kind = _payload(request, parameters, names)
    return Signature(
        dialect=request.dialect,
        form=Form.QUERY,
        method=request.method,
        raw_path=request.raw_path,
        raw_query=request.raw_query,
        headers=request.headers,
        access_key_id=credential.access_key_id,
        signature=parameters["X-Amz-Signature"],
        timestamp=time.timestamp,
        sent_time=time.sent,
        epoch=time.epoch,
        scope=credential.scope,
        date=credential.date,
        region=credential.region,
        service=credential.service,
        terminator=credential.terminator,
        signed_headers=names,
        session_token=parameters.get("X-Amz-Security-Token", request.fields.get(b"x-amz-security-token")),
        expires=expires,
        payload=payload,
        payload_kind=kind,
    )


def _values(request: RequestParts, parameters: dict[str, str]) -> tuple[Credential, RequestTime]:
    dialect = request.dialect
    faults = [f"AWS query-string parameters must include '{name}'." for name in _REQUIRED if not parameters.get(name)]
    if faults:
        raise incomplete(dialect, " ".join((*faults, "Re-examine the query-string parameters.")))
    if parameters["X-Amz-Algorithm"] != ALGORITHM:
        raise incomplete(dialect, f"Unsupported AWS 'algorithm': '{parameters['X-Amz-Algorithm']}'.")
    credential = split_credential(parameters["X-Amz-Credential"])
    if credential is None:
        raise incomplete(dialect, credential_fault(parameters["X-Amz-Credential"]))
    sent = parameters["X-Amz-Date"]
    epoch = parse_basic(sent)
    if epoch is None:
        raise incomplete(dialect, date_fault(sent))
    return credential, RequestTime(sent, sent, epoch)


def _s3_values(parameters: dict[str, str]) -> tuple[Credential, RequestTime]:
    if not all(parameters.get(name) for name in _S3_REQUIRED):
        raise malformed_query(_S3_MISSING)
    if parameters["X-Amz-Algorithm"] != ALGORITHM:
        raise malformed_query(f'X-Amz-Algorithm only supports "{ALGORITHM}"')
    credential = split_credential(parameters["X-Amz-Credential"])
    if credential is None or not credential.access_key_id:
        raise malformed_query(_S3_CREDENTIAL)
    sent = parameters["X-Amz-Date"]
    epoch = parse_basic(sent)
    if epoch is None:
        raise malformed_query(_S3_DATE)
    return credential, RequestTime(sent, sent, epoch)


def _s3_expires(text: str) -> int:
    if not _NUMBER.fullmatch(text):
        raise malformed_query("X-Amz-Expires should be a number")
    if text.startswith("-"):
        raise malformed_query("X-Amz-Expires must be non-negative")
    if len(text) > 20 or int(text) > LONGEST_LIFE:
        raise malformed_query(_S3_TOO_LONG)
    return int(text)


def _payload(
    request: RequestParts, parameters: dict[str, str], names: tuple[bytes, ...]
) -> tuple[str | None, PayloadKind]:
    """S3: unsigned, unless a parameter or a signed header says more. Other services hash the body themselves."""
    if request.dialect is not Dialect.S3:
        return None, PayloadKind.HASH
    value = parameters.get("X-Amz-Content-Sha256")
    if value is None and b"x-amz-content-sha256" in names:
        value = request.fields.get(b"x-amz-content-sha256")
    if value is None:
        return UNSIGNED_PAYLOAD, PayloadKind.UNSIGNED
    return value, payload_kind(value)
