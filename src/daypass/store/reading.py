"""The directory as one worker reads it: bounded copies of records, valid until the change log names them.

A view costs one look at the change counter. Only when that has moved is the log read, and only what it names is
forgotten. Every row from the database comes with the number of the last change; where it is newer than the copies, the
log is read first, and a view that had already read something of what has changed is refused with Conflict, rather than
answered from two moments. So between two ``await`` all answers of a view are of one moment. A view that is kept over
an ``await`` answers from the newest moment; what is committed on it is still checked against all that it has read.
"""

from __future__ import annotations

import time
from heapq import merge
from itertools import islice
from operator import itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from daypass.directory import LastUse, Page
from daypass.store import statements as sql
from daypass.store.caches import MISSING, BoundedCache, ScopedCache
from daypass.store.problems import problems_of

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Hashable
    from pathlib import Path

    from daypass.directory import Record
    from daypass.store.codec import RecordCodec
    from daypass.store.counter import ChangeCounter
    from daypass.store.notes import Place
    from daypass.store.view import SqliteView

T = TypeVar("T")

_BACKSTOP_SECONDS = 1.0
"""How often the database is asked although the counter stands still: its writer may have died before moving it."""


class Limits(NamedTuple):
    """How much a worker holds in memory, and how many changes it may be behind before it forgets all of it.

    ``derived_text`` are the characters of the policies that compiled layers were made of: a layer takes some 25 times
    as many bytes, so their number alone bounds nothing.
    """

    records: int = 100_000
    derived: int = 20_000
    derived_text: int = 4 << 20
    log_length: int = 10_000


DEFAULT_LIMITS = Limits()


