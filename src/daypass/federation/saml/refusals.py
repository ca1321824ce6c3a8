"""What the caller is told of an assertion that is not taken: AWS's words, with the reason for the operator beside them.

Source: STS API Reference; IAM User Guide, "Troubleshoot SAML federation with IAM".
"""

from __future__ import annotations

from typing import Final

from daypass.errors import ApiError

NOT_BASE64: Final = "Invalid base64 SAMLResponse"
UNREADABLE: Final = "Invalid SAML response"
SIGNATURE: Final = "Response signature invalid"
AUDIENCE: Final = "Response does not contain the required audience."
NO_PROVIDER: Final = "Specified provider doesn't exist."
STALE_METADATA: Final = "The metadata of the specified provider has expired"
TOO_LATE: Final = "Token must be redeemed within 5 minutes of issuance"
EXPIRED: Final = "The SAML assertion has expired"
NOT_SUCCESS: Final = "The identity provider's response has not the status Success"
SPENT: Final = "The SAML assertion has been used already"
NO_SESSION_NAME: Final = "RoleSessionName is required in AuthnResponse"
BAD_SESSION_NAME: Final = "RoleSessionName in AuthnResponse must match [a-zA-Z_0-9+=,.@-]{2,64}"
BAD_SOURCE_IDENTITY: Final = 'Source Identity must match [a-zA-Z_0-9+=,.@-]{2,64} and not begin with "aws:"'
BAD_DURATION: Final = "SessionDuration in AuthnResponse must be a number of seconds from 900 to 43200"
BAD_TAGS: Final = "PrincipalTag and TransitiveTagKeys in AuthnResponse must be valid session tags"
DUPLICATE_TAGS: Final = "Duplicate tag keys found. Please note that Tag keys are case insensitive."
RESERVED_TAG: Final = "aws: prefixed tag key names are not allowed for external use."
NOT_AMONG_TAGS: Final = "The specified transitive tag key must be included in the requested tags."
_ISSUER: Final = (
    "Issuer not present in specified provider (Service: AWSOpenIdDiscoveryService; Status Code: 400; "
    "Error Code: AuthSamlInvalidSamlResponseException; Request ID: {}; Proxy: null)"
)


def invalid(text: str, reason: str) -> ApiError:
    """The assertion is not good."""
    return ApiError("InvalidIdentityToken", text, reason=f"SAML: {reason}")


def no_provider(reason: str) -> ApiError:
    """The call names a provider that is not registered."""
    return invalid(NO_PROVIDER, reason)


def wrong_issuer(request_id: str, reason: str) -> ApiError:
    """The assertion is another identity provider's. AWS's text shows which of its own services said so."""
    return invalid(_ISSUER.format(request_id), reason)


def expired(text: str, reason: str) -> ApiError:
    """The assertion was good once."""
    return ApiError("ExpiredTokenException", text, reason=f"SAML: {reason}")


def rejected(reason: str) -> ApiError:
    """The identity provider itself says no."""
    return ApiError("IDPRejectedClaim", NOT_SUCCESS, reason=f"SAML: {reason}")
