"""Wildcards, variables and resources."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from daypass.policy import Grammar, parse
from daypass.policy.obvious_conditions import glob, wildcards
from daypass.policy.patterns import Wild, arn_parts, atoms, context_matcher, fill, is_static, static_matcher
from daypass.policy.resources import compile_resources
from daypass.policy.variables import Quoted, Variable, filled, pieces


@pytest.mark.parametrize(
    ("pattern", "text", "fits"),
    [
        ("", "", True),
        ("", "a", False),
        ("a", "a", True),
        ("a", "A", False),
        ("*", "", True),
        ("*", "a/b:c\nd", True),
        ("a*", "a", True),
        ("a*", "ba", False),
        ("*a", "ba", True),
        ("*a", "ab", False),
        ("*a*", "bab", True),
        ("*a*", "bbb", False),
        ("a*c", "abc", True),
        ("a*a", "a", False),
        ("a**c", "ac", True),
        ("a*b*c", "a-b-b-c", True),
        ("a*b*c", "acb", False),
        ("*ab*ab", "ab", False),
        ("?", "", False),
        ("?", "x", True),
        ("?", "xy", False),
        ("a?c", "abc", True),
        ("a?c", "ac", False),
        ("*?", "", False),
        ("??*", "ab", True),
        ("*a?c*", "xxabxabcx", True),
        ("*??*", "a", False),
        ("*?a*", "ba", True),
        ("*a?", "aab", True),
        ("a.c", "abc", False),
        ("[ab]", "a", False),
    ],
)
def test_a_pattern_fits_whole_texts(pattern: str, text: str, fits: bool) -> None:
    assert static_matcher(atoms(pattern, variables=False))(text) is fits


@pytest.mark.parametrize("pattern", ["*a" * 50 + "b", "*a?" * 50 + "b", "*?" * 100 + "b", "*" * 1000 + "b"])
def test_matching_stays_linear_where_naive_matchers_blow_up(pattern: str) -> None:
    matches = static_matcher(atoms(pattern, variables=False))
    text = "a" * 100_000
    start = time.process_time()
    assert matches(text) is False
    assert time.process_time() - start < 0.2


def test_a_text_is_cut_at_its_variables() -> None:
    assert pieces("a/${aws:UserName}/${*}b") == (
        "a/",
        Variable("aws:UserName", "aws:username", None),
        "/",
        Quoted("*"),
        "b",
    )


@pytest.mark.parametrize(
    ("text", "default"),
    [
        ("${k, 'd'}", "d"),
        ("${k,'d'}", "d"),
        ("${k,    'd e'}", "d e"),
        ("${k, ''}", ""),
        ("${k, 'a}b'}", "a}b"),
        ("${k, 'a,b'}", "a,b"),
    ],
)
def test_a_default_stands_between_single_quotes(text: str, default: str) -> None:
    assert pieces(text) == (Variable("k", "k", default),)


@pytest.mark.parametrize("text", ["${", "a${b", "${k, 'd'", "$ {k}", "{k}"])
def test_what_never_closes_is_text(text: str) -> None:
    assert pieces(text) == (text,)


@pytest.mark.parametrize("text", ["${}", "${ k }", "${k, d}", "${k, 'd}", '${k, "d"}'])
def test_a_variable_that_is_written_wrong_is_never_filled_in(text: str) -> None:
    assert filled(pieces(text), {"k": "x"}) is None


@pytest.mark.parametrize(
    ("text", "context", "becomes"),
    [
        ("a${k}b", {"k": "*"}, "a*b"),
        ("a${K}b", {"k": "x"}, "axb"),
        ("${k}", {}, None),
        ("${k}", {"k": ("x",)}, None),
        ("${k, 'd'}", {}, "d"),
        ("${k, 'd'}", {"k": ""}, ""),
        ("${k, 'd'}", {"k": ("x",)}, None),
        ("${*}${?}${$}", {}, "*?$"),
    ],
)
def test_variables_are_filled_in_from_single_valued_keys(text: str, context: Any, becomes: str | None) -> None:
    assert filled(pieces(text), context) == becomes


def test_what_is_filled_in_is_never_a_wildcard() -> None:
    matches = context_matcher(atoms("b/${k}/*", variables=True))
    assert matches("b/*/x", {"k": "*"}) is True
    assert matches("b/q/x", {"k": "*"}) is False
    assert matches("b/q/x", {}) is None


def test_patterns_without_variables_are_the_same_for_every_request() -> None:
    assert is_static(atoms("a${k}*", variables=False))
    assert not is_static(atoms("a${k}*", variables=True))
    assert atoms("a${*}**", variables=True) == ("a*", Wild.RUN)
    assert fill(atoms("a${k}*", variables=True), {"k": "b"}) == ("ab", Wild.RUN)


def test_an_arn_is_cut_at_written_colons_only() -> None:
    parts = arn_parts(atoms("arn:aws:iam::${aws:PrincipalAccount}:role/a:b*", variables=True))
    assert len(parts) == 6
    assert parts[3] == ()
    assert parts[4] == (Variable("aws:PrincipalAccount", "aws:principalaccount", None),)
    assert parts[5] == ("role/a:b", Wild.RUN)


def resource_test(pattern: str | list[str], *, grammar: Grammar = Grammar.IDENTITY, element: str = "Resource") -> Any:
    statement = {"Effect": "Allow", "Action": "*", element: pattern}
    if grammar is not Grammar.IDENTITY:
        statement["Principal"] = "*"
    policy = parse(json.dumps({"Version": "2012-10-17", "Statement": statement}), grammar)
    return compile_resources(policy.statements[0], policy) or (lambda _resource, _context: True)


@pytest.mark.parametrize(
    ("pattern", "resource", "fits"),
    [
        ("arn:aws:s3:::b/*", "arn:aws:s3:::b/a/b/c", True),
        ("arn:aws:s3:::b/*", "arn:aws:s3:::b/a//b", True),
        ("arn:aws:s3:::b/*", "arn:aws:s3:::b", False),
        ("arn:aws:s3:::b*", "arn:aws:s3:::b2/k", True),
        ("arn:aws:s3:::b/a:*", "arn:aws:s3:::b/a:b", True),
        ("arn:aws:iam::*:role/x", "arn:aws:iam::111122223333:role/x", True),
        ("arn:aws:iam::*:role/x", "arn:aws:iam::111122223333:path:role/x", False),
        ("arn:aws:sqs:*:1:q", "arn:aws:sqs:eu-west-1:1:q", True),
        ("arn:aws:sqs:*:q", "arn:aws:sqs:eu-west-1:1:q", False),
        ("arn:aws:sqs:eu-?est-1:1:q", "arn:aws:sqs:eu-west-1:1:q", True),
        ("arn:aws:iam::*", "arn:aws:iam::111122223333:user/x", True),
        ("arn:aws:fdsasf", "arn:aws:fdsasf:eu-west-1:1:q", True),
        ("arn:*:s3:::b", "arn:aws-cn:s3:::b", True),
        ("arn:aws:s3:::b", "arn:aws-cn:s3:::b", False),
        ("*", "*", True),
        ("arn:aws:iam::*", "*", False),
        ("arn:aws:iam::1:*", "*", False),
        ("arn:aws:s3:::${k, 'x'}", "*", False),
    ],
)
def test_resources_are_compared_part_by_part(pattern: str, resource: str, fits: bool) -> None:
    assert resource_test(pattern)(resource, {}) is fits
    assert resource_test([pattern, "arn:aws:nothing:::x"])(resource, {}) is fits


def test_a_short_arn_matches_nothing_in_a_resource_based_policy_unless_it_ends_in_a_star() -> None:
    arn = "arn:aws:s3:::b"
    assert resource_test("arn:aws:s3")(arn, {}) is True
    assert resource_test("arn:aws:s3", grammar=Grammar.ENDPOINT)(arn, {}) is False
    assert resource_test("arn:aws:s3*", grammar=Grammar.ENDPOINT)(arn, {}) is True


def test_what_an_unknown_variable_spares_in_not_resource_cannot_be_told() -> None:
    spares = resource_test(["arn:aws:s3:::b/${k}", "arn:aws:s3:::c"], element="NotResource")
    assert spares("arn:aws:s3:::c", {}) is False
    assert spares("arn:aws:s3:::d", {}) is None
    assert spares("arn:aws:s3:::d", {"k": "x"}) is True
    assert spares("*", {}) is True
    assert resource_test("*", element="NotResource")("*", {}) is False


def test_a_pattern_with_an_unknown_variable_matches_nothing() -> None:
    assert resource_test("arn:aws:s3:::b/${k}*")("arn:aws:s3:::b/x", {}) is False
    assert resource_test("arn:*:s3:::b/${k}*")("arn:aws:s3:::b/x", {}) is False


@pytest.mark.parametrize("pattern", ["*?" + "a" * 512 + "b", "*a?" * 300 + "b", "*" * 2_000 + "b", "?" * 1_000 + "*"])
def test_explaining_a_refusal_costs_little_whatever_the_pattern(pattern: str) -> None:
    start = time.process_time()
    assert glob(wildcards(pattern), "a" * 1_024) is pattern.startswith("??")
    assert time.process_time() - start < 0.05
