"""CheckNoNewAccess, CheckAccessNotGranted and CheckNoPublicAccess as calls: who may, what is read, what is refused.

What the verdicts are worth is tested with the comparisons themselves.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from worldkit import ACCOUNT, allow, long_term, make_host, refusal, trusting

READ = allow("s3:GetObject")
WRITE = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"},
            {"Sid": "More", "Effect": "Allow", "Action": "s3:PutObject", "Resource": "*"},
        ],
    }
)
IDENTITY, RESOURCE = {"policyType": "IDENTITY_POLICY"}, {"policyType": "RESOURCE_POLICY"}
TRUST = trusting(f"arn:aws:iam::{ACCOUNT}:root")
BUCKET = json.dumps(
    {
        "Statement": {
            "Sid": "Names of any characters",
            "Effect": "Allow",
            "Principal": "*",
            "Action": "s3:GetObject",
            "Resource": "arn:aws:s3:::b/*",
        }
    }
)
QUEUE = BUCKET.replace("Names of any characters", "Q").replace("s3:GetObject", "sqs:*").replace("s3:::b/*", "sqs:::q")
UNREADABLE = (422, "UnprocessableEntityException")
INVALID = (400, "InvalidParameterException")


@pytest.fixture(scope="module")
def client() -> Any:
    return make_host().admin("accessanalyzer")


def without_metadata(answer: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in answer.items() if name != "ResponseMetadata"}


def test_new_access_is_told_with_the_statement_that_grants_it(client: Any) -> None:
    fails = client.check_no_new_access(newPolicyDocument=WRITE, existingPolicyDocument=READ, **IDENTITY)
    assert without_metadata(fails) == {
        "result": "FAIL",
        "message": "The modified permissions grant new access compared to your existing policy.",
        "reasons": [
            {"description": "New access in the statement with sid: More.", "statementIndex": 1, "statementId": "More"}
        ],
    }
    passes = client.check_no_new_access(newPolicyDocument=READ, existingPolicyDocument=WRITE, **IDENTITY)
    assert (passes["result"], passes["reasons"]) == ("PASS", [])


def test_a_statement_without_a_sid_is_told_by_its_place(client: Any) -> None:
    access = [{"actions": ["s3:GetObject"], "resources": ["arn:aws:s3:::b/*"]}]
    answer = client.check_access_not_granted(policyDocument=READ, access=access, **IDENTITY)
    assert answer["result"] == "FAIL"
    text = "One or more of the listed actions or resources in the statement with index: 0."
    assert answer["reasons"] == [{"description": text, "statementIndex": 0}]
    other = client.check_access_not_granted(policyDocument=READ, access=[{"actions": ["s3:PutObject"]}], **IDENTITY)
    assert other["result"] == "PASS"


@pytest.mark.parametrize(
    ("resource_type", "document", "result"),
    [
        ("AWS::S3::Bucket", BUCKET, "FAIL"),
        ("AWS::SQS::Queue", QUEUE, "FAIL"),
        ("AWS::S3::Bucket", QUEUE, "PASS"),
        ("AWS::IAM::AssumeRolePolicyDocument", TRUST, "PASS"),
        ("AWS::IAM::AssumeRolePolicyDocument", TRUST.replace(f"arn:aws:iam::{ACCOUNT}:root", "*"), "FAIL"),
    ],
)
def test_public_access_is_that_of_the_resource_type(
    client: Any, resource_type: str, document: str, result: str
) -> None:
    answer = client.check_no_public_access(policyDocument=document, resourceType=resource_type)
    assert answer["result"] == result


def test_a_resource_policy_may_be_a_buckets_a_queues_or_a_roles(client: Any) -> None:
    for document in (BUCKET, QUEUE, TRUST):
        same = client.check_no_new_access(newPolicyDocument=document, existingPolicyDocument=document, **RESOURCE)
        assert same["result"] == "PASS"
    both = client.check_no_new_access(newPolicyDocument=BUCKET, existingPolicyDocument=QUEUE, **RESOURCE)
    assert both["result"] == "FAIL"


def test_an_identity_policy_of_the_old_version_is_read(client: Any) -> None:
    old = READ.replace("2012-10-17", "2008-10-17")
    assert (
        client.check_no_new_access(newPolicyDocument=old, existingPolicyDocument=READ, **IDENTITY)["result"] == "PASS"
    )


@pytest.mark.parametrize(
    ("document", "kind", "told"),
    [
        ("", IDENTITY, "The policy is not in the valid JSON format. (line 1, column 1)"),
        ("[]", RESOURCE, "could not be processed: "),
        (BUCKET, IDENTITY, "Policy document should not specify a principal."),
        (READ, RESOURCE, "Missing required field Principal (line 1, column "),
        (
            TRUST.replace("sts:AssumeRole", "s3:GetObject"),
            RESOURCE,
            "AssumeRole policy may only specify STS AssumeRole actions. (line 1, ",
        ),
    ],
)
def test_a_document_that_is_no_policy_of_its_kind_is_not_judged(
    client: Any, document: str, kind: dict[str, str], told: str
) -> None:
    sound = READ if kind is IDENTITY else BUCKET
    status, code, text = refusal(
        client.check_no_new_access, newPolicyDocument=sound, existingPolicyDocument=document, **kind
    )
    assert (status, code) == UNREADABLE
    assert text.startswith("The existingPolicyDocument could not be processed: ")
    assert told in text
    asked = {"policyDocument": document, "access": [{"actions": ["s3:GetObject"]}], **kind}
    assert refusal(client.check_access_not_granted, **asked)[:2] == UNREADABLE


@pytest.mark.parametrize(
    ("access", "told"),
    [
        ([], "The access must name an action or a resource."),
        ([{}], "The access must name an action or a resource."),
        ([{"actions": [], "resources": []}], "The access must name an action or a resource."),
        ([{"actions": ["GetObject"]}], "The access is not valid: "),
        ([{"resources": ["bucket"]}], "The access is not valid: "),
        ([{"resources": ["arn:aws:s3:*::b/c"]}], "The resource arn:aws:s3:*::b/c has a wildcard outside of the resource ID."),
    ],
)  # fmt: skip
def test_access_that_no_policy_could_name_is_refused(client: Any, access: Any, told: str) -> None:
    status, code, text = refusal(client.check_access_not_granted, policyDocument=READ, access=access, **IDENTITY)
    assert (status, code) == INVALID
    assert text.startswith(told)


def test_more_than_the_model_allows_is_a_validation_error(client: Any) -> None:
    asked = {"policyDocument": READ, **IDENTITY}
    for access in ([{"actions": ["s3:*"]}] * 2, [{"actions": ["s3:*"] * 101}]):
        assert refusal(client.check_access_not_granted, **asked, access=access)[:2] == (400, "ValidationException")
    unknown = {"policyDocument": BUCKET, "resourceType": "AWS::S3::Nothing"}
    assert refusal(client.check_no_public_access, **unknown)[:2] == (400, "ValidationException")


def test_what_would_take_too_long_to_prove_is_not_proven(client: Any) -> None:
    """Thirty thousand characters that make hundreds of thousands of pairs, each of which must be looked at."""

    def many(effect: str, letter: str) -> dict[str, Any]:
        actions = [f"s3:*{number}{letter}*" for number in range(60)]
        return {"Effect": effect, "Action": actions, "Resource": [f"arn:aws:s3:::*{n}{letter}*" for n in range(60)]}

    statements = [many("Allow", "a") for _ in range(6)] + [many("Deny", "c") for _ in range(6)]
    document = json.dumps({"Version": "2012-10-17", "Statement": statements})
    access = [{"actions": [f"s3:{number}e" for number in range(100)]}]
    answer = client.check_access_not_granted(policyDocument=document, access=access, **IDENTITY)
    assert answer["result"] == "FAIL"


@pytest.mark.parametrize("operation", ["CheckNoNewAccess", "CheckAccessNotGranted", "CheckNoPublicAccess"])
def test_each_check_wants_its_own_permission_and_is_recorded_as_reading(operation: str) -> None:
    host = make_host()
    asked: dict[str, dict[str, Any]] = {
        "CheckNoNewAccess": {"newPolicyDocument": READ, "existingPolicyDocument": READ, **IDENTITY},
        "CheckAccessNotGranted": {"policyDocument": READ, "access": [{"actions": ["s3:PutObject"]}], **IDENTITY},
        "CheckNoPublicAccess": {"policyDocument": QUEUE, "resourceType": "AWS::S3::Bucket"},
    }
    method = {"CheckNoNewAccess": "check_no_new_access", "CheckAccessNotGranted": "check_access_not_granted"}
    name = method.get(operation, "check_no_public_access")
    others = allow(*(f"access-analyzer:{other}" for other in asked if other != operation))
    for policy, outcome in ((others, "AccessDeniedException"), (allow(f"access-analyzer:{operation}"), None)):
        role = host.role(f"r{len(host.journal.records)}", trusting(f"arn:aws:iam::{ACCOUNT}:root"), policy)
        session = host.client("accessanalyzer", host.assume(long_term(host.accounts[ACCOUNT].admin), role))
        if outcome is None:
            assert getattr(session, name)(**asked[operation])["result"] == "PASS"
        else:
            status, code, text = refusal(getattr(session, name), **asked[operation])
            assert (status, code) == (403, outcome)
            assert f"is not authorized to perform: access-analyzer:{operation} on resource: " in text
        record = host.journal.records[-1]
        assert (record["eventName"], record["readOnly"], record.get("errorCode")) == (operation, True, outcome)
        assert record["eventSource"] == "access-analyzer.amazonaws.com"
        assert READ not in json.dumps(record["requestParameters"])
