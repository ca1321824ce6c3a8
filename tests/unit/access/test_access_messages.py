"""Access-denied texts, row by row (IAM User Guide, "Troubleshoot access denied error messages"; recorded answers)."""

from __future__ import annotations

import pytest

from daypass.access.asking import Ask, ResourcePolicy
from daypass.access.caller import Caller
from daypass.access.messages import denied
from daypass.policy import ExplicitDeny, ImplicitDeny, Layer, Matched, Principal, PrincipalKind

A, B = "111122223333", "444455556666"
ALICE = f"arn:aws:iam::{A}:user/alice"
SESSION = f"arn:aws:sts::{A}:assumed-role/app/s1"
ROLE = f"arn:aws:iam::{A}:role/app"
MANAGED = f"arn:aws:iam::{A}:policy/DenyThings"
TRUST = ResourcePolicy("{}", is_trust=True)


def caller(kind: PrincipalKind, arn: str, account: str = A) -> Caller:
    return Caller(Principal(kind, account, arn, federated=("arn:aws:iam::1:oidc-provider/host",)), "AIDAEXAMPLE")


USER = caller(PrincipalKind.USER, ALICE)
GET_USER = Ask("iam:GetUser", f"arn:aws:iam::{A}:user/x/bob", A, shown="user bob")


def implicit(*silent: Layer) -> ImplicitDeny:
    return ImplicitDeny(silent)


def explicit(layer: Layer, arn: str | None = None) -> ExplicitDeny:
    return ExplicitDeny((Matched(layer, "p", arn, 0, None),))


@pytest.mark.parametrize(
    ("decision", "clause"),
    [
        (implicit(Layer.SERVICE_CONTROL), "because no service control policy allows the iam:GetUser action"),
        (implicit(Layer.ENDPOINT), "because no VPC endpoint policy allows the iam:GetUser action"),
        (implicit(Layer.BOUNDARY), "because no permissions boundary allows the iam:GetUser action"),
        (implicit(Layer.SESSION), "because no session policy allows the iam:GetUser action"),
        (implicit(Layer.RESOURCE), "because no resource-based policy allows the iam:GetUser action"),
        (implicit(Layer.IDENTITY), "because no identity-based policy allows the iam:GetUser action"),
        (implicit(Layer.TRUST), "because no role trust policy allows the iam:GetUser action"),
        (implicit(Layer.IDENTITY, Layer.BOUNDARY), "because no identity-based policy allows the iam:GetUser action"),
        (explicit(Layer.SERVICE_CONTROL), "with an explicit deny in a service control policy"),
        (explicit(Layer.RESOURCE_CONTROL), "with an explicit deny in a resource control policy"),
        (explicit(Layer.ENDPOINT), "with an explicit deny in a VPC endpoint policy"),
        (explicit(Layer.BOUNDARY, MANAGED), f"with an explicit deny in a permissions boundary: {MANAGED}"),
        (explicit(Layer.SESSION), "with an explicit deny in a session policy"),
        (explicit(Layer.SESSION, MANAGED), f"with an explicit deny in a session policy: {MANAGED}"),
        (explicit(Layer.RESOURCE), "with an explicit deny in a resource-based policy"),
        (explicit(Layer.RESOURCE, "arn:aws:s3:::b"), "with an explicit deny in a resource-based policy"),
        (explicit(Layer.IDENTITY), "with an explicit deny in an identity-based policy"),
        (explicit(Layer.IDENTITY, MANAGED), f"with an explicit deny in an identity-based policy: {MANAGED}"),
        (explicit(Layer.TRUST), "with an explicit deny in the role trust policy"),
    ],
)
def test_each_layer_has_its_clause(decision: ImplicitDeny | ExplicitDeny, clause: str) -> None:
    error = denied(GET_USER, decision, USER, "iam")
    assert error.code == "AccessDenied"
    assert error.message == f"User: {ALICE} is not authorized to perform: iam:GetUser on resource: user bob {clause}"


SILENT = implicit(Layer.IDENTITY)
NOBODY = "because no identity-based policy allows the"


