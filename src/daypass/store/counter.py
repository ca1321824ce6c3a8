"""How worker processes of one machine learn in nanoseconds that the directory has changed.

Eight bytes in a file that all of them map into memory hold the number of the last change that was committed. A writer
stores it after its commit and before its answer, while it holds the lock on the same file: so the number never goes
back, and whoever looks at it after an answer sees it. The file holds nothing that cannot be told from the database.
"""

from __future__ import annotations

import errno
import fcntl
import mmap
import os
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from daypass.store.interface import StoreProblem

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_SIZE = 8
_LOCK_PATIENCE = 30.0
_FIRST_PAUSE = 0.0002
_LONGEST_PAUSE = 0.005


class ChangeCounter:
    """The shared number and the lock under which it is written."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        if os.fstat(self._file).st_size < _SIZE:
            os.ftruncate(self._file, _SIZE)
        self._map = mmap.mmap(self._file, _SIZE)
        self._number = memoryview(self._map).cast("Q")

    def value(self) -> int:
        """The number of the last change that was published."""
        return self._number[0]

    def publish(self, number: int) -> None:
        """Tell all processes. Only under :meth:`lock`."""
        self._number[0] = number

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Be the only writer among all processes of this machine. A process that dies lets go."""
        deadline = time.monotonic() + _LOCK_PATIENCE
        pause = _FIRST_PAUSE
        while not self._try_lock():
            if time.monotonic() > deadline:
                raise StoreProblem(f"another process has held the write lock {self._path} for {_LOCK_PATIENCE:.0f} s")
            time.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)
        try:
            yield
        finally:
            fcntl.flock(self._file, fcntl.LOCK_UN)

    def close(self) -> None:
        """Let go of the file."""
        self._number.release()
        self._map.close()
        os.close(self._file)

    def _try_lock(self) -> bool:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno in (errno.EWOULDBLOCK, errno.EINTR):
                return False
            raise
        return True
