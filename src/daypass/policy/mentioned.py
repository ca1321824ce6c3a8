"""Which condition keys a policy asks about: those of its Condition blocks, and its policy variables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from daypass.policy.variables import Variable, pieces

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from daypass.policy.document import Policy


def mentioned_keys(policy: Policy) -> Iterator[str]:
    """The keys, as they are written, in the order in which they stand; some of them more than once."""
    for statement in policy.statements:
        yield from _variables_in(statement.resources or (), policy)
        for condition in statement.conditions:
            yield condition.key
            yield from _variables_in(condition.values, policy)


def _variables_in(texts: Iterable[str], policy: Policy) -> Iterator[str]:
    if policy.has_variables:
        yield from (piece.name for text in texts for piece in pieces(text) if isinstance(piece, Variable))
