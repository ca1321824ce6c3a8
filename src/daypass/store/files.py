"""The database's files: made for their owner alone, and looked at before they are trusted.

Sources: SQLite, "Database File Format" (the header), "Write-Ahead Logging".
"""

from __future__ import annotations

import os
import sqlite3
import stat
from typing import TYPE_CHECKING

from daypass.store import statements as sql
from daypass.store.interface import StoreProblem

if TYPE_CHECKING:
    from pathlib import Path

DATABASE = "daypass.sqlite3"
COUNTER = "daypass.changes"

_MAGIC = b"SQLite format 3\x00"
_HEADER_BYTES = 100
_SMALL = 4 * 1024 * 1024
"""A database up to this size is checked as a whole on each start: that takes milliseconds."""

_BUSY_SECONDS = 10.0


def prepare(folder: Path) -> Path:
    """Make folder and database file where they are missing, for their owner alone, and check those that are there."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    _refuse_loose(folder, 0o022, "700")
    path = folder / DATABASE
    for file in (path, folder / COUNTER):
        if file.is_symlink():
            raise StoreProblem(f"{file} is a symbolic link: put the file itself there")
        os.close(os.open(file, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600))
        _refuse_loose(file, 0o077, "600")
    _check_header(path)
    return path


def connect(path: Path) -> sqlite3.Connection:
    """A connection that begins transactions only when it is told to."""
    db = sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    sql.configure(db)
    return db


def check_if_small(db: sqlite3.Connection, path: Path) -> None:
    """Look through a database if that costs no time worth mentioning. Larger ones show damage when it is met."""
    if path.stat().st_size <= _SMALL and (found := sql.quick_check(db)) != "ok":
        raise StoreProblem(f"{path} is damaged: restore it from a backup ({found})")


def _refuse_loose(path: Path, forbidden: int, mode: str) -> None:
    found = stat.S_IMODE(path.stat().st_mode)
    if found & forbidden:
        raise StoreProblem(f"{path} is open to other users (mode {found:o}): run chmod {mode} {path}")


def _check_header(path: Path) -> None:
    """A file that is no database, or was cut off. While there is a write-ahead log, the size says nothing."""
    with path.open("rb") as file:
        header = file.read(_HEADER_BYTES)
    if not header:
        return
    if len(header) < _HEADER_BYTES or not header.startswith(_MAGIC):
        raise StoreProblem(f"{path} is damaged or not a database: restore it from a backup")
    page_size = int.from_bytes(header[16:18], "big")
    pages = int.from_bytes(header[28:32], "big")
    log = path.with_name(path.name + "-wal")
    has_log = log.exists() and log.stat().st_size > 0
    if not has_log and path.stat().st_size < pages * (65536 if page_size == 1 else page_size):
        raise StoreProblem(f"{path} is damaged: its end is missing; restore it from a backup")
