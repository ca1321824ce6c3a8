"""What holds for every policy: the engines agree, a limit never enlarges, nothing but a PolicyProblem leaves the parser.

``HYPOTHESIS_EXAMPLES`` sets how many examples each property gets (300 by default; the slow suite runs many more).
"""

from __future__ import annotations

import json
import os
from collections import Counter
from dataclasses import replace
from typing import Any

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from policystrategies import (
    ACTION_PATTERNS,
    ALICE,
    APP,
    ARN_FOUND,
    ARN_WANTED,
    BASES,
    CALLERS,
    NAMES,
    RESOURCE_PATTERNS,
    TEXTS,
    A,
    bound,
    compiled,
    grouped,
    policies,
    questions,
    requests,
    statements,
    worlds,
)

from daypass.policy import (
    AccessRequest,
    Allow,
    CompiledLayer,
    ExplicitDeny,
    Grammar,
    ImplicitDeny,
    Layers,
    Policy,
    PolicyProblem,
    Source,
    bind,
    compile_layer,
    decide,
    obvious_decide,
    parse,
    policy_size,
    principals,
    rewrite_principals,
    statement_spans,
)
from daypass.policy.compiled import evaluate
from daypass.policy.conditions import NEGATED, operator_named
from daypass.policy.obvious_conditions import glob, wildcards
from daypass.policy.patterns import atoms, static_matcher

