"""The truth tables of conditions, in both engines (IAM User Guide, "Condition operators", "Set operators").

``None`` is *it cannot be told*: no match for an Allow, a match for a Deny.
"""

from __future__ import annotations

from typing import Any

import pytest

from daypass.policy.conditions import NEGATED, compile_condition, operator_named
from daypass.policy.document import Condition
from daypass.policy.obvious_conditions import Answer, holds

ABSENT: tuple[str, ...] = ()
OBVIOUS = {Answer.YES: True, Answer.NO: False, Answer.CANNOT_BE_TOLD: None}


def told(operator: str, wanted: list[str], actual: Any, *, variables: bool = True, **more: Any) -> bool | None:
    """What both engines make of one key. They must agree."""
    condition = Condition(operator, "Aws:Key", tuple(wanted))
    context = dict(more) if actual is ABSENT else {"aws:key": actual, **more}
    compiled = compile_condition(condition, variables=variables)(context)
    assert compiled is OBVIOUS[holds(condition, context, variables=variables)]
    return compiled


FITS: list[tuple[str, str, str, bool | None]] = [
    ("StringEquals", "a", "a", True),
    ("StringEquals", "a", "A", False),
    ("StringEquals", "a*", "ab", False),
    ("StringEquals", "${*}", "*", True),
    ("StringEqualsIgnoreCase", "aB", "Ab", True),
    ("StringEqualsIgnoreCase", "a", "b", False),
    ("StringLike", "a*c", "a/:\nc", True),
    ("StringLike", "a?c", "ac", False),
    ("StringLike", "*", "", True),
    ("StringLike", "${*}", "x", False),
    ("NumericEquals", "10", "10.0", True),
    ("NumericEquals", "10", "11", False),
    ("NumericEquals", "10", "ten", None),
    ("NumericEquals", "ten", "10", None),
    ("NumericEquals", "${aws:key}", "10", None),
    ("NumericLessThan", "10", "9.99", True),
    ("NumericLessThan", "10", "10", False),
    ("NumericLessThanEquals", "10", "10", True),
    ("NumericLessThanEquals", "10", "10.1", False),
    ("NumericGreaterThan", "10", "10", False),
    ("NumericGreaterThan", "10", "11", True),
    ("NumericGreaterThanEquals", "10", "10", True),
    ("NumericGreaterThanEquals", "10", "9", False),
    ("NumericGreaterThan", "9", "10", True),
    ("DateEquals", "2026-11-24", "2026-11-24T00:00:00Z", True),
    ("DateEquals", "2026-11-24", "1795478400", True),
    ("DateLessThan", "2026-11-24T10:00:00Z", "2026-11-24T09:59:59Z", True),
    ("DateLessThan", "2026-11-24T10:00:00Z", "2026-11-24T10:00:00Z", False),
    ("DateLessThanEquals", "2026-11-24", "2026-11-24", True),
    ("DateGreaterThan", "2026-11-24", "2026-11-25", True),
    ("DateGreaterThanEquals", "2026-11-24", "2026-11-23", False),
    ("DateGreaterThan", "2026-11-24", "yesterday", None),
    ("Bool", "true", "TRUE", True),
    ("Bool", "true", "false", False),
    ("Bool", "yes", "yes", False),
    ("Bool", "false", "no", False),
    ("Bool", "${aws:key}", "true", True),
    ("BinaryEquals", "QmFzZQ==", "QmFzZQ==", True),
    ("BinaryEquals", "QmFzZQ==", "QmFzZg==", False),
    ("BinaryEquals", "QmFzZQ==", "Base64?", None),
    ("IpAddress", "203.0.113.0/24", "203.0.113.9", True),
    ("IpAddress", "203.0.113.0/24", "2001:db8::1", False),
    ("IpAddress", "0.0.0.0/0", "2001:db8::1", False),
    ("IpAddress", "203.0.113.0/24", "nowhere", None),
    ("IpAddress", "somewhere", "203.0.113.9", None),
    ("ArnLike", "arn:aws:iam::*:role/app", "arn:aws:iam::1:role/app", True),
    ("ArnEquals", "arn:aws:iam::1:role/a*", "arn:aws:iam::1:role/app", True),
    ("ArnEquals", "arn:aws:iam::1:role/app", "arn:aws:iam::1:role/App", False),
    ("ArnLike", "arn:aws:s3:*", "arn:aws:s3:::b", False),
    ("ArnLike", "*", "arn:aws:s3:::b", False),
    ("ArnLike", "arn:aws:s3:::b", "b", False),
    ("ArnLike", "*:aws:s3:::b", "x:aws:s3:::b", False),
    ("ArnLike", "arn:aws:x:*:111122223333:finance/*", "arn:aws:x:us-east-2:999999999999:store/abc:111122223333:finance/doc", False),
    ("StringLike", "arn:aws:x:*:111122223333:finance/*", "arn:aws:x:us-east-2:999999999999:store/abc:111122223333:finance/doc", True),
]  # fmt: skip


