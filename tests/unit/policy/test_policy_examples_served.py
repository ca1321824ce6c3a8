"""The worked examples once more, against the server: real clients, stored policies, and the texts that callers read.

A row is served if a call can put its question: policies that can be stored, a caller that can sign (or need not), an
operation, and no condition keys but those that the call itself brings.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from botocore import UNSIGNED
from botocore.exceptions import ClientError
from policytables import A, B, Example, examples, text_of
from worldkit import ACCOUNT, OTHER_ACCOUNT, Host, allow, deny, refusal, trusting

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

SERVED_TABLES = ("matching", "one_account", "across_accounts_and_roles")
SERVED_LAYERS = {"ID", "PB", "SP", "RP", "TP"}
SERVED_CALLERS = {"alice", "root", "app/s1", "federated", "B.x", "B.r/s1", "anonymous"}
BROUGHT = {"sts:ExternalId", "iam:PolicyARN", "aws:TagKeys", "iam:PassedToService", "iam:PermissionsBoundary"}
"""Condition keys that the calls below bring, if the row has them."""
LAYER_NAMES = {
    "identity": "an identity-based policy",
    "boundary": "a permissions boundary",
    "session": "a session policy",
    "resource": "a resource-based policy",
}


def is_served(example: Example) -> bool:
    plain = example.table in SERVED_TABLES or (
        example.table == "more_of_the_language" and "Condition" not in str(example.policies)
    )
    layers = {policy.layer for policy in example.policies}
    elsewhere = example.context.get("iam:PassedToService", "ec2.amazonaws.com") != "ec2.amazonaws.com"
    return (
        plain
        and example.action in CALLS
        and example.caller in SERVED_CALLERS
        and layers <= SERVED_LAYERS
        and example.context.keys() <= BROUGHT
        and "AROA" not in str(example.policies)
        and "${aws:TagKeys}" not in str(example.policies)
        and not elsewhere
    )


@dataclass
class Stage:
    """The people and things of one row, on one server."""

    host: Host
    example: Example
    alice: Mapping[str, str] = field(init=False)

    def __post_init__(self) -> None:
        host = self.host
        assert (A, B) == (ACCOUNT, OTHER_ACCOUNT)
        self.alice = host.user("alice")
        host.user("bob")
        host.role("app", trusting(A))
        host.role("r", trusting(B), account=B)
        self.holder = {"app/s1": ("role", "app"), "B.x": ("user", "x"), "B.r/s1": ("role", "r")}.get(
            self.example.caller, ("user", "alice")
        )
        self.iam = host.admin("iam", B if self.example.caller.startswith("B.") else A)
        self.s3 = host.root("s3")
        for bucket in ("box", "boxes"):
            self.s3.create_bucket(Bucket=bucket)
            self.s3.delete_public_access_block(Bucket=bucket)
        bucket, _, key = self.example.resource.removeprefix("arn:aws:s3:::").partition("/")
        if key and self.example.action.startswith("s3:"):
            self.s3.put_object(Bucket=bucket, Key=key, Body=b"x")

    def client(self, service: str) -> Any:
        """A client of the caller, whose session, if it is one, has been opened, and whose policies are in force."""
        host, example = self.host, self.example
        session_policies = [p.document for p in example.of("SP") if p.document["Statement"]]
        limits = {"Policy": text_of(session_policies[0])} if session_policies else {}
        client: Any
        match example.caller:
            case "root":
                client = host.root(service)
            case "anonymous":
                client = host.client(service, self.alice, signature_version=UNSIGNED)
            case "alice":
                client = host.client(service, self.alice)
            case "B.x":
                client = host.client(service, host.user("x", account=B))
            case "federated":
                self.iam.put_user_policy(
                    UserName="alice", PolicyName="p", PolicyDocument=allow("sts:GetFederationToken")
                )
                made = host.client("sts", self.alice).get_federation_token(Name="alice", **limits)
                self.iam.delete_user_policy(UserName="alice", PolicyName="p")
                client = host.client(service, made["Credentials"])
            case "app/s1" | "B.r/s1" as session:
                account, role, name = (B, "r", "s1") if session == "B.r/s1" else (A, "app", "s1")
                admin = dict(zip(("AccessKeyId", "SecretAccessKey"), self._admin(account), strict=True))
                client = host.client(service, host.assume(admin, f"arn:aws:iam::{account}:role/{role}", name, **limits))
        self._put_policies()
        return client

    def _admin(self, account: str) -> tuple[str, str]:
        key_id, secret = self.host.accounts[account].admin
        return key_id, secret.reveal()

    def _put_policies(self) -> None:
        kind, name = self.holder
        word = kind.capitalize()
        for policy in self.example.of("ID"):
            put = getattr(self.iam, f"put_{kind}_policy")
            put(**{f"{word}Name": name}, PolicyName="p", PolicyDocument=text_of(policy.document))
        for policy in self.example.of("PB"):
            made = self.iam.create_policy(PolicyName="boundary", PolicyDocument=text_of(policy.document))["Policy"][
                "Arn"
            ]
            getattr(self.iam, f"put_{kind}_permissions_boundary")(**{f"{word}Name": name}, PermissionsBoundary=made)
        for policy in self.example.of("RP"):
            self.s3.put_bucket_policy(Bucket="box", Policy=text_of(policy.document))
        for policy in self.example.of("TP"):
            document = text_of(policy.document)
            self.host.admin("iam").update_assume_role_policy(RoleName="app", PolicyDocument=document)

    def ask(self) -> None:
        """Put the row's question."""
        client = self.client(self.example.action.partition(":")[0])
        CALLS[self.example.action](self, client)


