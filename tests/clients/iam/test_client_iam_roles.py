"""IAM User Guide, "IAM roles": who is trusted is who was meant, and sessions end with their role."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from clientkit import allow, make_user, trusting
from iamkit import refused

if TYPE_CHECKING:
    from clientkit import Clients, Person


@pytest.fixture
def bob(account: Clients) -> Person:
    return make_user(account, "bob", allow("sts:AssumeRole"))


def test_a_user_made_again_inherits_no_trust(account: Clients, bob: Person) -> None:
    """Threat F16; IAM User Guide, "AWS JSON policy elements: Principal"."""
    role = account.iam.create_role(RoleName="app", AssumeRolePolicyDocument=trusting({"AWS": bob.arn}))["Role"]
    bob.clients.assume(role["Arn"])
    first = account.iam.get_user(UserName="bob")["User"]["UserId"]
    account.iam.delete_access_key(UserName="bob", AccessKeyId=bob.clients.credentials.access_key_id)
    account.iam.delete_user_policy(UserName="bob", PolicyName="inline")
    account.iam.delete_user(UserName="bob")
    again = make_user(account, "bob", allow("iam:GetUser"))
    with refused("AccessDenied"):
        again.clients.assume(role["Arn"])
    shown = account.iam.get_role(RoleName="app")["Role"]["AssumeRolePolicyDocument"]
    assert shown["Statement"][0]["Principal"] == {"AWS": first}


def test_trust_follows_a_user_to_its_new_name(account: Clients, bob: Person) -> None:
    role = account.iam.create_role(RoleName="app", AssumeRolePolicyDocument=trusting({"AWS": bob.arn}))["Role"]
    account.iam.update_user(UserName="bob", NewUserName="robert")
    bob.clients.assume(role["Arn"])
    shown = account.iam.get_role(RoleName="app")["Role"]["AssumeRolePolicyDocument"]
    assert shown["Statement"][0]["Principal"]["AWS"].endswith(":user/robert")


def test_a_role_made_again_does_not_take_up_old_sessions(account: Clients, bob: Person) -> None:
    given = {"RoleName": "app", "AssumeRolePolicyDocument": trusting({"AWS": bob.arn})}
    role = account.iam.create_role(**given)["Role"]
    session = bob.clients.assume(role["Arn"])
    account.iam.delete_role(RoleName="app")
    with refused("InvalidClientTokenId", status=403):
        session.sts.get_caller_identity()
    account.iam.create_role(**given)
    with refused("InvalidClientTokenId"):
        session.sts.get_caller_identity()


def test_a_trust_policy_narrowed_counts_for_the_next_session(account: Clients, bob: Person) -> None:
    role = account.iam.create_role(RoleName="app", AssumeRolePolicyDocument=trusting({"AWS": bob.arn}))["Role"]
    session = bob.clients.assume(role["Arn"])
    document = trusting({"AWS": f"arn:aws:iam::{account.account}:user/admin"})
    account.iam.update_assume_role_policy(RoleName="app", PolicyDocument=document)
    with refused("AccessDenied"):
        bob.clients.assume(role["Arn"])
    session.sts.get_caller_identity()


def test_who_is_not_there_cannot_be_trusted(account: Clients) -> None:
    nobody = f"arn:aws:iam::{account.account}:user/nobody"
    with refused("MalformedPolicyDocument", f'Invalid principal in policy: "AWS":"{nobody}"', status=400):
        account.iam.create_role(RoleName="app", AssumeRolePolicyDocument=trusting({"AWS": nobody}))


def test_a_role_is_read_as_terraform_reads_it(account: Clients) -> None:
    account.iam.create_role(
        RoleName="app",
        Path="/svc/",
        AssumeRolePolicyDocument=trusting({"Service": "ec2.amazonaws.com"}),
        Description="d",
        MaxSessionDuration=7200,
        Tags=[{"Key": "k", "Value": "v"}],
    )
    account.iam.get_waiter("role_exists").wait(RoleName="app", WaiterConfig={"Delay": 1, "MaxAttempts": 1})
    role = account.iam.get_role(RoleName="app")["Role"]
    assert (role["Description"], role["MaxSessionDuration"], role["RoleLastUsed"]) == ("d", 7200, {})
    assert role["Tags"] == [{"Key": "k", "Value": "v"}]
    assert account.iam.list_role_policies(RoleName="app")["PolicyNames"] == []
    assert account.iam.list_attached_role_policies(RoleName="app")["AttachedPolicies"] == []
    assert [r["RoleName"] for r in account.iam.list_roles(PathPrefix="/svc/")["Roles"]] == ["app"]
    details = account.iam.get_account_authorization_details(Filter=["Role"])
    assert [r["RoleName"] for r in details["RoleDetailList"]] == ["app"]


def test_a_role_session_may_use_iam_and_has_no_user_name(account: Clients, bob: Person) -> None:
    role = account.iam.create_role(RoleName="app", AssumeRolePolicyDocument=trusting({"AWS": bob.arn}))["Role"]
    account.iam.put_role_policy(RoleName="app", PolicyName="p", PolicyDocument=allow("iam:*"))
    session = bob.clients.assume(role["Arn"])
    assert session.iam.get_role(RoleName="app")["Role"]["Arn"] == role["Arn"]
    with refused("ValidationError", "Must specify userName when calling with non-User credentials", status=400):
        session.iam.get_user()


def test_an_instance_profile_takes_a_role_from_who_may_pass_it(account: Clients) -> None:
    carol = make_user(account, "carol", allow("iam:*InstanceProfile*"))
    account.iam.create_role(RoleName="app", AssumeRolePolicyDocument=trusting({"Service": "ec2.amazonaws.com"}))
    profile = {"InstanceProfileName": "web"}
    carol.clients.iam.create_instance_profile(**profile)
    account.iam.get_waiter("instance_profile_exists").wait(**profile, WaiterConfig={"Delay": 1, "MaxAttempts": 1})
    with refused("AccessDenied", "because no identity-based policy allows the iam:PassRole action"):
        carol.clients.iam.add_role_to_instance_profile(**profile, RoleName="app")
    condition = {"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}}
    account.iam.put_user_policy(
        UserName="carol", PolicyName="p", PolicyDocument=allow("iam:PassRole", Condition=condition)
    )
    carol.clients.iam.add_role_to_instance_profile(**profile, RoleName="app")
    inside = account.iam.get_instance_profile(**profile)["InstanceProfile"]["Roles"]
    assert [role["RoleName"] for role in inside] == ["app"]