@pytest.mark.parametrize(("operator", "wanted", "actual", "fits"), FITS)
def test_one_value_is_compared_with_one_value(operator: str, wanted: str, actual: str, fits: bool | None) -> None:
    assert told(operator, [wanted], actual) is fits


@pytest.mark.parametrize(("operator", "wanted", "actual", "fits"), FITS)
def test_a_negated_operator_says_the_opposite_but_cannot_tell_more(
    operator: str, wanted: str, actual: str, fits: bool | None
) -> None:
    negated = (
        "NotIpAddress"
        if operator == "IpAddress"
        else operator.replace("Equals", "NotEquals").replace("Like", "NotLike")
    )
    if negated in NEGATED:
        assert told(negated, [wanted], actual) is (None if fits is None else not fits)


@pytest.mark.parametrize(
    ("operator", "absent", "empty_list_of_values"),
    [
        ("StringEquals", False, False),
        ("StringEqualsIgnoreCase", False, False),
        ("StringLike", False, False),
        ("NumericEquals", False, False),
        ("NumericLessThan", False, False),
        ("DateGreaterThan", False, False),
        ("Bool", False, False),
        ("BinaryEquals", False, False),
        ("IpAddress", False, False),
        ("ArnLike", False, False),
        ("StringNotEquals", True, True),
        ("StringNotEqualsIgnoreCase", True, True),
        ("StringNotLike", True, True),
        ("NumericNotEquals", True, True),
        ("DateNotEquals", True, True),
        ("NotIpAddress", True, True),
        ("ArnNotEquals", True, True),
        ("ArnNotLike", True, True),
    ],
)
def test_a_missing_key_and_a_list_without_values_have_fixed_answers(
    operator: str, absent: bool, empty_list_of_values: bool
) -> None:
    assert told(operator, ["1"], ABSENT) is absent
    assert told(operator, [], "1") is empty_list_of_values
    assert told(operator + "IfExists", ["1"], ABSENT) is True
    assert told(operator + "IfExists", [], "1") is empty_list_of_values
    assert told("ForAllValues:" + operator, ["1"], ABSENT) is True
    assert told("ForAnyValue:" + operator, ["1"], ABSENT) is False
    assert told(f"ForAnyValue:{operator}IfExists", ["1"], ABSENT) is True
    assert told("ForAllValues:" + operator, [], ("1",)) is empty_list_of_values
    assert told("ForAnyValue:" + operator, [], ("1",)) is empty_list_of_values


