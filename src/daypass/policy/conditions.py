"""The Condition element: one table from operator to test (IAM User Guide, "IAM JSON policy elements: Condition").

A test gives True, False, or None: *it cannot be told*. That is so where a typed operator meets a value of another type,
where a negated one holds a variable that nothing fills in, or compares a multivalued key without a set operator. Such a
statement never helps an Allow, and counts as matching for a Deny: a mistake in a policy must not open a door.
A *positive* operator whose variable is absent is simply false, as on AWS: that value matches nothing.
"""

from __future__ import annotations

import operator as compare
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from daypass.policy import operands
from daypass.policy.patterns import ARN_PARTS, arn_parts, atoms, context_matcher, fill, is_static, static_matcher
from daypass.policy.variables import filled, pieces

if TYPE_CHECKING:
    from collections.abc import Callable

    from daypass.policy.document import Condition
    from daypass.policy.variables import Context

    Test = Callable[[Context], bool | None]
    ValueTest = Callable[[str, Context], bool | None]
    MakesTest = Callable[[str, bool], ValueTest]

FOR_ALL, FOR_ANY = "ForAllValues", "ForAnyValue"
IF_EXISTS = "IfExists"


@dataclass(frozen=True, slots=True)
class Operator:
    """An operator's name taken apart: ``ForAnyValue:StringLikeIfExists``."""

    base: str
    qualifier: str | None
    if_exists: bool

    @property
    def negated(self) -> bool:
        """Whether it is true when the key equals none of the values."""
        return self.base in NEGATED


def operator_named(written: str) -> Operator | None:
    """The operator a Condition block names, or None. Names are case-sensitive, and ``Null`` takes no ``IfExists``."""
    qualifier, colon, rest = written.rpartition(":")
    if colon and qualifier not in (FOR_ALL, FOR_ANY):
        return None
    base = rest.removesuffix(IF_EXISTS)
    if base != "Null" and base not in _TESTS:
        return None
    if base == "Null" and base != rest:
        return None
    return Operator(base, qualifier or None, base != rest)


def compile_condition(condition: Condition, *, variables: bool) -> Test:
    """The test for one key under one operator. Only Version 2012-10-17 has ``variables``."""
    operator = operator_named(condition.operator)
    if operator is None:  # the grammars refuse it, and documents only come from them
        raise ValueError(f"unknown operator {condition.operator}")
    key = condition.key.lower()
    if operator.base == "Null":
        return _null_test(operator, key, condition.values)
    variables = variables and any("${" in value for value in condition.values)
    if operator.base == "StringEquals" and operator.qualifier is None and not variables:
        return _plain_equality(key, frozenset(condition.values), if_exists=operator.if_exists)
    make = _TESTS[operator.base]
    tests = tuple(make(value, variables) for value in condition.values)
    one = _none_fits(tests) if operator.negated else _some_fits(tests)
    return _set_test(key, operator, one) if operator.qualifier else _single_test(key, operator, one)


def _plain_equality(key: str, wanted: frozenset[str], *, if_exists: bool) -> Test:
    """The commonest test, made cheap."""

    def test(context: Context) -> bool | None:
        actual = context.get(key)
        if actual.__class__ is str:
            return actual in wanted
        if not actual:
            return if_exists
        return None if if_exists or not wanted.isdisjoint(actual) else False

    return test


def _null_test(operator: Operator, key: str, wanted: tuple[str, ...]) -> Test:
    if operator.qualifier is not None:  # a constant, says Access Analyzer's check NULL_WITH_QUALIFIER
        constant = operator.qualifier == FOR_ALL
        return lambda _context: constant
    truths = {operands.truth(value) for value in wanted}

    def test(context: Context) -> bool | None:
        absent = context.get(key, ()) == ()
        if absent in truths:
            return True
        return None if None in truths else False

    return test


def _some_fits(tests: tuple[ValueTest, ...]) -> ValueTest:
    """A positive operator, one value of the request: some policy value fits."""

    def one(actual: str, context: Context) -> bool | None:
        answer: bool | None = False
        for test in tests:
            told = test(actual, context)
            if told:
                return True
            if told is None:
                answer = None
        return answer

    return one


def _none_fits(tests: tuple[ValueTest, ...]) -> ValueTest:
    """A negated operator, one value of the request: no policy value fits."""
    some = _some_fits(tests)

    def one(actual: str, context: Context) -> bool | None:
        told = some(actual, context)
        return None if told is None else not told

    return one


def _single_test(key: str, operator: Operator, one: ValueTest) -> Test:
    """Without a set operator: one value, or none. AWS leaves it undefined for many; where one of them fits, it cannot be told."""
    when_absent = operator.negated or operator.if_exists

    def test(context: Context) -> bool | None:
        actual = context.get(key)
        if isinstance(actual, str):
            return one(actual, context)
        if not actual:
            return when_absent
        return None if when_absent or any(one(value, context) is not False for value in actual) else False

    return test


def _set_test(key: str, operator: Operator, one: ValueTest) -> Test:
    """``ForAllValues`` holds for no values at all, ``ForAnyValue`` does not; a lone empty string is no value for the first."""
    every = operator.qualifier == FOR_ALL
    when_empty = every or operator.if_exists
    decisive = not every

    def test(context: Context) -> bool | None:
        actual = context.get(key, ())
        values = (actual,) if isinstance(actual, str) else actual
        if not values or (every and not any(values)):
            return when_empty
        answer: bool | None = every
        for value in values:
            told = one(value, context)
            if told is decisive:
                return decisive
            if told is None:
                answer = None
        return answer

    return test


