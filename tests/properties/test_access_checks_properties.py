"""What Access Analyzer's checks prove is held against the engine that decides: no request may give the proof the lie.

The checks see policies only; the engine sees requests, which are drawn near to the policies. A PASS that a single request
refutes fails the test. ``HYPOTHESIS_EXAMPLES`` sets how many examples each property gets (300 by default).
"""

from __future__ import annotations

import copy
import json
import os
from collections import Counter
from itertools import product
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from policystrategies import (
    ACTION_PATTERNS,
    ACTIONS,
    CALLERS,
    NAMES,
    RESOURCE_PATTERNS,
    RESOURCES,
    A,
    B,
    conditions,
    contexts,
    grouped,
    operators,
    statements,
)

from daypass.analysis.access_checks import PASS, check_access_not_granted, check_no_new_access
from daypass.analysis.access_checks_public import check_no_public_access
from daypass.analysis.subject import PolicyType
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
    compile_layer,
    parse,
)
from daypass.policy.compiled import evaluate

EXAMPLES = int(os.environ.get("HYPOTHESIS_EXAMPLES", "300"))
SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]
many = settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=SLOW)
Raw = dict[str, Any]


def policy(made: list[Raw], grammar: Grammar, version: str = "2012-10-17") -> Policy:
    return parse(json.dumps({"Version": version, "Statement": made}), grammar)


def layer(*policies: Policy) -> CompiledLayer:
    return compile_layer([Source(one, "p") for one in policies])


ALLOW_ALL = layer(policy([{"Effect": "Allow", "Action": "*", "Resource": "*"}], Grammar.IDENTITY))
ALLOW_S3 = layer(policy([{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}], Grammar.IDENTITY))
NOTHING = layer()


@st.composite
def edited(draw: st.DrawFn, made: list[Raw], *, principal: bool) -> list[Raw]:
    """The statements of a policy after an edit or two, as people make them: mostly narrower, sometimes wider."""
    new = copy.deepcopy(made)
    for _ in range(draw(st.integers(0, 2))):
        statement = draw(st.sampled_from(new))
        if draw(st.booleans()):
            draw(st.sampled_from([_fewer_entries, _other_pattern, _more_conditions, _fewer_values, _other_names]))(
                statement, draw
            )
        else:
            _edit_list(new, statement, draw, principal=principal)
    return new


def _fewer_entries(statement: Raw, _draw: st.DrawFn) -> None:
    for element in ("Action", "Resource", "NotAction", "NotResource"):
        if len(statement.get(element, ())) > 1:
            statement[element] = statement[element][:1]


def _other_pattern(statement: Raw, draw: st.DrawFn) -> None:
    for element, choices in (("Action", ACTION_PATTERNS), ("Resource", RESOURCE_PATTERNS)):
        if element in statement and draw(st.booleans()):
            statement[element] = [draw(st.sampled_from(choices))]


def _more_conditions(statement: Raw, draw: st.DrawFn) -> None:
    statement["Condition"] = draw(conditions()) | statement.get("Condition", {})


def _fewer_values(statement: Raw, draw: st.DrawFn) -> None:
    for keys in statement.get("Condition", {}).values():
        for key, values in keys.items():
            keys[key] = values[: draw(st.integers(0, 3))]


def _other_names(statement: Raw, draw: st.DrawFn) -> None:
    if "Principal" in statement:
        statement["Principal"] = grouped(draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=2)))


def _edit_list(new: list[Raw], statement: Raw, draw: st.DrawFn, *, principal: bool) -> None:
    match draw(st.sampled_from(["deny", "drop", "spare", "add"])):
        case "deny":
            new.append(draw(statements(principal=principal)) | {"Effect": "Deny"})
        case "drop" if len(new) > 1:
            new.remove(statement)
        case "spare" if statement["Effect"] == "Allow":
            new.append(_opposite(statement, draw))
        case _:
            new.append(draw(statements(principal=principal)))


