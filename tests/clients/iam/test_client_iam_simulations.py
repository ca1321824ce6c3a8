"""IAM's policy simulators through boto3, its paginators and both versions of the AWS CLI (IAM API Reference)."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from clientkit import BIN, REGION, allow, clean_environment, make_user, trusting
from iamkit import refused

if TYPE_CHECKING:
    from clientkit import Clients

LATER_THAN_2018 = {"DateGreaterThan": {"aws:CurrentTime": "2018-08-16T12:00:00Z"}}
DATED = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": {"Effect": "Allow", "Action": "dynamodb:*", "Resource": "*", "Condition": LATER_THAN_2018},
    },
    separators=(",", ":"),
)
"""The policy of the AWS CLI Command Reference, simulate-custom-policy, examples 1 and 2."""


def test_a_simulation_says_what_the_server_does(account: Clients, unique: str) -> None:
    """One user, and the same calls made and simulated: allowed, refused, refused explicitly, refused by a boundary."""
    bob = make_user(account, unique, allow("iam:*"))
    account.iam.put_user_policy(
        UserName=unique, PolicyName="deny", PolicyDocument=allow("iam:ListRoles").replace("Allow", "Deny")
    )
    boundary = account.iam.create_policy(PolicyName="wall", PolicyDocument=allow("iam:List*", "sts:*"))["Policy"]["Arn"]
    account.iam.put_user_permissions_boundary(UserName=unique, PermissionsBoundary=boundary)
    made = {
        "iam:ListUsers": bob.clients.iam.list_users,
        "iam:ListRoles": bob.clients.iam.list_roles,
        "iam:GetAccountSummary": bob.clients.iam.get_account_summary,
        "sts:GetAccessKeyInfo": lambda: bob.clients.sts.get_access_key_info(AccessKeyId="AKIAIOSFODNN7EXAMPLE"),
    }
    results = account.iam.simulate_principal_policy(PolicySourceArn=bob.arn, ActionNames=list(made))
    decisions = {one["EvalActionName"]: one["EvalDecision"] for one in results["EvaluationResults"]}
    assert decisions == {
        "iam:ListUsers": "allowed",
        "iam:ListRoles": "explicitDeny",
        "iam:GetAccountSummary": "implicitDeny",
        "sts:GetAccessKeyInfo": "implicitDeny",
    }
    for action, call in made.items():
        try:
            call()
        except ClientError as error:
            text = error.response["Error"]["Message"]
            assert decisions[action] == ("explicitDeny" if "explicit deny" in text else "implicitDeny")
        else:
            assert decisions[action] == "allowed"
    limits = [one["PermissionsBoundaryDecisionDetail"] for one in results["EvaluationResults"]]
    assert [limit["AllowedByPermissionsBoundary"] for limit in limits] == [True, True, False, True]


def test_every_member_comes_over_the_wire(account: Clients, unique: str) -> None:
    """Across accounts, with everything given that a custom simulation takes."""
    me, other = account.account, "999988887777"
    arn = "arn:aws:s3:::reports/q3"
    caller = f"arn:aws:iam::{me}:user/{unique}"
    bucket_policy = {"Effect": "Allow", "Principal": {"AWS": caller}, "Action": "s3:GetObject", "Resource": arn}
    (result,) = account.iam.simulate_custom_policy(
        PolicyInputList=[allow("s3:*", Condition={"Bool": {"aws:SecureTransport": "true"}})],
        PermissionsBoundaryPolicyInputList=[allow("*")],
        OrderedOrganizationPolicyInputList=[{"ServiceControlPolicyInputList": [allow("*")]}],
        ActionNames=["s3:GetObject"],
        ResourceArns=[arn],
        ResourcePolicy=json.dumps({"Version": "2012-10-17", "Statement": bucket_policy}),
        ResourceOwner=f"arn:aws:iam::{other}:root",
        CallerArn=caller,
        ContextEntries=[
            {"ContextKeyName": "aws:SecureTransport", "ContextKeyType": "boolean", "ContextKeyValues": ["true"]}
        ],
    )["EvaluationResults"]
    details = {"Permissions Boundary Policy": "allowed", "Resource Policy": "allowed", "IAM Policy": "allowed"}
    assert (result["EvalDecision"], result["EvalResourceName"]) == ("allowed", arn)
    assert result["EvalDecisionDetails"] == details
    assert result["OrganizationsDecisionDetail"] == {"AllowedByOrganizations": True}
    assert result["PermissionsBoundaryDecisionDetail"] == {"AllowedByPermissionsBoundary": True}
    assert [one["SourcePolicyId"] for one in result["MatchedStatements"]] == ["ResourcePolicy", "PolicyInputList.1"]
    (specific,) = result["ResourceSpecificResults"]
    assert specific["EvalDecisionDetails"] == details
    assert specific["EvalResourceDecision"] == "allowed"


def test_policies_may_be_thought_away(account: Clients, unique: str) -> None:
    """Recorded: names of holders take wildcards, which the service model's pattern has no room for."""
    bob = make_user(account, unique)
    account.iam.put_user_policy(UserName=unique, PolicyName="own", PolicyDocument=allow("s3:GetObject"))
    call = {"PolicySourceArn": bob.arn, "ActionNames": ["s3:GetObject"]}
    inline = {"PolicyName": "own", "AttachmentType": "user", "AttachmentName": f"{unique[:4]}*"}
    for exclusion, decision in (
        ({"PolicyType": "inline"}, "implicitDeny"),
        ({"InlinePolicyIdentifier": inline}, "implicitDeny"),
        ({"PolicyType": "user-managed"}, "allowed"),
    ):
        (result,) = account.iam.simulate_principal_policy(**call, PolicyExclusionList=[exclusion])["EvaluationResults"]
        assert result["EvalDecision"] == decision, exclusion
    with refused("ValidationError"):
        exclusion = {"InlinePolicyIdentifier": inline | {"PolicyName": "*"}}
        account.iam.simulate_principal_policy(**call, PolicyExclusionList=[exclusion])


