"""What IAM's operations ask to be allowed (Service Authorization Reference; threats B1-B4, F7, F14, F15)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from iam_world import ACCOUNT, OF_WHAT_IS_THERE, OTHER_ACCOUNT, READ_ONLY, least_input

from daypass.services.iam import iam as operations
from daypass.services.iam.authorization import TAGGING

if TYPE_CHECKING:
    from collections.abc import Callable

    from iam_world import Iam

ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"
TAGS = [{"Key": "Team", "Value": "red"}]


def arn(resource: str) -> str:
    return f"arn:aws:iam::{ACCOUNT}:{resource}"


@pytest.fixture
def people(iam: Iam, trusting: Callable[[Any], str]) -> None:
    iam("CreateUser", UserName="bob", Path="/x/", Tags=TAGS, PermissionsBoundary=READ_ONLY)
    iam("CreateGroup", GroupName="staff", Path="/g/")
    iam(
        "CreateRole",
        RoleName="app",
        Path="/r/",
        AssumeRolePolicyDocument=trusting({"AWS": ACCOUNT}),
        Tags=TAGS,
        PermissionsBoundary=READ_ONLY,
    )


@pytest.mark.parametrize("operation", sorted(operations.table.keys() - OF_WHAT_IS_THERE))
def test_every_operation_asks_for_the_action_of_its_own_name_in_the_callers_account(iam: Iam, operation: str) -> None:
    given = least_input(operation)
    if operation == "GetAccessKeyLastUsed":
        given["AccessKeyId"] = iam("CreateAccessKey")["AccessKey"]["AccessKeyId"]
    asks = iam.asks(operation, **given)
    assert asks, "no operation of IAM is free"
    passing = {"iam:PassRole"} if operation == "AddRoleToInstanceProfile" else set()
    assert {ask.action for ask in asks} == {f"iam:{operation}"} | passing
    assert {ask.account for ask in asks} == {ACCOUNT}
    assert all(ask.resource_policy is None for ask in asks)


@pytest.mark.parametrize(
    ("operation", "given", "resource", "shown"),
    [
        ("GetUser", {"UserName": "bob"}, "user/x/bob", "user bob"),
        ("CreateAccessKey", {"UserName": "bob"}, "user/x/bob", "user bob"),
        ("GetUser", {"UserName": "absent"}, "user/absent", "user absent"),
        ("GetUser", {}, "user/admin", "user admin"),
        ("ListGroupsForUser", {"UserName": "bob"}, "user/x/bob", "user bob"),
        ("AddUserToGroup", {"UserName": "bob", "GroupName": "staff"}, "group/g/staff", "group staff"),
        ("GetGroup", {"GroupName": "absent"}, "group/absent", "group absent"),
        (
            "PutGroupPolicy",
            {"GroupName": "staff", "PolicyName": "p", "PolicyDocument": "{}"},
            "group/g/staff",
            "group staff",
        ),
        ("GetRole", {"RoleName": "app"}, "role/r/app", "role app"),
        ("UpdateAssumeRolePolicy", {"RoleName": "app", "PolicyDocument": "{}"}, "role/r/app", "role app"),
        ("AttachRolePolicy", {"RoleName": "app", "PolicyArn": ADMINISTRATOR}, "role/r/app", "role app"),
        (
            "PutRolePermissionsBoundary",
            {"RoleName": "app", "PermissionsBoundary": READ_ONLY},
            "role/r/app",
            arn("role/app"),
        ),
        ("DeleteRolePermissionsBoundary", {"RoleName": "app"}, "role/r/app", "role app"),
        ("CreateUser", {"UserName": "eve", "Path": "/y/"}, "user/y/eve", None),
        ("CreateGroup", {"GroupName": "eve"}, "group/eve", None),
        ("CreateRole", {"RoleName": "eve", "AssumeRolePolicyDocument": "{}"}, "role/eve", None),
        ("CreatePolicy", {"PolicyName": "p", "Path": "/y/", "PolicyDocument": "{}"}, "policy/y/p", "policy p"),
        ("GetPolicy", {"PolicyArn": arn("policy/y/p")}, "policy/y/p", f"policy {arn('policy/y/p')}"),
        ("CreateVirtualMFADevice", {"VirtualMFADeviceName": "d"}, "mfa/d", None),
        ("DeleteVirtualMFADevice", {"SerialNumber": arn("mfa/d")}, "mfa/d", None),
        ("ListUsers", {"PathPrefix": "/x/"}, "user/x/", None),
        ("ListRoles", {}, "role/", None),
        ("ListGroups", {}, "group/", None),
        ("ListPolicies", {}, "policy/", "policy path /"),
        ("ListVirtualMFADevices", {}, "mfa/", None),
    ],
)
@pytest.mark.usefixtures("people")
def test_the_resource_is_what_the_call_names(
    iam: Iam, operation: str, given: dict[str, Any], resource: str, shown: str | None
) -> None:
    (ask,) = iam.asks(operation, **given)
    assert (ask.resource, ask.shown) == (arn(resource), shown)


@pytest.mark.parametrize("operation", ["GetAccountSummary", "ListAccountAliases"])
def test_an_operation_without_a_resource_asks_for_all(iam: Iam, operation: str) -> None:
    (ask,) = iam.asks(operation)
    assert (ask.resource, ask.shown) == ("*", None)


@pytest.mark.usefixtures("people")
def test_a_rename_is_asked_for_under_both_arns(iam: Iam) -> None:
    asks = iam.asks("UpdateUser", UserName="bob", NewUserName="eve", NewPath="/")
    assert [(ask.resource, ask.shown) for ask in asks] == [
        (arn("user/x/bob"), "user bob"),
        (arn("user/eve"), "user eve"),
    ]
    asks = iam.asks("UpdateGroup", GroupName="staff", NewGroupName="crew")
    assert [ask.resource for ask in asks] == [arn("group/g/staff"), arn("group/g/crew")]
    assert len(iam.asks("UpdateUser", UserName="bob")) == 1


@pytest.mark.parametrize(
    ("operation", "given"),
    [
        ("CreateUser", {"UserName": "eve"}),
        ("CreateRole", {"RoleName": "eve", "AssumeRolePolicyDocument": "{}"}),
        ("CreatePolicy", {"PolicyName": "eve", "PolicyDocument": "{}"}),
        ("CreateVirtualMFADevice", {"VirtualMFADeviceName": "eve"}),
    ],
)
def test_creating_with_tags_also_asks_for_tagging(iam: Iam, operation: str, given: dict[str, Any]) -> None:
    first, second = iam.asks(operation, Tags=TAGS, **given)
    assert (first.action, second.action) == (f"iam:{operation}", f"iam:{TAGGING[operation]}")
    assert first.resource == second.resource
    for ask in (first, second):
        assert ask.context["aws:requesttag/team"] == "red"
        assert ask.context["aws:tagkeys"] == ("Team",)
    (alone,) = iam.asks(operation, Tags=[], **given)
    assert alone.context == {}


@pytest.mark.usefixtures("people")
def test_conditions_see_the_tags_of_the_entity_and_of_the_request(iam: Iam) -> None:
    (ask,) = iam.asks("TagUser", UserName="bob", Tags=[{"Key": "Cost", "Value": "1"}])
    assert ask.context == {
        "aws:resourcetag/team": "red",
        "iam:resourcetag/team": "red",
        "aws:requesttag/cost": "1",
        "aws:tagkeys": ("Cost",),
    }
    (ask,) = iam.asks("UntagRole", RoleName="app", TagKeys=["Team"])
    assert ask.context["aws:tagkeys"] == ("Team",)


def test_one_condition_key_has_the_values_of_all_tag_keys_that_differ_by_case(iam: Iam) -> None:
    tags = [{"Key": "Env", "Value": "dev"}, {"Key": "env", "Value": "prod"}]
    first, _ = iam.asks("CreatePolicy", PolicyName="p", PolicyDocument="{}", Tags=tags)
    assert first.context["aws:requesttag/env"] == ("dev", "prod")


@pytest.mark.parametrize("kind", ["User", "Role"])
@pytest.mark.usefixtures("people")
def test_the_boundary_in_question_is_the_calls_own_or_the_one_in_force(iam: Iam, kind: str) -> None:
    holder = {f"{kind}Name": "bob" if kind == "User" else "app"}
    inline = {"PolicyName": "p", "PolicyDocument": "{}"}
    for operation, given in (
        (f"Put{kind}Policy", inline),
        (f"Delete{kind}Policy", {"PolicyName": "p"}),
        (f"Attach{kind}Policy", {"PolicyArn": ADMINISTRATOR}),
        (f"Detach{kind}Policy", {"PolicyArn": ADMINISTRATOR}),
        (f"Delete{kind}PermissionsBoundary", {}),
    ):
        (ask,) = iam.asks(operation, **holder, **given)
        assert ask.context["iam:permissionsboundary"] == READ_ONLY
    (ask,) = iam.asks(f"Put{kind}PermissionsBoundary", PermissionsBoundary=ADMINISTRATOR, **holder)
    assert ask.context["iam:permissionsboundary"] == ADMINISTRATOR
    (ask,) = iam.asks(f"Get{kind}", **holder)
    assert "iam:permissionsboundary" not in ask.context


def test_creating_with_a_boundary_says_which(iam: Iam) -> None:
    (ask,) = iam.asks("CreateUser", UserName="eve", PermissionsBoundary=READ_ONLY)
    assert ask.context == {"iam:permissionsboundary": READ_ONLY}
    (ask,) = iam.asks("CreateUser", UserName="eve")
    assert ask.context == {}


@pytest.mark.usefixtures("people")
def test_attaching_says_what_is_attached(iam: Iam) -> None:
    for operation, holder in (
        ("AttachUserPolicy", {"UserName": "bob"}),
        ("DetachGroupPolicy", {"GroupName": "staff"}),
        ("AttachRolePolicy", {"RoleName": "app"}),
    ):
        (ask,) = iam.asks(operation, PolicyArn=ADMINISTRATOR, **holder)
        assert ask.context["iam:policyarn"] == ADMINISTRATOR


def test_whether_a_thing_exists_shows_in_no_question(iam: Iam, neighbour: Iam) -> None:
    """A refused caller learns nothing: absent and foreign entities are asked for like present ones at the root path."""
    (absent,) = iam.asks("GetUser", UserName="eve")
    neighbour("CreateUser", UserName="eve", Path="/secret/")
    (foreign,) = iam.asks("GetUser", UserName="eve")
    iam("CreateUser", UserName="eve")
    (present,) = iam.asks("GetUser", UserName="eve")
    assert absent == foreign == present


def test_a_policy_of_another_account_is_asked_for_in_the_callers_own(iam: Iam) -> None:
    foreign = f"arn:aws:iam::{OTHER_ACCOUNT}:policy/p"
    (ask,) = iam.asks("GetPolicy", PolicyArn=foreign)
    assert (ask.resource, ask.account) == (foreign, ACCOUNT)


def test_the_last_use_of_a_key_is_its_users_matter(iam: Iam) -> None:
    iam("CreateUser", UserName="bob", Path="/x/")
    key = iam("CreateAccessKey", UserName="bob")["AccessKey"]["AccessKeyId"]
    (ask,) = iam.asks("GetAccessKeyLastUsed", AccessKeyId=key)
    assert (ask.resource, ask.shown) == (arn("user/x/bob"), "user bob")


def test_the_root_user_asks_on_itself(iam: Iam) -> None:
    (ask,) = iam.as_root().asks("CreateAccessKey")
    assert ask.resource == arn("root")
