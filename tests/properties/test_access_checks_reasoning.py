"""Each kind of conclusion that the access checks draw, held by itself against what the policy engine does.

Patterns, conditions and principals are drawn from few values, so that conclusions are drawn often, and are tried on all
requests that those values can make. ``HYPOTHESIS_EXAMPLES`` sets how many examples each property gets (300 by default).
"""

from __future__ import annotations

import os
from collections import Counter
from itertools import product
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from policystrategies import CALLERS, NAMES, A, B

from daypass.analysis.access_checks_conditions import Clause, Knowledge, Known, Literal, told_false
from daypass.analysis.access_checks_patterns import Glob, arn_glob
from daypass.analysis.access_checks_principals import apart, callers_of, denied_within, granted_within
from daypass.policy import Condition, Effect, Grammar, Policy, parse
from daypass.policy.conditions import compile_condition
from daypass.policy.document import PrincipalElement
from daypass.policy.patterns import atoms, context_matcher, static_matcher
from daypass.policy.principals import Naming, compile_principal

EXAMPLES = int(os.environ.get("HYPOTHESIS_EXAMPLES", "300"))
many = settings(max_examples=EXAMPLES * 3, deadline=None, suppress_health_check=[HealthCheck.too_slow])

patterns = st.text("ab*?", max_size=5)
TEXTS = ["".join(text) for length in range(6) for text in product("abc", repeat=length)]


@many
@given(left=patterns, right=patterns)
def test_patterns_within_and_apart(left: str, right: str) -> None:
    mine, other = Glob.of(left), Glob.of(right)
    takes, others = (static_matcher(atoms(text, variables=False)) for text in (left, right))
    if mine.within(other):
        assert all(others(text) for text in TEXTS if takes(text))
    if not mine.overlaps(other):
        assert not any(takes(text) and others(text) for text in TEXTS)
    both = [text for text in TEXTS if takes(text) and others(text)]
    if both:
        assert mine.overlaps(other)


with_variables = st.lists(st.sampled_from(["a", "b", "*", "?", "${v}", "${w}", "${v, 'a'}", "${*}"]), max_size=3).map(
    "".join
)


@many
@given(left=with_variables, right=with_variables)
def test_patterns_with_variables(left: str, right: str) -> None:
    mine, other = Glob.of(left, variables=True), Glob.of(right, variables=True)
    takes, others = (context_matcher(atoms(text, variables=True)) for text in (left, right))
    for v, w in product((None, "", "a", "b*"), repeat=2):
        context: dict[str, Any] = {key: value for key, value in (("v", v), ("w", w)) if value is not None}
        for text in [*TEXTS[:40], "b*", "*", "b*a", "ab*"]:
            if takes(text, context):
                assert others(text, context) or not mine.within(other)
                assert not others(text, context) or mine.overlaps(other)


def test_arns_are_compared_part_by_part() -> None:
    def glob(text: str) -> Any:
        return arn_glob(text, variables=True, padded=True)

    assert glob("arn:aws:s3:::b/*").within(glob("arn:aws:s3"))
    assert not glob("arn:aws:s3*").within(glob("arn:aws:s3:::*"))
    assert not glob("*").within(glob("arn:*"))
    assert glob("arn:*").within(glob("*"))
    assert not glob("arn:aws:x:*:1:a").overlaps(glob("arn:aws:x:eu:2:a"))
    assert arn_glob("arn:aws:s3", variables=False, padded=False) is None
    assert glob("arn:aws:s3:::${v}") == glob("arn:aws:s3:::${v}")


