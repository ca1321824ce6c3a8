"""IAM API Reference: CreateAccessKey, ListAccessKeys, UpdateAccessKey, DeleteAccessKey, GetAccessKeyLastUsed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from iam_world import ACCOUNT, START

from daypass.credentials import account_of
from daypass.directory import GLOBAL, AccessKey
from daypass.store.interface import Use

if TYPE_CHECKING:
    from iam_world import Iam, World


@pytest.fixture(autouse=True)
def bob(iam: Iam) -> None:
    iam("CreateUser", UserName="bob")


def test_the_secret_is_shown_once(iam: Iam) -> None:
    key = iam("CreateAccessKey", UserName="bob")["AccessKey"]
    assert account_of(key["AccessKeyId"]) == ACCOUNT
    assert (len(key["SecretAccessKey"]), key["Status"], key["UserName"]) == (40, "Active", "bob")
    (listed,) = iam("ListAccessKeys", UserName="bob")["AccessKeyMetadata"]
    assert listed == {
        "UserName": "bob",
        "AccessKeyId": key["AccessKeyId"],
        "Status": "Active",
        "CreateDate": START,
    }


def test_a_user_has_two_keys_at_most(iam: Iam) -> None:
    first = iam("CreateAccessKey", UserName="bob")["AccessKey"]["AccessKeyId"]
    second = iam("CreateAccessKey", UserName="bob")["AccessKey"]["AccessKeyId"]
    assert first != second
    refused = ("LimitExceeded", "Cannot exceed quota for AccessKeysPerUser: 2")
    assert iam.refusal("CreateAccessKey", UserName="bob") == refused
    iam("UpdateAccessKey", UserName="bob", AccessKeyId=first, Status="Inactive")
    assert iam.refusal("CreateAccessKey", UserName="bob") == refused
    iam("DeleteAccessKey", UserName="bob", AccessKeyId=first)
    iam("CreateAccessKey", UserName="bob")


def test_without_a_name_a_user_means_itself(iam: Iam) -> None:
    own = iam.as_user("bob")
    key = own("CreateAccessKey")["AccessKey"]
    assert key["UserName"] == "bob"
    assert [k["AccessKeyId"] for k in own("ListAccessKeys")["AccessKeyMetadata"]] == [key["AccessKeyId"]]
    own("UpdateAccessKey", AccessKeyId=key["AccessKeyId"], Status="Inactive")
    own("DeleteAccessKey", AccessKeyId=key["AccessKeyId"])


def test_without_a_name_the_root_user_means_itself(iam: Iam) -> None:
    root = iam.as_root()
    key = root("CreateAccessKey")["AccessKey"]  # the account was made with one
    assert "UserName" not in key
    assert len(root("ListAccessKeys")["AccessKeyMetadata"]) == 2
    assert root.refusal("CreateAccessKey")[0] == "LimitExceeded"
    root("DeleteAccessKey", AccessKeyId=key["AccessKeyId"])


def test_a_key_switched_off_says_so(iam: Iam, world: World) -> None:
    key = iam("CreateAccessKey", UserName="bob")["AccessKey"]["AccessKeyId"]
    iam("UpdateAccessKey", UserName="bob", AccessKeyId=key, Status="Inactive")
    assert iam("ListAccessKeys", UserName="bob")["AccessKeyMetadata"][0]["Status"] == "Inactive"
    record = world.store.view().get(AccessKey, GLOBAL, key)
    assert record is not None
    assert not record.active
    iam("UpdateAccessKey", UserName="bob", AccessKeyId=key, Status="Active")
    assert iam("ListAccessKeys", UserName="bob")["AccessKeyMetadata"][0]["Status"] == "Active"


def test_expired_is_not_for_the_caller_to_say(iam: Iam) -> None:
    key = iam("CreateAccessKey", UserName="bob")["AccessKey"]["AccessKeyId"]
    text = "1 validation error detected: Value at 'status' failed to satisfy constraint: Member must satisfy enum value set"
    refused = iam.refusal("UpdateAccessKey", UserName="bob", AccessKeyId=key, Status="Expired")
    assert refused == ("ValidationError", text)


def test_the_key_of_somebody_else_is_never_acted_on(iam: Iam, neighbour: Iam) -> None:
    """A key is looked up beside its user, never by its id alone."""
    foreign = [
        iam("CreateAccessKey")["AccessKey"]["AccessKeyId"],
        iam.as_root()("CreateAccessKey")["AccessKey"]["AccessKeyId"],
        neighbour("CreateAccessKey")["AccessKey"]["AccessKeyId"],
        "AKIAIOSFODNN7EXAMPLE",
    ]
    for key in foreign:
        missing = ("NoSuchEntity", f"The Access Key with id {key} cannot be found.")
        assert iam.refusal("DeleteAccessKey", UserName="bob", AccessKeyId=key) == missing
        assert iam.refusal("UpdateAccessKey", UserName="bob", AccessKeyId=key, Status="Inactive") == missing


def test_a_key_never_used_says_not_applicable(iam: Iam) -> None:
    key = iam("CreateAccessKey", UserName="bob")["AccessKey"]["AccessKeyId"]
    assert iam("GetAccessKeyLastUsed", AccessKeyId=key) == {
        "UserName": "bob",
        "AccessKeyLastUsed": {"ServiceName": "N/A", "Region": "N/A"},
    }


def test_a_used_key_says_when_where_and_for_what(iam: Iam, world: World) -> None:
    key = iam("CreateAccessKey", UserName="bob")["AccessKey"]["AccessKeyId"]
    world.store.uses[key] = Use(key, START, "s3", "eu-west-1")
    assert iam("GetAccessKeyLastUsed", AccessKeyId=key)["AccessKeyLastUsed"] == {
        "LastUsedDate": START,
        "ServiceName": "s3",
        "Region": "eu-west-1",
    }


def test_the_last_use_of_foreign_and_unknown_keys_is_denied_in_the_same_words(iam: Iam, neighbour: Iam) -> None:
    for key in (neighbour("CreateAccessKey")["AccessKey"]["AccessKeyId"], "AKIAIOSFODNN7EXAMPLE"):
        text = (
            f"User: arn:aws:iam::{ACCOUNT}:user/admin is not authorized to perform iam:GetAccessKeyLastUsed "
            f"on resource: access key {key}"
        )
        assert iam.refusal("GetAccessKeyLastUsed", AccessKeyId=key) == ("AccessDenied", text)
