"""STS API Reference, GetCallerIdentity and GetAccessKeyInfo."""

from __future__ import annotations

import json
from typing import Any

import pytest
from signkit import Signer
from worldkit import ACCOUNT, OTHER_ACCOUNT, Host, allow, deny, refusal, trusting

ALICE = f"arn:aws:iam::{ACCOUNT}:user/alice"
IDENTITY = {"Action": "GetCallerIdentity", "Version": "2011-06-15"}


def test_the_identity_of_every_kind_of_caller(
    host: Host, alice: dict[str, str], admin: dict[str, str], iam: Any
) -> None:
    alice_id = iam.get_user(UserName="alice")["User"]["UserId"]
    role = host.role("R", trusting(ALICE), Path="/a/b/")
    role_id = iam.get_role(RoleName="R")["Role"]["RoleId"]
    root = host.root("sts")
    bob = host.client("sts", admin).get_federation_token(Name="Bob")["Credentials"]
    expected = [
        (host.client("sts", alice), ALICE, alice_id),
        (host.client("sts", host.client("sts", alice).get_session_token()["Credentials"]), ALICE, alice_id),
        (
            host.client("sts", host.assume(alice, role, "s1")),
            f"arn:aws:sts::{ACCOUNT}:assumed-role/R/s1",
            f"{role_id}:s1",
        ),
        (host.client("sts", bob), f"arn:aws:sts::{ACCOUNT}:federated-user/Bob", f"{ACCOUNT}:Bob"),
        (root, f"arn:aws:iam::{ACCOUNT}:root", ACCOUNT),
        (host.client("sts", root.get_session_token()["Credentials"]), f"arn:aws:iam::{ACCOUNT}:root", ACCOUNT),
    ]
    for client, arn, user_id in expected:
        answer = client.get_caller_identity()
        assert (answer["Arn"], answer["UserId"], answer["Account"]) == (arn, user_id, ACCOUNT)


def test_a_user_s_arn_has_its_path(host: Host, alice: dict[str, str], iam: Any) -> None:
    iam.update_user(UserName="alice", NewPath="/team/")
    assert host.client("sts", alice).get_caller_identity()["Arn"] == f"arn:aws:iam::{ACCOUNT}:user/team/alice"


def test_the_members_come_in_the_recorded_order(host: Host, alice: dict[str, str]) -> None:
    body = host.query(alice, "GetCallerIdentity").body
    order = [body.index(f"<{name}>") for name in ("Arn", "UserId", "Account")]
    assert order == sorted(order)


@pytest.mark.parametrize("layer", ["identity", "boundary", "session"])
def test_an_explicit_deny_has_no_effect(host: Host, alice: dict[str, str], iam: Any, layer: str) -> None:
    credentials = alice
    if layer == "identity":
        iam.put_user_policy(UserName="alice", PolicyName="p", PolicyDocument=deny("*"))
    elif layer == "boundary":
        arn = iam.create_policy(PolicyName="b", PolicyDocument=deny("*"))["Policy"]["Arn"]
        iam.put_user_permissions_boundary(UserName="alice", PermissionsBoundary=arn)
    else:
        credentials = host.assume(alice, host.role("R", trusting(ALICE)), Policy=deny("*"))
    assert host.query(credentials, "GetCallerIdentity").status == 200


def test_it_must_be_signed(host: Host, alice: dict[str, str]) -> None:
    request = Signer(alice, host.now).header(IDENTITY)
    request.headers = [(name, value) for name, value in request.headers if name != b"authorization"]
    told = (403, "MissingAuthenticationToken", "Request is missing Authentication Token")
    assert host.ask(request).refusal == told


def test_a_presigned_call_lives_fifteen_minutes_though_it_says_sixty_seconds(host: Host, alice: dict[str, str]) -> None:
    """What ``aws eks get-token`` sends: a further signed header, and X-Amz-Expires=60."""
    signer = Signer(alice, host.now, headers={"x-k8s-aws-id": "my-cluster"})
    assert host.ask(signer.presigned(IDENTITY)).text("Arn") == ALICE
    host.at(900)
    assert host.ask(signer.presigned(IDENTITY)).text("Arn") == ALICE
    host.at(1)
    assert host.ask(signer.presigned(IDENTITY)).code == "SignatureDoesNotMatch"


@pytest.mark.parametrize("value", [None, "other-cluster", "MY-CLUSTER"])
def test_e5_a_signed_header_must_arrive_as_it_was_signed(host: Host, alice: dict[str, str], value: str | None) -> None:
    request = Signer(alice, host.now, headers={"x-k8s-aws-id": "my-cluster"}).presigned(IDENTITY)
    request.headers = [(name, old) for name, old in request.headers if name != b"x-k8s-aws-id"]
    if value is not None:
        request.headers.append((b"x-k8s-aws-id", value.encode()))
    assert host.ask(request).code == "SignatureDoesNotMatch"


def test_a_forwarded_post_with_further_signed_headers_works(host: Host, alice: dict[str, str]) -> None:
    """What Vault forwards."""
    signer = Signer(alice, host.now, headers={"x-vault-aws-iam-server-id": "vault.example.com"})
    assert host.ask(signer.header(IDENTITY)).text("Arn") == ALICE


def test_a_content_hash_in_the_header_is_taken_and_not_trusted(host: Host, alice: dict[str, str]) -> None:
    signer = Signer(alice, host.now, headers={"x-amz-content-sha256": "0" * 64})
    request = signer.header(IDENTITY)
    assert host.ask(request).text("Arn") == ALICE
    request.body = b"Action=GetSessionToken&Version=2011-06-15"
    assert host.ask(request).code == "SignatureDoesNotMatch"


