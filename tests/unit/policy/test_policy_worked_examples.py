"""Every row of the tables of worked examples, through both engines."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from policytables import LAYERS, MANAGEMENT, NAMES, A, B, Example, Written, examples, text_of

from daypass.policy import (
    AccessRequest,
    Allow,
    CompiledLayer,
    ControlPolicies,
    Decision,
    ExplicitDeny,
    Grammar,
    Layer,
    Layers,
    Principal,
    PrincipalKind,
    Source,
    compile_layer,
    decide,
    obvious_decide,
    parse,
)
from daypass.policy.compiled import evaluate

if TYPE_CHECKING:
    from collections.abc import Iterable

WORDS = {
    Layer.IDENTITY: "identity",
    Layer.BOUNDARY: "boundary",
    Layer.SESSION: "session",
    Layer.RESOURCE: "resource",
    Layer.TRUST: "trust",
    Layer.ENDPOINT: "endpoint",
    Layer.SERVICE_CONTROL: "scp",
    Layer.RESOURCE_CONTROL: "rcp",
}
GRAMMARS = {
    "ID": Grammar.IDENTITY,
    "PB": Grammar.IDENTITY,
    "SP": Grammar.SESSION,
    "VPCE": Grammar.ENDPOINT,
    "RP": Grammar.BUCKET,
    "KP": Grammar.ENDPOINT,  # the grammar that takes any service's actions
    "TP": Grammar.TRUST,
    "SCP": Grammar.SERVICE_CONTROL,
    "RCP": Grammar.RESOURCE_CONTROL,
}


def name(word: str) -> str:
    return NAMES[word][1]


def user(arn: str, unique_id: str) -> Principal:
    return Principal(PrincipalKind.USER, arn.split(":")[4], arn, direct=(arn, unique_id))


def session(arn: str, role: str, role_id: str) -> Principal:
    named = (arn, f"{role_id}:{arn.rpartition('/')[2]}")
    return Principal(PrincipalKind.ROLE_SESSION, arn.split(":")[4], arn, direct=named, through=(role, role_id))


ROOT = f"arn:aws:iam::{A}:root"
LINKED = f"arn:aws:iam::{A}:role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS"
M_ADMIN = f"arn:aws:iam::{MANAGEMENT}:user/admin"
CALLERS: dict[str, tuple[Principal, dict[str, str]]] = {
    "alice": (user(name("alice"), "AIDAALICEALICEALICEAL"), {"aws:username": "alice", "aws:principalarn": name("alice")}),
    "root": (Principal(PrincipalKind.ROOT, A, ROOT, direct=(ROOT, A)), {"aws:principalarn": ROOT}),
    "app/s1": (session(name("app/s1"), name("app"), name("id of app")), {"aws:principalarn": name("app")}),
    "federated": (
        Principal(PrincipalKind.FEDERATED_USER, A, name("federated"), direct=(name("federated"),), through=(name("alice"),)),
        {"aws:principalarn": name("federated")},
    ),
    "linked": (
        session(f"arn:aws:sts::{A}:assumed-role/AWSServiceRoleForECS/ecs", LINKED, "AROALINKEDLINKEDLINKE"),
        {"aws:principalarn": LINKED},
    ),
    "M.admin": (user(M_ADMIN, "AIDAADMINADMINADMINAD"), {"aws:username": "admin", "aws:principalarn": M_ADMIN}),
    "B.x": (user(name("B.x"), "AIDABBBBBBBBBBBBBBBBB"), {"aws:username": "x", "aws:principalarn": name("B.x")}),
    "B.r/s1": (session(name("B.r/s1"), name("B.r"), "AROABRBRBRBRBRBRBRBRB"), {"aws:principalarn": name("B.r")}),
    "cloudtrail": (Principal(PrincipalKind.SERVICE, "", "cloudtrail", service="cloudtrail.amazonaws.com"), {}),
    "anonymous": (Principal(PrincipalKind.ANONYMOUS, "", "anonymous"), {"aws:userid": "anonymous"}),
    "token": (Principal(PrincipalKind.WEB_IDENTITY, "", "repo:o/r", federated=(name("oidc"),)), {}),
}  # fmt: skip


def compiled(policies: Iterable[Written]) -> CompiledLayer:
    found = [policy for policy in policies if policy.document["Statement"]]
    return compile_layer([Source(parse(text_of(p.document), GRAMMARS[p.layer]), p.layer) for p in found])


def levels(policies: list[Written]) -> tuple[CompiledLayer, ...]:
    names = dict.fromkeys(policy.level for policy in policies)
    return tuple(compiled(policy for policy in policies if policy.level == level) for level in names)


def layers(example: Example, principal: Principal, owner: str) -> Layers:
    def layer(*words: str) -> CompiledLayer | None:
        found = [policy for word in words for policy in example.of(word)]
        return compiled(found) if found else None

    service_control, resource_control = (levels(example.of(word)) for word in ("SCP", "RCP"))
    organization = ControlPolicies(
        MANAGEMENT,
        dict.fromkeys((A, MANAGEMENT), service_control),
        dict.fromkeys((A, MANAGEMENT), resource_control),
    )
    over_caller, over_resource = organization.over(principal, owner)
    return Layers(
        identity=layer("ID"),
        boundary=layer("PB"),
        session=layer("SP"),
        endpoint=layer("VPCE"),
        resource=layer("RP", "KP", "TP"),
        resource_is_trust=bool(example.of("TP")),
        resource_must_allow=bool(example.of("TP") or example.of("KP")),
        service_control=over_caller,
        resource_control=over_resource,
    )


def outcome(decision: Decision) -> str:
    if isinstance(decision, Allow):
        return "OK"
    explicit = isinstance(decision, ExplicitDeny)
    return f"{'ED' if explicit else 'ID'} {WORDS[decision.by[0].layer if explicit else decision.silent[0]]}"


@pytest.mark.parametrize("example", [e for e in examples() if e.result != "-"], ids=str)
def test_the_example_comes_out_as_aws_says(example: Example) -> None:
    principal, own = CALLERS[example.caller]
    owner = MANAGEMENT if principal.account == MANAGEMENT else A
    context = {**own, **{key.lower(): value for key, value in example.context.items()}}
    request = AccessRequest(principal, example.action, example.resource, owner, context)
    asked = layers(example, principal, owner)
    assert outcome(decide(asked, request)) == example.result
    assert evaluate(asked, request) == obvious_decide(asked, request)


def test_no_example_of_the_reference_is_left_out() -> None:
    assert {example.number for example in examples()} >= set(range(1, 136))


def test_a_table_that_cannot_be_read_is_an_error() -> None:
    assert len(LAYERS) == len(set(LAYERS))
    assert {example.caller for example in examples()} <= CALLERS.keys() | {"-"}
    assert {example.result.partition(" ")[0] for example in examples()} == {"OK", "ED", "ID", "-"}
    assert B not in (A, MANAGEMENT)
