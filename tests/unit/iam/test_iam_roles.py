"""IAM API Reference: CreateRole, GetRole, ListRoles, UpdateRole, UpdateRoleDescription, DeleteRole."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from iam_world import ACCOUNT, START

from daypass.store.interface import Use

if TYPE_CHECKING:
    from collections.abc import Callable

    from iam_world import Iam, World

READ_ONLY = "arn:aws:iam::aws:policy/ReadOnlyAccess"
ROOT = {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}


@pytest.fixture
def document(trusting: Callable[[Any], str]) -> str:
    return trusting(ROOT)


def test_a_new_role_is_answered_without_description_and_longest_session(
    iam: Iam, document: str, decoded: Callable[[str], Any]
) -> None:
    role = iam(
        "CreateRole",
        RoleName="app",
        Path="/svc/",
        AssumeRolePolicyDocument=document,
        Description="d",
        MaxSessionDuration=7200,
        PermissionsBoundary=READ_ONLY,
        Tags=[{"Key": "k", "Value": "v"}],
    )["Role"]
    assert role.pop("RoleId").startswith("AROA")
    assert decoded(role.pop("AssumeRolePolicyDocument"))["Statement"][0]["Principal"] == ROOT
    assert role == {
        "Path": "/svc/",
        "RoleName": "app",
        "Arn": f"arn:aws:iam::{ACCOUNT}:role/svc/app",
        "CreateDate": START,
        "PermissionsBoundary": {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": READ_ONLY},
        "Tags": [{"Key": "k", "Value": "v"}],
    }
    read = iam("GetRole", RoleName="app")["Role"]
    assert (read["Description"], read["MaxSessionDuration"], read["RoleLastUsed"]) == ("d", 7200, {})


def test_documents_are_percent_encoded_once(iam: Iam, document: str) -> None:
    encoded = iam("CreateRole", RoleName="app", AssumeRolePolicyDocument=document)["Role"]["AssumeRolePolicyDocument"]
    assert encoded.startswith("%7B%22Version%22%3A%20%222012-10-17%22")
    assert "arn%3Aaws%3Aiam" in encoded


def test_a_role_lasts_an_hour_unless_told_otherwise(iam: Iam, document: str) -> None:
    iam("CreateRole", RoleName="app", AssumeRolePolicyDocument=document)
    assert iam("GetRole", RoleName="app")["Role"]["MaxSessionDuration"] == 3600


def test_a_role_that_was_used_says_when_and_where(iam: Iam, world: World, document: str) -> None:
    role_id = iam("CreateRole", RoleName="app", AssumeRolePolicyDocument=document)["Role"]["RoleId"]
    world.store.uses[role_id] = Use(role_id, START, "s3", "eu-west-1")
    used = {"LastUsedDate": START, "Region": "eu-west-1"}
    assert iam("GetRole", RoleName="app")["Role"]["RoleLastUsed"] == used


def test_listed_roles_show_description_and_longest_session_but_no_tags(iam: Iam, document: str) -> None:
    iam(
        "CreateRole",
        RoleName="app",
        AssumeRolePolicyDocument=document,
        Description="d",
        Tags=[{"Key": "k", "Value": "v"}],
        PermissionsBoundary=READ_ONLY,
    )
    (role,) = iam("ListRoles")["Roles"]
    assert (role["Description"], role["MaxSessionDuration"]) == ("d", 3600)
    assert not {"Tags", "PermissionsBoundary", "RoleLastUsed"} & role.keys()


def test_update_role_leaves_alone_what_it_does_not_name(iam: Iam, document: str) -> None:
    iam("CreateRole", RoleName="app", AssumeRolePolicyDocument=document, Description="d", MaxSessionDuration=7200)
    assert iam("UpdateRole", RoleName="app", MaxSessionDuration=3600) == {}
    assert iam("GetRole", RoleName="app")["Role"]["Description"] == "d"
    iam("UpdateRole", RoleName="app", Description="")
    role = iam("GetRole", RoleName="app")["Role"]
    assert (role["Description"], role["MaxSessionDuration"]) == ("", 3600)


def test_update_role_description_answers_the_role(iam: Iam, document: str) -> None:
    iam("CreateRole", RoleName="app", AssumeRolePolicyDocument=document)
    role = iam("UpdateRoleDescription", RoleName="app", Description="new")["Role"]
    assert role["Description"] == "new"
    assert "MaxSessionDuration" not in role


def test_console_session_lengths_are_refused_rather_than_forgotten(iam: Iam, document: str) -> None:
    given = {"RoleName": "app", "AssumeRolePolicyDocument": document, "MaxSigninSessionDuration": 7200}
    refused = ("NotImplemented", "MaxSigninSessionDuration is not implemented by this server.")
    assert iam.refusal("CreateRole", **given) == refused


def test_a_role_name_is_taken_whatever_its_case(iam: Iam, document: str) -> None:
    iam("CreateRole", RoleName="app", AssumeRolePolicyDocument=document)
    refused = ("EntityAlreadyExists", "Role with name App already exists.")
    assert iam.refusal("CreateRole", RoleName="App", AssumeRolePolicyDocument=document) == refused
    assert iam.refusal("GetRole", RoleName="App") == ("NoSuchEntity", "The role with name App cannot be found.")


def test_the_paths_of_aws_services_are_not_for_others(iam: Iam, document: str) -> None:
    for path in ("/aws-service-role/ec2.amazonaws.com/", "/aws-reserved/sso/"):
        code, _ = iam.refusal("CreateRole", RoleName="app", Path=path, AssumeRolePolicyDocument=document)
        assert code == "ValidationError"


def test_a_role_is_deleted_once_its_policies_are_gone(iam: Iam, document: str, allow: Callable[[], str]) -> None:
    iam("CreateRole", RoleName="app", AssumeRolePolicyDocument=document)
    iam("AttachRolePolicy", RoleName="app", PolicyArn=READ_ONLY)
    conflict = ("DeleteConflict", "Cannot delete entity, must detach all policies first.")
    assert iam.refusal("DeleteRole", RoleName="app") == conflict
    iam("DetachRolePolicy", RoleName="app", PolicyArn=READ_ONLY)
    iam("PutRolePolicy", RoleName="app", PolicyName="p", PolicyDocument=allow())
    conflict = ("DeleteConflict", "Cannot delete entity, must delete policies first.")
    assert iam.refusal("DeleteRole", RoleName="app") == conflict
    iam("DeleteRolePolicy", RoleName="app", PolicyName="p")
    iam("DeleteRole", RoleName="app")
    assert iam.refusal("GetRole", RoleName="app")[0] == "NoSuchEntity"
