"""The one exception of this room, and the words that several of its checks share.

Codes and texts are AWS's: of the Query services as recorded at STS, of the JSON services by their own names for the same
faults, of S3 by its "Error responses" page.
"""

from __future__ import annotations

from enum import Enum
from typing import Final


class Dialect(Enum):
    """How a service words a refusal, and which rules of Signature Version 4 are its own."""

    QUERY = "query"
    """STS, IAM: form bodies, hashed whole; a presigned call lives 15 minutes whatever it says."""
    JSON = "json"
    """CloudTrail: as Query, with other names for the faults; the operation is in a header, so that must be signed."""
    REST_JSON = "rest-json"
    """Access Analyzer: the names of the JSON services with the statuses of the Query services."""
    S3 = "s3"
    """Paths signed as they are, payload hash declared in a header, lifetimes honoured, Signature Version 2 known."""


class SigningError(Exception):
    """A request is not signed as it must be. ``members`` are further elements of S3's error body, in order."""

    def __init__(self, code: str, message: str, status: int, members: dict[str, str] | None = None) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message
        self.status = status
        self.members = members or {}


_JSON_DIALECTS: Final = frozenset({Dialect.JSON, Dialect.REST_JSON})
_JSON_CODES: Final = {
    "IncompleteSignature": "IncompleteSignatureException",
    "MissingAuthenticationToken": "MissingAuthenticationTokenException",
    "SignatureDoesNotMatch": "InvalidSignatureException",
}
_S3_MISMATCH: Final = (
    "The request signature we calculated does not match the signature you provided. Check your key and signing method."
)
_MECHANISM: Final = "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256."


def refused(dialect: Dialect, code: str, message: str, status: int) -> SigningError:
    """A fault in the words of the Query services, or of the JSON services (of which CloudTrail's kind answers 400 to all)."""
    if dialect in _JSON_DIALECTS:
        return SigningError(_JSON_CODES[code], message, 400 if dialect is Dialect.JSON else status)
    return SigningError(code, message, status)


def incomplete(dialect: Dialect, message: str) -> SigningError:
    """A signature whose form is broken."""
    return refused(dialect, "IncompleteSignature", message, 400)


def mismatch(dialect: Dialect, message: str) -> SigningError:
    """A signature whose scope, time or value is wrong."""
    return refused(dialect, "SignatureDoesNotMatch", message, 403)


def missing_signature(dialect: Dialect) -> SigningError:
    """The refusal of an unsigned request by an operation that must be signed (S3: by policy, as any other)."""
    if dialect is Dialect.S3:
        return SigningError("AccessDenied", "Access Denied", 403)
    message = "Missing Authentication Token" if dialect in _JSON_DIALECTS else "Request is missing Authentication Token"
    return refused(dialect, "MissingAuthenticationToken", message, 403)


def denied(message: str, members: dict[str, str] | None = None) -> SigningError:
    """S3's refusal of what is well-formed and not allowed."""
    return SigningError("AccessDenied", message, 403, members)


def invalid_argument(message: str, name: str, value: str) -> SigningError:
    """S3's refusal of one value."""
    return SigningError("InvalidArgument", message, 400, {"ArgumentName": name, "ArgumentValue": value})


def unsupported_mechanism() -> SigningError:
    """S3's refusal of ways to sign that this server does not know or has switched off."""
    return SigningError("InvalidRequest", _MECHANISM, 400)


def malformed_header(message: str, members: dict[str, str] | None = None) -> SigningError:
    """S3's refusal of an Authorization header."""
    text = f"The authorization header is malformed; {message}"
    return SigningError("AuthorizationHeaderMalformed", text, 400, members)


def malformed_query(message: str, members: dict[str, str] | None = None) -> SigningError:
    """S3's refusal of the authentication parameters of a presigned URL."""
    return SigningError("AuthorizationQueryParametersError", message, 400, members)


def s3_mismatch(access_key_id: str, given: str, text: bytes, request: bytes | None = None) -> SigningError:
    """S3's refusal, with what was to be signed: it holds nothing but what the client sent."""
    members = {
        "AWSAccessKeyId": access_key_id,
        "StringToSign": text.decode("utf-8", "replace"),
        "SignatureProvided": given,
        "StringToSignBytes": text.hex(" "),
    }
    if request is not None:
        members["CanonicalRequest"] = request.decode("utf-8", "replace")
        members["CanonicalRequestBytes"] = request.hex(" ")
    return SigningError("SignatureDoesNotMatch", _S3_MISMATCH, 403, members)
