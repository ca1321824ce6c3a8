"""IAM API Reference: CreatePolicy, GetPolicy, ListPolicies, DeletePolicy, ListEntitiesForPolicy, versions of policies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from iam_world import ACCOUNT, START

if TYPE_CHECKING:
    from collections.abc import Callable

    from iam_world import Iam, World

    Allow = Callable[..., str]

ARN = f"arn:aws:iam::{ACCOUNT}:policy/x/reader"
ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"
MISSING = f"arn:aws:iam::{ACCOUNT}:policy/none"


@pytest.fixture(autouse=True)
def policy(iam: Iam, allow: Allow) -> dict[str, Any]:
    given = {"PolicyName": "reader", "Path": "/x/", "PolicyDocument": allow(), "Description": "reads"}
    created: dict[str, Any] = iam("CreatePolicy", **given)["Policy"]
    return created


def test_a_new_policy_is_answered_without_its_description(policy: dict[str, Any]) -> None:
    assert policy.pop("PolicyId").startswith("ANPA")
    assert policy == {
        "PolicyName": "reader",
        "Arn": ARN,
        "Path": "/x/",
        "DefaultVersionId": "v1",
        "AttachmentCount": 0,
        "PermissionsBoundaryUsageCount": 0,
        "IsAttachable": True,
        "CreateDate": START,
        "UpdateDate": START,
    }


def test_a_read_shows_description_and_tags_even_where_there_are_none(iam: Iam, policy: dict[str, Any]) -> None:
    assert iam("GetPolicy", PolicyArn=ARN)["Policy"] == {**policy, "Description": "reads", "Tags": []}


def test_policy_names_are_unique_whatever_path_and_case(iam: Iam, allow: Allow) -> None:
    refused = ("EntityAlreadyExists", "A policy called Reader already exists. Duplicate names are not allowed.")
    assert iam.refusal("CreatePolicy", PolicyName="Reader", PolicyDocument=allow()) == refused


def test_a_faulty_document_is_refused_in_the_words_of_aws(iam: Iam, allow: Allow) -> None:
    for text, fault in (
        ("{", "Syntax errors in policy."),
        (allow().replace("2012-10-17", "2008-10-17"), "Policy document must be version 2012-10-17 or greater."),
        (allow(resource="bucket"), 'Resource bucket must be in ARN format or "*".'),
    ):
        refused = ("MalformedPolicyDocument", fault)
        assert iam.refusal("CreatePolicy", PolicyName="p", PolicyDocument=text) == refused
        assert iam.refusal("CreatePolicyVersion", PolicyArn=ARN, PolicyDocument=text) == refused


def test_6144_characters_without_white_space_are_enough(iam: Iam, allow: Allow) -> None:
    bare = len(allow(resource="arn:aws:s3:::").replace(" ", ""))
    fits = allow(resource="arn:aws:s3:::" + "a" * (6144 - bare))
    iam("CreatePolicyVersion", PolicyArn=ARN, PolicyDocument=fits)
    refused = ("LimitExceeded", "Cannot exceed quota for PolicySize: 6144")
    given = fits.replace("aaa", "aaaa", 1)
    assert iam.refusal("CreatePolicyVersion", PolicyArn=ARN, PolicyDocument=given) == refused


def test_what_is_no_arn_and_what_is_not_there(iam: Iam, neighbour: Iam) -> None:
    refused = ("ValidationError", "ARN reader-of-everything-there-is is not valid.")
    assert iam.refusal("GetPolicy", PolicyArn="reader-of-everything-there-is") == refused
    foreign = ("NoSuchEntity", f"Policy {ARN} does not exist or is not attachable.")
    for operation in ("GetPolicy", "ListPolicyVersions", "ListEntitiesForPolicy"):
        assert neighbour.refusal(operation, PolicyArn=ARN) == foreign
    missing = ("NoSuchEntity", f"Policy {MISSING} was not found.")
    assert iam.refusal("DeletePolicy", PolicyArn=MISSING) == missing
    assert iam.refusal("TagPolicy", PolicyArn=MISSING, Tags=[]) == missing
    wrong_path = ARN.replace("/x/", "/")
    refused = ("NoSuchEntity", f"Policy {wrong_path} does not exist or is not attachable.")
    assert iam.refusal("GetPolicy", PolicyArn=wrong_path) == refused


def test_version_numbers_never_come_back(iam: Iam, world: World, allow: Allow) -> None:
    """IAM User Guide, "Versioning IAM policies"."""
    for n in range(2, 6):
        world.now += 1
        version = iam("CreatePolicyVersion", PolicyArn=ARN, PolicyDocument=allow(f"s3:Get{n}"))["PolicyVersion"]
        assert version == {"VersionId": f"v{n}", "IsDefaultVersion": False, "CreateDate": START + n - 1}
    full = (
        "A managed policy can have up to 5 versions. Before you create a new version, you must delete an existing "
        "version."
    )
    assert iam.refusal("CreatePolicyVersion", PolicyArn=ARN, PolicyDocument=allow()) == ("LimitExceeded", full)
    iam("DeletePolicyVersion", PolicyArn=ARN, VersionId="v5")
    version = iam("CreatePolicyVersion", PolicyArn=ARN, PolicyDocument=allow("s3:Put*"), SetAsDefault=True)
    assert version["PolicyVersion"]["VersionId"] == "v6"
    assert version["PolicyVersion"]["IsDefaultVersion"]
    listed = iam("ListPolicyVersions", PolicyArn=ARN)["Versions"]
    assert [(v["VersionId"], v["IsDefaultVersion"]) for v in listed] == [
        ("v6", True),
        ("v4", False),
        ("v3", False),
        ("v2", False),
        ("v1", False),
    ]
    read = iam("GetPolicy", PolicyArn=ARN)["Policy"]
    assert (read["DefaultVersionId"], read["UpdateDate"]) == ("v6", START + 4)


def test_a_version_is_read_with_its_document(iam: Iam, allow: Allow, decoded: Callable[[str], Any]) -> None:
    iam("CreatePolicyVersion", PolicyArn=ARN, PolicyDocument=allow("s3:Put*"))
    version = iam("GetPolicyVersion", PolicyArn=ARN, VersionId="v2")["PolicyVersion"]
    assert decoded(version.pop("Document"))["Statement"][0]["Action"] == "s3:Put*"
    assert version == {"VersionId": "v2", "IsDefaultVersion": False, "CreateDate": START}


def test_the_version_in_force_can_be_changed_and_not_deleted(iam: Iam, allow: Allow) -> None:
    iam("CreatePolicyVersion", PolicyArn=ARN, PolicyDocument=allow("s3:Put*"))
    iam("SetDefaultPolicyVersion", PolicyArn=ARN, VersionId="v2")
    conflict = ("DeleteConflict", "Cannot delete the default version of a policy.")
    assert iam.refusal("DeletePolicyVersion", PolicyArn=ARN, VersionId="v2") == conflict
    iam("DeletePolicyVersion", PolicyArn=ARN, VersionId="v1")
    assert iam("GetPolicy", PolicyArn=ARN)["Policy"]["DefaultVersionId"] == "v2"


@pytest.mark.parametrize("operation", ["GetPolicyVersion", "SetDefaultPolicyVersion", "DeletePolicyVersion"])
def test_a_version_that_is_not_there_and_one_of_no_policy_are_told_alike(iam: Iam, operation: str) -> None:
    for arn in (ARN, MISSING):
        missing = ("NoSuchEntity", f"Policy {arn} version v9 does not exist or is not attachable.")
        assert iam.refusal(operation, PolicyArn=arn, VersionId="v9") == missing


def test_a_policy_is_deleted_once_nobody_uses_it_and_other_versions_are_gone(iam: Iam, allow: Allow) -> None:
    conflict = ("DeleteConflict", "Cannot delete a policy attached to entities.")
    iam("AttachUserPolicy", UserName="admin", PolicyArn=ARN)
    assert iam.refusal("DeletePolicy", PolicyArn=ARN) == conflict
    iam("DetachUserPolicy", UserName="admin", PolicyArn=ARN)
    iam("PutUserPermissionsBoundary", UserName="admin", PermissionsBoundary=ARN)
    assert iam.refusal("DeletePolicy", PolicyArn=ARN) == conflict
    iam("DeleteUserPermissionsBoundary", UserName="admin")
    iam("CreatePolicyVersion", PolicyArn=ARN, PolicyDocument=allow())
    several = (
        "This policy has more than one version. Before you delete a policy, you must delete the policy's versions. "
        "The default version is deleted with the policy."
    )
    assert iam.refusal("DeletePolicy", PolicyArn=ARN) == ("DeleteConflict", several)
    iam("DeletePolicyVersion", PolicyArn=ARN, VersionId="v2")
    iam("DeletePolicy", PolicyArn=ARN)
    assert iam.refusal("GetPolicy", PolicyArn=ARN)[0] == "NoSuchEntity"


def test_uses_are_counted_by_kind(iam: Iam, trusting: Callable[[Any], str]) -> None:
    iam("CreateGroup", GroupName="staff")
    iam("CreateRole", RoleName="app", Path="/svc/", AssumeRolePolicyDocument=trusting({"AWS": ACCOUNT}))
    iam("AttachUserPolicy", UserName="admin", PolicyArn=ARN)
    iam("AttachGroupPolicy", GroupName="staff", PolicyArn=ARN)
    iam("PutRolePermissionsBoundary", RoleName="app", PermissionsBoundary=ARN)
    read = iam("GetPolicy", PolicyArn=ARN)["Policy"]
    assert (read["AttachmentCount"], read["PermissionsBoundaryUsageCount"]) == (2, 1)

    def entities(**given: str) -> list[str]:
        output = iam("ListEntitiesForPolicy", PolicyArn=ARN, **given)
        return [entity[f"{word}Name"] for word in ("User", "Group", "Role") for entity in output[f"Policy{word}s"]]

    assert entities() == ["admin", "staff", "app"]
    assert entities(EntityFilter="Group") == ["staff"]
    assert entities(PolicyUsageFilter="PermissionsBoundary") == ["app"]
    assert entities(PolicyUsageFilter="PermissionsPolicy") == ["admin", "staff"]
    assert entities(PathPrefix="/svc/") == ["app"]
    first = iam("ListEntitiesForPolicy", PolicyArn=ARN, MaxItems=2)
    assert first["IsTruncated"]
    rest = iam("ListEntitiesForPolicy", PolicyArn=ARN, MaxItems=2, Marker=first["Marker"])
    assert len(rest["PolicyUsers"] + rest["PolicyRoles"] + rest["PolicyGroups"]) == 1


def test_listings_can_be_kept_to_a_scope_a_path_and_to_what_is_used(iam: Iam, policy: dict[str, Any]) -> None:
    assert iam("ListPolicies", Scope="Local")["Policies"] == [policy]
    assert iam("ListPolicies", Scope="Local", PathPrefix="/y/")["Policies"] == []
    assert iam("ListPolicies", Scope="Local", OnlyAttached=True)["Policies"] == []
    attached = iam("ListPolicies", OnlyAttached=True)["Policies"]
    assert [(p["PolicyName"], p["AttachmentCount"]) for p in attached] == [("AdministratorAccess", 1)]
    iam("PutUserPermissionsBoundary", UserName="admin", PermissionsBoundary=ARN)
    bounding = iam("ListPolicies", PolicyUsageFilter="PermissionsBoundary")["Policies"]
    assert [p["Arn"] for p in bounding] == [ARN]


def test_all_policies_come_in_pages_each_once(iam: Iam) -> None:
    pages = list(iam.pages("ListPolicies", "Policies", MaxItems=1000))
    arns = [policy["Arn"] for page in pages for policy in page]
    assert len(pages) == 2
    assert len(arns) == len(set(arns)) > 1500
    assert {ARN, ADMINISTRATOR} < set(arns)


def test_tags_of_policies_are_told_apart_by_case(iam: Iam) -> None:
    iam("TagPolicy", PolicyArn=ARN, Tags=[{"Key": "Cost", "Value": "1"}, {"Key": "cost", "Value": "2"}])
    refused = ("InvalidInput", "Duplicate tag keys found.")
    twice = [{"Key": "a", "Value": "1"}, {"Key": "a", "Value": "2"}]
    assert iam.refusal("TagPolicy", PolicyArn=ARN, Tags=twice) == refused
    iam("UntagPolicy", PolicyArn=ARN, TagKeys=["Cost", "none"])
    assert iam("ListPolicyTags", PolicyArn=ARN)["Tags"] == [{"Key": "cost", "Value": "2"}]
    assert iam("GetPolicy", PolicyArn=ARN)["Policy"]["Tags"] == [{"Key": "cost", "Value": "2"}]
