"""Sizes and places in a document's text."""

from __future__ import annotations

import json
import time

import pytest

from daypass.policy import policy_size, rewrite_principals, statement_spans


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("", 0),
        ("{}", 2),
        (' {\t"a" :\r\n"b c" } ', 11),
        ('{"a":"b\\" c"}', 13),
        ('{"a":"\\\\" }', 10),
        ('"never closed  ', 15),
    ],
)
def test_white_space_counts_only_inside_strings(text: str, size: int) -> None:
    assert policy_size(text) == size


def test_sizing_is_linear_even_for_text_that_is_no_json() -> None:
    text = '"\\' * 65_000
    start = time.process_time()
    policy_size(text)
    assert time.process_time() - start < 0.5


def test_spans_are_those_of_the_braces_of_each_statement() -> None:
    text = '{"Version": "2012-10-17", "Statement": [{"Sid": "}{"}, {"Condition": {"a": {"b": ["c"]}}}]}'
    assert [text[start:end] for start, end in statement_spans(text)] == [
        '{"Sid": "}{"}',
        '{"Condition": {"a": {"b": ["c"]}}}',
    ]


def test_a_single_statement_has_a_span_too() -> None:
    text = '{"Statement": {"Effect": "Allow", "Action": ["a", "b"]}, "Id": "x"}'
    assert [text[start:end] for start, end in statement_spans(text)] == ['{"Effect": "Allow", "Action": ["a", "b"]}']


def test_the_simulators_recorded_positions_follow_from_spans() -> None:
    """IAM API Reference, SimulatePrincipalPolicy: start is the column behind the brace, end the one behind the last."""
    head = '{"Version": "2012-10-17", "Statement": '
    text = head + '{"Sid": "", "Effect": "Allow", "Action": "s3:PutObject", "Resource": "*"}' + "}"
    ((start, end),) = statement_spans(text)
    assert (start, text[end:]) == (39, "}")


def test_only_principal_values_are_rewritten_and_all_else_stays() -> None:
    text = """{ "Statement" : [ {"Principal": {"AWS": ["old", "other"], "Service": "old"},
      "Resource": "old", "Condition": {"StringEquals": {"Principal": "old"}} },
      {"NotPrincipal": {"AWS": "\\u006fld"}}, {"Principal": "old"} ], "Id": "old" }"""
    assert rewrite_principals(text, {"old": 'n"w'}) == text.replace('["old"', '["n\\"w"').replace(
        '"Service": "old"', '"Service": "n\\"w"'
    ).replace('"\\u006fld"', '"n\\"w"').replace('{"Principal": "old"} ]', '{"Principal": "n\\"w"} ]')


def test_rewriting_nothing_gives_the_same_text() -> None:
    text = json.dumps({"Statement": {"Principal": {"AWS": ["a"]}, "Action": "s3:*"}}, indent=2)
    assert rewrite_principals(text, {}) == text
    assert rewrite_principals(text, {"AWS": "b", "s3:*": "b"}) == text
