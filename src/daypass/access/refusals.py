"""What is wrong with a caller's key or token, in the words of each kind of service.

Sources: recorded answers of STS and IAM (sts.md 1.6, 1.7) and of S3 (s3.md 1.11, 9); JSON services by endpoints.md 2.1.
"""

from __future__ import annotations

from enum import Enum

from daypass.errors import ApiError


class KeyRefusal(Enum):
    """Why a key or token is not taken."""

    UNSIGNED = "unsigned"
    UNKNOWN_KEY = "unknown key"
    TOKEN_MISSING = "session key without token"  # noqa: S105 - a reason
    BAD_TOKEN = "token does not open, or belongs to another key"  # noqa: S105 - a reason
    EXPIRED = "session has expired"
    ISSUER_GONE = "the role or user behind the session is gone"
    REVOKED = "the session was revoked"
    CLOSED_SERVICE = "the service takes no session of this kind"
    TOKEN_WITH_LONG_TERM_KEY = "token sent along with a long-term key"  # noqa: S105 - a reason


_INVALID = "The security token included in the request is invalid."
_EXPIRED = "The security token included in the request is expired"

_QUERY: dict[KeyRefusal, tuple[str, str]] = {
    KeyRefusal.UNSIGNED: ("MissingAuthenticationToken", "Request is missing Authentication Token"),
    KeyRefusal.EXPIRED: ("ExpiredToken", _EXPIRED),
}
_JSON: dict[KeyRefusal, tuple[str, str]] = {
    KeyRefusal.UNSIGNED: ("MissingAuthenticationTokenException", "Missing Authentication Token"),
    KeyRefusal.EXPIRED: ("ExpiredTokenException", _EXPIRED),
}
_S3_UNKNOWN = ("InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records.")
_S3: dict[KeyRefusal, tuple[str, str]] = {
    KeyRefusal.UNSIGNED: ("AccessDenied", "Access Denied"),
    KeyRefusal.UNKNOWN_KEY: _S3_UNKNOWN,
    KeyRefusal.TOKEN_MISSING: _S3_UNKNOWN,
    KeyRefusal.ISSUER_GONE: _S3_UNKNOWN,
    KeyRefusal.REVOKED: _S3_UNKNOWN,
    KeyRefusal.EXPIRED: ("ExpiredToken", "The provided token has expired."),
}
_S3_BAD_TOKEN = ("InvalidToken", "The provided token is malformed or otherwise invalid.")

REST_JSON_SERVICES = frozenset({"access-analyzer"})
JSON_SERVICES = frozenset({"cloudtrail"}) | REST_JSON_SERVICES


def refusal(why: KeyRefusal, service: str, access_key_id: str | None = None) -> ApiError:
    """The error that ``service`` (its signing name) answers."""
    if service == "s3":
        code, message = _S3.get(why, _S3_BAD_TOKEN)
        members = {"AWSAccessKeyId": access_key_id} if code == "InvalidAccessKeyId" and access_key_id else None
        return ApiError(code, message, members=members, reason=why.value)
    if service in JSON_SERVICES:
        code, message = _JSON.get(why, ("UnrecognizedClientException", _INVALID))
    else:
        code, message = _QUERY.get(why, ("InvalidClientTokenId", _INVALID))
    return ApiError(code, message, reason=why.value)
