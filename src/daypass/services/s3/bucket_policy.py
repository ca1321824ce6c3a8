"""Bucket policies (S3 API Reference: PutBucketPolicy, GetBucketPolicy, DeleteBucketPolicy, GetBucketPolicyStatus).

Only the owner's account works on a bucket's policy, and its root user can always, whatever the policy says.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from daypass.access.asking import Ask
from daypass.directory import Put
from daypass.errors import ApiError
from daypass.policy import Grammar, PolicyProblem, PrincipalKind, parse
from daypass.services.s3 import policy_principals
from daypass.services.s3.actions import (
    BUCKET_ACTIONS,
    CONDITION_KEY_FAMILIES,
    CONDITION_KEYS,
    LIST_ACTIONS,
    LIST_KEYS,
    OBJECT_ACTIONS,
    actions_meant,
)
from daypass.services.s3.authorization import ask_bucket, bucket_of
from daypass.services.s3.integrity import check_document
from daypass.services.s3.operations import s3
from daypass.services.s3.public_policies import is_public

if TYPE_CHECKING:
    from collections.abc import Iterable

    from daypass.directory import Bucket, View
    from daypass.policy import Policy, Statement
    from daypass.services.registry import Call, Result

LONGEST_POLICY = 20480


def _owner_only(call: Call, view: View) -> Iterable[Ask]:
    bucket = bucket_of(call, view)
    if call.account != bucket.account:
        raise ApiError(
            "MethodNotAllowed",
            "The specified method is not allowed against this resource.",
            members={"Method": call.request.method, "ResourceType": "BUCKETPOLICY"},
        )
    ask = ask_bucket(call, bucket, f"s3:{call.operation}")
    if call.caller.kind is PrincipalKind.ROOT:
        ask = Ask(ask.action, ask.resource, ask.account, ask.context)
    yield ask


@s3("PutBucketPolicy", needs=_owner_only)
def put_bucket_policy(call: Call, view: View) -> Result:
    """Store a policy in place of the one that stands there.

    ConfirmRemoveSelfBucketAccess has nothing to unlock: AWS lets an author shut himself out also without it, and the
    root user can repair it.
    """
    bucket = bucket_of(call, view)
    check_document(call)
    text: str = call.input["Policy"]
    policy = _checked(text, bucket)
    stored = policy_principals.bound(policy, view)
    block = bucket.public_access_block
    if block is not None and block[2] and is_public(stored.text):
        raise ApiError("AccessDenied", _public_text(call, bucket))
    new = msgspec.structs.replace(bucket, policy=stored.text, policy_bindings=stored.bindings)
    return {"HTTPStatusCode": 204}, [Put(new)]


@s3("GetBucketPolicy", needs=_owner_only)
def get_bucket_policy(call: Call, view: View) -> Result:
    """The policy as it was sent, its principals as they are called now."""
    bucket = _with_policy(call, view)
    return {"Policy": policy_principals.shown(bucket, view)}, []


@s3("DeleteBucketPolicy", needs=_owner_only)
def delete_bucket_policy(call: Call, view: View) -> Result:
    """Take the policy away; succeeds where there is none."""
    bucket = bucket_of(call, view)
    if bucket.policy is None:
        return {}, []
    return {}, [Put(msgspec.structs.replace(bucket, policy=None, policy_bindings=()))]


@s3("GetBucketPolicyStatus", needs=_owner_only)
def get_bucket_policy_status(call: Call, view: View) -> Result:
    """Whether the policy is public."""
    bucket = _with_policy(call, view)
    return {"PolicyStatus": {"IsPublic": is_public(bucket.policy or "")}}, []


def _with_policy(call: Call, view: View) -> Bucket:
    bucket = bucket_of(call, view)
    if bucket.policy is None:
        members = {"BucketName": bucket.name}
        raise ApiError("NoSuchBucketPolicy", "The bucket policy does not exist", members=members)
    return bucket


def _checked(text: str, bucket: Bucket) -> Policy:
    if len(text.encode()) > LONGEST_POLICY:
        raise _malformed("Policy exceeds the maximum allowed document size.")
    try:
        policy = parse(text, Grammar.BUCKET)
    except PolicyProblem as problem:
        detail = problem.detail or problem.where
        members = {"Detail": detail} if detail else None
        raise ApiError("MalformedPolicy", problem.message, members=members) from None
    for statement in policy.statements:
        _check_statement(statement, bucket)
    return policy


def _check_statement(statement: Statement, bucket: Bucket) -> None:
    for resource in statement.resources or ():
        if not _is_of(resource, bucket):
            raise _malformed("Policy has invalid resource")
    meant: frozenset[str] = frozenset()
    for pattern in statement.actions:
        found = actions_meant(pattern)
        if not found:
            raise _malformed("Policy has invalid action")
        if not (statement.not_action or statement.not_resource or _fits(found, statement.resources or ())):
            raise _malformed("Action does not apply to any resource(s) in statement")
        meant |= found
    for condition in statement.conditions:
        key = condition.key.lower()
        if key.startswith("s3:") and key not in CONDITION_KEYS and not key.startswith(CONDITION_KEY_FAMILIES):
            raise _malformed("Policy has an invalid condition key")
        if key in LIST_KEYS and not statement.not_action and LIST_ACTIONS.isdisjoint(meant):
            raise _malformed("Conditions do not apply to combination of actions and resources in statement")


def _is_of(resource: str, bucket: Bucket) -> bool:
    """Whether an ARN means this bucket or something in it."""
    rest = resource.removeprefix(bucket.arn)
    return resource.startswith(bucket.arn) and rest[:1] in {"", "/", "*"}


def _fits(actions: frozenset[str], resources: tuple[str, ...]) -> bool:
    """Whether any of the actions acts on any of the resources: buckets, or objects in them."""
    names = [resource.partition(":::")[2] for resource in resources]
    objects = any("/" in name or name.endswith("*") for name in names)
    buckets = any("/" not in name for name in names)
    return (objects and not OBJECT_ACTIONS.isdisjoint(actions)) or (buckets and not BUCKET_ACTIONS.isdisjoint(actions))


def _public_text(call: Call, bucket: Bucket) -> str:
    return (
        f'User: {call.caller.arn} is not authorized to perform: s3:PutBucketPolicy on resource: "{bucket.arn}" because '
        "public policies are prevented by the BlockPublicPolicy setting in S3 Block Public Access."
    )


def _malformed(text: str) -> ApiError:
    return ApiError("MalformedPolicy", text)
