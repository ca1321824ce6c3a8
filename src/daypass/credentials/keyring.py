"""The key ring: what seals session tokens, secrets at rest and everything else that only Daypass may read.

Several root keys, each under an id of one byte. One is active and seals; all of them open, so rotation breaks no live
session, and retiring a key ends at once all that it sealed. A process that runs for long holds a :class:`LiveKeyRing`,
whose keys are replaced by those of a newer key file. From each root key HKDF-SHA256 (RFC 5869) derives one
sub-key per :class:`Purpose`: what was sealed for one purpose never opens for another.

A sealed blob is ``version | key id | nonce | AES-256-GCM ciphertext and tag`` (NIST SP 800-38D), with the version and
the key id authenticated. Nonces are 96 random bits. After n blobs under one sub-key two nonces are equal with a
probability of n**2 / 2**97: 2**-33 at SP 800-38D's limit of 2**32 blobs, which is five days of 10,000 new sessions a
second or four years of 30. Rotation begins a new count, and purposes do not share theirs. AES-GCM-SIV (RFC 8452) would
forgive a repeated nonce, but opening costs 1.6 to 4.0 microseconds in place of 0.5 to 0.6, on every request.

Do not add a purpose that seals what a stranger chose under a nonce that a stranger chose.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Final, NamedTuple, NoReturn

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

if TYPE_CHECKING:
    from collections.abc import Mapping

NONCE_BYTES: Final = 12
ROOT_KEY_BYTES: Final = 32
_VERSION: Final = b"\x01"
_HEAD_BYTES: Final = 2 + NONCE_BYTES
_LONGEST_TEXT: Final = 64 * 1024


class Purpose(StrEnum):
    """What a blob is sealed for. The value is the HKDF label: changing one is changing the key."""

    SESSION_TOKEN = "session-token"  # noqa: S105 - a label
    SECRET_AT_REST = "secret-at-rest"  # noqa: S105 - a label
    AUTHORIZATION_MESSAGE = "authorization-message"
    PAGINATION_MARKER = "pagination-marker"
    SIGNIN_TOKEN = "signin-token"  # noqa: S105 - a label
    TRADE_IN_TOKEN = "trade-in-token"  # noqa: S105 - a label


class CannotOpen(Exception):
    """A blob was not sealed by this ring for this purpose. Why not is nobody's business, so it says nothing more."""

    def __init__(self) -> None:
        super().__init__("cannot be opened")


class KeyDates(NamedTuple):
    """When a root key came into its ring and when another took over from it (seconds); None is not yet."""

    introduced: int = 0
    superseded: int | None = None


class _OldKeyFile(msgspec.Struct, forbid_unknown_fields=True, tag_field="daypass_key_ring", tag=1):
    """A key file of the first form: root keys by id, oldest first, without dates."""

    active: int
    keys: dict[int, bytes]


class _Key(msgspec.Struct, forbid_unknown_fields=True):
    """One root key of a key file."""

    material: bytes
    introduced: int
    superseded: int | None


class _KeyFile(msgspec.Struct, forbid_unknown_fields=True, tag_field="daypass_key_ring", tag=2):
    """A key file: root keys by id, oldest first."""

    active: int
    keys: dict[int, _Key]


