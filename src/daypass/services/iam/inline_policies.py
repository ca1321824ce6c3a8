"""Policies that live in one user, group or role and go with it (IAM API Reference: Put..., Get..., Delete..., List...)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from daypass.directory import Put
from daypass.directory.naming import check_name
from daypass.errors import ApiError
from daypass.services.iam import authorization, paging
from daypass.services.iam.documents import with_inline
from daypass.services.iam.entities import changed_holder, holder
from daypass.services.iam.operations import iam
from daypass.services.iam.shapes import encoded

if TYPE_CHECKING:
    from daypass.directory import View
    from daypass.services.iam.entities import Holder
    from daypass.services.registry import Call, Result


@iam("PutUserPolicy", needs=authorization.holder)
@iam("PutGroupPolicy", needs=authorization.holder)
@iam("PutRolePolicy", needs=authorization.holder)
def put_policy(call: Call, view: View) -> Result:
    """Store an inline policy, in place of one of the same name."""
    entity, name = changed_holder(call, view), call.input["PolicyName"]
    check_name(name, "PolicyName")
    policies = with_inline(entity, name, call.input["PolicyDocument"])
    return {}, [Put(msgspec.structs.replace(entity, policies=policies))]


@iam("GetUserPolicy", needs=authorization.holder)
@iam("GetGroupPolicy", needs=authorization.holder)
@iam("GetRolePolicy", needs=authorization.holder)
def get_policy(call: Call, view: View) -> Result:
    """Show an inline policy."""
    entity, name = holder(call, view), call.input["PolicyName"]
    document = _document(entity, name)
    return {f"{type(entity).__name__}Name": entity.name, "PolicyName": name, "PolicyDocument": encoded(document)}, []


@iam("DeleteUserPolicy", needs=authorization.holder)
@iam("DeleteGroupPolicy", needs=authorization.holder)
@iam("DeleteRolePolicy", needs=authorization.holder)
def delete_policy(call: Call, view: View) -> Result:
    """Delete an inline policy."""
    entity, name = changed_holder(call, view), call.input["PolicyName"]
    _document(entity, name)
    policies = tuple((other, text) for other, text in entity.policies if other != name)
    return {}, [Put(msgspec.structs.replace(entity, policies=policies))]


@iam("ListUserPolicies", needs=authorization.holder)
@iam("ListGroupPolicies", needs=authorization.holder)
@iam("ListRolePolicies", needs=authorization.holder)
def list_policies(call: Call, view: View) -> Result:
    """The names of the inline policies."""
    names, end = paging.paged(call, (name for name, _ in holder(call, view).policies), str)
    return {"PolicyNames": names, **end}, []


def _document(entity: Holder, name: str) -> str:
    for other, text in entity.policies:
        if other == name:
            return text
    raise ApiError("NoSuchEntity", f"The {entity.kind} policy with name {name} cannot be found.")
