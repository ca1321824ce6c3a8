"""IAM User Guide, "Monitor and control actions taken with assumed roles": a source identity is set once and stays.

That it needs permission at every hop, and the texts of its errors, were recorded from AWS.
"""

from __future__ import annotations

from typing import Any

from sts_asking import has, not_authorized, tags
from worldkit import ACCOUNT, Host, allow, document, refusal, trusting

ALICE = f"arn:aws:iam::{ACCOUNT}:user/alice"
NAMING = ("sts:AssumeRole", "sts:SetSourceIdentity")
ALL = (*NAMING, "sts:TagSession")
IS_SET = "The source identity is already set for this assume role session"


def test_a_source_identity_is_answered_and_needs_its_own_permission(host: Host, sts: Any) -> None:
    plain, naming = host.role("Plain", trusting(ALICE)), host.role("Naming", trusting(ALICE, *NAMING))
    assert sts.assume_role(RoleArn=naming, RoleSessionName="dev", SourceIdentity="alice")["SourceIdentity"] == "alice"
    told = refusal(sts.assume_role, RoleArn=plain, RoleSessionName="dev", SourceIdentity="alice")
    assert told == not_authorized(ALICE, "sts:SetSourceIdentity", plain)


def test_the_action_that_is_named_is_the_first_that_fails(host: Host, sts: Any) -> None:
    """Recorded: with a wrong source identity AWS names sts:SetSourceIdentity, without any it names sts:AssumeRole."""
    role = host.role("R", trusting(ALICE, *ALL, Condition={"StringEquals": {"sts:SourceIdentity": "alice"}}))
    given = {"RoleArn": role, "RoleSessionName": "dev"}
    sts.assume_role(**given, SourceIdentity="alice")
    assert refusal(sts.assume_role, **given) == not_authorized(ALICE, "sts:AssumeRole", role)
    told = refusal(sts.assume_role, **given, SourceIdentity="bob", Tags=tags(a="1"))
    assert told == not_authorized(ALICE, "sts:SetSourceIdentity", role)


def test_a_source_identity_goes_with_the_whole_chain(host: Host, alice: dict[str, str]) -> None:
    one = host.role("Role1", trusting(ALICE, *NAMING))
    two = host.role("Role2", trusting(one, *NAMING))
    three = host.role("Role3", trusting(two, *NAMING, Condition={"StringEquals": {"aws:SourceIdentity": "alice"}}))
    session = host.assume(host.assume(alice, one, SourceIdentity="alice"), two)
    answer = host.client("sts", session).assume_role(RoleArn=three, RoleSessionName="dev", SourceIdentity="alice")
    assert answer["SourceIdentity"] == "alice"
    assert has(host, answer["Credentials"], {"StringEquals": {"aws:SourceIdentity": "alice"}})


def test_an_inherited_source_identity_needs_permission_too(host: Host, alice: dict[str, str]) -> None:
    one = host.role("Role1", trusting(ALICE, *NAMING))
    two = host.role("Role2", trusting(one))
    session = host.assume(alice, one, SourceIdentity="alice")
    told = refusal(host.client("sts", session).assume_role, RoleArn=two, RoleSessionName="dev")
    assert told == not_authorized(f"arn:aws:sts::{ACCOUNT}:assumed-role/Role1/session", "sts:SetSourceIdentity", two)


def test_b14_another_source_identity_is_a_validation_error_and_the_same_is_none(
    host: Host, alice: dict[str, str]
) -> None:
    one = host.role("Role1", trusting(ALICE, *NAMING))
    two = host.role("Role2", trusting(one, *NAMING))
    session = host.client("sts", host.assume(alice, one, SourceIdentity="alice"))
    given = {"RoleArn": two, "RoleSessionName": "dev"}
    for other in ("bob", "Alice", "alice2"):
        assert refusal(session.assume_role, **given, SourceIdentity=other) == (400, "ValidationError", IS_SET)
    session.assume_role(**given, SourceIdentity="alice")


def test_a_session_without_source_identity_may_set_one_for_the_next_hop(host: Host, alice: dict[str, str]) -> None:
    one = host.role("Role1", trusting(ALICE))
    two = host.role("Role2", trusting(one, *NAMING))
    session = host.client("sts", host.assume(alice, one))
    assert session.assume_role(RoleArn=two, RoleSessionName="dev", SourceIdentity="late")["SourceIdentity"] == "late"


def test_one_person_is_denied_by_source_identity_session_name_or_tag(
    host: Host, alice: dict[str, str], iam: Any
) -> None:
    role = host.role("R", trusting(ALICE, *ALL), allow("iam:ListUsers"))
    role_id = iam.get_role(RoleName="R")["Role"]["RoleId"]
    who = {name: host.assume(alice, role, name, SourceIdentity=name, Tags=tags(who=name)) for name in ("eve", "dan")}
    for key, value in (
        ("aws:SourceIdentity", "eve"),
        ("aws:userid", f"{role_id}:eve"),
        ("aws:PrincipalTag/who", "eve"),
    ):
        refused = {"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": {"StringEquals": {key: value}}}
        iam.put_role_policy(RoleName="R", PolicyName="revoke", PolicyDocument=document(refused))
        assert host.query(who["eve"], "ListUsers", "iam").code == "AccessDenied"
        assert host.query(who["dan"], "ListUsers", "iam").status == 200
