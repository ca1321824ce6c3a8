"""kill -9 of writers and indexers: every record whose append returned is found, once.

The processes are real; what they were told to have done, they report on their standard output after it was done.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from daypass.audit import Counters, Indexer, Trail
from daypass.credentials import KeyRing
from daypass.store import SqliteStore
from daypass.store.interface import EventQuery

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOW = 1_795_000_000
RING = KeyRing.generate(bytes(range(32)))

RECORD = """
import asyncio, os, sys, time
from pathlib import Path
from daypass.audit import Counters, Indexer, Journal
from daypass.credentials import KeyRing
from daypass.store import SqliteStore

def line(name):
    return (
        '{"userIdentity":{"type":"Root","principalId":"111122223333"},"eventTime":"2026-11-18T11:33:20Z",'
        '"eventSource":"sts.amazonaws.com","eventName":"GetCallerIdentity","awsRegion":"us-east-1",'
        '"eventID":"%s","readOnly":true,"recipientAccountId":"111122223333","eventCategory":"Management",'
        '"userAgent":"%s"}' % (name, "x" * 200)
    ).encode()

folder = Path(sys.argv[1])
"""

WRITER = (
    RECORD
    + """
journal = Journal(folder / "journal", Counters(), now=time.time, random=os.urandom, rotated_at=100_000)
for number in range(10**9):
    name = "%s-%09d" % (sys.argv[2], number)
    journal.append(line(name))
    os.write(1, name.encode() + b"\\n")
"""
)

INDEXER = (
    RECORD
    + """
store = SqliteStore.open(folder, KeyRing.generate(bytes(range(32))), os.urandom)
indexer = Indexer(folder / "journal", store, Counters(), now=time.time)
async def main():
    while True:
        await indexer.drain()
        os.write(1, b"pass\\n")
asyncio.run(main())
"""
)


@pytest.fixture
def processes() -> Iterator[list[subprocess.Popen[bytes]]]:
    started: list[subprocess.Popen[bytes]] = []
    yield started
    for process in started:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


def start(program: str, folder: Path, name: str, processes: list[subprocess.Popen[bytes]]) -> subprocess.Popen[bytes]:
    process = subprocess.Popen([sys.executable, "-c", program, str(folder), name], stdout=subprocess.PIPE)
    processes.append(process)
    return process


def reported(process: subprocess.Popen[bytes]) -> list[str]:
    """What a killed process had said that it did; a last line that was cut off counts for nothing."""
    assert process.stdout is not None
    return process.stdout.read().decode().split("\n")[:-1]


def kill(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGKILL)
    process.wait()


def found(folder: Path) -> list[str]:
    """The ids of all events, looked up as CloudTrail does."""

    async def look() -> list[str]:
        store = SqliteStore.open(folder, RING, os.urandom)
        trail = Trail(store, Indexer(folder / "journal", store, Counters(), now=time.time))
        ids: list[str] = []
        before = None
        while True:
            query = EventQuery("111122223333", "us-east-1", 0, NOW * 2, None, before, 1000)
            page = await trail.lookup(query)
            ids += [row.id for row in page.events]
            before = page.next
            if before is None:
                store.close()
                return ids

    return asyncio.run(look())


def test_every_record_that_a_killed_writer_appended_is_found_once(
    tmp_path: Path, processes: list[subprocess.Popen[bytes]]
) -> None:
    (tmp_path / "journal").mkdir()
    writers = [start(WRITER, tmp_path, name, processes) for name in "ab"]
    said: list[list[str]] = [[], []]
    for writer, lines in zip(writers, said, strict=True):
        assert writer.stdout is not None
        while len(lines) < 1000:
            lines.append(writer.stdout.readline().decode().rstrip("\n"))
    for writer, lines in zip(writers, said, strict=True):
        kill(writer)
        lines.extend(reported(writer))
    ids = found(tmp_path)
    assert len(set(ids)) == len(ids)
    missing = {name for lines in said for name in lines} - set(ids)
    assert not missing
    assert len(ids) - sum(map(len, said)) <= len(writers), "at most one append of each was cut off before its report"


def test_the_next_indexer_takes_over_from_one_that_was_killed(
    tmp_path: Path, processes: list[subprocess.Popen[bytes]]
) -> None:
    """The first is killed at different moments of its passes, while a writer goes on."""
    (tmp_path / "journal").mkdir()
    writer = start(WRITER, tmp_path, "w", processes)
    assert writer.stdout is not None
    said = [writer.stdout.readline().decode().rstrip("\n")]
    for moment in (0.0, 0.003, 0.011):
        indexer = start(INDEXER, tmp_path, "i", processes)
        assert indexer.stdout is not None
        assert indexer.stdout.readline() == b"pass\n"
        said += [writer.stdout.readline().decode().rstrip("\n") for _ in range(500)]
        time.sleep(moment)
        kill(indexer)
    kill(writer)
    said += reported(writer)
    ids = found(tmp_path)
    assert len(set(ids)) == len(ids)
    assert set(said) <= set(ids)


def test_a_line_that_was_half_there_when_its_file_was_measured_is_not_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pass measures all files, then reads them; meanwhile a line is completed and its file finished."""
    folder = tmp_path / "journal"
    folder.mkdir()
    names: dict[str, object] = {}
    exec(RECORD.replace("sys.argv[1]", repr(str(tmp_path))), names)
    line = names["line"]
    assert callable(line)
    whole = line("w-1") + b"\n" + line("w-2") + b"\n"
    path = folder / "1-1-a.jsonl"
    path.write_bytes(whole)
    half = {path: len(whole) - 40}
    store = SqliteStore.open(tmp_path, RING, os.urandom)
    indexer = Indexer(folder, store, Counters(), now=time.time)
    monkeypatch.setattr(indexer, "_sizes", lambda: half)
    asyncio.run(indexer.drain())
    store.close()
    assert sorted(found(tmp_path)) == ["w-1", "w-2"]
