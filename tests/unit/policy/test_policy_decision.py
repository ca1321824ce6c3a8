"""How layers come together, what is said about it, and what happens when the engines disagree."""

from __future__ import annotations

import itertools
import json
from dataclasses import replace
from typing import Any

import pytest

from daypass.policy import (
    AccessRequest,
    Allow,
    CompiledLayer,
    ExplicitDeny,
    Failure,
    Grammar,
    ImplicitDeny,
    Layer,
    Layers,
    Matched,
    Principal,
    PrincipalKind,
    Source,
    because,
    compile_layer,
    decide,
    obvious,
    obvious_decide,
    parse,
)
from daypass.policy.compiled import evaluate

A, B = "111111111111", "222222222222"
USER = f"arn:aws:iam::{A}:user/alice"
ROLE, SESSION = f"arn:aws:iam::{A}:role/app", f"arn:aws:sts::{A}:assumed-role/app/s1"
MANAGED = f"arn:aws:iam::{A}:policy/P"
ALICE = Principal(PrincipalKind.USER, A, USER, direct=(USER,))
SESSION_CALLER = Principal(PrincipalKind.ROLE_SESSION, A, SESSION, direct=(SESSION,), through=(ROLE,))
CALLERS = [
    ALICE,
    SESSION_CALLER,
    Principal(PrincipalKind.ROOT, A, f"arn:aws:iam::{A}:root"),
    Principal(PrincipalKind.SERVICE, "", "s.amazonaws.com", service="s.amazonaws.com"),
    Principal(PrincipalKind.ANONYMOUS, "", "anonymous"),
    Principal(PrincipalKind.WEB_IDENTITY, "", "sub"),
]


def layer(
    *statements: dict[str, Any], grammar: Grammar = Grammar.IDENTITY, name: str = "p", arn: str | None = None
) -> CompiledLayer:
    text = json.dumps(
        {"Version": "2012-10-17", "Statement": [{"Action": "*", "Resource": "*", **s} for s in statements]}
    )
    return compile_layer([Source(parse(text, grammar), name, arn)])


ALLOWING, DENYING = layer({"Effect": "Allow"}), layer({"Effect": "Deny"}, arn=MANAGED)
SILENT = compile_layer([])
GRANTS = {
    grant: layer({"Effect": "Allow", "Principal": principal}, grammar=Grammar.ENDPOINT)
    for grant, principal in {
        "direct": "*",
        "through": {"AWS": ROLE},
        "account": {"AWS": A},
        "other": {"AWS": B},
    }.items()
} | {"deny": layer({"Effect": "Deny", "Principal": "*"}, grammar=Grammar.ENDPOINT), "none": None}


def ask(principal: Principal = ALICE, account: str = A, context: Any = None) -> AccessRequest:
    return AccessRequest(principal, "s3:GetObject", "arn:aws:s3:::b/k", account, context or {})


def test_the_engines_combine_every_constellation_alike() -> None:
    """Constant layers, four kinds of caller, same and other account, resource that must allow or not: some 18,000 cases."""
    states = (None, SILENT, ALLOWING, DENYING)
    outcomes = set()
    for identity, boundary, session in itertools.product(states, repeat=3):
        for resource, control, must in itertools.product(GRANTS.values(), ((), (SILENT,), (ALLOWING,)), (False, True)):
            layers = Layers(identity, boundary, session, resource, must, must, service_control=control)
            for caller, account in itertools.product(CALLERS[:4], (A, B)):
                request = ask(caller, account)
                decision = evaluate(layers, request)
                assert decision == obvious_decide(layers, request)
                outcomes.add(str(decision))
    assert len(outcomes) > 40