def _opposite(statement: Raw, draw: st.DrawFn) -> Raw:
    """A Deny that takes back part of an Allow, by the negation of one of its elements."""
    deny = copy.deepcopy(statement) | {"Effect": "Deny"}
    element = draw(st.sampled_from(["Action", "Resource", "Condition"]))
    if element == "Condition":
        operator = draw(operators().filter(lambda name: "Not" in name or "IfExists" in name or name == "Null"))
        values = (
            ["true"]
            if operator == "Null"
            else ["2026"]
            if "Date" in operator
            else draw(st.lists(st.sampled_from(["a", "10", "10.0.0.1"]), min_size=1))
        )
        deny["Condition"] = {operator: {"k1": values}}
    elif element in deny:
        deny[f"Not{element}"] = [value for value in deny.pop(element) if value != "*"] or [
            "s3:GetObject" if element == "Action" else "arn:aws:s3:::b/*"
        ]
    return deny


@st.composite
def pairs(draw: st.DrawFn, *, principal: bool) -> tuple[Policy, Policy]:
    """An existing policy and a new one."""
    grammar = Grammar.ENDPOINT if principal else Grammar.IDENTITY
    made = draw(st.lists(statements(principal=principal), min_size=1, max_size=3))
    new = draw(
        st.one_of(edited(made, principal=principal), st.lists(statements(principal=principal), min_size=1, max_size=2))
    )
    version = draw(st.sampled_from(["2012-10-17", "2008-10-17"])) if principal else "2012-10-17"
    return policy(new, grammar, version), policy(made, grammar, version)


some_contexts = st.lists(contexts(), min_size=2, max_size=4)
callers = st.lists(st.sampled_from(CALLERS), min_size=3, max_size=4, unique=True)


def test_nothing_that_is_allowed_anew_passes_as_not_new_in_identity_policies() -> None:
    verdicts: Counter[str] = Counter()

    @many
    @given(pair=pairs(principal=False), situations=some_contexts)
    def check(pair: tuple[Policy, Policy], situations: list[Raw]) -> None:
        new, existing = pair
        verdict = check_no_new_access(new, existing, kind=PolicyType.IDENTITY)
        verdicts[verdict.result] += 1
        if verdict.result != PASS:
            return
        young, old = Layers(identity=layer(new)), Layers(identity=layer(existing))
        for action, resource, context in product(ACTIONS, RESOURCES, situations):
            request = AccessRequest(CALLERS[1], action, resource, A, context)
            if isinstance(evaluate(young, request), Allow):
                assert isinstance(evaluate(old, request), Allow), request

    check()
    assert verdicts[PASS] > verdicts.total() / 10, verdicts


def test_nothing_that_is_allowed_anew_passes_as_not_new_in_resource_policies() -> None:
    """Whatever policies the caller has beside: a grant that is worth more than the old one is new, too.

    What a caller may do without the resource's policy is not asked: a Deny that goes, where nothing is granted, grants
    nothing.
    """
    verdicts: Counter[str] = Counter()

    @many
    @given(pair=pairs(principal=True), situations=some_contexts, asking=callers, data=st.data())
    def check(pair: tuple[Policy, Policy], situations: list[Raw], asking: list[Principal], data: st.DataObject) -> None:
        new, existing = pair
        verdict = check_no_new_access(new, existing, kind=PolicyType.RESOURCE)
        verdicts[verdict.result] += 1
        if verdict.result != PASS:
            return
        others = {
            "identity": data.draw(st.sampled_from([None, NOTHING, ALLOW_S3, ALLOW_ALL])),
            "boundary": data.draw(st.sampled_from([None, None, NOTHING, ALLOW_S3])),
            "session": data.draw(st.sampled_from([None, NOTHING])),
            "resource_must_allow": True,
        }
        young, old = Layers(resource=layer(new), **others), Layers(resource=layer(existing), **others)
        for caller, action, resource, context in product(asking, ACTIONS[:3], RESOURCES[:6], situations):
            for account in (A, B):
                request = AccessRequest(caller, action, resource, account, context)
                if isinstance(evaluate(young, request), Allow):
                    assert isinstance(evaluate(old, request), Allow), request

    check()
    assert verdicts[PASS] > verdicts.total() / 20, verdicts


