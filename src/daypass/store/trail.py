"""Events as rows and back: the part of the SQLite store that the audit's index uses.

Most events of a busy minute have most of their values in common: the caller, the operation, the role. So what they are
looked up by is kept in lists of event numbers, one row for up to :data:`LONGEST_LIST` events of one value, instead of an
index entry for each value of each event (docs/performance.md).
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import msgspec

from daypass.store import trail_statements as sql
from daypass.store.interface import EventRow

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Sequence

    from daypass.store.interface import EventQuery, JournalMark, Use

LISTED: Final = frozenset(
    ("EventName", "EventSource", "Username", "AccessKeyId", "ReadOnly", "ResourceType", "ResourceName")
)
SPAN: Final = 60
LONGEST_LIST: Final = 64
_NUMBER: Final = struct.Struct("<q")
_RESOURCES: Final = msgspec.json.Decoder(tuple[tuple[str, str], ...])


def add_events(db: sqlite3.Connection, events: Sequence[EventRow]) -> None:
    """Write events with what they are looked up by; those whose ids are known are left as they are."""
    unique = {event.id: event for event in reversed(events)}
    for event_id in sql.known(db, list(unique)):
        del unique[event_id]
    new = list(reversed(unique.values()))
    places = {where: sql.add_place(db, *where) for where in {(e.account, e.region, e.category) for e in new}}
    number = sql.last_number(db)
    rows, lists = [], _Lists()
    for event in new:
        number += 1
        place = places[event.account, event.region, event.category]
        rows.append((number, *_row(event, place)))
        lists.add(place, event, number)
    sql.add_events(db, rows)
    sql.add_lists(db, lists.rows())


def index_events(db: sqlite3.Connection, events: Sequence[EventRow], uses: Sequence[Use], mark: JournalMark) -> None:
    """Write what a journal holds and how far it has been read."""
    add_events(db, events)
    newest: dict[str, Use] = {}
    for use in uses:
        if use.subject not in newest or use.when >= newest[use.subject].when:
            newest[use.subject] = use
    sql.add_uses(db, newest.values())
    sql.set_mark(db, mark.file, mark.offset)


def find_events(db: sqlite3.Connection, query: EventQuery) -> list[EventRow]:
    """The events that fit, newest first."""
    places = sql.places(db, query.account, query.region, query.category)
    found = [event for place, region in places for event in _find_in(db, query._replace(region=region), place)]
    if len(places) > 1:
        found.sort(key=lambda event: (event.time, event.id), reverse=True)
    return found[: query.limit]


def _find_in(db: sqlite3.Connection, query: EventQuery, place: int) -> list[EventRow]:
    attribute, value = query.attribute or (None, None)
    before = min((query.end + 1, ""), query.before or (query.end + 1, ""))
    values = {
        "place": place,
        "attribute": attribute,
        "value": value,
        "start": query.start,
        "before_time": before[0],
        "before_id": before[1],
        "limit": query.limit,
        "bound": before[0] - before[0] % SPAN + SPAN,
    }
    rows = _find_listed(db, values) if attribute in LISTED else sql.find_events(db, attribute, values)
    return [_event(row, query) for row in rows]


def delete_events(db: sqlite3.Connection, before: int, limit: int) -> int:
    """How many events older than a time were deleted."""
    old = [_Old(*row) for row in sql.old_events(db, before, limit)]
    lists = {(event.place, attribute, value, before) for event in old for attribute, value in _values(event)}
    sql.delete_lists(db, lists)
    sql.delete_events(db, (event.number for event in old))
    return len(old)


def _find_listed(db: sqlite3.Connection, values: dict[str, Any]) -> list[tuple[Any, ...]]:
    """Read lists, newest first, until none that is left can hold anything newer than what has been found."""
    limit: int = values["limit"]
    found: list[tuple[int, str, int]] = []
    for newest, events in sql.lists(db, values):
        if len(found) == limit and newest < found[-1][0]:
            break
        found += sql.listed(db, [number for (number,) in _NUMBER.iter_unpack(events)], values)
        found.sort(reverse=True)
        del found[limit:]
    rows = {row[0]: row for row in sql.numbered(db, [number for _, _, number in found])}
    return [rows[event_id] for _, event_id, _ in found]


class _Lists:
    """The lists of some events. Each is of one value and one minute, so that a page need not look at later ones."""

    def __init__(self) -> None:
        self._events: dict[tuple[int, str, str, int], list[tuple[int, int]]] = {}

    def add(self, place: int, event: EventRow, number: int) -> None:
        """Put an event on the lists of its values."""
        span, entry = event.time // SPAN, (event.time, number)
        for attribute, value in _values(event):
            self._events.setdefault((place, attribute, value, span), []).append(entry)

    def rows(self) -> Iterator[tuple[Any, ...]]:
        """Rows in the order of the table, which is the quickest to write."""
        for (place, attribute, value, _), entries in sorted(self._events.items()):
            for start in range(0, len(entries), LONGEST_LIST):
                part = entries[start : start + LONGEST_LIST]
                times = [time for time, _ in part]
                numbers = b"".join(_NUMBER.pack(number) for _, number in part)
                yield place, attribute, value, max(times), part[0][1], min(times), numbers


class _Old(NamedTuple):
    """An event that is to be deleted, with what it is listed by."""

    number: int
    place: int
    name: str
    source: str
    username: str | None
    access_key_id: str | None
    read_only: bool
    packed: bytes

    @property
    def resources(self) -> tuple[tuple[str, str], ...]:
        return _RESOURCES.decode(self.packed)


def _values(event: EventRow | _Old) -> set[tuple[str, str]]:
    """What LookupEvents finds an event by: attribute keys with their values, each once."""
    values = {
        ("EventName", event.name),
        ("EventSource", event.source),
        ("ReadOnly", "true" if event.read_only else "false"),
    }
    if event.username is not None:
        values.add(("Username", event.username))
    if event.access_key_id is not None:
        values.add(("AccessKeyId", event.access_key_id))
    for kind, name in event.resources:
        values.add(("ResourceType", kind))
        values.add(("ResourceName", name))
    return values


def _row(event: EventRow, place: int) -> tuple[Any, ...]:
    return (
        event.id,
        place,
        event.time,
        event.name,
        event.source,
        event.username,
        event.access_key_id,
        event.read_only,
        msgspec.json.encode(event.resources),
        event.record,
        event.decisions,
    )


def _event(row: tuple[Any, ...], query: EventQuery) -> EventRow:
    event_id, time, name, source, username, access_key_id, read_only, resources, record, decisions = row
    return EventRow(
        id=event_id,
        account=query.account,
        region=query.region or "",
        time=time,
        name=name,
        source=source,
        username=username,
        access_key_id=access_key_id,
        read_only=bool(read_only),
        category=query.category,
        resources=_RESOURCES.decode(resources),
        record=record,
        decisions=decisions,
    )