@pytest.mark.parametrize("caller", CALLERS, ids=lambda caller: caller.kind.value)
def test_an_explicit_deny_wins_wherever_it_stands(caller: Principal) -> None:
    everything = Layers(
        identity=ALLOWING,
        boundary=ALLOWING,
        session=ALLOWING,
        resource=GRANTS["direct"],
        endpoint=GRANTS["direct"],
        service_control=(ALLOWING, ALLOWING),
    )
    denying = GRANTS["deny"]
    assert denying is not None
    for deny in (
        {"identity": DENYING},
        {"boundary": DENYING},
        {"session": DENYING},
        {"resource": denying},
        {"endpoint": denying},
        {"service_control": (ALLOWING, DENYING)},
        {"resource_control": (denying,)},
    ):
        assert isinstance(decide(replace(everything, **deny), ask(caller)), ExplicitDeny)


def test_layers_are_named_in_aws_order() -> None:
    denying = GRANTS["deny"]
    layers = Layers(
        DENYING, DENYING, DENYING, denying, endpoint=denying, service_control=(DENYING,), resource_control=(denying,)
    )  # type: ignore[arg-type]
    decision = decide(layers, ask())
    assert isinstance(decision, ExplicitDeny)
    assert [matched.layer for matched in decision.by] == [
        Layer.SERVICE_CONTROL,
        Layer.RESOURCE_CONTROL,
        Layer.ENDPOINT,
        Layer.RESOURCE,
        Layer.IDENTITY,
        Layer.BOUNDARY,
        Layer.SESSION,
    ]
    silent = Layers(SILENT, SILENT, SILENT, endpoint=SILENT, service_control=(SILENT,))
    assert decide(silent, ask(account=B)) == ImplicitDeny(
        (Layer.SERVICE_CONTROL, Layer.ENDPOINT, Layer.IDENTITY, Layer.BOUNDARY, Layer.SESSION, Layer.RESOURCE)
    )


def test_every_level_of_an_organization_must_allow() -> None:
    assert isinstance(decide(Layers(ALLOWING, service_control=(ALLOWING, ALLOWING)), ask()), Allow)
    for levels in ((SILENT, ALLOWING), (ALLOWING, SILENT)):
        assert decide(Layers(ALLOWING, service_control=levels), ask()) == ImplicitDeny((Layer.SERVICE_CONTROL,))


def test_a_resource_control_policy_neither_grants_nor_is_silent() -> None:
    allow = layer({"Effect": "Allow", "Principal": "*"}, grammar=Grammar.RESOURCE_CONTROL)
    assert decide(Layers(resource_control=(allow,)), ask()) == ImplicitDeny((Layer.IDENTITY,))
    assert decide(Layers(ALLOWING, resource_control=(SILENT,)), ask()) == Allow(
        (Matched(Layer.IDENTITY, "p", None, 0, None),)
    )


def test_a_grant_without_a_principal_is_none() -> None:
    """A document of the wrong kind in the resource's place gives nothing to anybody, but its Deny holds."""
    assert decide(Layers(resource=ALLOWING), ask()) == ImplicitDeny((Layer.IDENTITY,))
    assert decide(Layers(ALLOWING, resource=ALLOWING), ask(account=B)) == ImplicitDeny((Layer.RESOURCE,))
    assert isinstance(decide(Layers(ALLOWING, resource=DENYING), ask()), ExplicitDeny)


def test_who_owns_nothing_known_is_not_in_the_same_account() -> None:
    assert decide(Layers(ALLOWING), ask(account="")) == ImplicitDeny((Layer.RESOURCE,))


def test_a_root_user_with_a_session_layer_is_held_to_it() -> None:
    root = CALLERS[2]
    assert isinstance(decide(Layers(), ask(root)), Allow)
    assert decide(Layers(session=SILENT), ask(root)) == ImplicitDeny((Layer.SESSION,))
    assert decide(Layers(), ask(root, B)) == ImplicitDeny((Layer.RESOURCE,))


def test_an_allow_names_the_statements_that_gave_it() -> None:
    identity = layer({"Effect": "Allow", "Action": "ec2:*"}, {"Effect": "Allow", "Sid": "Read"}, arn=MANAGED)
    assert decide(Layers(identity, resource=GRANTS["direct"]), ask()) == Allow(
        (Matched(Layer.RESOURCE, "p", None, 0, None), Matched(Layer.IDENTITY, "p", MANAGED, 1, "Read"))
    )


