"""Permissions boundaries of users and roles (IAM User Guide, "Permissions boundaries for IAM entities")."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from daypass.directory import Group, Put
from daypass.directory.aws_managed import AwsPolicy
from daypass.errors import ApiError
from daypass.services.iam import authorization
from daypass.services.iam.entities import changed_holder, find_policy
from daypass.services.iam.operations import iam

if TYPE_CHECKING:
    from daypass.directory import Role, User, View
    from daypass.services.registry import Call, Result

NOT_ATTACHABLE = "Cannot attach a Service Role Policy to a Customer Role."


def checked_boundary(call: Call, view: View) -> str | None:
    """The policy that the call names as boundary, if any. Raises InvalidInput, NoSuchEntity, PolicyNotAttachable."""
    arn: str | None = call.input.get("PermissionsBoundary")
    if arn is None:
        return None
    try:
        policy = find_policy(view, call.account, arn)
    except ValueError:
        raise ApiError("InvalidInput", f"ARN {arn} is not valid.") from None
    if policy is None:
        raise ApiError("NoSuchEntity", f"Scope ARN: {arn} does not exist or is not attachable.")
    if isinstance(policy, AwsPolicy) and not policy.attachable:
        raise ApiError("PolicyNotAttachable", NOT_ATTACHABLE)
    return arn


@iam("PutUserPermissionsBoundary", needs=authorization.boundary)
@iam("PutRolePermissionsBoundary", needs=authorization.boundary)
def put_permissions_boundary(call: Call, view: View) -> Result:
    """Set the boundary of a user or role, in place of the one it had."""
    entity = _bounded(call, view)
    return {}, [Put(msgspec.structs.replace(entity, boundary=checked_boundary(call, view)))]


@iam("DeleteUserPermissionsBoundary", needs=authorization.holder)
@iam("DeleteRolePermissionsBoundary", needs=authorization.holder)
def delete_permissions_boundary(call: Call, view: View) -> Result:
    """Take the boundary from a user or role, which may then do all that its policies allow."""
    entity = _bounded(call, view)
    return {}, [] if entity.boundary is None else [Put(msgspec.structs.replace(entity, boundary=None))]


def _bounded(call: Call, view: View) -> User | Role:
    entity = changed_holder(call, view)
    if isinstance(entity, Group):
        raise TypeError("groups have no boundary")
    return entity
