"""IAM User Guide, "Cross account policy evaluation logic" and "AWS JSON policy elements: Principal": who may assume a role.

One table says how a trust policy names the caller and what the caller's own side must then allow; the rest of the file is
what the table does not say: explicit denies, boundaries, session policies, principals that were deleted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from worldkit import ACCOUNT, OTHER_ACCOUNT, Host, allow, deny, document, refusal, trusting

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = f"arn:aws:iam::{ACCOUNT}:root"


@dataclass(frozen=True)
class Names:
    """How somebody can be named in a trust policy. Their own policies allow nothing, or sts:AssumeRole."""

    user: str
    role: str
    session: str
    account: str

    @classmethod
    def of(cls, account: str) -> Names:
        start = f"arn:aws:iam::{account}"
        session = f"arn:aws:sts::{account}:assumed-role/first/s1"
        return cls(f"{start}:user/caller", f"{start}:role/first", session, account)


def caller(host: Host, kind: str, account: str, policy: str | None) -> dict[str, Any]:
    """The credentials of a user ``caller``, its GetSessionToken session, or its session ``s1`` of a role ``first``."""
    if kind == "role session":
        key = host.user("opener", account=account)
        host.role("first", trusting(f"arn:aws:iam::{account}:user/opener"), policy, account)
        return host.assume(key, Names.of(account).role, "s1")
    key = host.user("caller", policy, account)
    return dict(host.client("sts", key).get_session_token()["Credentials"]) if kind == "user session" else key


ENOUGH_ALONE, NEEDS_IDENTITY, NEVER = "enough alone", "identity allow also needed", "never"

USER_ROWS = [
    ("user", lambda n: {"AWS": n.user}, ENOUGH_ALONE, NEEDS_IDENTITY),
    ("everyone", lambda _: "*", ENOUGH_ALONE, NEEDS_IDENTITY),
    ("all of AWS", lambda _: {"AWS": "*"}, ENOUGH_ALONE, NEEDS_IDENTITY),
    ("account id", lambda n: {"AWS": n.account}, NEEDS_IDENTITY, NEEDS_IDENTITY),
    ("account root", lambda n: {"AWS": f"arn:aws:iam::{n.account}:root"}, NEEDS_IDENTITY, NEEDS_IDENTITY),
    ("service", lambda _: {"Service": "ec2.amazonaws.com"}, NEVER, NEVER),
    ("provider", lambda _: {"Federated": "accounts.google.com"}, NEVER, NEVER),
]
ROLE_ROWS = [
    ("role", lambda n: {"AWS": n.role}, ENOUGH_ALONE, NEEDS_IDENTITY),
    ("session", lambda n: {"AWS": n.session}, ENOUGH_ALONE, NEEDS_IDENTITY),
    *USER_ROWS[1:],
]
ROWS = [
    pytest.param(kind, name, same, other, id=f"{kind} by {label}")
    for kind, rows in (("user", USER_ROWS), ("user session", USER_ROWS), ("role session", ROLE_ROWS))
    for label, name, same, other in rows
]


def trust_of(principal: Any) -> str:
    if principal == {"Federated": "accounts.google.com"}:
        return trusting(
            principal, "sts:AssumeRoleWithWebIdentity", Condition={"StringEquals": {"accounts.google.com:aud": "app"}}
        )
    return trusting(principal)


@pytest.mark.parametrize("policy", [None, allow("sts:AssumeRole")], ids=["no policy", "identity allow"])
@pytest.mark.parametrize("account", [ACCOUNT, OTHER_ACCOUNT], ids=["same account", "other account"])
@pytest.mark.parametrize(("kind", "name", "same", "other"), ROWS)
def test_trust_and_identity(
    host: Host, *, kind: str, name: Callable[[Names], Any], same: str, other: str, account: str, policy: str | None
) -> None:
    credentials = caller(host, kind, account, policy)
    role = host.role("target", trust_of(name(Names.of(account))))
    needed = same if account == ACCOUNT else other
    answered = host.query(credentials, "AssumeRole", RoleArn=role, RoleSessionName="dev")
    if needed == ENOUGH_ALONE or (needed == NEEDS_IDENTITY and policy is not None):
        assert answered.status == 200
    else:
        who = host.query(credentials, "GetCallerIdentity").text("Arn")
        text = f"User: {who} is not authorized to perform: sts:AssumeRole on resource: {role}"
        assert answered.refusal == (403, "AccessDenied", text)


@pytest.mark.parametrize(
    "other",
    [f"arn:aws:iam::{ACCOUNT}:user/somebody", f"arn:aws:iam::{OTHER_ACCOUNT}:root", OTHER_ACCOUNT],
)
def test_who_is_not_named_is_denied_whatever_the_own_policy_says(host: Host, other: str) -> None:
    host.user("somebody")
    key = host.user("caller", allow("*"))
    role = host.role("target", trusting(other))
    assert refusal(host.client("sts", key).assume_role, RoleArn=role, RoleSessionName="dev")[1] == "AccessDenied"


def test_a_trust_policy_names_users_and_roles_exactly(host: Host) -> None:
    """Not by the beginning of a name, and not by a wildcard, which IAM refuses to store."""
    host.user("call")
    key = host.user("caller", allow("*"))
    role = host.role("target", trusting(f"arn:aws:iam::{ACCOUNT}:user/call"))
    assert host.query(key, "AssumeRole", RoleArn=role, RoleSessionName="dev").code == "AccessDenied"
    for wild in (f"arn:aws:iam::{ACCOUNT}:user/*", f"arn:aws:iam::{ACCOUNT}:user/call*", "arn:aws:iam::*:root"):
        told = refusal(host.admin("iam").create_role, RoleName="w", AssumeRolePolicyDocument=trusting(wild))
        assert told[1] == "MalformedPolicyDocument"


def test_a_session_is_named_by_its_role_s_name_without_the_path(host: Host, alice: dict[str, str]) -> None:
    first = host.role("first", trusting(f"arn:aws:iam::{ACCOUNT}:user/alice"), Path="/p/")
    role = host.role("target", trusting(f"arn:aws:sts::{ACCOUNT}:assumed-role/first/s1"))
    host.assume(host.assume(alice, first, "s1"), role)
    told = refusal(host.client("sts", host.assume(alice, first, "s2")).assume_role, RoleArn=role, RoleSessionName="dev")
    assert told[1] == "AccessDenied"


# Explicit denies


ALICE = f"arn:aws:iam::{ACCOUNT}:user/alice"


@pytest.mark.parametrize("principal", [{"AWS": ALICE}, {"AWS": ROOT}, {"AWS": ACCOUNT}, "*"])
def test_a_deny_in_the_trust_policy_wins(host: Host, principal: Any) -> None:
    key = host.user("alice", allow("*"))
    trust = document(
        {"Effect": "Allow", "Principal": {"AWS": ALICE}, "Action": "sts:AssumeRole"},
        {"Effect": "Deny", "Principal": principal, "Action": "sts:AssumeRole"},
    )
    role = host.role("target", trust)
    assert host.query(key, "AssumeRole", RoleArn=role, RoleSessionName="dev").code == "AccessDenied"


@pytest.mark.parametrize("account", [ACCOUNT, OTHER_ACCOUNT])
def test_a_deny_in_the_identity_policy_wins(host: Host, account: str) -> None:
    host.role("target", trusting("*"))
    role = f"arn:aws:iam::{ACCOUNT}:role/target"
    both = document(
        {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"},
        {"Effect": "Deny", "Action": "sts:AssumeRole", "Resource": role},
    )
    key = host.user("alice", both, account)
    assert host.query(key, "AssumeRole", RoleArn=role, RoleSessionName="dev").code == "AccessDenied"


def test_an_identity_allow_is_for_the_role_that_it_names(host: Host) -> None:
    one, two = (host.role(name, trusting(ROOT)) for name in ("one", "two"))
    key = host.user("alice", allow("sts:AssumeRole", resource=one))
    host.assume(key, one)
    assert host.query(key, "AssumeRole", RoleArn=two, RoleSessionName="dev").code == "AccessDenied"


# Boundaries and session policies of the caller


@pytest.fixture
def bounded(host: Host) -> dict[str, str]:
    """A user with every permission, and a boundary that leaves sts:AssumeRole out."""
    boundary = host.admin("iam").create_policy(PolicyName="b", PolicyDocument=allow("s3:*"))["Policy"]["Arn"]
    key = host.user("alice", allow("*"))
    host.admin("iam").put_user_permissions_boundary(UserName="alice", PermissionsBoundary=boundary)
    return key


def test_a_boundary_limits_a_grant_by_identity_policy_and_not_one_to_the_user_itself(
    host: Host, bounded: dict[str, str]
) -> None:
    by_account, by_user = host.role("account", trusting(ROOT)), host.role("user", trusting(ALICE))
    assert host.query(bounded, "AssumeRole", RoleArn=by_account, RoleSessionName="dev").code == "AccessDenied"
    host.assume(bounded, by_user)


def test_a_boundary_s_explicit_deny_counts_against_a_grant_to_the_user(
    host: Host, alice: dict[str, str], iam: Any
) -> None:
    boundary = iam.create_policy(PolicyName="b", PolicyDocument=deny("sts:AssumeRole"))["Policy"]["Arn"]
    role = host.role("target", trusting(ALICE))
    host.assume(alice, role)
    iam.put_user_permissions_boundary(UserName="alice", PermissionsBoundary=boundary)
    assert host.query(alice, "AssumeRole", RoleArn=role, RoleSessionName="dev").code == "AccessDenied"


def test_a_session_policy_limits_a_grant_to_the_role_and_not_one_to_the_session(
    host: Host, alice: dict[str, str]
) -> None:
    first = host.role("first", trusting(ALICE), allow("sts:AssumeRole"))
    by_role = host.role("role", trusting(first))
    by_session = host.role("session", trusting(f"arn:aws:sts::{ACCOUNT}:assumed-role/first/s1"))
    narrow = host.assume(alice, first, "s1", Policy=allow("s3:*"))
    assert host.query(narrow, "AssumeRole", RoleArn=by_role, RoleSessionName="dev").code == "AccessDenied"
    host.assume(narrow, by_session)
    host.assume(host.assume(alice, first, "s1"), by_role)
    none = host.assume(alice, first, "s1", Policy=deny("sts:AssumeRole"))
    assert host.query(none, "AssumeRole", RoleArn=by_session, RoleSessionName="dev").code == "AccessDenied"


def test_a_role_s_boundary_limits_a_grant_to_the_role(host: Host, alice: dict[str, str], iam: Any) -> None:
    boundary = iam.create_policy(PolicyName="b", PolicyDocument=allow("s3:*"))["Policy"]["Arn"]
    first = host.role("first", trusting(ALICE), allow("sts:AssumeRole"), PermissionsBoundary=boundary)
    role = host.role("target", trusting(first))
    session = host.assume(alice, first)
    assert host.query(session, "AssumeRole", RoleArn=role, RoleSessionName="dev").code == "AccessDenied"


def test_the_target_s_own_permissions_and_boundary_play_no_part(host: Host, alice: dict[str, str], iam: Any) -> None:
    nothing = iam.create_policy(PolicyName="b", PolicyDocument=deny("*"))["Policy"]["Arn"]
    host.assume(alice, host.role("target", trusting(ALICE), deny("*"), PermissionsBoundary=nothing))


# Conditions see the caller, the request and the role


@pytest.mark.parametrize(
    ("condition", "fits"),
    [
        ({"StringEquals": {"aws:PrincipalTag/team": "blue"}}, True),
        ({"StringEquals": {"aws:PrincipalTag/TEAM": "blue"}}, True),
        ({"StringEquals": {"aws:PrincipalTag/team": "red"}}, False),
        ({"StringEquals": {"aws:ResourceTag/stage": "dev"}}, True),
        ({"StringEquals": {"iam:ResourceTag/Stage": "dev"}}, True),
        ({"StringEquals": {"aws:ResourceTag/stage": "prod"}}, False),
        ({"StringEquals": {"aws:PrincipalAccount": ACCOUNT, "aws:ResourceAccount": ACCOUNT}}, True),
        ({"ArnEquals": {"aws:PrincipalArn": ALICE}}, True),
        ({"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}}, True),
        ({"IpAddress": {"aws:SourceIp": "198.51.100.0/24"}}, False),
        ({"Bool": {"aws:SecureTransport": "true"}}, False),
        ({"StringEquals": {"aws:RequestedRegion": "us-east-1"}}, True),
        ({"Null": {"aws:TokenIssueTime": "true"}}, True),
        ({"DateGreaterThan": {"aws:CurrentTime": "2027-01-15T07:59:59Z"}}, True),
        ({"DateGreaterThan": {"aws:CurrentTime": "2027-01-15T08:00:00Z"}}, False),
    ],
)
def test_conditions_of_a_trust_policy(
    host: Host, alice: dict[str, str], iam: Any, condition: dict[str, Any], fits: bool
) -> None:
    iam.tag_user(UserName="alice", Tags=[{"Key": "Team", "Value": "blue"}])
    role = host.role("target", trusting(ALICE, Condition=condition), Tags=[{"Key": "Stage", "Value": "dev"}])
    answered = host.query(alice, "AssumeRole", RoleArn=role, RoleSessionName="dev")
    assert (answered.status == 200) is fits


# Principals are kept by their unique id


def test_f16_a_user_made_again_under_its_name_is_not_trusted(host: Host, alice: dict[str, str], iam: Any) -> None:
    role = host.role("target", trusting(ALICE))
    host.assume(alice, role)
    old = iam.get_user(UserName="alice")["User"]["UserId"]
    iam.delete_access_key(UserName="alice", AccessKeyId=alice["AccessKeyId"])
    iam.delete_user(UserName="alice")
    again = host.user("alice", allow("*"))
    assert host.query(again, "AssumeRole", RoleArn=role, RoleSessionName="dev").code == "AccessDenied"
    shown = iam.get_role(RoleName="target")["Role"]["AssumeRolePolicyDocument"]
    assert shown["Statement"][0]["Principal"] == {"AWS": old}
    iam.update_assume_role_policy(RoleName="target", PolicyDocument=trusting(ALICE))
    host.assume(again, role)


def test_f16_a_role_made_again_under_its_name_is_not_trusted(host: Host, alice: dict[str, str], iam: Any) -> None:
    first = host.role("first", trusting(ALICE))
    role = host.role("target", trusting(first))
    iam.delete_role(RoleName="first")
    host.role("first", trusting(ALICE), allow("sts:AssumeRole"))
    session = host.assume(alice, first)
    assert host.query(session, "AssumeRole", RoleArn=role, RoleSessionName="dev").code == "AccessDenied"


def test_f16_a_session_named_in_a_trust_policy_is_one_of_that_role_and_of_no_later_one(
    host: Host, alice: dict[str, str], iam: Any
) -> None:
    first = host.role("first", trusting(ALICE))
    role = host.role("target", trusting(f"arn:aws:sts::{ACCOUNT}:assumed-role/first/s1"))
    iam.delete_role(RoleName="first")
    host.role("first", trusting(ALICE), allow("sts:AssumeRole"))
    session = host.assume(alice, first, "s1")
    assert host.query(session, "AssumeRole", RoleArn=role, RoleSessionName="dev").code == "AccessDenied"


def test_a_renamed_user_is_still_trusted(host: Host, alice: dict[str, str], iam: Any) -> None:
    role = host.role("target", trusting(ALICE))
    iam.update_user(UserName="alice", NewUserName="bob", NewPath="/x/")
    host.assume(alice, role)
    shown = iam.get_role(RoleName="target")["Role"]["AssumeRolePolicyDocument"]
    assert shown["Statement"][0]["Principal"] == {"AWS": f"arn:aws:iam::{ACCOUNT}:user/x/bob"}


def test_b10_names_are_resolved_in_the_account_that_the_arn_says(host: Host) -> None:
    """Same user and role names in two accounts: nothing of one opens anything of the other."""
    here, there = (host.user("alice", account=account) for account in (ACCOUNT, OTHER_ACCOUNT))
    mine = host.role("target", trusting(ALICE))
    yours = host.role("target", trusting(f"arn:aws:iam::{OTHER_ACCOUNT}:user/alice"), account=OTHER_ACCOUNT)
    host.assume(here, mine)
    host.assume(there, yours)
    assert host.query(here, "AssumeRole", RoleArn=yours, RoleSessionName="dev").code == "AccessDenied"
    assert host.query(there, "AssumeRole", RoleArn=mine, RoleSessionName="dev").code == "AccessDenied"


def test_f18_root_is_root_of_one_account_only(host: Host) -> None:
    host.admin("iam", OTHER_ACCOUNT).create_user(UserName="theirs")
    assert host.root("iam").list_users()["Users"][0]["Arn"].startswith(f"arn:aws:iam::{ACCOUNT}:")
    told = refusal(host.root("iam").get_user, UserName="theirs")
    assert told[1] == "NoSuchEntity"