def test_what_cannot_be_told_is_no_allow_but_is_a_deny() -> None:
    odd = {"Condition": {"NumericLessThan": {"k": "10"}}}
    context = {"k": "many"}
    assert isinstance(decide(Layers(layer({"Effect": "Allow", **odd})), ask(context=context)), ImplicitDeny)
    both = layer({"Effect": "Allow"}, {"Effect": "Deny", **odd})
    assert isinstance(decide(Layers(both), ask(context=context)), ExplicitDeny)
    assert isinstance(decide(Layers(both), ask(context={"k": "11"})), Allow)


@pytest.mark.parametrize(
    ("matched", "clause"),
    [
        (Matched(Layer.IDENTITY, "p", None, 0, None), "with an explicit deny in an identity-based policy"),
        (Matched(Layer.IDENTITY, "p", MANAGED, 0, None), f"with an explicit deny in an identity-based policy: {MANAGED}"),
        (Matched(Layer.BOUNDARY, "p", MANAGED, 0, None), f"with an explicit deny in a permissions boundary: {MANAGED}"),
        (Matched(Layer.SESSION, "p", None, 0, None), "with an explicit deny in a session policy"),
        (Matched(Layer.RESOURCE, "b", "arn:aws:s3:::b", 0, None), "with an explicit deny in a resource-based policy"),
        (Matched(Layer.TRUST, "r", ROLE, 0, None), "with an explicit deny in the role trust policy"),
        (Matched(Layer.ENDPOINT, "e", None, 0, None), "with an explicit deny in a VPC endpoint policy"),
        (Matched(Layer.SERVICE_CONTROL, "s", "arn:scp", 0, None), "with an explicit deny in a service control policy: arn:scp"),
        (Matched(Layer.RESOURCE_CONTROL, "s", None, 0, None), "with an explicit deny in a resource control policy"),
    ],
)  # fmt: skip
def test_an_explicit_deny_closes_in_aws_words(matched: Matched, clause: str) -> None:
    assert because(ExplicitDeny((matched, Matched(Layer.SESSION, "x", None, 0, None))), "s3:GetObject") == clause


@pytest.mark.parametrize(("named", "words"), [(layer, layer.value) for layer in Layer])
def test_an_implicit_deny_closes_in_aws_words(named: Layer, words: str) -> None:
    clause = because(ImplicitDeny((named, Layer.SESSION)), "s3:GetObject")
    assert clause == f"because no {words} allows the s3:GetObject action"


def test_a_refusal_explains_the_first_part_of_each_statement_that_failed() -> None:
    identity = compile_layer(
        [
            Source(
                parse(
                    json.dumps(
                        {
                            "Version": "2012-10-17",
                            "Statement": [
                                {"Effect": "Allow", "Action": "ec2:*", "Resource": "*"},
                                {"Effect": "Allow", "NotAction": "s3:*", "Resource": "*"},
                                {"Effect": "Allow", "Action": "*", "Resource": "arn:aws:s3:::c/*"},
                                {
                                    "Effect": "Allow",
                                    "Action": "*",
                                    "Resource": "*",
                                    "Condition": {
                                        "StringEquals": {"aws:PrincipalTag/Team": ["a", "b"], "x": "y"},
                                        "Bool": {"m": "true"},
                                    },
                                },
                            ],
                        }
                    ),
                    Grammar.IDENTITY,
                ),
                "p",
            )
        ]
    )
    resource = layer({"Effect": "Allow", "Principal": {"AWS": B}}, grammar=Grammar.ENDPOINT)
    decision = decide(Layers(identity, resource=resource), ask(context={"aws:principaltag/team": "c", "m": "true"}))
    assert isinstance(decision, ImplicitDeny)
    assert [(examined.where.layer, examined.failures) for examined in decision.explanation] == [
        (Layer.RESOURCE, (Failure("Principal", (f"AWS:{B}",), USER),)),
        (Layer.IDENTITY, (Failure("Action", ("ec2:*",), "s3:GetObject"),)),
        (Layer.IDENTITY, (Failure("NotAction", ("s3:*",), "s3:GetObject"),)),
        (Layer.IDENTITY, (Failure("Resource", ("arn:aws:s3:::c/*",), "arn:aws:s3:::b/k"),)),
        (
            Layer.IDENTITY,
            (
                Failure("Condition", ("a", "b"), "c", "StringEquals", "aws:PrincipalTag/Team"),
                Failure("Condition", ("y",), None, "StringEquals", "x"),
            ),
        ),
    ]


