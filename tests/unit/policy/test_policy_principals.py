"""How a Principal element names a caller, in both engines (IAM User Guide, "AWS JSON policy elements: Principal")."""

from __future__ import annotations

import json
from typing import Any

import pytest

from daypass.policy import AccessRequest, Grammar, Principal, PrincipalKind, parse
from daypass.policy.obvious_statement import Asked, naming_of
from daypass.policy.principals import Naming, compile_principal

A, B = "111111111111", "222222222222"
ROOT, USER, ROLE = (f"arn:aws:iam::{A}:{name}" for name in ("root", "user/p/alice", "role/p/app"))
SESSION, FEDERATED = f"arn:aws:sts::{A}:assumed-role/app/s1", f"arn:aws:sts::{A}:federated-user/bob"
OIDC = f"arn:aws:iam::{A}:oidc-provider/host"
AIDA, AROA = "AIDAALICEALICEALICEAL", "AROAAPPAPPAPPAPPAPPAP"

CALLERS = {
    "root": Principal(PrincipalKind.ROOT, A, ROOT, direct=(ROOT, A)),
    "user": Principal(PrincipalKind.USER, A, USER, direct=(USER, AIDA)),
    "session": Principal(PrincipalKind.ROLE_SESSION, A, SESSION, direct=(SESSION, f"{AROA}:s1"), through=(ROLE, AROA)),
    "federated": Principal(PrincipalKind.FEDERATED_USER, A, FEDERATED, direct=(FEDERATED,), through=(USER, AIDA)),
    "service": Principal(PrincipalKind.SERVICE, "", "ec2.amazonaws.com", service="ec2.amazonaws.com"),
    "anonymous": Principal(PrincipalKind.ANONYMOUS, "", "anonymous"),
    "token": Principal(PrincipalKind.WEB_IDENTITY, A, "sub", federated=(OIDC,)),
    "assertion": Principal(PrincipalKind.SAML, A, "sub", federated=(f"arn:aws:iam::{A}:saml-provider/Corp",)),
}
NONE, ACCOUNT, THROUGH, DIRECT = Naming.NONE, Naming.ACCOUNT, Naming.THROUGH, Naming.DIRECT


def naming(element: Any, caller: str, *, effect: str = "Allow", negated: bool = False, bounded: bool = False) -> Naming:
    name = "NotPrincipal" if negated else "Principal"
    statement = {"Effect": effect, name: element, "Action": "*", "Resource": "*"}
    policy = parse(json.dumps({"Version": "2012-10-17", "Statement": statement}), Grammar.ENDPOINT)
    parsed = policy.statements[0]
    assert parsed.principal is not None
    compiled = compile_principal(parsed.principal, parsed.effect)(CALLERS[caller], bounded)
    asked = Asked(AccessRequest(CALLERS[caller], "s3:GetObject", "*", A, {}), policy, bounded)
    assert naming_of(parsed, asked) is compiled
    return compiled


@pytest.mark.parametrize(
    ("element", "expected"),
    [
        ("*", dict.fromkeys(("root", "user", "session", "federated", "service", "anonymous"), DIRECT)),
        ({"AWS": "*"}, dict.fromkeys(("root", "user", "session", "federated", "service", "anonymous"), DIRECT)),
        ({"AWS": A}, {"root": DIRECT, "user": ACCOUNT, "session": ACCOUNT, "federated": ACCOUNT}),
        ({"AWS": ROOT}, {"root": DIRECT, "user": ACCOUNT, "session": ACCOUNT, "federated": ACCOUNT}),
        ({"AWS": B}, {}),
        ({"AWS": f"arn:aws:iam::{B}:root"}, {}),
        ({"AWS": USER}, {"user": DIRECT, "federated": THROUGH}),
        ({"AWS": AIDA}, {"user": DIRECT, "federated": THROUGH}),
        ({"AWS": f"arn:aws:iam::{A}:user/alice"}, {}),
        ({"AWS": f"arn:aws:iam::{A}:user/p/Alice"}, {}),
        ({"AWS": ROLE}, {"session": THROUGH}),
        ({"AWS": AROA}, {"session": THROUGH}),
        ({"AWS": SESSION}, {"session": DIRECT}),
        ({"AWS": f"{AROA}:s1"}, {"session": DIRECT}),
        ({"AWS": f"{AROA}:s2"}, {}),
        ({"AWS": FEDERATED}, {"federated": DIRECT}),
        ({"Service": "ec2.amazonaws.com"}, {"service": DIRECT}),
        ({"Service": "lambda.amazonaws.com"}, {}),
        ({"Federated": OIDC}, {"token": DIRECT}),
        ({"Federated": "accounts.google.com"}, {}),
        ({"CanonicalUser": "ab" * 32}, {}),
        ({"AWS": [ROOT, ROLE, B]}, {"root": DIRECT, "user": ACCOUNT, "session": THROUGH, "federated": ACCOUNT}),
        ({"AWS": ROLE, "Service": "ec2.amazonaws.com"}, {"session": THROUGH, "service": DIRECT}),
    ],
)
def test_a_caller_is_named_in_the_closest_way(element: Any, expected: dict[str, Naming]) -> None:
    assert {caller: named for caller in CALLERS if (named := naming(element, caller))} == expected


