"""What a view has read, so that the store can tell whether a decision still holds when it is committed.

In an account the whole scope counts: a quota or a listing depends on more than the records that were read. The global
scope is shared by all accounts, and there only what was asked for counts: a record by its key (also one that is not
there), a link by its target. Else each new access key would disturb every call that runs at the time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from daypass.directory import GLOBAL, Put

if TYPE_CHECKING:
    from collections.abc import Iterable

    from daypass.directory import Change, Key

Place = tuple[str, str, str]
"""Kind, scope and name: a record's key, or a link's mark (see :func:`link_mark`)."""


def place_of(key: Key) -> Place:
    """A key as a plain tuple: quicker to make and to compare than a named one, and equal to it."""
    return (key.kind, key.scope, key.name)


def link_mark(link: str, target: str) -> Place:
    """The place that stands in the change log for "something with this link has changed", in the global scope."""
    return (f">{link}", GLOBAL, target)


def link_marks(scope: str, links: Iterable[tuple[str, str]]) -> set[Place]:
    """The marks of a record's links; none outside the global scope, where the scope itself is the mark."""
    return {link_mark(kind, target) for kind, target in links} if scope == GLOBAL else set()


class Notes:
    """Scopes and places that were read."""

    __slots__ = ("places", "scopes")

    def __init__(self) -> None:
        self.scopes: set[str] = set()
        self.places: set[Place] = set()

    def link(self, scope: str, link: str, target: str) -> None:
        """Note that the records with such a link were asked for."""
        if scope == GLOBAL:
            self.places.add(link_mark(link, target))
        else:
            self.scopes.add(scope)

    def with_changes(self, keys: Iterable[Key]) -> Notes:
        """These notes, and what is going to be changed as if it had been read."""
        notes = Notes()
        notes.scopes = self.scopes | {key.scope for key in keys if key.scope != GLOBAL}
        notes.places = self.places | {place_of(key) for key in keys if key.scope == GLOBAL}
        return notes

    def touched_by(self, changed: Iterable[Place]) -> bool:
        """Whether any of these changes is about what was read."""
        return any(place[1] in self.scopes or place in self.places for place in changed)


def last_of_each(changes: Iterable[Change]) -> dict[Key, Change]:
    """What is left of a list of changes when the last one to each key wins."""
    return {_key(change): change for change in changes}


def _key(change: Change) -> Key:
    return change.record.key if isinstance(change, Put) else change.key
