"""Attaching managed policies to users, groups and roles (IAM API Reference: Attach..., Detach..., ListAttached...)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from daypass.directory import Group, Put, Role, User
from daypass.directory.aws_managed import AwsPolicy
from daypass.directory.naming import policy_name
from daypass.directory.quotas import Quota
from daypass.errors import ApiError
from daypass.services.iam import authorization, paging
from daypass.services.iam.boundaries import NOT_ATTACHABLE
from daypass.services.iam.entities import changed_holder, find_policy, holder
from daypass.services.iam.operations import iam

if TYPE_CHECKING:
    from daypass.directory import View
    from daypass.services.iam.entities import Holder
    from daypass.services.registry import Call, Result

QUOTA: dict[type[Holder], Quota] = {
    User: Quota.POLICIES_PER_USER,
    Group: Quota.POLICIES_PER_GROUP,
    Role: Quota.POLICIES_PER_ROLE,
}


@iam("AttachUserPolicy", needs=authorization.holder)
@iam("AttachGroupPolicy", needs=authorization.holder)
@iam("AttachRolePolicy", needs=authorization.holder)
def attach_policy(call: Call, view: View) -> Result:
    """Attach a managed policy. One that is attached already stays attached."""
    arn = _checked_arn(call)
    entity, policy = changed_holder(call, view), find_policy(view, call.account, arn)
    if policy is None:
        raise ApiError("NoSuchEntity", f"Policy {arn} does not exist or is not attachable.")
    if isinstance(policy, AwsPolicy) and not policy.attachable:
        raise ApiError("PolicyNotAttachable", NOT_ATTACHABLE)
    if arn in entity.attached:
        return {}, []
    QUOTA[type(entity)].check(len(entity.attached) + 1)
    return {}, [Put(msgspec.structs.replace(entity, attached=(*entity.attached, arn)))]


@iam("DetachUserPolicy", needs=authorization.holder)
@iam("DetachGroupPolicy", needs=authorization.holder)
@iam("DetachRolePolicy", needs=authorization.holder)
def detach_policy(call: Call, view: View) -> Result:
    """Detach a managed policy."""
    arn, entity = _checked_arn(call), changed_holder(call, view)
    if arn not in entity.attached:
        raise ApiError("NoSuchEntity", f"Policy {arn} was not found.")
    attached = tuple(other for other in entity.attached if other != arn)
    return {}, [Put(msgspec.structs.replace(entity, attached=attached))]


@iam("ListAttachedUserPolicies", needs=authorization.holder)
@iam("ListAttachedGroupPolicies", needs=authorization.holder)
@iam("ListAttachedRolePolicies", needs=authorization.holder)
def list_attached_policies(call: Call, view: View) -> Result:
    """The managed policies that are attached, in the order in which they were."""
    prefix = call.input.get("PathPrefix", "/")
    named = ((policy_name(arn), arn) for arn in holder(call, view).attached)
    attached = [
        {"PolicyName": parts.name, "PolicyArn": arn}
        for parts, arn in named
        if parts is not None and parts.path.startswith(prefix)
    ]
    page, end = paging.paged_in_order(call, attached)
    return {"AttachedPolicies": page, **end}, []


def _checked_arn(call: Call) -> str:
    arn: str = call.input["PolicyArn"]
    try:
        policy_name(arn)
    except ValueError:
        raise ApiError("ValidationError", f"ARN {arn} is not valid.") from None
    return arn
