"""IAM API Reference: CreateGroup, GetGroup, ListGroups, UpdateGroup, DeleteGroup, AddUserToGroup, ListGroupsForUser..."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest
from iam_world import ACCOUNT, START

from daypass.directory import Put

if TYPE_CHECKING:
    from collections.abc import Callable

    from iam_world import Iam, World


@pytest.fixture(autouse=True)
def staff(iam: Iam) -> None:
    iam("CreateUser", UserName="bob")
    iam("CreateGroup", GroupName="staff", Path="/x/")


def test_a_group_is_answered_and_read(iam: Iam) -> None:
    group = iam("GetGroup", GroupName="staff")["Group"]
    assert group.pop("GroupId").startswith("AGPA")
    assert group == {
        "Path": "/x/",
        "GroupName": "staff",
        "Arn": f"arn:aws:iam::{ACCOUNT}:group/x/staff",
        "CreateDate": START,
    }


def test_a_group_name_is_taken_whatever_its_case(iam: Iam) -> None:
    refused = ("EntityAlreadyExists", "Group with name STAFF already exists.")
    assert iam.refusal("CreateGroup", GroupName="STAFF") == refused
    missing = ("NoSuchEntity", "The group with name STAFF cannot be found.")
    assert iam.refusal("GetGroup", GroupName="STAFF") == missing


def test_adding_a_member_twice_is_adding_it_once(iam: Iam) -> None:
    for _ in range(2):
        iam("AddUserToGroup", GroupName="staff", UserName="bob")
    assert [user["UserName"] for user in iam("GetGroup", GroupName="staff")["Users"]] == ["bob"]
    assert [group["GroupName"] for group in iam("ListGroupsForUser", UserName="bob")["Groups"]] == ["staff"]
    for _ in range(2):
        iam("RemoveUserFromGroup", GroupName="staff", UserName="bob")
    assert iam("GetGroup", GroupName="staff")["Users"] == []


def test_of_two_unknown_names_the_user_is_told_first(iam: Iam) -> None:
    missing = ("NoSuchEntity", "The user with name eve cannot be found.")
    assert iam.refusal("RemoveUserFromGroup", GroupName="none", UserName="eve") == missing
    missing = ("NoSuchEntity", "The group with name none cannot be found.")
    assert iam.refusal("AddUserToGroup", GroupName="none", UserName="bob") == missing


def test_members_come_in_pages(iam: Iam) -> None:
    for name in ("a", "b", "c"):
        iam("CreateUser", UserName=name)
        iam("AddUserToGroup", GroupName="staff", UserName=name)
    pages = iam.pages("GetGroup", "Users", GroupName="staff", MaxItems=2)
    assert [[user["UserName"] for user in page] for page in pages] == [["a", "b"], ["c"]]


def test_a_user_is_in_ten_groups_at_most(iam: Iam) -> None:
    for n in range(11):
        iam("CreateGroup", GroupName=f"g{n}")
    for n in range(10):
        iam("AddUserToGroup", GroupName=f"g{n}", UserName="bob")
    refused = ("LimitExceeded", "Cannot exceed quota for GroupsPerUser: 10")
    assert iam.refusal("AddUserToGroup", GroupName="g10", UserName="bob") == refused


def test_an_account_has_300_groups_at_most(iam: Iam, world: World) -> None:
    (template,) = [record for record in world.store.records.values() if record.kind == "group"]
    many = [msgspec.structs.replace(template, name=f"g{n}", id=f"AGPA{n}") for n in range(299)]
    world.store.apply([Put(group) for group in many])
    refused = ("LimitExceeded", "Cannot exceed quota for GroupsPerAccount: 300")
    assert iam.refusal("CreateGroup", GroupName="one-more") == refused


def test_a_renamed_group_keeps_id_members_and_policies(iam: Iam, allow: Callable[[], str]) -> None:
    iam("AddUserToGroup", GroupName="staff", UserName="bob")
    iam("PutGroupPolicy", GroupName="staff", PolicyName="p", PolicyDocument=allow())
    before = iam("GetGroup", GroupName="staff")["Group"]
    iam("UpdateGroup", GroupName="staff", NewGroupName="crew", NewPath="/")
    after = iam("GetGroup", GroupName="crew")
    assert (after["Group"]["GroupId"], after["Group"]["Arn"]) == (
        before["GroupId"],
        f"arn:aws:iam::{ACCOUNT}:group/crew",
    )
    assert [user["UserName"] for user in after["Users"]] == ["bob"]
    assert iam("ListGroupsForUser", UserName="bob")["Groups"] == [after["Group"]]
    assert iam("ListGroupPolicies", GroupName="crew")["PolicyNames"] == ["p"]
    assert iam.refusal("GetGroup", GroupName="staff")[0] == "NoSuchEntity"


def test_a_group_changes_the_case_of_its_name_with_its_members(iam: Iam) -> None:
    iam("AddUserToGroup", GroupName="staff", UserName="bob")
    iam("UpdateGroup", GroupName="staff", NewGroupName="Staff")
    assert [user["UserName"] for user in iam("GetGroup", GroupName="Staff")["Users"]] == ["bob"]
    iam("RemoveUserFromGroup", GroupName="Staff", UserName="bob")
    assert iam("GetGroup", GroupName="Staff")["Users"] == []


def test_a_group_with_members_or_policies_is_not_deleted(iam: Iam, allow: Callable[[], str]) -> None:
    iam("AddUserToGroup", GroupName="staff", UserName="bob")
    conflict = ("DeleteConflict", "Cannot delete entity, must remove users from group first.")
    assert iam.refusal("DeleteGroup", GroupName="staff") == conflict
    iam("RemoveUserFromGroup", GroupName="staff", UserName="bob")
    iam("PutGroupPolicy", GroupName="staff", PolicyName="p", PolicyDocument=allow())
    conflict = ("DeleteConflict", "Cannot delete entity, must delete policies first.")
    assert iam.refusal("DeleteGroup", GroupName="staff") == conflict
    iam("DeleteGroupPolicy", GroupName="staff", PolicyName="p")
    iam("DeleteGroup", GroupName="staff")
    assert iam("ListGroups")["Groups"] == []
