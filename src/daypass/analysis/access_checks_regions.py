"""Statements as sets of requests, and pieces of them: what is left of an Allow when the Denies have had their say.

A piece is what one action pattern, one resource pattern and one principal of a statement stand for together, under its
conditions. It may be narrowed: by further patterns that must match, too, by patterns that must not, by what is known of
conditions. All answers are careful ones: *covers* and *misses* are only said where they are certain.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import chain, product
from typing import TYPE_CHECKING, Final, Generic, TypeVar

from daypass.analysis.access_checks_conditions import Clause, Knowledge, Known, Literal, told_false
from daypass.analysis.access_checks_patterns import EVERYTHING, ArnGlob, Glob
from daypass.analysis.access_checks_principals import (
    Callers,
    NotSpared,
    Spared,
    apart,
    callers_of,
    denied_within,
    granted_within,
)
from daypass.policy import Effect
from daypass.policy.resources import ANY

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from daypass.policy import Policy, Statement

P = TypeVar("P", Glob, ArnGlob)
MOST_PIECES: Final = 10_000
_MOST_WAYS: Final = 4
MOST_EFFORT: Final = 5_000_000
"""Seconds of work. Policies that people write cost a thousandth of it."""
EACH: Final = 20
"""What it costs to make a piece."""


class TooManyPieces(Exception):
    """A policy falls apart into more pieces than are looked at."""


class Effort:
    """What a whole check may still cost, in patterns compared, whatever the policies are made of."""

    def __init__(self) -> None:
        self._left = MOST_EFFORT

    def spend(self, cost: int) -> None:
        """Takes note of work to come. Raises TooManyPieces when all is spent, from then on always."""
        self._left -= cost
        if self._left < 0:
            raise TooManyPieces


@dataclass(frozen=True, slots=True)
class Part(Generic[P]):
    """Values that match all of ``matching`` and none of ``excluded``."""

    matching: tuple[P, ...]
    excluded: tuple[P, ...] = ()

    def cost(self, patterns: Sequence[P]) -> int:
        """What it costs, at most, to compare it with patterns."""
        mine, count = sum(one.cost for one in chain(self.matching, self.excluded)), len(self.matching + self.excluded)
        return mine * len(patterns) + count * sum(pattern.cost for pattern in patterns)

    @property
    def is_empty(self) -> bool:
        """Whether no value can be in it."""
        if any(one.within(out) for one in self.matching for out in self.excluded):
            return True
        return any(not a.overlaps(b) for i, a in enumerate(self.matching) for b in self.matching[i + 1 :])

    def within(self, pattern: P) -> bool:
        """Whether a pattern matches all of it."""
        return any(one.within(pattern) for one in self.matching)

    def misses(self, pattern: P) -> bool:
        """Whether a pattern matches nothing of it."""
        return any(not one.overlaps(pattern) for one in self.matching) or any(
            pattern.within(out) for out in self.excluded
        )

    def narrowed(self, matching: Iterable[P] = (), excluded: Iterable[P] = ()) -> Part[P]:
        """The part of it that matches, and does not match, further patterns."""
        return Part(_distinct(chain(self.matching, matching)), _distinct(chain(self.excluded, excluded)))


@dataclass(frozen=True)
class Piece:
    """A set of requests."""

    actions: Part[Glob]
    resources: Part[ArnGlob]
    principals: tuple[Callers, ...]
    literals: tuple[Literal, ...] = field(default=())

    @cached_property
    def known(self) -> Knowledge:
        """What follows from its conditions."""
        return Knowledge(self.literals)

    @cached_property
    def values(self) -> int:
        """How many values its conditions are made of."""
        return sum(1 + len(literal.clause.values) for literal in self.literals)

    @cached_property
    def is_empty(self) -> bool:
        """Whether no request can be in it."""
        return self.actions.is_empty or self.resources.is_empty or self.known.contradicts_itself

    def and_in(self, other: Piece) -> Piece:
        """What is in both."""
        return Piece(
            self.actions.narrowed(other.actions.matching, other.actions.excluded),
            self.resources.narrowed(other.resources.matching, other.resources.excluded),
            (*self.principals, *other.principals),
            (*self.literals, *other.literals),
        )


class Region:
    """A statement as a set of requests: those to which it applies."""

    def __init__(self, statement: Statement, policy: Policy, effort: Effort, *, names_callers: bool) -> None:
        self.statement, self.effort = statement, effort
        self.denies = statement.effect is Effect.DENY
        self._not_action, self._not_resource = statement.not_action, statement.not_resource
        self._actions = _distinct(Glob.of(action.lower()) for action in statement.actions)
        patterns = (ANY,) if statement.resources is None else statement.resources
        self._resources = _distinct(
            found for found in (ArnGlob.of(pattern, policy) for pattern in patterns) if found is not None
        )
        element = statement.principal if names_callers else None
        self._callers = callers_of(element, statement.effect)
        self._clauses = tuple(Clause.of(condition, policy) for condition in statement.conditions)
        self._exact = frozenset(self._actions)
        self._starts = [(action.beginning, action) for action in self._actions]
        self._covered: dict[Part[Glob] | Part[ArnGlob], bool] = {}
        self._widest = max((1 + len(clause.values) for clause in self._clauses), default=0)

    @property
    def size(self) -> int:
        """How many pieces it has, at most."""
        return len(self._actions) * len(self._resources) * len(self._callers)

    def pieces(self) -> Iterator[Piece]:
        """What the statement applies to (of a Deny: also where a condition cannot be told). Raises TooManyPieces."""
        if self.size > MOST_PIECES:
            raise TooManyPieces
        known = Known.NOT_FALSE if self.denies else Known.TRUE
        literals = tuple(Literal(known, clause) for clause in self._clauses)
        for actions, resources, callers in product(
            _parts(self._actions, Glob.of("*"), negated=self._not_action),
            _parts(self._resources, EVERYTHING, negated=self._not_resource),
            self._callers,
        ):
            self.effort.spend(EACH)
            yield Piece(actions, resources, (callers,), literals)

    def _cost(self, piece: Piece) -> int:
        """How many comparisons there are between it and a piece, at most."""
        return (
            EACH
            + piece.actions.cost(self._actions)
            + piece.resources.cost(self._resources)
            + len(self._callers) * len(piece.principals)
            + self._widest * piece.values
        )

    def covers(self, piece: Piece) -> bool:
        """Whether it certainly applies to all of a piece; an Allow: naming each caller at least as directly."""
        self.effort.spend(1 + self._widest * piece.values)
        return all(self._covers_parts(piece)) and all(self._surely(piece, clause) for clause in self._clauses)

    def misses(self, piece: Piece) -> bool:
        """Whether it certainly applies to nothing of a piece."""
        return (
            _misses(piece.actions, self._actions, negated=self._not_action)
            or _misses(piece.resources, self._resources, negated=self._not_resource)
            or all(any(apart(mine, callers) for mine in piece.principals) for callers in self._callers)
            or any(piece.known.told_false(clause) for clause in self._clauses)
        )

    def _covers_parts(self, piece: Piece) -> tuple[bool, bool, bool]:
        """Whether it is about all of a piece's actions, resources, callers. The pieces of one statement share parts."""
        actions, resources = self._covered.get(piece.actions), self._covered.get(piece.resources)
        if actions is None:
            actions = self._covered[piece.actions] = self._covers_actions(piece)
        if resources is None:
            resources = self._covered[piece.resources] = self._covers_resources(piece)
        return actions, resources, self._covers_callers(piece)

    def _covers_actions(self, piece: Piece) -> bool:
        if not self._not_action and any(one in self._exact for one in piece.actions.matching):
            return True
        if self._not_action:
            self.effort.spend(piece.actions.cost(self._actions))
            return all(piece.actions.misses(action) for action in self._actions)
        begin = [one.beginning for one in piece.actions.matching]
        near = [action for start, action in self._starts if any(text.startswith(start) for text in begin)]
        self.effort.spend(len(self._starts) // EACH + piece.actions.cost(near))
        return any(piece.actions.within(action) for action in near)

    def _covers_resources(self, piece: Piece) -> bool:
        """An Allow that spares a pattern with a variable only applies where the variable can be filled in."""
        self.effort.spend(piece.resources.cost(self._resources))
        if not self._not_resource:
            return any(piece.resources.within(pattern) for pattern in self._resources)
        return all(
            piece.resources.misses(pattern)
            and (self.denies or not pattern.has_variables or pattern in piece.resources.excluded)
            for pattern in self._resources
        )

    def _covers_callers(self, piece: Piece) -> bool:
        inside = denied_within if self.denies else granted_within
        return any(inside(mine, callers) for mine in piece.principals for callers in self._callers)

    def _surely(self, piece: Piece, clause: Clause) -> bool:
        return piece.known.not_told_false(clause) if self.denies else piece.known.told_true(clause)

    def spares(self, piece: Piece) -> list[Piece]:
        """What this Deny leaves of a piece. Where that is not one thing, more than is left: all of it."""
        self.effort.spend(self._cost(piece))
        if self.misses(piece):
            return [piece]
        unsure = [clause for clause in self._clauses if not self._surely(piece, clause)]
        left = [piece]
        match (*self._covers_parts(piece), not unsure):
            case (True, True, True, True):
                left = []
            case (False, True, True, True):
                parts = _outside(piece.actions, self._actions, negated=self._not_action)
                left = [replace(piece, actions=part) for part in parts]
            case (True, False, True, True):
                constant = [pattern for pattern in self._resources if self._not_resource or not pattern.has_variables]
                narrower = _outside(piece.resources, constant, negated=self._not_resource)
                left = [replace(piece, resources=part) for part in narrower]
            case (True, True, False, True):
                left = [self._with_spared_callers(piece)]
            case (True, True, True, False) if len(unsure) <= _MOST_WAYS:
                left = [replace(piece, literals=(*piece.literals, *told_false(clause))) for clause in unsure]
        return left

    def _with_spared_callers(self, piece: Piece) -> Piece:
        match self._callers:
            case (NotSpared(names),):
                return replace(piece, principals=(*piece.principals, Spared(names)))
        return piece


def _distinct(patterns: Iterable[P]) -> tuple[P, ...]:
    return tuple(dict.fromkeys(patterns))


def _parts(patterns: tuple[P, ...], everything: P, *, negated: bool) -> list[Part[P]]:
    return [Part((everything,), patterns)] if negated else [Part((pattern,)) for pattern in patterns]


def _misses(part: Part[P], patterns: tuple[P, ...], *, negated: bool) -> bool:
    if negated:
        return any(part.within(pattern) for pattern in patterns)
    return all(part.misses(pattern) for pattern in patterns)


def _outside(part: Part[P], patterns: Sequence[P], *, negated: bool) -> list[Part[P]]:
    """What an element of a Deny does not take of a part.

    Of a list without negation, patterns with a variable are left out before: where it is missing they take nothing.
    """
    if negated:
        return [part.narrowed(matching=(pattern,)) for pattern in patterns if not part.misses(pattern)]
    return [part.narrowed(excluded=patterns)]


def remainder(piece: Piece, denies: Iterable[Region]) -> list[Piece]:
    """What a policy's Denies leave of a piece of its Allows, at most. Raises TooManyPieces."""
    left = [piece]
    for deny in denies:
        left = [smaller for one in left for smaller in deny.spares(one) if not smaller.is_empty]
        if len(left) > MOST_PIECES:
            raise TooManyPieces
    return left
