"""LookupEvents with boto3 (CloudTrail API Reference): who called what when, refused calls too, with no secret in it."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ClientError
from clientkit import allow, make_user, trusting

if TYPE_CHECKING:
    from clientkit import Clients


def events(clients: Clients, key: str = "", value: str = "", **more: Any) -> list[dict[str, Any]]:
    """All events of the account, newest first, through boto3's own paginator."""
    if key:
        more["LookupAttributes"] = [{"AttributeKey": key, "AttributeValue": value}]
    pages = clients.cloudtrail.get_paginator("lookup_events").paginate(**more)
    return [event for page in pages for event in page["Events"]]


def records(clients: Clients, key: str = "", value: str = "", **more: Any) -> list[dict[str, Any]]:
    return [json.loads(event["CloudTrailEvent"]) for event in events(clients, key, value, **more)]


def test_a_call_is_found_at_once(account: Clients) -> None:
    answer = account.sts.get_caller_identity()
    (event,) = events(account, "EventName", "GetCallerIdentity")
    record = json.loads(event["CloudTrailEvent"])
    assert record["requestID"] == answer["ResponseMetadata"]["RequestId"]
    assert record["userIdentity"]["arn"] == answer["Arn"]
    assert record["recipientAccountId"] == answer["Account"]
    assert event["AccessKeyId"] == account.credentials.access_key_id
    assert event["Username"] == "admin"
    assert event["ReadOnly"] == "true"
    assert abs(event["EventTime"] - datetime.now(UTC)) < timedelta(seconds=30)


def test_changes_are_found_newest_first_and_by_what_they_changed(account: Clients) -> None:
    account.iam.create_user(UserName="bob")
    account.iam.create_group(GroupName="devs")
    account.iam.add_user_to_group(UserName="bob", GroupName="devs")
    names = [event["EventName"] for event in events(account)]
    assert names[:3] == ["AddUserToGroup", "CreateGroup", "CreateUser"]
    assert [event["EventName"] for event in events(account, "ResourceName", "bob")] == ["AddUserToGroup", "CreateUser"]
    (group,) = records(account, "EventName", "CreateGroup")
    assert group["requestParameters"] == {"groupName": "devs"}
    assert group["responseElements"]["group"]["groupName"] == "devs"


def test_a_session_leads_from_its_record_to_its_calls(account: Clients) -> None:
    role = account.iam.create_role(
        RoleName="dev", AssumeRolePolicyDocument=trusting({"AWS": f"arn:aws:iam::{account.account}:root"})
    )["Role"]["Arn"]
    session = account.assume(role, "audited")
    session.sts.get_caller_identity()
    (assumed,) = records(account, "ResourceName", role)[:1]
    key = assumed["responseElements"]["credentials"]["accessKeyId"]
    assert key == session.credentials.access_key_id
    (called,) = records(account, "AccessKeyId", key)[-1:]
    assert called["userIdentity"]["type"] == "AssumedRole"
    assert called["userIdentity"]["sessionContext"]["sessionIssuer"]["userName"] == "dev"
    assert {event["Username"] for event in events(account, "AccessKeyId", key)} >= {"audited"}


def test_no_secret_is_found_in_any_record(account: Clients) -> None:
    key = account.iam.create_access_key(UserName="admin")["AccessKey"]
    session = account.sts.get_session_token()["Credentials"]
    device = account.iam.create_virtual_mfa_device(VirtualMFADeviceName="phone")["VirtualMFADevice"]
    everything = json.dumps(records(account))
    assert key["AccessKeyId"] in everything
    assert session["AccessKeyId"] in everything
    secrets = [
        key["SecretAccessKey"],
        session["SecretAccessKey"],
        session["SessionToken"],
        device["Base32StringSeed"].decode(),
        account.credentials.secret_access_key,
    ]
    for secret in secrets:
        assert secret not in everything


def test_a_denied_call_is_found_with_the_text_that_its_caller_got(account: Clients) -> None:
    bob = make_user(account, "bob")
    with pytest.raises(ClientError) as caught:
        bob.clients.iam.create_user(UserName="eve")
    (record,) = records(account, "Username", "bob")
    assert record["eventName"] == "CreateUser"
    assert record["errorCode"] == "AccessDenied"
    assert record["errorMessage"] == caught.value.response["Error"]["Message"]
    assert record["requestParameters"] is None


