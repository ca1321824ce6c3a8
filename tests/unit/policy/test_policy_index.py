"""What a decision costs, told in statements looked at: those that can match, however many there are."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from daypass.policy import (
    AccessRequest,
    Allow,
    CompiledLayer,
    ExplicitDeny,
    Grammar,
    ImplicitDeny,
    Layers,
    Principal,
    PrincipalKind,
    Source,
    compile_layer,
    parse,
)
from daypass.policy.compiled import CompiledStatement, evaluate
from daypass.policy.index import Beginnings

if TYPE_CHECKING:
    from collections.abc import Iterable

A, MANY = "111122223333", 1_000
ALICE_ARN, ROLE = f"arn:aws:iam::{A}:user/alice", f"arn:aws:iam::{A}:role/app"
ALICE = Principal(PrincipalKind.USER, A, ALICE_ARN, direct=(ALICE_ARN, "AIDAALICE"))


class Looked:
    """Counts which statements are compiled, and how often one is asked whether it applies."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.compiled = self.asked = 0
        make, applies = CompiledStatement.__init__, CompiledStatement.applies

        def made(statement: CompiledStatement, *of: Any) -> None:
            self.compiled += 1
            make(statement, *of)

        def asked(statement: CompiledStatement, *about: Any) -> Any:
            self.asked += 1
            return applies(statement, *about)

        monkeypatch.setattr(CompiledStatement, "__init__", made)
        monkeypatch.setattr(CompiledStatement, "applies", asked)


@pytest.fixture
def looked(monkeypatch: pytest.MonkeyPatch) -> Looked:
    return Looked(monkeypatch)


def layer(statements: Iterable[dict[str, Any]], grammar: Grammar = Grammar.IDENTITY) -> CompiledLayer:
    """In documents of 50 statements, as an identity's policies would be."""
    plain = {"Effect": "Allow", "Action": "s3:GetObject"}
    made = [plain | ({} if "NotResource" in each else {"Resource": "*"}) | each for each in statements]
    documents = [{"Version": "2012-10-17", "Statement": made[at : at + 50]} for at in range(0, len(made), 50)]
    return compile_layer([Source(parse(json.dumps(one), grammar), f"p{n}") for n, one in enumerate(documents)])


def ask(resource: str = "arn:aws:s3:::box/k", action: str = "s3:GetObject", who: Principal = ALICE) -> AccessRequest:
    return AccessRequest(who, action, resource, A, {"aws:username": "alice"})


def user(number: int) -> Principal:
    arn = f"arn:aws:iam::{A}:user/u{number}"
    return Principal(PrincipalKind.USER, A, arn, direct=(arn, f"AIDA{number}"))


def test_of_a_thousand_statements_about_one_action_those_on_the_resource_are_looked_at(looked: Looked) -> None:
    identity = layer({"Resource": f"arn:aws:s3:::bucket-{n}/${{aws:username}}/*"} for n in range(MANY))
    assert looked.compiled == 0
    assert isinstance(evaluate(Layers(identity), ask("arn:aws:s3:::bucket-700/alice/k")), Allow)
    assert isinstance(evaluate(Layers(identity), ask("arn:aws:s3:::bucket-7/bob/k")), ImplicitDeny)
    assert isinstance(evaluate(Layers(identity), ask("arn:aws:s3:::elsewhere/k")), ImplicitDeny)
    assert (looked.compiled, looked.asked) == (2, 2)


def test_exact_resources_and_short_arns_are_found_too(looked: Looked) -> None:
    statements: list[dict[str, Any]] = [{"Resource": f"arn:aws:s3:::b/{n}"} for n in range(MANY)]
    statements += [{"Resource": "arn:aws:s3:::b/7?"}, {"Resource": "arn:aws:s3"}, {"NotResource": "arn:aws:s3:::c"}]
    decision = evaluate(Layers(layer(statements)), ask("arn:aws:s3:::b/77"))
    assert isinstance(decision, Allow)
    assert [(one.policy, one.statement) for one in decision.by] == [("p1", 27), ("p20", 0), ("p20", 1), ("p20", 2)]
    assert looked.asked == 5, "b/7 and b/77, and the three others"


def test_a_star_for_partition_region_or_account_hides_no_resource(looked: Looked) -> None:
    patterns = (f"arn:*:sqs:*:{A}:jobs-{n}-*" for n in range(MANY))
    identity = layer({"Action": "sqs:SendMessage", "Resource": pattern} for pattern in patterns)
    asked = ask(f"arn:aws:sqs:eu-west-1:{A}:jobs-700-a", "sqs:SendMessage")
    assert isinstance(evaluate(Layers(identity), asked), Allow)
    assert isinstance(evaluate(Layers(identity), ask("arn:aws:sqs:eu-west-1:1:jobs-700-a", asked.action)), ImplicitDeny)
    assert isinstance(evaluate(Layers(identity), ask("arn:aws:sns:eu-west-1:1:jobs-700-a", asked.action)), ImplicitDeny)
    assert (looked.compiled, looked.asked) == (1, 2)


