"""The journal: every record, in a file that only grows, before the answer of its call leaves the server.

One file a process, ``DATA/journal/<opened, ms>-<pid>-<random>.jsonl``, written by one ``write`` a record to a descriptor
in append mode: what was written survives the process (``kill -9``), and with :meth:`Journal.sync` the machine. A process
holds a lock (flock) on its file for as long as it writes to it, so that others can tell a file that is finished. A crash
can leave one torn line at the end, which readers skip.

A record that cannot be written raises OSError, and the pipeline refuses the call: there is no call without a record.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
from typing import TYPE_CHECKING, Final

from daypass.audit.shared_run import SharedRun

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from daypass.audit.counters import Counters

SUFFIX: Final = ".jsonl"
_ROTATED_AT: Final = 64 * 1024 * 1024


class Journal:
    """The end of the journal that one process writes to. ``append`` and ``ensure`` are called from one thread only."""

    def __init__(
        self,
        folder: Path,
        counters: Counters,
        *,
        now: Callable[[], float],
        random: Callable[[int], bytes],
        rotated_at: int = _ROTATED_AT,
    ) -> None:
        """Open a new file in ``folder``, made where it is missing. Raises OSError where that cannot be written."""
        self._folder = folder
        self._counters = counters
        self._now = now
        self._random = random
        self._rotated_at = rotated_at
        self._size = 0
        self._broken = False
        self._lost = False
        self._sync = SharedRun(self._sync_file)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._file, self._path = self._open()

    def append(self, line: bytes) -> None:
        """Hand one record to the operating system. Raises OSError when it could not be written whole."""
        data = line + b"\n"
        if self._lost or (self._size and self._size + len(data) > self._rotated_at):
            self._rotate()
        self._write(b"\n" + data if self._broken else data)
        self._counters.records += 1

    def ensure(self) -> None:
        """Raise OSError while the journal cannot be written. Free of cost as long as the last write was good.

        For the pipeline, before an operation moves object bytes, which no later refusal takes back.
        """
        if self._broken:
            self._write(b"\n")

    async def sync(self) -> None:
        """Wait until all that was appended before this call is on the disk; waiters share one fdatasync."""
        await self._sync()

    @property
    def path(self) -> Path:
        """The file that is written to now."""
        return self._path

    def close(self) -> None:
        """Let go of the file; one that never held a record is removed."""
        if self._size == 0:
            self._path.unlink(missing_ok=True)
        os.close(self._file)

    def _write(self, data: bytes) -> None:
        try:
            written = write(self._file, data)
            while written < len(data):
                written += write(self._file, data[written:])
        except OSError:
            self._broken = True
            self._counters.failures += 1
            raise
        self._broken = False
        self._size += len(data)

    def _open(self) -> tuple[int, Path]:
        """A new file, locked before it has its name. The folder is synced so that the name outlives the machine."""
        name = f"{int(self._now() * 1000):013d}-{os.getpid()}-{self._random(4).hex()}"
        new, path = self._folder / f".{name}", self._folder / f"{name}{SUFFIX}"
        file = os.open(new, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
            new.rename(path)
            sync_folder(self._folder)
        except OSError:
            os.close(file)
            raise
        return file, path

    def _rotate(self) -> None:
        """Go on in a new file. The old one is synced first, for nobody can ask for it later."""
        full = self._file
        if not self._lost:
            os.fdatasync(full)
        self._file, self._path = self._open()
        self._size, self._broken, self._lost = 0, False, False
        os.close(full)

    async def _sync_file(self) -> None:
        """On a duplicate of the descriptor, which a rotation meanwhile cannot close."""
        file = os.dup(self._file)
        try:
            await asyncio.to_thread(os.fdatasync, file)
        except OSError:
            self._lost = True  # what could not be synced once is not tried again: a later success would prove nothing
            self._counters.failures += 1
            raise
        finally:
            os.close(file)


def write(file: int, data: bytes) -> int:
    """``os.write``, by a name of our own that tests of a full disk can replace."""
    return os.write(file, data)


def sync_folder(folder: Path) -> None:
    """Make names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
