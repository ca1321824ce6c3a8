"""The key file of a data folder: read, held, written, and read again when it has changed.

Every process that seals or opens holds the ring in the state in which it has read it: a shared lock on a file that is
called after that state. So whoever changes the ring knows when nobody works with the former state any more: a new key
is known to all before the first of them seals with it, and a key that was replaced seals nothing more. The system lets
go of the locks of a process that dies.
"""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
import stat
import time
from hashlib import sha256
from typing import TYPE_CHECKING

from daypass import clock
from daypass.credentials import KeyRing, LiveKeyRing
from daypass.store import StoreProblem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from io import FileIO
    from pathlib import Path

KEY_FILE = "keyring.json"
STATES = "keyring.states"
CHANGING = "changing"
PATIENCE = 30.0
"""Seconds within which every process of the server takes up a changed ring, or something is wrong with it."""

_PAUSE = 0.05
_PRIVATE = 0o600
_OPEN_TO_OTHERS = 0o077

LOG = logging.getLogger("daypass")

Stamp = tuple[int, int, int]
"""What tells one version of the file from the next: inode, time of change, size."""


class RingProblem(Exception):
    """The ring cannot be changed now; the text is one clear line for the operator."""


class FiledKeyRing(LiveKeyRing):
    """The ring of a data folder as one process holds it, until it is closed.

    ``forget`` is called when keys are gone: what they opened is to be forgotten.
    """

    __slots__ = ("_held", "_path", "_said", "_stamp", "forget")

    def __init__(self, folder: Path) -> None:
        ring, self._stamp, self._held = _read_and_hold(folder)
        super().__init__(ring)
        self._path = folder / KEY_FILE
        self._said = ""
        self.forget: Callable[[], None] = _nothing

    def close(self) -> None:
        """Let go of the ring's state: nothing is sealed under it any more."""
        self._held.close()

    def __del__(self) -> None:
        """A command that ends without closing its ring lets go of it, too."""
        held = getattr(self, "_held", None)
        if held is not None:
            held.close()

    def refresh(self) -> None:
        """Read the file again if it has changed. What cannot be used is told once, and the ring stays as it is."""
        try:
            found = _stamp(self._path)
            if found == self._stamp:
                return
            ring, self._stamp, held = _read_and_hold(self._path.parent)
        except (OSError, StoreProblem) as problem:
            self._complain(str(problem))
            return
        if not ring.has_a_key_of(self):
            held.close()
            self._complain(
                f"{self._path} holds another ring than the one this server works with; it goes on with its own"
            )
            return
        lost = set(self.key_ids) - set(ring.key_ids)
        self.adopt(ring)
        self._held.close()
        self._held = held
        if lost:
            self.forget()

    def _complain(self, text: str) -> None:
        with contextlib.suppress(OSError):
            self._stamp = _stamp(self._path)
        if text != self._said:
            LOG.error("the key ring could not be read again: %s", text)
        self._said = text


def read_ring(folder: Path) -> KeyRing:
    """The ring of a data folder as it is now. Raises StoreProblem."""
    path = folder / KEY_FILE
    try:
        if stat.S_IMODE(path.stat().st_mode) & _OPEN_TO_OTHERS:
            raise StoreProblem(f"{path} is open to other users: run chmod 600 {path}")
        return KeyRing.from_text(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise StoreProblem(f"{path}: {error}") from None
    except OSError as error:
        raise StoreProblem(f"{error.filename or path}: {error.strerror}") from None


def make_ring(folder: Path) -> None:
    """A first key file, with one key. Of several processes that start at once only one makes it."""
    with _lock_file(folder, CHANGING) as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / KEY_FILE).exists():
            write_private(folder / KEY_FILE, KeyRing.generate(clock.random_bytes(32), int(clock.now())).to_text())


@contextlib.contextmanager
def changing(folder: Path) -> Iterator[None]:
    """Be the only one who changes the ring. Raises RingProblem when somebody else does."""
    with _lock_file(folder, CHANGING) as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise RingProblem("another daypass command is changing the key ring: wait until it has ended") from None
        yield


def replace_ring(folder: Path, old: KeyRing, new: KeyRing) -> None:
    """Write a changed ring and wait until no process works with the former one. Raises StoreProblem, RingProblem."""
    write_private(folder / KEY_FILE, new.to_text())
    wait_until_left(folder, old)


def wait_until_left(folder: Path, old: KeyRing) -> None:
    """Wait until no process works with a former state of the ring. Raises RingProblem."""
    deadline = time.monotonic() + PATIENCE
    with _lock_file(folder, _state(old)) as lock:
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() > deadline:
                    text = "a process of this server has not taken up the changed key ring: restart it, and run"
                    raise RingProblem(f"{text} `daypass keys rotate --resume`") from None
                time.sleep(_PAUSE)
            else:
                (folder / STATES / _state(old)).unlink(missing_ok=True)
                return


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner reads, durably, whole or not at all. Raises StoreProblem."""
    draft = path.with_name(f".{path.name}.new")
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _PRIVATE)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            os.fchmod(descriptor, _PRIVATE)
            file.write(text)
            file.flush()
            os.fsync(descriptor)
        draft.replace(path)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        raise StoreProblem(f"{path}: {error.strerror}") from None


def _nothing() -> None:
    """Nothing is remembered of what was opened."""


def _read_and_hold(folder: Path) -> tuple[KeyRing, Stamp, FileIO]:
    """The ring, which version of the file it is, and the lock that says that this process works with it."""
    path = folder / KEY_FILE
    while True:
        try:
            before = _stamp(path)
        except OSError as error:
            raise StoreProblem(f"{path}: {error.strerror}") from None
        ring = read_ring(folder)
        held = _lock_file(folder, _state(ring))
        fcntl.flock(held, fcntl.LOCK_SH)
        with contextlib.suppress(OSError):  # it has been taken away: the next look tells
            if _stamp(path) == before:
                return ring, before, held
        held.close()


def _state(ring: KeyRing) -> str:
    """The name of a ring's state: which key seals, and which there are."""
    return f"{ring.active}-{sha256(bytes(ring.key_ids)).hexdigest()[:16]}"


def _lock_file(folder: Path, name: str) -> FileIO:
    try:
        (folder / STATES).mkdir(mode=0o700, exist_ok=True)
        descriptor = os.open(folder / STATES / name, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, _PRIVATE)
    except OSError as error:
        raise StoreProblem(f"{folder / STATES / name}: {error.strerror}") from None
    return os.fdopen(descriptor, "r+b", buffering=0)


def _stamp(path: Path) -> Stamp:
    found = path.stat()
    return found.st_ino, found.st_mtime_ns, found.st_size
