"""What never enters a record, whatever a caller sends or an operation answers.

Two rules, and either suffices: the service model marks a shape ``sensitive``, or a member bears one of these names.
Source: CloudTrail User Guide (sample records of STS, IAM and sign-in). Two members that AWS does record are left out here:
session tokens, for whoever may read the trail could use them, and encoded authorization messages, which are no secret but
open to everyone in the account with ``sts:DecodeAuthorizationMessage``. Nothing joins records on either.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from daypass.protocol.models import Model

NEVER_RECORDED: Final = frozenset(
    name.lower()
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
    return sensitive or member.lower() in NEVER_RECORDED


def secret_places(model: Model) -> re.Pattern[str]:
    """How STS names the place of a value that it refuses, where the value is a secret: ``' at 'tokenCode'``."""
    sensitive = {
        name.lower()
        for shape in model.shapes.values()
        for name, member in shape.members.items()
        if model.shapes[member.shape].sensitive
    }
    names = "|".join(sorted(map(re.escape, NEVER_RECORDED | sensitive)))
    return re.compile(rf"' at '(?:[\w.]{{1,200}}\.)?(?:{names})'", re.IGNORECASE)


def without_echoes(text: str, places: re.Pattern[str]) -> str:
    """A refusal's text (``Value '...' at 'tokenCode' failed to satisfy constraint``) without the secrets it repeats.

    All is left out from the first value to the last secret's place, for a value may hold quotes and places of its own.
    """
    start = text.find("Value '")
    ends = [found.start() for found in places.finditer(text, start)] if start >= 0 else []
    return f"{text[:start]}Value left out{text[ends[-1] + 1 :]}" if ends else text
