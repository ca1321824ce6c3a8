"""IAM API Reference: GetAccountSummary, CreateAccountAlias, ListAccountAliases, DeleteAccountAlias; new accounts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from iam_world import ACCOUNT, START, bytes_source

from daypass.credentials import Secret, account_of
from daypass.directory import AccessKey, Account, Put, User
from daypass.services.iam import new_account
from daypass.services.mint import Mint

if TYPE_CHECKING:
    from collections.abc import Callable

    from iam_world import Iam

ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"
READ_ONLY = "arn:aws:iam::aws:policy/ReadOnlyAccess"
DETAILS = {
    "UserDetailList": "UserName",
    "GroupDetailList": "GroupName",
    "RoleDetailList": "RoleName",
    "Policies": "PolicyName",
}


def test_the_summary_counts_what_is_there_and_tells_the_quotas(iam: Iam, allow: Callable[[], str]) -> None:
    iam("CreateUser", UserName="bob")
    iam("CreateGroup", GroupName="staff")
    iam("CreatePolicy", PolicyName="p", PolicyDocument=allow())
    iam("CreatePolicyVersion", PolicyArn=f"arn:aws:iam::{ACCOUNT}:policy/p", PolicyDocument=allow())
    iam("CreateVirtualMFADevice", VirtualMFADeviceName="d")
    summary = iam("GetAccountSummary")["SummaryMap"]
    expected = {
        "AccessKeysPerUserQuota": 2,
        "AccountAccessKeysPresent": 1,
        "AccountMFAEnabled": 0,
        "AccountPasswordPresent": 0,
        "AssumeRolePolicySizeQuota": 2048,
        "AttachedPoliciesPerUserQuota": 10,
        "GroupPolicySizeQuota": 5120,
        "Groups": 1,
        "GroupsQuota": 300,
        "MFADevices": 1,
        "MFADevicesInUse": 0,
        "Policies": 1,
        "PolicyVersionsInUse": 2,
        "Roles": 0,
        "RolesQuota": 1000,
        "UserPolicySizeQuota": 2048,
        "Users": 2,
        "UsersQuota": 5000,
        "VersionsPerPolicyQuota": 5,
    }
    assert {name: summary[name] for name in expected} == expected
    assert len(summary) == 34


def test_an_account_has_one_alias(iam: Iam) -> None:
    assert iam("ListAccountAliases") == {"AccountAliases": [], "IsTruncated": False}
    iam("CreateAccountAlias", AccountAlias="first")
    iam("CreateAccountAlias", AccountAlias="second")
    assert iam("ListAccountAliases")["AccountAliases"] == ["second"]
    missing = ("NoSuchEntity", "The account alias with name first cannot be found.")
    assert iam.refusal("DeleteAccountAlias", AccountAlias="first") == missing
    iam("DeleteAccountAlias", AccountAlias="second")
    assert iam("ListAccountAliases")["AccountAliases"] == []


def test_an_alias_is_one_accounts_alone(iam: Iam, neighbour: Iam) -> None:
    iam("CreateAccountAlias", AccountAlias="acme")
    exists = ("EntityAlreadyExists", "The account alias acme already exists.")
    assert neighbour.refusal("CreateAccountAlias", AccountAlias="acme") == exists


def test_an_alias_is_no_account_id(iam: Iam) -> None:
    assert iam.refusal("CreateAccountAlias", AccountAlias="123456789012")[0] == "ValidationError"


def test_a_new_account_has_a_root_key_and_an_admin_who_may_do_everything() -> None:
    keys, changes = new_account("000000000001", "acme", "a@example.com", Mint(bytes_source()), START + 0.9)
    account, admin, root_key, admin_key = (change.record for change in changes if isinstance(change, Put))
    assert account == Account(id="000000000001", name="acme", created=START, email="a@example.com")
    assert isinstance(admin, User)
    assert (admin.name, admin.attached) == ("admin", (ADMINISTRATOR,))
    assert isinstance(root_key, AccessKey)
    assert isinstance(admin_key, AccessKey)
    assert (root_key.id, root_key.secret, root_key.user_id) == (*keys.root, None)
    assert (admin_key.id, admin_key.secret, admin_key.user_id) == (*keys.admin, admin.id)
    assert account_of(keys.root[0]) == account_of(keys.admin[0]) == "000000000001"


def test_the_admins_key_may_be_chosen_beforehand() -> None:
    pair = ("AKIAQAAAAAAAAAAAAAAA", Secret("x" * 40))
    keys, changes = new_account("000000000001", "acme", "", Mint(bytes_source()), START, admin_key=pair)
    assert keys.admin == pair
    records = [change.record for change in changes if isinstance(change, Put)]
    assert any(
        isinstance(record, AccessKey) and record.id == pair[0] and record.user_name == "admin" for record in records
    )


def test_the_details_show_everybody_with_all_that_is_attached(
    iam: Iam, allow: Callable[..., str], trusting: Callable[[object], str], decoded: Callable[[str], Any]
) -> None:
    iam("CreateUser", UserName="bob", Tags=[{"Key": "k", "Value": "v"}], PermissionsBoundary=READ_ONLY)
    iam("CreateGroup", GroupName="staff")
    iam("AddUserToGroup", GroupName="staff", UserName="bob")
    iam("CreateRole", RoleName="app", AssumeRolePolicyDocument=trusting({"AWS": ACCOUNT}))
    arn = iam("CreatePolicy", PolicyName="p", PolicyDocument=allow(), Description="d")["Policy"]["Arn"]
    iam("CreatePolicyVersion", PolicyArn=arn, PolicyDocument=allow("s3:Get*"))
    iam("PutUserPolicy", UserName="bob", PolicyName="own", PolicyDocument=allow())
    iam("AttachGroupPolicy", GroupName="staff", PolicyArn=arn)

    details = iam("GetAccountAuthorizationDetails")
    admin, bob = details["UserDetailList"]
    assert admin["AttachedManagedPolicies"] == [{"PolicyName": "AdministratorAccess", "PolicyArn": ADMINISTRATOR}]
    assert (bob["GroupList"], bob["Tags"]) == (["staff"], [{"Key": "k", "Value": "v"}])
    assert bob["PermissionsBoundary"]["PermissionsBoundaryArn"] == READ_ONLY
    (inline,) = bob["UserPolicyList"]
    assert decoded(inline["PolicyDocument"]) == decoded(allow())
    (staff,) = details["GroupDetailList"]
    assert staff["AttachedManagedPolicies"] == [{"PolicyName": "p", "PolicyArn": arn}]
    (app,) = details["RoleDetailList"]
    assert (app["RoleLastUsed"], app["RolePolicyList"], app["InstanceProfileList"]) == ({}, [], [])
    assert [policy["PolicyName"] for policy in details["Policies"]] == ["p", "AdministratorAccess", "ReadOnlyAccess"]
    own = details["Policies"][0]
    assert (own["Description"], [v["VersionId"] for v in own["PolicyVersionList"]]) == ("d", ["v2", "v1"])
    assert decoded(own["PolicyVersionList"][0]["Document"])["Statement"][0]["Action"] == "s3:Get*"


def test_the_details_can_be_filtered_and_come_in_pages_each_entity_once(
    iam: Iam, allow: Callable[[], str], trusting: Callable[[object], str]
) -> None:
    iam("CreateUser", UserName="bob", PermissionsBoundary=READ_ONLY)
    iam("CreateGroup", GroupName="staff")
    iam("CreateRole", RoleName="app", AssumeRolePolicyDocument=trusting({"AWS": ACCOUNT}))
    iam("CreatePolicy", PolicyName="p", PolicyDocument=allow())

    def names(**given: Any) -> list[str]:
        found: list[str] = []
        output: dict[str, Any] = {"IsTruncated": True}
        while output["IsTruncated"]:
            output = iam("GetAccountAuthorizationDetails", **given)
            for member, name in DETAILS.items():
                found += [entity[name] for entity in output[member]]
            given["Marker"] = output.get("Marker")
        return found

    everybody = ["admin", "bob", "staff", "app", "p", "AdministratorAccess", "ReadOnlyAccess"]
    for size in range(1, 8):
        assert names(MaxItems=size) == everybody
    assert names(Filter=["Role", "AWSManagedPolicy"], MaxItems=2) == ["app", "AdministratorAccess", "ReadOnlyAccess"]
