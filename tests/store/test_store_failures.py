"""A disk that is full or cannot be written: one clear line, nothing half stored, and on again when it can."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING

import pytest
from storekit import RING, A, B, commit, event, put, user

from daypass.directory import Put, User
from daypass.store import EventQuery, JournalMark, MemoryStore, SqliteStore, StoreProblem

if TYPE_CHECKING:
    from pathlib import Path

EVERYTHING = EventQuery(A, "us-east-1", 0, 9_999, None, None, 100)
LARGE = (("p", "x" * 200_000),)


def on_the_writer(store: SqliteStore, statement: str) -> None:
    """Give the writing connection a setting, as its own thread would."""
    store._writer._db.execute(statement)


def test_a_full_disk_stores_nothing_and_says_so(sqlite: SqliteStore) -> None:
    put(sqlite, user("x"))
    (pages,) = sqlite._writer._db.execute("PRAGMA page_count").fetchone()
    on_the_writer(sqlite, f"PRAGMA max_page_count = {pages + 2}")
    with pytest.raises(StoreProblem, match="the disk is full"):
        commit(sqlite, Put(user("y")), Put(user("z", policies=LARGE)), events=(event(1),))
    view = sqlite.view()
    assert (view.get(User, A, "x"), view.get(User, A, "y"), view.count(User, A)) == (user("x"), None, 1)
    assert asyncio.run(sqlite.find_events(EVERYTHING)) == []
    on_the_writer(sqlite, "PRAGMA max_page_count = 1000000")
    commit(sqlite, Put(user("z", policies=LARGE)), events=(event(1),))
    assert sqlite.view().count(User, A) == 2


def test_whoever_shares_the_transaction_hears_of_the_full_disk_too(sqlite: SqliteStore) -> None:
    async def together() -> list[BaseException | None]:
        view = sqlite.view()
        return await asyncio.gather(
            sqlite.commit(view, [Put(user("a"))], ()),
            sqlite.commit(view, [Put(user("b", account=B, policies=LARGE))], ()),
            return_exceptions=True,
        )

    (pages,) = sqlite._writer._db.execute("PRAGMA page_count").fetchone()
    on_the_writer(sqlite, f"PRAGMA max_page_count = {pages + 2}")
    asyncio.run(asyncio.sleep(0))
    outcomes = asyncio.run(together())
    assert isinstance(outcomes[1], StoreProblem)
    answered = outcomes[0] is None  # it may have had a transaction to itself
    assert (sqlite.view().get(User, A, "a") is not None) == answered
    assert sqlite.view().get(User, B, "b") is None


def test_a_database_that_cannot_be_written_is_still_read(sqlite: SqliteStore) -> None:
    put(sqlite, user("x"))
    on_the_writer(sqlite, "PRAGMA query_only = 1")
    with pytest.raises(StoreProblem, match="it cannot be written"):
        put(sqlite, user("y"))
    with pytest.raises(StoreProblem):
        asyncio.run(sqlite.index_events((event(1),), (), JournalMark("j", 1)))
    assert sqlite.view().get(User, A, "x") == user("x")
    assert asyncio.run(sqlite.journal_marks()) == {}


def test_an_index_batch_is_kept_with_its_mark_or_not_at_all(sqlite: SqliteStore) -> None:
    broken = event(2, record=None)
    with pytest.raises(ValueError, match="NOT NULL"):
        asyncio.run(sqlite.index_events((event(1), broken), (), JournalMark("j", 1)))
    assert asyncio.run(sqlite.find_events(EVERYTHING)) == []
    assert asyncio.run(sqlite.journal_marks()) == {}


def test_a_bug_in_one_job_is_its_own_and_the_writer_goes_on(sqlite: SqliteStore) -> None:
    async def bug() -> None:
        def work(_db: object) -> None:
            raise ZeroDivisionError

        await sqlite._writer.run(work)

    with pytest.raises(ZeroDivisionError):
        asyncio.run(bug())
    put(sqlite, user("x"))
    assert sqlite.view().count(User, A) == 1


def test_a_commit_whose_caller_has_gone_is_still_whole(sqlite: SqliteStore) -> None:
    async def leave() -> None:
        waiting = asyncio.ensure_future(sqlite.commit(sqlite.view(), [Put(user("x"))], [event(1)]))
        await asyncio.sleep(0)
        waiting.cancel()
        await sqlite.forget_journal("nothing")

    asyncio.run(leave())
    assert sqlite.view().count(User, A) == len(asyncio.run(sqlite.find_events(EVERYTHING))) == 1


def test_another_process_that_keeps_the_lock_is_told_of(
    sqlite: SqliteStore, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = SqliteStore.open(folder, RING, os.urandom)
    monkeypatch.setattr("daypass.store.counter._LOCK_PATIENCE", 0.05)
    with other._counter.lock(), pytest.raises(StoreProblem, match="another process has held the write lock"):
        put(sqlite, user("x"))
    put(sqlite, user("x"))
    other.close()


def test_a_closed_store_is_not_ready_and_takes_nothing(folder: Path) -> None:
    store = SqliteStore.open(folder, RING, os.urandom)
    view = store.view()
    assert store.ready()
    store.close()
    assert not store.ready()
    with pytest.raises(StoreProblem, match="closed"):
        asyncio.run(store.commit(view, [Put(user("x"))], ()))


def test_the_view_of_another_store_is_a_bug(sqlite: SqliteStore) -> None:
    memory = MemoryStore([user("x")])
    with pytest.raises(TypeError):
        commit(memory, Put(user("y")), view=sqlite.view())
    with pytest.raises(TypeError):
        commit(sqlite, Put(user("y")), view=memory.view())
