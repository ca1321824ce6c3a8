"""A commit as the writer carries it out: made ready on the event loop, applied inside a transaction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from daypass.directory import Put
from daypass.store import statements as sql
from daypass.store import trail
from daypass.store.interface import Conflict
from daypass.store.notes import last_of_each, link_marks, place_of

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from daypass.directory import Change, Record
    from daypass.store.codec import RecordCodec
    from daypass.store.interface import EventRow
    from daypass.store.notes import Notes, Place
    from daypass.store.view import SqliteView


@dataclass(frozen=True, slots=True)
class Row:
    """A record as it is stored."""

    place: Place
    unique_id: str | None
    path: str | None
    body: bytes
    links: frozenset[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be written if nothing that was read has changed since change number ``seq``."""

    seq: int
    notes: Notes
    deletes: tuple[Place, ...]
    puts: tuple[Row, ...]
    events: Sequence[EventRow]

    @classmethod
    def of(cls, view: SqliteView, changes: Sequence[Change], events: Sequence[EventRow], codec: RecordCodec) -> Plan:
        """Settle what each key's last change is, and encode records."""
        final = last_of_each(changes)
        return cls(
            seq=view.seq,
            notes=view.notes.with_changes(final),
            deletes=tuple(place_of(key) for key, change in final.items() if not isinstance(change, Put)),
            puts=tuple(_row(change.record, codec) for change in final.values() if isinstance(change, Put)),
            events=events,
        )

    def carry_out(self, db: sqlite3.Connection, log_length: int) -> None:
        """Inside a transaction: all of it, or an exception. Raises Conflict and ValueError."""
        self._refuse_if_stale(db)
        if self.deletes or self.puts:
            self._change(db, log_length)
        trail.add_events(db, self.events)

    def _refuse_if_stale(self, db: sqlite3.Connection) -> None:
        changes = sql.changes_since(db, self.seq)
        if not changes:
            return
        trimmed = changes[-1][0] - self.seq != len(changes)
        if trimmed or self.notes.touched_by(change[1:] for change in changes):
            raise Conflict

    def _change(self, db: sqlite3.Connection, log_length: int) -> None:
        places = [*self.deletes, *(row.place for row in self.puts)]
        old_links = {place: sql.links(db, place) for place in places}
        old = {place: found for place in places if (found := sql.id_and_path(db, place))}
        number = sql.log(db, self._log_entries(places, old_links))
        sql.trim_log(db, number - log_length)
        for scope in {place[1] for place in places}:
            sql.touch_scope(db, scope, number)
        self._spend_ids(db, {unique_id for unique_id, _ in old.values() if unique_id})
        for place in self.deletes:
            sql.delete(db, place)
        for row in self.puts:
            sql.put(db, row.place, row.unique_id, row.path, row.body)
            sql.remove_links(db, row.place, old_links[row.place] - row.links)
            sql.add_links(db, row.place, row.links - old_links[row.place])
            if (row.path or "/") != (old.get(row.place, (None, None))[1] or "/"):
                sql.set_folders(db, row.place, _folders(row.path or "/"))

    def _log_entries(self, places: list[Place], old_links: dict[Place, set[tuple[str, str]]]) -> list[Place]:
        new_links = {row.place: row.links for row in self.puts}
        marks: set[Place] = set()
        for place in places:
            marks |= link_marks(place[1], old_links[place] | new_links.get(place, frozenset()))
        return places + sorted(marks)

    def _spend_ids(self, db: sqlite3.Connection, old_ids: set[str]) -> None:
        """Ids are taken once. The database itself refuses one that another record has."""
        new_ids = {row.unique_id for row in self.puts if row.unique_id}
        if any(sql.is_spent(db, unique_id) for unique_id in new_ids - old_ids):
            raise ValueError("a unique id is taken once and never again")
        for unique_id in old_ids - new_ids:
            sql.spend(db, unique_id)


def _row(record: Record, codec: RecordCodec) -> Row:
    return Row(
        place=place_of(record.key),
        unique_id=record.unique_id,
        path=getattr(record, "path", None),
        body=codec.encode(record),
        links=frozenset((kind, target) for kind, target in record.links()),
    )


def _folders(path: str) -> list[str]:
    """``/a/b/`` -> ``/a/`` and ``/a/b/``; a record in ``/`` is in no folder."""
    ends = [index for index, character in enumerate(path) if character == "/" and index]
    return [path[: end + 1] for end in ends]
