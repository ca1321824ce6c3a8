"""Reading stored bytes: in large pieces without waiting for the disk on the event loop, or by file descriptor.

Files are opened when the download begins, so a reader keeps what it began to read. An object of very many parts would
need as many descriptors; beyond a limit they are opened as they come, and one that was deleted meanwhile breaks the
answer off (never wrong bytes: a file is written once).
"""

from __future__ import annotations

import asyncio
import os
from collections import deque
from typing import TYPE_CHECKING, NamedTuple

from daypass.objects.interface import Replaced

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Iterator
    from concurrent.futures import Executor

    from daypass.objects.blobs import Blobs
    from daypass.objects.interface import Extent

PIECE = 512 * 1024
_OPEN_AT_ONCE = 256
_NOWAIT = getattr(os, "RWF_NOWAIT", None)


class Segment(NamedTuple):
    """A stretch of an open file, as sendfile(2) takes it."""

    descriptor: int
    offset: int
    length: int


class FileDownload:
    """The bytes of some extents, one after the other."""

    def __init__(self, blobs: Blobs, extents: Iterable[Extent], executor: Executor) -> None:
        self._blobs = blobs
        self._executor = executor
        self._waiting = deque(extents)
        self._opened: deque[Segment] = deque()
        self.length = sum(extent.length for extent in self._waiting)
        try:
            while self._waiting and len(self._opened) < _OPEN_AT_ONCE:
                self._open_next()
        except FileNotFoundError as error:
            self.close()
            raise Replaced(str(error)) from error
        except OSError:
            if not self._opened:  # otherwise: out of descriptors, the rest is opened as it comes
                raise

    def segments(self) -> Iterator[Segment]:
        """The stretches in order; each descriptor is open until the next one is asked for."""
        while self._opened or self._waiting:
            if not self._opened:
                self._open_next()
            segment = self._opened[0]
            try:
                yield segment
            finally:
                if self._opened:
                    self._opened.popleft()
                    os.close(segment.descriptor)

    async def pieces(self) -> AsyncIterator[bytes]:
        """The bytes in pieces of up to half a mebibyte."""
        loop = asyncio.get_running_loop()
        for descriptor, start, length in self.segments():
            offset, end = start, start + length
            while offset < end:
                size = min(PIECE, end - offset)
                piece = _cached(descriptor, size, offset)
                if piece is None:
                    piece = await loop.run_in_executor(self._executor, os.pread, descriptor, size, offset)
                if not piece:
                    raise OSError("a stored file is shorter than the index says")
                offset += len(piece)
                yield piece

    def close(self) -> None:
        """Let go of the files."""
        self._waiting.clear()
        while self._opened:
            os.close(self._opened.popleft().descriptor)

    def _open_next(self) -> None:
        extent = self._waiting[0]
        self._opened.append(Segment(self._blobs.open(extent.file), extent.offset, extent.length))
        self._waiting.popleft()


def _cached(descriptor: int, size: int, offset: int) -> bytes | None:
    """Bytes that the kernel has in memory; None where it would have to wait for the disk, or cannot say."""
    if _NOWAIT is None:
        return None
    buffer = bytearray(size)
    try:
        count = os.preadv(descriptor, [buffer], offset, _NOWAIT)
    except OSError:
        return None
    return bytes(buffer) if count == size else None


def slice_extents(extents: Iterable[Extent], first: int, last: int) -> Iterator[Extent]:
    """The parts of extents that hold bytes ``first`` to ``last`` (inclusive) of the whole."""
    position = 0
    for extent in extents:
        begin, end = max(first, position), min(last + 1, position + extent.length)
        if begin < end:
            yield type(extent)(extent.file, extent.offset + begin - position, end - begin)
        position += extent.length