# 2,300 worlds at 1,500 examples: 101,200 decisions
EXAMPLES = int(os.environ.get("HYPOTHESIS_EXAMPLES", "300"))
SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large]
many = settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=SLOW)
WORLDS = 2300 if EXAMPLES >= 1500 else max(EXAMPLES // 4, 1)
fewer = settings(many, max_examples=max(EXAMPLES // 3, 1))
_EVERYTHING = '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}'
ANYTHING = compile_layer((Source(parse(_EVERYTHING, Grammar.IDENTITY), "anything"),))


def test_both_engines_decide_alike() -> None:
    """Each drawn world is asked many things. What is counted are decisions by both."""
    decided: Counter[str] = Counter()

    @settings(many, max_examples=WORLDS)
    @given(world=worlds(), asked=questions(), wide=st.booleans())
    def ask(world: Layers, asked: list[AccessRequest], wide: bool) -> None:
        if wide:  # of layers drawn by chance few allow anything together
            world = replace(world, identity=ANYTHING, boundary=None, session=None, endpoint=None, service_control=())
        for request in asked:
            layers = bound(world, request)
            decision = evaluate(layers, request)
            assert decision == obvious_decide(layers, request)
            decided[type(decision).__name__] += 1

    ask()
    each = len(CALLERS) * 4
    assert decided.total() >= WORLDS * each, decided
    assert min(decided[kind.__name__] for kind in (Allow, ExplicitDeny, ImplicitDeny)) > decided.total() / 50, decided


ARN_OPERATORS = [name for name in BASES if name.startswith("Arn")]


@many
@given(
    operator=st.sampled_from(ARN_OPERATORS),
    qualifier=st.sampled_from(["", "ForAllValues:", "ForAnyValue:"]),
    ending=st.sampled_from(["", "IfExists"]),
    wanted=st.lists(st.sampled_from(ARN_WANTED), min_size=1, max_size=2),
    found=st.none() | st.sampled_from(ARN_FOUND) | st.lists(st.sampled_from(ARN_FOUND), max_size=2).map(tuple),
    filled=st.none() | st.sampled_from(ARN_FOUND),
    effect=st.sampled_from(["Allow", "Deny"]),
)
def test_both_engines_read_arns_of_variables_alike(
    *, operator: str, qualifier: str, ending: str, wanted: list[str], found: Any, filled: str | None, effect: str
) -> None:
    condition = {qualifier + operator + ending: {"k2": wanted}}
    statement = {"Effect": effect, "Action": "*", "Resource": "*", "Condition": condition}
    policy = parse(json.dumps({"Version": "2012-10-17", "Statement": statement}), Grammar.IDENTITY)
    context = {key: value for key, value in (("k1", filled), ("k2", found)) if value is not None}
    identity = compile_layer((Source(policy, "p"), *(ANYTHING.sources if effect == "Deny" else ())))
    request = AccessRequest(CALLERS[1], "iam:ListUsers", "*", A, context)
    assert evaluate(Layers(identity=identity), request) == obvious_decide(Layers(identity=identity), request)


@fewer
@given(world=worlds(), request=requests())
def test_an_explanation_names_a_failing_part_of_every_statement_that_did_not_match(
    world: Layers, request: AccessRequest
) -> None:
    decision = decide(world, request)
    if isinstance(decision, Allow):
        return
    assert not decision.disagreed
    for examined in decision.explanation:
        assert all(failure.part for failure in examined.failures)
        assert len({failure.part for failure in examined.failures}) <= 1


@fewer
@given(world=worlds(), session=compiled(Grammar.SESSION), request=requests())
def test_a_session_policy_never_enlarges_access(world: Layers, session: CompiledLayer, request: AccessRequest) -> None:
    before = evaluate(replace(world, session=None), request)
    after = evaluate(replace(world, session=session), request)
    assert isinstance(before, Allow) or not isinstance(after, Allow)


@fewer
@given(world=worlds(), boundary=compiled(Grammar.IDENTITY), request=requests())
def test_a_permissions_boundary_never_enlarges_access(
    world: Layers, boundary: CompiledLayer, request: AccessRequest
) -> None:
    before = evaluate(replace(world, boundary=None), request)
    after = evaluate(replace(world, boundary=boundary), request)
    assert isinstance(before, Allow) or not isinstance(after, Allow)


@fewer
@given(world=worlds(), deny=statements(principal=False), request=requests())
def test_one_more_deny_never_enlarges_access(world: Layers, deny: dict[str, Any], request: AccessRequest) -> None:
    text = json.dumps({"Version": "2012-10-17", "Statement": {**deny, "Effect": "Deny"}})
    more = Source(parse(text, Grammar.IDENTITY), "deny")
    before = evaluate(world, request)
    identity = () if world.identity is None else world.identity.sources
    after = evaluate(replace(world, identity=compile_layer([*identity, more])), request)
    assert isinstance(before, Allow) or not isinstance(after, Allow)


@fewer
@given(world=worlds(), request=requests(), data=st.data())
def test_the_order_of_policies_never_matters(world: Layers, request: AccessRequest, data: st.DataObject) -> None:
    assume(world.identity is not None)
    assert world.identity is not None
    shuffled = compile_layer(data.draw(st.permutations(world.identity.sources)))
    before, after = evaluate(world, request), evaluate(replace(world, identity=shuffled), request)
    assert type(before) is type(after)


def naive_glob(pattern: str, text: str) -> bool:
    """What the wildcards mean, as directly as it can be said."""
    if not pattern:
        return not text
    if pattern[0] == "*":
        return any(naive_glob(pattern[1:], text[taken:]) for taken in range(len(text) + 1))
    return bool(text) and pattern[0] in ("?", text[0]) and naive_glob(pattern[1:], text[1:])


@many
@given(pattern=st.text("ab*?", max_size=9), text=st.text("ab*?", max_size=10))
def test_both_engines_match_a_wildcard_pattern_as_the_naive_matcher_does(pattern: str, text: str) -> None:
    assert static_matcher(atoms(pattern, variables=False))(text) is naive_glob(pattern, text)
    assert glob(wildcards(pattern), text) is naive_glob(pattern, text)


json_texts = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=8) | st.sampled_from(TEXTS + ACTION_PATTERNS + RESOURCE_PATTERNS),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["Version", "Statement", "Effect", "Principal", "Action", "Resource", "Condition", "StringEquals", "AWS", "Sid"])
        | st.text(max_size=5), inner, max_size=4),
    max_leaves=20,
).map(json.dumps)  # fmt: skip


