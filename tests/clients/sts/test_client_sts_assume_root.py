"""AssumeRoot over a real server and the AWS CLI: an organization from the command line, a locked bucket unlocked."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING

from clientkit import BIN, Clients, Credentials, clean_environment

if TYPE_CHECKING:
    from collections.abc import Callable

    from clientkit import Server

TASK = "arn:aws:iam::aws:policy/root-task/S3UnlockBucketPolicy"


def test_the_management_account_unlocks_a_members_bucket(start_server: Callable[..., Server]) -> None:
    server = start_server("--workers", "2")
    admin = Clients(server.url, server.credentials())
    made = json.loads(server.cli("account", "create", "member", "--json").stdout)
    member = Clients(server.url, Credentials(made["AccessKeyId"], made["SecretAccessKey"]))
    organization = json.loads(server.cli("organization", "create", admin.account, "--json").stdout)
    assert organization["OrganizationId"].startswith("o-")
    joined = json.loads(server.cli("organization", "add-account", member.account, "--json").stdout)
    assert joined["MemberAccountIds"] == [member.account]
    twice = server.cli("organization", "add-account", member.account, check=False)
    assert (twice.returncode, twice.stderr) == (2, f"daypass: account {member.account} is in an organization already\n")
    assert admin.iam.enable_organizations_root_sessions()["EnabledFeatures"] == ["RootSessions"]
    member.s3.create_bucket(Bucket="locked")
    lock = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "arn:aws:s3:::locked"}
    member.s3.put_bucket_policy(Bucket="locked", Policy=json.dumps({"Version": "2012-10-17", "Statement": lock}))
    cli = subprocess.run(
        [BIN / "aws", "sts", "assume-root", "--target-principal", member.account, "--task-policy-arn", f"arn={TASK}",
         "--query", "Credentials", "--output", "json"],
        capture_output=True, text=True, check=True, timeout=60,
        env=clean_environment() | admin.credentials.environment()
        | {"AWS_ENDPOINT_URL": server.url, "AWS_DEFAULT_REGION": "eu-west-1"},
    )  # fmt: skip
    root = admin.with_credentials(Credentials.of(json.loads(cli.stdout)))
    assert root.sts.get_caller_identity()["Arn"] == f"arn:aws:iam::{member.account}:root"
    root.s3.delete_bucket_policy(Bucket="locked")
    member.s3.list_objects_v2(Bucket="locked")
    trail = server.cli("sessions", "list", "--account", member.account, "--json").stdout.splitlines()
    assert any(json.loads(line)["Arn"] == f"arn:aws:iam::{member.account}:root" for line in trail)
    server.cli("organization", "delegate", member.account)
    assert member.iam.list_organizations_features()["OrganizationId"] == organization["OrganizationId"]
    left = json.loads(server.cli("organization", "remove-account", member.account, "--json").stdout)
    assert (left["MemberAccountIds"], left["DelegatedAdministrators"]) == ([], [])
    assert server.cli("organization", "list").stdout.startswith(f"OrganizationId: {organization['OrganizationId']}")