plain_resources = [pattern for pattern in RESOURCE_PATTERNS if "${" not in pattern and pattern != "arn:aws:fdsasf"]
accesses = st.fixed_dictionaries(
    {},
    optional={
        "actions": st.lists(st.sampled_from(ACTION_PATTERNS[1:]), min_size=1, max_size=2),
        "resources": st.lists(st.sampled_from(plain_resources[1:]), min_size=1, max_size=2),
    },
)


def test_nothing_that_is_granted_passes_as_not_granted() -> None:
    verdicts: Counter[str] = Counter()

    @many
    @given(
        made=st.lists(statements(principal=False), min_size=1, max_size=3), access=accesses, situations=some_contexts
    )
    def check(made: list[Raw], access: dict[str, list[str]], situations: list[Raw]) -> None:
        granting = policy(made, Grammar.IDENTITY)
        verdict = check_access_not_granted(granting, [access], kind=PolicyType.IDENTITY)
        verdicts[verdict.result] += 1
        if verdict.result != PASS:
            return
        listed = {"Effect": "Allow", "Action": access.get("actions", "*"), "Resource": access.get("resources", "*")}
        wanted, granted = Layers(identity=layer(policy([listed], Grammar.IDENTITY))), Layers(identity=layer(granting))
        for action, resource, context in product(ACTIONS, RESOURCES, situations):
            request = AccessRequest(CALLERS[1], action, resource, A, context)
            if isinstance(evaluate(wanted, request), Allow):
                assert not isinstance(evaluate(granted, request), Allow), request

    check()
    assert verdicts[PASS] > verdicts.total() / 10, verdicts


STRANGER = "999999999999"
STRANGERS = [
    Principal(PrincipalKind.ANONYMOUS, "", "anonymous"),
    Principal(PrincipalKind.USER, STRANGER, f"arn:aws:iam::{STRANGER}:user/x", direct=(f"arn:aws:iam::{STRANGER}:user/x",)),
    Principal(PrincipalKind.WEB_IDENTITY, "", "sub", federated=(f"arn:aws:iam::{A}:oidc-provider/host",)),
]  # fmt: skip
CHOSEN: dict[str, list[str]] = {
    "aws:PrincipalOrgID": ["o-1234567890", "o-*", "${k1}", "*", "?-1234567890"],
    "aws:PrincipalArn": [f"arn:aws:iam::{A}:role/*", "arn:aws:iam::*:role/x", f"arn:aws:iam::{A}:root", "*", "arn:aws:iam::${k1}:user/x"],
    "aws:SourceIp": ["203.0.113.0/24", "0.0.0.0/0", "128.0.0.0/1", "2001:db8::/32", "::/0", "no address"],
    "aws:SourceVpce": ["vpce-1", "vpce-*"],
    "aws:userid": ["AIDAX", "anonymous", "", "A*", "ANONYMOUS"],
    "aws:PrincipalOrgPaths": ["o-1234567890/r-1/*", "o-*/r-1/*", "*"],
    "aws:Referer": ["x", "strange"],
    "host:sub": ["me", "*", "repo:acme/*"],
    "host:aud": ["me", "m*"],
}  # fmt: skip
STRANGE: dict[str, list[Any]] = {
    "aws:principalorgid": [None, "o-strange0000"],
    "aws:principalarn": [None, f"arn:aws:iam::{STRANGER}:role/x", f"arn:aws:iam::{STRANGER}:user/x"],
    "aws:sourceip": [None, "198.51.100.7", "2a00::1"],
    "aws:sourcevpce": [None, "vpce-strange"],
    "aws:userid": [None, "anonymous", "AIDASTRANGE"],
    "aws:principalorgpaths": [None, ("o-strange0000/r-1/",), ()],
    "aws:referer": [None, "x", "strange"],
    "host:sub": [None, "strange", "repo:strange/x"],
    "host:aud": [None, "strange"],
    "k1": [None, "*", STRANGER, "o-strange0000"],
}
"""What a stranger may have where the policy chooses: anything that somebody outside can have."""


