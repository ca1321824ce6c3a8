"""Sizes and places in a document's text."""

from __future__ import annotations

import json
import time
import tracemalloc

import pytest

from daypass.policy import Grammar, PolicyProblem, parse, policy_size, rewrite_principals, statement_spans
from daypass.policy.json_text import MOST_LEVELS, NotJson, read


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


def test_a_document_may_be_nested_as_deep_as_policies_could_be_and_no_deeper() -> None:
    assert read("[" * MOST_LEVELS + "]" * MOST_LEVELS)
    assert read('["' + "[" * 100 + '"]') == ["[" * 100]
    with pytest.raises(NotJson) as caught:
        read("[" * MOST_LEVELS + '{"a": 1}' + "]" * MOST_LEVELS)
    assert caught.value.offset == MOST_LEVELS


@pytest.mark.parametrize("grammar", Grammar)
def test_a_document_that_is_too_deep_is_refused_with_the_place_of_the_level_too_many(grammar: Grammar) -> None:
    with pytest.raises(PolicyProblem) as caught:
        parse('{"a":\n' + "[" * 40 + "]" * 40 + "}", grammar)
    assert caught.value.position == (2, MOST_LEVELS)


@pytest.mark.parametrize(
    ("text", "second"),
    [
        ('{"a": 1, "a": 2}', "2}"),
        ('{"b": {"a": ["a", "a"]}, "c": {"a": 1, "\\u0061" : "x"}}', '"x"}}'),
        ('[{"a": 1}, {"a": "a"}, {"a": [1], "b": {}, "a":\n[1]}]', "[1]}]"),
    ],
)
def test_a_name_that_occurs_twice_is_told_by_the_place_of_its_second_value(text: str, second: str) -> None:
    with pytest.raises(NotJson) as caught:
        read(text)
    assert caught.value.offset == text.index(second)


@pytest.mark.parametrize("depth", [25, 900])
def test_refusing_a_large_document_keeps_little_in_memory(depth: int) -> None:
    """A path of its own for each of 64,000 values took 450 MB. The values themselves take seven."""
    text = '{"a":' + "[" * depth + "1," * 64_000 + "1" + "]" * depth + ',"b":1,"b":1}'
    tracemalloc.start()
    with pytest.raises(PolicyProblem):
        parse(text, Grammar.IDENTITY)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 10_000_000
