"""``kill -9`` at any moment: everything that was answered is there afterwards, and nothing by half."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from storekit import RING, A

from daypass.directory import User
from daypass.store import EventQuery, SqliteStore

WRITER = f"""
import asyncio, os, sys
from pathlib import Path
sys.path.insert(0, {str(Path(__file__).parent)!r})
from storekit import *
from daypass.store import *
store = SqliteStore.open(Path(sys.argv[1]), RING, os.urandom)

async def one(n):
    changes = [Put(user(f"first{{n}}", path="/a/b/", groups=("g",))), Put(user(f"second{{n}}", groups=("g",)))]
    while True:
        try:
            await store.commit(store.view(), changes, [event(n)])
        except Conflict:
            continue
        os.write(1, b"%d\\n" % n)
        return

async def all_of_them():
    for n in range(int(sys.argv[2]), 10**9, 4):
        await asyncio.gather(*(one(n + i) for i in range(4)))

asyncio.run(all_of_them())
"""


def run_and_kill(folder: Path, begin: int, after: float) -> list[int]:
    """Let a writer write for a while, then kill it. What it had answered."""
    with subprocess.Popen([sys.executable, "-c", WRITER, str(folder), str(begin)], stdout=subprocess.PIPE) as writer:
        assert writer.stdout is not None
        first = writer.stdout.readline()
        time.sleep(after)
        writer.send_signal(signal.SIGKILL)
        rest = writer.stdout.read()
    return [int(line) for line in (first + rest).split()]


@pytest.mark.parametrize("after", [0.0, 0.013, 0.05, 0.11, 0.2])
def test_what_was_answered_survives_and_nothing_is_half(folder: Path, after: float) -> None:
    answered = run_and_kill(folder, 0, after) + run_and_kill(folder, 1_000_000, after)
    assert len(answered) >= 2
    store = SqliteStore.open(folder, RING, os.urandom)
    view = store.view()
    found = {record.name for record in view.page(User, A, limit=1_000_000).records}  # type: ignore[attr-defined]
    events = asyncio.run(store.find_events(EventQuery(A, "us-east-1", 0, 10**9, None, None, 10**6)))
    numbers = {int(row.id[1:]) for row in events}
    assert set(answered) <= numbers
    assert found == {f"{which}{n}" for n in numbers for which in ("first", "second")}
    assert view.count(User, A) == view.count_linked(A, "group", "g") == len(found)
    assert len(view.page(User, A, path_prefix="/a/", limit=10**6).records) == len(numbers)
    assert [finding.text for finding in store.check() if not finding.good] == []
    store.close()
