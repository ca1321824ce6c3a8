"""The one thread of this process that writes, and its transactions.

What waits when the thread gets to it shares one transaction and so one sync of the disk (group commit); each job has
its own savepoint, so that one which conflicts with an earlier one leaves nothing behind. Among processes the lock of
the change counter makes the order, and the counter moves after the commit and before any of the answers.
"""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from daypass.store import statements as sql
from daypass.store.interface import Conflict, StoreProblem
from daypass.store.problems import problem_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from daypass.store.counter import ChangeCounter

T = TypeVar("T")

_LARGEST_BATCH = 64


class _Job(Generic[T]):
    """Something to do inside a transaction, and who waits for it."""

    __slots__ = ("_future", "_loop", "error", "result", "work")

    def __init__(self, work: Callable[[sqlite3.Connection], T], loop: asyncio.AbstractEventLoop) -> None:
        self.work = work
        self.result: T | None = None
        self.error: Exception | None = None
        self._loop = loop
        self._future: asyncio.Future[T] = loop.create_future()

    async def done(self) -> T:
        return await self._future

    def answer(self) -> None:
        """From the writer's thread: wake who waits. A loop that has been closed waits for nothing."""
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._settle)

    def _settle(self) -> None:
        if self._future.done():
            return
        if self.error is not None:
            self._future.set_exception(self.error)
        else:
            self._future.set_result(self.result)  # type: ignore[arg-type]


class Writer:
    """Takes jobs from event loops and carries them out in order."""

    def __init__(self, db: sqlite3.Connection, counter: ChangeCounter, path: Path) -> None:
        self._db = db
        self._counter = counter
        self._path = path
        self._queue: SimpleQueue[_Job[Any] | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._serve, name="daypass-store-writer", daemon=True)
        self._thread.start()

    @property
    def alive(self) -> bool:
        """Whether jobs are still taken."""
        return self._thread.is_alive()

    async def run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Do something inside a transaction; answers when it is durable. Raises what ``work`` does, or StoreProblem."""
        if not self.alive:
            raise StoreProblem(f"{self._path} has been closed")
        job = _Job(work, asyncio.get_running_loop())
        self._queue.put(job)
        return await job.done()

    def close(self) -> None:
        """Finish what waits, then end the thread and close its connection."""
        if self.alive:
            self._queue.put(None)
            self._thread.join()
        self._db.close()

    def _serve(self) -> None:
        ended = False
        while not ended:
            batch = [self._queue.get(), *self._waiting()]
            ended = None in batch
            jobs = [job for job in batch if job is not None]
            self._transact(jobs)
            for job in jobs:
                job.answer()

    def _waiting(self) -> list[_Job[Any] | None]:
        waiting: list[_Job[Any] | None] = []
        try:
            while len(waiting) < _LARGEST_BATCH - 1:
                waiting.append(self._queue.get_nowait())
        except Empty:
            pass
        return waiting

    def _transact(self, jobs: list[_Job[Any]]) -> None:
        try:
            with self._counter.lock():
                sql.begin(self._db)
                for job in jobs:
                    self._do(job)
                number = sql.head(self._db)
                sql.commit(self._db)
                self._counter.publish(number)
        except Exception as error:  # noqa: BLE001 - the thread goes on, and everyone who waits is told
            self._fail(jobs, error)

    def _do(self, job: _Job[Any]) -> None:
        """One job. What is about the job is kept for its answer; what is about the database ends the transaction."""
        sql.savepoint(self._db)
        try:
            job.result = job.work(self._db)
        except sqlite3.IntegrityError as error:
            sql.undo(self._db)
            job.error = ValueError(f"a change that the schema refuses: {error}")
        except sqlite3.Error:
            raise
        except Exception as error:  # noqa: BLE001 - a conflict, or a bug that is the caller's to hear of
            sql.undo(self._db)
            job.error = error
        else:
            sql.release(self._db)

    def _fail(self, jobs: list[_Job[Any]], error: Exception) -> None:
        try:
            sql.rollback(self._db)
        except sqlite3.Error as second:
            error = second
        if isinstance(error, sqlite3.Error | OSError):
            error = problem_of(error, self._path)
        for job in jobs:
            if not isinstance(job.error, Conflict):
                job.error = error
