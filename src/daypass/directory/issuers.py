"""An account as an OpenID issuer: the keys that sign its identity tokens (IAM User Guide, "outbound identity federation").

A key that follows another is published first and signs only when those who verify have had time to fetch it; the one that
it follows stays published until its last token has expired. Both follow from the times alone: nothing has to run for it.
"""

from __future__ import annotations

from typing import ClassVar

import msgspec

from daypass.credentials import Secret  # noqa: TC001 - msgspec reads the annotations
from daypass.directory.records import Key, Record

ALGORITHMS = ("ES384", "RS256")
LONGEST_TOKEN = 3600
"""Seconds that an identity token is good for at most."""
AHEAD = 600
"""Seconds between publishing a key and signing with it: twice the time for which published keys may be kept."""
MARGIN = 300
"""Seconds by which a verifier's clock may be slow."""


class IssuerKey(msgspec.Struct, frozen=True, array_like=True):
    """One signing key. ``id`` is its ``kid``, the RFC 7638 thumbprint; ``pem`` the private key."""

    id: str
    algorithm: str
    pem: Secret
    signs_from: int


class OutboundIssuer(Record, frozen=True, array_like=True):
    """An account's issuer. ``id`` is the UUID in its URL; keys are in order of ``signs_from``."""

    kind: ClassVar[str] = "outbound_issuer"
    account: str
    id: str
    created: int
    enabled: bool
    keys: tuple[IssuerKey, ...]

    @property
    def key(self) -> Key:
        return issuer_key(self.account)

    @property
    def unique_id(self) -> str:
        return self.id

    def signing(self, algorithm: str, now: float) -> IssuerKey:
        """The key that signs now."""
        of_kind = [key for key in self.keys if key.algorithm == algorithm]
        due = [key for key in of_kind if key.signs_from <= now]
        return due[-1] if due else of_kind[0]

    def published_until(self, key: IssuerKey) -> int | None:
        """Until when tokens under a key may be verified; None where no other key has taken over from it."""
        later = [k.signs_from for k in self.keys if k.algorithm == key.algorithm and k.signs_from > key.signs_from]
        return min(later) + LONGEST_TOKEN + MARGIN if later else None

    def published(self, now: float) -> tuple[IssuerKey, ...]:
        """The keys that verifiers may need."""
        return tuple(key for key in self.keys if (until := self.published_until(key)) is None or now < until)


def issuer_key(account: str) -> Key:
    """Where an account's issuer stands."""
    return Key("outbound_issuer", account, "")