def test_a_client_that_accepts_json_gets_json(host: Host, alice: dict[str, str]) -> None:
    request = Signer(alice, host.now, headers={"accept": "application/json"}).header(IDENTITY)
    answer = host.ask(request)
    assert answer.headers["content-type"] == "application/json"
    assert answer.body.startswith('{"GetCallerIdentityResponse":{"GetCallerIdentityResult":{"Arn":"')
    told = Signer(alice, host.now, headers={"accept": "application/json"}).header(IDENTITY | {"Action": "AssumeRole"})
    assert host.ask(told).body.startswith('{"Error":{"Code":"ValidationError","Message":"2 validation errors')


def test_json_holds_numbers_for_times_and_null_for_what_is_absent(host: Host, alice: dict[str, str]) -> None:
    role = host.role("R", trusting(ALICE))
    form = {"Action": "AssumeRole", "Version": "2011-06-15", "RoleArn": role, "RoleSessionName": "dev"}
    answer = host.ask(Signer(alice, host.now, headers={"accept": "application/json"}).header(form))
    result = json.loads(answer.body)["AssumeRoleResponse"]["AssumeRoleResult"]
    assert result["Credentials"]["Expiration"] == host.now + 3600
    assert result["SourceIdentity"] is None


# GetAccessKeyInfo


@pytest.mark.parametrize(
    ("key", "account"),
    [
        ("ASIAQNZGKIQY56JQ7WML", "029608264753"),
        ("AKIARZPUZDIKCI2FM6EQ", "123456789012"),
        ("ASIARTX3GSDSQERUKZ4J", "111122223333"),
        ("AKIAWO645SY5OAAAAAAB", "444455556666"),
    ],
)
def test_the_account_is_read_out_of_the_id_as_public_tools_do(host: Host, admin: dict[str, str], key: str, account: str) -> None:  # fmt: skip
    assert host.query(admin, "GetAccessKeyInfo", AccessKeyId=key).text("Account") == account


def test_keys_of_any_account_and_any_state_are_known(host: Host, admin: dict[str, str], iam: Any) -> None:
    theirs = host.user("carol", account=OTHER_ACCOUNT)["AccessKeyId"]
    mine = host.user("dan")["AccessKeyId"]
    session = host.client("sts", admin).get_session_token()["Credentials"]["AccessKeyId"]
    iam.update_access_key(UserName="dan", AccessKeyId=mine, Status="Inactive")
    sts = host.client("sts", admin)
    assert sts.get_access_key_info(AccessKeyId=theirs)["Account"] == OTHER_ACCOUNT
    assert sts.get_access_key_info(AccessKeyId=mine)["Account"] == ACCOUNT
    assert sts.get_access_key_info(AccessKeyId=session)["Account"] == ACCOUNT
    iam.delete_access_key(UserName="dan", AccessKeyId=mine)
    assert sts.get_access_key_info(AccessKeyId=mine)["Account"] == ACCOUNT


@pytest.mark.parametrize(
    "key", ["AKIAIOSFODNN7EXAMPLE", "AROARTX3GSDSQERUKZ4J", "AKIA_underscores_are", "x" * 16, "x" * 128]
)
def test_an_id_that_holds_no_account_is_a_validation_error(host: Host, admin: dict[str, str], key: str) -> None:
    assert host.query(admin, "GetAccessKeyInfo", AccessKeyId=key).refusal[:2] == (400, "ValidationError")


@pytest.mark.parametrize(
    ("key", "clause"),
    [
        ("", "Value '' at 'accessKeyId' failed to satisfy constraint: Member must have length greater than or equal to 16"),
        ("A" * 129, f"Value '{'A' * 129}' at 'accessKeyId' failed to satisfy constraint: Member must have length less than or equal to 128"),
        ("AKIA/IOSFODNN7EXAM", r"Value 'AKIA/IOSFODNN7EXAM' at 'accessKeyId' failed to satisfy constraint: Member must satisfy regular expression pattern: [\w]*"),
    ],
)  # fmt: skip
def test_ids_have_a_form(host: Host, admin: dict[str, str], key: str, clause: str) -> None:
    text = f"1 validation error detected: {clause}"
    assert host.query(admin, "GetAccessKeyInfo", AccessKeyId=key).refusal == (400, "ValidationError", text)


def test_it_needs_permission(host: Host, alice: dict[str, str], iam: Any) -> None:
    sts = host.client("sts", alice)
    told = refusal(sts.get_access_key_info, AccessKeyId=alice["AccessKeyId"])
    text = (
        f"User: {ALICE} is not authorized to perform: sts:GetAccessKeyInfo "
        "because no identity-based policy allows the sts:GetAccessKeyInfo action"
    )
    assert told == (403, "AccessDenied", text)
    iam.put_user_policy(UserName="alice", PolicyName="p", PolicyDocument=allow("sts:GetAccessKeyInfo"))
    assert sts.get_access_key_info(AccessKeyId=alice["AccessKeyId"])["Account"] == ACCOUNT
    host.root("sts").get_access_key_info(AccessKeyId=alice["AccessKeyId"])


def test_a_role_s_session_may_call_it(host: Host, alice: dict[str, str]) -> None:
    session = host.assume(alice, host.role("R", trusting(ALICE), allow("sts:GetAccessKeyInfo")))
    assert host.query(session, "GetAccessKeyInfo", AccessKeyId=alice["AccessKeyId"]).text("Account") == ACCOUNT
