"""Checks for what a policy says twice: entries that others cover, statements that are alike.

Work is bounded: patterns are compared with the entries of their own statement, and a list in which that would take more
than ``_MOST_COMPARED`` comparisons is only searched for entries that are written twice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from daypass.analysis.action_checks import has_wildcard
from daypass.analysis.findings import MOST_SHOWN
from daypass.analysis.globs import coverer

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Sequence

    from daypass.analysis.places import Spot
    from daypass.analysis.review import Review
    from daypass.analysis.statements import Statement

_MOST_COMPARED: Final = 100_000


def check_entries(statement: Statement, review: Review) -> None:
    """Actions and resources of one statement."""
    actions = redundant(statement.actions.entries, str.lower)
    if actions:
        review.report.add(
            "REDUNDANT_ACTION", *actions[:MOST_SHOWN],
            redundantActionCount=len(actions), redundantAction=actions[0].text,
        )  # fmt: skip
    resources = redundant(statement.resources.entries, str)
    if resources:
        review.report.add("REDUNDANT_RESOURCE", *resources[:MOST_SHOWN], redundantResourceCount=len(resources))


def redundant(entries: Sequence[Spot], fold: Callable[[str], str]) -> list[Spot]:
    """The entries that another entry covers; of two alike, the second."""
    first: dict[str, Spot] = {}
    for entry in entries:
        first.setdefault(fold(entry.text), entry)
    covered = _covered(list(first))
    return [entry for entry in entries if fold(entry.text) in covered or first[fold(entry.text)] is not entry]


def _covered(texts: list[str]) -> set[str]:
    """The texts that a pattern among the others covers. Of patterns that cover each other none is redundant."""
    patterns = [text for text in texts if has_wildcard(text) and "${" not in text]
    if len(patterns) * len(texts) > _MOST_COMPARED:
        return set()
    covers = {pattern: coverer(pattern) for pattern in patterns}
    found = set()
    for text in texts:
        own = covers.get(text)
        for pattern in patterns:
            if pattern != text and covers[pattern](text) and not (own is not None and own(pattern)):
                found.add(text)
                break
    return found


def check_statements(review: Review) -> None:
    """Statements that are alike but for their Sid."""
    seen: dict[Hashable, Statement] = {}
    for statement in review.document.statements:
        key = _essence(statement)
        before = seen.setdefault(key, statement) if key is not None else statement
        if before is not statement:
            review.report.add("REDUNDANT_STATEMENT", statement.spot, before.spot)


def _essence(statement: Statement) -> Hashable | None:
    """What a statement says, whatever the order; None of one that says nothing."""
    if statement.effect is None or not statement.actions:
        return None
    parts = [
        (element.negated, frozenset(fold(entry.text) for entry in element.entries))
        for element, fold in ((statement.actions, str.lower), (statement.resources, str))
    ]
    names = frozenset((use.kind, use.name) for use in statement.names)
    uses = frozenset(
        (use.written_operator, use.key, frozenset(value.text for value in use.values)) for use in statement.uses
    )
    return statement.effect, *parts, statement.principals.negated, names, uses
