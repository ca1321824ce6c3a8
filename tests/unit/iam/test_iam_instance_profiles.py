"""IAM API Reference: CreateInstanceProfile, AddRoleToInstanceProfile, RemoveRoleFromInstanceProfile and the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from iam_world import ACCOUNT, START

if TYPE_CHECKING:
    from collections.abc import Callable

    from iam_world import Iam

PROFILE = {"InstanceProfileName": "web"}
BOTH = {**PROFILE, "RoleName": "app"}


@pytest.fixture(autouse=True)
def role(iam: Iam, trusting: Callable[[Any], str]) -> None:
    for name in ("app", "other"):
        iam("CreateRole", RoleName=name, AssumeRolePolicyDocument=trusting({"Service": "ec2.amazonaws.com"}))
    iam("CreateInstanceProfile", Path="/x/", **PROFILE)


def test_a_profile_is_made_empty_and_read_with_its_tags(iam: Iam) -> None:
    profile = iam("GetInstanceProfile", **PROFILE)["InstanceProfile"]
    assert profile.pop("InstanceProfileId").startswith("AIPA")
    assert profile == {
        "Path": "/x/",
        "InstanceProfileName": "web",
        "Arn": f"arn:aws:iam::{ACCOUNT}:instance-profile/x/web",
        "CreateDate": START,
        "Roles": [],
        "Tags": [],
    }
    exists = ("EntityAlreadyExists", "Instance Profile Web already exists.")
    assert iam.refusal("CreateInstanceProfile", InstanceProfileName="Web") == exists
    missing = ("NoSuchEntity", "Instance Profile Web cannot be found.")
    assert iam.refusal("GetInstanceProfile", InstanceProfileName="Web") == missing


def test_one_role_goes_in_and_comes_out(iam: Iam) -> None:
    assert iam("AddRoleToInstanceProfile", **BOTH) == {}
    (inside,) = iam("GetInstanceProfile", **PROFILE)["InstanceProfile"]["Roles"]
    assert inside["RoleName"] == "app"
    assert "AssumeRolePolicyDocument" in inside
    full = ("LimitExceeded", "Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1")
    assert iam.refusal("AddRoleToInstanceProfile", **PROFILE, RoleName="other") == full
    listed = iam("ListInstanceProfilesForRole", RoleName="app")["InstanceProfiles"]
    assert [profile["InstanceProfileName"] for profile in listed] == ["web"]
    missing = ("NoSuchEntity", "Role other in Instance Profile web cannot be found.")
    assert iam.refusal("RemoveRoleFromInstanceProfile", **PROFILE, RoleName="other") == missing
    iam("RemoveRoleFromInstanceProfile", **BOTH)
    assert iam("ListInstanceProfilesForRole", RoleName="app")["InstanceProfiles"] == []


def test_neither_role_nor_profile_is_deleted_while_they_belong_together(iam: Iam) -> None:
    iam("AddRoleToInstanceProfile", **BOTH)
    conflict = ("DeleteConflict", "Cannot delete entity, must remove roles from instance profile first.")
    assert iam.refusal("DeleteRole", RoleName="app") == conflict
    assert iam.refusal("DeleteInstanceProfile", **PROFILE) == conflict
    (detail, _) = iam("GetAccountAuthorizationDetails", Filter=["Role"])["RoleDetailList"]
    assert [profile["InstanceProfileName"] for profile in detail["InstanceProfileList"]] == ["web"]
    assert iam("GetAccountSummary")["SummaryMap"]["InstanceProfiles"] == 1
    iam("RemoveRoleFromInstanceProfile", **BOTH)
    iam("DeleteRole", RoleName="app")
    iam("DeleteInstanceProfile", **PROFILE)
    assert iam("ListInstanceProfiles")["InstanceProfiles"] == []


def test_listings_come_by_path_and_in_pages(iam: Iam) -> None:
    for name in ("a", "b"):
        iam("CreateInstanceProfile", InstanceProfileName=name)
    listed = iam("ListInstanceProfiles", PathPrefix="/x/")["InstanceProfiles"]
    assert [profile["InstanceProfileName"] for profile in listed] == ["web"]
    pages = list(iam.pages("ListInstanceProfiles", "InstanceProfiles", MaxItems=2))
    assert [[profile["InstanceProfileName"] for profile in page] for page in pages] == [["a", "b"], ["web"]]
    assert "Tags" not in pages[0][0]


def test_profiles_have_tags(iam: Iam) -> None:
    made = iam("CreateInstanceProfile", InstanceProfileName="t", Tags=[{"Key": "a", "Value": "1"}])["InstanceProfile"]
    assert made["Tags"] == [{"Key": "a", "Value": "1"}]
    iam("TagInstanceProfile", InstanceProfileName="t", Tags=[{"Key": "A", "Value": "2"}])
    iam("UntagInstanceProfile", InstanceProfileName="t", TagKeys=["a"])
    assert iam("ListInstanceProfileTags", InstanceProfileName="t")["Tags"] == [{"Key": "A", "Value": "2"}]


def test_handing_out_a_role_asks_for_passing_it(iam: Iam) -> None:
    """IAM User Guide, "Granting a user permissions to pass a role to an AWS service"; threat F14."""
    profile, passing = iam.asks("AddRoleToInstanceProfile", **BOTH)
    assert (profile.action, profile.resource, profile.shown) == (
        "iam:AddRoleToInstanceProfile",
        f"arn:aws:iam::{ACCOUNT}:instance-profile/x/web",
        "instance profile web",
    )
    assert (passing.action, passing.resource) == ("iam:PassRole", f"arn:aws:iam::{ACCOUNT}:role/app")
    assert passing.context["iam:passedtoservice"] == "ec2.amazonaws.com"