POLICY = parse('{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"*","Resource":"*"}}', Grammar.IDENTITY)
FAMILIES: list[tuple[list[str], list[str], list[str]]] = [
    (
        ["StringEquals", "StringNotEquals", "StringLike", "StringNotLike"],
        ["a", "b", "a*", "*", "?", "", "${v}", "${v}*"],
        ["a", "b", "ab", "", "a*"],
    ),
    (["StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase", "StringEquals"], ["a", "A", "b", "${v}"], ["a", "A", "b", "c"]),
    (
        ["ArnLike", "ArnNotLike", "ArnEquals", "StringLike", "StringNotEquals", "StringEquals"],
        ["arn:a:b:c:d:e", "arn:a:b:c:d:*", "arn:*:b:c:d:e", "arn:a:*", "*", "${v}"],
        ["arn:a:b:c:d:e", "arn:a:b:c:d:f", "arn:x:b:c:d:e", "x", "*"],
    ),
    (
        ["NumericEquals", "NumericNotEquals", "NumericLessThan", "NumericLessThanEquals", "NumericGreaterThan", "NumericGreaterThanEquals"],
        ["1", "2", "2.0", "3", "x"],
        ["0", "1", "1.5", "2", "3", "4", "x"],
    ),
    (["DateEquals", "DateNotEquals", "DateLessThan", "DateGreaterThanEquals"], ["2026", "2027", "x"], ["2025", "2026", "2026-06-01", "2027", "x"]),
    (
        ["IpAddress", "NotIpAddress"],
        ["10.0.0.0/8", "10.1.0.0/16", "0.0.0.0/0", "::/0", "2001:db8::/32", "x"],
        ["10.1.2.3", "10.2.3.4", "11.0.0.1", "2001:db8::1", "::1", "x"],
    ),
    (["Bool"], ["true", "false", "True", "${v}", "x"], ["true", "false", "TRUE", "x"]),
    (["BinaryEquals"], ["QQ==", "Qg==", "!"], ["QQ==", "Qg==", "!"]),
]  # fmt: skip


@st.composite
def families(draw: st.DrawFn, clauses: int) -> tuple[list[Condition], list[dict[str, Any]]]:
    """Conditions on one key, of one family, and all contexts that they can tell apart."""
    bases, wanted, actual = draw(st.sampled_from(FAMILIES))
    made = []
    for _ in range(clauses):
        base = draw(st.sampled_from([*bases, *bases, "Null"]))
        prefix = draw(st.sampled_from(["", "", "", "ForAllValues:", "ForAnyValue:"]))
        suffix = "" if base == "Null" else draw(st.sampled_from(["", "", "IfExists"]))
        choices = ["true", "false"] if base == "Null" else wanted
        values = draw(st.lists(st.sampled_from(choices), max_size=2, min_size=base == "Null"))
        made.append(Condition(f"{prefix}{base}{suffix}", "k", tuple(values)))
    several = [(), *((value,) for value in actual), *product(actual[:3], repeat=2), ("", "")]
    present = [{}, *({"k": value} for value in [*actual, *several])]
    return made, [context | more for context in present for more in ({}, {"v": "a"}, {"v": "A*"})]


def engine_tests(made: list[Condition]) -> list[Any]:
    return [compile_condition(condition, variables=True) for condition in made]


def clauses_of(made: list[Condition], policy: Policy = POLICY) -> list[Clause]:
    return [Clause.of(condition, policy) for condition in made]


def test_conclusions_from_conditions_that_hold() -> None:
    drawn: Counter[str] = Counter()

    @many
    @given(drawn_family=families(3))
    def check(drawn_family: tuple[list[Condition], list[dict[str, Any]]]) -> None:
        made, contexts = drawn_family
        first, second, third = clauses_of(made)
        told = engine_tests(made)
        one = Knowledge([Literal(Known.TRUE, first)])
        two = Knowledge([Literal(Known.TRUE, first), Literal(Known.TRUE, third)])
        conclusions = {
            "true": (one.told_true(second), two.told_true(second)),
            "not false": (one.not_told_false(second), two.not_told_false(second)),
            "false": (one.told_false(second), two.told_false(second)),
            "impossible": (one.contradicts_itself, two.contradicts_itself),
        }
        drawn.update(name for name, (certain, _) in conclusions.items() if certain)
        for context in contexts:
            holds, other, also = (test(context) for test in told)
            if holds is not True:
                continue
            for index in range(1 + (also is True)):
                assert not conclusions["true"][index] or other is True, context
                assert not conclusions["not false"][index] or other is not False, context
                assert not conclusions["false"][index] or other is False, context
                assert not conclusions["impossible"][index], context

    check()
    assert all(drawn[name] > EXAMPLES / 30 for name in ("true", "not false", "false", "impossible")), drawn


