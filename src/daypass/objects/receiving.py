"""Taking in a body: hashed in one pass, small ones kept in memory, large ones written and brought to the disk.

Hashing and writing happen in worker threads, a chunk behind the network: the event loop only hands pieces on.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
from typing import TYPE_CHECKING, NamedTuple

from daypass.errors import ApiError
from daypass.objects.digests import Digester
from daypass.objects.writer import no_space

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable, Iterator
    from concurrent.futures import Executor, Future

    from daypass.objects.blobs import Blobs, Incoming
    from daypass.objects.interface import Digests, Intake

INLINE = 16 * 1024
"""Objects up to this size are kept in the index: one disk flush instead of three."""
_CHUNK = 512 * 1024
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class Received(NamedTuple):
    """A body that was taken in whole and confirmed: its bytes, or the durable file that holds them."""

    data: bytes | None
    file: Incoming | None
    digests: Digests


class Receiver:
    """Takes bodies into one folder of files."""

    def __init__(self, blobs: Blobs, executor: Executor, name: Callable[[], str]) -> None:
        self._blobs = blobs
        self._executor = executor
        self._name = name

    async def take(self, pieces: AsyncIterator[bytes], intake: Intake) -> Received:
        """Read a body to its end. Whatever goes wrong, nothing of it stays."""
        held: list[bytes] = []
        size = 0
        async for piece in pieces:
            held.append(piece)
            size += len(piece)
            check_size(size, intake.limit)
            if size > INLINE:
                file, digests = await self.take_file(pieces, intake, held)
                return Received(None, file, digests)
        digester = Digester(intake.algorithm)
        data = b"".join(held)
        digester.update(data)
        digests = digester.finish()
        intake.confirm(digests)
        return Received(data, None, digests)

    async def take_file(
        self, pieces: AsyncIterator[bytes], intake: Intake, begun: Iterable[bytes] = ()
    ) -> tuple[Incoming, Digests]:
        """The same, to a file in any case; ``begun`` has been read already."""
        held = list(begun)
        with _disk_errors():
            file = self._blobs.create(self._name(), intake.algorithm)
        job: Future[None] | None = None
        total = waiting = sum(map(len, held))
        try:
            async for piece in pieces:
                held.append(piece)
                total += len(piece)
                waiting += len(piece)
                check_size(total, intake.limit)
                if waiting >= _CHUNK:
                    await _done(job)
                    job = self._executor.submit(file.feed, held)
                    held, waiting = [], 0
            await _done(job)
            job = self._executor.submit(_finish, file, held)
            await _done(job)
            digests = file.digests()
            intake.confirm(digests)
        except BaseException:
            if job is None:
                file.settle(committed=False)
            else:  # a thread may still be writing
                job.add_done_callback(lambda _: file.settle(committed=False))
            raise
        return file, digests


def check_size(size: int, limit: int) -> None:
    """Refuse a body that is longer than it may be."""
    if size > limit:
        members = {"ProposedSize": str(size), "MaxSizeAllowed": str(limit)}
        raise ApiError("EntityTooLarge", "Your proposed upload exceeds the maximum allowed size", members=members)


def _finish(file: Incoming, rest: list[bytes]) -> None:
    if rest:
        file.feed(rest)
    file.make_durable()


async def _done(job: Future[None] | None) -> None:
    if job is not None:
        with _disk_errors():
            await asyncio.wrap_future(job)


@contextlib.contextmanager
def _disk_errors() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise no_space() from error
        raise
