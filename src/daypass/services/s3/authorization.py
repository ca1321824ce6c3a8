"""What S3's operations ask of the policy engine: actions, resources and S3's own condition keys.

Sources: Service Authorization Reference, "Actions, resources, and condition keys for Amazon S3"; S3 User Guide, "Required
permissions for Amazon S3 API operations" and "Blocking public access". The bucket is looked up first: that a bucket does
not exist is said to everybody.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from daypass.access.asking import Ask, ResourcePolicy
from daypass.access.authorize import require
from daypass.arns import PARTITION
from daypass.directory import GLOBAL, Bucket
from daypass.errors import ApiError
from daypass.protocol.percent import pairs_of
from daypass.services.s3.public_policies import is_public

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from daypass.access.asking import ContextValues
    from daypass.directory import View
    from daypass.services.registry import Call, Needs

Context = dict[str, str | tuple[str, ...]]
LONGEST_KEY = 1024
_SIGNED_V4 = "AWS4-HMAC-SHA256"
_HEADERS = {
    "ACL": "s3:x-amz-acl",
    "GrantRead": "s3:x-amz-grant-read",
    "GrantWrite": "s3:x-amz-grant-write",
    "GrantReadACP": "s3:x-amz-grant-read-acp",
    "GrantWriteACP": "s3:x-amz-grant-write-acp",
    "GrantFullControl": "s3:x-amz-grant-full-control",
    "MetadataDirective": "s3:x-amz-metadata-directive",
    "ServerSideEncryption": "s3:x-amz-server-side-encryption",
    "SSEKMSKeyId": "s3:x-amz-server-side-encryption-aws-kms-key-id",
    "SSECustomerAlgorithm": "s3:x-amz-server-side-encryption-customer-algorithm",
    "StorageClass": "s3:x-amz-storage-class",
    "WebsiteRedirectLocation": "s3:x-amz-website-redirect-location",
    "IfMatch": "s3:if-match",
    "IfNoneMatch": "s3:if-none-match",
    "ObjectOwnership": "s3:x-amz-object-ownership",
    "BucketNamespace": "s3:x-amz-bucket-namespace",
}
GRANTS = frozenset({"GrantRead", "GrantWrite", "GrantReadACP", "GrantWriteACP", "GrantFullControl"})


def bucket_of(call: Call, view: View) -> Bucket:
    """The bucket that a call names. Raises NoSuchBucket, and AccessDenied for another owner than was expected."""
    return named_bucket(call.input["Bucket"], call.input.get("ExpectedBucketOwner"), view)


def named_bucket(name: str, expected_owner: str | None, view: View) -> Bucket:
    """A bucket by its name."""
    bucket = view.get(Bucket, GLOBAL, name)
    if bucket is None:
        raise ApiError("NoSuchBucket", "The specified bucket does not exist", members={"BucketName": name})
    if expected_owner is not None and expected_owner != bucket.account:
        raise ApiError("AccessDenied", "Access Denied", reason="the bucket belongs to another account than expected")
    return bucket


def key_of(call: Call) -> str:
    """The object key that a call names. Raises KeyTooLongError."""
    key: str = call.input["Key"]
    check_key(key)
    return key


def check_key(key: str) -> None:
    """Refuse a key that is longer than S3 takes."""
    size = len(key.encode())
    if size > LONGEST_KEY:
        members = {"Size": str(size), "MaxSizeAllowed": str(LONGEST_KEY)}
        raise ApiError("KeyTooLongError", "Your key is too long", members=members)


def on_bucket(*actions: str) -> Needs:
    """These actions on the bucket."""

    def needs(call: Call, view: View) -> Iterable[Ask]:
        bucket = bucket_of(call, view)
        for action in actions:
            yield ask_bucket(call, bucket, action)

    return needs


def on_object(action: str) -> Needs:
    """One action on the object."""

    def needs(call: Call, view: View) -> Iterable[Ask]:
        yield ask_object(call, bucket_of(call, view), call.input["Key"], action)

    return needs


def on_found_object(call: Call, view: View) -> Iterable[Ask]:
    """Only that the bucket is there: the operation asks itself, since the object's tags belong to the question."""
    bucket_of(call, view)
    return ()


