"""What SQLite and the operating system report, as one clear line for the operator."""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING

from daypass.store.interface import StoreProblem

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_MEANINGS = {
    sqlite3.SQLITE_FULL: "the disk is full",
    sqlite3.SQLITE_READONLY: "it cannot be written",
    sqlite3.SQLITE_IOERR: "the disk reports an error",
    sqlite3.SQLITE_CORRUPT: "it is damaged: restore it from a backup",
    sqlite3.SQLITE_NOTADB: "it is damaged or not a database: restore it from a backup",
    sqlite3.SQLITE_CANTOPEN: "it cannot be opened",
    sqlite3.SQLITE_BUSY: "another program holds it",
    sqlite3.SQLITE_LOCKED: "another program holds it",
    sqlite3.SQLITE_PERM: "it may not be opened",
}
_PRIMARY = 0xFF
"""Extended result codes carry the primary one in their lowest byte."""


def problem_of(error: sqlite3.Error | OSError, path: Path) -> StoreProblem:
    """The error in the operator's words."""
    if isinstance(error, OSError):
        return StoreProblem(f"cannot use {error.filename or path}: {error.strerror or error}")
    code = getattr(error, "sqlite_errorcode", None)
    meaning = _MEANINGS.get(code & _PRIMARY) if code is not None else None
    return StoreProblem(f"cannot use {path}: {meaning} ({error})" if meaning else f"cannot use {path}: {error}")


@contextmanager
def problems_of(path: Path) -> Iterator[None]:
    """Within: what SQLite and the system raise becomes a StoreProblem about this file."""
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        raise problem_of(error, path) from error
