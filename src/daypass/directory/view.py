"""The read interface on the directory: all that operations, authentication and authorization may ask of it.

A view belongs to one run of one request. It notes which scopes it read, and the store refuses to commit what was decided
on a scope that has changed since (optimistic concurrency); the pipeline then runs the operation again on a new view.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from daypass.directory.records import Record

R = TypeVar("R", bound="Record")
T = TypeVar("T")


class Page(NamedTuple):
    """Part of a listing, in order of name. ``next`` is the key name to go on after, or None at the end."""

    records: tuple[Record, ...]
    next: str | None


class LastUse(NamedTuple):
    """When something was used last: seconds since the epoch, the service's short name and the region."""

    when: int
    service: str
    region: str


class View(Protocol):
    """The directory at one moment."""

    def get(self, cls: type[R], scope: str, name: str) -> R | None:
        """The record of that kind under its key name (already in lower case where the record folds it), or None."""
        ...

    def by_id(self, cls: type[R], unique_id: str) -> R | None:
        """The record with that unique id, or None when it is gone. Ids never come back."""
        ...

    def page(self, cls: type[R], scope: str, *, after: str = "", limit: int = 100, path_prefix: str = "/") -> Page:
        """Records of a kind in a scope whose path begins with ``path_prefix``, by key name, after ``after``.

        Kinds without a path are listed whatever the prefix.
        """
        ...

    def count(self, cls: type[R], scope: str) -> int:
        """How many records of that kind the scope has (for quotas and summaries); constant cost."""
        ...

    def linked(self, cls: type[R], scope: str, link: str, target: str, *, after: str = "", limit: int = 1000) -> Page:
        """Records of that kind in that scope with such a link: the users of a group, the keys of a user..."""
        ...

    def count_linked(self, scope: str, link: str, target: str) -> int:
        """How many records of any kind in the scope have such a link (attachment counts)."""
        ...

    def last_use(self, subject: str) -> LastUse | None:
        """When an access key (by id) or a role (by id) was used last. May lag behind by seconds, as on AWS."""
        ...

    def revision(self, scope: str) -> int:
        """The scope's revision: it grows with each committed change in it."""
        ...

    def derived(self, scope: str, key: Hashable, make: Callable[[], T], weigh: Callable[[T], int] | None = None) -> T:
        """A value computed from records of one scope, kept (bounded) until anything in that scope changes.

        For what is dear to compute and asked for on each request: the compiled policies of a principal.
        ``weigh`` says how many characters of policy text are held by a value; those that are kept are bounded by it.
        """
        ...
