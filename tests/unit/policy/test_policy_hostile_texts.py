"""Texts and patterns made to hurt: each is answered, in time that grows with the text alone (threats F10, F4)."""

from __future__ import annotations

import json

import pytest

from daypass.policy import (
    AccessRequest,
    Allow,
    Grammar,
    ImplicitDeny,
    Layers,
    PolicyProblem,
    Principal,
    PrincipalKind,
    Source,
    compile_layer,
    decide,
    parse,
    policy_size,
)

ALICE = Principal(PrincipalKind.USER, "111122223333", "arn:aws:iam::111122223333:user/alice", direct=("AIDAALICE",))


@pytest.mark.parametrize(("ending", "kind"), [("b0", Allow), ("b1", ImplicitDeny)])
def test_f10_question_marks_between_stars_over_a_long_text(ending: str, kind: type) -> None:
    """Place by place this would take 400 characters of pattern times 100,000 of text, 50 times over."""
    pattern = "*" + "?a" * 200 + "b0*"
    condition = {"StringLike": {"aws:UserAgent": [pattern + str(number) for number in range(49)] + [pattern]}}
    text = (
        '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*","Condition":'
        + str(condition).replace("'", '"')
        + "}}"
    )
    layer = compile_layer((Source(parse(text, Grammar.IDENTITY), "p"),))
    context = {"aws:useragent": "a" * 100_000 + ending}
    request = AccessRequest(ALICE, "s3:GetObject", "arn:aws:s3:::b/k", "111122223333", context)
    assert isinstance(decide(Layers(identity=layer), request), kind)


@pytest.mark.parametrize("grammar", [Grammar.IDENTITY, Grammar.TRUST, Grammar.BUCKET, Grammar.SESSION])
@pytest.mark.parametrize(
    "text",
    [
        r'{"\ud800":1,"Version":"2012-10-17","Statement":[]}',
        r'{"Version":"2012-10-17","Statement":[{"\udfff":1}]}',
        r'{"Version":"2012-10-17","Statement":{"Effect":"\ud800","Principal":"*","Action":"*","Resource":"*"}}',
        r'{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::1:user/\ud800"}}}',
    ],
)
def test_half_a_character_is_no_json(grammar: Grammar, text: str) -> None:
    with pytest.raises(PolicyProblem) as caught:
        parse(text, grammar)
    assert str(caught.value).encode()


LONGEST = 131_072
"""Characters that a policy parameter may have on the wire (IAM API Reference)."""


def around(**element: object) -> str:
    """A document with one element that is as large as it can be."""
    statement = {"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": "*"} | element
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


HUGE = {
    "stars in an action": around(Action="s3:" + "*a" * 65_000),
    "stars in a resource": around(Resource="arn:aws:s3:::" + "?*" * 65_000),
    "stars in a partition": around(Resource="arn:" + "*?" * 65_000 + ":s3:::b"),
    "variables": around(Resource="arn:aws:s3:::" + "${a}" * 32_000),
    "variables that never close": around(Resource="arn:aws:s3:::" + "${a,'" * 26_000),
    "values": around(Condition={"StringLike": {"k": ["*a*b"] * 16_000}}),
    "keys": around(Condition={"Null": {f"k{number}": "true" for number in range(7_000)}}),
    "a date": around(Condition={"DateLessThan": {"k": "1" * 130_000}}),
    "a number": around(Condition={"NumericLessThan": {"k": int("1" * 4_000)}}),
    "an address": around(Condition={"IpAddress": {"k": "1." * 65_000}}),
    "a domain": around(Principal={"Federated": "a." * 65_000 + "1"}),
    "a service": around(Principal={"Service": "a." * 65_000 + "x"}),
    "statements": json.dumps({"Version": "2012-10-17", "Statement": [json.loads(around())["Statement"][0]] * 1_400}),
    "names that occur twice": "{" + ",".join(['"a":1'] * 21_000) + "}",
    "a name that occurs twice, deep inside": '{"a":' * 900 + '{"x":1,"x":2}' + "}" * 900,
    "nesting": '{"a":' * 26_000,
    "nesting that ends": "[" * 65_000 + "]" * 65_000,
    "white space": " " * 131_072,
    "quotes": '"' * 131_072,
    "backslashes": '{"a":"' + "\\" * 131_000,
}


@pytest.mark.parametrize("name", HUGE)
@pytest.mark.parametrize("grammar", Grammar)
def test_a_document_as_large_as_the_wire_allows_is_a_policy_or_a_problem(name: str, grammar: Grammar) -> None:
    text = HUGE[name]
    if grammar in (Grammar.IDENTITY, Grammar.SESSION, Grammar.SERVICE_CONTROL):
        text = text.replace('"Principal": "*", ', "")
    assert len(text) <= LONGEST
    assert policy_size(text) <= len(text)
    try:
        policy = parse(text, grammar)
    except PolicyProblem as problem:
        line, column = problem.position or (1, 1)
        assert (line, column) <= (text.count("\n") + 1, len(text) + 1)
        return
    request = AccessRequest(ALICE, "s3:GetObject", "arn:aws:s3:::b/k", "111122223333", {"k": "ab", "a": "b"})
    assert not getattr(decide(Layers(identity=compile_layer([Source(policy, "p")])), request), "disagreed", False)
