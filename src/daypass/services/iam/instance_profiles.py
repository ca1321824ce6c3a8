"""Instance profiles: a role as EC2 takes it (IAM API Reference: CreateInstanceProfile... ListInstanceProfileTags)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from daypass.directory import Delete, InstanceProfile, Put, Role, all_linked
from daypass.directory.naming import check_name, check_path, same_name
from daypass.directory.quotas import Quota
from daypass.errors import ApiError
from daypass.services.iam import authorization, paging, shapes, tagging
from daypass.services.iam.entities import find_instance_profile, named
from daypass.services.iam.operations import iam

if TYPE_CHECKING:
    from collections.abc import Iterator

    from daypass.directory import View
    from daypass.services.registry import Call, Result


@iam("CreateInstanceProfile", needs=authorization.new_instance_profile)
def create_instance_profile(call: Call, view: View) -> Result:
    """Make an instance profile, which has no role yet."""
    name, path = call.input["InstanceProfileName"], call.input.get("Path", "/")
    check_name(name, "InstanceProfileName")
    check_path(path)
    tags = tagging.given_tags(call.input.get("Tags", ()), ignoring_case=False)
    if view.get(InstanceProfile, call.account, same_name(name)) is not None:
        raise ApiError("EntityAlreadyExists", f"Instance Profile {name} already exists.")
    Quota.INSTANCE_PROFILES.check(view.count(InstanceProfile, call.account) + 1)
    profile = InstanceProfile(
        account=call.account,
        name=name,
        path=path,
        id=call.mint.unique_id("AIPA", call.account),
        created=int(call.now),
        tags=tags,
    )
    shape = shapes.listed_instance_profile(profile, view)
    if tags:
        shape["Tags"] = tagging.shown(tags)
    return {"InstanceProfile": shape}, [Put(profile)]


@iam("GetInstanceProfile", needs=authorization.instance_profile)
def get_instance_profile(call: Call, view: View) -> Result:
    """Show an instance profile: always with its tags."""
    profile = _profile(call, view)
    shape = shapes.listed_instance_profile(profile, view) | {"Tags": tagging.shown(profile.tags)}
    return {"InstanceProfile": shape}, []


@iam("ListInstanceProfiles", needs=authorization.listed_instance_profiles)
def list_instance_profiles(call: Call, view: View) -> Result:
    """The instance profiles of the account."""
    page = view.page(
        InstanceProfile,
        call.account,
        after=paging.position(call),
        limit=paging.max_items(call),
        path_prefix=call.input.get("PathPrefix", "/"),
    )
    profiles = [
        shapes.listed_instance_profile(profile, view)
        for profile in page.records
        if isinstance(profile, InstanceProfile)
    ]
    return {"InstanceProfiles": profiles, **paging.end(call, page.next)}, []


@iam("ListInstanceProfilesForRole", needs=authorization.role)
def list_instance_profiles_for_role(call: Call, view: View) -> Result:
    """The instance profiles that a role is in."""
    role = named(Role, view, call.account, call.input["RoleName"])
    page, end = paging.paged(call, profiles_of(role, view), lambda profile: same_name(profile.name))
    return {"InstanceProfiles": [shapes.listed_instance_profile(profile, view) for profile in page], **end}, []


@iam("DeleteInstanceProfile", needs=authorization.instance_profile)
def delete_instance_profile(call: Call, view: View) -> Result:
    """Delete an instance profile that has no role."""
    profile = _profile(call, view)
    if profile.role is not None:
        raise ApiError("DeleteConflict", "Cannot delete entity, must remove roles from instance profile first.")
    return {}, [Delete(profile.key)]


@iam("AddRoleToInstanceProfile", needs=authorization.instance_profile_and_role)
def add_role_to_instance_profile(call: Call, view: View) -> Result:
    """Put a role into an instance profile: one, and no second."""
    profile = _profile(call, view)
    role = named(Role, view, call.account, call.input["RoleName"])
    Quota.ROLES_PER_INSTANCE_PROFILE.check(1 if profile.role is None else 2)
    return {}, [Put(msgspec.structs.replace(profile, role=role.name))]


@iam("RemoveRoleFromInstanceProfile", needs=authorization.instance_profile)
def remove_role_from_instance_profile(call: Call, view: View) -> Result:
    """Take the role out of an instance profile."""
    profile, name = _profile(call, view), call.input["RoleName"]
    if profile.role != name:
        text = f"Role {name} in Instance Profile {profile.name} cannot be found."
        raise ApiError("NoSuchEntity", text)
    return {}, [Put(msgspec.structs.replace(profile, role=None))]


@iam("TagInstanceProfile", needs=authorization.instance_profile)
def tag_instance_profile(call: Call, view: View) -> Result:
    """Put tags on an instance profile. Keys are told apart by case."""
    profile = _profile(call, view)
    new = tagging.given_tags(call.input["Tags"], ignoring_case=False)
    tags = tagging.merged(profile.tags, new, ignoring_case=False)
    return {}, [Put(msgspec.structs.replace(profile, tags=tags))]


@iam("UntagInstanceProfile", needs=authorization.instance_profile)
def untag_instance_profile(call: Call, view: View) -> Result:
    """Take tags off an instance profile."""
    profile = _profile(call, view)
    tags = tagging.without(profile.tags, call.input["TagKeys"], ignoring_case=False)
    return {}, [Put(msgspec.structs.replace(profile, tags=tags))]


@iam("ListInstanceProfileTags", needs=authorization.instance_profile)
def list_instance_profile_tags(call: Call, view: View) -> Result:
    """The tags of an instance profile."""
    page, end = paging.paged_in_order(call, tagging.shown(_profile(call, view).tags))
    return {"Tags": page, **end}, []


def profiles_of(role: Role, view: View) -> Iterator[InstanceProfile]:
    """The instance profiles that a role is in."""
    return all_linked(InstanceProfile, view, role.account, "profile-role", same_name(role.name))


def _profile(call: Call, view: View) -> InstanceProfile:
    name = call.input["InstanceProfileName"]
    profile = find_instance_profile(view, call.account, name)
    if profile is None:
        raise ApiError("NoSuchEntity", f"Instance Profile {name} cannot be found.")
    return profile