def test_an_error_of_iam_has_its_exceptions_name(account: Clients) -> None:
    with pytest.raises(ClientError, match="NoSuchEntity"):
        account.iam.get_user(UserName="nobody")
    (record,) = records(account, "EventName", "GetUser")
    assert record["errorCode"] == "NoSuchEntityException"
    assert record["requestParameters"] == {"userName": "nobody"}


def test_a_call_with_a_wrong_signature_enters_no_trail(account: Clients) -> None:
    before = len(events(account))
    forged = type(account.credentials)(account.credentials.access_key_id, "wrong" * 8)
    with pytest.raises(ClientError, match="SignatureDoesNotMatch"):
        account.with_credentials(forged).sts.get_caller_identity()
    assert len(events(account)) <= before + 1, "the lookup itself, and nothing else"


def test_other_accounts_find_nothing(account: Clients, admin: Clients) -> None:
    account.iam.create_user(UserName="hidden")
    assert events(admin, "ResourceName", "hidden") == []


def test_a_role_used_across_accounts_is_recorded_in_both(account: Clients, admin: Clients, unique: str) -> None:
    role = account.iam.create_role(RoleName=unique, AssumeRolePolicyDocument=trusting({"AWS": admin.account}))
    admin.assume(role["Role"]["Arn"], "visitor")
    (own,) = records(admin, "ResourceName", role["Role"]["Arn"])
    (owners,) = (r for r in records(account, "ResourceName", role["Role"]["Arn"]) if r["eventName"] == "AssumeRole")
    assert own["sharedEventID"] == owners["sharedEventID"]
    assert own["userIdentity"]["type"] == "IAMUser"
    assert owners["userIdentity"]["type"] == "AWSAccount"
    assert owners["userIdentity"]["accountId"] == admin.account


def test_pages_of_one_event_lead_through_all(account: Clients) -> None:
    for number in range(5):
        account.iam.create_user(UserName=f"user{number}")
    found = events(account, "EventName", "CreateUser", PaginationConfig={"PageSize": 1})
    names = [json.loads(event["CloudTrailEvent"])["requestParameters"]["userName"] for event in found]
    assert names == ["user4", "user3", "user2", "user1", "user0"]


def test_a_region_finds_its_own_calls_and_us_east_1_those_of_iam(account: Clients) -> None:
    keys = {
        "aws_access_key_id": account.credentials.access_key_id,
        "aws_secret_access_key": account.credentials.secret_access_key,
        "endpoint_url": account.url,
        "region_name": "eu-west-1",
    }
    boto3.client("sts", **keys).get_caller_identity()
    boto3.client("iam", **keys).list_users()
    there = boto3.client("cloudtrail", **keys).lookup_events()["Events"]
    assert [event["EventName"] for event in there] == ["GetCallerIdentity"]
    here = [event["EventName"] for event in events(account)]
    assert "ListUsers" in here
    assert "GetCallerIdentity" not in here


def test_looking_up_needs_its_permission(account: Clients) -> None:
    bob = make_user(account, "bob")
    with pytest.raises(ClientError, match="cloudtrail:LookupEvents because no identity-based policy allows"):
        bob.clients.cloudtrail.lookup_events()
    carol = make_user(account, "carol", allow("cloudtrail:LookupEvents"))
    assert carol.clients.cloudtrail.lookup_events()["Events"]


def test_data_events_are_not_looked_up(account: Clients, unique: str) -> None:
    account.s3.create_bucket(Bucket=unique)
    account.s3.put_object(Bucket=unique, Key="k", Body=b"x")
    assert [event["EventName"] for event in events(account, "ResourceName", unique)] == ["CreateBucket"]


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        ({"NextToken": "x"}, "InvalidNextTokenException"),
        (
            {"StartTime": datetime(2030, 1, 1, tzinfo=UTC), "EndTime": datetime(2029, 1, 1, tzinfo=UTC)},
            "InvalidTimeRangeException",
        ),
    ],
)
def test_bad_parameters_are_refused(account: Clients, parameters: dict[str, Any], code: str) -> None:
    with pytest.raises(ClientError, match=code):
        account.cloudtrail.lookup_events(**parameters)


def test_there_are_no_trails(account: Clients) -> None:
    assert account.cloudtrail.describe_trails()["trailList"] == []
    assert account.cloudtrail.list_trails()["Trails"] == []
    with pytest.raises(ClientError, match="NotImplemented"):
        account.cloudtrail.create_trail(Name="audit", S3BucketName="b")