@pytest.mark.parametrize("operation", ["simulate_custom_policy", "simulate_principal_policy"])
def test_paginators_walk_all_actions(account: Clients, unique: str, operation: str) -> None:
    role = account.iam.create_role(
        RoleName=unique, AssumeRolePolicyDocument=trusting({"Service": "ec2.amazonaws.com"})
    )["Role"]["Arn"]
    actions = [f"ec2:Describe{number}" for number in range(7)]
    given: dict[str, Any] = {"PolicyInputList": [allow("ec2:*")], "ActionNames": actions}
    if operation == "simulate_principal_policy":
        given["PolicySourceArn"] = role
    pages = list(account.iam.get_paginator(operation).paginate(**given, PaginationConfig={"PageSize": 3}))
    assert [len(page["EvaluationResults"]) for page in pages] == [3, 3, 1]
    found = [result for page in pages for result in page["EvaluationResults"]]
    assert [(result["EvalActionName"], result["EvalDecision"]) for result in found] == [(a, "allowed") for a in actions]


def test_keys_that_policies_need_are_listed(account: Clients, unique: str) -> None:
    keyed = allow(
        "s3:*", resource="arn:aws:s3:::${aws:username}/*", Condition={"Bool": {"aws:SecureTransport": "true"}}
    )
    names = ["aws:username", "aws:SecureTransport"]
    assert account.iam.get_context_keys_for_custom_policy(PolicyInputList=[keyed])["ContextKeyNames"] == names
    bob = make_user(account, unique, keyed)
    answer = account.iam.get_context_keys_for_principal_policy(PolicySourceArn=bob.arn, PolicyInputList=[DATED])
    assert answer["ContextKeyNames"] == [*names, "aws:CurrentTime"]


def test_permissions_are_asked_for_on_the_entity(account: Clients, unique: str) -> None:
    """Service Authorization Reference: users, groups and roles; none for simulations of texts."""
    bob = make_user(account, unique)
    role = account.iam.create_role(
        RoleName=unique, AssumeRolePolicyDocument=trusting({"Service": "ec2.amazonaws.com"})
    )["Role"]["Arn"]
    reason = "because no identity-based policy allows the iam:SimulatePrincipalPolicy action"
    call = {"PolicySourceArn": role, "ActionNames": ["s3:GetObject"]}
    text = f"is not authorized to perform: iam:SimulatePrincipalPolicy on resource: {role} {reason}"
    with refused("AccessDenied", text, status=403):
        bob.clients.iam.simulate_principal_policy(**call)
    account.iam.put_user_policy(
        UserName=unique, PolicyName="p", PolicyDocument=allow("iam:Simulate*", resource=f"arn:aws:iam::*:role/{unique}")
    )
    assert bob.clients.iam.simulate_principal_policy(**call)["EvaluationResults"]
    with refused("AccessDenied"):
        bob.clients.iam.simulate_custom_policy(PolicyInputList=[], ActionNames=["s3:GetObject"])
    with refused("NoSuchEntity", "Unable to retrieve specified IAM entity.", status=404):
        account.iam.simulate_principal_policy(**call | {"PolicySourceArn": f"{role}2"})


@pytest.mark.parametrize("program", [BIN / "aws", Path("/usr/bin/aws")], ids=["v1", "v2"])
def test_the_aws_cli_walks_awss_own_examples(admin: Clients, tmp_path: Path, program: Path) -> None:
    """AWS CLI Command Reference, simulate-custom-policy, examples 1 and 2: their output, to the last column."""
    if not program.exists():
        pytest.skip(f"{program} is not installed")
    environment = clean_environment() | admin.credentials.environment() | {"HOME": str(tmp_path)}
    command = [program, "--endpoint-url", admin.url, "--region", REGION, "iam", "simulate-custom-policy"]

    def simulated(time: str) -> Any:
        entry = f"ContextKeyName=aws:CurrentTime,ContextKeyValues={time},ContextKeyType=date"
        run = subprocess.run(
            [*command, "--policy-input-list", DATED, "--action-names", "dynamodb:CreateBackup",
             "--context-entries", entry, "--output", "json"],
            capture_output=True, text=True, timeout=60, check=False, env=environment,
        )  # fmt: skip
        assert run.returncode == 0, run.stderr
        return json.loads(run.stdout)["EvaluationResults"]

    example = {"EvalActionName": "dynamodb:CreateBackup", "EvalResourceName": "*", "MissingContextValues": []}
    statement = {
        "SourcePolicyId": "PolicyInputList.1",
        "SourcePolicyType": "IAM Policy",
        "StartPosition": {"Line": 1, "Column": 38},
        "EndPosition": {"Line": 1, "Column": 167},
    }
    assert simulated("2019-04-25T11:00:00Z") == [
        example | {"EvalDecision": "allowed", "MatchedStatements": [statement]}
    ]
    assert simulated("2014-04-25T11:00:00Z") == [example | {"EvalDecision": "implicitDeny", "MatchedStatements": []}]
