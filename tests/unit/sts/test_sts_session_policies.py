"""STS API Reference, Policy and PolicyArns; IAM User Guide, "Session policies": they limit and never grant."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from worldkit import ACCOUNT, OTHER_ACCOUNT, Host, allow, deny, refusal, trusting

if TYPE_CHECKING:
    from collections.abc import Mapping

ALICE = f"arn:aws:iam::{ACCOUNT}:user/alice"
READ_ONLY = "arn:aws:iam::aws:policy/ReadOnlyAccess"


def may(host: Host, credentials: Mapping[str, Any], action: str = "ListUsers") -> bool:
    answer = host.query(credentials, action, "iam")
    assert answer.status == 200 or answer.code == "AccessDenied"
    return answer.status == 200


@pytest.fixture
def role(host: Host, alice: dict[str, str]) -> str:
    return host.role("R", trusting(ALICE), allow("iam:ListUsers", "iam:ListRoles"))


@pytest.fixture
def users_arn(iam: Any) -> str:
    """A managed policy that allows listing users."""
    return str(iam.create_policy(PolicyName="users", PolicyDocument=allow("iam:ListUsers"))["Policy"]["Arn"])


def test_an_inline_policy_limits_the_role_s_permissions(host: Host, alice: dict[str, str], role: str) -> None:
    session = host.assume(alice, role, Policy=allow("iam:ListUsers", "iam:ListGroups"))
    assert may(host, session)
    assert not may(host, session, "ListRoles")  # the session policy is silent
    assert not may(host, session, "ListGroups")  # the role is
    told = host.query(session, "ListRoles", "iam").message or ""
    assert told.endswith("because no session policy allows the iam:ListRoles action")


def test_managed_policies_limit_too(host: Host, alice: dict[str, str], role: str, users_arn: str) -> None:
    session = host.assume(alice, role, PolicyArns=[{"arn": users_arn}])
    assert (may(host, session), may(host, session, "ListRoles")) == (True, False)
    session = host.assume(alice, role, PolicyArns=[{"arn": READ_ONLY}])
    assert (may(host, session), may(host, session, "ListRoles")) == (True, True)


def test_inline_and_managed_policies_are_one_layer(
    host: Host, alice: dict[str, str], role: str, users_arn: str
) -> None:
    session = host.assume(alice, role, Policy=allow("iam:ListRoles"), PolicyArns=[{"arn": users_arn}])
    assert (may(host, session), may(host, session, "ListRoles")) == (True, True)
    session = host.assume(alice, role, Policy=deny("iam:ListUsers"), PolicyArns=[{"arn": users_arn}])
    assert not may(host, session)


def test_the_names_on_the_wire_are_lower_case(host: Host, alice: dict[str, str], role: str, users_arn: str) -> None:
    given = {"RoleArn": role, "RoleSessionName": "dev"}
    answer = host.query(alice, "AssumeRole", **given, **{"PolicyArns.member.1.arn": users_arn})
    assert answer.text("PackedPolicySize") == answer.text("SessionTokenUtilization")
    assert answer.status == 200


def test_a_managed_policy_is_read_when_it_is_used(
    host: Host, alice: dict[str, str], role: str, users_arn: str, iam: Any
) -> None:
    session = host.assume(alice, role, PolicyArns=[{"arn": users_arn}])
    iam.create_policy_version(PolicyArn=users_arn, PolicyDocument=allow("iam:ListRoles"), SetAsDefault=True)
    assert (may(host, session), may(host, session, "ListRoles")) == (False, True)


def test_a_session_whose_managed_policy_is_gone_may_nothing(
    host: Host, alice: dict[str, str], role: str, users_arn: str, iam: Any
) -> None:
    """AWS does not say. What a deleted policy denied is unknown, so nothing is allowed for want of it."""
    denying = iam.create_policy(PolicyName="deny", PolicyDocument=deny("iam:ListUsers"))["Policy"]["Arn"]
    session = host.assume(alice, role, PolicyArns=[{"arn": users_arn}, {"arn": denying}])
    assert not may(host, session)
    iam.delete_policy(PolicyArn=denying)
    assert not may(host, session)


def test_session_policies_end_with_their_session(host: Host, alice: dict[str, str]) -> None:
    first = host.role("first", trusting(ALICE))
    second = host.role("second", trusting(first), allow("iam:ListUsers"))
    narrow = host.assume(alice, first, Policy=allow("sts:AssumeRole"))
    assert may(host, host.assume(narrow, second))


def test_a_call_that_chains_must_be_allowed_by_the_session_policy(host: Host, alice: dict[str, str]) -> None:
    first = host.role("first", trusting(ALICE))
    second = host.role("second", trusting(first))
    narrow = host.assume(alice, first, Policy=allow("iam:ListUsers"))
    assert host.query(narrow, "AssumeRole", RoleArn=second, RoleSessionName="dev").code == "AccessDenied"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("no JSON", None),
        ("{", None),
        ('{"Version":"2012-10-17"}', "Syntax errors in policy."),
        (allow("s3:*", Principal="*"), "Policy document should not specify a principal."),
        (allow("s3:*", Colour="red"), "Syntax errors in policy."),
        (allow("nocolon"), None),
        (json.dumps({"Version": "2020-01-01", "Statement": []}), None),
        (allow("s3:*").replace('"Effect": "Allow"', '"Effect": "Allow", "Effect": "Deny"'), None),
    ],
)
def test_a_policy_that_is_none_is_malformed(
    host: Host, alice: dict[str, str], role: str, text: str, message: str | None
) -> None:
    given = {"RoleArn": role, "RoleSessionName": "dev", "Policy": text}
    status, code, told = refusal(host.client("sts", alice).assume_role, **given)
    assert (status, code) == (400, "MalformedPolicyDocument")
    assert told
    assert message in (None, told)


def test_the_text_of_a_policy_has_2048_characters_at_most(host: Host, alice: dict[str, str], role: str) -> None:
    fits = allow("iam:ListUsers").ljust(2048)
    assert may(host, host.assume(alice, role, Policy=fits))
    given = {"RoleArn": role, "RoleSessionName": "dev", "Policy": fits + " "}
    message = (
        f"1 validation error detected: Value '{fits} ' at 'policy' failed to satisfy constraint: "
        "Member must have length less than or equal to 2048"
    )
    assert refusal(host.client("sts", alice).assume_role, **given) == (400, "ValidationError", message)


@pytest.mark.parametrize(
    "arn",
    [
        f"arn:aws:iam::{ACCOUNT}:policy/absent",
        f"arn:aws:iam::{OTHER_ACCOUNT}:policy/theirs",
        "arn:aws:iam::aws:policy/NoSuchPolicyOfAws",
        f"arn:aws:iam::{ACCOUNT}:role/R-and-more",
        "twenty-characters-and-more",
        "arn:aws:iam::aws:policy/aws-service-role/APIGatewayServiceRolePolicy",
    ],
)
def test_an_arn_that_is_no_policy_of_the_role_s_account_is_refused(
    host: Host, alice: dict[str, str], role: str, arn: str
) -> None:
    host.admin("iam", OTHER_ACCOUNT).create_policy(PolicyName="theirs", PolicyDocument=allow("*"))
    given = {"RoleArn": role, "RoleSessionName": "dev", "PolicyArns": [{"arn": arn}]}
    assert refusal(host.client("sts", alice).assume_role, **given)[:2] == (400, "ValidationError")


def test_managed_policies_are_of_the_role_s_account_not_the_caller_s(host: Host) -> None:
    theirs = host.admin("iam", OTHER_ACCOUNT).create_policy(PolicyName="p", PolicyDocument=allow("iam:*"))["Policy"]["Arn"]  # fmt: skip
    key = host.user("carol", allow("sts:*"), account=OTHER_ACCOUNT)
    role = host.role("R", trusting(OTHER_ACCOUNT))
    mine = host.admin("iam").create_policy(PolicyName="p", PolicyDocument=allow("iam:*"))["Policy"]["Arn"]
    host.assume(key, role, PolicyArns=[{"arn": mine}])
    given = {"RoleArn": role, "RoleSessionName": "dev", "PolicyArns": [{"arn": theirs}]}
    assert refusal(host.client("sts", key).assume_role, **given)[:2] == (400, "ValidationError")


def test_ten_managed_policies_and_no_more(host: Host, alice: dict[str, str], role: str, iam: Any) -> None:
    arns = [
        {"arn": iam.create_policy(PolicyName=f"p{number}", PolicyDocument=allow("iam:ListUsers"))["Policy"]["Arn"]}
        for number in range(11)
    ]
    assert may(host, host.assume(alice, role, PolicyArns=arns[:10]))
    given = {"RoleArn": role, "RoleSessionName": "dev", "PolicyArns": arns}
    assert refusal(host.client("sts", alice).assume_role, **given)[:2] == (400, "ValidationError")