@st.composite
def guards(draw: st.DrawFn) -> dict[str, Any]:
    """Conditions on the keys that tell strangers apart, some well chosen and some not."""
    block: dict[str, Any] = {}
    for key in draw(st.lists(st.sampled_from(list(CHOSEN)), max_size=2, unique=True)):
        if key == "aws:SourceIp":
            base = draw(st.sampled_from(["IpAddress", "NotIpAddress", "StringEquals"]))
        else:
            base = draw(
                st.sampled_from(
                    [
                        "StringEquals",
                        "StringLike",
                        "StringNotEquals",
                        "StringNotLike",
                        "ArnLike",
                        "ArnNotLike",
                        "StringEqualsIgnoreCase",
                        "Null",
                    ]
                )
            )
        prefix = draw(st.sampled_from(["", "", "ForAnyValue:", "ForAllValues:"])) if base != "Null" else ""
        suffix = draw(st.sampled_from(["", "", "IfExists"])) if base != "Null" else ""
        values = ["true", "false"] if base == "Null" else CHOSEN[key]
        chosen = draw(st.lists(st.sampled_from(values), min_size=1, max_size=1 if base == "Null" else 2))
        block.setdefault(f"{prefix}{base}{suffix}", {})[key] = chosen
    return block


@st.composite
def bucket_policies(draw: st.DrawFn) -> Policy:
    names = [("AWS", A), ("AWS", f"arn:aws:iam::{B}:root"), ("AWS", f"arn:aws:iam::{A}:user/alice"), ("Service", "ec2.amazonaws.com"),
             ("Federated", f"arn:aws:iam::{A}:oidc-provider/host"), ("AWS", "*")]  # fmt: skip
    made = []
    for _ in range(draw(st.integers(1, 3))):
        statement: Raw = {"Effect": draw(st.sampled_from(["Allow", "Allow", "Deny"]))}
        statement["Action"] = draw(st.sampled_from(["s3:GetObject", "s3:*", "s3:Put*", "*"]))
        statement["Resource"] = draw(st.sampled_from(["arn:aws:s3:::b/*", "*", "arn:aws:s3:::b/k"]))
        element = draw(st.sampled_from(["Principal", "Principal", "Principal", "NotPrincipal"]))
        who = draw(st.one_of(st.just("*"), st.lists(st.sampled_from(names), min_size=1, max_size=2)))
        statement[element] = who if isinstance(who, str) else grouped(who)
        statement["Condition"] = draw(guards())
        made.append(statement)
    return policy(made, Grammar.ENDPOINT)


@st.composite
def strange_contexts(draw: st.DrawFn) -> Raw:
    drawn = {key: draw(st.sampled_from(values)) for key, values in STRANGE.items()}
    return {key: value for key, value in drawn.items() if value is not None}


def test_no_stranger_is_allowed_where_no_access_is_public() -> None:
    verdicts: Counter[str] = Counter()

    @many
    @given(made=bucket_policies(), situations=st.lists(strange_contexts(), min_size=8, max_size=12))
    def check(made: Policy, situations: list[Raw]) -> None:
        verdict = check_no_public_access(made, "AWS::S3::Bucket")
        verdicts[verdict.result] += 1
        if verdict.result != PASS:
            return
        world = Layers(identity=ALLOW_ALL, resource=layer(made))
        for caller, action, context in product(STRANGERS, ("s3:GetObject", "s3:PutObject"), situations):
            request = AccessRequest(caller, action, "arn:aws:s3:::b/k", A, context)
            assert not isinstance(evaluate(world, request), Allow), request

    check()
    assert verdicts[PASS] > verdicts.total() / 10, verdicts


@many
@given(text=st.text(max_size=40) | st.just("{}"))
def test_any_policy_gets_a_verdict(text: str) -> None:
    try:
        odd = parse(text, Grammar.IDENTITY)
    except PolicyProblem:
        return
    assert check_no_new_access(odd, odd, kind=PolicyType.IDENTITY).result in ("PASS", "FAIL")
