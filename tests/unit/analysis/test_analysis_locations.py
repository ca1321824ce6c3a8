"""Paths and spans: AWS's own example, and texts that make counting hard."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from analysiskit import RESOURCE, policy_of, validate

from daypass.analysis.json_tree import JsonFault, Kind, read_tree
from daypass.analysis.places import Index, Key, Places, Position, Substring, Value

if TYPE_CHECKING:
    from daypass.analysis.findings import Finding

EXAMPLE = """{
    "Version": "2012-10-17",
    "Statement": [
        {
            "Sid": "",
            "Effect": "Allow",
            "Principal": {
                "Federated": "cognito-identity.amazonaws.com"
            },
            "Action": [
                "sts:AssumeRole",
                "sts:TagSession"
            ],
            "Condition": {
                "StringEquals": {
                    "cognito-identity.amazonaws.com:aud": "us-west-2_EXAMPLE"
                }
            }
        }
    ]
}
"""


def plain(finding: Finding) -> Any:
    return [
        (
            list(location.path),
            (location.start.line, location.start.column, location.start.offset),
            (location.end.line, location.end.column, location.end.offset),
        )
        for location in finding.locations
    ]


def test_the_example_of_the_aws_cli_has_its_three_findings_at_their_places() -> None:
    """AWS CLI Command Reference, validate-policy. The value of the last key is shorter there than in its own spans."""
    sid, mismatch, unsupported = validate(EXAMPLE, RESOURCE)
    statement = [Value("Statement"), Index(0)]
    assert (sid.code, plain(sid)) == ("EMPTY_SID_VALUE", [([*statement, Value("Sid")], (5, 19, 79), (5, 21, 81))])
    assert (mismatch.code, plain(mismatch)) == (
        "MISMATCHED_ACTION_FOR_PRINCIPAL",
        [
            ([*statement, Value("Action"), Index(0)], (11, 16, 258), (11, 32, 274)),
            ([*statement, Value("Principal"), Value("Federated")], (8, 29, 170), (8, 61, 202)),
        ],
    )
    assert mismatch.details == (
        "The sts:AssumeRole action is invalid with the following principal(s): cognito-identity.amazonaws.com. Use a SAML "
        "provider principal with the sts:AssumeRoleWithSAML action or use an OIDC provider principal with the "
        "sts:AssumeRoleWithWebIdentity action. Ensure the provider is Federated if you use either of the two options."
    )
    key = "cognito-identity.amazonaws.com:aud"
    assert (unsupported.code, plain(unsupported)) == (
        "UNSUPPORTED_ACTION_FOR_CONDITION_KEY",
        [
            ([*statement, Value("Action"), Index(1)], (12, 16, 292), (12, 32, 308)),
            ([*statement, Value("Condition"), Value("StringEquals"), Value(key)], (16, 58, 443), (16, 77, 462)),
        ],
    )
    assert unsupported.details == (
        "The following actions: sts:TagSession are not supported by the condition key cognito-identity.amazonaws.com:aud. "
        "The condition will not be evaluated for these actions. We recommend that you move these actions to a different "
        "statement without this condition key."
    )


def test_a_part_of_a_text_is_given_by_its_place_in_the_value_and_in_the_document() -> None:
    text = policy_of({"Resource": 'arn:aws:s3:::\\b"é😀/${aws:username'}).replace("\\u00e9", "é")
    (found,) = [each for each in validate(text) if each.code == "MISSING_BRACE_IN_VARIABLE"]
    (location,) = found.locations
    assert location.path[-2:] == (Value("Resource"), Substring(19, 14))
    assert text[location.start.offset : location.end.offset] == "${aws:username"


def test_a_name_is_given_as_a_key() -> None:
    (found,) = [each for each in validate(policy_of({"Actions": []})) if each.code == "INVALID_POLICY_ELEMENT"]
    assert found.locations[0].path == (Value("Statement"), Key("Actions"))


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_lines_and_columns_count_characters_of_any_width(newline: str) -> None:
    text = f'{{"Version": "2012-10-17",{newline}"Id": "😀é",{newline}\t"Statement": 1}}'
    (found,) = validate(text)
    start, end = found.locations[0].start, found.locations[0].end
    assert (start.line, start.column, end.column) == (3, 14, 15)
    assert text[start.offset : end.offset] == "1"


def test_positions_count_lines_from_one_and_the_rest_from_zero() -> None:
    places = Places("ab\nc\n")
    assert [places.position(offset) for offset in range(6)] == [
        Position(1, 0, 0),
        Position(1, 1, 1),
        Position(1, 2, 2),
        Position(2, 0, 3),
        Position(2, 1, 4),
        Position(3, 0, 5),
    ]


@pytest.mark.parametrize(
    ("text", "offset"),
    [
        ("", 0),
        ("  ", 2),
        ("{", 1),
        ("[1,]", 3),
        ('{"a":1,}', 7),
        ('{"a" 1}', 5),
        ("{a:1}", 1),
        ('{"a":1}}', 7),
        ("[1 2]", 3),
        ("01", 1),
        ("-", 0),
        ("NaN", 0),
        ("tru", 0),
        ('"a\nb"', 2),
        ('"\\x"', 1),
        ('"\\ud800"', 0),
        ('{"a":1,"a":1}', 7),
        ("\ufeff{}", 0),
        ("[" * 200_000, 200_000),
    ],
)
def test_text_that_is_no_json_is_refused_where_it_stops_to_be_json(text: str, offset: int) -> None:
    with pytest.raises(JsonFault) as caught:
        read_tree(text)
    assert caught.value.offset == offset
    (found,) = validate(text)
    line = text.count("\n", 0, offset) + 1
    column = offset - (text.rfind("\n", 0, offset) + 1)
    assert found.details == f"Fix the JSON syntax error at index {offset} line {line} column {column}."


def test_a_tree_holds_what_the_text_says_and_where() -> None:
    text = json.dumps({"a": [1.5, "x\ty", {"b": None}, [], {}], "c": True}, indent=2)
    tree = read_tree(text)
    (_, items), (_, truth) = tree.members
    assert [item.kind for item in items.items] == [Kind.NUMBER, Kind.STRING, Kind.OBJECT, Kind.ARRAY, Kind.OBJECT]
    assert [text[item.start : item.end] for item in items.items[:2]] == ["1.5", '"x\\ty"']
    assert (items.items[1].text, truth.text) == ("x\ty", "true")
