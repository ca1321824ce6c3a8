"""What holds for every policy: the engines agree, a limit never enlarges, nothing but a PolicyProblem leaves the parser.

``HYPOTHESIS_EXAMPLES`` sets how many examples each property gets (300 by default; the slow suite runs many more).
"""

from __future__ import annotations

import json
import os
from dataclasses import replace
from typing import Any

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from daypass.policy import (
    AccessRequest,
    Allow,
    CompiledLayer,
    Grammar,
    Layers,
    Policy,
    PolicyProblem,
    Principal,
    PrincipalKind,
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

EXAMPLES = int(os.environ.get("HYPOTHESIS_EXAMPLES", "300"))
SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large]
many = settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=SLOW)
fewer = settings(many, max_examples=max(EXAMPLES // 3, 1))

A, B = "111111111111", "222222222222"
ALICE, APP, SESSION = (
    f"arn:aws:iam::{A}:user/alice",
    f"arn:aws:iam::{A}:role/app",
    f"arn:aws:sts::{A}:assumed-role/app/s1",
)
FEDERATED, OIDC = f"arn:aws:sts::{A}:federated-user/alice", f"arn:aws:iam::{A}:oidc-provider/host"
CALLERS = [
    Principal(PrincipalKind.ROOT, A, f"arn:aws:iam::{A}:root", direct=(f"arn:aws:iam::{A}:root", A)),
    Principal(PrincipalKind.USER, A, ALICE, direct=(ALICE, "AIDAALICEALICEALICEAL")),
    Principal(PrincipalKind.ROLE_SESSION, A, SESSION, direct=(SESSION, "AROAAPPAPPAPPAPPAPPAP:s1"), through=(APP, "AROAAPPAPPAPPAPPAPPAP")),
    Principal(PrincipalKind.FEDERATED_USER, A, FEDERATED, direct=(FEDERATED,), through=(ALICE, "AIDAALICEALICEALICEAL")),
    Principal(PrincipalKind.USER, B, f"arn:aws:iam::{B}:user/x", direct=(f"arn:aws:iam::{B}:user/x",)),
    Principal(PrincipalKind.SERVICE, "", "ec2.amazonaws.com", service="ec2.amazonaws.com"),
    Principal(PrincipalKind.ANONYMOUS, "", "anonymous"),
    Principal(PrincipalKind.WEB_IDENTITY, "", "sub", federated=(OIDC,)),
    Principal(PrincipalKind.SAML, A, "sub", federated=(f"arn:aws:iam::{A}:saml-provider/Corp",)),
]  # fmt: skip
NAMES = [
    ("AWS", "*"), ("AWS", A), ("AWS", f"arn:aws:iam::{B}:root"), ("AWS", ALICE), ("AWS", APP), ("AWS", SESSION), ("AWS", FEDERATED),
    ("AWS", "AIDAALICEALICEALICEAL"), ("AWS", "AROAAPPAPPAPPAPPAPPAP"), ("AWS", f"arn:aws:iam::{B}:user/x"),
    ("Service", "ec2.amazonaws.com"), ("Federated", OIDC), ("Federated", f"arn:aws:iam::{A}:saml-provider/Corp"),
]  # fmt: skip
ACTIONS = ["s3:GetObject", "s3:PutObject", "s3:ListBucket", "sts:AssumeRole", "sts:TagSession", "iam:ListUsers"]
ACTION_PATTERNS = [
    "*",
    "s3:*",
    "S3:get*",
    "s3:?etObject",
    "s3:GetObject",
    "sts:*",
    "sts:AssumeRole",
    "*:*Object",
    "iam:List*",
    "s*:*",
]
RESOURCES = [
    "*",
    "arn:aws:s3:::b",
    "arn:aws:s3:::b/k",
    "arn:aws:s3:::b/alice/x",
    "arn:aws:s3:::b/a:b",
    "arn:aws:s3:::b/*",
    APP,
    f"arn:aws:iam::{A}:user/",
]
RESOURCE_PATTERNS = [
    "*", "arn:aws:s3:::b", "arn:aws:s3:::b*", "arn:aws:s3:::b/*", "arn:aws:s3:::*/k", "arn:aws:s3:::b/?", "arn:aws:s3:::b/${*}",
    "arn:aws:s3:::b/${aws:username}/*", "arn:aws:s3:::b/${k1, 'k'}", "arn:aws:s3:::${many}", "arn:aws:s3:*", "arn:aws:fdsasf",
    "arn:*:s3:::b/a*b", "arn:aws:iam::*", f"arn:aws:iam::{A}:*", "arn:aws:iam::1*:role/a*", "arn:aws:s3:::*b*${?}*", "arn:aws:s3:::b/${k1}",
]  # fmt: skip
KEYS = ["k1", "K1", "k2", "many", "none", "aws:username"]
TEXTS = ["", "a", "A", "alice", "k", "a*", "*", "?", "${aws:username}", "${none}", "${none, 'a'}x", "${*}", "${many}", "ß", "10", "10.0", "9",
         "true", "False", "2026-11-24", "2026-11-24T00:00:00Z", "1790000000", "10.0.0.1", "10.0.0.0/8", "2001:db8::/32", "::ffff:10.0.0.1",
         "QQ==", "arn:aws:iam::111111111111:role/app", "arn:aws:iam::*:role/a?p", "arn:aws:s3:*", "arn:aws:s3:::${k1}", "x${"]  # fmt: skip
BASES = [
    "StringEquals", "StringNotEquals", "StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase", "StringLike",
    "StringNotLike", "NumericEquals", "NumericNotEquals", "NumericLessThan", "NumericLessThanEquals",
    "NumericGreaterThan", "NumericGreaterThanEquals", "DateEquals", "DateNotEquals", "DateLessThan",
    "DateLessThanEquals", "DateGreaterThan", "DateGreaterThanEquals", "Bool", "BinaryEquals", "IpAddress",
    "NotIpAddress", "ArnEquals", "ArnLike", "ArnNotEquals", "ArnNotLike", "Null",
]  # fmt: skip


@st.composite
def operators(draw: st.DrawFn) -> str:
    base = draw(st.sampled_from(BASES))
    suffix = "" if base == "Null" else draw(st.sampled_from(["", "", "IfExists"]))
    return draw(st.sampled_from(["", "", "ForAllValues:", "ForAnyValue:"])) + base + suffix


@st.composite
def conditions(draw: st.DrawFn) -> dict[str, Any]:
    block: dict[str, Any] = {}
    for operator in draw(st.lists(operators(), max_size=2, unique=True)):
        texts = st.sampled_from(["2026", "1790000000", "2026-11-24T00:00:00Z"] if "Date" in operator else TEXTS)
        block[operator] = draw(
            st.dictionaries(st.sampled_from(KEYS[1:]), st.lists(texts, max_size=3), min_size=1, max_size=2)
        )
    return block


@st.composite
def statements(draw: st.DrawFn, *, principal: bool, trust: bool = False) -> dict[str, Any]:
    statement: dict[str, Any] = {"Effect": draw(st.sampled_from(["Allow", "Allow", "Allow", "Allow", "Deny"]))}
    patterns = [action for action in ACTION_PATTERNS if action.startswith("sts:")] if trust else ACTION_PATTERNS
    action = "Action" if trust else draw(st.sampled_from(["Action", "Action", "Action", "NotAction"]))
    statement[action] = draw(st.lists(st.sampled_from(patterns), min_size=1, max_size=2))
    if not trust:
        resource = draw(st.sampled_from(["Resource", "Resource", "Resource", "NotResource"]))
        statement[resource] = draw(st.lists(st.sampled_from(RESOURCE_PATTERNS), min_size=1, max_size=2))
    if principal:
        element = "Principal" if trust else draw(st.sampled_from(["Principal", "Principal", "NotPrincipal"]))
        names = draw(st.one_of(st.just("*"), st.lists(st.sampled_from(NAMES), min_size=1, max_size=4)))
        statement[element] = names if isinstance(names, str) else grouped(names)
    if draw(st.booleans()):
        statement["Condition"] = draw(conditions())
    return statement


def grouped(names: list[tuple[str, str]]) -> dict[str, list[str]]:
    element: dict[str, list[str]] = {}
    for kind, value in names:
        element.setdefault(kind, []).append(value)
    return element


@st.composite
def policies(draw: st.DrawFn, grammar: Grammar) -> Policy:
    trust = grammar is Grammar.TRUST
    resource_based = grammar in (Grammar.TRUST, Grammar.ENDPOINT)
    document: dict[str, Any] = {
        "Version": "2012-10-17"
        if not resource_based
        else draw(st.sampled_from(["2012-10-17", "2012-10-17", "2008-10-17"])),
        "Statement": draw(st.lists(statements(principal=resource_based, trust=trust), min_size=1, max_size=3)),
    }
    text = json.dumps(document)
    if grammar is Grammar.SERVICE_CONTROL:  # takes no ARN that is cut short
        text = text.replace('"arn:aws:fdsasf"', '"arn:aws:fdsasf:*"')
    return parse(text, grammar)


@st.composite
def compiled(draw: st.DrawFn, grammar: Grammar, least: int = 0) -> CompiledLayer:
    found = draw(st.lists(policies(grammar), min_size=least, max_size=2))
    return compile_layer(
        [Source(policy, f"p{i}", f"arn:aws:iam::{A}:policy/p{i}" if i else None) for i, policy in enumerate(found)]
    )


@st.composite
def worlds(draw: st.DrawFn) -> Layers:
    trust = draw(st.booleans())
    own = Grammar.TRUST if trust else Grammar.ENDPOINT
    identity = st.one_of(st.none(), st.none(), compiled(Grammar.IDENTITY))
    return Layers(
        identity=draw(st.one_of(st.none(), compiled(Grammar.IDENTITY))),
        boundary=draw(identity),
        session=draw(identity),
        resource=draw(st.one_of(st.none(), compiled(own))),
        resource_is_trust=trust,
        resource_must_allow=trust or draw(st.booleans()),
        endpoint=draw(st.one_of(st.none(), st.none(), compiled(Grammar.ENDPOINT))),
        service_control=draw(st.one_of(st.just(()), st.just(()), st.tuples(compiled(Grammar.SERVICE_CONTROL, 1)))),
        resource_control=draw(st.one_of(st.just(()), st.just(()), st.tuples(compiled(Grammar.ENDPOINT, 1)))),
    )


@st.composite
def requests(draw: st.DrawFn) -> AccessRequest:
    """Near to the policies: drawn from the names they use."""
    one = st.sampled_from(TEXTS)
    context: dict[str, Any] = draw(st.dictionaries(st.sampled_from(["k1", "k2", "aws:username"]), one, max_size=3))
    if draw(st.booleans()):
        context["many"] = tuple(draw(st.lists(one, max_size=3)))
    return AccessRequest(
        draw(st.sampled_from(CALLERS)),
        draw(st.sampled_from(ACTIONS)),
        draw(st.sampled_from(RESOURCES)),
        draw(st.sampled_from([A, A, B])),
        context,
    )


@many
@given(world=worlds(), request=requests())
def test_the_compiled_engine_agrees_with_the_obvious_one(world: Layers, request: AccessRequest) -> None:
    assert evaluate(world, request) == obvious_decide(world, request)


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
