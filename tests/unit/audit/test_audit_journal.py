"""The journal of one process: whole lines, rotation, refusal when it cannot be written, shared syncs."""

from __future__ import annotations

import asyncio
import errno
import os
import threading
from typing import TYPE_CHECKING

import pytest
from audit_calls import random

from daypass.audit import Counters, Journal, journal
from daypass.audit.indexer import is_finished

if TYPE_CHECKING:
    from pathlib import Path


def opened(folder: Path, counters: Counters | None = None, *, rotated_at: int = 1 << 20) -> Journal:
    return Journal(folder, counters or Counters(), now=lambda: 1.0, random=random, rotated_at=rotated_at)


def lines(folder: Path) -> list[bytes]:
    return [line for path in sorted(folder.glob("*.jsonl")) for line in path.read_bytes().split(b"\n") if line]


def test_what_is_appended_stands_in_the_file_at_once(tmp_path: Path) -> None:
    counters = Counters()
    book = opened(tmp_path / "journal", counters)
    book.append(b'{"a":1}')
    book.append(b'{"b":2}')
    assert book.path.read_bytes() == b'{"a":1}\n{"b":2}\n'
    assert counters.records == 2


def test_nobody_else_may_read_it(tmp_path: Path) -> None:
    book = opened(tmp_path / "journal")
    assert book.path.stat().st_mode & 0o777 == 0o600
    assert book.path.parent.stat().st_mode & 0o777 == 0o700


def test_a_full_file_is_followed_by_a_new_one(tmp_path: Path) -> None:
    book = opened(tmp_path, rotated_at=100)
    first = book.path
    for n in range(20):
        book.append(b"%020d" % n)
    assert lines(tmp_path) == [b"%020d" % n for n in range(20)]
    assert len(list(tmp_path.glob("*.jsonl"))) == 5
    assert is_finished(first)
    assert not is_finished(book.path)


def test_a_closed_journal_is_finished_and_an_empty_one_leaves_nothing(tmp_path: Path) -> None:
    book = opened(tmp_path)
    book.append(b"{}")
    book.close()
    assert is_finished(book.path)
    opened(tmp_path).close()
    assert list(tmp_path.iterdir()) == [book.path]


def test_a_record_that_cannot_be_written_is_refused_and_leaves_no_trace(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that fills up in the middle of a line: later records stand on lines of their own."""
    counters = Counters()
    book = opened(tmp_path, counters)
    book.append(b'{"before":1}')
    room = 10

    def full(file: int, data: bytes) -> int:
        nonlocal room
        written = os.write(file, data[:room])
        room -= written
        if not written:
            raise OSError(errno.ENOSPC, "No space left on device")
        return written

    monkeypatch.setattr(journal, "write", full)
    with pytest.raises(OSError, match="No space"):
        book.append(b'{"refused":"call"}')
    with pytest.raises(OSError, match="No space"):
        book.ensure()
    monkeypatch.undo()
    book.ensure()
    book.append(b'{"after":1}')
    assert lines(tmp_path) == [b'{"before":1}', b'{"refused"', b'{"after":1}']
    assert (counters.records, counters.failures) == (2, 2)


def test_a_folder_that_cannot_be_written_is_found_at_the_start(tmp_path: Path) -> None:
    (tmp_path / "journal").write_text("a file")
    with pytest.raises(OSError, match="exists"):
        opened(tmp_path / "journal")


def test_many_answers_wait_for_few_syncs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sync that began before a record was written does not count for it."""
    synced: list[int] = []
    gate = threading.Event()

    def fdatasync(file: int) -> None:
        size = os.fstat(file).st_size
        gate.wait(5)
        synced.append(size)

    monkeypatch.setattr(os, "fdatasync", fdatasync)
    book = opened(tmp_path)

    async def answer(number: int) -> None:
        book.append(b"%09d" % number)
        size = book.path.stat().st_size
        await book.sync()
        assert synced[-1] >= size

    async def many() -> None:
        first = asyncio.create_task(answer(0))
        await asyncio.sleep(0.05)
        rest = [asyncio.create_task(answer(n)) for n in range(1, 50)]
        await asyncio.sleep(0.05)
        assert not first.done()
        gate.set()
        await asyncio.gather(first, *rest)

    asyncio.run(many())
    assert synced == [10, 500]


def test_after_a_failed_sync_the_journal_goes_on_in_a_new_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A kernel may drop what it could not write, and then report success: the old file proves nothing any more."""

    def broken(_file: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    counters = Counters()
    book = opened(tmp_path, counters)
    first = book.path
    book.append(b"{}")
    monkeypatch.setattr(os, "fdatasync", broken)
    with pytest.raises(OSError, match="Input/output"):
        asyncio.run(book.sync())
    book.append(b"{}")
    assert book.path != first
    assert counters.failures == 1


def test_the_counters_are_shown_to_prometheus(tmp_path: Path) -> None:
    counters = Counters()
    opened(tmp_path, counters).append(b"{}")
    shown = counters.text().splitlines()
    assert "# TYPE daypass_audit_records_total counter" in shown
    assert "daypass_audit_records_total 1" in shown
    assert len(shown) == 2 * len(Counters.__slots__)
