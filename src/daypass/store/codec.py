"""Records as bytes and back. Secrets in them are sealed under the key ring, which is not in the database.

The record's key is authenticated with each secret: a secret that was moved to another record does not open there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from daypass.credentials import CannotOpen, Purpose, Secret, key_id_of
from daypass.directory import KINDS
from daypass.store.interface import StoreProblem

if TYPE_CHECKING:
    from collections.abc import Callable

    from daypass.credentials import KeyRing
    from daypass.directory import Record
    from daypass.store.notes import Place

_NONCE_BYTES = 12


class RecordCodec:
    """Encodes and decodes on one thread: it remembers which record it is at."""

    def __init__(self, keyring: KeyRing, random: Callable[[int], bytes]) -> None:
        self.keyring = keyring
        self.random = random
        self._key: Place = ("", "", "")
        self._encoder = msgspec.msgpack.Encoder(enc_hook=self._seal)
        self._decoders = {kind: msgspec.msgpack.Decoder(cls, dec_hook=self._unseal) for kind, cls in KINDS.items()}
        self._noted: set[int] = set()
        self._noting = {kind: msgspec.msgpack.Decoder(cls, dec_hook=self._note) for kind, cls in KINDS.items()}

    def encode(self, record: Record) -> bytes:
        """The record's body as it is stored."""
        self._key = record.key
        return self._encoder.encode(record)

    def decode(self, key: Place, body: bytes) -> Record:
        """The record of a body. Raises StoreProblem where it is damaged or was sealed under other keys."""
        self._key = key
        try:
            return self._decoders[key[0]].decode(body)
        except CannotOpen as error:
            text = "its secret was sealed under another key ring than this one, or it is damaged"
            raise StoreProblem(f"the stored {key[0]} {key[2]} cannot be read: {text}") from error
        except msgspec.DecodeError as error:
            raise StoreProblem(f"the stored {key[0]} {key[2]} cannot be read: {error}") from error

    def sealed_under(self, kind: str, body: bytes) -> frozenset[int]:
        """The ids of the root keys under which the secrets of a body are sealed. Opens none of them."""
        self._noted = set()
        try:
            self._noting[kind].decode(body)
        except msgspec.DecodeError:
            return frozenset()  # no secret of it could be read under any key
        return frozenset(self._noted)

    def _seal(self, value: Any) -> bytes:
        if not isinstance(value, Secret):
            raise NotImplementedError(f"a record holds a {type(value).__name__}")
        return self.keyring.seal(
            Purpose.SECRET_AT_REST, value.reveal().encode(), self._aad(), self.random(_NONCE_BYTES)
        )

    def _unseal(self, wanted: type, sealed: Any) -> Secret:
        if wanted is not Secret or not isinstance(sealed, bytes):
            raise ValueError(f"a {wanted.__name__} that is not sealed")
        return Secret(self.keyring.open(Purpose.SECRET_AT_REST, sealed, self._aad()).decode())

    def _note(self, wanted: type, sealed: Any) -> Secret:
        if wanted is not Secret or not isinstance(sealed, bytes):
            raise ValueError(f"a {wanted.__name__} that is not sealed")
        self._noted.add(key_id_of(sealed))
        return Secret("")

    def _aad(self) -> bytes:
        return msgspec.msgpack.encode(tuple(self._key))
