"""IAM groups and who is in them (IAM API Reference: CreateGroup... ListGroupsForUser). Groups hold users alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from daypass.directory import Delete, Group, Put, User, all_linked
from daypass.directory.naming import check_name, check_path, same_name
from daypass.directory.quotas import Quota
from daypass.errors import ApiError
from daypass.services.iam import authorization, paging, shapes
from daypass.services.iam.entities import find, named
from daypass.services.iam.operations import iam

if TYPE_CHECKING:
    from daypass.directory import Change, View
    from daypass.services.registry import Call, Result


@iam("CreateGroup", needs=authorization.new_group)
def create_group(call: Call, view: View) -> Result:
    """Make a group, which has no members yet."""
    name, path = call.input["GroupName"], call.input.get("Path", "/")
    check_name(name, "GroupName")
    check_path(path)
    _check_free(view, call.account, name)
    Quota.GROUPS.check(view.count(Group, call.account) + 1)
    group_id = call.mint.unique_id("AGPA", call.account)
    group = Group(account=call.account, name=name, path=path, id=group_id, created=int(call.now))
    return {"Group": shapes.group_shape(group)}, [Put(group)]


@iam("GetGroup", needs=authorization.group)
def get_group(call: Call, view: View) -> Result:
    """Show a group and its members."""
    group = _group(call, view)
    page = view.linked(
        User,
        call.account,
        "group",
        same_name(group.name),
        after=paging.position(call),
        limit=paging.max_items(call),
    )
    users = [shapes.listed_user(user) for user in page.records if isinstance(user, User)]
    return {"Group": shapes.group_shape(group), "Users": users, **paging.end(call, page.next)}, []


@iam("ListGroups", needs=authorization.listed_groups)
def list_groups(call: Call, view: View) -> Result:
    """The groups of the account."""
    page = view.page(
        Group,
        call.account,
        after=paging.position(call),
        limit=paging.max_items(call),
        path_prefix=call.input.get("PathPrefix", "/"),
    )
    groups = [shapes.group_shape(group) for group in page.records if isinstance(group, Group)]
    return {"Groups": groups, **paging.end(call, page.next)}, []


@iam("UpdateGroup", needs=authorization.renamed_group)
def update_group(call: Call, view: View) -> Result:
    """Give a group another name or path. Its id, members and policies stay."""
    group = _group(call, view)
    name, path = call.input.get("NewGroupName", group.name), call.input.get("NewPath", group.path)
    check_name(name, "NewGroupName")
    check_path(path, "NewPath")
    if same_name(name) != same_name(group.name):
        _check_free(view, call.account, name)
    renamed = msgspec.structs.replace(group, name=name, path=path)
    changes: list[Change] = [] if renamed.key == group.key else [Delete(group.key)]
    changes.append(Put(renamed))
    if name != group.name:
        changes += [_moved(user, group.name, name) for user in _members(view, group)]
    return {}, changes


@iam("DeleteGroup", needs=authorization.group)
def delete_group(call: Call, view: View) -> Result:
    """Delete a group that has neither members nor policies."""
    group = _group(call, view)
    for blocking, what in (
        (view.count_linked(call.account, "group", same_name(group.name)), "remove users from group"),
        (group.attached, "detach all policies"),
        (group.policies, "delete policies"),
    ):
        if blocking:
            raise ApiError("DeleteConflict", f"Cannot delete entity, must {what} first.")
    return {}, [Delete(group.key)]


@iam("AddUserToGroup", needs=authorization.group)
def add_user_to_group(call: Call, view: View) -> Result:
    """Put a user into a group. One that is in it already stays in it."""
    user, group = named(User, view, call.account, call.input["UserName"]), _group(call, view)
    if group.name in user.groups:
        return {}, []
    Quota.GROUPS_PER_USER.check(len(user.groups) + 1)
    return {}, [Put(msgspec.structs.replace(user, groups=(*user.groups, group.name)))]


@iam("RemoveUserFromGroup", needs=authorization.group)
def remove_user_from_group(call: Call, view: View) -> Result:
    """Take a user out of a group. One that is not in it stays out of it."""
    user, group = named(User, view, call.account, call.input["UserName"]), _group(call, view)
    if group.name not in user.groups:
        return {}, []
    groups = tuple(name for name in user.groups if name != group.name)
    return {}, [Put(msgspec.structs.replace(user, groups=groups))]


@iam("ListGroupsForUser", needs=authorization.user)
def list_groups_for_user(call: Call, view: View) -> Result:
    """The groups that a user is in."""
    user = named(User, view, call.account, call.input["UserName"])
    found = (find(Group, view, call.account, name) for name in user.groups)
    groups, end = paging.paged(call, (group for group in found if group), lambda group: same_name(group.name))
    return {"Groups": [shapes.group_shape(group) for group in groups], **end}, []


def _group(call: Call, view: View) -> Group:
    return named(Group, view, call.account, call.input["GroupName"])


def _check_free(view: View, account: str, name: str) -> None:
    if view.get(Group, account, same_name(name)) is not None:
        raise ApiError("EntityAlreadyExists", f"Group with name {name} already exists.")


def _members(view: View, group: Group) -> list[User]:
    return list(all_linked(User, view, group.account, "group", same_name(group.name)))


def _moved(user: User, old: str, new: str) -> Put:
    groups = tuple(new if name == old else name for name in user.groups)
    return Put(msgspec.structs.replace(user, groups=groups))
