"""Policies made to be expensive: each would take minutes or gigabytes if something grew with the square of the text."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from analysiskit import IDENTITY, RESOURCE, validate

from daypass.analysis.globs import coverer, intersect
from daypass.analysis.validate import MOST_PATTERNS, TooManyPatterns

if TYPE_CHECKING:
    from collections.abc import Callable

LONGEST = 131_072


def statement(**elements: Any) -> str:
    allowed = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"} | elements
    return json.dumps({"Version": "2012-10-17", "Statement": allowed})


def many(make: Callable[[int], str], length: int = LONGEST - 2_000) -> list[str]:
    """As many texts as fit into the longest policy."""
    found: list[str] = []
    size = 0
    while size < length:
        found.append(make(len(found)))
        size += len(found[-1]) + 4
    return found


HOSTILE = {
    "names of actions": statement(Action=many(lambda i: f"ec2:Describe{i}")),
    "names of services": statement(Action=many(lambda i: f"svc{i}:x")),
    "one action again and again": statement(Action=many(lambda _: "s3:GetObject")),
    "resources with stars": statement(Resource=many(lambda i: f"arn:aws:ec2:*:*:*{i}*")),
    "one resource of stars": statement(Resource="arn:aws:ec2:*:*:i" + "*a" * 60_000),
    "resources of stars": statement(Resource=many(lambda i: f"arn:aws:ec2:*:*:i{i}" + "*a" * 900)),
    "openings of variables": statement(Resource="arn:aws:s3:::" + "${" * 58_000),
    "variables": statement(Resource="arn:aws:s3:::" + "${}" * 40_000),
    "escapes before variables": statement(Resource="arn:aws:s3:::@").replace("@", "\\u0061${}" * 13_000),
    "statements": '{"Statement":[' + "{}," * 40_000 + "{}]}",
    "equal Sids": json.dumps({"Statement": [{"Sid": "a"}] * 7_000}),
    "keys and actions": statement(
        Action=["s3:GetObject", "s3:ListBucket", "s3:PutObject"] * 800,
        Condition={"StringEquals": {f"s3:ExistingObjectTag/{i}": "a" for i in range(1_800)}},
    ),
    "values": statement(Condition={"StringLike": {"aws:PrincipalTag/a": many(lambda i: f"{i}*")}}),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_an_expensive_policy_is_validated_all_the_same(name: str) -> None:
    text = HOSTILE[name]
    assert len(text) <= LONGEST
    findings = validate(text, IDENTITY)
    assert sum(len(finding.details) for finding in findings) < 100 * LONGEST
    assert sum(len(finding.locations) for finding in findings) < LONGEST


def test_actions_and_principals_do_not_multiply() -> None:
    elements = {"Effect": "Allow", "Action": ["sts:AssumeRoleWithSAML"] * 2_000}
    text = json.dumps({"Statement": elements | {"Principal": {"AWS": ["111122223333"] * 3_000}}})
    findings = validate(text, RESOURCE)
    assert sum(len(finding.locations) for finding in findings) < 50_000


def test_more_patterns_than_fit_into_a_policy_are_refused() -> None:
    patterns = [f"ec2:?*{i}?*" for i in range(MOST_PATTERNS)]
    validate(statement(Action=patterns))
    with pytest.raises(TooManyPatterns):
        validate(statement(Action=[*patterns, "ec2:*"]))


@pytest.mark.parametrize(
    ("left", "right", "meet"),
    [
        ("role/?*", "role/x", True),
        ("role/?*", "user/x", False),
        ("?*/?*", "bucket", False),
        ("?*/?*", "bucket*", True),
        ("?*", "", False),
        ("role/?*", "*", True),
        ("role/?*", "ro?e/*", True),
        ("a*b", "a?", True),
        ("a*b", "a", False),
        ("a*", "*b", True),
        ("accesspoint/?*", "acc*point/x", True),
        ("?*", "${aws:username}", True),
        ("a?c", "abd", False),
        ("*", "", True),
        ("", "*", True),
        ("x", "", False),
        ("a*a*a*b", "a" * 50, False),
    ],
)
def test_two_patterns_meet_where_one_text_fits_both(left: str, right: str, meet: bool) -> None:
    assert intersect(left, right) is meet


@pytest.mark.parametrize(
    ("pattern", "other", "covers"),
    [
        ("a*", "abc", True),
        ("a*", "ab*", True),
        ("a*", "*", False),
        ("a*c", "a*c", True),
        ("a?c", "abc", True),
        ("a?c", "a*c", False),
        ("a?", "a?", False),
        ("*", "a?b*", True),
        ("abc", "abc", True),
    ],
)
def test_a_pattern_covers_another_only_where_that_is_certain(pattern: str, other: str, covers: bool) -> None:
    assert coverer(pattern)(other) is covers
