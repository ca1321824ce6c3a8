"""Listings by range scans of the index: a common prefix costs one seek, however many keys lie below it.

A UTF-8 text holds no byte 0xFF, so ``prefix + 0xFF`` comes after all keys that begin with ``prefix`` and before all
others. Source: Amazon S3 API Reference, ListObjectsV2, ListObjects, ListObjectVersions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from daypass.objects.index import place_of
from daypass.objects.interface import NULL_VERSION, Entry, Listing, Search

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterator

Row = tuple[Any, ...]

_LAST = b"\xff"
_COLUMNS = "key, version, place, marker, modified, size, etag, algorithm, kind"
_SCAN = f"SELECT {_COLUMNS} FROM objects WHERE bucket = ? AND key >= ? AND key < ? ORDER BY key, place DESC"  # noqa: S608 - constants only
_REST = f"SELECT {_COLUMNS} FROM objects WHERE bucket = ? AND key = ? AND place < ? ORDER BY place DESC"  # noqa: S608 - constants only
_OLDER_BEFORE_SEEK = 16


def list_newest(db: sqlite3.Connection, bucket: str, search: Search) -> Listing:
    """The newest version of each key, unless it is a delete marker."""
    end = search.prefix.encode() + _LAST
    entries: list[Entry] = []
    prefixes: list[str] = []
    last: str | None = None
    for shared, row in rolled_up(lambda start: _newest(db, bucket, start, end), search, start_of(search)):
        if len(entries) + len(prefixes) == search.limit:
            return Listing(tuple(entries), tuple(prefixes), last)
        if shared is not None:
            last = shared
            prefixes.append(last)
        else:
            last = row[0].decode()
            entries.append(_entry(row, newest=True))
    return Listing(tuple(entries), tuple(prefixes), None)


def list_versions(db: sqlite3.Connection, bucket: str, search: Search) -> Listing:
    """Every version and delete marker, newest first within a key."""
    entries: list[Entry] = []
    prefixes: list[str] = []
    last: tuple[str, str | None] | None = None
    for shared, row, newest in _versions(db, bucket, search):
        if len(entries) + len(prefixes) == search.limit:
            return Listing(tuple(entries), tuple(prefixes), *(last or (None, None)))
        if shared is not None:
            prefixes.append(shared)
            last = shared, None
        else:
            entries.append(_entry(row, newest=newest))
            last = entries[-1].key, entries[-1].version
    return Listing(tuple(entries), tuple(prefixes), None)


def rolled_up(
    rows_from: Callable[[bytes], Iterator[Row]], search: Search, start: bytes
) -> Iterator[tuple[str | None, Row]]:
    """Rows (key first) from ``start`` on, those below a delimiter as their common prefix, once."""
    prefix, delimiter = search.prefix.encode(), search.delimiter.encode()
    while True:
        for row in rows_from(start):
            shared = _shared_prefix(row[0], prefix, delimiter)
            if shared is not None:
                yield shared.decode(), row
                start = shared + _LAST
                break
            yield None, row
        else:
            return


def start_of(search: Search) -> bytes:
    """The first key that may be listed: after ``after``, and after the whole common prefix that it lies in."""
    prefix, after = search.prefix.encode(), search.after.encode()
    if not after:
        return prefix
    shared = _shared_prefix(after, prefix, search.delimiter.encode()) if after.startswith(prefix) else None
    return max(prefix, after + b"\0" if shared is None else shared + _LAST)


def _shared_prefix(key: bytes, prefix: bytes, delimiter: bytes) -> bytes | None:
    if not delimiter:
        return None
    at = key.find(delimiter, len(prefix))
    return None if at < 0 else key[: at + len(delimiter)]


def _newest(db: sqlite3.Connection, bucket: str, start: bytes, end: bytes) -> Iterator[Row]:
    while True:
        previous, older = b"", 0
        for row in db.execute(_SCAN, (bucket, start, end)):
            if row[0] == previous:
                older += 1
                if older == _OLDER_BEFORE_SEEK:
                    start = previous + b"\0"
                    break
                continue
            previous, older = row[0], 0
            if not row[3]:
                yield row
        else:
            return


def _versions(db: sqlite3.Connection, bucket: str, search: Search) -> Iterator[tuple[str | None, Row, bool]]:
    start, end = start_of(search), search.prefix.encode() + _LAST
    if search.after_version and search.after.startswith(search.prefix):
        for row in db.execute(_REST, (bucket, search.after.encode(), _marked_place(db, bucket, search))):
            yield None, row, False
    previous = b""
    rows = rolled_up(lambda begin: iter(db.execute(_SCAN, (bucket, begin, end))), search, start)
    for shared, row in rows:
        yield shared, row, row[0] != previous
        previous = row[0]


def _marked_place(db: sqlite3.Connection, bucket: str, search: Search) -> int:
    if search.after_version != NULL_VERSION:
        return place_of(search.after_version) or 0
    sql = "SELECT place FROM objects WHERE bucket = ? AND key = ? AND version = 'null'"
    row = db.execute(sql, (bucket, search.after.encode())).fetchone()
    return 0 if row is None else int(row[0])


def _entry(row: Row, *, newest: bool) -> Entry:
    key, version, _, marker, modified, size, etag, algorithm, kind = row
    return Entry(key.decode(), version, newest, bool(marker), modified, size, etag, algorithm, kind)
