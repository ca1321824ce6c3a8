"""The tables of the object index, and connections to them.

Keys are BLOBs of UTF-8, compared byte by byte: the order of S3's listings. ``place`` counts the versions of a key
upwards. ``files.refs`` counts the extents that name a file; a file without a row belongs to nobody. ``retired`` holds
the buckets that were deleted: nothing is stored for them any more, however late it comes.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import sqlite3
from typing import TYPE_CHECKING

from daypass.store.interface import StoreProblem

if TYPE_CHECKING:
    from pathlib import Path

VERSION = 1
_SCHEMA = """
CREATE TABLE objects (
    id INTEGER PRIMARY KEY,
    bucket TEXT NOT NULL, key BLOB NOT NULL, place INTEGER NOT NULL, version TEXT NOT NULL, marker INTEGER NOT NULL,
    modified INTEGER NOT NULL, size INTEGER NOT NULL, etag TEXT NOT NULL, algorithm TEXT, kind TEXT,
    detail BLOB NOT NULL, data BLOB
) STRICT;
CREATE UNIQUE INDEX objects_by_key ON objects (bucket, key, place DESC);
CREATE TABLE files (name TEXT PRIMARY KEY, refs INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE retired (bucket TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;
CREATE TABLE uploads (
    id TEXT PRIMARY KEY, bucket TEXT NOT NULL, key BLOB NOT NULL, initiated INTEGER NOT NULL, detail BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX uploads_by_key ON uploads (bucket, key, initiated, id);
CREATE TABLE parts (
    upload TEXT NOT NULL REFERENCES uploads (id), number INTEGER NOT NULL, size INTEGER NOT NULL, etag TEXT NOT NULL,
    modified INTEGER NOT NULL, algorithm TEXT NOT NULL, checksum BLOB NOT NULL,
    crc64 BLOB NOT NULL, extents BLOB NOT NULL,
    PRIMARY KEY (upload, number)
) STRICT, WITHOUT ROWID;
CREATE TABLE finished (
    id TEXT PRIMARY KEY, bucket TEXT NOT NULL, key BLOB NOT NULL, request BLOB NOT NULL, answer BLOB NOT NULL,
    finished INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
"""


def connect(file: Path, *, reading: bool) -> sqlite3.Connection:
    """A connection to the index; ``reading`` ones cannot write. WAL with FULL: a commit that answered is on the disk."""
    db = sqlite3.connect(file, isolation_level=None, check_same_thread=False, timeout=60, cached_statements=64)
    db.execute("PRAGMA synchronous = FULL")
    db.execute("PRAGMA foreign_keys = ON")
    if reading:
        db.execute("PRAGMA query_only = ON")
    return db


def prepare(file: Path, lock: Path) -> None:
    """Make the tables unless they stand. Raises StoreProblem. Workers that start together take turns by the lock of the writers.

    SQLite does not wait when two connections turn a database to WAL at once, hence the lock.
    """
    try:
        descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            with contextlib.closing(connect(file, reading=False)) as db:
                _make_tables(db, file)
        finally:
            os.close(descriptor)
    except (sqlite3.DatabaseError, OSError) as error:
        raise StoreProblem(f"{file} cannot be used: {error}") from error


def _make_tables(db: sqlite3.Connection, file: Path) -> None:
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("BEGIN IMMEDIATE")
    (version,) = db.execute("PRAGMA user_version").fetchone()
    if version > VERSION:
        raise StoreProblem(f"{file} was written by a newer version of Daypass (schema {version}, known {VERSION})")
    if version == 0:
        for statement in _SCHEMA.split(";"):
            db.execute(statement)
        db.execute(f"PRAGMA user_version = {VERSION}")
    db.execute("COMMIT")
