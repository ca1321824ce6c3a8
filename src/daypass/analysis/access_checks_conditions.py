"""What follows from conditions that are known to hold: the reasoning of the access checks, without any request.

The policy engine tells a condition true, false, or that it *cannot be told*; an Allow needs true, a Deny is spared only
by false. So there are three things to know of a condition (:class:`Known`), and a conclusion is drawn only where the
engine would have to agree (see daypass.policy.conditions for the rules that each line stands on).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from typing import TYPE_CHECKING, Final

from daypass.analysis.access_checks_values import apart, depends, value_set, within
from daypass.policy.conditions import FOR_ALL, FOR_ANY, operator_named

if TYPE_CHECKING:
    from collections.abc import Iterable

    from daypass.analysis.access_checks_values import ValueSet
    from daypass.policy import Condition, Policy

NULL: Final = "Null"
_POSITIVE: Final = {
    "StringNotEquals": "StringEquals",
    "StringNotEqualsIgnoreCase": "StringEqualsIgnoreCase",
    "StringNotLike": "StringLike",
    "NumericNotEquals": "NumericEquals",
    "DateNotEquals": "DateEquals",
    "NotIpAddress": "IpAddress",
    "ArnNotEquals": "ArnEquals",
    "ArnNotLike": "ArnLike",
}
_NEGATIVE: Final = {positive: negative for negative, positive in _POSITIVE.items()}
_READS_TEXT: Final = ("StringEquals", "StringLike", "ArnEquals", "ArnLike")


@dataclass(frozen=True)
class Clause:
    """One key under one operator, ready to be reasoned about."""

    base: str
    qualifier: str | None
    if_exists: bool
    key: str
    written: tuple[str, ...]
    variables: bool

    @classmethod
    def of(cls, condition: Condition, policy: Policy) -> Clause:
        """The clause of a condition, by the operator that the grammar has checked."""
        operator = operator_named(condition.operator)
        if operator is None:
            raise ValueError(f"unknown operator {condition.operator}")
        written = tuple(dict.fromkeys(condition.values))
        key = condition.key.lower()
        return cls(operator.base, operator.qualifier, operator.if_exists, key, written, policy.has_variables)

    @property
    def negated(self) -> bool:
        """Whether it is true when no value fits."""
        return self.base in _POSITIVE

    @property
    def form(self) -> str:
        """Its operator without the negation."""
        return _POSITIVE.get(self.base, self.base)

    @cached_property
    def values(self) -> tuple[ValueSet, ...]:
        """What its values hold."""
        return tuple(value_set(self.form, value, variables=self.variables) for value in self.written)

    @property
    def is_constant(self) -> bool:
        """``Null`` with a set operator says the same for every request."""
        return self.base == NULL and self.qualifier is not None

    @property
    def holds_when_absent(self) -> bool:
        """Whether it is told true where the key is absent."""
        if self.base == NULL:
            return self.wants_absence
        if self.qualifier is not None:
            return self.qualifier == FOR_ALL or self.if_exists
        return self.negated or self.if_exists

    @property
    def wants_absence(self) -> bool:
        """Null: whether the key must be absent (and not: either way)."""
        return {value.lower() for value in self.written} == {"true"}

    @property
    def wants_presence(self) -> bool:
        """Null: whether the key must be there (and not: either way)."""
        return {value.lower() for value in self.written} == {"false"}

    def reads_like(self, other: Clause) -> bool:
        """Whether both read what a request has in the same way, so that neither is in doubt where the other is not."""
        return self.form == other.form or _family(self.form) == _family(other.form)


def _family(form: str) -> str:
    if form in _READS_TEXT:
        return "text"
    return next((name for name in ("Numeric", "Date") if form.startswith(name)), form)


class Known(Enum):
    """What is known of a clause."""

    TRUE = "told true"
    NOT_FALSE = "told true, or cannot be told"
    FALSE = "told false"


@dataclass(frozen=True, slots=True)
class Literal:
    """A clause, and what is known of it."""

    known: Known
    clause: Clause


def told_false(clause: Clause) -> tuple[Literal, ...]:
    """What is known where a clause was told false: that, and often that another one is told true."""
    return (Literal(Known.FALSE, clause), *(Literal(Known.TRUE, other) for other in _opposites(clause)))


def _opposites(clause: Clause) -> Iterable[Clause]:
    base, key, written, variables = clause.base, clause.key, clause.written, clause.variables
    if base == NULL and clause.qualifier is None:
        if clause.wants_absence or clause.wants_presence:
            yield Clause(NULL, None, False, key, ("false" if clause.wants_absence else "true",), variables)
    elif clause.negated and clause.qualifier is None:
        yield Clause(clause.form, None, False, key, written, variables)
    elif clause.negated and clause.qualifier == FOR_ALL:
        yield Clause(clause.form, FOR_ANY, False, key, written, variables)
    elif clause.qualifier is None and clause.if_exists:
        yield Clause(NULL, None, False, key, ("false",), variables)
        if base in _NEGATIVE and not any(map(depends, clause.values)):
            yield Clause(_NEGATIVE[base], None, False, key, written, variables)


class Knowledge:
    """All that is known of the conditions of a request."""

    def __init__(self, literals: Iterable[Literal]) -> None:
        self.literals = tuple(dict.fromkeys(literals))
        self._true = [one.clause for one in self.literals if one.known is Known.TRUE]
        self._present = {clause.key for clause in self._true if _needs_key(clause)}
        self._absent = {c.key for c in self._true if c.base == NULL and c.qualifier is None and c.wants_absence}

    def told_true(self, clause: Clause) -> bool:
        """Whether the clause must be told true."""
        if clause.is_constant:
            return clause.qualifier == FOR_ALL
        if clause.key in self._absent and clause.holds_when_absent:
            return True
        if clause.base == NULL:
            return clause.key in self._present and clause.wants_presence
        return any(self._follows(clause, known) for known in self._true if known.key == clause.key)

    def not_told_false(self, clause: Clause) -> bool:
        """Whether the clause cannot be told false."""
        if self.told_true(clause):
            return True
        return any(
            literal.known is Known.NOT_FALSE and _same_but_looser(clause, literal.clause) for literal in self.literals
        )

    def told_false(self, clause: Clause) -> bool:
        """Whether the clause must be told false."""
        if clause.is_constant:
            return clause.qualifier != FOR_ALL
        if clause.base == NULL:
            absent, present = clause.key in self._absent, clause.key in self._present
            return (absent and clause.wants_presence) or (present and clause.wants_absence)
        if clause.qualifier == FOR_ALL:
            return False
        if clause.key in self._absent and not clause.holds_when_absent:
            return True
        if any(_excluded(clause, known, self._present) for known in self._true if known.key == clause.key):
            return True
        return any(
            literal.known is Known.FALSE and _same_but_looser(literal.clause, clause) for literal in self.literals
        )

    @property
    def contradicts_itself(self) -> bool:
        """Whether no request can be like this."""
        if self._present & self._absent:
            return True
        for literal in self.literals:
            if literal.known is Known.FALSE:
                if self.not_told_false(literal.clause):
                    return True
            elif self.told_false(literal.clause):
                return True
        return False

    def _follows(self, clause: Clause, known: Clause) -> bool:
        """Whether a clause on the same key is told true where ``known`` is."""
        if known.base == NULL or not known.reads_like(clause):
            return False
        if known.holds_when_absent and not clause.holds_when_absent and known.key not in self._present:
            return False
        if known.qualifier not in (None, clause.qualifier):
            return False
        return _values_follow(clause, known)


def _needs_key(clause: Clause) -> bool:
    """Whether a clause told true means that the key is there, with some value."""
    if clause.base == NULL:
        return clause.qualifier is None and clause.wants_presence
    return not clause.holds_when_absent and clause.qualifier != FOR_ALL


def _values_follow(clause: Clause, known: Clause) -> bool:
    if known.negated:
        return clause.negated and all(
            mine in known.values or (not depends(mine) and any(within(mine, other) for other in known.values))
            for mine in clause.values
        )
    if clause.negated:
        return known.qualifier is None and not any(map(depends, clause.values)) and _all_apart(clause, known)
    return all(any(within(value, other) for other in clause.values) for value in known.values)


def _all_apart(clause: Clause, known: Clause) -> bool:
    return all(apart(value, other) for value in known.values for other in clause.values)


def _excluded(clause: Clause, known: Clause, present: set[str]) -> bool:
    """Whether a clause (no Null, no ForAllValues) is told false where ``known``, on the same key, is told true."""
    if known.base == NULL or known.qualifier is not None or not known.reads_like(clause):
        return False
    if known.negated:
        return (
            not clause.negated
            and not clause.if_exists
            and all(any(within(mine, other) for other in known.values) for mine in clause.values)
            and not any(map(depends, clause.values))
        )
    if known.if_exists and known.key not in present:
        return False
    if clause.negated:
        return all(any(within(value, other) for other in clause.values) for value in known.values)
    return _all_apart(clause, known)


def _same_but_looser(looser: Clause, known: Clause) -> bool:
    """Whether two clauses differ in nothing but that the one takes more: more values, or fewer exclusions."""
    if (looser.base, looser.qualifier, looser.if_exists, looser.key, looser.variables) != (
        known.base,
        known.qualifier,
        known.if_exists,
        known.key,
        known.variables,
    ):
        return False
    mine, other = set(looser.written), set(known.written)
    if looser.base == NULL:
        return mine == other
    return mine <= other if looser.negated else other <= mine
