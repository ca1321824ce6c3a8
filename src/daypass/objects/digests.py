"""The checksums that S3 knows, computed as bytes come by (S3 User Guide, "Checking object integrity").

CRC-32C and CRC-64/NVME come from awscrt: a loop in Python is a hundred times too slow for object data.
"""

from __future__ import annotations

import base64
import hashlib
import zlib
from typing import TYPE_CHECKING, Protocol

from awscrt import checksums as crt

from daypass.objects.interface import Digests

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

DEFAULT_ALGORITHM = "CRC64NVME"
"""What S3 stores when a client sends no checksum."""


class Hash(Protocol):
    """A digest under computation."""

    def update(self, data: bytes, /) -> object:
        """Take more bytes."""
        ...

    def digest(self) -> bytes:
        """The digest of all that was taken."""
        ...


class _Crc:
    """A cyclic redundancy check, written big-endian as S3 writes it."""

    __slots__ = ("_function", "_value", "_width")

    def __init__(self, function: Callable[[bytes, int], int], width: int) -> None:
        self._function = function
        self._width = width
        self._value = 0

    def update(self, data: bytes, /) -> None:
        self._value = self._function(data, self._value)

    def digest(self) -> bytes:
        return self._value.to_bytes(self._width, "big")


class _Xxh:
    """A hash of awscrt's, which gives its digest only once."""

    __slots__ = ("_hash",)

    def __init__(self, begun: crt.XXHash) -> None:
        self._hash = begun

    def update(self, data: bytes, /) -> None:
        self._hash.update(data)

    def digest(self) -> bytes:
        return bytes(self._hash.finalize())


def _sha1() -> Hash:
    return hashlib.sha1(usedforsecurity=False)


def _md5() -> Hash:
    return hashlib.md5(usedforsecurity=False)


_HASHES: dict[str, tuple[Callable[[], Hash], int]] = {
    "CRC32": (lambda: _Crc(zlib.crc32, 4), 4),
    "CRC32C": (lambda: _Crc(crt.crc32c, 4), 4),
    "CRC64NVME": (lambda: _Crc(crt.crc64nvme, 8), 8),
    "MD5": (_md5, 16),
    "SHA1": (_sha1, 20),
    "SHA256": (hashlib.sha256, 32),
    "SHA512": (hashlib.sha512, 64),
    "XXHASH128": (lambda: _Xxh(crt.XXHash.new_xxhash3_128()), 16),
    "XXHASH3": (lambda: _Xxh(crt.XXHash.new_xxhash3_64()), 8),
    "XXHASH64": (lambda: _Xxh(crt.XXHash.new_xxhash64()), 8),
}
ALGORITHMS = tuple(_HASHES)
"""In the order in which S3 lists them."""

_COMBINERS: dict[str, Callable[[int, int, int], int]] = {
    "CRC32": crt.combine_crc32,
    "CRC32C": crt.combine_crc32c,
    "CRC64NVME": crt.combine_crc64nvme,
}
LINEAR = frozenset(_COMBINERS)
"""The algorithms whose value for the whole follows from those of the parts: only they know FULL_OBJECT uploads."""


def digest_length(algorithm: str) -> int:
    """How many bytes a digest has."""
    return _HASHES[algorithm][1]


def digest_of(algorithm: str, data: bytes) -> bytes:
    """The digest of bytes in memory."""
    running = _HASHES[algorithm][0]()
    running.update(data)
    return running.digest()


def combine(algorithm: str, parts: Sequence[tuple[bytes, int]]) -> bytes:
    """The checksum of all bytes from the (digest, length) of each part; LINEAR algorithms only."""
    combiner, width = _COMBINERS[algorithm], _HASHES[algorithm][1]
    value = 0
    for digest, length in parts:
        value = combiner(value, int.from_bytes(digest, "big"), length)
    return value.to_bytes(width, "big")


def composite(algorithm: str, digests: Sequence[bytes]) -> str:
    """The composite checksum as S3 shows it: the digest of the digests, and how many there were."""
    return f"{to_text(digest_of(algorithm, b''.join(digests)))}-{len(digests)}"


def to_text(digest: bytes) -> str:
    """A digest as S3's headers carry it."""
    return base64.b64encode(digest).decode("ascii")


class Digester:
    """MD5 for the ETag, the checksum that was asked for and CRC-64/NVME, in one pass."""

    __slots__ = ("_asked", "_checksum", "_crc64", "_md5", "size")

    def __init__(self, algorithm: str) -> None:
        self.size = 0
        self._md5 = _md5()
        self._crc64 = _Crc(crt.crc64nvme, 8)
        self._asked = algorithm not in {"MD5", "CRC64NVME"}
        self._checksum = _HASHES[algorithm][0]() if self._asked else self._md5 if algorithm == "MD5" else self._crc64

    def update(self, data: bytes) -> None:
        """Take more bytes."""
        self.size += len(data)
        self._md5.update(data)
        self._crc64.update(data)
        if self._asked:
            self._checksum.update(data)

    def finish(self) -> Digests:
        """The result. To be asked for once."""
        return Digests(self.size, self._md5.digest(), self._checksum.digest(), self._crc64.digest())
