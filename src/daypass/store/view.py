"""The view that the SQLite store hands out: reads through :class:`~daypass.store.reading.Reader` and notes what it read.

Notes are taken after the answer: what changed while it was being read is part of the answer, not a conflict with it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from daypass.directory import GLOBAL, LastUse, Page, Record
from daypass.store import statements as sql
from daypass.store.interface import Conflict
from daypass.store.notes import Notes

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from daypass.store.notes import Place
    from daypass.store.reading import Reader

R = TypeVar("R", bound=Record)
T = TypeVar("T")


class SqliteView:
    """The directory as of change number ``seq``."""

    __slots__ = ("_reader", "notes", "seq")

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self.seq = reader.seq
        self.notes = Notes()

    def get(self, cls: type[R], scope: str, name: str) -> R | None:
        place = (cls.kind, scope, name)
        record = self._reader.record(self, place)
        if scope == GLOBAL:
            self.notes.places.add(place)
        else:
            self.notes.scopes.add(scope)
        return record  # type: ignore[return-value]  # what stands under a kind's name is of that kind

    def by_id(self, cls: type[R], unique_id: str) -> R | None:
        place = self._reader.place_of(self, unique_id)
        if place is None or place[0] != cls.kind:
            return None
        return self.get(cls, place[1], place[2])

    def page(self, cls: type[R], scope: str, *, after: str = "", limit: int = 100, path_prefix: str = "/") -> Page:
        page = self._reader.page(self, cls, scope, sql.Span(after, limit), path_prefix)
        self.notes.scopes.add(scope)
        return page

    def count(self, cls: type[R], scope: str) -> int:
        count = self._reader.count(self, cls.kind, scope)
        self.notes.scopes.add(scope)
        return count

    def linked(self, cls: type[R], scope: str, link: str, target: str, *, after: str = "", limit: int = 1000) -> Page:
        page = self._reader.linked(self, cls, scope, (link, target), sql.Span(after, limit))
        self.notes.link(scope, link, target)
        return page

    def count_linked(self, scope: str, link: str, target: str) -> int:
        count = self._reader.count_linked(self, scope, link, target)
        self.notes.link(scope, link, target)
        return count

    def last_use(self, subject: str) -> LastUse | None:
        return self._reader.last_use(subject)

    def revision(self, scope: str) -> int:
        revision = self._reader.revision(self, scope)
        self.notes.scopes.add(scope)
        return revision

    def derived(self, scope: str, key: Hashable, make: Callable[[], T], weigh: Callable[[T], int] | None = None) -> T:
        value = self._reader.derived(self, scope, key, make, weigh)
        self.notes.scopes.add(scope)
        return value

    def move_on(self, seq: int, changed: list[Place] | None) -> None:
        """Become a view of a newer moment, which is one as long as all that was read still holds there."""
        if self.notes.touched_by(changed) if changed is not None else self.notes.scopes or self.notes.places:
            raise Conflict
        self.seq = seq
