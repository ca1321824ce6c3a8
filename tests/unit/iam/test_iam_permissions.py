"""IAM's questions before the real policy engine: each operation needs its own action and nothing stands in for it.

Threats B1-B3 (own resources are no exception), F7 (another operation's action), F14 (ways up), F15 (boundaries).
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from iam_world import ACCOUNT, OF_WHAT_IS_THERE, READ_ONLY, least_input

from daypass.services.iam import iam as operations

if TYPE_CHECKING:
    from collections.abc import Callable

    from iam_world import Iam

ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"
TAGS = [{"Key": "team", "Value": "red"}]


def statement(effect: str, **elements: Any) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": {"Effect": effect, "Resource": "*", **elements}})


@pytest.fixture
def limited(iam: Iam) -> Callable[..., Iam]:
    """IAM as the user ``limited`` sees it, whose one policy is the given."""
    iam("CreateUser", UserName="limited")

    def caller(text: str) -> Iam:
        iam("PutUserPolicy", UserName="limited", PolicyName="only", PolicyDocument=text)
        return iam.as_user("limited")

    return caller


@pytest.mark.parametrize("operation", sorted(operations.table.keys() - OF_WHAT_IS_THERE))
def test_exactly_its_own_action_lets_an_operation_pass(iam: Iam, limited: Callable[..., Iam], operation: str) -> None:
    given = least_input(operation)
    if operation == "GetAccessKeyLastUsed":
        given["AccessKeyId"] = iam("CreateAccessKey")["AccessKey"]["AccessKeyId"]
    passing = ["iam:PassRole"] if operation == "AddRoleToInstanceProfile" else []
    limited(statement("Allow", Action=[f"iam:{operation}", *passing])).asked(operation, **given)
    text = limited(statement("Allow", NotAction=f"iam:{operation}")).denial(operation, **given)
    assert text.startswith(
        f"User: arn:aws:iam::{ACCOUNT}:user/limited is not authorized to perform: iam:{operation} on resource: "
    )
    assert text.endswith(f" because no identity-based policy allows the iam:{operation} action")


def test_a_role_is_passed_only_by_who_may_pass_it_to_that_service(limited: Callable[..., Iam]) -> None:
    given = {"InstanceProfileName": "web", "RoleName": "app"}
    own = {"Effect": "Allow", "Action": "iam:AddRole*", "Resource": "*"}

    def passing(**elements: Any) -> str:
        allowed = {"Effect": "Allow", "Action": "iam:PassRole", "Resource": f"arn:aws:iam::{ACCOUNT}:role/app"}
        return json.dumps({"Version": "2012-10-17", "Statement": [own, {**allowed, **elements}]})

    to = "iam:PassedToService"
    limited(passing(Condition={"StringEquals": {to: "ec2.amazonaws.com"}})).asked("AddRoleToInstanceProfile", **given)
    for elements in (
        {"Condition": {"StringEquals": {to: "lambda.amazonaws.com"}}},
        {"Resource": f"arn:aws:iam::{ACCOUNT}:role/app-2"},
        {"Action": "iam:GetRole"},
    ):
        text = limited(passing(**elements)).denial("AddRoleToInstanceProfile", **given)
        assert text.endswith(
            f"iam:PassRole on resource: arn:aws:iam::{ACCOUNT}:role/app "
            "because no identity-based policy allows the iam:PassRole action"
        )


@pytest.mark.parametrize(
    ("operation", "given", "printed"),
    [
        ("GetUser", {"UserName": "limited"}, "user limited"),
        ("GetUser", {}, "user limited"),
        ("CreateAccessKey", {}, "user limited"),
        ("PutUserPolicy", {"UserName": "limited", "PolicyName": "p", "PolicyDocument": "{}"}, "user limited"),
        ("ListUsers", {}, f"arn:aws:iam::{ACCOUNT}:user/"),
        ("ListPolicies", {}, "policy path /"),
        ("GetAccountSummary", {}, "*"),
        ("CreateUser", {"UserName": "x", "Path": "/a/"}, f"arn:aws:iam::{ACCOUNT}:user/a/x"),
        ("GetPolicy", {"PolicyArn": READ_ONLY}, f"policy {READ_ONLY}"),
    ],
)
def test_nobody_may_do_anything_unasked_not_even_to_itself(
    iam: Iam, operation: str, given: dict[str, Any], printed: str
) -> None:
    iam("CreateUser", UserName="limited")
    action = f"iam:{operation}"
    assert iam.as_user("limited").denial(operation, **given) == (
        f"User: arn:aws:iam::{ACCOUNT}:user/limited is not authorized to perform: {action} on resource: {printed} "
        f"because no identity-based policy allows the {action} action"
    )


def test_the_root_user_may_do_everything(iam: Iam) -> None:
    for operation in sorted(operations.table.keys() - OF_WHAT_IS_THERE - {"GetAccessKeyLastUsed"}):
        iam.as_root().asked(operation, **least_input(operation))


def test_who_may_manage_itself_may_manage_nobody_else(iam: Iam, limited: Callable[..., Iam]) -> None:
    """The self-management policy of the IAM User Guide; threat B3."""
    own = f"arn:aws:iam::{ACCOUNT}:user/${{aws:username}}"
    caller = limited(statement("Allow", Action="iam:*AccessKey*", Resource=own))
    caller.asked("CreateAccessKey")
    caller.asked("CreateAccessKey", UserName="limited")
    for name in ("admin", "absent"):
        caller.denial("CreateAccessKey", UserName=name)
        caller.denial("DeleteAccessKey", UserName=name, AccessKeyId="AKIAIOSFODNN7EXAMPLE")


def test_a_path_decides_where_the_policy_speaks_of_paths(iam: Iam, limited: Callable[..., Iam]) -> None:
    iam("CreateUser", UserName="bob", Path="/team/")
    caller = limited(statement("Allow", Action="iam:*", Resource=f"arn:aws:iam::{ACCOUNT}:user/team/*"))
    caller.asked("GetUser", UserName="bob")
    caller.asked("ListUsers", PathPrefix="/team/")
    caller.denial("GetUser", UserName="admin")
    caller.denial("ListUsers")
    caller.denial("UpdateUser", UserName="bob", NewPath="/")
    caller.asked("UpdateUser", UserName="bob", NewUserName="robert")


def test_tagging_at_creation_needs_its_own_action(limited: Callable[..., Iam]) -> None:
    caller = limited(statement("Allow", Action="iam:CreateUser"))
    caller.asked("CreateUser", UserName="eve")
    assert "iam:TagUser" in caller.denial("CreateUser", UserName="eve", Tags=TAGS)
    limited(statement("Allow", Action=["iam:CreateUser", "iam:TagUser"])).asked("CreateUser", UserName="eve", Tags=TAGS)


def test_conditions_on_tags_of_request_and_resource_hold(iam: Iam, limited: Callable[..., Iam]) -> None:
    iam("CreateUser", UserName="red", Tags=TAGS)
    iam("CreateUser", UserName="bare")
    for key in ("aws:ResourceTag/Team", "iam:ResourceTag/team"):
        caller = limited(statement("Allow", Action="iam:*", Condition={"StringEquals": {key: "red"}}))
        caller.asked("DeleteUser", UserName="red")
        caller.denial("DeleteUser", UserName="bare")
    only_team = {"ForAllValues:StringEquals": {"aws:TagKeys": ["team"]}, "StringEquals": {"aws:RequestTag/team": "red"}}
    caller = limited(statement("Allow", Action="iam:*", Condition=only_team))
    caller.asked("TagUser", UserName="bare", Tags=TAGS)
    caller.denial("TagUser", UserName="bare", Tags=[{"Key": "team", "Value": "blue"}])
    caller.denial("TagUser", UserName="bare", Tags=[*TAGS, {"Key": "more", "Value": "1"}])


def test_who_may_only_make_bounded_users_makes_no_others(iam: Iam, limited: Callable[..., Iam]) -> None:
    """IAM User Guide, "Delegating responsibility to others using permissions boundaries"."""
    iam("CreateUser", UserName="free")
    iam("CreateUser", UserName="bounded", PermissionsBoundary=READ_ONLY)
    caller = limited(
        statement("Allow", Action="iam:*", Condition={"StringEquals": {"iam:PermissionsBoundary": READ_ONLY}})
    )
    inline = {"PolicyName": "p", "PolicyDocument": "{}"}
    caller.asked("CreateUser", UserName="eve", PermissionsBoundary=READ_ONLY)
    caller.denial("CreateUser", UserName="eve")
    caller.denial("CreateUser", UserName="eve", PermissionsBoundary=ADMINISTRATOR)
    caller.denial("PutUserPermissionsBoundary", UserName="bounded", PermissionsBoundary=ADMINISTRATOR)
    for operation, given in (
        ("PutUserPolicy", inline),
        ("DeleteUserPolicy", {"PolicyName": "p"}),
        ("AttachUserPolicy", {"PolicyArn": ADMINISTRATOR}),
        ("DetachUserPolicy", {"PolicyArn": ADMINISTRATOR}),
    ):
        caller.asked(operation, UserName="bounded", **given)
        caller.denial(operation, UserName="free", **given)
    caller.denial("AttachGroupPolicy", GroupName="staff", PolicyArn=ADMINISTRATOR)


def test_what_may_be_attached_can_be_limited(limited: Callable[..., Iam]) -> None:
    caller = limited(statement("Allow", Action="iam:*", Condition={"ArnEquals": {"iam:PolicyARN": READ_ONLY}}))
    caller.asked("AttachUserPolicy", UserName="limited", PolicyArn=READ_ONLY)
    assert "iam:AttachUserPolicy" in caller.denial("AttachUserPolicy", UserName="limited", PolicyArn=ADMINISTRATOR)


@pytest.mark.parametrize(
    ("operation", "given"),
    [
        ("PutUserPolicy", {"UserName": "limited", "PolicyName": "only", "PolicyDocument": "{}"}),
        ("AttachUserPolicy", {"UserName": "limited", "PolicyArn": ADMINISTRATOR}),
        ("DeleteUserPermissionsBoundary", {"UserName": "limited"}),
        ("PutUserPermissionsBoundary", {"UserName": "limited", "PermissionsBoundary": ADMINISTRATOR}),
        ("CreatePolicyVersion", {"PolicyArn": f"arn:aws:iam::{ACCOUNT}:policy/wall", "PolicyDocument": "{}"}),
        ("SetDefaultPolicyVersion", {"PolicyArn": f"arn:aws:iam::{ACCOUNT}:policy/wall", "VersionId": "v1"}),
        ("CreateAccessKey", {}),
        ("AddUserToGroup", {"UserName": "limited", "GroupName": "admins"}),
        ("UpdateAssumeRolePolicy", {"RoleName": "app", "PolicyDocument": "{}"}),
        ("CreateUser", {"UserName": "eve"}),
    ],
)
def test_a_boundary_is_not_left_by_what_it_does_not_allow(
    iam: Iam, limited: Callable[..., Iam], operation: str, given: dict[str, Any]
) -> None:
    iam("CreatePolicy", PolicyName="wall", PolicyDocument=statement("Allow", Action="s3:*"))
    wall = f"arn:aws:iam::{ACCOUNT}:policy/wall"
    limited(statement("Allow", Action="*"))
    iam("PutUserPermissionsBoundary", UserName="limited", PermissionsBoundary=wall)
    text = iam.as_user("limited").denial(operation, **given)
    assert text.endswith(f"because no permissions boundary allows the iam:{operation} action")


def test_a_user_made_again_has_nothing_of_the_first_ones_permissions(iam: Iam, limited: Callable[..., Iam]) -> None:
    limited(statement("Allow", Action="iam:*")).asked("ListUsers")
    iam("DeleteUserPolicy", UserName="limited", PolicyName="only")
    iam("DeleteUser", UserName="limited")
    iam("CreateUser", UserName="limited")
    iam.as_user("limited").denial("ListUsers")
