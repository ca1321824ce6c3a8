"""AssumeRoot and the features of an organization that open it (sts.md 4.4, 12, 20; iam.md 21)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from signkit import Signer
from worldkit import ACCOUNT, OTHER_ACCOUNT, START, Host, allow, deny, make_host, refusal, trusting

from daypass.credentials import Secret
from daypass.directory import GLOBAL, MfaDevice, Organization, Put
from daypass.services.iam import new_account

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

MEMBER = OTHER_ACCOUNT
MEMBER_ROOT = f"arn:aws:iam::{MEMBER}:root"
STRANGER = "777788889999"
TASKS = "arn:aws:iam::aws:policy/root-task/"
ORGANIZATION = "o-abcdefghij"


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    """A server whose first account manages the second one; a third stands alone."""
    made = make_host(tmp_path)
    keys, changes = new_account(STRANGER, "stranger", "", made.world.mint, made.now)
    made.accounts[STRANGER] = keys
    organization = Organization(ORGANIZATION, ACCOUNT, "r-abcd", 1, (MEMBER,), ("iam.amazonaws.com",))
    made.store.apply([*changes, Put(organization)])
    yield made
    made.close()


@pytest.fixture
def alice(host: Host) -> dict[str, str]:
    """Somebody of the management account who may, with central root access on."""
    host.admin("iam").enable_organizations_root_sessions()
    return host.user("alice", allow("*"))


def assume(host: Host, by: Mapping[str, str], task: str = "S3UnlockBucketPolicy", **more: Any) -> dict[str, Any]:
    parameters = {"TargetPrincipal": MEMBER, "TaskPolicyArn": {"arn": TASKS + task}} | more
    return dict(host.client("sts", by).assume_root(**parameters))


def denied(by: str = "user/alice", target: str = MEMBER_ROOT) -> tuple[int, str, str]:
    text = f"User: arn:aws:iam::{ACCOUNT}:{by} is not authorized to perform: sts:AssumeRoot on resource: {target}"
    return 403, "AccessDenied", text


@pytest.mark.parametrize("target", [MEMBER, MEMBER_ROOT])
def test_the_session_is_the_member_accounts_root_user_for_fifteen_minutes(
    host: Host, alice: dict[str, str], target: str
) -> None:
    answer = assume(host, alice, TargetPrincipal=target)
    assert answer["Credentials"]["Expiration"] == datetime.fromtimestamp(START + 900, UTC)
    assert answer["SessionTokenSize"] == len(answer["Credentials"]["SessionToken"])
    assert "SourceIdentity" not in answer
    who = host.client("sts", answer["Credentials"]).get_caller_identity()
    assert (who["Arn"], who["UserId"], who["Account"]) == (MEMBER_ROOT, MEMBER, MEMBER)
    host.at(900)
    assert refusal(host.client("sts", answer["Credentials"]).get_caller_identity)[1] == "ExpiredToken"


def test_a_locked_bucket_is_unlocked_and_nothing_else_done(host: Host, alice: dict[str, str]) -> None:
    owner = host.admin("s3", MEMBER)
    owner.create_bucket(Bucket="locked")
    owner.put_object(Bucket="locked", Key="k", Body=b"x")
    lock = deny("s3:*", resource=["arn:aws:s3:::locked", "arn:aws:s3:::locked/*"], Principal="*")
    grant = allow("s3:GetObject", resource="arn:aws:s3:::locked/*", Principal={"AWS": MEMBER_ROOT})
    owner.put_bucket_policy(Bucket="locked", Policy=lock)
    assert refusal(owner.get_bucket_policy, Bucket="locked")[1] == "AccessDenied"
    root = host.client("s3", assume(host, alice)["Credentials"])
    assert root.get_bucket_policy(Bucket="locked")["Policy"] == lock
    assert [bucket["Name"] for bucket in root.list_buckets()["Buckets"]] == ["locked"]
    root.put_bucket_policy(Bucket="locked", Policy=grant)
    status, code, text = refusal(root.get_object, Bucket="locked", Key="k")
    assert (status, code) == (403, "AccessDenied"), "a bucket policy that names the root user opens it no more"
    assert "with an explicit deny in a session policy" in text
    root.delete_bucket_policy(Bucket="locked")
    assert owner.get_object(Bucket="locked", Key="k")["Body"].read() == b"x"
    for call in (root.create_bucket, root.delete_bucket):
        assert refusal(call, Bucket="locked")[1] == "AccessDenied"
    iam = host.client("iam", assume(host, alice)["Credentials"])
    assert refusal(iam.list_access_keys)[1] == "AccessDenied"


def test_root_keys_are_found_and_deleted(host: Host, alice: dict[str, str]) -> None:
    key_id = host.accounts[MEMBER].root[0]
    audit = host.client("iam", assume(host, alice, "IAMAuditRootUserCredentials")["Credentials"])
    assert [key["AccessKeyId"] for key in audit.list_access_keys()["AccessKeyMetadata"]] == [key_id]
    assert audit.get_account_summary()["SummaryMap"]["AccountAccessKeysPresent"] == 1
    assert audit.get_user()["User"]["Arn"] == MEMBER_ROOT
    assert refusal(audit.delete_access_key, AccessKeyId=key_id)[1] == "AccessDenied"
    assert refusal(audit.list_users)[1] == "AccessDenied"
    delete = host.client("iam", assume(host, alice, "IAMDeleteRootUserCredentials")["Credentials"])
    admin_key = host.accounts[MEMBER].admin[0]
    assert refusal(delete.delete_access_key, UserName="admin", AccessKeyId=admin_key)[1] == "AccessDenied"
    delete.delete_access_key(AccessKeyId=key_id)
    assert audit.list_access_keys()["AccessKeyMetadata"] == []
    assert refusal(host.root("sts", MEMBER).get_caller_identity)[1] == "InvalidClientTokenId"
    assert refusal(delete.create_access_key)[1] == "AccessDenied"


def test_it_opens_no_further_session(host: Host, alice: dict[str, str]) -> None:
    sts = host.client("sts", assume(host, alice)["Credentials"])
    role = host.role("R", trusting("*"), account=MEMBER)
    calls: list[tuple[str, Any, dict[str, Any]]] = [
        ("AssumeRole", sts.assume_role, {"RoleArn": role, "RoleSessionName": "run"}),
        ("GetSessionToken", sts.get_session_token, {}),
        ("GetFederationToken", sts.get_federation_token, {"Name": "bob"}),
        ("AssumeRoot", sts.assume_root, {"TargetPrincipal": MEMBER, "TaskPolicyArn": {"arn": TASKS + "S3UnlockBucketPolicy"}}),
        ("GetWebIdentityToken", sts.get_web_identity_token, {"Audience": ["a"], "SigningAlgorithm": "ES384"}),
    ]  # fmt: skip
    for name, call, parameters in calls:
        text = f"Cannot call {name} with session credentials"
        assert refusal(call, **parameters) == (403, "AccessDenied", text)


def test_roles_may_with_the_identity_they_stand_for_and_users_without_permission_not(
    host: Host, alice: dict[str, str]
) -> None:
    role = host.role("Keeper", trusting(ACCOUNT, "sts:*"), allow("sts:AssumeRoot"))
    session = host.assume(alice, role, "keeping", SourceIdentity="alice")
    assert assume(host, session)["SourceIdentity"] == "alice"
    bob = host.user("bob")
    because = "because no identity-based policy allows the sts:AssumeRoot action"
    assert refusal(assume, host=host, by=bob) == (403, "AccessDenied", f"{denied('user/bob')[2]} {because}")


def test_permission_can_be_bound_to_tasks_and_accounts(host: Host, alice: dict[str, str]) -> None:
    only = {
        "ArnEquals": {"sts:TaskPolicyArn": TASKS + "S3UnlockBucketPolicy"},
        "StringEquals": {"aws:ResourceAccount": MEMBER},
    }
    carol = host.user("carol", allow("sts:AssumeRoot", resource=MEMBER_ROOT, Condition=only))
    assert assume(host, carol)
    assert refusal(assume, host=host, by=carol, task="SQSUnlockQueuePolicy")[1] == "AccessDenied"
    elsewhere = host.user("dave", allow("sts:AssumeRoot", resource=f"arn:aws:iam::{STRANGER}:root"))
    assert refusal(assume, host=host, by=elsewhere)[1] == "AccessDenied"


def test_only_from_the_management_account_or_its_delegate(host: Host, alice: dict[str, str]) -> None:
    eve = host.user("eve", allow("*"), account=MEMBER)
    who = f"User: arn:aws:iam::{MEMBER}:user/eve is not authorized to perform: sts:AssumeRoot on resource: "
    assert refusal(assume, host=host, by=eve) == (403, "AccessDenied", who + MEMBER_ROOT)
    organization = host.store.view().get(Organization, GLOBAL, ORGANIZATION)
    assert organization is not None
    delegated = msgspec.structs.replace(
        organization, members=(MEMBER, STRANGER), delegated=((MEMBER, "iam.amazonaws.com"),)
    )
    host.store.apply([Put(delegated)])
    assert assume(host, eve, TargetPrincipal=STRANGER)
    assert host.client("iam", eve).list_organizations_features()["EnabledFeatures"] == ["RootSessions"]


def test_no_other_account_and_no_account_that_is_not_there(host: Host, alice: dict[str, str]) -> None:
    for target in (STRANGER, ACCOUNT, "000000000001"):
        expected = denied(target=f"arn:aws:iam::{target}:root")
        assert refusal(assume, host=host, by=alice, TargetPrincipal=target) == expected
    frank = host.user("frank", allow("*"), account=STRANGER)
    assert refusal(assume, host=host, by=frank)[:2] == (403, "AccessDenied")


def test_the_root_user_may_not(host: Host, alice: dict[str, str]) -> None:
    keys = host.accounts[ACCOUNT].root
    root = {"AccessKeyId": keys[0], "SecretAccessKey": keys[1].reveal()}
    assert refusal(assume, host=host, by=root) == denied("root")


def test_the_features_open_it_and_close_it(host: Host) -> None:
    alice, iam = host.user("alice", allow("*")), host.admin("iam")
    assert refusal(assume, host=host, by=alice) == denied()
    off = {"OrganizationId": ORGANIZATION, "EnabledFeatures": []}
    assert _plain(iam.list_organizations_features()) == off
    both = iam.enable_organizations_root_credentials_management()
    assert _plain(both) == off | {"EnabledFeatures": ["RootCredentialsManagement"]}
    assert assume(host, alice, "IAMAuditRootUserCredentials")
    assert refusal(assume, host=host, by=alice, task="S3UnlockBucketPolicy") == denied()
    iam.enable_organizations_root_sessions()
    assert iam.enable_organizations_root_sessions()["EnabledFeatures"] == ["RootCredentialsManagement", "RootSessions"]
    assert assume(host, alice, "SQSUnlockQueuePolicy")
    assert iam.disable_organizations_root_credentials_management()["EnabledFeatures"] == ["RootSessions"]
    assert _plain(iam.disable_organizations_root_sessions()) == off
    assert refusal(assume, host=host, by=alice) == denied()


def test_only_those_in_charge_work_on_the_features(host: Host) -> None:
    for operation in (
        "list_organizations_features",
        "enable_organizations_root_sessions",
        "disable_organizations_root_sessions",
        "enable_organizations_root_credentials_management",
        "disable_organizations_root_credentials_management",
    ):
        member, stranger = host.admin("iam", MEMBER), host.admin("iam", STRANGER)
        assert refusal(getattr(member, operation))[1] == "AccountNotManagementOrDelegatedAdministratorException"
        assert refusal(getattr(stranger, operation))[1] == "OrganizationNotFoundException"
    organization = host.store.view().get(Organization, GLOBAL, ORGANIZATION)
    assert organization is not None
    host.store.apply([Put(msgspec.structs.replace(organization, trusted_services=()))])
    assert refusal(host.admin("iam").list_organizations_features)[1] == "ServiceAccessNotEnabledException"
    nobody = host.client("iam", host.user("nobody"))
    assert refusal(nobody.enable_organizations_root_sessions)[1] == "AccessDenied"


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({"DurationSeconds": 901}, "less than or equal to 900"),
        ({"DurationSeconds": -1}, "greater than or equal to 0"),
        ({"TargetPrincipal": "12345678901"}, "greater than or equal to 12"),
        ({"TargetPrincipal": f"arn:aws:iam::{MEMBER}:user/alice"}, f"arn:aws:iam::{MEMBER}:user/alice is invalid"),
        ({"TargetPrincipal": f"arn:aws-cn:iam::{MEMBER}:root"}, "is invalid"),
        ({"TaskPolicyArn": {}}, "Value null at 'taskPolicyArn'"),
        (
            {"TaskPolicyArn": {"arn": "arn:aws:iam::aws:policy/AdministratorAccess"}},
            "AdministratorAccess is not valid.",
        ),
        ({"TaskPolicyArn": {"arn": TASKS + "S3unlockBucketPolicy"}}, "is not valid."),
    ],
)
def test_what_it_takes(host: Host, alice: dict[str, str], parameters: dict[str, Any], expected: str) -> None:
    status, code, text = refusal(assume, host=host, by=alice, **parameters)
    assert (status, code) == (400, "ValidationError")
    assert expected in text


def test_a_shorter_session_and_a_longer_token(host: Host, alice: dict[str, str]) -> None:
    answer = assume(host, alice, DurationSeconds=60, MinimumSessionTokenSize=2000)
    assert answer["Credentials"]["Expiration"] == datetime.fromtimestamp(START + 60, UTC)
    assert len(answer["Credentials"]["SessionToken"]) >= 2000


def test_the_condition_key_tells_an_assumed_root(host: Host, alice: dict[str, str]) -> None:
    host.admin("s3", MEMBER).create_bucket(Bucket="guarded")
    guard = deny(
        "s3:GetBucketPolicyStatus", "s3:ListBucket", resource="arn:aws:s3:::guarded", Principal="*",
        Condition={"Bool": {"aws:AssumedRoot": "true"}},
    )  # fmt: skip
    host.admin("s3", MEMBER).put_bucket_policy(Bucket="guarded", Policy=guard)
    host.root("s3", MEMBER).list_objects_v2(Bucket="guarded")
    root = host.client("s3", assume(host, alice)["Credentials"])
    assert refusal(root.list_objects_v2, Bucket="guarded")[1] == "AccessDenied"


def test_the_trail_tells_both_sides(host: Host, alice: dict[str, str]) -> None:
    answer = assume(host, alice)
    record, copy = host.journal.records[-2:]
    assert record["eventName"] == copy["eventName"] == "AssumeRoot"
    assert (record["recipientAccountId"], copy["recipientAccountId"]) == (ACCOUNT, MEMBER)
    assert copy["userIdentity"] == {
        "type": "AWSAccount",
        "principalId": record["userIdentity"]["principalId"],
        "accountId": ACCOUNT,
    }
    assert record["sharedEventID"] == copy["sharedEventID"]
    assert record["userIdentity"]["arn"] == f"arn:aws:iam::{ACCOUNT}:user/alice"
    assert record["requestParameters"] == {
        "targetPrincipal": MEMBER,
        "taskPolicyArn": {"arn": TASKS + "S3UnlockBucketPolicy"},
    }
    credentials = record["responseElements"]["credentials"]
    assert credentials["accessKeyId"] == answer["Credentials"]["AccessKeyId"]
    assert set(credentials) == {"accessKeyId", "expiration"}
    host.client("s3", answer["Credentials"]).list_buckets()
    done = host.journal.records[-1]
    assert done["recipientAccountId"] == MEMBER
    assert done["userIdentity"] == {
        "type": "Root",
        "principalId": MEMBER,
        "arn": MEMBER_ROOT,
        "accountId": MEMBER,
        "accessKeyId": answer["Credentials"]["AccessKeyId"],
        "sessionContext": {
            "attributes": {"creationDate": "2027-01-15T08:00:00Z", "mfaAuthenticated": "false"},
            "assumedRoot": "true",
        },
    }


def test_it_is_not_offered_at_the_global_endpoint(host: Host, alice: dict[str, str]) -> None:
    form = {
        "Action": "AssumeRoot", "Version": "2011-06-15", "TargetPrincipal": MEMBER,
        "TaskPolicyArn.arn": TASKS + "S3UnlockBucketPolicy",
    }  # fmt: skip
    answer = host.ask(Signer(alice, host.now, headers={"host": "sts.amazonaws.com"}).header(form))
    assert (answer.status, answer.code) == (400, "InvalidAction")
    assert host.ask(Signer(alice, host.now).header(form)).status == 200


def _plain(answer: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in answer.items() if name != "ResponseMetadata"}


def test_a_root_users_mfa_device_is_found_and_deactivated(host: Host, alice: dict[str, str]) -> None:
    device = MfaDevice(MEMBER, "phone", "/", Secret("SEED"), 1, user_id=MEMBER, enabled=1)
    host.store.apply([Put(device)])
    delete = host.client("iam", assume(host, alice, "IAMDeleteRootUserCredentials")["Credentials"])
    assert [found["SerialNumber"] for found in delete.list_mfa_devices()["MFADevices"]] == [device.arn]
    delete.deactivate_mfa_device(SerialNumber=device.arn)
    assert delete.list_mfa_devices()["MFADevices"] == []


def test_a_root_user_has_no_password(host: Host, alice: dict[str, str]) -> None:
    audit = host.client("iam", assume(host, alice, "IAMAuditRootUserCredentials")["Credentials"])
    none = (404, "NoSuchEntity", "Login Profile for User root cannot be found.")
    assert refusal(audit.get_login_profile) == none
    create = host.client("iam", assume(host, alice, "IAMCreateRootUserPassword")["Credentials"])
    assert refusal(create.create_login_profile)[1] == "ValidationError"
    assert refusal(create.create_login_profile, UserName="admin", Password="x" * 20)[1] == "AccessDenied"
