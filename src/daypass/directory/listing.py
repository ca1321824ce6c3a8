"""Whole listings, page by page."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from daypass.directory.records import Record

if TYPE_CHECKING:
    from collections.abc import Iterator

    from daypass.directory.view import View

R = TypeVar("R", bound=Record)

_PAGE = 1000


def all_of(cls: type[R], view: View, scope: str, path_prefix: str = "/") -> Iterator[R]:
    """Every record of a kind in a scope, by name."""
    after: str | None = ""
    while after is not None:
        page = view.page(cls, scope, after=after, limit=_PAGE, path_prefix=path_prefix)
        yield from (record for record in page.records if isinstance(record, cls))
        after = page.next


def all_linked(cls: type[R], view: View, scope: str, link: str, target: str) -> Iterator[R]:
    """Every record of a kind in a scope that points at ``target``, by name."""
    after: str | None = ""
    while after is not None:
        page = view.linked(cls, scope, link, target, after=after, limit=_PAGE)
        yield from (record for record in page.records if isinstance(record, cls))
        after = page.next
