"""Recorded calls, from the journal and from the index behind it: what is not indexed yet, and what never is, counts too.

The journal has every call of every account, until it grows too large (:mod:`daypass.audit.indexer`); the index has the
management events of 90 days. Both are read, and each record is told once.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from daypass.audit.decisions import Decisions, remembered, split
from daypass.audit.journal import SUFFIX
from daypass.directory import GLOBAL, Account, all_of
from daypass.provisioning import ATTEMPTS
from daypass.recollection.record_shape import SECONDS, read_record
from daypass.store import Conflict
from daypass.store.interface import EventQuery

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from pathlib import Path

    from daypass.directory import View
    from daypass.store import SqliteStore

Json = dict[str, Any]
T = TypeVar("T")
PAGE = 500
_TIME = b'"eventTime":"'


class CannotTell(Exception):
    """What was asked cannot be told; the text is one clear line for the operator."""


class KeptOut(CannotTell):
    """No policy is asked, for the request is refused whatever they say."""


class Past(NamedTuple):
    """One recorded call. ``decisions`` is None where nothing of them was kept."""

    record: Json
    decisions: Decisions | None

    @property
    def time(self) -> int:
        """When it was recorded, in seconds."""
        return int(datetime.strptime(self.record["eventTime"], SECONDS).replace(tzinfo=UTC).timestamp())

    @property
    def request_id(self) -> str:
        """What the client saw of it."""
        return str(self.record.get("requestID", ""))

    @property
    def identity(self) -> Json:
        """Who called."""
        found: Json = self.record["userIdentity"]
        return found

    @property
    def access_key_id(self) -> str:
        """What the caller signed with; empty where it did not."""
        return str(self.identity.get("accessKeyId") or "")

    @property
    def arn(self) -> str:
        """The caller in one word."""
        identity = self.identity
        return str(identity.get("arn") or identity.get("principalId") or identity.get("type"))


class Span(NamedTuple):
    """From when to when, in seconds, both ends inclusive."""

    since: int
    until: int

    def holds(self, line: bytes) -> bool:
        """Whether a line of the journal is of that time, without reading it whole."""
        start = line.find(_TIME) + len(_TIME)
        return self._texts[0] <= line[start : start + 20] <= self._texts[1]

    @property
    def _texts(self) -> tuple[bytes, bytes]:
        first, last = (datetime.fromtimestamp(seconds, UTC).strftime(SECONDS).encode() for seconds in self)
        return first, last


class Trail:
    """All recorded calls of a data folder."""

    def __init__(self, folder: Path, store: SqliteStore) -> None:
        self._folder = folder
        self._store = store
        self.unreadable = 0
        """Lines and rows that the last reading came upon and that are no records."""

    async def calls(self, span: Span, *, having: tuple[bytes, ...] = ()) -> AsyncIterator[Past]:
        """Calls of a time, those of the journal first; with ``having`` only records with one of these texts in them."""
        seen: set[str] = set()
        self.unreadable = 0
        for line in self._lines():
            if (not having or any(text in line for text in having)) and (span.holds(line) or _TIME not in line):
                past = self._past(*split(line))
                if past is not None and past.record["eventID"] not in seen:
                    seen.add(past.record["eventID"])
                    yield past
        for account in of_one_moment(self._store, lambda view: list(accounts(view))):
            async for record, decisions in self._indexed(account, span):
                if not having or any(text in record for text in having):
                    past = self._past(record, decisions)
                    if past is not None and past.record["eventID"] not in seen:
                        yield past

    def _lines(self) -> Iterator[bytes]:
        """The lines of all journal files, oldest file first. One may be removed meanwhile: its records are indexed."""
        for path in sorted(self._folder.glob(f"*{SUFFIX}")):
            try:
                with path.open("rb") as file:
                    yield from (line.rstrip(b"\n") for line in file if line.endswith(b"\n") and len(line) > 1)
            except FileNotFoundError:
                continue

    def _past(self, record: bytes, decisions: bytes | None) -> Past | None:
        """A line that a crash tore, or that somebody else wrote, is none."""
        try:
            return Past(read_record(record), None if decisions is None else remembered(decisions))
        except (ValueError, RecursionError):
            self.unreadable += 1
            return None

    async def _indexed(self, account: str, span: Span) -> AsyncIterator[tuple[bytes, bytes | None]]:
        query = EventQuery(account, None, span.since, span.until, None, None, PAGE)
        while True:
            rows = await self._store.find_events(query)
            for row in rows:
                yield row.record, row.decisions
            if len(rows) < PAGE:
                return
            query = query._replace(before=(rows[-1].time, rows[-1].id))


def of_one_moment(store: SqliteStore, work: Callable[[View], T]) -> T:
    """What some work makes of the directory at one moment, though others change it meanwhile. Raises CannotTell."""
    for _ in range(ATTEMPTS):
        with suppress(Conflict):
            return work(store.view())
    raise CannotTell("the directory is changing too fast: try again")


def accounts(view: View) -> Iterator[str]:
    """The ids of all accounts."""
    return (account.id for account in all_of(Account, view, GLOBAL))
