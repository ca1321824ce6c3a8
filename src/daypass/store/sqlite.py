"""The store over one SQLite database in the data folder: START HERE for how its parts work together.

Views read on the event loop's thread, from memory or through one connection (:mod:`~daypass.store.reading`). Whatever
writes goes through one thread (:mod:`~daypass.store.writer`), which orders itself with other processes by a lock and
tells them by a number in shared memory (:mod:`~daypass.store.counter`). Lookups in the trail have a thread and a
connection of their own.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import TYPE_CHECKING, TypeVar

from daypass.store import files, trail, trail_statements
from daypass.store import statements as sql
from daypass.store.codec import RecordCodec
from daypass.store.counter import ChangeCounter
from daypass.store.doctor import Finding, findings
from daypass.store.interface import StoreProblem
from daypass.store.migrate import migrate
from daypass.store.plan import Plan
from daypass.store.problems import problems_of
from daypass.store.reading import DEFAULT_LIMITS, Limits, Reader
from daypass.store.sealing import Resealed, count_by_key, reseal
from daypass.store.view import SqliteView
from daypass.store.writer import Writer

if TYPE_CHECKING:
    import sqlite3
    from collections import Counter
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from daypass.credentials import KeyRing
    from daypass.directory import Change, View
    from daypass.store.interface import EventQuery, EventRow, JournalMark, Use
    from daypass.store.notes import Place

T = TypeVar("T")


class SqliteStore:
    """The store of one worker process; any number of processes on the machine may have the same folder open."""

    def __init__(self, path: Path, counter: ChangeCounter, codec: RecordCodec, limits: Limits) -> None:
        self._path = path
        self._counter = counter
        self._codec = codec
        self._log_length = limits.log_length
        self._reader = Reader(files.connect(path), codec, counter, path, limits)
        self._trail_db = files.connect(path)
        self._trail_thread = ThreadPoolExecutor(1, thread_name_prefix="daypass-store-trail")
        self._writer = Writer(files.connect(path), counter, path)

    @classmethod
    def open(
        cls, folder: Path, keyring: KeyRing, random: Callable[[int], bytes], limits: Limits = DEFAULT_LIMITS
    ) -> SqliteStore:
        """Open the store in a folder, and make it there first if need be. Raises StoreProblem."""
        with problems_of(folder / files.DATABASE):
            path = files.prepare(folder)
            counter = ChangeCounter(folder / files.COUNTER)
            try:
                _make_ready(path, counter)
                return cls(path, counter, RecordCodec(keyring, random), limits)
            except BaseException:
                counter.close()
                raise

    def view(self) -> SqliteView:
        self._reader.refresh()
        return SqliteView(self._reader)

    async def commit(self, view: View, changes: Sequence[Change], events: Sequence[EventRow]) -> None:
        if not isinstance(view, SqliteView):
            raise TypeError("a view of another store")
        plan = Plan.of(view, changes, events, self._codec)
        await self._writer.run(lambda db: plan.carry_out(db, self._log_length))

    async def index_events(self, events: Sequence[EventRow], uses: Sequence[Use], mark: JournalMark) -> None:
        await self._writer.run(lambda db: trail.index_events(db, events, uses, mark))

    async def journal_marks(self) -> dict[str, int]:
        return await self._look_up(trail_statements.marks)

    async def forget_journal(self, file: str) -> None:
        await self._writer.run(lambda db: trail_statements.forget_mark(db, file))

    async def find_events(self, query: EventQuery) -> list[EventRow]:
        return await self._look_up(lambda db: trail.find_events(db, query))

    async def delete_events(self, before: int, limit: int) -> int:
        return await self._writer.run(lambda db: trail.delete_events(db, before, limit))

    def ready(self) -> bool:
        try:
            return self._writer.alive and self._reader.answers()
        except StoreProblem:
            return False

    def close(self) -> None:
        if not self._writer.alive:
            return
        self._writer.close()
        self._trail_thread.shutdown()
        self._trail_db.close()
        self._reader.close()
        self._counter.close()
        self._codec.keyring.close()

    def check(self) -> list[Finding]:
        """Look through the whole database, for ``daypass doctor``. Takes its time."""
        with problems_of(self._path):
            return list(findings(self._trail_db, self._codec))

    def forget(self) -> None:
        """Forget all copies in memory: what a root key opened that is gone."""
        self._reader.forget()

    async def count_by_key(self) -> Counter[int]:
        """How many records hold secrets under each root key."""
        return await self._look_up(lambda db: count_by_key(db, self._new_codec()))

    async def reseal(self, active: int, after: Place | None) -> Resealed:
        """Seal the next records anew under the active key, durably (:mod:`daypass.store.sealing`)."""
        return await self._writer.run(lambda db: reseal(db, self._new_codec(), active, after))

    def _new_codec(self) -> RecordCodec:
        """A codec for another thread than the event loop's."""
        return RecordCodec(self._codec.keyring, self._codec.random)

    async def _look_up(self, work: Callable[[sqlite3.Connection], T]) -> T:
        with problems_of(self._path):
            return await asyncio.get_running_loop().run_in_executor(self._trail_thread, work, self._trail_db)


def _make_ready(path: Path, counter: ChangeCounter) -> None:
    """Under the writers' lock, so that of several processes which start at once only one makes the schema."""
    with counter.lock(), closing(files.connect(path)) as db:
        files.check_if_small(db, path)
        migrate(db)
        counter.publish(sql.head(db))
