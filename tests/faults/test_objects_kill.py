"""A writer that is killed in the middle: the old object or the new one, never a mixture, and nothing left behind.

The child process writes objects and says which ones were answered; the parent kills it (SIGKILL) at a random moment, opens
the folder again and looks. s3.md 10.1, "What is owed".
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import random
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from daypass.objects import LocalObjects, Search

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

KEYS = 4
ROUNDS = 6
SIZES = (100, 60_000, 1_500_000)
"""In the index; a file; a file in several chunks."""

WRITER = """
import asyncio, sys
from pathlib import Path
from daypass.clock import now, random_bytes
from daypass.objects import Head, Intake, LocalObjects, Placing

async def pieces(data):
    for at in range(0, len(data), 65536):
        yield data[at : at + 65536]
        await asyncio.sleep(0)

async def main(folder, start):
    store = LocalObjects(Path(folder), now=now, random=random_bytes)
    async def write(key):
        number = start
        while True:
            number += 1
            size = %r[number %% 3]
            data = number.to_bytes(8, "big") * (size // 8)
            await store.put(Placing("b", key), pieces(data), Head(), Intake("CRC32", 1 << 30, lambda _: None))
            print(key, number, flush=True)
    await asyncio.gather(*(write(f"k{n}") for n in range(%d)))

asyncio.run(main(sys.argv[1], int(sys.argv[2])))
""" % (SIZES, KEYS)  # noqa: UP031 - braces are Python's here


@contextlib.contextmanager
def opened(path: Path) -> Iterator[LocalObjects]:
    store = LocalObjects(path, now=lambda: time.time() + 3600, random=random.randbytes)
    try:
        yield store
    finally:
        store.close()


@pytest.mark.parametrize("seed", [1, 2])
def test_kill_nine_in_the_middle_of_puts(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    answered: dict[str, int] = {}
    for turn in range(ROUNDS):
        start = turn * 1_000_000
        process = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(tmp_path), str(start)], stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        first = process.stdout.readline()
        assert first
        time.sleep(chance.random() * 0.15)
        process.send_signal(signal.SIGKILL)
        with process.stdout:
            lines = [first, *process.stdout]
        process.wait(timeout=10)
        for line in lines:
            if line.endswith("\n"):
                key, number = line.split()
                answered[key] = int(number)
        look(tmp_path, answered)
    assert len(answered) == KEYS


def look(path: Path, answered: dict[str, int]) -> None:
    with opened(path) as store:
        asyncio.run(check(store, path, answered))


async def check(store: LocalObjects, path: Path, answered: dict[str, int]) -> None:
    listed = {entry.key for entry in (await store.list("b", Search())).entries}
    assert answered.keys() <= listed
    named = set()
    for key in listed:
        stored = await store.find("b", key)
        assert stored is not None
        content = store.open(stored, 0, stored.size - 1)
        data = content if isinstance(content, bytes) else b"".join([piece async for piece in content.pieces()])
        if not isinstance(content, bytes):
            content.close()
        assert hashlib.md5(data, usedforsecurity=False).hexdigest() == stored.etag
        number = int.from_bytes(data[:8], "big")
        assert data == number.to_bytes(8, "big") * (stored.size // 8)
        assert number >= answered.get(key, 0)
        answered[key] = number
        named |= {extent.file for extent in stored.extents}
    await store.sweep(minimum_age=0)
    assert {file.name for file in (path / "objects").rglob("*") if file.is_file()} == named
