"""Policies, layers and requests as hypothesis draws them: near to each other, from names that meet often.

A world is all layers of one decision; questions are many requests at once, so that one drawn world is asked many things.
"""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import product
from typing import Any

from hypothesis import strategies as st

from daypass.policy import (
    AccessRequest,
    CompiledLayer,
    ControlPolicies,
    Grammar,
    Layers,
    Policy,
    Principal,
    PrincipalKind,
    Source,
    compile_layer,
    parse,
)

A, B = "111111111111", "222222222222"
ALICE, APP, SESSION = (
    f"arn:aws:iam::{A}:user/alice",
    f"arn:aws:iam::{A}:role/app",
    f"arn:aws:sts::{A}:assumed-role/app/s1",
)
LINKED = f"arn:aws:sts::{A}:assumed-role/X/x"
FEDERATED, OIDC = f"arn:aws:sts::{A}:federated-user/alice", f"arn:aws:iam::{A}:oidc-provider/host"
CALLERS = [
    Principal(PrincipalKind.ROOT, A, f"arn:aws:iam::{A}:root", direct=(f"arn:aws:iam::{A}:root", A)),
    Principal(PrincipalKind.USER, A, ALICE, direct=(ALICE, "AIDAALICEALICEALICEAL")),
    Principal(PrincipalKind.ROLE_SESSION, A, SESSION, direct=(SESSION, "AROAAPPAPPAPPAPPAPPAP:s1"), through=(APP, "AROAAPPAPPAPPAPPAPPAP")),
    Principal(PrincipalKind.FEDERATED_USER, A, FEDERATED, direct=(FEDERATED,), through=(ALICE, "AIDAALICEALICEALICEAL")),
    Principal(PrincipalKind.ROLE_SESSION, A, LINKED, direct=(LINKED,), through=(f"arn:aws:iam::{A}:role/aws-service-role/x.amazonaws.com/X",)),
    Principal(PrincipalKind.ROLE_SESSION, B, f"arn:aws:sts::{B}:assumed-role/r/s", direct=(f"arn:aws:sts::{B}:assumed-role/r/s",), through=(f"arn:aws:iam::{B}:role/r",)),
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
ARN_WANTED = ["${k1}", "${none}", f"${{none, '{APP}'}}", "arn:${k1}", "${k1}:x", "${k1}*", "arn:aws:iam::${k1}", "arn:aws:iam::${k1}:role/app",
              "arn:aws:s3:::${k1}", "${many}", "arn:${none}", "${*}", APP, "arn:aws:iam::*:role/a?p", "arn:aws:s3:*", "${k1"]  # fmt: skip
"""Values of Arn operators: with a variable for all of it, for some parts, within one part; with none."""
ARN_FOUND = [
    APP,
    ALICE,
    "aws:iam::111111111111:role/app",
    A,
    f"{A}:role/app",
    "arn:aws:iam::*:role/a?p",
    "arn:aws:iam",
    "app",
    "*",
    "",
    ":::::",
]
"""What stands for these variables, and what requests hold."""
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
        dates = ["2026", "1790000000", "2026-11-24T00:00:00Z"]
        texts = st.sampled_from(dates if "Date" in operator else ARN_WANTED if "Arn" in operator else TEXTS)
        block[operator] = draw(
            st.dictionaries(st.sampled_from(KEYS[1:]), st.lists(texts, max_size=3), min_size=1, max_size=2)
        )
    return block


@st.composite
def statements(draw: st.DrawFn, *, principal: bool, trust: bool = False) -> dict[str, Any]:
    statement: dict[str, Any] = {"Effect": draw(st.sampled_from(["Allow", "Allow", "Allow", "Allow", "Deny"]))}
    patterns = [a for a in ACTION_PATTERNS if a.startswith("sts:")] if trust else ["*", "*", "*", *ACTION_PATTERNS]
    action = "Action" if trust else draw(st.sampled_from(["Action", "Action", "Action", "NotAction"]))
    statement[action] = draw(st.lists(st.sampled_from(patterns), min_size=1, max_size=2))
    if not trust:
        resource = draw(st.sampled_from(["Resource", "Resource", "Resource", "NotResource"]))
        listed = ["*", "*", "*", "*", *RESOURCE_PATTERNS] if resource == "Resource" else RESOURCE_PATTERNS[1:]
        statement[resource] = draw(st.lists(st.sampled_from(listed), min_size=1, max_size=2))
    if principal:
        element = "Principal" if trust else draw(st.sampled_from(["Principal", "Principal", "NotPrincipal"]))
        names = draw(st.one_of(st.just("*"), st.lists(st.sampled_from(NAMES), min_size=1, max_size=4)))
        statement[element] = names if isinstance(names, str) else grouped(names)
    if draw(st.sampled_from([False, False, True])):
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
    old_too = resource_based or grammar is Grammar.SESSION
    made = draw(st.lists(statements(principal=resource_based, trust=trust), min_size=1, max_size=3))
    if grammar is Grammar.RESOURCE_CONTROL:
        for statement in made:
            statement.pop("NotAction", None)
            statement |= {
                "Effect": "Deny",
                "Principal": "*",
                "Action": draw(st.sampled_from(["s3:*", "s3:Get*", "sts:*"])),
            }
    versions = ["2012-10-17", "2012-10-17", "2008-10-17"] if old_too else ["2012-10-17"]
    text = json.dumps({"Version": draw(st.sampled_from(versions)), "Statement": made})
    if grammar in (Grammar.SERVICE_CONTROL, Grammar.RESOURCE_CONTROL):  # they take no ARN that is cut short
        text = text.replace('"arn:aws:fdsasf"', '"arn:aws:fdsasf:*"')
    return parse(text, grammar)


@st.composite
def compiled(draw: st.DrawFn, grammar: Grammar, least: int = 0) -> CompiledLayer:
    found = draw(st.lists(policies(grammar), min_size=least, max_size=2))
    return compile_layer(
        [Source(policy, f"p{i}", f"arn:aws:iam::{A}:policy/p{i}" if i else None) for i, policy in enumerate(found)]
    )


def levels(grammar: Grammar) -> st.SearchStrategy[tuple[CompiledLayer, ...]]:
    """None, one, or three levels of an organization."""
    level = compiled(grammar, 1)
    return st.one_of(st.just(()), st.just(()), st.tuples(level), st.tuples(level, level, level))


@st.composite
def worlds(draw: st.DrawFn) -> Layers:
    trust = draw(st.booleans())
    own = Grammar.TRUST if trust else Grammar.ENDPOINT
    return Layers(
        identity=draw(st.one_of(st.none(), compiled(Grammar.IDENTITY))),
        boundary=draw(st.one_of(st.none(), st.none(), compiled(Grammar.IDENTITY))),
        session=draw(st.one_of(st.none(), st.none(), compiled(Grammar.SESSION))),
        resource=draw(st.one_of(st.none(), compiled(own))),
        resource_is_trust=trust,
        resource_must_allow=trust or draw(st.booleans()),
        endpoint=draw(st.one_of(st.none(), st.none(), compiled(Grammar.ENDPOINT))),
        service_control=draw(levels(Grammar.SERVICE_CONTROL)),
        resource_control=draw(levels(Grammar.RESOURCE_CONTROL)),
    )


@st.composite
def contexts(draw: st.DrawFn) -> dict[str, Any]:
    one = st.sampled_from(TEXTS) | st.sampled_from(ARN_FOUND)
    context: dict[str, Any] = draw(st.dictionaries(st.sampled_from(["k1", "k2", "aws:username"]), one, max_size=3))
    if draw(st.booleans()):
        context["many"] = tuple(draw(st.lists(one, max_size=3)))
    return context


@st.composite
def requests(draw: st.DrawFn) -> AccessRequest:
    """Near to the policies: drawn from the names they use."""
    return AccessRequest(
        draw(st.sampled_from(CALLERS)),
        draw(st.sampled_from(ACTIONS)),
        draw(st.sampled_from(RESOURCES)),
        draw(st.sampled_from([A, A, B])),
        draw(contexts()),
    )


@st.composite
def questions(draw: st.DrawFn) -> list[AccessRequest]:
    """Every caller, asking for two actions on resources of either account."""
    asked = [(draw(st.sampled_from(ACTIONS)), draw(st.sampled_from(RESOURCES)), draw(contexts())) for _ in range(2)]
    return [
        AccessRequest(caller, action, resource, account, context)
        for caller, (action, resource, context), account in product(CALLERS, asked, (A, B))
    ]


def bound(world: Layers, request: AccessRequest) -> Layers:
    """The world as an organization binds this caller: account B manages it."""
    organization = ControlPolicies(
        B, dict.fromkeys((A, B), world.service_control), dict.fromkeys((A, B), world.resource_control)
    )
    service_control, resource_control = organization.over(request.principal, request.resource_account)
    return replace(world, service_control=service_control, resource_control=resource_control)