def test_a_deny_for_everyone_means_federated_callers_too() -> None:
    for everyone in ("*", {"AWS": "*"}):
        for caller in CALLERS:
            assert naming(everyone, caller, effect="Deny") is DIRECT


@pytest.mark.parametrize(
    ("element", "spared"),
    [
        ({"AWS": [USER]}, set()),
        ({"AWS": [A]}, {"root"}),
        ({"AWS": [A, USER]}, {"root", "user"}),
        ({"AWS": [ROOT, AIDA]}, {"root", "user"}),
        ({"AWS": [ROOT, USER, FEDERATED]}, {"root", "user", "federated"}),
        ({"AWS": [ROOT, ROLE]}, {"root"}),
        ({"AWS": [ROOT, SESSION]}, {"root"}),
        ({"AWS": [ROLE, SESSION]}, set()),
        ({"AWS": [ROOT, ROLE, SESSION]}, {"root", "session"}),
        ({"Service": "ec2.amazonaws.com"}, {"service"}),
        ({"Federated": OIDC}, {"token"}),
        ("*", set(CALLERS)),
    ],
)
def test_not_principal_with_deny_spares_only_whom_it_names_completely(element: Any, spared: set[str]) -> None:
    assert {caller for caller in CALLERS if not naming(element, caller, effect="Deny", negated=True)} == spared


def test_not_principal_with_deny_spares_nobody_who_has_a_boundary() -> None:
    assert naming({"AWS": [A, USER]}, "user", effect="Deny", negated=True, bounded=True) is DIRECT


@pytest.mark.parametrize(
    ("element", "left_out"),
    [
        ({"AWS": USER}, {"user", "federated"}),
        ({"AWS": ROLE}, {"session"}),
        ({"AWS": A}, {"root", "user", "session", "federated"}),
        ({"Service": "ec2.amazonaws.com"}, {"service"}),
        ("*", {"root", "user", "session", "federated", "service", "anonymous"}),
    ],
)
def test_not_principal_with_allow_leaves_out_whom_it_names_in_any_way(element: Any, left_out: set[str]) -> None:
    named = {caller for caller in CALLERS if naming(element, caller, negated=True)}
    assert named == set(CALLERS) - left_out - {"token", "assertion"}


@pytest.mark.parametrize(
    ("kind", "account", "arn"),
    [(PrincipalKind.USER, "", USER), (PrincipalKind.ROOT, "", ROOT), (PrincipalKind.ROLE_SESSION, A, "")],
)
def test_a_caller_without_account_or_arn_is_nobody(kind: PrincipalKind, account: str, arn: str) -> None:
    with pytest.raises(ValueError, match="has an account and an ARN"):
        Principal(kind, account, arn)


def test_a_service_without_a_name_and_an_unknown_kind_are_nobody() -> None:
    with pytest.raises(ValueError, match="has a name"):
        Principal(PrincipalKind.SERVICE, "", "x")
    with pytest.raises(TypeError, match="unknown kind"):
        Principal("root user", A, ROOT)  # type: ignore[arg-type]
