"""IAM Access Analyzer's policy checks with boto3 and the AWS CLI (IAM Access Analyzer API Reference)."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from clientkit import BIN, REGION, allow, clean_environment, make_user

if TYPE_CHECKING:
    from clientkit import Clients

TRUST = """{
    "Version": "2012-10-17",
    "Statement": [
        {
            "Sid": "",
            "Effect": "Allow",
            "Principal": {
                "Federated": "cognito-identity.amazonaws.com"
            },
            "Action": [
                "sts:AssumeRole",
                "sts:TagSession"
            ],
            "Condition": {
                "StringEquals": {
                    "cognito-identity.amazonaws.com:aud": "us-west-2_EXAMPLE"
                }
            }
        }
    ]
}
"""
SEVERAL = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Sid": "", "Effect": "Allow", "Action": ["s3:ListBuckets", "s3:Nope", "x:y"], "Resource": "b"}],
    }
)


def found(clients: Clients, policy: str, policy_type: str = "IDENTITY_POLICY", **more: Any) -> list[dict[str, Any]]:
    """All findings, through boto3's own paginator."""
    paginator = clients.client("accessanalyzer").get_paginator("validate_policy")
    pages = paginator.paginate(policyDocument=policy, policyType=policy_type, **more)
    return [finding for page in pages for finding in page["findings"]]


def refused(clients: Clients, **parameters: Any) -> tuple[int, str, str]:
    with pytest.raises(ClientError) as caught:
        clients.client("accessanalyzer").validate_policy(**parameters)
    error = caught.value.response
    return error["ResponseMetadata"]["HTTPStatusCode"], error["Error"]["Code"], error["Error"]["Message"]


def test_a_sound_policy_has_no_findings(admin: Clients) -> None:
    assert found(admin, allow("s3:GetObject", resource="arn:aws:s3:::reports/*")) == []


def test_a_finding_names_the_problem_and_points_at_it(admin: Clients) -> None:
    first, second, third = found(admin, TRUST, "RESOURCE_POLICY")
    assert [f["issueCode"] for f in (first, second, third)] == [
        "EMPTY_SID_VALUE",
        "MISMATCHED_ACTION_FOR_PRINCIPAL",
        "UNSUPPORTED_ACTION_FOR_CONDITION_KEY",
    ]
    assert first == {
        "findingDetails": "Add a value to the empty string in the Sid element.",
        "findingType": "SUGGESTION",
        "issueCode": "EMPTY_SID_VALUE",
        "learnMoreLink": "https://docs.aws.amazon.com/IAM/latest/UserGuide/access-analyzer-reference-policy-checks.html"
        "#access-analyzer-reference-policy-checks-suggestion-empty-sid-value",
        "locations": [
            {
                "path": [{"value": "Statement"}, {"index": 0}, {"value": "Sid"}],
                "span": {
                    "start": {"line": 5, "column": 19, "offset": 79},
                    "end": {"line": 5, "column": 21, "offset": 81},
                },
            }
        ],
    }


def test_findings_come_in_pages_whose_tokens_hold_for_their_policy_alone(admin: Clients) -> None:
    everything = found(admin, SEVERAL)
    assert [f["issueCode"] for f in everything] == [
        "EMPTY_SID_VALUE",
        "INVALID_ACTION",
        "INVALID_ACTION",
        "INVALID_SERVICE_IN_ACTION",
        "INVALID_ARN_PREFIX",
    ]
    assert found(admin, SEVERAL, PaginationConfig={"PageSize": 2}) == everything
    first = admin.client("accessanalyzer").validate_policy(
        policyDocument=SEVERAL, policyType="IDENTITY_POLICY", maxResults=2
    )
    foreign = {"policyDocument": TRUST, "policyType": "IDENTITY_POLICY", "nextToken": first["nextToken"]}
    assert refused(admin, **foreign) == (400, "ValidationException", "Invalid nextToken.")


def test_a_long_policy_is_checked_too_and_an_endless_one_refused(admin: Clients) -> None:
    resources = [f"arn:aws:s3:::bucket-{number}/*" for number in range(400)]
    (finding,) = found(admin, allow("s3:GetObject", resource=resources))
    assert finding["issueCode"] == "POLICY_SIZE_EXCEEDS_IDENTITY_POLICY_QUOTA"
    patterns = [f"s3:*{number}" for number in range(1_001)]
    assert refused(admin, policyDocument=allow(*patterns), policyType="IDENTITY_POLICY") == (
        400,
        "ValidationException",
        "The policy has more than 1000 actions with wildcards.",
    )


def test_the_type_of_the_policy_and_its_resource_decide_what_is_wrong(admin: Clients) -> None:
    policy = allow("kms:Decrypt", Principal="*")
    assert [f["issueCode"] for f in found(admin, policy)] == ["UNSUPPORTED_PRINCIPAL"]
    assert [f["issueCode"] for f in found(admin, policy, "SERVICE_CONTROL_POLICY")] == ["SCP_SYNTAX_ERROR_PRINCIPAL"]
    bucket = found(admin, policy, "RESOURCE_POLICY", validatePolicyResourceType="AWS::S3::Bucket")
    assert [f["findingDetails"] for f in bucket] == [
        "The action kms:Decrypt is not supported for the resource-based policy attached to resource type S3 Bucket.",
        "The resource ARN is not supported for the resource-based policy attached to resource type S3 Bucket.",
    ]


