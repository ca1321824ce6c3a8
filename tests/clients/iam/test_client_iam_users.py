"""IAM API Reference: users, groups and access keys, with boto3 against a running server."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from clientkit import Credentials, allow, make_user
from iamkit import refused

if TYPE_CHECKING:
    from clientkit import Clients


def test_a_new_user_can_do_nothing_until_a_policy_lets_it(account: Clients) -> None:
    bob = make_user(account, "bob")
    assert bob.clients.sts.get_caller_identity()["Arn"] == bob.arn
    because = "because no identity-based policy allows the iam:ListUsers action"
    with refused("AccessDenied", because, status=403):
        bob.clients.iam.list_users()
    account.iam.put_user_policy(UserName="bob", PolicyName="p", PolicyDocument=allow("iam:ListUsers"))
    assert [user["UserName"] for user in bob.clients.iam.list_users()["Users"]] == ["admin", "bob"]
    account.iam.delete_user_policy(UserName="bob", PolicyName="p")
    with refused("AccessDenied", because):
        bob.clients.iam.list_users()


def test_a_user_without_permission_learns_nothing_about_who_exists(account: Clients) -> None:
    bob = make_user(account, "bob")
    make_user(account, "carol")
    for name in ("carol", "nobody", "bob"):
        text = (
            f"User: {bob.arn} is not authorized to perform: iam:GetUser on resource: user {name} "
            "because no identity-based policy allows the iam:GetUser action"
        )
        with refused("AccessDenied", text):
            bob.clients.iam.get_user(UserName=name)


def test_a_key_works_until_it_is_switched_off_and_again_when_it_is_on(account: Clients) -> None:
    bob = make_user(account, "bob")
    key = bob.clients.credentials.access_key_id
    for status in ("Inactive", "Active"):
        account.iam.update_access_key(UserName="bob", AccessKeyId=key, Status=status)
        if status == "Inactive":
            with refused("InvalidClientTokenId", status=403):
                bob.clients.sts.get_caller_identity()
    bob.clients.sts.get_caller_identity()
    account.iam.delete_access_key(UserName="bob", AccessKeyId=key)
    with refused("InvalidClientTokenId"):
        bob.clients.sts.get_caller_identity()


def test_a_renamed_user_goes_on_with_its_key(account: Clients) -> None:
    bob = make_user(account, "bob", allow("iam:GetUser"))
    account.iam.update_user(UserName="bob", NewUserName="robert", NewPath="/x/")
    user = bob.clients.iam.get_user()["User"]
    assert user["UserName"] == "robert"
    assert bob.clients.sts.get_caller_identity()["Arn"] == user["Arn"] == bob.arn.replace("user/bob", "user/x/robert")


def test_dates_documents_and_waiters_are_what_sdks_expect(account: Clients) -> None:
    account.iam.create_user(UserName="bob")
    account.iam.get_waiter("user_exists").wait(UserName="bob", WaiterConfig={"Delay": 1, "MaxAttempts": 1})
    created = account.iam.get_user(UserName="bob")["User"]["CreateDate"]
    assert abs(datetime.now(UTC) - created) < timedelta(minutes=5)
    account.iam.put_user_policy(UserName="bob", PolicyName="p", PolicyDocument=allow("s3:Get*", resource="*"))
    document = account.iam.get_user_policy(UserName="bob", PolicyName="p")["PolicyDocument"]
    assert document["Statement"][0]["Action"] == ["s3:Get*"]


def test_paginators_walk_the_whole_list(account: Clients) -> None:
    for n in range(5):
        account.iam.create_user(UserName=f"u{n}")
    pages = list(account.iam.get_paginator("list_users").paginate(PaginationConfig={"PageSize": 2}))
    assert [len(page["Users"]) for page in pages] == [2, 2, 2]
    assert len({user["UserId"] for page in pages for user in page["Users"]}) == 6


def test_errors_have_the_classes_and_statuses_of_the_model(account: Clients) -> None:
    iam = account.iam
    iam.create_user(UserName="bob")
    with pytest.raises(iam.exceptions.EntityAlreadyExistsException):
        iam.create_user(UserName="BOB")
    with pytest.raises(iam.exceptions.NoSuchEntityException):
        iam.get_user(UserName="carol")
    with refused("EntityAlreadyExists", "User with name BOB already exists.", status=409):
        iam.create_user(UserName="BOB")
    with refused("NoSuchEntity", "The user with name carol cannot be found.", status=404):
        iam.get_user(UserName="carol")
    with refused("ValidationError", "alphanumeric characters and/or the following: +=,.@_-", status=400):
        iam.create_user(UserName="bo/b")
    with refused("ValidationError", "Invalid Marker.", status=400):
        iam.list_users(Marker="nonsense")


def test_what_a_group_may_do_its_members_may_while_they_are_in_it(account: Clients) -> None:
    bob = make_user(account, "bob")
    account.iam.create_group(GroupName="readers")
    account.iam.attach_group_policy(GroupName="readers", PolicyArn="arn:aws:iam::aws:policy/IAMReadOnlyAccess")
    account.iam.add_user_to_group(GroupName="readers", UserName="bob")
    assert [group["GroupName"] for group in bob.clients.iam.list_groups()["Groups"]] == ["readers"]
    with refused("AccessDenied", "because no identity-based policy allows the iam:CreateGroup action"):
        bob.clients.iam.create_group(GroupName="more")
    account.iam.remove_user_from_group(GroupName="readers", UserName="bob")
    with refused("AccessDenied"):
        bob.clients.iam.list_groups()


def test_accounts_do_not_see_one_another(account: Clients, admin: Clients, unique: str) -> None:
    theirs = make_user(admin, unique)
    with refused("NoSuchEntity", f"The user with name {unique} cannot be found."):
        account.iam.get_user(UserName=unique)
    account.iam.create_user(UserName=unique)
    account.iam.delete_user(UserName=unique)
    key = theirs.clients.credentials.access_key_id
    with refused("NoSuchEntity", f"The Access Key with id {key} cannot be found."):
        account.iam.delete_access_key(AccessKeyId=key)
    with refused("AccessDenied", f"on resource: access key {key}"):
        account.iam.get_access_key_last_used(AccessKeyId=key)
    assert admin.iam.get_user(UserName=unique)["User"]["Arn"] == theirs.arn


def test_the_root_user_has_keys_of_its_own(account: Clients) -> None:
    """A root key is made by the root user alone; an administrator's CreateAccessKey makes the administrator's."""
    key = account.iam.create_access_key()["AccessKey"]
    assert key["UserName"] == "admin"
    second = account.with_credentials(Credentials(key["AccessKeyId"], key["SecretAccessKey"]))
    assert second.sts.get_caller_identity()["Arn"].endswith(":user/admin")
    with refused("LimitExceeded", "Cannot exceed quota for AccessKeysPerUser: 2", status=409):
        account.iam.create_access_key()


def test_the_last_use_of_a_key_is_known_within_seconds(account: Clients) -> None:
    """GetAccessKeyLastUsed: as on AWS it may lag behind."""
    bob = make_user(account, "bob")
    key = bob.clients.credentials.access_key_id
    never = {"ServiceName": "N/A", "Region": "N/A"}
    assert account.iam.get_access_key_last_used(AccessKeyId=key)["AccessKeyLastUsed"] == never
    bob.clients.sts.get_caller_identity()
    deadline = time.monotonic() + 20
    used = never
    while used == never and time.monotonic() < deadline:
        time.sleep(0.2)
        used = account.iam.get_access_key_last_used(AccessKeyId=key)["AccessKeyLastUsed"]
    assert (used["ServiceName"], used["Region"]) == ("sts", "us-east-1")
    assert abs(datetime.now(UTC) - used["LastUsedDate"]) < timedelta(minutes=5)
