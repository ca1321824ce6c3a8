"""What CloudTrail says of an operation whoever calls it: its event's name, whether it only reads, management or data.

Source: CloudTrail User Guide, "CloudTrail record contents" (readOnly, eventCategory); S3 User Guide, "Amazon S3 CloudTrail
events" for the names that differ from the API's and for what is an object-level (data) event.
"""

from __future__ import annotations

from typing import Final, Literal

Category = Literal["Management", "Data"]

READING: Final = (
    "Get",
    "List",
    "Describe",
    "Head",
    "Lookup",
    "Search",
    "Simulate",
    "Decode",
    "Test",
    "Check",
    "Select",
    "Generate",
    "Validate",
)
"""How the names of operations begin that change nothing."""

S3_NAMES: Final = {
    "ListObjectsV2": "ListObjects",
    "GetBucketLifecycleConfiguration": "GetBucketLifecycle",
    "PutBucketLifecycleConfiguration": "PutBucketLifecycle",
    "GetBucketNotificationConfiguration": "GetBucketNotification",
    "PutBucketNotificationConfiguration": "PutBucketNotification",
    "GetPublicAccessBlock": "GetBucketPublicAccessBlock",
    "PutPublicAccessBlock": "PutBucketPublicAccessBlock",
    "DeletePublicAccessBlock": "DeleteBucketPublicAccessBlock",
    "GetObjectLockConfiguration": "GetBucketObjectLockConfiguration",
    "PutObjectLockConfiguration": "PutBucketObjectLockConfiguration",
}
"""Operations of S3 that CloudTrail calls otherwise than the API does."""

S3_DATA: Final = frozenset(
    {
        "CreateSession",
        "DeleteObjects",
        "HeadBucket",
        "ListObjectVersions",
        "ListObjects",
        "ListObjectsV2",
        "WriteGetObjectResponse",
    }
)
"""Data events of S3 whose request names no key; all that name one are data events too."""

STS_ANSWERS: Final = frozenset(
    {
        "AssumeRole",
        "AssumeRoleWithSAML",
        "AssumeRoleWithWebIdentity",
        "AssumeRoot",
        "GetDelegatedAccessToken",
        "GetFederationToken",
        "GetSessionToken",
        "GetWebIdentityToken",
    }
)
"""Calls of STS whose answer is recorded although they count as reading: they hand out credentials."""

ALWAYS_US_EAST_1: Final = frozenset({"iam"})
"""Services that are one for all regions and are recorded in us-east-1 wherever they were called."""


def event_name(service: str, operation: str) -> str:
    """``eventName`` of an operation."""
    if service == "s3":
        return S3_NAMES.get(operation, operation)
    return "ConsoleLogin" if operation == "ConsoleLoginWithSAML" else operation


def event_source(service: str) -> str:
    """``eventSource`` of a service, given by its signing name."""
    return f"{service}.amazonaws.com"


def event_region(service: str, region: str) -> str:
    """``awsRegion`` of a call that reached ``region``."""
    return "us-east-1" if service in ALWAYS_US_EAST_1 else region


def is_read_only(service: str, operation: str) -> bool:
    """``readOnly``. STS changes nothing that anybody could read back, so all of it counts as reading; nothing of sign-in."""
    return service == "sts" or (service != "signin" and operation.startswith(READING))


def records_answer(service: str, operation: str) -> bool:
    """Whether ``responseElements`` holds what a successful call answered."""
    return operation in STS_ANSWERS if service == "sts" else not is_read_only(service, operation)


def category(service: str, operation: str, *, names_key: bool) -> Category:
    """``eventCategory``. ``names_key`` says whether the request names an object. Looking at a page is nothing to look up."""
    if service == "s3":
        return "Data" if names_key or operation in S3_DATA else "Management"
    return "Data" if (service, operation) == ("signin", "ConsoleHome") else "Management"


def event_type(service: str) -> str:
    """``eventType`` of a service's calls."""
    return "AwsConsoleSignIn" if service == "signin" else "AwsApiCall"
