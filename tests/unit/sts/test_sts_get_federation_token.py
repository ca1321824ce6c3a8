"""STS API Reference, GetFederationToken: what a user may, as far as the session policies let it, for somebody it vouches for."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from worldkit import ACCOUNT, OTHER_ACCOUNT, START, Host, allow, deny, document, refusal

if TYPE_CHECKING:
    from collections.abc import Mapping

BOB = f"arn:aws:sts::{ACCOUNT}:federated-user/Bob"
ALICE = f"arn:aws:iam::{ACCOUNT}:user/alice"
FEDERATE = ("sts:GetFederationToken", "sts:TagSession")


@pytest.fixture
def broker(host: Host, alice: dict[str, str], iam: Any) -> Any:
    """STS as a user sees it that may federate and use S3."""
    iam.put_user_policy(UserName="alice", PolicyName="p", PolicyDocument=allow(*FEDERATE, "s3:*"))
    return host.client("sts", alice)


@pytest.fixture
def bucket(host: Host, admin: dict[str, str]) -> str:
    """A bucket of the account, with one object."""
    s3 = host.client("s3", admin)
    s3.create_bucket(Bucket="reports")
    s3.put_object(Bucket="reports", Key="q3", Body=b"numbers")
    return "reports"


def may(host: Host, credentials: Mapping[str, Any], bucket: str = "reports") -> bool:
    """Whether these credentials may read the object."""
    try:
        return bool(host.client("s3", credentials).get_object(Bucket=bucket, Key="q3")["Body"].read() == b"numbers")
    except Exception as error:  # noqa: BLE001 - boto3 makes its classes per client
        assert "AccessDenied" in str(error)  # noqa: PT017
        return False


def test_the_answer_holds_the_federated_user_and_credentials(host: Host, broker: Any) -> None:
    answer = broker.get_federation_token(Name="Bob", Policy=allow("s3:*"))
    assert answer["FederatedUser"] == {"FederatedUserId": f"{ACCOUNT}:Bob", "Arn": BOB}
    assert answer["Credentials"]["Expiration"].timestamp() == START + 43200
    assert answer["PackedPolicySize"] == answer["SessionTokenUtilization"]
    assert "PackedPolicySize" not in broker.get_federation_token(Name="Bob")
    who = host.client("sts", answer["Credentials"]).get_caller_identity()
    assert (who["Arn"], who["UserId"], who["Account"]) == (BOB, f"{ACCOUNT}:Bob", ACCOUNT)


def test_it_needs_permission_on_the_federated_user_and_says_why_not(
    host: Host, alice: dict[str, str], iam: Any
) -> None:
    sts = host.client("sts", alice)
    text = (
        f"User: {ALICE} is not authorized to perform: sts:GetFederationToken on resource: {BOB} "
        "because no identity-based policy allows the sts:GetFederationToken action"
    )
    assert refusal(sts.get_federation_token, Name="Bob") == (403, "AccessDenied", text)
    iam.put_user_policy(UserName="alice", PolicyName="p", PolicyDocument=allow("sts:GetFederationToken", resource=BOB))
    sts.get_federation_token(Name="Bob")
    assert refusal(sts.get_federation_token, Name="Bobby")[1] == "AccessDenied"
    iam.put_user_policy(UserName="alice", PolicyName="q", PolicyDocument=deny("sts:GetFederationToken"))
    text = (
        f"User: {ALICE} is not authorized to perform: sts:GetFederationToken on resource: {BOB} "
        "with an explicit deny in an identity-based policy"
    )
    assert refusal(sts.get_federation_token, Name="Bob") == (403, "AccessDenied", text)


def test_permissions_are_the_user_s_and_the_session_policies_both(host: Host, broker: Any, bucket: str) -> None:
    def federated(**policies: Any) -> Any:
        return broker.get_federation_token(Name="Bob", **policies)["Credentials"]

    assert may(host, federated(Policy=allow("s3:GetObject")))
    assert may(host, federated(PolicyArns=[{"arn": "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"}]))
    assert not may(host, federated(Policy=allow("s3:PutObject")))
    assert not may(host, federated(Policy=document(json.loads(allow("*"))["Statement"][0], json.loads(deny("s3:GetObject"))["Statement"][0])))  # fmt: skip
    host.admin("iam").put_user_policy(UserName="alice", PolicyName="p", PolicyDocument=allow(*FEDERATE))
    assert not may(host, federated(Policy=allow("*")))


def test_without_a_session_policy_it_may_nothing_at_all(host: Host, broker: Any, bucket: str) -> None:
    assert not may(host, broker.get_federation_token(Name="Bob")["Credentials"])


def test_a_bucket_policy_that_names_the_federated_user_needs_no_session_policy(
    host: Host, broker: Any, bucket: str, admin: dict[str, str]
) -> None:
    bob = broker.get_federation_token(Name="Bob")["Credentials"]
    eve = broker.get_federation_token(Name="Eve", Policy=allow("sts:*"))["Credentials"]
    grant = {
        "Effect": "Allow",
        "Principal": {"AWS": BOB},
        "Action": "s3:GetObject",
        "Resource": "arn:aws:s3:::reports/*",
    }
    host.client("s3", admin).put_bucket_policy(Bucket=bucket, Policy=document(grant))
    assert may(host, bob)
    assert not may(host, eve)
    to_alice = grant | {"Principal": {"AWS": ALICE}}
    host.client("s3", admin).put_bucket_policy(Bucket=bucket, Policy=document(to_alice))
    assert not may(host, bob)  # a grant to the user is limited by the session policy that is not there
    assert not may(host, eve)


def test_b1_a_session_policy_never_enlarges_what_the_user_may(host: Host, broker: Any, bucket: str, iam: Any) -> None:
    iam.put_user_policy(UserName="alice", PolicyName="p", PolicyDocument=allow(*FEDERATE))
    assert not may(host, broker.get_federation_token(Name="Bob", Policy=allow("*"))["Credentials"])


@pytest.mark.parametrize("seconds", [900, 43200, 129600])
def test_a_user_s_federated_user_lives_from_15_minutes_to_36_hours(broker: Any, seconds: int) -> None:
    answer = broker.get_federation_token(Name="Bob", DurationSeconds=seconds)
    assert answer["Credentials"]["Expiration"].timestamp() == START + seconds


@pytest.mark.parametrize(("asked", "given"), [(None, 3600), (900, 900), (3601, 3600), (129600, 3600)])
def test_a_root_user_s_federated_user_lives_an_hour_at_most(host: Host, asked: int | None, given: int) -> None:
    parameters = {} if asked is None else {"DurationSeconds": asked}
    answer = host.root("sts").get_federation_token(Name="Bob", **parameters)
    assert answer["Credentials"]["Expiration"].timestamp() == START + given


@pytest.mark.parametrize("seconds", [899, 129601])
def test_durations_outside_the_range_are_an_error(broker: Any, seconds: int) -> None:
    assert refusal(broker.get_federation_token, Name="Bob", DurationSeconds=seconds)[:2] == (400, "ValidationError")


def test_root_needs_no_permission_and_its_federated_users_have_what_the_session_policy_says(host: Host, bucket: str) -> None:  # fmt: skip
    sts = host.root("sts")
    assert may(host, sts.get_federation_token(Name="Bob", Policy=allow("s3:GetObject"))["Credentials"])
    assert not may(host, sts.get_federation_token(Name="Bob", Policy=allow("s3:PutObject"))["Credentials"])
    assert not may(host, sts.get_federation_token(Name="Bob")["Credentials"])
    theirs = host.root("sts", OTHER_ACCOUNT).get_federation_token(Name="Bob", Policy=allow("*"))["Credentials"]
    assert not may(host, theirs)


@pytest.mark.parametrize("name", ["", "B", "B" * 33, "Bob/", "Bob Smith", "Böb"])
def test_names_have_2_to_32_characters_of_a_short_alphabet(broker: Any, name: str) -> None:
    status, code, text = refusal(broker.get_federation_token, Name=name)
    assert (status, code) == (400, "ValidationError")
    assert f"Value '{name}' at 'name' failed to satisfy constraint: Member must" in text


def test_the_name_is_required(broker: Any) -> None:
    text = "1 validation error detected: Value null at 'name' failed to satisfy constraint: Member must not be null"
    assert refusal(broker.get_federation_token) == (400, "ValidationError", text)


def test_the_policy_is_checked(broker: Any) -> None:
    assert refusal(broker.get_federation_token, Name="Bob", Policy="{")[:2] == (400, "MalformedPolicyDocument")
    told = refusal(broker.get_federation_token, Name="Bob", Policy=allow("s3:*").ljust(2049))
    assert told[:2] == (400, "ValidationError")
    assert "Member must have length less than or equal to 2048" in told[2]
    theirs = [{"arn": f"arn:aws:iam::{OTHER_ACCOUNT}:policy/p"}]
    assert refusal(broker.get_federation_token, Name="Bob", PolicyArns=theirs)[:2] == (400, "ValidationError")


def test_tags_need_sts_tag_session_on_the_same_resource(host: Host, alice: dict[str, str], iam: Any) -> None:
    iam.put_user_policy(UserName="alice", PolicyName="p", PolicyDocument=allow("sts:GetFederationToken"))
    sts = host.client("sts", alice)
    told = refusal(sts.get_federation_token, Name="Bob", Tags=[{"Key": "a", "Value": "b"}])
    assert told[2].startswith(f"User: {ALICE} is not authorized to perform: sts:TagSession on resource: {BOB} because")


def test_tags_are_principal_tags_over_the_user_s(host: Host, broker: Any, bucket: str, iam: Any) -> None:
    iam.tag_user(UserName="alice", Tags=[{"Key": "Dept", "Value": "user"}, {"Key": "Site", "Value": "user"}])
    condition = {"StringEquals": {"aws:PrincipalTag/Dept": "session", "aws:PrincipalTag/site": "user"}}
    policy = allow("s3:GetObject", Condition=condition)
    tags = [{"Key": "dept", "Value": "session"}]
    assert may(host, broker.get_federation_token(Name="Bob", Policy=policy, Tags=tags)["Credentials"])
    assert not may(host, broker.get_federation_token(Name="Bob", Policy=policy)["Credentials"])


def test_faulty_tags_are_refused(broker: Any) -> None:
    twice = [{"Key": "a", "Value": "b"}, {"Key": "A", "Value": "b"}]
    told = refusal(broker.get_federation_token, Name="Bob", Tags=twice)
    text = "Duplicate tag keys found. Please note that Tag keys are case insensitive."
    assert told == (400, "InvalidParameterValue", text)


def test_request_tags_are_condition_keys(broker: Any, iam: Any) -> None:
    condition = {"StringEquals": {"aws:RequestTag/Dept": "a"}, "ForAllValues:StringEquals": {"aws:TagKeys": "Dept"}}
    iam.put_user_policy(UserName="alice", PolicyName="p", PolicyDocument=allow(*FEDERATE, Condition=condition))
    broker.get_federation_token(Name="Bob", Tags=[{"Key": "Dept", "Value": "a"}])
    for wrong in ([], [{"Key": "Dept", "Value": "b"}], [{"Key": "Dept", "Value": "a"}, {"Key": "x", "Value": "y"}]):
        assert refusal(broker.get_federation_token, Name="Bob", Tags=wrong)[1] == "AccessDenied"


def test_a_federated_user_may_call_nothing_of_sts_and_iam_but_get_caller_identity(
    host: Host, admin: dict[str, str]
) -> None:
    bob = host.client("sts", admin).get_federation_token(Name="Bob", Policy=allow("*"))["Credentials"]
    for operation, parameters in (("GetSessionToken", {}), ("GetFederationToken", {"Name": "Eve"}), ("GetAccessKeyInfo", {"AccessKeyId": "AKIAIOSFODNN7EXAMPLE"})):  # fmt: skip
        told = (403, "AccessDenied", f"Cannot call {operation} with session credentials")
        assert host.query(bob, operation, **parameters).refusal == told
    told = (403, "InvalidClientTokenId", "The security token included in the request is invalid.")
    assert host.query(bob, "ListUsers", "iam").refusal == told
    assert host.query(bob, "CreateAccessKey", "iam").refusal == told
    assert host.query(bob, "GetCallerIdentity").status == 200


def test_aws_username_is_absent_and_the_principal_is_the_federated_user(host: Host, broker: Any, bucket: str) -> None:
    condition = {
        "Null": {"aws:username": "true"},
        "StringEquals": {"aws:PrincipalType": "FederatedUser", "aws:userid": f"{ACCOUNT}:Bob"},
        "ArnEquals": {"aws:PrincipalArn": BOB},
    }
    assert may(host, broker.get_federation_token(Name="Bob", Policy=allow("s3:*", Condition=condition))["Credentials"])


def test_minimum_session_token_size_pads_the_token(broker: Any) -> None:
    assert broker.get_federation_token(Name="Bob", MinimumSessionTokenSize=3000)["SessionTokenSize"] >= 3000