def test_of_a_thousand_statements_about_one_resource_those_that_name_the_caller_are_looked_at(looked: Looked) -> None:
    names = [{"Principal": {"AWS": user(n).arn}, "Resource": "arn:aws:s3:::box/*"} for n in range(MANY)]
    everyone = {"Principal": "*", "Effect": "Deny", "Resource": "arn:aws:s3:::box/secret"}
    resource = layer([*names, everyone], Grammar.BUCKET)
    assert isinstance(evaluate(Layers(resource=resource), ask(who=user(77))), Allow)
    assert isinstance(evaluate(Layers(resource=resource), ask()), ImplicitDeny)
    assert isinstance(evaluate(Layers(resource=resource), ask("arn:aws:s3:::box/secret", who=user(77))), ExplicitDeny)
    assert looked.asked == 3


def test_of_a_thousand_statements_about_many_actions_those_on_the_action_are_looked_at(looked: Looked) -> None:
    identity = layer({"Action": [f"s3:Do{n}", f"ec2:Do{n}*"]} for n in range(MANY))
    assert isinstance(evaluate(Layers(identity), ask(action="S3:do500")), Allow)
    assert isinstance(evaluate(Layers(identity), ask(action="ec2:Do5xx")), Allow)
    assert (looked.compiled, looked.asked) == (3, 2), (
        "those of 5 and 50 begin like 500, and are compiled, but not asked"
    )
    assert isinstance(evaluate(Layers(identity), ask(action="ec2:Do500")), Allow)
    assert (looked.compiled, looked.asked) == (3, 5), "all three match"


@pytest.mark.parametrize(
    ("name", "who"),
    [
        (A, ALICE),
        (f"arn:aws:iam::{A}:root", ALICE),
        (f"arn:aws-cn:iam::{A}:root", ALICE),
        (ALICE_ARN, ALICE),
        ("AIDAALICEALICEALICE", Principal(PrincipalKind.USER, A, ALICE_ARN, direct=(ALICE_ARN, "AIDAALICEALICEALICE"))),
        (ROLE, Principal(PrincipalKind.ROLE_SESSION, A, "s", direct=("s",), through=(ROLE,))),
        ("AROAAPPAPPAPPAPP:root", Principal(PrincipalKind.ROLE_SESSION, A, "s", direct=("AROAAPPAPPAPPAPP:root",))),
        (f"arn:aws:iam::{A}:root", Principal(PrincipalKind.ROOT, A, f"arn:aws:iam::{A}:root")),
    ],
)
def test_a_caller_is_found_by_each_of_its_names(name: str, who: Principal, looked: Looked) -> None:
    others = [{"Principal": {"AWS": user(n).arn}} for n in range(MANY)]
    resource = layer([*others, {"Principal": {"AWS": [name, user(1).arn]}}], Grammar.ENDPOINT)
    decision = evaluate(Layers(resource=resource, identity=layer([{}])), ask(who=who))
    assert isinstance(decision, Allow)
    assert decision.by[0].statement == MANY % 50
    assert looked.asked == 2


@pytest.mark.parametrize(
    ("kind", "name", "who"),
    [
        ("Service", "s3.amazonaws.com", Principal(PrincipalKind.SERVICE, "", "s", service="s3.amazonaws.com")),
        (
            "Federated",
            f"arn:aws:iam::{A}:oidc-provider/host:root",
            Principal(PrincipalKind.WEB_IDENTITY, "", "sub", federated=(f"arn:aws:iam::{A}:oidc-provider/host:root",)),
        ),
    ],
)
def test_services_and_identity_providers_are_found_by_name(
    kind: str, name: str, who: Principal, looked: Looked
) -> None:
    others = [{"Principal": {"AWS": user(n).arn}} for n in range(MANY)]
    resource = layer([*others, {"Principal": {kind: name}}], Grammar.ENDPOINT)
    assert isinstance(evaluate(Layers(resource=resource), ask(who=who)), Allow)
    assert looked.asked == 1


def test_a_statement_that_lists_what_it_spares_is_always_looked_at(looked: Looked) -> None:
    others = [{"Principal": {"AWS": user(n).arn}} for n in range(MANY)]
    spares = {"Effect": "Deny", "NotPrincipal": {"AWS": [user(1).arn, A]}}
    resource = layer([*others, spares], Grammar.ENDPOINT)
    assert isinstance(evaluate(Layers(resource=resource), ask(who=user(2))), ExplicitDeny)
    assert isinstance(evaluate(Layers(resource=resource), ask(who=user(1))), Allow)
    assert looked.asked == 4


def test_an_action_that_was_never_asked_about_is_no_reason_to_look_at_all_statements(looked: Looked) -> None:
    identity = layer({"Resource": f"arn:aws:s3:::bucket-{n}/*", "Action": ["s3:Get*", "s3:*"]} for n in range(MANY))
    for number in range(200):
        assert isinstance(evaluate(Layers(identity), ask("arn:aws:s3:::bucket-9/k", f"s3:Get{number}")), Allow)
    assert looked.compiled == 1


@pytest.mark.parametrize("text", ["", "a", "ab", "abc", "abd", "ac", "b", "ba", "c", "zz", "é"])
def test_beginnings_finds_what_a_text_begins_with(text: str) -> None:
    filed = {begin: [n] for n, begin in enumerate(["", "a", "ab", "abc", "abcd", "abe", "ac", "b", "bb", "c", "é"])}
    assert sorted(Beginnings(filed).of(text)) == [n for begin, (n,) in filed.items() if text.startswith(begin)]


def test_nothing_is_found_where_nothing_is_filed() -> None:
    assert Beginnings({}).of("a") == []
    assert Beginnings({"b": [1]}).of("a") == []
