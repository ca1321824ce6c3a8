"""All writes to the index go through one thread, which commits together whatever has come in meanwhile.

A durable commit costs a disk flush; with many clients one flush serves them all, and the event loop never waits for the
disk. Worker processes take turns by a file lock, because SQLite's own busy waiting sleeps between tries.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import logging
import os
import sqlite3
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING, Any, TypeVar

from daypass.errors import ApiError
from daypass.store.interface import StoreProblem

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

T = TypeVar("T")
_LOG = logging.getLogger(__name__)
_MOST_AT_ONCE = 256


@dataclass(slots=True)
class Transaction:
    """What a piece of work gets: the connection, and a list for the files that nothing names any more."""

    db: sqlite3.Connection
    freed: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _Job:
    work: Callable[[Transaction], Any]
    settle: Callable[[bool], None] | None
    loop: asyncio.AbstractEventLoop
    future: asyncio.Future[Any]
    result: Any = None
    error: BaseException | None = None


class Writer:
    """The writing thread of one process. ``unlink`` is called with freed files after each commit."""

    def __init__(self, db: sqlite3.Connection, lock: Path, unlink: Callable[[list[str]], object]) -> None:
        self._db = db
        self._lock = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._unlink = unlink
        self._queue: SimpleQueue[_Job | None] = SimpleQueue()
        self._thread = Thread(target=self._serve, name="objects-writer", daemon=True)
        self._thread.start()

    async def run(self, work: Callable[[Transaction], T], settle: Callable[[bool], None] | None = None) -> T:
        """Do ``work`` in a transaction; returns when it is durable. Work that raises changes nothing.

        ``settle`` is told in any case, also when this coroutine is cancelled meanwhile, whether the work was committed.
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        self._queue.put(_Job(work, settle, loop, future))
        return await future

    def close(self) -> None:
        """Finish what was asked for, then stop."""
        self._queue.put(None)
        self._thread.join()
        self._db.close()
        os.close(self._lock)

    def _serve(self) -> None:
        while (job := self._queue.get()) is not None:
            jobs = [job]
            stop = False
            with contextlib.suppress(Empty):
                while len(jobs) < _MOST_AT_ONCE:
                    more = self._queue.get_nowait()
                    if more is None:
                        stop = True
                        break
                    jobs.append(more)
            self._commit_together(jobs)
            if stop:
                return

    def _commit_together(self, jobs: list[_Job]) -> None:
        transaction = Transaction(self._db)
        try:
            self._transact(transaction, jobs)
        except Exception as error:  # noqa: BLE001 - whatever went wrong is each waiting caller's error
            for job in jobs:
                job.error = job.error or _explained(error)
            transaction.freed.clear()
        for job in jobs:
            if job.settle is not None:
                job.settle(job.error is None)
        for loop in {job.loop for job in jobs}:
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
                loop.call_soon_threadsafe(_deliver, [job for job in jobs if job.loop is loop])
        if transaction.freed:
            self._unlink(transaction.freed)

    def _transact(self, transaction: Transaction, jobs: list[_Job]) -> None:
        db = self._db
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        try:
            db.execute("BEGIN IMMEDIATE")
            try:
                for job in jobs:
                    self._do(transaction, job)
                db.execute("COMMIT")
            except BaseException:
                if db.in_transaction:
                    db.execute("ROLLBACK")
                raise
        finally:
            fcntl.flock(self._lock, fcntl.LOCK_UN)

    def _do(self, transaction: Transaction, job: _Job) -> None:
        db, freed = transaction.db, len(transaction.freed)
        db.execute("SAVEPOINT job")
        try:
            job.result = job.work(transaction)
        except Exception as error:
            if not db.in_transaction:  # SQLite gave up the whole transaction: a full disk
                raise
            db.execute("ROLLBACK TO job")
            del transaction.freed[freed:]
            job.error = _explained(error)
        db.execute("RELEASE job")


def _explained(error: Exception) -> Exception:
    if not isinstance(error, sqlite3.Error):
        return error
    if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL:
        return no_space()
    return StoreProblem(f"the index of objects cannot be written: {error}")


def no_space() -> ApiError:
    """The disk is full. Not a code of AWS's, whose disks are not; versitygw answers the same."""
    _LOG.error("no space left for objects")
    return ApiError("InsufficientStorage", "No space left on device", status=507)


def _deliver(jobs: list[_Job]) -> None:
    for job in jobs:
        if job.future.cancelled():
            continue
        if job.error is None:
            job.future.set_result(job.result)
        else:
            job.future.set_exception(job.error)