@many
@given(text=st.text(max_size=60) | json_texts, grammar=st.sampled_from(list(Grammar)))
def test_any_text_is_a_policy_or_a_policy_problem(text: str, grammar: Grammar) -> None:
    policy_size(text)
    try:
        policy = parse(text, grammar)
    except PolicyProblem:
        return
    compile_layer([Source(policy, "p")])


@st.composite
def near_documents(draw: st.DrawFn) -> str:
    """A good document with one thing in it replaced by another."""
    statement = draw(statements(principal=draw(st.booleans()), trust=draw(st.booleans())))
    odd = st.none() | st.booleans() | st.integers() | st.text(max_size=4) | st.just([]) | st.just({}) | st.just([{}])
    statement[draw(st.sampled_from([*statement, "Sid", "NotAction", "Id"]))] = draw(odd)
    return json.dumps({"Version": draw(st.sampled_from(["2012-10-17", "2008-10-17", 1])), "Statement": [statement]})


@fewer
@given(text=near_documents(), grammar=st.sampled_from(list(Grammar)), request=requests())
def test_what_is_parsed_can_be_decided(text: str, grammar: Grammar, request: AccessRequest) -> None:
    try:
        policy = parse(text, grammar)
    except PolicyProblem:
        return
    layer = compile_layer([Source(policy, "p")])
    assert len(statement_spans(text)) == len(policy.statements)
    for world in (Layers(identity=layer), Layers(resource=layer, resource_must_allow=True)):
        assert evaluate(world, request) == obvious_decide(world, request)


@fewer
@given(
    policy=policies(Grammar.TRUST),
    mapping=st.dictionaries(st.sampled_from([value for _, value in NAMES]), st.text(max_size=5)),
)
def test_rewriting_principals_changes_the_names_and_nothing_else(policy: Policy, mapping: dict[str, str]) -> None:
    rewritten = json.loads(rewrite_principals(policy.text, mapping))
    expected = json.loads(policy.text)
    for statement in expected["Statement"]:
        if isinstance(statement["Principal"], dict):
            for values in statement["Principal"].values():
                values[:] = [mapping.get(value, value) for value in values]
        else:
            statement["Principal"] = mapping.get("*", "*")
    assert rewritten == expected


@fewer
@given(names=st.lists(st.sampled_from([name for name in NAMES if name[1] not in ("*", A)]), min_size=1, max_size=4))
def test_a_bound_name_is_never_matched_by_another(names: list[tuple[str, str]]) -> None:
    """A principal that was made again under its old name has another id, and the stored policy does not mean it."""
    names = [name for name in names if name[1] != "AIDAALICEALICEALICEAL"]
    statement = {"Effect": "Allow", "Principal": grouped([*names, ("AWS", ALICE)]), "Action": "sts:AssumeRole"}
    bound = bind(parse(json.dumps({"Statement": statement}), Grammar.TRUST), {ALICE: "AIDAALICEALICEALICEAL"})
    assert ("AWS", ALICE) not in principals(bound)
    layers = Layers(resource=compile_layer([Source(bound, "trust")]), resource_is_trust=True, resource_must_allow=True)
    again = replace(CALLERS[1], direct=(ALICE, "AIDANEWNEWNEWNEWNEWNE"))
    assert isinstance(evaluate(layers, AccessRequest(CALLERS[1], "sts:AssumeRole", APP, A, {})), Allow)
    assert not isinstance(evaluate(layers, AccessRequest(again, "sts:AssumeRole", APP, A, {})), Allow)


def test_every_operator_is_covered() -> None:
    assert {name for name in BASES if operator_named(name)} == set(BASES)
    assert set(BASES) >= NEGATED
