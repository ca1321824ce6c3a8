"""Looking events up: what CloudTrail calls the event history (LookupEvents), over the index behind the journal."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from daypass.audit.indexer import Indexer
    from daypass.store.interface import EventQuery, EventRow, Store

Cursor = tuple[int, str]


class Found(NamedTuple):
    """One page of events, newest first. ``next`` is where the next page begins, or None at the end."""

    events: list[EventRow]
    next: Cursor | None


class Trail:
    """The events of every account, each found by its own account only: a query names one."""

    def __init__(self, store: Store, indexer: Indexer) -> None:
        self._store = store
        self._indexer = indexer

    async def lookup(self, query: EventQuery) -> Found:
        """The events that fit, among all whose answer has left any process before this call."""
        await self._indexer.drain()
        rows = await self._store.find_events(query._replace(limit=query.limit + 1))
        page = rows[: query.limit]
        more = len(rows) > query.limit
        return Found(page, (page[-1].time, page[-1].id) if more else None)
