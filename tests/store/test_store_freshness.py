"""What was answered in one process is seen by the next view of every other, and no view shows two moments."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from storekit import RING, A, access_key, commit, put, user

from daypass.directory import GLOBAL, AccessKey, Delete, Put, User
from daypass.store import Conflict, Limits, SqliteStore

if TYPE_CHECKING:
    from collections.abc import Iterator

WORKER = f"""
import asyncio, os, sys
from pathlib import Path
sys.path.insert(0, {str(Path(__file__).parent)!r})
from storekit import *
from daypass.directory import *
from daypass.store import *
store = SqliteStore.open(Path(sys.argv[1]), RING, os.urandom)
print("open", flush=True)
"""
ANSWERS_EACH_LINE = """
for line in sys.stdin:
    put(store, user("x", path=line.strip()), access_key("AKIA" + line.strip().strip("/")))
    print("answered", flush=True)
store.close()
"""
CHANGES_TWO_TOGETHER = """
for n in range(300):
    put(store, user("one", path=f"/{n}/"), user("two", path=f"/{n}/"))
store.close()
"""
COUNTS_UP = """
for n in range(40):
    while True:
        view = store.view()
        path = view.get(User, A, "counter").path
        try:
            commit(store, Put(user("counter", path="/%d/" % (int(path.strip("/")) + 1))), view=view)
        except Conflict:
            continue
        break
