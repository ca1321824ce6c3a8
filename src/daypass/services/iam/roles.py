"""IAM roles (IAM API Reference: CreateRole, GetRole, ListRoles, UpdateRole..., UpdateAssumeRolePolicy, DeleteRole)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from daypass.directory import Delete, Put, Role
from daypass.directory.naming import check_name, check_role_path, same_name
from daypass.directory.quotas import Quota
from daypass.errors import ApiError
from daypass.services.iam import authorization, paging, shapes, tagging
from daypass.services.iam.boundaries import checked_boundary
from daypass.services.iam.entities import check_unprotected, named
from daypass.services.iam.operations import iam
from daypass.services.iam.trust import trust

if TYPE_CHECKING:
    from daypass.directory import View
    from daypass.services.registry import Call, Result

DEFAULT_SESSION = 3600
_NOT_OFFERED = ("MaxSigninSessionDuration", "ResetMaxSigninSessionDuration")


@iam("CreateRole", needs=authorization.new_role)
def create_role(call: Call, view: View) -> Result:
    """Make a role that the principals of its trust policy may assume."""
    _refuse_signin_duration(call)
    name, path = call.input["RoleName"], call.input.get("Path", "/")
    check_name(name, "RoleName")
    check_role_path(path)
    tags = tagging.given_tags(call.input.get("Tags", ()), ignoring_case=True)
    boundary = checked_boundary(call, view)
    trusted = trust(call.input["AssumeRolePolicyDocument"], view)
    if view.get(Role, call.account, same_name(name)) is not None:
        raise ApiError("EntityAlreadyExists", f"Role with name {name} already exists.")
    Quota.ROLES.check(view.count(Role, call.account) + 1)
    role = Role(
        account=call.account,
        name=name,
        path=path,
        id=call.mint.unique_id("AROA", call.account),
        created=int(call.now),
        trust=trusted.text,
        trust_bindings=trusted.bindings,
        description=call.input.get("Description"),
        max_session_duration=call.input.get("MaxSessionDuration", DEFAULT_SESSION),
        tags=tags,
        boundary=boundary,
    )
    return {"Role": shapes.created_role(role, view)}, [Put(role)]


@iam("GetRole", needs=authorization.role)
def get_role(call: Call, view: View) -> Result:
    """Show a role."""
    return {"Role": shapes.role_shape(_role(call, view), view)}, []


@iam("ListRoles", needs=authorization.listed_roles)
def list_roles(call: Call, view: View) -> Result:
    """The roles of the account."""
    page = view.page(
        Role,
        call.account,
        after=paging.position(call),
        limit=paging.max_items(call),
        path_prefix=call.input.get("PathPrefix", "/"),
    )
    roles = [shapes.listed_role(role, view) for role in page.records if isinstance(role, Role)]
    return {"Roles": roles, **paging.end(call, page.next)}, []


@iam("UpdateRole", needs=authorization.role)
def update_role(call: Call, view: View) -> Result:
    """Change description and longest session of a role. What the call does not name stays as it is."""
    _refuse_signin_duration(call)
    role = _changed_role(call, view)
    changed = msgspec.structs.replace(
        role,
        description=call.input.get("Description", role.description),
        max_session_duration=call.input.get("MaxSessionDuration", role.max_session_duration),
    )
    return {}, [Put(changed)]


@iam("UpdateRoleDescription", needs=authorization.role)
def update_role_description(call: Call, view: View) -> Result:
    """Change the description of a role."""
    role = msgspec.structs.replace(_role(call, view), description=call.input["Description"])
    return {"Role": shapes.described_role(role, view)}, [Put(role)]


@iam("UpdateAssumeRolePolicy", needs=authorization.role)
def update_assume_role_policy(call: Call, view: View) -> Result:
    """Replace the trust policy of a role. Sessions that live go on."""
    role = _changed_role(call, view)
    trusted = trust(call.input["PolicyDocument"], view)
    return {}, [Put(msgspec.structs.replace(role, trust=trusted.text, trust_bindings=trusted.bindings))]


@iam("DeleteRole", needs=authorization.role)
def delete_role(call: Call, view: View) -> Result:
    """Delete a role without policies. Its sessions end: the id that they are bound to is gone for good."""
    role = _changed_role(call, view)
    for blocking, what in (
        (view.count_linked(call.account, "profile-role", same_name(role.name)), "remove roles from instance profile"),
        (role.attached, "detach all policies"),
        (role.policies, "delete policies"),
    ):
        if blocking:
            raise ApiError("DeleteConflict", f"Cannot delete entity, must {what} first.")
    return {}, [Delete(role.key)]


def _role(call: Call, view: View) -> Role:
    return named(Role, view, call.account, call.input["RoleName"])


def _changed_role(call: Call, view: View) -> Role:
    role = _role(call, view)
    check_unprotected(role)
    return role


def _refuse_signin_duration(call: Call) -> None:
    """How long a console session lasts means nothing before there are console sessions: refused, not forgotten."""
    for member in _NOT_OFFERED:
        if member in call.input:
            raise ApiError("NotImplemented", f"{member} is not implemented by this server.")
