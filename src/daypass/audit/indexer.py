"""From the journal to the index: a task in every process, at work in one of them at a time.

A pass over the journal holds a lock on the folder (flock), so passes of several processes follow one another, and when
the process that works dies the next one takes over by itself. How far each file has been read is stored in the
transaction that stores its events, and events are known by their id: a pass that was cut off is repeated without effect.

Data events and records for nobody are read for what they say of keys and roles used, and stay in the journal. Finished
files are removed, oldest first, when all finished files together take more than ``keep`` bytes.
"""

from __future__ import annotations

import asyncio
import fcntl
import logging
import os
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Final

import msgspec

from daypass.audit.decisions import split
from daypass.audit.journal import SUFFIX
from daypass.audit.rows import read_head, row_of
from daypass.audit.shared_run import SharedRun
from daypass.store.interface import JournalMark, StoreProblem

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from daypass.audit.counters import Counters
    from daypass.store.interface import EventRow, Store, Use

LOCK: Final = "indexer.lock"
RETENTION: Final = 90 * 24 * 3600
"""Seconds that LookupEvents looks back, and that the index keeps."""

_BATCH: Final = 1000
_SLICE: Final = 200
"""Lines that are decoded before the event loop gets its turn: about a millisecond."""
_READ: Final = 1 << 20
_PAUSE: Final = 1.0
_HOUSEKEEPING: Final = 60.0
_PATIENCE: Final = 0.05
_KEEP: Final = 1 << 30
_MOST_SUBJECTS: Final = 100_000

logger = logging.getLogger("daypass.audit")


class Indexer:
    """Reads the journals of all processes and writes what LookupEvents finds."""

    def __init__(
        self, folder: Path, store: Store, counters: Counters, *, now: Callable[[], float], keep: int = _KEEP
    ) -> None:
        self._folder = folder
        self._store = store
        self._counters = counters
        self._now = now
        self._keep = keep
        self._drain = SharedRun(self._wait_and_pass)
        self._used: dict[str, int] = {}
        self._tidied = 0.0

    async def run(self) -> None:
        """Index until cancelled. Failures are counted and logged, and tried again: the journal keeps what is owed."""
        while True:
            try:
                async with self._lock(wait=False) as ours:
                    if ours:
                        await self._pass()
                        await self._tidy()
            except (OSError, StoreProblem) as problem:
                self._counters.index_failures += 1
                logger.warning("the journal could not be indexed, and will be tried again: %s", problem)
            await asyncio.sleep(_PAUSE)

    async def drain(self) -> None:
        """Index all that any process appended before this call."""
        await self._drain()

    async def _wait_and_pass(self) -> None:
        async with self._lock(wait=True):
            await self._pass()

    @asynccontextmanager
    async def _lock(self, *, wait: bool) -> AsyncIterator[bool]:
        """The right to make a pass; False where another holds it and this one does not wait."""
        file = os.open(self._folder / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            while not (ours := _try_lock(file)) and wait:  # noqa: ASYNC110 - another process holds it, and tells nobody
                await asyncio.sleep(_PATIENCE)
            yield ours
        finally:
            os.close(file)

    async def _pass(self) -> None:
        """Index every file from its mark to where it ends now."""
        marks = await self._store.journal_marks()
        sizes = self._sizes()
        self._counters.waiting = sum(size - marks.get(path.name, 0) for path, size in sizes.items())
        for path, size in sizes.items():
            offset = marks.get(path.name, 0)
            while offset < size:
                behind = offset
                offset = await self._index(path, offset, size)
                if offset == behind:
                    break
                self._counters.waiting -= offset - behind
        for name in marks.keys() - {path.name for path in sizes}:
            await self._store.forget_journal(name)

    async def _index(self, path: Path, offset: int, size: int) -> int:
        """Index up to a batch of lines; where to go on. The same offset says that a line is still being written."""
        data = _read(path, offset, size)
        lines, length = _whole_lines(data)
        if not lines:
            if len(data) < _READ:
                if not is_finished(path):
                    return offset
                grown = _size(path)
                if grown > size:  # the line was whole before the file was finished, and after its size was taken
                    return await self._index(path, offset, grown)
            self._counters.damaged += 1  # torn by a crash, or longer than any record
            await self._store.index_events([], [], JournalMark(path.name, offset + len(data)))
            return offset + len(data)
        rows, uses = await self._decode(lines)
        await self._store.index_events(rows, uses, JournalMark(path.name, offset + length))
        self._counters.indexed += len(rows)
        if rows:
            self._counters.lag = max(0.0, self._now() - rows[0].time)
        return offset + length

    async def _decode(self, lines: list[bytes]) -> tuple[list[EventRow], list[Use]]:
        rows: list[EventRow] = []
        uses: list[Use] = []
        for start in range(0, len(lines), _SLICE):
            for line in lines[start : start + _SLICE]:
                record, decisions = split(line)
                try:
                    head = read_head(record)
                    row = row_of(record, head, decisions) if head.is_indexed else None
                    used = head.uses()
                except (msgspec.MsgspecError, ValueError):
                    self._counters.damaged += bool(line)
                    continue
                if row is not None:
                    rows.append(row)
                uses += filter(self._is_news, used)
            await asyncio.sleep(0)
        return rows, uses

    def _is_news(self, use: Use) -> bool:
        """Whether a key or role was not seen in this minute before: "last used" needs no finer step."""
        minute = use.when // 60
        if self._used.get(use.subject, -1) >= minute:
            return False
        if len(self._used) >= _MOST_SUBJECTS:
            self._used.clear()
        self._used[use.subject] = minute
        return True

    async def _tidy(self) -> None:
        """Once a minute: remove the oldest finished files beyond what is kept, and events too old to be found."""
        now = self._now()
        if now - self._tidied < _HOUSEKEEPING:
            return
        self._tidied = now
        await self._store.delete_events(int(now) - RETENTION, _BATCH)
        marks = await self._store.journal_marks()
        finished = {path: size for path, size in self._sizes().items() if is_finished(path)}
        excess = sum(finished.values()) - self._keep
        for path, size in finished.items():
            if (excess > 0 and marks.get(path.name, 0) >= size) or size == 0:
                path.unlink(missing_ok=True)
                await self._store.forget_journal(path.name)
                self._counters.removed_files += 1
                excess -= size

    def _sizes(self) -> dict[Path, int]:
        """The journal's files, oldest first. One may go at any moment: a process that stops removes an empty one."""
        sizes = {}
        for path in sorted(self._folder.iterdir()):
            if path.suffix == SUFFIX:
                with suppress(FileNotFoundError):
                    sizes[path] = path.stat().st_size
        return sizes


def is_finished(path: Path) -> bool:
    """Whether no process writes to a journal file any more."""
    try:
        file = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return True
    try:
        return _try_lock(file)
    finally:
        os.close(file)


def _try_lock(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _size(path: Path) -> int:
    return path.stat().st_size


def _read(path: Path, offset: int, size: int) -> bytes:
    file = os.open(path, os.O_RDONLY)
    try:
        return os.pread(file, min(_READ, size - offset), offset)
    finally:
        os.close(file)


def _whole_lines(data: bytes) -> tuple[list[bytes], int]:
    """Up to a batch of lines that are complete, and how many bytes they take."""
    lines = data.split(b"\n", _BATCH)
    lines.pop()  # what follows the last line break
    return lines, sum(map(len, lines)) + len(lines)
