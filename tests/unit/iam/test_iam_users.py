"""IAM API Reference: CreateUser, GetUser, ListUsers, UpdateUser, DeleteUser."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from iam_world import ACCOUNT, OTHER_ACCOUNT, START

if TYPE_CHECKING:
    from collections.abc import Callable

    from iam_world import Iam, World

ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"
READ_ONLY = "arn:aws:iam::aws:policy/ReadOnlyAccess"


def test_a_new_user_is_answered_with_id_arn_and_date(iam: Iam) -> None:
    user = iam("CreateUser", UserName="bob", Path="/division/")["User"]
    assert user.pop("UserId").startswith("AIDA")
    assert user == {
        "Path": "/division/",
        "UserName": "bob",
        "Arn": f"arn:aws:iam::{ACCOUNT}:user/division/bob",
        "CreateDate": START,
    }


def test_what_was_given_at_creation_is_answered_and_read(iam: Iam) -> None:
    tags = [{"Key": "team", "Value": "red"}, {"Key": "Cost", "Value": ""}]
    created = iam("CreateUser", UserName="bob", Tags=tags, PermissionsBoundary=READ_ONLY)["User"]
    assert created["Tags"] == tags
    assert created["PermissionsBoundary"] == {
        "PermissionsBoundaryType": "Policy",
        "PermissionsBoundaryArn": READ_ONLY,
    }
    assert iam("GetUser", UserName="bob")["User"] == created


def test_a_name_is_taken_whatever_its_case(iam: Iam) -> None:
    iam("CreateUser", UserName="Bob")
    refused = ("EntityAlreadyExists", "User with name bob already exists.")
    assert iam.refusal("CreateUser", UserName="bob") == refused
    assert iam.refusal("GetUser", UserName="bob") == ("NoSuchEntity", "The user with name bob cannot be found.")


@pytest.mark.parametrize("operation", ["GetUser", "DeleteUser", "ListAccessKeys", "ListUserTags", "ListGroupsForUser"])
def test_a_user_of_another_account_is_no_user(iam: Iam, neighbour: Iam, operation: str) -> None:
    neighbour("CreateUser", UserName="bob")
    missing = ("NoSuchEntity", "The user with name bob cannot be found.")
    assert iam.refusal(operation, UserName="bob") == missing


def test_names_and_paths_that_could_not_stand_in_an_arn_are_refused(iam: Iam) -> None:
    name = "The specified value for userName is invalid. It must contain only alphanumeric characters and/or the following: +=,.@_-"
    assert iam.refusal("CreateUser", UserName="bo/b") == ("ValidationError", name)
    assert iam.refusal("CreateUser", UserName="bób") == ("ValidationError", name)
    path = "The specified value for path is invalid. It must begin and end with / and contain only alphanumeric characters and/or / characters."
    assert iam.refusal("CreateUser", UserName="bob", Path="/x") == ("ValidationError", path)


def test_without_a_name_get_user_shows_who_asks(iam: Iam) -> None:
    assert iam("GetUser")["User"]["UserName"] == "admin"
    assert iam.as_root()("GetUser")["User"] == {
        "UserId": ACCOUNT,
        "Arn": f"arn:aws:iam::{ACCOUNT}:root",
        "CreateDate": START,
    }


def test_without_a_name_a_role_session_is_asked_for_one(iam: Iam, trusting: Callable[[object], str]) -> None:
    iam("CreateRole", RoleName="app", AssumeRolePolicyDocument=trusting({"AWS": ACCOUNT}))
    refused = ("ValidationError", "Must specify userName when calling with non-User credentials")
    for operation in ("GetUser", "CreateAccessKey", "ListAccessKeys", "ListMFADevices"):
        assert iam.as_role("app").refusal(operation) == refused


def test_listings_show_less_and_come_in_pages(iam: Iam) -> None:
    for name in ("carol", "Bob", "dave"):
        iam("CreateUser", UserName=name, Tags=[{"Key": "k", "Value": "v"}])
    pages = list(iam.pages("ListUsers", "Users", MaxItems=3))
    assert [[user["UserName"] for user in page] for page in pages] == [["admin", "Bob", "carol"], ["dave"]]
    assert all("Tags" not in user for page in pages for user in page)


def test_a_listing_can_be_kept_to_a_path(iam: Iam) -> None:
    iam("CreateUser", UserName="bob", Path="/a/b/")
    iam("CreateUser", UserName="eve", Path="/ab/")
    assert [user["UserName"] for user in iam("ListUsers", PathPrefix="/a/")["Users"]] == ["bob"]


def test_a_marker_is_good_for_its_own_listing_alone(iam: Iam, neighbour: Iam) -> None:
    for name in ("bob", "carol"):
        iam("CreateUser", UserName=name)
        iam("CreateGroup", GroupName=name)
    marker = iam("ListUsers", MaxItems=1)["Marker"]
    refused = ("ValidationError", "Invalid Marker.")
    assert iam.refusal("ListGroups", Marker=marker) == refused
    assert neighbour.refusal("ListUsers", Marker=marker) == refused
    for bad in ("x", "é", "AAAA", marker[:-4], marker[:-6] + "AAAAAA"):
        assert iam.refusal("ListUsers", Marker=bad) == refused


def test_a_user_renamed_stays_who_it_was(iam: Iam, world: World) -> None:
    iam("CreateUser", UserName="bob")
    iam("CreateGroup", GroupName="staff")
    iam("AddUserToGroup", UserName="bob", GroupName="staff")
    key = iam("CreateAccessKey", UserName="bob")["AccessKey"]["AccessKeyId"]
    before = iam("GetUser", UserName="bob")["User"]
    iam("UpdateUser", UserName="bob", NewUserName="robert", NewPath="/x/")
    after = iam("GetUser", UserName="robert")["User"]
    assert after["UserId"] == before["UserId"]
    assert after["Arn"] == f"arn:aws:iam::{ACCOUNT}:user/x/robert"
    assert iam.refusal("GetUser", UserName="bob")[0] == "NoSuchEntity"
    (listed,) = iam("ListAccessKeys", UserName="robert")["AccessKeyMetadata"]
    assert (listed["AccessKeyId"], listed["UserName"]) == (key, "robert")
    assert [user["UserName"] for user in iam("GetGroup", GroupName="staff")["Users"]] == ["robert"]


def test_a_user_may_change_the_case_of_its_name_but_not_take_anothers(iam: Iam) -> None:
    iam("CreateUser", UserName="bob")
    iam("CreateUser", UserName="carol")
    iam("UpdateUser", UserName="bob", NewUserName="BOB")
    assert iam("GetUser", UserName="BOB")["User"]["UserName"] == "BOB"
    refused = ("EntityAlreadyExists", "User with name Carol already exists.")
    assert iam.refusal("UpdateUser", UserName="BOB", NewUserName="Carol") == refused


def test_a_user_is_deleted_once_all_else_is_taken_away(iam: Iam, allow: Callable[[], str]) -> None:
    iam("CreateUser", UserName="bob")
    iam("CreateGroup", GroupName="staff")
    steps = [
        ("AddUserToGroup", "RemoveUserFromGroup", {"GroupName": "staff"}, "remove users from group"),
        ("AttachUserPolicy", "DetachUserPolicy", {"PolicyArn": ADMINISTRATOR}, "detach all policies"),
    ]
    for put, take, given, text in steps:
        iam(put, UserName="bob", **given)
        conflict = ("DeleteConflict", f"Cannot delete entity, must {text} first.")
        assert iam.refusal("DeleteUser", UserName="bob") == conflict
        iam(take, UserName="bob", **given)
    iam("PutUserPolicy", UserName="bob", PolicyName="p", PolicyDocument=allow())
    key = iam("CreateAccessKey", UserName="bob")["AccessKey"]["AccessKeyId"]
    conflict = ("DeleteConflict", "Cannot delete entity, must delete policies first.")
    assert iam.refusal("DeleteUser", UserName="bob") == conflict
    iam("DeleteUserPolicy", UserName="bob", PolicyName="p")
    conflict = ("DeleteConflict", "Cannot delete entity, must delete access keys first.")
    assert iam.refusal("DeleteUser", UserName="bob") == conflict
    iam("DeleteAccessKey", UserName="bob", AccessKeyId=key)
    assert iam("DeleteUser", UserName="bob") == {}
    assert iam.refusal("DeleteUser", UserName="bob")[0] == "NoSuchEntity"


def test_a_user_made_again_is_another_one(iam: Iam) -> None:
    first = iam("CreateUser", UserName="bob")["User"]["UserId"]
    iam("DeleteUser", UserName="bob")
    assert iam("CreateUser", UserName="bob")["User"]["UserId"] != first


def test_two_accounts_may_have_users_of_one_name(iam: Iam, neighbour: Iam) -> None:
    iam("CreateUser", UserName="bob")
    assert neighbour("CreateUser", UserName="bob")["User"]["Arn"] == f"arn:aws:iam::{OTHER_ACCOUNT}:user/bob"
    iam("DeleteUser", UserName="bob")
    assert neighbour("GetUser", UserName="bob")["User"]["UserName"] == "bob"