def _equal(fold: Callable[[str], str], *, unresolved: bool | None) -> MakesTest:
    """Equal after ``fold``. Wildcards are plain characters here."""

    def make(wanted: str, variables: bool) -> ValueTest:
        if not variables:
            folded = fold(wanted)
            return lambda actual, _context: fold(actual) == folded
        parts = pieces(wanted)

        def test(actual: str, context: Context) -> bool | None:
            text = filled(parts, context)
            return unresolved if text is None else fold(actual) == fold(text)

        return test

    return make


def _like(*, unresolved: bool | None) -> MakesTest:
    def make(wanted: str, variables: bool) -> ValueTest:
        pattern = atoms(wanted, variables=variables)
        if is_static(pattern):
            matches = static_matcher(pattern)
            return lambda actual, _context: matches(actual)
        matches_in = context_matcher(pattern)

        def test(actual: str, context: Context) -> bool | None:
            told = matches_in(actual, context)
            return unresolved if told is None else told

        return test

    return make


def _arn(*, unresolved: bool | None) -> MakesTest:
    """Six parts, one by one. What has fewer parts is no ARN, on either side. A value's colons part like written ones."""

    def make(wanted: str, variables: bool) -> ValueTest:
        pattern = atoms(wanted, variables=variables)
        parts = arn_parts(pattern)
        settled = len(parts) == ARN_PARTS and all(map(is_static, parts[:-1]))
        if is_static(pattern) and not settled:
            return lambda _actual, _context: False
        matchers = tuple(context_matcher(part) for part in parts)

        def settled_test(actual: str, context: Context) -> bool | None:
            actual_parts = _parts_of_arn(actual)
            if actual_parts is None:
                return False
            told = [matches(part, context) for matches, part in zip(matchers, actual_parts, strict=True)]
            return unresolved if None in told else False not in told

        def test(actual: str, context: Context) -> bool | None:
            actual_parts = _parts_of_arn(actual)
            if actual_parts is None:
                return False
            known = fill(pattern, context)
            if known is None:
                return unresolved
            wanted_parts = arn_parts(known)
            return len(wanted_parts) == ARN_PARTS and all(
                static_matcher(part)(text) for part, text in zip(wanted_parts, actual_parts, strict=True)
            )

        return settled_test if settled else test

    return make


def _parts_of_arn(actual: str) -> list[str] | None:
    parts = actual.split(":", ARN_PARTS - 1)
    return parts if len(parts) == ARN_PARTS and parts[0] == "arn" else None


def _typed(read: Callable[[str], Any], holds: Callable[[Any, Any], bool]) -> MakesTest:
    """An operator that reads both sides as values of its type. They hold no variables."""

    def make(wanted: str, _variables: bool) -> ValueTest:
        right = read(wanted)

        def test(actual: str, _context: Context) -> bool | None:
            left = read(actual)
            return None if left is None or right is None else holds(left, right)

        return test

    return make


def _bool(wanted: str, variables: bool) -> ValueTest:
    """``true`` and ``false`` in any case. What is neither never matches."""
    if not variables:
        right = operands.truth(wanted)
        return lambda actual, _context: right is not None and operands.truth(actual) is right
    parts = pieces(wanted)

    def test(actual: str, context: Context) -> bool | None:
        left = operands.truth(actual)
        return left is not None and left is operands.truth(filled(parts, context) or "")

    return test


def _in_network(wanted: str, _variables: bool) -> ValueTest:
    """A range of one IP version never holds an address of the other."""
    network = operands.network(wanted)

    def test(actual: str, _context: Context) -> bool | None:
        address = operands.address(actual)
        if address is None or network is None:
            return None
        version, first, mask = network
        return address[0] == version and address[1] & mask == first

    return test


def _as_is(text: str) -> str:
    return text


_TESTS: dict[str, MakesTest] = {
    "StringEquals": _equal(_as_is, unresolved=False),
    "StringNotEquals": _equal(_as_is, unresolved=None),
    "StringEqualsIgnoreCase": _equal(str.lower, unresolved=False),
    "StringNotEqualsIgnoreCase": _equal(str.lower, unresolved=None),
    "StringLike": _like(unresolved=False),
    "StringNotLike": _like(unresolved=None),
    "NumericEquals": _typed(operands.number, compare.eq),
    "NumericNotEquals": _typed(operands.number, compare.eq),
    "NumericLessThan": _typed(operands.number, compare.lt),
    "NumericLessThanEquals": _typed(operands.number, compare.le),
    "NumericGreaterThan": _typed(operands.number, compare.gt),
    "NumericGreaterThanEquals": _typed(operands.number, compare.ge),
    "DateEquals": _typed(operands.instant, compare.eq),
    "DateNotEquals": _typed(operands.instant, compare.eq),
    "DateLessThan": _typed(operands.instant, compare.lt),
    "DateLessThanEquals": _typed(operands.instant, compare.le),
    "DateGreaterThan": _typed(operands.instant, compare.gt),
    "DateGreaterThanEquals": _typed(operands.instant, compare.ge),
    "Bool": _bool,
    "BinaryEquals": _typed(operands.binary, compare.eq),
    "IpAddress": _in_network,
    "NotIpAddress": _in_network,
    "ArnEquals": _arn(unresolved=False),
    "ArnLike": _arn(unresolved=False),
    "ArnNotEquals": _arn(unresolved=None),
    "ArnNotLike": _arn(unresolved=None),
}
"""Per operator, the test that its *positive* form makes of one policy value. ``Null`` looks at the key alone."""

NEGATED = frozenset(
    {
        "StringNotEquals",
        "StringNotEqualsIgnoreCase",
        "StringNotLike",
        "NumericNotEquals",
        "DateNotEquals",
        "NotIpAddress",
        "ArnNotEquals",
        "ArnNotLike",
    }
)
DATE_OPERATORS = frozenset(name for name in _TESTS if name.startswith("Date"))
