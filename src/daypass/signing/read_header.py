"""Signature Version 4 in the Authorization header.

``AWS4-HMAC-SHA256 Credential=<key id>/<date>/<region>/<service>/aws4_request, SignedHeaders=a;b;c, Signature=<hex>``,
with texts of refusal as STS and S3 give them.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

from daypass.signing.faults import Dialect, SigningError, denied, incomplete, malformed_header
from daypass.signing.request_parts import header_time, split_credential
from daypass.signing.signature import ALGORITHM, Form, PayloadKind, Signature, payload_kind

if TYPE_CHECKING:
    from daypass.signing.request_parts import Credential, RequestParts, RequestTime

_COMPONENTS: Final = ("Credential", "SignedHeaders", "Signature")
_THREE: Final = "the authorization header requires three components: Credential, SignedHeaders, and Signature."
_CREDENTIAL: Final = 'the Credential is mal-formed; expecting "<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request".'


def read_header(request: RequestParts, authorization: str) -> Signature:
    """The signature in an Authorization header. Raises SigningError for one that is broken."""
    if request.dialect is Dialect.S3:
        parts = _components_s3(authorization)
        credential, time = _s3_values(request, parts)
        payload, kind = _s3_payload(request.fields.get(b"x-amz-content-sha256"))
    else:
        parts = _components(request, authorization)
        credential, time = _values(request, parts, authorization)
        payload, kind = None, PayloadKind.HASH  # the body is hashed, whatever the header says
    return Signature(
        dialect=request.dialect,
        form=Form.HEADER,
        method=request.method,
        raw_path=request.raw_path,
        raw_query=request.raw_query,
        headers=request.headers,
        access_key_id=credential.access_key_id,
        signature=parts["Signature"],
        timestamp=time.timestamp,
        sent_time=time.sent,
        epoch=time.epoch,
        scope=credential.scope,
        date=credential.date,
        region=credential.region,
        service=credential.service,
        terminator=credential.terminator,
        signed_headers=signed_names(parts["SignedHeaders"]),
        session_token=request.fields.get(b"x-amz-security-token"),
        payload=payload,
        payload_kind=kind,
    )


@lru_cache(maxsize=128)  # a client says the same all day
def signed_names(text: str) -> tuple[bytes, ...]:
    """The names of the signed headers, lower-case and sorted, as they go into the canonical request."""
    return tuple(sorted(text.lower().encode("latin-1").split(b";")))


def _components(request: RequestParts, authorization: str) -> dict[str, str]:
    algorithm, _, rest = authorization.partition(" ")
    if algorithm != ALGORITHM and algorithm.startswith("AWS"):
        raise incomplete(request.dialect, f"Unsupported AWS 'algorithm': '{algorithm}'.")
    parts: dict[str, str] = {}
    for piece in rest.split(",") if rest else ():
        name, equals, value = piece.strip().partition("=")
        if not equals or name in parts:
            fault = f"not a valid key=value pair (missing equal-sign) in Authorization header: '{authorization}'."
            raise incomplete(request.dialect, f"'{piece.strip()}' {fault}")
        parts[name] = value
    if algorithm != ALGORITHM:
        parts.clear()  # another scheme's parameters are none of ours, whatever their names
    return parts


def _values(request: RequestParts, parts: dict[str, str], authorization: str) -> tuple[Credential, RequestTime]:
    fields = request.fields
    absent = [name for name in ("Credential", "Signature", "SignedHeaders") if not parts.get(name)]
    dated = fields.get(b"x-amz-date") or fields.get(b"date")
    if absent or not dated:
        faults = [f"Authorization header requires '{name}' parameter." for name in absent]
        if not dated:
            faults.append("Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.")
        raise incomplete(request.dialect, " ".join((*faults, f"Authorization={authorization}")))
    credential = split_credential(parts["Credential"])
    if credential is None:
        raise incomplete(request.dialect, credential_fault(parts["Credential"]))
    time = header_time(fields)
    if time is None:
        raise incomplete(request.dialect, date_fault(dated))
    return credential, time


def credential_fault(credential: str) -> str:
    """What the Query services say to a Credential that has not five elements."""
    return f"Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got '{credential}'"


def date_fault(date: str) -> str:
    """What the Query services say to a time in another form."""
    return f"Date must be in ISO-8601 'basic format'. Got '{date}'. See http://en.wikipedia.org/wiki/ISO_8601"


def _components_s3(authorization: str) -> dict[str, str]:
    pieces = [piece.strip().partition("=") for piece in authorization[len(ALGORITHM) :].split(",")]
    parts = {name: value for name, _, value in pieces}
    if len(pieces) != len(_COMPONENTS) or len(parts) != len(_COMPONENTS):
        raise malformed_header(_THREE)
    for name in _COMPONENTS:
        if not parts.get(name):
            raise malformed_header(f"missing {name}.")
    return parts


def _s3_values(request: RequestParts, parts: dict[str, str]) -> tuple[Credential, RequestTime]:
    credential = split_credential(parts["Credential"])
    if credential is None or not credential.access_key_id:
        raise malformed_header(_CREDENTIAL)
    time = header_time(request.fields)
    if time is None:
        raise denied("AWS authentication requires a valid Date or x-amz-date header")
    return credential, time


def _s3_payload(payload: str | None) -> tuple[str | None, PayloadKind]:
    if payload is None:
        raise SigningError("InvalidRequest", "Missing required header for this request: x-amz-content-sha256", 400)
    return payload, payload_kind(payload)
