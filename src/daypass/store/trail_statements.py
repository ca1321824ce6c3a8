"""The SQL of the trail's index, journal marks and last uses (the schema: ``migrations/``).

One statement per lookup attribute, so that each has an index that gives its rows in order, newest first, and a page
costs the same wherever it begins.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

    from daypass.store.interface import Use

    DB = sqlite3.Connection

_ADD_PLACE = "INSERT INTO event_place (account, region, category) VALUES (?, ?, ?) ON CONFLICT DO NOTHING"
_PLACE = "SELECT number FROM event_place WHERE account = ? AND region = ? AND category = ?"
_ADD_EVENT = """
INSERT INTO event (id, place, time, name, source, username, access_key_id, read_only, resources, record)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING"""
_ADD_RESOURCE = """
INSERT INTO event_resource (place, attribute, value, time, id) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"""
_DELETE_EVENTS = """
DELETE FROM event WHERE number IN (SELECT number FROM event WHERE time < ? ORDER BY time LIMIT ?)"""
_MARK = """
INSERT INTO journal_mark (file, position) VALUES (?, ?) ON CONFLICT (file) DO UPDATE SET position = excluded.position"""
_MARKS = "SELECT file, position FROM journal_mark"
_FORGET_MARK = "DELETE FROM journal_mark WHERE file = ?"
_USE = """
INSERT INTO last_use (subject, time, service, region) VALUES (?, ?, ?, ?)
ON CONFLICT (subject) DO UPDATE SET time = excluded.time, service = excluded.service, region = excluded.region
WHERE excluded.time >= last_use.time"""

_FOUND = """event.id, event.time, event.name, event.source, event.username, event.access_key_id, event.read_only,
event.resources, event.record"""
_NEWEST = "AND time >= :start AND (time, id) < (:before_time, :before_id) ORDER BY time DESC, id DESC LIMIT :limit"


def _by(condition: str, index: str) -> str:
    return f"SELECT {_FOUND} FROM event INDEXED BY {index} WHERE place = :place {condition} {_NEWEST}"  # noqa: S608 - constants


_BY_RESOURCE = f"""
SELECT {_FOUND} FROM (
    SELECT id FROM event_resource WHERE place = :place AND attribute = :attribute AND value = :value {_NEWEST}
) AS found JOIN event ON event.id = found.id ORDER BY event.time DESC, event.id DESC"""  # noqa: S608 - constants
_FIND = {
    None: _by("", "event_by_time"),
    "EventId": _by("AND id = :value", "sqlite_autoindex_event_1"),
    "EventName": _by("AND name = :value", "event_by_name"),
    "EventSource": _by("AND source = :value", "event_by_source"),
    "Username": _by("AND username = :value", "event_by_username"),
    "AccessKeyId": _by("AND access_key_id = :value", "event_by_access_key"),
    "ReadOnly": _by("AND read_only = (:value = 'true') AND :value IN ('true', 'false')", "event_by_read_only"),
    "ResourceType": _BY_RESOURCE,
    "ResourceName": _BY_RESOURCE,
}


def add_place(db: DB, account: str, region: str, category: str) -> int:
    """The number of an account's region and category of events, which is given on first sight."""
    db.execute(_ADD_PLACE, (account, region, category))
    return int(db.execute(_PLACE, (account, region, category)).fetchone()[0])


def place(db: DB, account: str, region: str, category: str) -> int | None:
    """That number, if there is one."""
    row = db.execute(_PLACE, (account, region, category)).fetchone()
    return row[0] if row else None


def add_events(db: DB, rows: Iterable[tuple[Any, ...]]) -> None:
    """Rows in the order of the columns; ids that are known are left as they are."""
    db.executemany(_ADD_EVENT, rows)


def add_resources(db: DB, rows: Iterable[tuple[int, str, str, int, str]]) -> None:
    """(place, attribute, value, time, event id)."""
    db.executemany(_ADD_RESOURCE, rows)


def find_events(db: DB, attribute: str | None, values: dict[str, Any]) -> list[tuple[Any, ...]]:
    """Id, time, name, source, user name, access key id, read-only, resources and record, newest first."""
    return db.execute(_FIND[attribute], values).fetchall()


def delete_events(db: DB, before: int, limit: int) -> int:
    """How many events older than a time were deleted."""
    return db.execute(_DELETE_EVENTS, (before, limit)).rowcount


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
