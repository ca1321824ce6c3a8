"""The SQL of the trail's index, journal marks and last uses (the schema: ``migrations/``).

Every lookup gives its rows in order, newest first, out of an index, so that a page costs the same wherever it begins.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator, Sequence

    from daypass.store.interface import Use

    DB = sqlite3.Connection

_ADD_PLACE = "INSERT INTO event_place (account, region, category) VALUES (?, ?, ?) ON CONFLICT DO NOTHING"
_PLACE = "SELECT number FROM event_place WHERE account = ? AND region = ? AND category = ?"
_PLACES = """
SELECT number, region FROM event_place
WHERE account = :account AND category = :category AND region = coalesce(:region, region)"""
_KNOWN = "SELECT id FROM event WHERE id IN (SELECT value FROM json_each(?))"
_LAST = "SELECT max(number) FROM event"
_ADD_EVENT = """
INSERT INTO event (number, id, place, time, name, source, username, access_key_id, read_only, resources, record, decisions)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"""
_ADD_LIST = """
INSERT INTO event_list (place, attribute, value, newest, first, oldest, events) VALUES (?, ?, ?, ?, ?, ?, ?)"""
_OLD = """
SELECT number, place, name, source, username, access_key_id, read_only, resources FROM event WHERE time < ?
ORDER BY time LIMIT ?"""
_DELETE_EVENT = "DELETE FROM event WHERE number = ?"
_DELETE_LISTS = "DELETE FROM event_list WHERE place = ? AND attribute = ? AND value = ? AND newest < ?"
_MARK = """
INSERT INTO journal_mark (file, position) VALUES (?, ?) ON CONFLICT (file) DO UPDATE SET position = excluded.position"""
_MARKS = "SELECT file, position FROM journal_mark"
_FORGET_MARK = "DELETE FROM journal_mark WHERE file = ?"
_USE = """
INSERT INTO last_use (subject, time, service, region) VALUES (?, ?, ?, ?)
ON CONFLICT (subject) DO UPDATE SET time = excluded.time, service = excluded.service, region = excluded.region
WHERE excluded.time >= last_use.time"""

_FOUND = """event.id, event.time, event.name, event.source, event.username, event.access_key_id, event.read_only,
event.resources, event.record, event.decisions"""
_NEWEST = "AND time >= :start AND (time, id) < (:before_time, :before_id)"
_LATEST_FIRST = "ORDER BY time DESC, id DESC LIMIT :limit"
_FIND = {
    None: f"SELECT {_FOUND} FROM event INDEXED BY event_by_time WHERE place = :place {_NEWEST} {_LATEST_FIRST}",  # noqa: S608 - constants
    "EventId": f"SELECT {_FOUND} FROM event WHERE id = :value AND place = :place {_NEWEST}",  # noqa: S608 - constants
}
_LISTS = """
SELECT newest, events FROM event_list WHERE place = :place AND attribute = :attribute AND value = :value
AND newest >= :start AND newest < :bound AND oldest <= :before_time ORDER BY newest DESC"""
_LISTED = f"""
SELECT time, id, number FROM event NOT INDEXED WHERE number IN (SELECT value FROM json_each(:numbers)) {_NEWEST}"""  # noqa: S608 - constants
_NUMBERED = f"SELECT {_FOUND} FROM event WHERE number IN (SELECT value FROM json_each(?))"  # noqa: S608 - constants


def add_place(db: DB, account: str, region: str, category: str) -> int:
    """The number of an account's region and category of events, which is given on first sight."""
    db.execute(_ADD_PLACE, (account, region, category))
    return int(db.execute(_PLACE, (account, region, category)).fetchone()[0])


def places(db: DB, account: str, region: str | None, category: str) -> list[tuple[int, str]]:
    """Those numbers with their regions: of one region, if it has one, or of all (None)."""
    return db.execute(_PLACES, {"account": account, "region": region, "category": category}).fetchall()


def known(db: DB, ids: Sequence[str]) -> set[str]:
    """Which of some event ids are there already."""
    return {row[0] for row in db.execute(_KNOWN, (json.dumps(ids),))}


def last_number(db: DB) -> int:
    """The number of the event that was added last."""
    return db.execute(_LAST).fetchone()[0] or 0


def add_events(db: DB, rows: Iterable[tuple[Any, ...]]) -> None:
    """Rows in the order of the columns."""
    db.executemany(_ADD_EVENT, rows)


def add_lists(db: DB, rows: Iterable[tuple[Any, ...]]) -> None:
    """(place, attribute, value, newest, first, oldest, events)."""
    db.executemany(_ADD_LIST, rows)


def find_events(db: DB, attribute: str | None, values: dict[str, Any]) -> list[tuple[Any, ...]]:
    """Without an attribute, or by id: id, time, name, source, user name, key id, read-only, resources, record, decisions."""
    return db.execute(_FIND[attribute], values).fetchall()


def lists(db: DB, values: dict[str, Any]) -> Iterator[tuple[int, bytes]]:
    """Lists of events with a value, by their newest one: its time, and all numbers."""
    return db.execute(_LISTS, values)


def listed(db: DB, numbers: Sequence[int], values: dict[str, Any]) -> list[tuple[int, str, int]]:
    """Time, id and number of those events of a list that are asked for."""
    return db.execute(_LISTED, {**values, "numbers": json.dumps(numbers)}).fetchall()


def numbered(db: DB, numbers: Sequence[int]) -> list[tuple[Any, ...]]:
    """Events by number, in no order; the columns are those of :func:`find_events`."""
    return db.execute(_NUMBERED, (json.dumps(numbers),)).fetchall()


def old_events(db: DB, before: int, limit: int) -> list[tuple[Any, ...]]:
    """The oldest events: number, place, and what they are listed by."""
    return db.execute(_OLD, (before, limit)).fetchall()


def delete_events(db: DB, numbers: Iterable[int]) -> None:
    """Delete events, but for the lists that name them."""
    db.executemany(_DELETE_EVENT, ((number,) for number in numbers))


def delete_lists(db: DB, values: Iterable[tuple[int, str, str, int]]) -> None:
    """Delete the lists of (place, attribute, value) that hold nothing newer than a time, the fourth of each row."""
    db.executemany(_DELETE_LISTS, values)


def set_mark(db: DB, file: str, position: int) -> None:
    """How far a journal has been read."""
    db.execute(_MARK, (file, position))


def marks(db: DB) -> dict[str, int]:
    """How far each journal has been read."""
    return dict(db.execute(_MARKS).fetchall())


def forget_mark(db: DB, file: str) -> None:
    """The journal is gone."""
    db.execute(_FORGET_MARK, (file,))


def add_uses(db: DB, uses: Iterable[Use]) -> None:
    """The newest use of each subject stays."""
    db.executemany(_USE, uses)