@pytest.mark.parametrize(
    ("ask", "service", "code", "text"),
    [
        (Ask("iam:CreateRole", ROLE, A), "iam", "AccessDenied", f" on resource: {ROLE} {NOBODY} iam:CreateRole action"),
        (Ask("iam:GetAccountSummary", "*", A), "iam", "AccessDenied", f" on resource: * {NOBODY} iam:GetAccountSummary action"),
        (Ask("sts:GetAccessKeyInfo", "*", A), "sts", "AccessDenied", f" {NOBODY} sts:GetAccessKeyInfo action"),
        (Ask("sts:DecodeAuthorizationMessage", "*", A), "sts", "AccessDenied",
         f" {NOBODY} sts:DecodeAuthorizationMessage action"),
        (Ask("s3:GetObject", "arn:aws:s3:::b/k", A), "s3", "AccessDenied",
         f' on resource: "arn:aws:s3:::b/k" {NOBODY} s3:GetObject action'),
        (Ask("s3:ListAllMyBuckets", "*", A), "s3", "AccessDenied", f" {NOBODY} s3:ListAllMyBuckets action"),
        (Ask("cloudtrail:LookupEvents", "*", A), "cloudtrail", "AccessDeniedException",
         f" {NOBODY} cloudtrail:LookupEvents action"),
        (Ask("sts:AssumeRole", ROLE, A, resource_policy=TRUST), "sts", "AccessDenied", f" on resource: {ROLE}"),
        (Ask("sts:TagSession", ROLE, A, resource_policy=TRUST), "sts", "AccessDenied", f" on resource: {ROLE}"),
        (Ask("sts:SetSourceIdentity", ROLE, A, resource_policy=TRUST), "sts", "AccessDenied", f" on resource: {ROLE}"),
    ],
)  # fmt: skip
def test_each_service_has_its_form(ask: Ask, service: str, code: str, text: str) -> None:
    error = denied(ask, SILENT, USER, service)
    assert error.code == code
    assert error.message == f"User: {ALICE} is not authorized to perform: {ask.action}{text}"


@pytest.mark.parametrize(
    ("kind", "arn"),
    [
        (PrincipalKind.ROLE_SESSION, SESSION),
        (PrincipalKind.FEDERATED_USER, f"arn:aws:sts::{A}:federated-user/bob"),
        (PrincipalKind.ROOT, f"arn:aws:iam::{A}:root"),
    ],
)
def test_the_caller_is_named_by_the_arn_of_the_session_or_user(kind: PrincipalKind, arn: str) -> None:
    message = denied(GET_USER, SILENT, caller(kind, arn), "iam").message
    assert message is not None
    assert message.startswith(f"User: {arn} is not authorized to perform: iam:GetUser")


@pytest.mark.parametrize(
    ("kind", "action"),
    [
        (PrincipalKind.WEB_IDENTITY, "sts:AssumeRoleWithWebIdentity"),
        (PrincipalKind.SAML, "sts:AssumeRoleWithSAML"),
    ],
)
def test_callers_whom_only_a_provider_knows_are_told_neither_who_they_are_nor_why(
    kind: PrincipalKind, action: str
) -> None:
    for asked in (action, "sts:TagSession"):
        ask = Ask(asked, ROLE, A, resource_policy=TRUST)
        error = denied(ask, implicit(Layer.TRUST), caller(kind, "sub", A), "sts")
        assert (error.code, error.message) == ("AccessDenied", f"Not authorized to perform {action}")


def test_s3_tells_strangers_nothing() -> None:
    ask = Ask("s3:GetObject", "arn:aws:s3:::b/k", B)
    assert denied(ask, implicit(Layer.RESOURCE), USER, "s3").message == "Access Denied"
    nobody = Caller(Principal(PrincipalKind.ANONYMOUS, "", "anonymous"), "anonymous")
    assert denied(Ask("s3:GetObject", "arn:aws:s3:::b/k", A), SILENT, nobody, "s3").message == "Access Denied"


def test_the_operator_is_told_what_a_role_s_refusal_hides() -> None:
    ask = Ask("sts:AssumeRole", ROLE, A, resource_policy=TRUST)
    error = denied(ask, implicit(Layer.TRUST), USER, "sts")
    assert error.reason == f"sts:AssumeRole on {ROLE}: because no role trust policy allows the sts:AssumeRole action"


def test_an_encoded_message_is_appended_as_in_the_refusals_of_ec2() -> None:
    plain = denied(GET_USER, SILENT, USER, "iam").message
    assert denied(GET_USER, SILENT, USER, "iam", "b64").message == (
        f"{plain}. Encoded authorization failure message: b64"
    )
