"""Passwords as they are kept: Argon2id (RFC 9106) in the PHC string format, with the costs that OWASP names as least.

The string holds its own costs, so that they can be raised without losing what is stored.
"""

from __future__ import annotations

from typing import Final

from cryptography.exceptions import InvalidKey
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from daypass.credentials.secrets import Secret

SALT_BYTES: Final = 16
_ITERATIONS: Final = 2
_LANES: Final = 1
_KIBIBYTES: Final = 19_456
_LENGTH: Final = 32


def hashed_password(password: str, salt: bytes) -> Secret:
    """What is kept of a password. ``salt`` is sixteen fresh random bytes. Takes about 25 ms of a processor."""
    if len(salt) != SALT_BYTES:
        raise ValueError(f"a salt has {SALT_BYTES} bytes")
    kdf = Argon2id(salt=salt, length=_LENGTH, iterations=_ITERATIONS, lanes=_LANES, memory_cost=_KIBIBYTES)
    return Secret(kdf.derive_phc_encoded(password.encode()))


def is_password(password: str, kept: Secret) -> bool:
    """Whether a password is the one of which that was kept."""
    try:
        Argon2id.verify_phc_encoded(password.encode(), kept.reveal())
    except InvalidKey:
        return False
    return True