def test_parameters_that_do_not_go_together_are_refused(admin: Clients) -> None:
    policy = {"policyDocument": "{}", "policyType": "IDENTITY_POLICY"}
    assert refused(admin, **policy, validatePolicyResourceType="AWS::S3::Bucket") == (
        400,
        "ValidationException",
        "InvalidInput",
    )
    assert refused(admin, **policy, maxResults=0)[:2] == (400, "ValidationException")
    assert refused(admin, **policy, locale="DE")[:2] == (400, "ValidationException")
    status, code, text = refused(admin, policyDocument="x" * 131_073, policyType="IDENTITY_POLICY")
    assert (status, code) == (400, "ValidationException")
    assert text.startswith("1 validation error detected: Value 'xxx")


def test_the_permission_is_asked_for_and_the_call_is_recorded(account: Clients, unique: str) -> None:
    person = make_user(account, unique)
    action = "access-analyzer:ValidatePolicy"
    resource = f"arn:aws:access-analyzer:{REGION}:{account.account}:*"
    reason = f"because no identity-based policy allows the {action} action"
    text = f"User: {person.arn} is not authorized to perform: {action} on resource: {resource} {reason}"
    parameters = {"policyDocument": "{}", "policyType": "IDENTITY_POLICY"}
    assert refused(person.clients, **parameters) == (403, "AccessDeniedException", text)
    account.iam.put_user_policy(UserName=unique, PolicyName="p", PolicyDocument=allow(action))
    assert found(person.clients, "{}")
    events = account.cloudtrail.lookup_events(
        LookupAttributes=[{"AttributeKey": "EventSource", "AttributeValue": "access-analyzer.amazonaws.com"}]
    )["Events"]
    records = [json.loads(event["CloudTrailEvent"]) for event in events]
    assert [(record["eventName"], record.get("errorCode"), record["readOnly"]) for record in records] == [
        ("ValidatePolicy", None, True),
        ("ValidatePolicy", "AccessDeniedException", True),
    ]
    assert records[0]["requestParameters"] == {"policyDocument": "{}", "policyType": "IDENTITY_POLICY"}


def test_the_three_checks_give_verdicts(admin: Clients) -> None:
    client = admin.client("accessanalyzer")
    wide, narrow = allow("s3:*"), allow("s3:GetObject", resource="arn:aws:s3:::reports/*")
    identity = {"policyType": "IDENTITY_POLICY"}
    assert (
        client.check_no_new_access(newPolicyDocument=narrow, existingPolicyDocument=wide, **identity)["result"]
        == "PASS"
    )
    grown = client.check_no_new_access(newPolicyDocument=wide, existingPolicyDocument=narrow, **identity)
    assert (grown["result"], grown["reasons"][0]["statementIndex"]) == ("FAIL", 0)
    access = [{"actions": ["s3:DeleteObject"], "resources": ["arn:aws:s3:::reports/*"]}]
    assert client.check_access_not_granted(policyDocument=narrow, access=access, **identity)["result"] == "PASS"
    assert client.check_access_not_granted(policyDocument=wide, access=access, **identity)["result"] == "FAIL"
    public = allow("s3:GetObject", resource="arn:aws:s3:::reports/*", Principal="*")
    assert client.check_no_public_access(policyDocument=public, resourceType="AWS::S3::Bucket")["result"] == "FAIL"
    with pytest.raises(client.exceptions.UnprocessableEntityException, match="Missing required field Principal"):
        client.check_no_public_access(policyDocument=narrow, resourceType="AWS::S3::Bucket")


def test_an_operation_that_is_not_offered_says_so(admin: Clients) -> None:
    with pytest.raises(ClientError, match="ListAnalyzers is not implemented by this server"):
        admin.client("accessanalyzer").list_analyzers()


@pytest.mark.parametrize("program", [BIN / "aws", Path("/usr/bin/aws")], ids=["v1", "v2"])
def test_the_aws_cli_validates_a_file(admin: Clients, tmp_path: Path, program: Path) -> None:
    if not program.exists():
        pytest.skip(f"{program} is not installed")
    policy = tmp_path / "policy.json"
    policy.write_text(TRUST)
    environment = clean_environment() | admin.credentials.environment() | {"HOME": str(tmp_path)}
    command = [program, "--endpoint-url", admin.url, "--region", REGION, "accessanalyzer", "validate-policy"]
    run = subprocess.run(
        [*command, "--policy-type", "RESOURCE_POLICY", "--policy-document", f"file://{policy}",
         "--query", "findings[].issueCode", "--output", "json"],
        capture_output=True, text=True, timeout=60, check=False, env=environment,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    assert json.loads(run.stdout) == [
        "EMPTY_SID_VALUE",
        "MISMATCHED_ACTION_FOR_PRINCIPAL",
        "UNSUPPORTED_ACTION_FOR_CONDITION_KEY",
    ]


def test_the_aws_cli_asks_whether_access_is_granted(admin: Clients, tmp_path: Path) -> None:
    """With the shorthand of the AWS CLI's own example."""
    environment = clean_environment() | admin.credentials.environment() | {"HOME": str(tmp_path)}
    command = [
        BIN / "aws",
        "--endpoint-url",
        admin.url,
        "--region",
        REGION,
        "accessanalyzer",
        "check-access-not-granted",
    ]
    run = subprocess.run(
        [*command, "--policy-type", "IDENTITY_POLICY", "--policy-document", allow("s3:GetObject", "s3:ListBucket"),
         "--access", "actions=s3:DeleteBucket,s3:GetBucketLocation", "--output", "json"],
        capture_output=True, text=True, timeout=60, check=False, env=environment,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    assert json.loads(run.stdout)["result"] == "PASS"
