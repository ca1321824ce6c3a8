"""Texts and patterns made to hurt: each is answered, in time that grows with the text alone (threats F10, F4)."""

from __future__ import annotations

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