def test_conclusions_from_conditions_that_a_deny_found_false_or_not() -> None:
    drawn: Counter[str] = Counter()

    @many
    @given(drawn_family=families(2))
    def check(drawn_family: tuple[list[Condition], list[dict[str, Any]]]) -> None:
        made, contexts = drawn_family
        first, second = clauses_of(made)
        told = engine_tests(made)
        for literals, fits in (
            (told_false(first), lambda value: value is False),
            ((Literal(Known.NOT_FALSE, first),), lambda value: value is not False),
        ):
            known = Knowledge(literals)
            true, not_false, false = known.told_true(second), known.not_told_false(second), known.told_false(second)
            drawn.update(name for name, sure in (("true", true), ("not false", not_false), ("false", false)) if sure)
            for context in contexts:
                held, other = told[0](context), told[1](context)
                if not fits(held):
                    continue
                assert not known.contradicts_itself, context
                assert not true or other is True, context
                assert not not_false or other is not False, context
                assert not false or other is False, context

    check()
    assert all(drawn[name] > EXAMPLES / 60 for name in ("true", "not false", "false")), drawn


elements = st.builds(
    PrincipalElement,
    st.lists(st.sampled_from([*NAMES, ("*", "*"), ("AWS", f"arn:aws:iam::{A}:root"), ("AWS", B)]), min_size=1, max_size=3).map(tuple),
    st.booleans(),
)  # fmt: skip


def test_conclusions_from_principals() -> None:
    drawn: Counter[str] = Counter()

    @many
    @given(left=elements, right=elements)
    def check(left: PrincipalElement, right: PrincipalElement) -> None:
        granting = compile_principal(right, Effect.ALLOW)
        denying = {effect: compile_principal(right, effect) for effect in (Effect.ALLOW, Effect.DENY)}
        for effect in (Effect.ALLOW, Effect.DENY):
            for mine in callers_of(left, effect):
                # one of the sets by itself: what it holds is what an element with that one name names
                alone = left if left.negated else PrincipalElement(_names_of(mine), negated=False)
                names = compile_principal(alone, effect)
                grants = effect is Effect.ALLOW and [granted_within(mine, o) for o in callers_of(right, Effect.ALLOW)]
                denies = [denied_within(mine, other) for other in callers_of(right, Effect.DENY)]
                separate = {e: all(apart(mine, other) for other in callers_of(right, e)) for e in denying}
                drawn.update(
                    ["granted"] * bool(grants and any(grants))
                    + ["denied"] * any(denies)
                    + ["apart"] * any(separate.values())
                )
                for caller, bounded in product(CALLERS, (False, True)):
                    naming = names(caller, bounded)
                    if naming is Naming.NONE:
                        continue
                    if grants and any(grants):
                        assert granting(caller, bounded) >= naming, (mine, caller)
                    if any(denies):
                        assert denying[Effect.DENY](caller, bounded) is not Naming.NONE, (mine, caller)
                    for other_effect, separated in separate.items():
                        assert not separated or denying[other_effect](caller, bounded) is Naming.NONE, (mine, caller)

    check()
    assert all(drawn[name] > EXAMPLES / 30 for name in ("granted", "denied", "apart")), drawn


def _names_of(callers: Any) -> tuple[tuple[str, str], ...]:
    return ((callers.kind, callers.value),) if hasattr(callers, "kind") else (("*", "*"),)
