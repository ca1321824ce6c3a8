"""What ends a session and what does not (IAM User Guide, "Revoking IAM role temporary security credentials").

Sessions are bound to the unique id of their role or user; permission policies count as they are now, trust policies only
when a session is opened.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest
from worldkit import ACCOUNT, OTHER_ACCOUNT, START, Host, allow, deny, document, refusal, trusting

from daypass.credentials import KeyRing

if TYPE_CHECKING:
    from collections.abc import Mapping

ALICE = f"arn:aws:iam::{ACCOUNT}:user/alice"
INVALID = (403, "InvalidClientTokenId", "The security token included in the request is invalid.")
EXPIRED = (403, "ExpiredToken", "The security token included in the request is expired")


def state(host: Host, credentials: Mapping[str, Any]) -> str | None:
    """None for credentials that live, the code of their refusal otherwise."""
    return host.query(credentials, "GetCallerIdentity").code


def at_s3(host: Host, credentials: Mapping[str, Any]) -> tuple[int, str]:
    return refusal(host.client("s3", credentials).list_buckets)[:2]


def delete_user(iam: Any, name: str, key: str) -> None:
    for policy in iam.list_user_policies(UserName=name)["PolicyNames"]:
        iam.delete_user_policy(UserName=name, PolicyName=policy)
    iam.delete_access_key(UserName=name, AccessKeyId=key)
    iam.delete_user(UserName=name)


@pytest.fixture
def role(host: Host, alice: dict[str, str]) -> str:
    return host.role("R", trusting(ALICE), allow("iam:ListUsers"))


@pytest.fixture
def session(host: Host, alice: dict[str, str], role: str) -> dict[str, Any]:
    return host.assume(alice, role)


def test_a_session_expires_at_the_second_of_its_expiration(host: Host, session: dict[str, Any]) -> None:
    host.at(3599)
    assert host.query(session, "GetCallerIdentity").status == 200
    host.at(0.999)
    assert host.query(session, "GetCallerIdentity").status == 200
    host.at(0.001)
    assert host.now == START + 3600
    assert host.query(session, "GetCallerIdentity").refusal == EXPIRED
    assert at_s3(host, session) == (400, "ExpiredToken")
    assert host.query(session, "ListUsers", "iam").refusal == EXPIRED


def test_use_does_not_prolong_a_session(host: Host, session: dict[str, Any]) -> None:
    for _ in range(35):
        host.at(100)
        assert state(host, session) is None
    host.at(100)
    assert state(host, session) == "ExpiredToken"


def test_a_deleted_role_s_sessions_are_dead(host: Host, session: dict[str, Any], iam: Any) -> None:
    iam.delete_role_policy(RoleName="R", PolicyName="p")
    iam.delete_role(RoleName="R")
    assert host.query(session, "GetCallerIdentity").refusal == INVALID
    assert host.query(session, "ListUsers", "iam").refusal == INVALID
    assert at_s3(host, session) == (403, "InvalidAccessKeyId")


def test_e3_a_role_made_again_is_another_one_and_old_sessions_stay_dead(
    host: Host, alice: dict[str, str], role: str, session: dict[str, Any], iam: Any
) -> None:
    old = iam.get_role(RoleName="R")["Role"]["RoleId"]
    iam.delete_role_policy(RoleName="R", PolicyName="p")
    iam.delete_role(RoleName="R")
    assert host.role("R", trusting(ALICE), allow("*")) == role
    assert state(host, session) == "InvalidClientTokenId"
    fresh = host.assume(alice, role)
    new = iam.get_role(RoleName="R")["Role"]["RoleId"]
    assert new != old
    assert host.query(fresh, "GetCallerIdentity").text("UserId") == f"{new}:session"


def test_a_trust_policy_changed_even_to_deny_has_no_effect_on_live_sessions(
    host: Host, alice: dict[str, str], role: str, session: dict[str, Any], iam: Any
) -> None:
    refused = document({"Effect": "Deny", "Principal": {"AWS": ALICE}, "Action": "sts:AssumeRole"})
    iam.update_assume_role_policy(RoleName="R", PolicyDocument=refused)
    assert host.query(session, "ListUsers", "iam").status == 200
    assert host.query(alice, "AssumeRole", RoleArn=role, RoleSessionName="late").code == "AccessDenied"


def test_permission_policies_boundaries_and_groups_count_at_once(host: Host, session: dict[str, Any], iam: Any) -> None:
    iam.put_role_policy(RoleName="R", PolicyName="p", PolicyDocument=deny("*"))
    assert host.query(session, "ListUsers", "iam").code == "AccessDenied"
    iam.put_role_policy(RoleName="R", PolicyName="p", PolicyDocument=allow("iam:ListUsers"))
    assert host.query(session, "ListUsers", "iam").status == 200
    boundary = iam.create_policy(PolicyName="b", PolicyDocument=allow("s3:*"))["Policy"]["Arn"]
    iam.put_role_permissions_boundary(RoleName="R", PermissionsBoundary=boundary)
    assert host.query(session, "ListUsers", "iam").code == "AccessDenied"
    iam.create_policy_version(PolicyArn=boundary, PolicyDocument=allow("*"), SetAsDefault=True)
    assert host.query(session, "ListUsers", "iam").status == 200


def test_a_lowered_max_session_duration_has_no_effect_on_live_sessions(
    host: Host, alice: dict[str, str], iam: Any
) -> None:
    role = host.role("Long", trusting(ALICE), MaxSessionDuration=43200)
    session = host.assume(alice, role, DurationSeconds=43200)
    iam.update_role(RoleName="Long", MaxSessionDuration=3600)
    host.at(43199)
    assert state(host, session) is None


def test_b12_aws_revoke_older_sessions_denies_what_was_issued_before_its_second(
    host: Host, alice: dict[str, str], role: str, session: dict[str, Any], iam: Any
) -> None:
    host.at(1)
    in_the_second = host.assume(alice, role)
    host.clock[0] += 0.75
    moment = "2027-01-15T08:00:01.000Z"
    revoked = {"Effect": "Deny", "Action": ["*"], "Resource": ["*"],
               "Condition": {"DateLessThan": {"aws:TokenIssueTime": moment}}}  # fmt: skip
    iam.put_role_policy(RoleName="R", PolicyName="AWSRevokeOlderSessions", PolicyDocument=document(revoked))
    assert host.query(session, "ListUsers", "iam").code == "AccessDenied"
    assert at_s3(host, session) == (403, "AccessDenied")
    assert host.query(in_the_second, "ListUsers", "iam").status == 200
    assert host.query(host.assume(alice, role), "ListUsers", "iam").status == 200
    assert state(host, session) is None  # GetCallerIdentity cannot be denied


def test_the_revocation_of_a_user_s_sessions_spares_its_long_term_key(
    host: Host, alice: dict[str, str], iam: Any
) -> None:
    session = host.client("sts", alice).get_session_token()["Credentials"]
    host.at(10)
    revoked = {"Effect": "Deny", "Action": "*", "Resource": "*",
               "Condition": {"DateLessThan": {"aws:TokenIssueTime": "2027-01-15T08:00:10Z"}}}  # fmt: skip
    allowed = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
    iam.put_user_policy(UserName="alice", PolicyName="p", PolicyDocument=document(allowed, revoked))
    assert at_s3(host, session) == (403, "AccessDenied")
    host.client("s3", alice).list_buckets()


def test_b12_a_deleted_user_s_own_sessions_die_and_role_sessions_that_it_opened_live_on(host: Host, role: str, iam: Any) -> None:  # fmt: skip
    bob = host.user("bob", allow("sts:*"))
    iam.update_assume_role_policy(RoleName="R", PolicyDocument=trusting(f"arn:aws:iam::{ACCOUNT}:root"))
    sts = host.client("sts", bob)
    own = sts.get_session_token()["Credentials"]
    federated = sts.get_federation_token(Name="Fred")["Credentials"]
    opened = host.assume(bob, role)
    chained = host.assume(own, role)
    assert [state(host, each) for each in (bob, own, federated, opened, chained)] == [None] * 5
    delete_user(iam, "bob", bob["AccessKeyId"])
    dead = "InvalidClientTokenId"
    assert [state(host, each) for each in (bob, own, federated, opened, chained)] == [dead, dead, dead, None, None]
    again = host.user("bob", allow("*"))
    assert [state(host, each) for each in (again, own, federated)] == [None, dead, dead]


@pytest.mark.parametrize("how", ["deactivated", "deleted"])
def test_b12_a_key_that_is_deactivated_or_deleted_is_dead_and_sessions_made_with_it_live_on(
    host: Host, role: str, iam: Any, how: str
) -> None:
    bob = host.user("bob", allow("sts:*"))
    iam.update_assume_role_policy(RoleName="R", PolicyDocument=trusting(f"arn:aws:iam::{ACCOUNT}:root"))
    sts = host.client("sts", bob)
    sessions = [sts.get_session_token()["Credentials"], sts.get_federation_token(Name="Fred")["Credentials"]]
    sessions.append(host.assume(bob, role))
    if how == "deactivated":
        iam.update_access_key(UserName="bob", AccessKeyId=bob["AccessKeyId"], Status="Inactive")
    else:
        iam.delete_access_key(UserName="bob", AccessKeyId=bob["AccessKeyId"])
    assert host.query(bob, "GetCallerIdentity").refusal == INVALID
    assert [state(host, session) for session in sessions] == [None] * 3
    host.at(43200)
    assert [state(host, session) for session in sessions] == ["ExpiredToken"] * 3


def test_a_key_that_is_activated_again_lives_again(host: Host, alice: dict[str, str], iam: Any) -> None:
    for status, code in (("Inactive", "InvalidClientTokenId"), ("Active", None)):
        iam.update_access_key(UserName="alice", AccessKeyId=alice["AccessKeyId"], Status=status)
        assert state(host, alice) == code


def test_a_removed_mfa_device_has_no_effect_on_live_sessions(host: Host, alice: dict[str, str], iam: Any) -> None:
    device = host.device("alice")
    given = {"SerialNumber": device.serial, "TokenCode": device.code()}
    session = host.client("sts", alice).get_session_token(**given)["Credentials"]
    iam.deactivate_mfa_device(UserName="alice", SerialNumber=device.serial)
    iam.put_user_policy(UserName="alice", PolicyName="p", PolicyDocument=allow("iam:ListUsers"))
    assert host.query(session, "ListUsers", "iam").status == 200


def test_chained_sessions_live_on_when_the_one_that_opened_them_is_gone(
    host: Host, alice: dict[str, str], iam: Any
) -> None:
    first = host.role("first", trusting(ALICE))
    second = host.role("second", trusting(first))
    parent = host.assume(alice, first, DurationSeconds=900)
    child = host.assume(parent, second, DurationSeconds=3600)
    iam.delete_role(RoleName="first")
    assert (state(host, parent), state(host, child)) == ("InvalidClientTokenId", None)
    host.at(1000)
    assert state(host, child) is None


def test_a_renamed_user_s_session_goes_on_under_its_new_name(host: Host, alice: dict[str, str], iam: Any) -> None:
    session = host.client("sts", alice).get_session_token()["Credentials"]
    iam.update_user(UserName="alice", NewUserName="anna")
    assert host.query(session, "GetCallerIdentity").text("Arn") == f"arn:aws:iam::{ACCOUNT}:user/anna"


def test_roles_of_the_same_name_in_two_accounts_are_two(host: Host, session: dict[str, Any], iam: Any) -> None:
    carol = host.user("carol", account=OTHER_ACCOUNT)
    theirs = host.role("R", trusting(f"arn:aws:iam::{OTHER_ACCOUNT}:user/carol"), account=OTHER_ACCOUNT)
    other = host.assume(carol, theirs)
    iam.delete_role_policy(RoleName="R", PolicyName="p")
    iam.delete_role(RoleName="R")
    assert (state(host, session), state(host, other)) == ("InvalidClientTokenId", None)


# Key rings (B11)


def test_b11_a_token_of_another_installation_is_invalid(host: Host, session: dict[str, Any]) -> None:
    host.world.keys = type(host.world.keys)(
        KeyRing.generate(os.urandom(32)), host.world.keys.signing, host.world.keys.regions
    )
    host.store.derived.drop(ACCOUNT)
    assert host.query(session, "GetCallerIdentity").refusal == INVALID


def test_b7_every_changed_token_gets_the_same_answer(host: Host, session: dict[str, Any]) -> None:
    token = session["SessionToken"]
    changed = [token[:at] + ("A" if token[at] != "A" else "B") + token[at + 1 :] for at in range(0, len(token), 7)]
    changed += [token[:-1], token[:-4], token[1:], token + "A", token + "AAAA", token + "=", token[:40], "", "A", token * 2, token.swapcase()]  # fmt: skip
    answers = {host.query(session | {"SessionToken": other}, "GetCallerIdentity").refusal for other in changed}
    assert answers == {INVALID}


def test_b14_who_a_session_is_comes_from_its_token_alone(host: Host, session: dict[str, Any], role: str) -> None:
    """Parameters named like the facts of a session change nothing."""
    told = host.query(session, "GetCallerIdentity", RoleSessionName="root", SourceIdentity="x", Arn="x", UserId="x", **{"aws:userid": "x"})  # fmt: skip
    assert told.text("Arn") == f"arn:aws:sts::{ACCOUNT}:assumed-role/R/session"