@pytest.mark.parametrize(
    ("operator", "wanted", "actual", "fits"),
    [
        ("StringEquals", ["a", "b"], "b", True),
        ("StringNotEquals", ["a", "b"], "b", False),
        ("StringNotEquals", ["a", "b"], "c", True),
        ("StringNotLike", ["a*", "b*"], "bx", False),
        ("NumericEquals", ["ten", "10"], "10", True),
        ("NumericNotEquals", ["ten", "10"], "11", None),
        ("NumericNotEquals", ["ten", "10"], "10", False),
        ("ForAllValues:StringEquals", ["a", "b"], ("a",), True),
        ("ForAllValues:StringEquals", ["a", "b"], ("a", "c"), False),
        ("ForAllValues:StringEquals", ["a", "b"], "a", True),
        ("ForAllValues:StringEquals", ["a"], "", True),
        ("ForAllValues:StringEquals", ["a"], ("",), True),
        ("ForAllValues:StringEquals", ["a"], ("", "a"), False),
        ("ForAllValues:StringNotEquals", ["a"], ("a", "b"), False),
        ("ForAllValues:StringNotEquals", ["a"], ("b", "c"), True),
        ("ForAnyValue:StringEquals", ["a", "b"], ("c", "a"), True),
        ("ForAnyValue:StringEquals", ["a", "b"], ("c",), False),
        ("ForAnyValue:StringEquals", [""], "", True),
        ("ForAnyValue:StringNotEquals", ["a"], ("a", "b"), True),
        ("ForAnyValue:StringNotEquals", ["a"], ("a",), False),
        ("ForAllValues:NumericLessThan", ["10"], ("1", "x"), None),
        ("ForAllValues:NumericLessThan", ["10"], ("11", "x"), False),
        ("ForAnyValue:NumericLessThan", ["10"], ("11", "x"), None),
        ("ForAnyValue:NumericLessThan", ["10"], ("1", "x"), True),
    ],
)
def test_values_come_together_as_the_tables_say(
    operator: str, wanted: list[str], actual: str | tuple[str, ...], fits: bool | None
) -> None:
    assert told(operator, wanted, actual) is fits


@pytest.mark.parametrize(
    ("operator", "wanted", "fits"),
    [
        ("StringEquals", "a", None),
        ("StringEquals", "c", False),
        ("StringEquals", "${aws:key}", False),
        ("StringLike", "a*", None),
        ("StringLike", "c*", False),
        ("NumericEquals", "a", None),
        ("StringEqualsIfExists", "c", None),
        ("StringNotEquals", "a", None),
        ("StringNotEquals", "c", None),
        ("StringNotLikeIfExists", "c", None),
    ],
)
def test_many_values_without_a_set_operator_never_help(operator: str, wanted: str, fits: bool | None) -> None:
    """None, *it cannot be told*, fails an Allow and lets a Deny hold."""
    assert told(operator, [wanted], ("b", "a")) is fits
    assert told(operator, [wanted], ("a",)) is fits


@pytest.mark.parametrize(
    ("wanted", "absent", "present"),
    [
        (["true"], True, False),
        (["false"], False, True),
        (["TRUE"], True, False),
        (["true", "false"], True, True),
        ([], False, False),
        (["maybe"], None, None),
        (["maybe", "true"], True, None),
    ],
)
def test_null_asks_whether_the_key_is_there(wanted: list[str], absent: bool | None, present: bool | None) -> None:
    assert told("Null", wanted, ABSENT) is absent
    for value in ("", "x", ("x",)):
        assert told("Null", wanted, value) is present
    assert told("ForAllValues:Null", wanted, "x") is True
    assert told("ForAnyValue:Null", wanted, ABSENT) is False


@pytest.mark.parametrize(
    ("operator", "fits"),
    [
        ("StringEquals", False),
        ("StringEqualsIgnoreCase", False),
        ("StringLike", False),
        ("ArnLike", False),
        ("Bool", False),
        ("StringNotEquals", None),
        ("StringNotEqualsIgnoreCase", None),
        ("StringNotLike", None),
        ("ArnNotLike", None),
    ],
)
def test_a_variable_that_nothing_fills_in_matches_nothing_and_helps_nobody(operator: str, fits: bool | None) -> None:
    wanted = "arn:aws:s3:::${aws:Other}"
    assert told(operator, [wanted], "arn:aws:s3:::b") is fits
    assert told(operator, [wanted], "arn:aws:s3:::b", **{"aws:other": ("b",)}) is fits


def test_variables_are_filled_in_for_texts_and_arns() -> None:
    other = {"aws:other": "B"}
    assert told("StringEquals", ["a${aws:Other}"], "aB", **other) is True
    assert told("StringEqualsIgnoreCase", ["a${aws:Other}"], "Ab", **other) is True
    assert told("StringLike", ["a${aws:Other}*"], "aBc", **other) is True
    assert told("StringLike", ["a${aws:Other}"], "aXY", **{"aws:other": "*"}) is False
    assert told("ArnLike", ["arn:aws:iam::${aws:Other}:role/x"], "arn:aws:iam::B:role/x", **other) is True
    assert told("ArnLike", ["arn:aws:iam::${aws:Other}"], "arn:aws:iam::1:role/x", **{"aws:other": "1:role/x"}) is True
    assert told("StringNotEquals", ["a${aws:Other}"], "aB", **other) is False


