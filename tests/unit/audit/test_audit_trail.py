"""From the journal to the index and out again: what is found, once, and by whom."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from audit_calls import ACCOUNT, NOW, OTHER, call, random, recorder, role_session, user

from daypass.audit import NOBODY, RETENTION, Counters, Indexer, Journal, Trail
from daypass.directory import LastUse
from daypass.store import MemoryStore
from daypass.store.interface import EventQuery, StoreProblem

if TYPE_CHECKING:
    from pathlib import Path

    from daypass.access.caller import Caller
    from daypass.services.registry import Call


def line_of(made: Call, *, now: float = NOW, proven: bool = True) -> bytes:
    (recorded,) = recorder(now).of(
        service=made.service,
        operation=made.operation,
        request_id="r",
        request=made.request,
        facts=made.facts,
        status=200,
        caller=made.caller if proven else None,
        call=made if proven else None,
    )
    return recorded.line


def identity_call(caller: Caller | None = None) -> Call:
    return call("sts", "GetCallerIdentity", {}, caller or user())


class Node:
    """One process's journal and indexer over a store and a folder that others may share."""

    def __init__(self, folder: Path, store: MemoryStore, *, keep: int = 1 << 30, now: float = NOW) -> None:
        self.counters = Counters()
        self.journal = Journal(folder, self.counters, now=lambda: now, random=random)
        self.indexer = Indexer(folder, store, self.counters, now=lambda: now, keep=keep)
        self.trail = Trail(store, self.indexer)

    def find(self, account: str = ACCOUNT, *, limit: int = 50, before: tuple[int, str] | None = None) -> list[str]:
        found = asyncio.run(self.trail.lookup(query(account, limit=limit, before=before)))
        return [row.name for row in found.events]


def query(account: str = ACCOUNT, *, limit: int = 50, before: tuple[int, str] | None = None) -> EventQuery:
    return EventQuery(account, "us-east-1", 0, int(NOW) + 10, None, before, limit)


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


def test_a_call_is_found_as_soon_as_it_is_in_the_journal(tmp_path: Path, store: MemoryStore) -> None:
    node = Node(tmp_path, store)
    assert node.find() == []
    node.journal.append(line_of(identity_call()))
    assert node.find() == ["GetCallerIdentity"]
    node.journal.append(line_of(call("iam", "ListUsers", {}), now=NOW + 1))
    assert node.find() == ["ListUsers", "GetCallerIdentity"]


def test_calls_of_all_processes_are_found_once(tmp_path: Path, store: MemoryStore) -> None:
    one, two = Node(tmp_path, store), Node(tmp_path, store)
    for node in (one, two, one, two):
        node.journal.append(line_of(identity_call()))
    assert len(one.find()) == len(two.find()) == 4
    assert one.counters.indexed + two.counters.indexed == 4


def test_accounts_do_not_see_one_another(tmp_path: Path, store: MemoryStore) -> None:
    node = Node(tmp_path, store)
    node.journal.append(line_of(identity_call()))
    assert node.find(OTHER) == []


def test_data_events_and_calls_of_nobody_stay_in_the_journal(tmp_path: Path, store: MemoryStore) -> None:
    node = Node(tmp_path, store)
    node.journal.append(line_of(call("s3", "GetObject", {"Bucket": "b", "Key": "k"})))
    node.journal.append(line_of(identity_call(), proven=False))
    assert node.find() == []
    assert node.find(NOBODY) == []
    assert node.counters.indexed == 0
    assert node.counters.damaged == 0


def test_pages_follow_one_another_without_gap_or_repetition(tmp_path: Path, store: MemoryStore) -> None:
    node = Node(tmp_path, store)
    for number in range(25):
        node.journal.append(line_of(identity_call(), now=NOW + number / 100))
    seen, before = [], None
    while True:
        page = asyncio.run(node.trail.lookup(query(limit=10, before=before)))
        seen += [row.id for row in page.events]
        before = page.next
        if before is None:
            break
    assert len(seen) == 25
    assert seen == sorted(seen, reverse=True)


def test_more_than_a_batch_is_indexed_in_one_go(tmp_path: Path, store: MemoryStore) -> None:
    node = Node(tmp_path, store)
    for _ in range(2500):
        node.journal.append(line_of(identity_call()))
    assert len(node.find(limit=5000)) == 2500
    assert node.counters.waiting == 0


def test_keys_and_roles_are_marked_as_used(tmp_path: Path, store: MemoryStore) -> None:
    node = Node(tmp_path, store)
    node.journal.append(line_of(identity_call()))
    node.journal.append(line_of(call("s3", "GetObject", {"Bucket": "b", "Key": "k"}, role_session())))
    node.find()
    assert store.view().last_use("AKIAQRSTUVWXYZEXAMPLE") == LastUse(int(NOW), "sts", "us-east-1")
    assert store.view().last_use("AROAQRSTUVWXYZEXAMPLE") == LastUse(int(NOW), "s3", "us-east-1")


