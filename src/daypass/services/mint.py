"""New identifiers and secrets for operations: the forms are :mod:`daypass.credentials`', the randomness is passed in."""

from __future__ import annotations

from base64 import b32encode
from dataclasses import dataclass
from typing import TYPE_CHECKING

from daypass.credentials import Secret, access_key_id, secret_access_key, unique_id

if TYPE_CHECKING:
    from collections.abc import Callable

AEAD_NONCE = 12
SECRET_ENTROPY = 30


@dataclass(frozen=True, slots=True)
class Mint:
    """Makes ids and secrets from one source of random bytes."""

    random: Callable[[int], bytes]

    def long_term_key(self, account: str) -> tuple[str, Secret]:
        """An ``AKIA...`` id and its secret."""
        return access_key_id(account, "AKIA", self.random(8)), secret_access_key(self.random(SECRET_ENTROPY))

    def session_key(self, account: str) -> tuple[str, Secret]:
        """An ``ASIA...`` id and its secret."""
        entropy = self.random(8 + SECRET_ENTROPY)
        return access_key_id(account, "ASIA", entropy[:8]), secret_access_key(entropy[8:])

    def unique_id(self, prefix: str, account: str) -> str:
        """A unique id such as ``AIDA...``."""
        return unique_id(prefix, account, self.random(12))

    def certificate_id(self) -> str:
        """The id of a signing certificate: 32 characters."""
        return b32encode(self.random(20)).decode()

    def uuid(self) -> str:
        """A random UUID (RFC 9562, version 4)."""
        digits = self.random(16).hex()
        variant = "89ab"[int(digits[16], 16) & 3]
        return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:]}"

    def nonce(self) -> bytes:
        """A nonce for authenticated encryption."""
        return self.random(AEAD_NONCE)
