"""Events as rows and back: the part of the SQLite store that the audit's index uses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from daypass.store import trail_statements as sql
from daypass.store.interface import EventRow

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from daypass.store.interface import EventQuery, JournalMark, Use

_RESOURCES = msgspec.json.Decoder(tuple[tuple[str, str], ...])


def add_events(db: sqlite3.Connection, events: Sequence[EventRow]) -> None:
    """Write events with what they are looked up by."""
    places = {where: sql.add_place(db, *where) for where in {(e.account, e.region, e.category) for e in events}}
    rows, resources = [], []
    for event in events:
        place = places[event.account, event.region, event.category]
        rows.append(_row(event, place))
        for kind, name in event.resources:
            resources.append((place, "ResourceType", kind, event.time, event.id))
            resources.append((place, "ResourceName", name, event.time, event.id))
    sql.add_events(db, rows)
    sql.add_resources(db, resources)


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
    place = sql.place(db, query.account, query.region, query.category)
    if place is None:
        return []
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
    }
    return [_event(row, query) for row in sql.find_events(db, attribute, values)]


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
    )


def _event(row: tuple[Any, ...], query: EventQuery) -> EventRow:
    event_id, time, name, source, username, access_key_id, read_only, resources, record = row
    return EventRow(
        id=event_id,
        account=query.account,
        region=query.region,
        time=time,
        name=name,
        source=source,
        username=username,
        access_key_id=access_key_id,
        read_only=bool(read_only),
        category=query.category,
        resources=_RESOURCES.decode(resources),
        record=record,
    )
