"""The store without a disk: what a store does, in its simplest form.

For tests of operations and as the second opinion of the conformance suite. Nothing in it survives the process.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING, TypeVar

from daypass.directory import GLOBAL, Key, LastUse, Page, Put, Record
from daypass.store.caches import MISSING, ScopedCache
from daypass.store.interface import Conflict
from daypass.store.notes import Notes, last_of_each, link_marks, place_of

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Sequence

    from daypass.directory import Change, View
    from daypass.store.interface import EventQuery, EventRow, JournalMark, Use
    from daypass.store.notes import Place

R = TypeVar("R", bound=Record)
T = TypeVar("T")

_DERIVED_LIMIT = 10_000
_DERIVED_TEXT = 4 << 20


class MemoryStore:
    """All in dictionaries. ``records`` are there from the beginning."""

    def __init__(self, records: Iterable[Record] = ()) -> None:
        self.records: dict[Key, Record] = {}
        self.ids: dict[str, Key] = {}
        self.uses: dict[str, Use] = {}
        self.derived = ScopedCache(_DERIVED_LIMIT, _DERIVED_TEXT)
        self.log: list[Place] = []
        self.revisions: dict[str, int] = {}
        self._spent: set[str] = set()
        self._events: dict[str, EventRow] = {}
        self._marks: dict[str, int] = {}
        self.apply([Put(record) for record in records])

    def view(self) -> MemoryView:
        return MemoryView(self)

    async def commit(self, view: View, changes: Sequence[Change], events: Sequence[EventRow]) -> None:
        if not isinstance(view, MemoryView):
            raise TypeError("a view of another store")
        notes = view.notes.with_changes(last_of_each(changes))
        if notes.touched_by(self.log[view.seq :]):
            raise Conflict
        self.apply(changes)
        self._add_events(events)

    def apply(self, changes: Sequence[Change]) -> None:
        """Carry out changes that depend on nothing."""
        final = last_of_each(changes)
        self._check_ids(final)
        changed: list[Place] = []
        for key, change in final.items():
            old = self.records.pop(key, None)
            new = change.record if isinstance(change, Put) else None
            if new is not None:
                self.records[key] = new
            changed.append(place_of(key))
            changed += sorted(set().union(*(link_marks(key.scope, r.links()) for r in (old, new) if r is not None)))
        self.log += changed
        for scope in {place[1] for place in changed}:
            self.revisions[scope] = len(self.log)
            self.derived.drop(scope)

    def _check_ids(self, final: dict[Key, Change]) -> None:
        """Ids are taken once: let go of those that leave with these changes, and refuse those that come back."""
        olds = {self.records[key].unique_id: key for key in final if key in self.records}
        news = {c.record.unique_id: key for key, c in final.items() if isinstance(c, Put)}
        olds.pop(None, None)
        news.pop(None, None)
        puts = [c for c in final.values() if isinstance(c, Put) and c.record.unique_id]
        fresh = news.keys() - olds.keys()
        if len(news) < len(puts) or fresh & (self._spent | self.ids.keys()):
            raise ValueError("a unique id is taken once and never again")
        self._spent |= {str(old) for old in olds.keys() - news.keys()}
        for old in olds:
            del self.ids[str(old)]
        self.ids.update({str(new): key for new, key in news.items()})

    async def index_events(self, events: Sequence[EventRow], uses: Sequence[Use], mark: JournalMark) -> None:
        self._add_events(events)
        for use in uses:
            if use.subject not in self.uses or use.when >= self.uses[use.subject].when:
                self.uses[use.subject] = use
        self._marks[mark.file] = mark.offset

    def _add_events(self, events: Iterable[EventRow]) -> None:
        for event in events:
            self._events.setdefault(event.id, event)

    async def journal_marks(self) -> dict[str, int]:
        return dict(self._marks)

    async def forget_journal(self, file: str) -> None:
        self._marks.pop(file, None)

    async def find_events(self, query: EventQuery) -> list[EventRow]:
        fitting = (event for event in self._events.values() if _fits(event, query))
        return sorted(fitting, key=lambda event: (event.time, event.id), reverse=True)[: query.limit]

    async def delete_events(self, before: int, limit: int) -> int:
        old = sorted((event for event in self._events.values() if event.time < before), key=lambda event: event.time)
        for event in old[:limit]:
            del self._events[event.id]
        return len(old[:limit])

    def ready(self) -> bool:
        return True

    def close(self) -> None:
        pass


class MemoryView:
    """The dictionaries, and what was asked of them."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store
        self.seq = len(store.log)
        self.notes = Notes()

    def get(self, cls: type[R], scope: str, name: str) -> R | None:
        key = Key(cls.kind, scope, name)
        self._note(key)
        record = self._store.records.get(key)
        return record if isinstance(record, cls) else None

    def by_id(self, cls: type[R], unique_id: str) -> R | None:
        key = self._store.ids.get(unique_id)
        if key is None or key.kind != cls.kind:
            return None
        return self.get(cls, key.scope, key.name)

    def page(self, cls: type[R], scope: str, *, after: str = "", limit: int = 100, path_prefix: str = "/") -> Page:
        self.notes.scopes.add(scope)
        return self._page(
            cls, scope, after, limit, lambda record: str(getattr(record, "path", path_prefix)).startswith(path_prefix)
        )

    def count(self, cls: type[R], scope: str) -> int:
        self.notes.scopes.add(scope)
        return sum(key.kind == cls.kind and key.scope == scope for key in self._store.records)

    def linked(self, cls: type[R], scope: str, link: str, target: str, *, after: str = "", limit: int = 1000) -> Page:
        self.notes.link(scope, link, target)
        return self._page(cls, scope, after, limit, lambda record: (link, target) in record.links())

    def count_linked(self, scope: str, link: str, target: str) -> int:
        self.notes.link(scope, link, target)
        return sum(key.scope == scope and (link, target) in r.links() for key, r in self._store.records.items())

    def last_use(self, subject: str) -> LastUse | None:
        use = self._store.uses.get(subject)
        return LastUse(use.when, use.service, use.region) if use else None

    def revision(self, scope: str) -> int:
        self.notes.scopes.add(scope)
        return self._store.revisions.get(scope, 0)

    def derived(self, scope: str, key: Hashable, make: Callable[[], T], weigh: Callable[[T], int] | None = None) -> T:
        self.notes.scopes.add(scope)
        value: T = self._store.derived.get(scope, key)
        if value is MISSING:
            value = make()
            self._store.derived.put(scope, key, value, 0 if weigh is None else weigh(value))
        return value

    def _note(self, key: Key) -> None:
        if key.scope == GLOBAL:
            self.notes.places.add(place_of(key))
        else:
            self.notes.scopes.add(key.scope)

    def _page(self, cls: type[Record], scope: str, after: str, limit: int, fits: Callable[[Record], bool]) -> Page:
        found = {
            key.name: record
            for key, record in self._store.records.items()
            if key.kind == cls.kind and key.scope == scope and fits(record)
        }
        names = sorted(found)
        rest = names[bisect_right(names, after) if after else 0 :]
        records = tuple(found[name] for name in rest[:limit])
        return Page(records, rest[limit - 1] if len(rest) > limit else None)


def _fits(event: EventRow, query: EventQuery) -> bool:
    return (
        (event.account, event.category) == (query.account, query.category)
        and query.region in (event.region, None)
        and query.start <= event.time <= query.end
        and (query.before is None or (event.time, event.id) < query.before)
        and (query.attribute is None or _has(event, *query.attribute))
    )


def _has(event: EventRow, attribute: str, value: str) -> bool:
    return (
        value
        in {
            "EventId": (event.id,),
            "EventName": (event.name,),
            "EventSource": (event.source,),
            "Username": (event.username,),
            "AccessKeyId": (event.access_key_id,),
            "ReadOnly": ("true" if event.read_only else "false",),
            "ResourceType": tuple(kind for kind, _ in event.resources),
            "ResourceName": tuple(name for _, name in event.resources),
        }[attribute]
    )
