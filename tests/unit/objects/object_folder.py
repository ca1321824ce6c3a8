"""A folder of objects under test, and bodies to put into it."""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from daypass.objects import Condition, Head, Intake, LocalObjects, Placing, Search, StoredObject

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine, Iterable
    from pathlib import Path

    from daypass.objects import Digests

T = TypeVar("T")
LIMIT = 1 << 30
LARGE = 100_000
"""More than is kept in the index."""


def content(size: int, seed: int = 0) -> bytes:
    """Bytes that tell their place."""
    return hashlib.shake_256(seed.to_bytes(4, "big")).digest(size)


async def pieces(*parts: bytes) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


async def broken(*parts: bytes, error: BaseException) -> AsyncIterator[bytes]:
    """A body that comes so far and no further."""
    for part in parts:
        yield part
    raise error


def agree(_digests: Digests) -> None:
    """Whatever was computed is right."""


@dataclass
class Folder:
    """A store with a clock that the test turns."""

    path: Path
    now: float = 1_800_000_000.0
    stores: list[LocalObjects] = field(default_factory=list)

    @property
    def store(self) -> LocalObjects:
        return self.stores[0] if self.stores else self.open()

    def open(self) -> LocalObjects:
        """One more store on the same folder, as another worker process has it."""
        self.stores.append(LocalObjects(self.path, now=lambda: self.now, random=_random()))
        return self.stores[-1]

    def close(self) -> None:
        while self.stores:
            self.stores.pop().close()

    def run(self, waiting: Coroutine[Any, Any, T]) -> T:
        return asyncio.run(waiting)

    def put(
        self,
        key: str,
        *parts: bytes,
        bucket: str = "b",
        versioning: str = "",
        condition: Condition | None = None,
        head: Head | None = None,
        confirm: Callable[[Digests], None] = agree,
        body: AsyncIterator[bytes] | None = None,
        limit: int = LIMIT,
    ) -> StoredObject:
        place = Placing(bucket, key, versioning, condition or Condition())
        intake = Intake("CRC32", limit, confirm)
        return self.run(self.store.put(place, body or pieces(*parts), head or Head(), intake))

    def find(self, key: str, version: str | None = None, bucket: str = "b") -> StoredObject | None:
        return self.run(self.store.find(bucket, key, version))

    def read(self, stored: StoredObject | None, first: int = 0, last: int | None = None) -> bytes:
        assert stored is not None
        opened = self.store.open(stored, first, stored.size - 1 if last is None else last)
        return opened if isinstance(opened, bytes) else self.run(drain(opened))

    def keys(self, bucket: str = "b", **search: Any) -> list[str]:
        return [entry.key for entry in self.run(self.store.list(bucket, Search(**search))).entries]

    def files(self) -> set[str]:
        """The files that hold bytes."""
        return {path.name for path in (self.path / "objects").rglob("*") if path.is_file()}


async def drain(download: Any) -> bytes:
    """All bytes of a download."""
    try:
        return b"".join([piece async for piece in download.pieces()])
    finally:
        download.close()


def names(parts: Iterable[Any]) -> list[int]:
    return [part.number for part in parts]


_opened = 0


def _random() -> Callable[[int], bytes]:
    """Bytes that look random, differ between the stores of one run and are the same in each run of one test."""
    global _opened  # noqa: PLW0603 - two stores on one folder must not draw the same names
    _opened += 1
    seed, drawn = _opened, 0

    def draw(count: int) -> bytes:
        nonlocal drawn
        drawn += 1
        return hashlib.shake_256(f"{seed}/{drawn}".encode()).digest(count)

    return draw
