"""IAM User Guide, "Managed policies and inline policies", "Permissions boundaries": what is stored is what is enforced."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clientkit import allow, make_user
from iamkit import refused

if TYPE_CHECKING:
    from clientkit import Clients


def test_the_version_in_force_decides_at_once(account: Clients) -> None:
    """IAM User Guide, "Versioning IAM policies"; threat F14: SetDefaultPolicyVersion."""
    bob = make_user(account, "bob")
    arn = account.iam.create_policy(PolicyName="p", PolicyDocument=allow("iam:ListUsers"))["Policy"]["Arn"]
    account.iam.attach_user_policy(UserName="bob", PolicyArn=arn)
    bob.clients.iam.list_users()
    account.iam.create_policy_version(PolicyArn=arn, PolicyDocument=allow("iam:ListRoles"), SetAsDefault=True)
    bob.clients.iam.list_roles()
    with refused("AccessDenied"):
        bob.clients.iam.list_users()
    account.iam.set_default_policy_version(PolicyArn=arn, VersionId="v1")
    bob.clients.iam.list_users()
    account.iam.detach_user_policy(UserName="bob", PolicyArn=arn)
    with refused("AccessDenied"):
        bob.clients.iam.list_users()


def test_an_explicit_deny_names_its_policy(account: Clients) -> None:
    bob = make_user(account, "bob", allow("iam:*"))
    text = allow("iam:DeleteUser").replace("Allow", "Deny")
    arn = account.iam.create_policy(PolicyName="no-deletion", PolicyDocument=text)["Policy"]["Arn"]
    account.iam.attach_user_policy(UserName="bob", PolicyArn=arn)
    with refused("AccessDenied", f"with an explicit deny in an identity-based policy: {arn}"):
        bob.clients.iam.delete_user(UserName="bob")


def test_a_boundary_holds_whatever_policies_say(account: Clients) -> None:
    bob = make_user(account, "bob", allow("iam:*"))
    arn = account.iam.create_policy(PolicyName="wall", PolicyDocument=allow("iam:Get*", "iam:List*"))["Policy"]["Arn"]
    account.iam.put_user_permissions_boundary(UserName="bob", PermissionsBoundary=arn)
    bob.clients.iam.list_users()
    for call, given in (
        (bob.clients.iam.delete_user_permissions_boundary, {"UserName": "bob"}),
        (bob.clients.iam.create_policy_version, {"PolicyArn": arn, "PolicyDocument": allow("iam:*")}),
        (bob.clients.iam.create_access_key, {}),
        (bob.clients.iam.create_user, {"UserName": "eve"}),
    ):
        with refused("AccessDenied"):
            call(**given)
    with refused("DeleteConflict", "Cannot delete a policy attached to entities.", status=409):
        account.iam.delete_policy(PolicyArn=arn)
    account.iam.delete_user_permissions_boundary(UserName="bob")
    bob.clients.iam.create_user(UserName="eve")


def test_documents_that_aws_refuses_are_refused_in_its_words(account: Clients) -> None:
    with refused("MalformedPolicyDocument", "Syntax errors in policy.", status=400):
        account.iam.create_policy(PolicyName="p", PolicyDocument='{"Version": "2012-10-17"}')
    with refused("MalformedPolicyDocument", "Syntax errors in policy."):
        account.iam.put_user_policy(UserName="admin", PolicyName="p", PolicyDocument=allow("*", Colour="red"))


def test_documents_read_back_as_they_were_written(account: Clients) -> None:
    text = allow("s3:GetObject", resource='arn:aws:s3:::b/ü+%20 &<x>"'.replace('"', "'"))
    arn = account.iam.create_policy(PolicyName="p", PolicyDocument=text)["Policy"]["Arn"]
    document = account.iam.get_policy_version(PolicyArn=arn, VersionId="v1")["PolicyVersion"]["Document"]
    assert document["Statement"][0]["Resource"] == "arn:aws:s3:::b/ü+%20 &<x>'"


def test_policies_of_aws_are_there_and_nobodys_to_change(account: Clients) -> None:
    arn = "arn:aws:iam::aws:policy/AdministratorAccess"
    policy = account.iam.get_policy(PolicyArn=arn)["Policy"]
    assert (policy["AttachmentCount"], policy["IsAttachable"]) == (1, True)
    with refused("AccessDenied", "Cannot delete policies outside your own account."):
        account.iam.delete_policy(PolicyArn=arn)
    pages = account.iam.get_paginator("list_policies").paginate(Scope="AWS", PaginationConfig={"PageSize": 1000})
    assert sum(len(page["Policies"]) for page in pages) > 1500


def test_a_session_narrowed_to_nothing_cannot_help_itself(account: Clients) -> None:
    """Threat B1: no operation on one's own user is let through for being one's own."""
    bob = make_user(account, "bob", allow("*"))
    token = bob.clients.sts.get_federation_token(Name="bob", Policy=allow("s3:GetObject"))["Credentials"]
    session = bob.clients.with_credentials(type(bob.clients.credentials).of(token))
    with refused("InvalidClientTokenId"):  # federated users have no IAM at all
        session.iam.create_access_key(UserName="bob")
    role = account.iam.create_role(
        RoleName="app",
        AssumeRolePolicyDocument=allow("sts:AssumeRole").replace(
            '"Resource": "*"', f'"Principal": {{"AWS": "{bob.arn}"}}'
        ),
    )["Role"]
    account.iam.put_role_policy(RoleName="app", PolicyName="p", PolicyDocument=allow("*"))
    narrow = bob.clients.assume(role["Arn"], Policy=allow("s3:GetObject"))
    for call, given in (
        (narrow.iam.create_access_key, {"UserName": "bob"}),
        (narrow.iam.put_user_policy, {"UserName": "bob", "PolicyName": "p", "PolicyDocument": allow("*")}),
        (narrow.iam.put_role_policy, {"RoleName": "app", "PolicyName": "p", "PolicyDocument": allow("*")}),
        (narrow.iam.create_user, {"UserName": "eve"}),
    ):
        with refused("AccessDenied"):
            call(**given)
    wide = bob.clients.assume(role["Arn"])
    wide.iam.create_user(UserName="eve")
