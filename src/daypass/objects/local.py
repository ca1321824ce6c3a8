"""Objects in a folder: ``objects.sqlite3`` says what there is, ``objects/`` holds the bytes of what is not small.

How a PUT becomes durable: the body goes to a file under a random name while it is hashed; file and directory are
flushed; then one transaction of the index is the moment at which the object is there. What it replaced is unlinked
afterwards. A crash before that moment leaves a file that nothing names, which :meth:`LocalObjects.sweep` removes.
Several worker processes share one folder.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import logging
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

import msgspec

from daypass.objects import index, listing, schema, upload_index
from daypass.objects.blobs import Blobs
from daypass.objects.digests import DEFAULT_ALGORITHM, Digester, to_text
from daypass.objects.download import FileDownload, slice_extents
from daypass.objects.interface import Checksum, Deleted, Deletion, Extent, StoredObject
from daypass.objects.receiving import Receiver
from daypass.objects.uploads import LocalUploads
from daypass.objects.writer import Transaction, Writer

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import AsyncIterator, Callable, Sequence
    from pathlib import Path

    from daypass.objects.interface import Digests, Head, Intake, Listing, Pairs, Placing, Search, Uploads
    from daypass.request import Download

T = TypeVar("T")
_LOG = logging.getLogger(__name__)
_NAME_BYTES = 16
_THREADS = 4


class LocalObjects:
    """An :class:`~daypass.objects.interface.ObjectStore` in a folder. ``now`` gives seconds since the epoch."""

    def __init__(self, folder: Path, *, now: Callable[[], float], random: Callable[[int], bytes]) -> None:
        self._folder = folder
        self._now = now
        self._random = random
        self._file = folder / "objects.sqlite3"
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        schema.prepare(self._file, folder / "objects.lock")
        self._blobs = Blobs(folder / "objects")
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="objects")
        self._reading = schema.connect(self._file, reading=True)
        self._per_thread = threading.local()
        self._writer = Writer(
            schema.connect(self._file, reading=False),
            folder / "objects.lock",
            lambda names: self._pool.submit(self._blobs.unlink, names),
        )
        self._receiver = Receiver(self._blobs, self._pool, lambda: random(_NAME_BYTES).hex())
        self._uploads = LocalUploads(self)

    @property
    def uploads(self) -> Uploads:
        return self._uploads

    async def put(self, place: Placing, pieces: AsyncIterator[bytes], head: Head, intake: Intake) -> StoredObject:
        received = await self._receiver.take(pieces, intake)
        file, digests = received.file, received.digests
        new = StoredObject(
            bucket=place.bucket,
            key=place.key,
            version="",
            modified=self.milliseconds(),
            size=digests.size,
            etag=digests.md5.hex(),
            checksum=Checksum(intake.algorithm, to_text(digests.checksum)),
            head=head,
            extents=() if file is None else (Extent(file.name, 0, digests.size),),
            data=received.data,
        )

        def work(tx: Transaction) -> StoredObject:
            if file is not None:
                index.add_file(tx, file.name)
            return index.put(tx, place, new, self._random)

        return await self._writer.run(work, None if file is None else file.settle)

    async def find(self, bucket: str, key: str, version: str | None = None) -> StoredObject | None:
        return index.find(self._reading, bucket, key, version)

    def open(self, stored: StoredObject, first: int, last: int) -> bytes | Download:
        if stored.data is not None:
            return stored.data[first : last + 1]
        if first > last:
            return b""
        return FileDownload(self._blobs, slice_extents(stored.extents, first, last), self._pool)

    async def copy(self, source: StoredObject, place: Placing, head: Head, algorithm: str | None) -> StoredObject:
        checksum, etag = source.checksum, source.etag
        wanted = algorithm or (DEFAULT_ALGORITHM if checksum is None else checksum.algorithm)
        if checksum is None or checksum.algorithm != wanted or source.parts:
            digests = await self.digest(source, 0, source.size - 1, wanted)
            checksum, etag = Checksum(wanted, to_text(digests.checksum)), digests.md5.hex()
        new = msgspec.structs.replace(
            source,
            bucket=place.bucket,
            key=place.key,
            modified=self.milliseconds(),
            etag=etag,
            checksum=checksum,
            head=head,
            parts=(),
        )

        def work(tx: Transaction) -> StoredObject:
            index.share(tx, new.extents)
            return index.put(tx, place, new, self._random)

        return await self._writer.run(work)

    async def retag(self, stored: StoredObject, tags: Pairs) -> None:
        await self._writer.run(lambda tx: index.retag(tx, stored, tags))

    async def delete(self, bucket: str, versioning: str, deletions: Sequence[Deletion]) -> list[Deleted]:
        now = self.milliseconds()
        return await self._writer.run(
            lambda tx: [
                index.delete(tx, bucket, versioning, deletion, now=now, random=self._random) for deletion in deletions
            ]
        )

    async def list(self, bucket: str, search: Search) -> Listing:
        return await self.in_thread(lambda db: listing.list_newest(db, bucket, search))

    async def list_versions(self, bucket: str, search: Search) -> Listing:
        return await self.in_thread(lambda db: listing.list_versions(db, bucket, search))

    async def retire(self, bucket: str) -> None:
        def work(tx: Transaction) -> None:
            index.retire(tx, bucket)
            upload_index.drop_all(tx, bucket)

        await self._writer.run(work)

    async def sweep(self, *, minimum_age: float = 60.0) -> int:
        """Remove what crashes left behind; how many files. One process at a time does it, others return at once."""
        before = self._now() - minimum_age
        await self._writer.run(lambda tx: upload_index.forget_finished(tx, self.milliseconds()))
        return await asyncio.get_running_loop().run_in_executor(self._pool, self._sweep, before)

    def _sweep(self, before: float) -> int:
        lock = os.open(self._folder / "objects.sweep", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            count = self._blobs.sweep(lambda name: index.is_named(self._connection(), name), before)
        except BlockingIOError:
            return 0
        finally:
            os.close(lock)
        if count:
            _LOG.warning("removed %d object files that a crash had left behind", count)
        return count

    def close(self) -> None:
        self._writer.close()
        self._pool.shutdown()
        self._reading.close()
        self._blobs.close()

    # What the uploads of the same folder share with it.

    @property
    def reading(self) -> sqlite3.Connection:
        """The connection for short reads on the event loop."""
        return self._reading

    @property
    def writer(self) -> Writer:
        """The one that writes to the index."""
        return self._writer

    @property
    def receiver(self) -> Receiver:
        """The one that takes bodies in."""
        return self._receiver

    @property
    def random(self) -> Callable[[int], bytes]:
        """The source of random bytes."""
        return self._random

    def milliseconds(self) -> int:
        """Now, as the index counts time."""
        return int(self._now() * 1000)

    async def in_thread(self, read: Callable[[sqlite3.Connection], T]) -> T:
        """Do a longer read away from the event loop."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, lambda: read(self._connection()))

    async def digest(self, source: StoredObject, first: int, last: int, algorithm: str) -> Digests:
        """Read stored bytes through once and hash them. Raises Replaced."""
        digester = Digester(algorithm)
        content = self.open(source, first, last)
        if isinstance(content, bytes):
            digester.update(content)
            return digester.finish()
        with contextlib.closing(content):
            loop = asyncio.get_running_loop()
            async for piece in content.pieces():
                await loop.run_in_executor(self._pool, digester.update, piece)
        return digester.finish()

    def _connection(self) -> sqlite3.Connection:
        db: sqlite3.Connection | None = getattr(self._per_thread, "db", None)
        if db is None:
            db = self._per_thread.db = schema.connect(self._file, reading=True)
        return db
