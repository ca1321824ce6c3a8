"""Cases for the comparison with another policy engine: made by chance, from names that meet often.

A case is what the other engine takes (a *simulation*), and what ours takes, made from the same documents.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from daypass.policy import (
    AccessRequest,
    CompiledLayer,
    Grammar,
    Layers,
    Principal,
    PrincipalKind,
    Source,
    compile_layer,
    parse,
)

if TYPE_CHECKING:
    from random import Random

A, B = "111122223333", "444455556666"
ALICE, APP, B_X, B_R = (
    f"arn:aws:iam::{A}:user/alice",
    f"arn:aws:iam::{A}:role/app",
    f"arn:aws:iam::{B}:user/x",
    f"arn:aws:iam::{B}:role/r",
)
APP_SESSION, B_SESSION = f"arn:aws:sts::{A}:assumed-role/app/s1", f"arn:aws:sts::{B}:assumed-role/r/s"
ROOT, FEDERATED = f"arn:aws:iam::{A}:root", f"arn:aws:sts::{A}:federated-user/alice"
TRAIL = "cloudtrail.amazonaws.com"
CALLERS = {
    ALICE: Principal(PrincipalKind.USER, A, ALICE, direct=(ALICE,)),
    APP_SESSION: Principal(PrincipalKind.ROLE_SESSION, A, APP_SESSION, direct=(APP_SESSION,), through=(APP,)),
    ROOT: Principal(PrincipalKind.ROOT, A, ROOT, direct=(ROOT, A)),
    FEDERATED: Principal(PrincipalKind.FEDERATED_USER, A, FEDERATED, direct=(FEDERATED,), through=(ALICE,)),
    B_X: Principal(PrincipalKind.USER, B, B_X, direct=(B_X,)),
    B_SESSION: Principal(PrincipalKind.ROLE_SESSION, B, B_SESSION, direct=(B_SESSION,), through=(B_R,)),
    "anonymous": Principal(PrincipalKind.ANONYMOUS, "", "anonymous"),
    TRAIL: Principal(PrincipalKind.SERVICE, "", TRAIL, service=TRAIL),
}  # fmt: skip
PRINCIPAL_ARNS = {ALICE: ALICE, APP_SESSION: APP, ROOT: ROOT, FEDERATED: FEDERATED, B_X: B_X, B_SESSION: B_R}
ASKED = [
    ("s3:GetObject", "arn:aws:s3:::box/k"),
    ("s3:GetObject", "arn:aws:s3:::box/alice/x"),
    ("s3:GetObject", "arn:aws:s3:::box/a:b"),
    ("s3:PutObject", "arn:aws:s3:::box/k"),
    ("s3:ListBucket", "arn:aws:s3:::box"),
    ("sqs:SendMessage", f"arn:aws:sqs:eu-west-1:{A}:queue"),
    ("sns:Publish", f"arn:aws:sns:eu-west-1:{A}:topic"),
    ("sts:AssumeRole", f"arn:aws:iam::{A}:role/target"),
]
ACTIONS = [
    "*",
    "s3:*",
    "S3:get*",
    "s3:?etObject",
    "s3:GetObject",
    "s3:List*",
    "sqs:*",
    "sns:publish",
    "sts:*",
    "sts:AssumeRole",
]
RESOURCES = [
    "*", "arn:aws:s3:::box", "arn:aws:s3:::box*", "arn:aws:s3:::box/*", "arn:aws:s3:::*/k", "arn:aws:s3:::box/?", "arn:aws:s3:::box/A*",
    "arn:aws:s3:::box/${*}", "arn:aws:s3:::box/${aws:username}/*", "arn:aws:s3:::box/${aws:PrincipalTag/t, 'k'}", "arn:aws:s3:::box/a:*",
    "arn:aws:s3:::*b*", f"arn:aws:sqs:*:{A}:*", "arn:aws:sqs:eu-*:*:queue", "arn:aws:sns:*:*:top?c", f"arn:aws:iam::{A}:role/*", "arn:aws:iam::*:role/target",
]  # fmt: skip
NAMES = [
    ("AWS", A), ("AWS", f"arn:aws:iam::{B}:root"), ("AWS", ALICE), ("AWS", APP), ("AWS", APP_SESSION), ("AWS", B_X), ("AWS", B_R),
    ("AWS", B_SESSION), ("AWS", "*"), ("Service", TRAIL),
]  # fmt: skip
TEXTS = [
    "",
    "a",
    "A",
    "alice",
    "a*",
    "?",
    "*",
    "abc",
    "${aws:username}",
    "${aws:PrincipalTag/none}",
    "${aws:PrincipalTag/t, 'a'}",
    "${*}",
]
NUMBERS, DATES = (
    ["9", "10", "10.0", "-1", "100"],
    ["2026-11-24", "2026-11-24T00:00:00Z", "1790000000", "2026-11-24T01:00:00+01:00", "2027-01-01T00:00:00Z"],
)
NETWORKS, ADDRESSES = (
    ["10.0.0.0/8", "10.0.0.1", "192.0.2.0/24", "2001:db8::/32", "::/0"],
    ["10.0.0.1", "10.9.9.9", "192.0.2.7", "2001:db8::1"],
)
ARNS = [
    APP,
    "arn:aws:iam::*:role/a?p",
    f"arn:aws:iam::{A}:*",
    ALICE,
    "arn:aws:s3:::box",
    "arn:*:iam::*:*",
    "arn:aws:iam::*:user/${aws:username}",
]
FAMILIES: dict[str, tuple[list[str], list[str], list[str]]] = {
    "String": (["StringEquals", "StringNotEquals", "StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase", "StringLike", "StringNotLike"],
               ["aws:PrincipalTag/t", "aws:RequestTag/T", "aws:userid", "aws:TagKeys"], TEXTS),
    "Numeric": ([f"Numeric{c}" for c in ("Equals", "NotEquals", "LessThan", "LessThanEquals", "GreaterThan", "GreaterThanEquals")],
                ["aws:MultiFactorAuthAge"], NUMBERS),
    "Date": ([f"Date{c}" for c in ("Equals", "NotEquals", "LessThan", "LessThanEquals", "GreaterThan", "GreaterThanEquals")],
             ["aws:CurrentTime", "aws:TokenIssueTime"], DATES),
    "Bool": (["Bool"], ["aws:SecureTransport", "aws:MultiFactorAuthPresent"], ["true", "false", "TRUE"]),
    "Ip": (["IpAddress", "NotIpAddress"], ["aws:SourceIp", "aws:VpcSourceIp"], NETWORKS),
    "Arn": (["ArnEquals", "ArnLike", "ArnNotEquals", "ArnNotLike"], ["aws:PrincipalArn", "aws:SourceArn"], ARNS),
    "Null": (["Null"], ["aws:PrincipalTag/t", "aws:TagKeys", "aws:TokenIssueTime"], ["true", "false"]),
}  # fmt: skip


@dataclass(frozen=True)
class Case:
    """One question, for either engine."""

    simulation: dict[str, Any]
    layers: Layers
    request: AccessRequest

    def __str__(self) -> str:
        return json.dumps(self.simulation)


def context(random: Random, caller: str) -> dict[str, Any]:
    """The condition keys of a request; those of a caller are what AWS would supply."""
    keys: dict[str, Any] = {"aws:SecureTransport": random.choice(["true", "false"])}
    if caller in PRINCIPAL_ARNS:
        keys["aws:PrincipalArn"] = PRINCIPAL_ARNS[caller]
        keys["aws:userid"] = random.choice(["a", "abc", "alice"])
    if caller == ALICE:
        keys["aws:username"] = "alice"
    maybe = {
        "aws:PrincipalTag/t": ["", "a", "A", "k", "alice", "a*", "*"],
        "aws:RequestTag/t": ["a", "abc", "alice"],
        "aws:MultiFactorAuthAge": ["9", "10", "11"],
        "aws:MultiFactorAuthPresent": ["true", "false"],
        "aws:CurrentTime": ["2026-11-24T00:00:00Z", "2026-12-24T00:00:00Z"],
        "aws:TokenIssueTime": ["2026-11-24T00:00:00Z", "2026-10-24T00:00:00Z"],
        "aws:SourceIp": ADDRESSES,
        "aws:VpcSourceIp": ADDRESSES[:2],
        "aws:SourceArn": ["arn:aws:s3:::box", f"arn:aws:iam::{A}:role/app"],
    }
    keys |= {key: random.choice(values) for key, values in maybe.items() if random.random() < 0.5}
    if random.random() < 0.5:
        keys["aws:TagKeys"] = random.sample(["a", "A", "abc", "b"], random.randint(1, 3))
    return keys


def conditions(random: Random) -> dict[str, Any]:
    block: dict[str, Any] = {}
    for _ in range(random.choice([0, 1, 1, 2])):
        family = random.choice(list(FAMILIES))
        operators, keys, values = FAMILIES[family]
        operator, key = random.choice(operators), random.choice(keys)
        if family != "Null":
            operator = random.choice(["", "", "", "IfExists"]).join([operator, ""])
            many = key == "aws:TagKeys"
            operator = (
                random.choice(
                    ["ForAllValues:", "ForAnyValue:"] if many else ["", "", "", "", "ForAllValues:", "ForAnyValue:"]
                )
                + operator
            )
        chosen = random.sample(values, random.choice([1, 1, 2])) if family != "Null" else [random.choice(values)]
        block.setdefault(operator, {})[key] = chosen if len(chosen) > 1 else chosen[0]
    return block


def statement(random: Random, *, names: bool | str, trust: bool = False, denies: float = 0.2) -> dict[str, Any]:
    made: dict[str, Any] = {"Effect": "Deny" if random.random() < denies else "Allow"}
    actions = ["sts:*", "sts:AssumeRole", "sts:Assume*", "sts:TagSession"] if trust else ACTIONS
    negated = not trust and random.random() < 0.15
    made["NotAction" if negated else "Action"] = (
        ["*"] if not trust and not negated and random.random() < 0.4 else some_of(random, actions)
    )
    if not trust:
        negated = random.random() < 0.15
        made["NotResource" if negated else "Resource"] = (
            ["*"] if not negated and random.random() < 0.4 else some_of(random, RESOURCES)
        )
    if names:
        everyone = names == "everyone" or random.random() < 0.3
        made["Principal"] = "*" if everyone else _grouped(random.sample(NAMES, random.choice([1, 1, 2])))
    if random.random() < 0.5:
        made["Condition"] = conditions(random)
    return made


def some_of(random: Random, values: list[str]) -> list[str]:
    return random.sample(values, random.choice([1, 1, 2]))


def _grouped(names: list[tuple[str, str]]) -> dict[str, list[str]]:
    element: dict[str, list[str]] = {}
    for kind, value in names:
        element.setdefault(kind, []).append(value)
    return element


def document(random: Random, **kind: Any) -> dict[str, Any]:
    return {
        "Version": "2012-10-17",
        "Statement": [statement(random, **kind) for _ in range(random.choice([1, 1, 2, 3]))],
    }


def case(random: Random) -> Case:
    """One case. Layers that only accounts' principals have are left out for others."""
    caller = random.choice(list(CALLERS))
    action, resource = random.choice(ASKED)
    trust = action == "sts:AssumeRole"
    own = caller in PRINCIPAL_ARNS
    wide = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}

    def some(chance: float, **kind: Any) -> list[dict[str, Any]]:
        made = [document(random, names=False, **kind) for _ in range(random.choice([1, 1, 2]))]
        return made if random.random() < chance else []

    bound = own and caller != ROOT
    identity = some(0.8) if bound else []
    boundary = some(0.25)[:1] if bound else []
    session = some(0.3)[:1] if caller in (APP_SESSION, B_SESSION) else []
    session = session or [document(random, names=False)] if caller == FEDERATED else session
    scps = [[*some(0.5), wide] for _ in range(random.choice([0, 0, 1, 2]))] if own else []
    if scps and random.random() < 0.3:
        scps[-1] = [document(random, names=False)]
    rcps = [[_rcp(random)] for _ in range(random.choice([0, 0, 0, 1]))]
    endpoint = [document(random, names="everyone", denies=0.1)] if random.random() < 0.15 else []
    policy = document(random, names=True, trust=trust) if trust or random.random() < 0.6 else None
    keys = context(random, caller)
    simulation = {
        "request": {
            "principal": {"type": "Anonymous"} if caller == "anonymous" else caller,
            "action": action,
            "resource": {"resource": resource, "accountId": A},
            "contextVariables": keys,
        },
        "identityPolicies": _named(
            [wide] if caller == ROOT else identity
        ),  # they have no root user: he may, by a policy
        "serviceControlPolicies": [
            {"orgIdentifier": f"ou-{n}", "policies": _named(level)} for n, level in enumerate(scps)
        ],
        "resourceControlPolicies": [
            {"orgIdentifier": f"ou-{n}", "policies": _named(level)} for n, level in enumerate(rcps)
        ],
    }
    simulation |= {"resourcePolicy": policy} if policy else {}
    simulation |= {"permissionBoundaryPolicies": _named(boundary)} if boundary else {}
    simulation |= {"sessionPolicy": session[0]} if session else {}
    simulation |= {"vpcEndpointPolicies": _named(endpoint)} if endpoint else {}
    layers = Layers(
        identity=_layer(identity, Grammar.IDENTITY) if bound else None,
        boundary=_layer(boundary, Grammar.IDENTITY) if boundary else None,
        session=_layer(session, Grammar.SESSION) if session else None,
        resource=None if policy is None else _layer([policy], Grammar.TRUST if trust else Grammar.ENDPOINT),
        resource_is_trust=trust,
        resource_must_allow=trust,
        endpoint=_layer(endpoint, Grammar.ENDPOINT) if endpoint else None,
        service_control=tuple(_layer(level, Grammar.SERVICE_CONTROL) for level in scps),
        resource_control=tuple(_layer(level, Grammar.RESOURCE_CONTROL) for level in rcps),
    )
    folded = {key.lower(): tuple(value) if isinstance(value, list) else value for key, value in keys.items()}
    return Case(simulation, layers, AccessRequest(CALLERS[caller], action, resource, A, folded))


def _rcp(random: Random) -> dict[str, Any]:
    made = statement(random, names=False)
    made.pop("NotAction", None)
    made |= {
        "Effect": "Deny",
        "Principal": "*",
        "Action": some_of(random, ["s3:*", "s3:Get*", "sqs:*", "sts:AssumeRole"]),
    }
    return {"Version": "2012-10-17", "Statement": [made]}


def _named(documents: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{"name": f"p{number}", "policy": each} for number, each in enumerate(documents)]


def _layer(documents: list[dict[str, Any]], grammar: Grammar) -> CompiledLayer:
    return compile_layer(
        [Source(parse(json.dumps(each), grammar), f"p{number}") for number, each in enumerate(documents)]
    )