def on_object(operation: str) -> Callable[[Stage, Any], None]:
    def call(stage: Stage, client: Any) -> None:
        bucket, _, key = stage.example.resource.removeprefix("arn:aws:s3:::").partition("/")
        getattr(client, operation)(Bucket=bucket, Key=key)

    return call


def on_iam(operation: str, member: str) -> Callable[[Stage, Any], None]:
    def call(stage: Stage, client: Any) -> None:
        getattr(client, operation)(**{member: stage.example.resource.rpartition("/")[2]})

    return call


def brought(stage: Stage, key: str, parameter: str) -> dict[str, Any]:
    """The parameter that brings a condition key, where the row has the key."""
    return {parameter: stage.example.context[key]} if key in stage.example.context else {}


def create_role(stage: Stage, client: Any) -> None:
    boundary = brought(stage, "iam:PermissionsBoundary", "PermissionsBoundary")
    client.create_role(RoleName="x", AssumeRolePolicyDocument=trusting(A), **boundary)


def create_tagged_user(stage: Stage, client: Any) -> None:
    tags = [{"Key": key, "Value": "v"} for key in stage.example.context["aws:TagKeys"]]
    client.create_user(UserName="x", Tags=tags)


def pass_role(stage: Stage, client: Any) -> None:
    stage.iam.create_instance_profile(InstanceProfileName="web")
    client.add_role_to_instance_profile(InstanceProfileName="web", RoleName="app")


def attach_policy(stage: Stage, client: Any) -> None:
    client.attach_user_policy(UserName="alice", PolicyArn=stage.example.context["iam:PolicyARN"])


def assume_role(stage: Stage, client: Any) -> None:
    proof = brought(stage, "sts:ExternalId", "ExternalId")
    client.assume_role(RoleArn=stage.example.resource, RoleSessionName="new", **proof)


def assume_tagged(stage: Stage, client: Any) -> None:
    tags = [{"Key": "team", "Value": "blue"}]
    client.assume_role(RoleArn=stage.example.resource, RoleSessionName="new", Tags=tags)


