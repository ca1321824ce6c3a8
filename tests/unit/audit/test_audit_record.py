"""Records of calls (CloudTrail User Guide, "CloudTrail record contents"; sample records of the IAM and S3 User Guides)."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from audit_calls import (
    ACCOUNT,
    NOW,
    OTHER,
    SERVICES,
    call,
    record_of,
    recorder,
    records_of,
    request,
    role_session,
    user,
)

from daypass.access.facts import RequestFacts
from daypass.audit.operations import category, is_read_only
from daypass.errors import ApiError

DENIED = ApiError("AccessDenied", "User: x is not authorized to perform: iam:CreateUser on resource: y")
EXPIRES = datetime(2026, 11, 24, 16, 7, 39, tzinfo=UTC)


def test_an_assumed_role_is_recorded_as_in_the_iam_user_guide() -> None:
    """IAM User Guide, "Logging IAM and AWS STS API calls with AWS CloudTrail": role chaining with tags."""
    role = "arn:aws:iam::111122223333:role/JohnRole2"
    made = call(
        "sts",
        "AssumeRole",
        {
            "Tags": [{"Key": "Email", "Value": "johndoe@example.com"}, {"Key": "CostCenter", "Value": "12345"}],
            "RoleArn": role,
            "RoleSessionName": "Role2WithTags",
            "SourceIdentity": "JohnDoe",
            "TransitiveTagKeys": ["Email", "CostCenter"],
            "DurationSeconds": 3600,
        },
        role_session(source_identity="JohnDoe"),
        facts=RequestFacts(NOW, "192.0.2.101", secure=True, region="us-east-2", user_agent="aws-cli/2.36.28"),
        notes={"incomingTransitiveTags": {"Department": "Engineering"}},
    )
    output = {
        "Credentials": {
            "AccessKeyId": "ASIAWHOJDLGPOEXAMPLE",
            "SecretAccessKey": "canary-that-must-never-be-recorded",
            "SessionToken": "canary-that-must-never-be-recorded",
            "Expiration": EXPIRES,
        },
        "AssumedRoleUser": {"AssumedRoleId": "AROAIFR7:Role2WithTags", "Arn": "arn:aws:sts::111122223333:x"},
        "SourceIdentity": "JohnDoe",
    }
    record = record_of(made, output)
    event_id = record.pop("eventID")
    assert uuid.UUID(event_id).version == 7
    assert list(record.items()) == [
        ("eventVersion", "1.11"),
        ("userIdentity", record["userIdentity"]),
        ("eventTime", "2026-11-24T15:07:39Z"),
        ("eventSource", "sts.amazonaws.com"),
        ("eventName", "AssumeRole"),
        ("awsRegion", "us-east-2"),
        ("sourceIPAddress", "192.0.2.101"),
        ("userAgent", "aws-cli/2.36.28"),
        (
            "requestParameters",
            {
                "tags": [
                    {"key": "Email", "value": "johndoe@example.com"},
                    {"key": "CostCenter", "value": "12345"},
                ],
                "roleArn": role,
                "roleSessionName": "Role2WithTags",
                "sourceIdentity": "JohnDoe",
                "transitiveTagKeys": ["Email", "CostCenter"],
                "durationSeconds": 3600,
                "incomingTransitiveTags": {"Department": "Engineering"},
            },
        ),
        (
            "responseElements",
            {
                "credentials": {
                    "accessKeyId": "ASIAWHOJDLGPOEXAMPLE",
                    "expiration": "Nov 24, 2026, 4:07:39 PM",
                },
                "assumedRoleUser": {"assumedRoleId": "AROAIFR7:Role2WithTags", "arn": "arn:aws:sts::111122223333:x"},
                "sourceIdentity": "JohnDoe",
            },
        ),
        ("requestID", "req-1"),
        ("readOnly", True),
        ("resources", [{"accountId": ACCOUNT, "type": "AWS::IAM::Role", "ARN": role}]),
        ("eventType", "AwsApiCall"),
        ("managementEvent", True),
        ("recipientAccountId", ACCOUNT),
        ("eventCategory", "Management"),
        ("tlsDetails", {"clientProvidedHostHeader": "localhost:4100"}),
    ]


def test_a_created_access_key_is_recorded_as_in_the_iam_user_guide() -> None:
    made = call("iam", "CreateAccessKey", {"UserName": "alice"})
    key = {"UserName": "alice", "AccessKeyId": "AKIAALICE", "Status": "Active", "CreateDate": EXPIRES}
    record = record_of(made, {"AccessKey": {**key, "SecretAccessKey": "canary-that-must-never-be-recorded"}})
    assert record["requestParameters"] == {"userName": "alice"}
    assert record["responseElements"] == {
        "accessKey": {
            "userName": "alice",
            "accessKeyId": "AKIAALICE",
            "status": "Active",
            "createDate": "Nov 24, 2026 4:07:39 PM",
        }
    }
    assert record["readOnly"] is False
    assert "resources" not in record
    assert "tlsDetails" not in record


def test_iam_is_recorded_in_us_east_1_wherever_it_was_called() -> None:
    facts = RequestFacts(NOW, "192.0.2.1", secure=False, region="eu-central-1")
    assert record_of(call("iam", "ListUsers", {}, facts=facts))["awsRegion"] == "us-east-1"
    assert record_of(call("sts", "GetCallerIdentity", {}, facts=facts))["awsRegion"] == "eu-central-1"


def test_reading_calls_record_no_answer() -> None:
    assert (
        record_of(call("iam", "GetUser", {"UserName": "alice"}), {"User": {"UserName": "alice"}})["responseElements"]
        is None
    )
    identity = record_of(call("sts", "GetCallerIdentity", {}), {"Account": ACCOUNT})
    assert identity["requestParameters"] is None
    assert identity["responseElements"] is None


def test_a_denied_call_is_recorded_with_its_text_and_without_parameters() -> None:
    record = record_of(call("iam", "CreateUser", {"UserName": "bob"}), error=DENIED, status=403)
    assert record["errorCode"] == "AccessDenied"
    assert record["errorMessage"] == DENIED.message
    assert record["requestParameters"] is None
    assert record["responseElements"] is None


def test_a_denied_call_across_accounts_is_recorded_for_the_caller_alone() -> None:
    role = {"RoleArn": "arn:aws:iam::111122223333:role/dev", "RoleSessionName": "x"}
    record = record_of(call("sts", "AssumeRole", role, user(OTHER)), error=DENIED, status=403)
    assert record["recipientAccountId"] == OTHER
    assert "sharedEventID" not in record


@pytest.mark.parametrize(
    ("service", "operation", "code", "expected"),
    [
        ("iam", "GetUser", "NoSuchEntity", "NoSuchEntityException"),
        ("iam", "CreateUser", "EntityAlreadyExists", "EntityAlreadyExistsException"),
        ("iam", "CreateUser", "ValidationError", "ValidationError"),
        ("sts", "AssumeRole", "MalformedPolicyDocument", "MalformedPolicyDocument"),
        ("cloudtrail", "LookupEvents", "AccessDenied", "AccessDeniedException"),
        ("sts", "AssumeRole", "NoCodeOfAnyTable", "NoCodeOfAnyTable"),
    ],
)
def test_errors_have_the_code_that_cloudtrail_gives_them(
    service: str, operation: str, code: str, expected: str
) -> None:
    record = record_of(
        call(service, operation, {}), error=ApiError(code, "text", reason="for the operator"), status=400
    )
    assert record["errorCode"] == expected
    assert "for the operator" not in str(record)


def test_a_text_that_the_error_table_supplies_is_recorded() -> None:
    record = record_of(call("s3", "GetObject", {"Bucket": "b", "Key": "k"}), error=ApiError("AccessDenied", None))
    assert record["errorMessage"] == "Access Denied"
    assert record["requestParameters"] == {"bucketName": "b", "key": "k", "Host": "localhost:4100"}


def test_a_refusal_outside_the_models_is_recorded_by_its_status() -> None:
    assert record_of(call("sts", "GetCallerIdentity", {}), status=413)["errorCode"] == "413"


def test_a_request_for_no_known_operation_is_recorded() -> None:
    (recorded,) = recorder().of(
        service="sts",
        operation=None,
        request_id="r",
        request=request(),
        facts=RequestFacts(NOW, "192.0.2.1", secure=False, region="us-east-1"),
        status=400,
        error=ApiError("InvalidAction", "Could not find operation X"),
    )
    record = msgspec.json.decode(recorded.line)
    assert record["eventName"] == "UnknownOperation"
    assert record["errorCode"] == "InvalidAction"
    assert record["recipientAccountId"] == ""


def test_an_object_request_is_a_data_event_under_the_names_of_its_wire() -> None:
    parameters = {
        "Bucket": "b",
        "Key": "a/b.txt",
        "Body": b"canary-that-must-never-be-recorded",
        "Metadata": {"secret": "canary-that-must-never-be-recorded"},
        "SSECustomerKey": "canary-that-must-never-be-recorded",
        "StorageClass": "STANDARD",
        "ContentLength": 12,
    }
    record = record_of(
        call("s3", "PutObject", parameters), {"ETag": '"e"', "VersionId": "v1", "BucketKeyEnabled": True}
    )
    assert record["requestParameters"] == {
        "bucketName": "b",
        "key": "a/b.txt",
        "x-amz-storage-class": "STANDARD",
        "Content-Length": "12",
        "Host": "localhost:4100",
    }
    assert record["responseElements"] == {
        "ETag": '"e"',
        "x-amz-version-id": "v1",
        "x-amz-server-side-encryption-bucket-key-enabled": "true",
    }
    assert record["resources"] == [
        {"type": "AWS::S3::Object", "ARN": "arn:aws:s3:::b/a/b.txt"},
        {"accountId": ACCOUNT, "type": "AWS::S3::Bucket", "ARN": "arn:aws:s3:::b"},
    ]
    assert (record["managementEvent"], record["eventCategory"], record["readOnly"]) == (False, "Data", False)
    assert record["userAgent"] == "[boto3]"
    assert record["additionalEventData"] == {"SignatureVersion": "SigV4", "AuthenticationMethod": "AuthHeader"}


def test_both_listings_of_objects_have_one_name() -> None:
    record = record_of(call("s3", "ListObjectsV2", {"Bucket": "b", "Prefix": "p/", "MaxKeys": 5}))
    assert record["eventName"] == "ListObjects"
    parameters = {"bucketName": "b", "prefix": "p/", "max-keys": "5", "list-type": "2", "Host": "localhost:4100"}
    assert record["requestParameters"] == parameters
    assert record["resources"][0] == {"type": "AWS::S3::Object", "ARNPrefix": "arn:aws:s3:::b/p/"}


def test_a_bucket_policy_is_recorded_as_a_document() -> None:
    record = record_of(call("s3", "PutBucketPolicy", {"Bucket": "b", "Policy": '{"Version": "2012-10-17"}'}))
    assert record["requestParameters"]["bucketPolicy"] == {"Version": "2012-10-17"}
    assert record["requestParameters"]["policy"] == ""
    assert record["eventCategory"] == "Management"
    broken = record_of(call("s3", "PutBucketPolicy", {"Bucket": "b", "Policy": "{"}))
    assert broken["requestParameters"]["bucketPolicy"] == "{"


def test_a_presigned_request_is_recorded_as_one_without_its_signature() -> None:
    presigned = request(
        method="GET",
        headers=[(b"host", b"b.localhost")],
        raw_query=b"X-Amz-Signature=canary-that-must-never-be-recorded",
    )
    record = record_of(call("s3", "GetObject", {"Bucket": "b", "Key": "k"}, request=presigned))
    assert record["additionalEventData"]["AuthenticationMethod"] == "QueryString"


@pytest.mark.parametrize(
    ("service", "operation", "reads"),
    [
        ("sts", "AssumeRole", True),
        ("sts", "GetFederationToken", True),
        ("iam", "ListUsers", True),
        ("iam", "SimulatePrincipalPolicy", True),
        ("iam", "CreateUser", False),
        ("iam", "ResyncMFADevice", False),
        ("s3", "HeadObject", True),
        ("s3", "CopyObject", False),
        ("cloudtrail", "LookupEvents", True),
        ("cloudtrail", "StopLogging", False),
    ],
)
def test_what_only_reads_is_told_by_name(service: str, operation: str, reads: bool) -> None:
    assert is_read_only(service, operation) is reads


@pytest.mark.parametrize(
    ("operation", "expected"),
    [
        ("GetObject", "Data"),
        ("UploadPart", "Data"),
        ("DeleteObjects", "Data"),
        ("ListObjectVersions", "Data"),
        ("HeadBucket", "Data"),
        ("CreateBucket", "Management"),
        ("ListBuckets", "Management"),
        ("PutBucketPolicy", "Management"),
        ("PutObjectLockConfiguration", "Management"),
        ("ListMultipartUploads", "Management"),
    ],
)
def test_what_names_an_object_is_a_data_event(operation: str, expected: str) -> None:
    shape = SERVICES["s3"].model.input_of(operation)
    assert category("s3", operation, names_key="Key" in shape.members) == expected


def test_control_characters_of_every_sort_are_escaped() -> None:
    """Threat I1: text that a terminal or a line-oriented reader would act on."""
    evil = "a\r\n\x1b[2J\x00\x7f\x85\u2028\u202e${jndi:ldap://x}"
    facts = RequestFacts(NOW, "192.0.2.1", secure=False, region="us-east-1", user_agent=evil)
    made = call("iam", "CreateUser", {"UserName": evil}, facts=facts)
    (recorded,) = recorder().of(
        service="iam",
        operation="CreateUser",
        request_id="r",
        request=made.request,
        facts=facts,
        status=200,
        caller=made.caller,
        call=made,
    )
    text = recorded.line.decode()
    assert all(character.isprintable() for character in text)
    record = msgspec.json.decode(recorded.line)
    assert record["userAgent"] == record["requestParameters"]["userName"] == evil


def test_long_texts_are_cut() -> None:
    facts = RequestFacts(NOW, "192.0.2.1", secure=False, region="us-east-1", user_agent="x" * 1_000_000)
    record = record_of(call("iam", "GetUser", {}, facts=facts), error=ApiError("ValidationError", "y" * 5000))
    assert len(record["userAgent"]) == 1024
    assert len(record["errorMessage"]) == 1024


def test_what_json_cannot_hold_does_not_lose_the_record() -> None:
    record = record_of(call("iam", "GetUser", {"UserName": "\udc80", "MaxItems": 1 << 70}))
    assert record["requestParameters"]["userName"] == "\\udc80"


def test_events_of_one_second_keep_their_order() -> None:
    made = call("sts", "GetCallerIdentity", {})
    ids = [record_of(made, now=NOW + n / 1000)["eventID"] for n in range(20)]
    assert ids == sorted(ids)
    assert len(set(ids)) == 20


def test_every_operation_of_every_service_has_a_record() -> None:
    for name, service in SERVICES.items():
        for operation in service.model.operations:
            shape = service.model.input_of(operation)
            (record, *_) = records_of(call(name, operation, dict.fromkeys(shape.members if shape else ())), status=501)
            assert record["eventName"]


def test_unknown_members_are_left_out() -> None:
    parameters: dict[str, Any] = {"UserName": "alice", "NoMember": "canary-that-must-never-be-recorded"}
    assert record_of(call("iam", "GetUser", parameters))["requestParameters"] == {"userName": "alice"}