store.close()
"""


@pytest.fixture
def other(sqlite: SqliteStore, folder: Path) -> Iterator[SqliteStore]:
    """A second worker on the same folder."""
    opened = SqliteStore.open(folder, RING, os.urandom)
    yield opened
    opened.close()


def start(folder: Path, program: str) -> subprocess.Popen[str]:
    worker = subprocess.Popen(
        [sys.executable, "-c", WORKER + program, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert worker.stdout is not None
    assert worker.stdout.readline() == "open\n"
    return worker


def path_of(store: SqliteStore, name: str) -> str | None:
    found = store.view().get(User, A, name)
    return found and found.path


def test_a_commit_in_another_process_is_seen_by_the_next_view(sqlite: SqliteStore, folder: Path) -> None:
    with start(folder, ANSWERS_EACH_LINE) as worker:
        assert worker.stdin is not None
        assert worker.stdout is not None
        for n in range(100):
            assert sqlite.view().get(AccessKey, GLOBAL, f"AKIA{n}") is None
            worker.stdin.write(f"/{n}/\n")
            worker.stdin.flush()
            assert worker.stdout.readline() == "answered\n"
            assert path_of(sqlite, "x") == f"/{n}/"
            assert sqlite.view().get(AccessKey, GLOBAL, f"AKIA{n}") is not None
            assert sqlite.view().derived(A, "path", lambda: path_of(sqlite, "x")) == f"/{n}/"
        worker.stdin.close()
        assert worker.wait(10) == 0


def test_two_records_that_change_together_are_never_seen_apart(sqlite: SqliteStore, folder: Path) -> None:
    """Whether they come from memory or from the disk: threats.md F17."""
    put(sqlite, user("one", path="/x/"), user("two", path="/x/"))
    overtaken = seen = 0
    with start(folder, CHANGES_TWO_TOGETHER) as worker:
        while worker.poll() is None:
            view = sqlite.view()
            try:
                one, two = view.get(User, A, "one"), view.get(User, A, "two")
                listed = view.page(User, A).records
            except Conflict:
                overtaken += 1
                continue
            assert one is not None
            assert two is not None
            assert {one.path, two.path, *(found.path for found in listed)} == {one.path}  # type: ignore[attr-defined]
            seen += 1
    assert worker.returncode == 0
    assert seen > 0
    assert path_of(sqlite, "one") == path_of(sqlite, "two") == "/299/"


def test_processes_that_change_one_record_lose_no_change(sqlite: SqliteStore, folder: Path) -> None:
    put(sqlite, user("counter", path="/0/"))
    with start(folder, COUNTS_UP) as first, start(folder, COUNTS_UP) as second:
        assert (first.wait(60), second.wait(60)) == (0, 0)
    assert path_of(sqlite, "counter") == "/80/"


def test_a_view_that_is_overtaken_while_it_reads_is_refused(sqlite: SqliteStore, other: SqliteStore) -> None:
    put(sqlite, user("x"), user("y"))
    view = sqlite.view()
    view.get(User, A, "x")
    put(other, user("x", path="/new/"))
    with pytest.raises(Conflict):
        view.get(User, A, "y")
    assert path_of(sqlite, "x") == "/new/"


def test_a_view_that_is_overtaken_elsewhere_goes_on_and_can_commit(sqlite: SqliteStore, other: SqliteStore) -> None:
    put(sqlite, user("x"), access_key("AKIA1"))
    view = sqlite.view()
    view.get(User, A, "x")
    put(other, access_key("AKIA2"))
    assert view.get(AccessKey, GLOBAL, "AKIA2") is not None
    commit(sqlite, Put(user("x", path="/new/")), view=view)
    assert path_of(other, "x") == "/new/"


def test_a_view_that_has_read_nothing_yet_is_of_the_moment_it_first_reads(
    sqlite: SqliteStore, other: SqliteStore
) -> None:
    view = sqlite.view()
    put(other, user("x"))
    assert view.get(User, A, "x") is not None
    commit(sqlite, Delete(user("x").key), view=view)
    assert path_of(other, "x") is None


def test_what_an_old_view_derives_is_not_kept_for_newer_ones(sqlite: SqliteStore, other: SqliteStore) -> None:
    put(sqlite, user("x", path="/old/"))
    old = sqlite.view()
    record = old.get(User, A, "x")
    assert record is not None
    put(other, user("x", path="/new/"))
    assert path_of(sqlite, "x") == "/new/"
    assert old.derived(A, "path", lambda: record.path) == "/old/"
    assert sqlite.view().derived(A, "path", lambda: path_of(sqlite, "x")) == "/new/"


def test_a_writer_that_dies_before_it_tells_the_others_is_noticed_within_a_second(
    sqlite: SqliteStore, other: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(sqlite, user("x", path="/old/"))
    assert path_of(sqlite, "x") == "/old/"
    monkeypatch.setattr(other._counter, "publish", lambda _number: None)
    put(other, user("x", path="/new/"))
    asyncio.run(asyncio.sleep(1.0))
    assert path_of(sqlite, "x") == "/new/"


def test_the_next_writer_to_start_tells_what_a_dead_one_did_not(
    sqlite: SqliteStore, other: SqliteStore, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(other._counter, "publish", lambda _number: None)
    put(other, user("x", path="/new/"))
    before = sqlite._counter.value()
    SqliteStore.open(folder, RING, os.urandom).close()
    assert sqlite._counter.value() > before
    assert path_of(sqlite, "x") == "/new/"


def test_a_worker_that_is_further_behind_than_the_log_forgets_all(folder: Path) -> None:
    limits = Limits(log_length=5)
    one, two = (SqliteStore.open(folder, RING, os.urandom, limits) for _ in range(2))
    put(one, user("x", path="/old/"), user("y"))
    old = one.view()
    assert old.get(User, A, "x") is not None
    assert one.view().derived(A, "k", lambda: 1) == 1
    put(two, user("x", path="/new/"))
    for n in range(20):
        put(two, access_key(f"AKIA{n}"))
    assert path_of(one, "x") == "/new/"
    assert one.view().derived(A, "k", lambda: 2) == 2
    with pytest.raises(Conflict):
        commit(one, Put(user("z")), view=old)
    for store in (one, two):
        store.close()


def test_a_view_with_notes_is_refused_when_the_log_does_not_reach_back(folder: Path) -> None:
    one, two = (SqliteStore.open(folder, RING, os.urandom, Limits(log_length=2)) for _ in range(2))
    view = one.view()
    view.get(AccessKey, GLOBAL, "AKIA1")
    for n in range(9):
        put(two, user(f"u{n}"))
    with pytest.raises(Conflict):
        view.count(User, A)
    assert one.view().count(User, A) == 9
    for store in (one, two):
        store.close()


def test_memory_is_bounded(folder: Path) -> None:
    store = SqliteStore.open(folder, RING, os.urandom, Limits(records=10, derived=6))
    put(store, *(user(f"u{n}") for n in range(50)))
    for n in range(50):
        view = store.view()
        assert view.get(User, A, f"u{n}") is not None
        assert view.get(AccessKey, GLOBAL, f"AKIA{n}") is None
        assert view.by_id(User, f"AIDA1U{n}") is not None
        view.derived(A, n, lambda: 1)
        view.revision(str(n))
    reader = store._reader
    assert max(map(len, (reader._records, reader._absent, reader._places, reader._revisions))) <= 10
    assert len(reader._derived) <= 6
    store.close()