class Reader:
    """One connection that reads, and copies of what it has read. Used by one thread: the event loop's."""

    def __init__(
        self, db: sqlite3.Connection, codec: RecordCodec, counter: ChangeCounter, path: Path, limits: Limits
    ) -> None:
        self._db = db
        self._codec = codec
        self._counter = counter
        self._path = path
        self._records: BoundedCache[Place, Record] = BoundedCache(limits.records)
        self._absent: BoundedCache[Place, bool] = BoundedCache(limits.records)
        self._places: BoundedCache[str, Place] = BoundedCache(limits.records)
        self._revisions: BoundedCache[str, int] = BoundedCache(limits.records)
        self._derived = ScopedCache(limits.derived, limits.derived_text)
        self._seen = -1
        self._ask_again = 0.0
        self.seq = sql.head(db)

    def refresh(self) -> None:
        """Make sure that what is in memory is as new as what was committed before this call."""
        number = self._counter.value()
        now = time.monotonic()
        if number == self._seen and now < self._ask_again:
            return
        self._catch_up()
        self._seen = number
        self._ask_again = now + _BACKSTOP_SECONDS

    def record(self, view: SqliteView, place: Place) -> Record | None:
        """The record at a place."""
        found = self._records.get(place)
        if found is not MISSING:
            return found
        if self._absent.get(place) is not MISSING:
            return None
        body = self._read(view, sql.record, place)[0][1]
        if body is None:
            self._absent.put(place, value=True)
            return None
        found = self._codec.decode(place, body)
        self._records.put(place, found)
        return found

    def place_of(self, view: SqliteView, unique_id: str) -> Place | None:
        """Where the record with an id stands."""
        place = self._places.get(unique_id)
        if place is not MISSING:
            record = self.record(view, place)
            if record is not None and record.unique_id == unique_id:
                return place
            self._places.drop(unique_id)
        row = self._read(view, sql.place_of_id, unique_id)[0]
        if row[1] is None:
            return None
        place = (row[1], row[2], row[3])
        self._places.put(unique_id, place)
        return place

    def page(self, view: SqliteView, cls: type[Record], scope: str, span: sql.Span, prefix: str) -> Page:
        """Records of a kind by name, below a path."""
        if prefix == "/" or "path" not in cls.__struct_fields__:
            rows = self._read(view, sql.page, cls.kind, scope, _and_one(span))
        else:
            rows = self._read(view, _below, cls.kind, scope, prefix, _and_one(span))
        return self._page(cls, scope, rows, span.limit)

    def linked(self, view: SqliteView, cls: type[Record], scope: str, link: tuple[str, str], span: sql.Span) -> Page:
        """Records of a kind with a link, by name."""
        return self._page(cls, scope, self._read(view, sql.linked, cls.kind, scope, link, _and_one(span)), span.limit)

    def count(self, view: SqliteView, kind: str, scope: str) -> int:
        """How many records of a kind a scope has."""
        return self._read(view, sql.count, kind, scope)[0][1] or 0

    def count_linked(self, view: SqliteView, scope: str, link: str, target: str) -> int:
        """How many records have a link."""
        return self._read(view, sql.count_linked, scope, link, target)[0][1] or 0

    def last_use(self, subject: str) -> LastUse | None:
        """The last use that has been indexed."""
        with problems_of(self._path):
            row = sql.last_use(self._db, subject)
        return LastUse(*row) if row else None

    def revision(self, view: SqliteView, scope: str) -> int:
        """The number of the last change in a scope."""
        revision = self._revisions.get(scope)
        if revision is MISSING:
            revision = self._read(view, sql.revision, scope)[0][1] or 0
            self._revisions.put(scope, revision)
        return revision

    def derived(
        self,
        view: SqliteView,
        scope: str,
        key: Hashable,
        make: Callable[[], T],
        weigh: Callable[[T], int] | None = None,
    ) -> T:
        """A value that was made of a scope's records. What an old view makes is not kept: it may have read the past."""
        value: T = self._derived.get(scope, key)
        if value is MISSING:
            value = make()
            if view.seq == self.seq:
                self._derived.put(scope, key, value, 0 if weigh is None else weigh(value))
        return value

    def answers(self) -> bool:
        """Whether the database can be read."""
        with problems_of(self._path):
            return sql.head(self._db) >= 0

    def close(self) -> None:
        """Let go of the connection."""
        self._db.close()

    def _read(self, view: SqliteView, statement: Callable[..., sql.Rows], *values: Any) -> sql.Rows:
        """Rows of the moment that the copies in memory are of."""
        while True:
            with problems_of(self._path):
                rows = statement(self._db, *values)
            if not rows or (rows[0][0] or 0) == self.seq:
                return rows
            current = view.seq == self.seq
            changed = self._catch_up()
            if current:
                view.move_on(self.seq, changed)

    def _catch_up(self) -> list[Place] | None:
        """Forget what has changed. Answers which places that were, or None when the log does not go back far enough."""
        with problems_of(self._path):
            changes = sql.changes_since(self._db, self.seq)
        if not changes:
            return []
        last = changes[-1][0]
        complete = last - self.seq == len(changes)
        self.seq = last
        if not complete:
            self.forget()
            return None
        places: list[Place] = [change[1:] for change in changes]
        for place in places:
            self._records.drop(place)
            self._absent.drop(place)
        for scope in {place[1] for place in places}:
            self._revisions.drop(scope)
            self._derived.drop(scope)
        return places

    def forget(self) -> None:
        """Forget all copies."""
        for cache in (self._records, self._absent, self._places, self._revisions, self._derived):
            cache.clear()

    def _page(self, cls: type[Record], scope: str, rows: sql.Rows, limit: int) -> Page:
        found = [row for row in rows if row[1] is not None]
        records = tuple(self._copy_of((cls.kind, scope, name), body) for _, name, body in found[:limit])
        return Page(records, found[limit - 1][1] if len(found) > limit else None)

    def _copy_of(self, place: Place, body: bytes) -> Record:
        """A listed record. A listing does not push out what single calls need."""
        found = self._records.get(place)
        return self._codec.decode(place, body) if found is MISSING else found


def _and_one(span: sql.Span) -> sql.Span:
    """One more than is asked for shows whether the listing goes on."""
    return span._replace(limit=span.limit + 1)


def _below(db: sqlite3.Connection, kind: str, scope: str, prefix: str, span: sql.Span) -> sql.Rows:
    """The first records below a path: those of each folder that begins so, merged by name.

    Where the statements saw different moments, the newest of them is answered: it is newer than the copies in memory,
    so all is read again.
    """
    folders = [prefix] if prefix.endswith("/") else sql.top_folders(db, kind, scope, prefix)
    parts = [sql.page_of_folder(db, kind, scope, folder, span) for folder in folders]
    newest = max((part[0][0] for part in parts), default=sql.head(db))
    found = merge(*([row for row in part if row[1] is not None] for part in parts), key=itemgetter(1))
    return [(newest, *row[1:]) for row in islice(found, span.limit)] or [(newest, None, None)]
