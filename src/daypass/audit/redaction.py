"""What never enters a record, whatever a caller sends or an operation answers.

Two rules, and either suffices: the service model marks a shape ``sensitive``, or a member bears one of these names.
Source: CloudTrail User Guide (sample records of STS, IAM and sign-in). Two members that AWS does record are left out here:
session tokens, for whoever may read the trail could use them, and encoded authorization messages, which are no secret but
open to everyone in the account with ``sts:DecodeAuthorizationMessage``. Nothing joins records on either.
"""

from __future__ import annotations

from typing import Final

NEVER_RECORDED: Final = frozenset(
    name.casefold()
    for name in (
        "AuthenticationCode",
        "AuthenticationCode1",
        "AuthenticationCode2",
        "Base32StringSeed",
        "ClientSecret",
        "DecodedMessage",
        "EncodedMessage",
        "MFA",  # S3: serial number and code in one header
        "NewPassword",
        "OldPassword",
        "Password",
        "PrivateKey",
        "QRCodePNG",
        "RefreshToken",
        "SAMLAssertion",
        "SecretAccessKey",
        "ServiceCredentialSecret",
        "ServicePassword",
        "SessionToken",
        "TokenCode",
        "TradeInToken",
        "WebIdentityToken",
    )
)


def is_secret(member: str, *, sensitive: bool) -> bool:
    """Whether a member of a request or an answer must be left out of its record."""
    return sensitive or member.casefold() in NEVER_RECORDED