def test_a_use_is_written_once_a_minute(tmp_path: Path, store: MemoryStore) -> None:
    node = Node(tmp_path, store)
    for later in (0, 5, 50, 70):
        node.journal.append(line_of(identity_call(), now=NOW + later))
        node.find()
    assert store.view().last_use("AKIAQRSTUVWXYZEXAMPLE") == LastUse(int(NOW + 50), "sts", "us-east-1")


def test_a_torn_line_is_skipped_when_its_writer_is_gone(tmp_path: Path, store: MemoryStore) -> None:
    node = Node(tmp_path, store)
    node.journal.append(line_of(identity_call()))
    node.journal.close()
    whole = line_of(call("iam", "ListUsers", {}))
    with node.journal.path.open("ab") as file:
        file.write(whole[:100])
    assert Node(tmp_path, store).find() == ["GetCallerIdentity"]
    node = Node(tmp_path, store)
    node.find()
    assert node.counters.damaged == 0, "it was passed over once and for all"


def test_a_line_still_being_written_is_waited_for(tmp_path: Path, store: MemoryStore) -> None:
    node = Node(tmp_path, store)
    line = line_of(identity_call())
    with node.journal.path.open("ab") as file:
        file.write(line[:100])
        file.flush()
        assert node.find() == []
        file.write(line[100:] + b"\n")
    assert node.find() == ["GetCallerIdentity"]
    assert node.counters.damaged == 0


def test_lines_that_are_no_records_are_counted_and_passed_over(tmp_path: Path, store: MemoryStore) -> None:
    node = Node(tmp_path, store)
    node.journal.append(b'{"eventVersion":"1.1')
    node.journal.append(b'{"eventTime":"never"}')
    node.journal.append(b"\xff\xfe")
    node.journal.append(line_of(identity_call()).replace(b'"eventTime":"2026', b'"eventTime":"year'))
    node.journal.append(line_of(identity_call()))
    assert node.find() == ["GetCallerIdentity"]
    assert node.counters.damaged == 4


def test_a_line_longer_than_any_record_does_not_stop_the_rest(tmp_path: Path, store: MemoryStore) -> None:
    node = Node(tmp_path, store)
    node.journal.append(b"x" * 3_000_000)
    node.journal.append(line_of(identity_call()))
    assert node.find() == ["GetCallerIdentity"]


def test_finished_files_are_kept_within_their_size_oldest_gone_first(tmp_path: Path, store: MemoryStore) -> None:
    old = Node(tmp_path, store, now=NOW - 2)
    young = Node(tmp_path, store, now=NOW - 1)
    for node in (old, young):
        for _ in range(10):
            node.journal.append(line_of(identity_call()))
        node.journal.close()
    node = Node(tmp_path, store, keep=young.journal.path.stat().st_size)
    node.journal.append(line_of(identity_call()))

    async def tidy() -> None:
        await node.indexer.drain()
        await node.indexer._tidy()
        assert set(await store.journal_marks()) == {young.journal.path.name, node.journal.path.name}

    asyncio.run(tidy())
    assert not old.journal.path.exists()
    assert young.journal.path.exists()
    assert len(node.find()) == 21


def test_a_finished_file_is_not_removed_before_it_is_indexed(tmp_path: Path, store: MemoryStore) -> None:
    old = Node(tmp_path, store)
    old.journal.append(line_of(identity_call()))
    old.journal.close()
    node = Node(tmp_path, store, keep=0)
    asyncio.run(node.indexer._tidy())
    assert old.journal.path.exists()


def test_the_mark_of_a_file_that_is_gone_is_forgotten(tmp_path: Path, store: MemoryStore) -> None:
    old = Node(tmp_path, store)
    old.journal.append(line_of(identity_call()))
    old.find()
    old.journal.close()
    old.journal.path.unlink()
    Node(tmp_path, store).find()
    assert asyncio.run(store.journal_marks()) == {}


def test_events_older_than_ninety_days_leave_the_index(tmp_path: Path, store: MemoryStore) -> None:
    node = Node(tmp_path, store)
    node.journal.append(line_of(identity_call(), now=NOW - RETENTION - 1))
    node.journal.append(line_of(identity_call(), now=NOW - RETENTION + 1))
    assert len(node.find()) == 2
    asyncio.run(node.indexer._tidy())
    assert len(node.find()) == 1


def test_the_task_goes_on_after_a_failure(tmp_path: Path, store: MemoryStore, monkeypatch: pytest.MonkeyPatch) -> None:
    node = Node(tmp_path, store)
    node.journal.append(line_of(identity_call()))
    failing = store.journal_marks
    failures = 2

    async def marks() -> dict[str, int]:
        nonlocal failures
        failures -= 1
        if failures >= 0:
            raise StoreProblem("the database is locked")
        return await failing()

    monkeypatch.setattr(store, "journal_marks", marks)
    monkeypatch.setattr("daypass.audit.indexer._PAUSE", 0.001)

    async def run() -> None:
        task = asyncio.create_task(node.indexer.run())
        for _ in range(1000):
            await asyncio.sleep(0.001)
            if node.counters.indexed:
                break
        task.cancel()
        await asyncio.wait([task])

    asyncio.run(run())
    assert node.counters.indexed == 1
    assert node.counters.index_failures == 2
