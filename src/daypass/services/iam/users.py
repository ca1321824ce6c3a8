"""IAM users (IAM API Reference: CreateUser, GetUser, ListUsers, UpdateUser, DeleteUser)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from daypass.arns import root_arn
from daypass.directory import (
    GLOBAL,
    AccessKey,
    Delete,
    LoginProfile,
    MfaDevice,
    Put,
    ServiceCredential,
    SigningCertificate,
    SshPublicKey,
    User,
    UsersRecord,
    all_linked,
)
from daypass.directory.naming import check_name, check_path, same_name
from daypass.directory.quotas import Quota
from daypass.errors import ApiError
from daypass.services.iam import authorization, paging, shapes, tagging
from daypass.services.iam.boundaries import checked_boundary
from daypass.services.iam.entities import account_of, named, user_or_root
from daypass.services.iam.operations import iam
from daypass.services.iam.users_records import records_of

if TYPE_CHECKING:
    from daypass.directory import Change, View
    from daypass.services.registry import Call, Result

_REFERENCED: tuple[type[UsersRecord], ...] = (ServiceCredential, SshPublicKey, SigningCertificate)


@iam("CreateUser", needs=authorization.new_user)
def create_user(call: Call, view: View) -> Result:
    """Make a user, who can do nothing yet."""
    name, path = call.input["UserName"], call.input.get("Path", "/")
    check_name(name, "UserName")
    check_path(path)
    tags = tagging.given_tags(call.input.get("Tags", ()), ignoring_case=True)
    boundary = checked_boundary(call, view)
    _check_free(view, call.account, name)
    Quota.USERS.check(view.count(User, call.account) + 1)
    user = User(
        account=call.account,
        name=name,
        path=path,
        id=call.mint.unique_id("AIDA", call.account),
        created=int(call.now),
        tags=tags,
        boundary=boundary,
    )
    return {"User": shapes.user_shape(user)}, [Put(user)]


@iam("GetUser", needs=authorization.user)
def get_user(call: Call, view: View) -> Result:
    """Show a user, the calling user, or the root user of the account."""
    user = user_or_root(call, view)
    if user is not None:
        return {"User": shapes.user_shape(user)}, []
    account = account_of(call, view)
    return {"User": {"UserId": account.id, "Arn": root_arn(account.id), "CreateDate": account.created}}, []


@iam("ListUsers", needs=authorization.listed_users)
def list_users(call: Call, view: View) -> Result:
    """The users of the account."""
    page = view.page(
        User,
        call.account,
        after=paging.position(call),
        limit=paging.max_items(call),
        path_prefix=call.input.get("PathPrefix", "/"),
    )
    users = [shapes.listed_user(user) for user in page.records if isinstance(user, User)]
    return {"Users": users, **paging.end(call, page.next)}, []


@iam("UpdateUser", needs=authorization.renamed_user)
def update_user(call: Call, view: View) -> Result:
    """Give a user another name or path. Id, groups, policies, keys and devices stay the user's."""
    user = named(User, view, call.account, call.input["UserName"])
    name, path = call.input.get("NewUserName", user.name), call.input.get("NewPath", user.path)
    check_name(name, "NewUserName")
    check_path(path, "NewPath")
    if same_name(name) != same_name(user.name):
        _check_free(view, call.account, name)
    renamed = msgspec.structs.replace(user, name=name, path=path)
    changes: list[Change] = [] if renamed.key == user.key else [Delete(user.key)]
    changes.append(Put(renamed))
    if name != user.name:
        changes += [Put(msgspec.structs.replace(key, user_name=name)) for key in _keys(view, user)]
        changes += [Put(msgspec.structs.replace(device, user_name=name)) for device in _devices(view, user)]
    return {}, changes


@iam("DeleteUser", needs=authorization.user)
def delete_user(call: Call, view: View) -> Result:
    """Delete a user from whom all else has been taken away before."""
    user = named(User, view, call.account, call.input["UserName"])
    for blocking, what in (
        (user.groups, "remove users from group"),
        (user.attached, "detach all policies"),
        (user.policies, "delete policies"),
        (view.get(LoginProfile, call.account, user.id), "delete login profile"),
        (_keys(view, user), "delete access keys"),
        (_devices(view, user), "delete MFA device"),
        (any(records_of(cls, view, user) for cls in _REFERENCED), "remove referenced objects"),
    ):
        if blocking:
            raise ApiError("DeleteConflict", f"Cannot delete entity, must {what} first.")
    return {}, [Delete(user.key)]


def _check_free(view: View, account: str, name: str) -> None:
    if view.get(User, account, same_name(name)) is not None:
        raise ApiError("EntityAlreadyExists", f"User with name {name} already exists.")


def _keys(view: View, user: User) -> list[AccessKey]:
    return list(all_linked(AccessKey, view, GLOBAL, "owner", user.id))


def _devices(view: View, user: User) -> list[MfaDevice]:
    return list(all_linked(MfaDevice, view, user.account, "owner", user.id))