def ask_bucket(call: Call, bucket: Bucket, action: str, context: ContextValues | None = None) -> Ask:
    """A question about the bucket itself."""
    return _ask(call, bucket, action, bucket.arn, context)


def ask_object(call: Call, bucket: Bucket, key: str, action: str, context: ContextValues | None = None) -> Ask:
    """A question about an object, which may or may not exist."""
    return _ask(call, bucket, action, f"{bucket.arn}/{key}", context)


def require_list(call: Call, view: View, bucket: Bucket) -> None:
    """That something is missing is only told to those who may list the bucket."""
    require(ask_bucket(call, bucket, "s3:ListBucket"), call, view)


def header_context(arguments: Mapping[str, Any]) -> Context:
    """The condition keys that stand for headers of a request."""
    return {_HEADERS[name]: str(value) for name, value in arguments.items() if name in _HEADERS}


def existing_tags(tags: Iterable[tuple[str, str]]) -> Context:
    """The condition keys for tags of a stored object."""
    return _by_key("s3:existingobjecttag/", tags)


def request_tags(tags: Iterable[tuple[str, str]]) -> Context:
    """The condition keys for object tags in a request."""
    pairs = tuple(tags)
    context = _by_key("s3:requestobjecttag/", pairs)
    context["s3:requestobjecttagkeys"] = tuple(key for key, _ in pairs)
    return context


def _by_key(prefix: str, tags: Iterable[tuple[str, str]]) -> Context:
    """Condition keys ignore case where object tags do not: then one key has several values, and a Deny on one holds."""
    values: dict[str, tuple[str, ...]] = {}
    for key, value in tags:
        name = f"{prefix}{key.lower()}"
        values[name] = (*values.get(name, ()), value)
    return {name: several if len(several) > 1 else several[0] for name, several in values.items()}


def create_bucket_arn(name: str) -> str:
    """The ARN of a bucket that may not exist yet."""
    return f"arn:{PARTITION}:s3:::{name}"


def request_context(call: Call) -> Context:
    """The condition keys that tell how the request was signed; none for anonymous ones."""
    if call.caller.is_anonymous:
        return {}
    context: Context = {}
    request = call.request
    # a presigned request that declares no hash is one whose body is not signed
    context["s3:x-amz-content-sha256"] = request.header(b"x-amz-content-sha256") or "UNSIGNED-PAYLOAD"
    header = request.header(b"authorization")
    if header is not None:
        context["s3:authtype"] = "REST-HEADER"
        context["s3:signatureversion"] = _SIGNED_V4 if header.startswith("AWS4") else "AWS"
        return context
    context["s3:authtype"] = "REST-QUERY-STRING"
    signed = dict(pairs_of(request.raw_query)).get("X-Amz-Date")
    context["s3:signatureversion"] = "AWS" if signed is None else _SIGNED_V4
    if signed is not None:
        context["s3:signatureage"] = str(max(0, int((call.now - datetime.fromisoformat(signed).timestamp()) * 1000)))
    return context


def _ask(call: Call, bucket: Bucket, action: str, resource: str, context: ContextValues | None) -> Ask:
    keys = request_context(call)
    keys["s3:resourceaccount"] = bucket.account
    if context:
        keys.update(context)
    return Ask(action, resource, bucket.account, keys, _resource_policy(call, bucket))


def _resource_policy(call: Call, bucket: Bucket) -> ResourcePolicy | None:
    if bucket.policy is None:
        return None
    restricted = bucket.public_access_block is not None and bucket.public_access_block[3]
    stranger = call.caller.is_anonymous or (call.caller.account != bucket.account and is_public(bucket.policy))
    if restricted and stranger:
        raise ApiError("AccessDenied", "Access Denied", reason="RestrictPublicBuckets: the bucket policy is public")
    return ResourcePolicy(bucket.policy, bucket.policy_bindings)