ROLE = "arn:aws:iam::1:role/x"


@pytest.mark.parametrize(
    ("wanted", "value", "fits"),
    [
        ("${aws:Other}", ROLE, True),
        ("${aws:Other}", "arn:aws:iam::1:role/y", False),
        ("${aws:Other}", "arn:aws:iam::1:role/*", False),
        ("${aws:Other}", "arn:aws:iam::1:role/?", False),
        ("${aws:Other}", "arn:aws:iam", False),
        ("${aws:Other}/x", "arn:aws:iam::1:role", True),
        ("${aws:Other}*", "arn:aws:iam::1:role/", True),
        ("${aws:Other}*", "arn:aws:iam::", False),
        ("arn:${aws:Other}:role/x", "aws:iam::1", True),
        ("arn:aws:iam::${aws:Other}:role/x", "*", False),
        ("arn:aws:iam:${aws:Other}", ":*:role/x", False),
        ("${aws:None, 'arn:aws:iam::1:role/x'}", "", True),
        ("${aws:None, 'arn:aws:iam::1:role/*'}", "", False),
    ],
)
@pytest.mark.parametrize("equals", ["Equals", "Like"])
def test_the_colons_of_a_value_part_an_arn_and_its_stars_are_plain(
    equals: str, wanted: str, value: str, fits: bool
) -> None:
    assert told(f"Arn{equals}", [wanted], ROLE, **{"aws:other": value}) is fits
    assert told(f"ArnNot{equals}", [wanted], ROLE, **{"aws:other": value}) is not fits


@pytest.mark.parametrize("operator", ["ArnNotEquals", "ArnNotLike", "ArnNotEqualsIfExists", "ForAllValues:ArnNotLike"])
@pytest.mark.parametrize("wanted", ["${aws:Other}", "arn:${aws:Other}", "${aws:Other}:x"])
def test_an_arn_that_nothing_fills_in_leaves_a_negated_operator_open(operator: str, wanted: str) -> None:
    assert told(operator, [wanted], ROLE) is None
    assert told(operator.replace("Not", ""), [wanted], ROLE) is False


def test_the_old_version_takes_variables_as_text() -> None:
    assert told("StringEquals", ["${aws:Other}"], "${aws:Other}", variables=False, **{"aws:other": "b"}) is True
    assert told("StringLike", ["${aws:Other*"], "${aws:Other}", variables=False) is True
    assert told("Bool", ["${aws:Other}"], "true", variables=False, **{"aws:other": "true"}) is False


@pytest.mark.parametrize("name", [
    "", "stringequals", "StringMatches", "StringEqualsIfExistsIfExists", "NullIfExists", "ForAllValues:NullIfExists", "ForSomeValues:Bool",
    "ForAnyValue::Bool", ":Bool", "Bool:ForAnyValue", "IfExists", "BinaryNotEquals", "forallvalues:StringEquals",
])  # fmt: skip
def test_what_is_no_operator_is_not_taken_for_one(name: str) -> None:
    assert operator_named(name) is None
    with pytest.raises(ValueError, match="unknown operator"):
        compile_condition(Condition(name, "k", ("v",)), variables=True)


def test_the_obvious_engine_knows_no_other_operators_either() -> None:
    with pytest.raises(ValueError, match="unknown operator"):
        holds(Condition("StringMatches", "k", ("v",)), {"k": "v"}, variables=True)


def test_keys_ignore_case_beyond_ascii_too() -> None:
    """Tag keys are part of condition keys, and may be in any script."""
    for key, other in (
        ("aws:RequestTag/HÖHE", "aws:requesttag/höhe"),
        ("aws:RequestTag/ΣΑΣ", "aws:requesttag/σας"),
    ):
        condition = Condition("StringEquals", key, ("a",))
        assert compile_condition(condition, variables=True)({other.lower(): "a"}) is True
        assert holds(condition, {other.lower(): "a"}, variables=True) is Answer.YES