class KeyRing:
    """A set of root keys; ``active`` is the one that seals. Changes give a new ring."""

    __slots__ = ("_ciphers", "_keys", "active", "dates")

    def __init__(self, keys: dict[int, bytes], active: int, dates: Mapping[int, KeyDates] | None = None) -> None:
        if active not in keys:
            raise ValueError(f"the ring has no key {active} to be active")
        for key_id, material in keys.items():
            _check_root_key(key_id, material)
        self.active = active
        self.dates = {key_id: (dates or {}).get(key_id, KeyDates()) for key_id in keys}
        self._keys = dict(keys)
        self._ciphers = {
            (key_id, purpose): AESGCM(_sub_key(material, purpose))
            for key_id, material in keys.items()
            for purpose in Purpose
        }

    @classmethod
    def generate(cls, entropy: bytes, at: int = 0) -> KeyRing:
        """A ring of one key, made of 32 random bytes."""
        return KeyRing({1: entropy}, active=1, dates={1: KeyDates(at)})

    @property
    def key_ids(self) -> tuple[int, ...]:
        """The ids of all keys that open, oldest first."""
        return tuple(self._keys)

    def seal(self, purpose: Purpose, plaintext: bytes, aad: bytes, nonce: bytes) -> bytes:
        """Seal under the active key. ``aad`` is authenticated, not stored; ``nonce`` is 12 fresh random bytes."""
        if len(nonce) != NONCE_BYTES:
            raise ValueError(f"a nonce has {NONCE_BYTES} bytes")
        head = _VERSION + bytes((self.active,))
        return head + nonce + self._ciphers[self.active, purpose].encrypt(nonce, plaintext, head + aad)

    def open(self, purpose: Purpose, blob: bytes, aad: bytes) -> bytes:
        """What was sealed for ``purpose`` with the same ``aad``. Raises CannotOpen."""
        if blob[:1] != _VERSION or len(blob) < _HEAD_BYTES:
            raise CannotOpen
        cipher = self._ciphers.get((blob[1], purpose))
        if cipher is None:
            raise CannotOpen
        try:
            return cipher.decrypt(blob[2:_HEAD_BYTES], blob[_HEAD_BYTES:], blob[:2] + aad)
        except (InvalidTag, ValueError):
            raise CannotOpen from None

    def introduce(self, entropy: bytes, at: int = 0) -> KeyRing:
        """A ring with a further key that opens but does not seal yet.

        Where several processes share a ring, each must know a key before the first of them seals with it.
        """
        newest = self.key_ids[-1]
        key_id = next((n % 256 for n in range(newest + 1, newest + 256) if n % 256 not in self._keys), None)
        if key_id is None:
            raise ValueError("the ring is full: retire keys first")
        if entropy in self._keys.values():
            raise ValueError("the ring has this key already")
        return KeyRing({**self._keys, key_id: entropy}, self.active, {**self.dates, key_id: KeyDates(at)})

    def activate(self, key_id: int, at: int = 0) -> KeyRing:
        """A ring that seals with ``key_id``."""
        dates = dict(self.dates)
        if key_id in dates and key_id != self.active:
            dates[self.active] = dates[self.active]._replace(superseded=at)
            dates[key_id] = dates[key_id]._replace(superseded=None)
        return KeyRing(self._keys, key_id, dates)

    def rotate(self, entropy: bytes, at: int = 0) -> KeyRing:
        """A ring that seals with a new key at once, and still opens what the others sealed."""
        ring = self.introduce(entropy, at)
        return ring.activate(ring.key_ids[-1], at)

    def retire(self, key_id: int) -> KeyRing:
        """A ring without one key: all that it sealed is closed for good."""
        if key_id not in self._keys:
            raise ValueError(f"the ring has no key {key_id}")
        kept = {other: material for other, material in self._keys.items() if other != key_id}
        return KeyRing(kept, self.active, self.dates)

    def close(self) -> None:
        """Nothing more will be sealed: a ring that is held for others to see lets go."""

    @property
    def waiting(self) -> int | None:
        """The key that was introduced and has never sealed; None where there is none."""
        newest = self.key_ids[-1]
        return newest if newest != self.active and self.dates[newest].superseded is None else None

    def has_a_key_of(self, other: KeyRing) -> bool:
        """Whether both hold a same key: rings that have none in common are of different installations."""
        return any(other._keys.get(key_id) == material for key_id, material in self._keys.items())

    def to_text(self) -> str:
        """The ring as the text of a key file. Whoever has it can make any session."""
        keys = {key_id: _Key(material, *self.dates[key_id]) for key_id, material in self._keys.items()}
        return msgspec.json.format(msgspec.json.encode(_KeyFile(self.active, keys))).decode() + "\n"

    @classmethod
    def from_text(cls, text: str) -> KeyRing:
        """The ring of a key file. Raises ValueError, without quoting the text, where it is none or has a weak key."""
        if len(text) > _LONGEST_TEXT:
            raise ValueError("not a key ring: too long")
        try:
            ring = _READER.decode(text)
        except (ValueError, RecursionError):
            raise ValueError("not a key ring of a version that this Daypass reads") from None
        if isinstance(ring, _OldKeyFile):
            return KeyRing(ring.keys, ring.active)
        dates = {key_id: KeyDates(key.introduced, key.superseded) for key_id, key in ring.keys.items()}
        return KeyRing({key_id: key.material for key_id, key in ring.keys.items()}, ring.active, dates)

    def __repr__(self) -> str:
        return f"KeyRing(active={self.active}, key_ids={self.key_ids})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a key ring is not pickled or copied")


class LiveKeyRing(KeyRing):
    """The ring of a process that runs for long: its keys are replaced while it is in use.

    :meth:`refresh` is called when something was sealed under a key that the ring does not know: a newer key file may.
    """

    __slots__ = ()

    def __init__(self, ring: KeyRing) -> None:
        super().__init__(ring._keys, ring.active, ring.dates)  # noqa: SLF001 - of its own kind

    def refresh(self) -> None:
        """Adopt what is newer, if there is anything."""
        raise NotImplementedError

    def adopt(self, ring: KeyRing) -> None:
        """Take over the keys of another ring; in this order, so that a key which seals is always one that is there."""
        keys, ciphers = {**self._keys, **ring._keys}, {**self._ciphers, **ring._ciphers}  # noqa: SLF001
        self._keys, self._ciphers, self.dates = keys, ciphers, {**self.dates, **ring.dates}
        self.active = ring.active
        self._keys, self._ciphers, self.dates = ring._keys, ring._ciphers, ring.dates  # noqa: SLF001

    def open(self, purpose: Purpose, blob: bytes, aad: bytes) -> bytes:
        try:
            return super().open(purpose, blob, aad)
        except CannotOpen:
            if blob[:1] != _VERSION or len(blob) < _HEAD_BYTES or blob[1] in self._keys:
                raise
        self.refresh()
        return super().open(purpose, blob, aad)


def key_id_of(blob: bytes) -> int:
    """The id of the root key under which something was sealed, as it says itself. Raises ValueError for no such blob."""
    if blob[:1] != _VERSION or len(blob) < _HEAD_BYTES:
        raise ValueError("not sealed by a key ring")
    return blob[1]


def _check_root_key(key_id: int, material: bytes) -> None:
    if not 0 <= key_id <= 255:
        raise ValueError(f"a key id is one byte, not {key_id}")
    if len(material) != ROOT_KEY_BYTES:
        raise ValueError(f"root key {key_id} must have {ROOT_KEY_BYTES} bytes")
    if len(set(material)) < 8:  # 32 random bytes have fewer than 8 values once in 10**45 draws
        raise ValueError(f"root key {key_id} is not random")


def _sub_key(material: bytes, purpose: Purpose) -> bytes:
    info = b"daypass/1/" + purpose.value.encode()
    return HKDF(algorithm=SHA256(), length=ROOT_KEY_BYTES, salt=None, info=info).derive(material)


_READER: Final = msgspec.json.Decoder(_OldKeyFile | _KeyFile)