@pytest.mark.parametrize("second", [Allow(()), ExplicitDeny((Matched(Layer.SESSION, "x", None, 0, None),))])
def test_engines_that_disagree_refuse_and_say_so(second: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(obvious, "obvious_decide", lambda _layers, _request: second)
    decision = decide(Layers(SILENT), ask())
    assert isinstance(decision, ImplicitDeny)
    assert decision.disagreed
    monkeypatch.undo()
    agreed = decide(Layers(SILENT), ask())
    assert isinstance(agreed, ImplicitDeny)
    assert not agreed.disagreed


def test_a_layer_forgets_actions_before_it_remembers_too_many() -> None:
    identity = layer({"Effect": "Allow", "Action": "s3:*"})
    for number in range(2_000):
        assert len(identity.candidates(f"s3:Action{number}", "*", ALICE)) == 1
        assert not identity.candidates(f"ec2:Action{number}", "*", ALICE)
    assert len(identity._remembered) <= 512


def test_actions_ignore_case_in_both_parts() -> None:
    identity = layer({"Effect": "Allow", "Action": "S3:gETo*"})
    assert isinstance(decide(Layers(identity), ask()), Allow)


@pytest.mark.parametrize(("effect", "kind"), [("Allow", ImplicitDeny), ("Deny", ExplicitDeny)])
def test_a_not_resource_list_with_an_unknown_variable_helps_no_allow_and_spares_from_no_deny(
    effect: str, kind: type[ImplicitDeny | ExplicitDeny]
) -> None:
    statement = {"Effect": effect, "Action": "*", "NotResource": "arn:aws:s3:::b/${aws:username}/*"}
    text = json.dumps({"Version": "2012-10-17", "Statement": statement})
    layers = Layers(compile_layer([Source(parse(text, Grammar.IDENTITY), "p")]))
    decision = decide(layers, ask())
    assert isinstance(decision, kind)
    assert not decision.disagreed
    known = evaluate(layers, ask(context={"aws:username": "alice"}))
    assert known == obvious_decide(layers, ask(context={"aws:username": "alice"}))
    assert isinstance(known, Allow if effect == "Allow" else ExplicitDeny)


def test_the_engines_agree_on_resources_that_are_no_arns() -> None:
    for resource in ("*", "user/alice", "arn:aws:s3", ""):
        request = replace(ask(), resource=resource)
        for pattern in ("arn:aws:s3:::b", "arn:*:s3:::b", "arn:aws:s3", "*"):
            layers = Layers(layer({"Effect": "Allow", "Resource": pattern}))
            assert evaluate(layers, request) == obvious_decide(layers, request)
            assert isinstance(evaluate(layers, request), Allow) is (pattern == "*")


@pytest.mark.parametrize(
    ("pattern", "fits"), [("arn:aws:s3", False), ("arn:aws:s3*", True), ("arn:aws:s3:::b/*", True)]
)
def test_the_engines_agree_on_short_arns_of_resource_based_policies(pattern: str, fits: bool) -> None:
    layers = Layers(
        resource=layer({"Effect": "Allow", "Principal": "*", "Resource": pattern}, grammar=Grammar.ENDPOINT)
    )
    assert evaluate(layers, ask()) == obvious_decide(layers, ask())
    assert isinstance(evaluate(layers, ask()), Allow) is fits
