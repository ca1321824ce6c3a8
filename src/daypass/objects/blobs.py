"""The files of the object folder: written once under random names, made durable, read, and unlinked.

A file's name says nothing about the key it belongs to, so no key can reach outside the folder; files are opened below
a directory descriptor and never through a link. While a process writes a file it holds a lock on it: a file that no
index row names and nobody locks is what a crash left behind (:meth:`Blobs.sweep`).
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from typing import TYPE_CHECKING

from daypass.objects.digests import Digester

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from daypass.objects.interface import Digests

_FAN = 2
"""How many characters of a file's name are its directory's: 256 directories."""
_CREATE = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC


class Incoming:
    """A file that is being written. It is nobody's until the index names it."""

    def __init__(self, blobs: Blobs, name: str, descriptor: int, algorithm: str) -> None:
        self.name = name
        self._blobs = blobs
        self._descriptor = descriptor
        self._digester = Digester(algorithm)

    def feed(self, pieces: list[bytes]) -> None:
        """Hash and write some bytes. Blocks; meant for a worker thread."""
        data = pieces[0] if len(pieces) == 1 else b"".join(pieces)
        self._digester.update(data)
        view = memoryview(data)
        while view:
            view = view[os.write(self._descriptor, view) :]

    def digests(self) -> Digests:
        """What was counted and computed. To be asked for once."""
        return self._digester.finish()

    def make_durable(self) -> None:
        """Bring file and directory entry to the disk. An error here is final (fsync(2): pages may be dropped)."""
        os.fsync(self._descriptor)
        self._blobs.sync_directory(self.name)

    def settle(self, committed: bool) -> None:
        """Let go of the file: it is the index's now, or it goes away. Safe to call twice."""
        if self._descriptor < 0:
            return
        if not committed:
            self._blobs.unlink((self.name,))
        os.close(self._descriptor)
        self._descriptor = -1


class Blobs:
    """One folder of files, fanned out over 256 directories."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._root = os.open(folder, _DIRECTORY)

    def create(self, name: str, algorithm: str) -> Incoming:
        """A new file under a name nobody used before."""
        try:
            descriptor = os.open(_path(name), _CREATE, mode=0o600, dir_fd=self._root)
        except FileNotFoundError:
            self._make_directory(name[:_FAN])
            descriptor = os.open(_path(name), _CREATE, mode=0o600, dir_fd=self._root)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        return Incoming(self, name, descriptor, algorithm)

    def open(self, name: str) -> int:
        """A descriptor to read from; FileNotFoundError when the file was unlinked since it was looked up."""
        return os.open(_path(name), _READ, dir_fd=self._root)

    def _make_directory(self, fan: str) -> None:
        with contextlib.suppress(FileExistsError):  # another process was quicker
            os.mkdir(fan, 0o700, dir_fd=self._root)
        os.fsync(self._root)

    def sync_directory(self, name: str) -> None:
        """Make the directory entry of a file durable."""
        directory = os.open(name[:_FAN], _DIRECTORY, dir_fd=self._root)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)

    def unlink(self, names: Iterable[str]) -> None:
        """Remove files; who has them open reads on. What cannot be removed is left to the next sweep."""
        for name in names:
            with contextlib.suppress(OSError):
                os.unlink(_path(name), dir_fd=self._root)

    def sweep(self, is_named: Callable[[str], bool], older_than: float) -> int:
        """Unlink files that the index does not name, that nobody writes and that were last written before a moment.

        The lock is taken first and the index asked afterwards: a writer gives its lock up only after its commit.
        """
        count = 0
        for fan in os.listdir(self._root):  # noqa: PTH208 - below a descriptor
            for name in self._orphans(fan, is_named, older_than):
                self.unlink((name,))
                count += 1
        return count

    def _orphans(self, fan: str, is_named: Callable[[str], bool], older_than: float) -> Iterator[str]:
        directory = os.open(fan, _DIRECTORY, dir_fd=self._root)
        try:
            names = os.listdir(directory)  # noqa: PTH208 - below a descriptor
        finally:
            os.close(directory)
        for name in names:
            if not is_named(name) and self._is_abandoned(name, older_than) and not is_named(name):
                yield name

    def _is_abandoned(self, name: str, older_than: float) -> bool:
        try:
            descriptor = self.open(name)
        except OSError:
            return False
        try:
            if os.fstat(descriptor).st_mtime >= older_than:
                return False
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        else:
            return True
        finally:
            os.close(descriptor)

    def close(self) -> None:
        """Let go of the folder."""
        os.close(self._root)


def _path(name: str) -> str:
    return f"{name[:_FAN]}/{name}"
