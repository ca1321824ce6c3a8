"""Temporary delegation over a real server: the partner asks with the AWS CLI, and finds the token in its bucket."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from clientkit import BIN, Clients, Credentials, allow, clean_environment

if TYPE_CHECKING:
    from clientkit import Server


def cli(clients: Clients, *arguments: str) -> Any:
    """What the AWS CLI answers."""
    done = subprocess.run(
        [BIN / "aws", *arguments, "--output", "json"], capture_output=True, text=True, check=True, timeout=60,
        env=clean_environment() | clients.credentials.environment()
        | {"AWS_ENDPOINT_URL": clients.url, "AWS_DEFAULT_REGION": "us-east-1"},
    )  # fmt: skip
    return json.loads(done.stdout) if done.stdout.strip() else None


def test_a_partner_is_let_in_for_an_hour(server: Server, account: Clients, admin: Clients, unique: str) -> None:
    made = json.loads(server.cli("account", "create", f"partner-{unique}", "--json").stdout)
    partner = Clients(server.url, Credentials(made["AccessKeyId"], made["SecretAccessKey"]))
    inbox, data = f"inbox-{unique}", f"data-{unique}"
    partner.s3.create_bucket(Bucket=inbox)
    let_in = allow(
        "s3:PutObject", resource=f"arn:aws:s3:::{inbox}/delegation-requests/*",
        Principal={"Service": "iam.amazonaws.com"},
    )  # fmt: skip
    partner.s3.put_bucket_policy(Bucket=inbox, Policy=let_in)
    account.s3.create_bucket(Bucket=data)
    account.s3.put_object(Bucket=data, Key="k", Body=b"hello")
    text = allow("s3:GetObject", resource="arn:aws:s3:::@{bucketName}/*")
    template = partner.iam.create_policy(PolicyName="template", PolicyDocument=text)["Policy"]["Arn"]
    parameter = {"Name": "bucketName", "Values": [data], "Type": "string"}
    asked = cli(
        partner, "iam", "create-delegation-request", "--description", "set up", "--owner-account-id", account.account,
        "--permissions", json.dumps({"PolicyTemplateArn": template, "Parameters": [parameter]}),
        "--requestor-workflow-id", "workflow-1", "--notification-channel", f"arn:aws:s3:::{inbox}",
        "--session-duration", "3600",
    )  # fmt: skip
    request_id = asked["DelegationRequestId"]
    for step in ("associate", "accept"):
        getattr(account.iam, f"{step}_delegation_request")(DelegationRequestId=request_id)
    account.iam.send_delegation_token(DelegationRequestId=request_id)
    key = f"delegation-requests/{request_id}/FINALIZED.json"
    told = json.loads(partner.s3.get_object(Bucket=inbox, Key=key)["Body"].read())
    traded = cli(partner, "sts", "get-delegated-access-token", "--trade-in-token", told["exchangeToken"])
    delegate = partner.with_credentials(Credentials.of(traded["Credentials"]))
    assert delegate.s3.get_object(Bucket=data, Key="k")["Body"].read() == b"hello"
    assert delegate.sts.get_caller_identity()["Account"] == account.account
    key_id = delegate.credentials.access_key_id
    lines = server.cli("sessions", "list", "--account", account.account, "--json").stdout.splitlines()
    (listed,) = (line for line in map(json.loads, lines) if line["AccessKeyId"] == key_id)
    assert listed["Arn"] == account.sts.get_caller_identity()["Arn"]
    server.cli("sessions", "revoke", "--session", key_id)
    with pytest.raises(ClientError) as caught:
        delegate.s3.get_object(Bucket=data, Key="k")
    assert caught.value.response["Error"]["Code"] == "InvalidAccessKeyId"