CALLS: dict[str, Callable[[Stage, Any], None]] = {
    "s3:GetObject": on_object("get_object"),
    "s3:PutObject": on_object("put_object"),
    "s3:DeleteObject": on_object("delete_object"),
    "s3:ListBucket": lambda _stage, client: client.list_objects_v2(Bucket="box"),
    "s3:ListAllMyBuckets": lambda _stage, client: client.list_buckets(),
    "iam:ListUsers": lambda _stage, client: client.list_users(),
    "iam:ListRoles": lambda _stage, client: client.list_roles(),
    "iam:ListAccountAliases": lambda _stage, client: client.list_account_aliases(),
    "iam:GetUser": on_iam("get_user", "UserName"),
    "iam:GetRole": on_iam("get_role", "RoleName"),
    "iam:CreateAccessKey": on_iam("create_access_key", "UserName"),
    "iam:CreateRole": create_role,
    "iam:TagUser": create_tagged_user,
    "iam:PassRole": pass_role,
    "iam:AttachUserPolicy": attach_policy,
    "sts:AssumeRole": assume_role,
    "sts:TagSession": assume_tagged,
}
SERVED = [example for example in examples() if is_served(example)]


def expected_text(example: Example) -> str:
    """The part of the refusal that tells why, as far as AWS tells it."""
    strange = example.caller == "anonymous" or example.caller.startswith("B.")
    if example.action.startswith("s3:") and strange:
        return "Access Denied"
    if example.of("TP"):
        return f"is not authorized to perform: {example.action} on resource: {example.resource}"
    kind, _, layer = example.result.partition(" ")
    article, _, name = LAYER_NAMES[layer].partition(" ")
    if kind == "ED":
        return f"with an explicit deny in {article} {name}"
    return f"because no {name} allows the {example.action} action"


@pytest.mark.parametrize("example", SERVED, ids=str)
def test_the_server_answers_as_the_example_says(host: Host, example: Example) -> None:
    stage = Stage(host, example)
    if example.result == "OK":
        stage.ask()
        return
    with pytest.raises(ClientError) as refused:
        stage.ask()
    error = refused.value.response
    assert error["ResponseMetadata"]["HTTPStatusCode"] == 403
    assert error["Error"]["Code"] == "AccessDenied"
    assert expected_text(example) in error["Error"]["Message"]


def test_most_rows_about_layers_and_accounts_are_served() -> None:
    rows = {example.number for example in SERVED}
    assert rows >= {*range(1, 16), 17, 19, 21, *range(67, 95), *range(109, 124), 126, *range(130, 135)} - {18, 20, 16}


def test_127_a_role_that_was_made_again_is_another_one(host: Host, iam: Any) -> None:
    old = host.role("old", trusting(A))
    role = host.role("app", trusting(old))
    iam.delete_role(RoleName="old")
    host.role("old", trusting(A), allow("*"))
    key_id, secret = host.accounts[A].admin
    session = host.assume({"AccessKeyId": key_id, "SecretAccessKey": secret.reveal()}, old)
    text = refusal(host.client("sts", session).assume_role, RoleArn=role, RoleSessionName="again")[2]
    assert "is not authorized to perform: sts:AssumeRole" in text


def test_128_iam_takes_sessions_of_users_with_mfa_only(host: Host) -> None:
    alice = host.user("alice", allow("iam:*"))
    session = host.client("sts", alice).get_session_token()["Credentials"]
    assert refusal(host.client("iam", session).list_users)[:2] == (403, "InvalidClientTokenId")


def test_129_nobody_is_denied_to_ask_who_he_is(host: Host) -> None:
    bob = host.user("bob", deny("sts:*"))
    assert host.client("sts", bob).get_caller_identity()["Arn"].endswith(":user/bob")


def test_135_a_session_outlives_the_user_who_opened_it(host: Host, iam: Any) -> None:
    alice = host.user("alice", allow("sts:AssumeRole"))
    role = host.role("app", trusting(A), allow("*"))
    session = host.client("iam", host.assume(alice, role))
    iam.delete_user_policy(UserName="alice", PolicyName="p")
    iam.delete_access_key(UserName="alice", AccessKeyId=alice["AccessKeyId"])
    iam.delete_user(UserName="alice")
    assert [user["UserName"] for user in session.list_users()["Users"]] == ["admin"]
    host.at(3600)
    assert refusal(session.list_users)[1] == "ExpiredToken"
