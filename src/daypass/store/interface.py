"""The one narrow interface behind which directory, trail index and high-churn facts live: SQLite now, PostgreSQL next.

Two truths hold for every store: what :meth:`Store.commit` answered has been stored durably, and a view taken after
that answer, in any worker on the node, sees it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

import msgspec

if TYPE_CHECKING:
    from collections.abc import Sequence

    from daypass.directory import Change, View


class Conflict(Exception):
    """What the view read has changed since: take a new view and run everything again, authentication included.

    Raised by commits, and by a view itself where it could only go on answering from two moments at once.
    """


class StoreProblem(Exception):
    """The store cannot be opened or used; the text is one clear line for the operator."""


class EventRow(msgspec.Struct, frozen=True, array_like=True):
    """One audit record with what it is looked up by. ``record`` is the CloudTrail record as JSON, as it was written.

    ``decisions`` is what only the operator sees of it: how the call was decided (:mod:`daypass.audit.decisions`).
    """

    id: str
    account: str
    region: str
    time: int
    name: str
    source: str
    username: str | None
    access_key_id: str | None
    read_only: bool
    category: str
    resources: tuple[tuple[str, str], ...]
    record: bytes
    decisions: bytes | None = None


class EventQuery(NamedTuple):
    """Which events to find: newest first, within a time range (seconds, both ends inclusive).

    ``region`` None is every region. ``attribute`` is one of LookupEvents' attribute keys (``EventName``, ``Username``...) with its value, or None.
    ``before`` is the (time, id) of the last event of the page before.
    """

    account: str
    region: str | None
    start: int
    end: int
    attribute: tuple[str, str] | None
    before: tuple[int, str] | None
    limit: int
    category: str = "Management"


class JournalMark(NamedTuple):
    """How far a journal file has been indexed."""

    file: str
    offset: int


class Use(NamedTuple):
    """That an access key or role was used."""

    subject: str
    when: int
    service: str
    region: str


class Store(Protocol):
    """What the pipeline, the audit and the command line need of a store."""

    def view(self) -> View:
        """A view of the directory as of now: all that was committed before this call is seen.

        For the thread of the event loop. Up to the next ``await`` it answers from one moment, or raises Conflict;
        after it, take a new one.
        """
        ...

    async def commit(self, view: View, changes: Sequence[Change], events: Sequence[EventRow]) -> None:
        """Carry out changes and write their audit records, durably, all or nothing.

        Raises Conflict when what ``view`` read has changed since, StoreProblem when it cannot be written, ValueError
        when a unique id is used twice. In an account all counts as read once anything was; in the global scope, which
        all accounts share, the keys and link targets that were asked for do, and everything after a listing or count.
        """
        ...

    async def index_events(self, events: Sequence[EventRow], uses: Sequence[Use], mark: JournalMark) -> None:
        """Index events that a journal holds. Events that are known by id are left as they are.

        ``mark`` is written in the same transaction, so that no event is lost or indexed twice over a crash.
        """
        ...

    async def journal_marks(self) -> dict[str, int]:
        """How far each journal file has been indexed."""
        ...

    async def forget_journal(self, file: str) -> None:
        """Drop the mark of a journal file that is gone."""
        ...

    async def find_events(self, query: EventQuery) -> list[EventRow]:
        """Events that fit, newest first, at most ``query.limit``."""
        ...

    async def delete_events(self, before: int, limit: int) -> int:
        """Delete up to ``limit`` events older than ``before`` (seconds); how many were deleted."""
        ...

    def ready(self) -> bool:
        """Whether the store answers."""
        ...

    def close(self) -> None:
        """Let go of connections and threads. What was committed stays."""
        ...
