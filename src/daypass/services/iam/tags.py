"""Tags of users, roles and MFA devices (IAM API Reference: Tag..., Untag..., List...Tags).

Those of managed policies are in :mod:`daypass.services.iam.managed_policies`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from daypass.directory import Group, MfaDevice, Put
from daypass.services.iam import authorization, paging, tagging
from daypass.services.iam.entities import device_of, holder
from daypass.services.iam.operations import iam

if TYPE_CHECKING:
    from daypass.directory import Role, User, View
    from daypass.services.registry import Call, Result


@iam("TagUser", needs=authorization.holder)
@iam("TagRole", needs=authorization.holder)
@iam("TagMFADevice", needs=authorization.mfa_device)
def tag(call: Call, view: View) -> Result:
    """Put tags on, over those that are there."""
    entity = _tagged(call, view)
    ignoring_case = not isinstance(entity, MfaDevice)
    new = tagging.given_tags(call.input["Tags"], ignoring_case=ignoring_case)
    tags = tagging.merged(entity.tags, new, ignoring_case=ignoring_case)
    return {}, [Put(msgspec.structs.replace(entity, tags=tags))]


@iam("UntagUser", needs=authorization.holder)
@iam("UntagRole", needs=authorization.holder)
@iam("UntagMFADevice", needs=authorization.mfa_device)
def untag(call: Call, view: View) -> Result:
    """Take tags off."""
    entity = _tagged(call, view)
    ignoring_case = not isinstance(entity, MfaDevice)
    tags = tagging.without(entity.tags, call.input["TagKeys"], ignoring_case=ignoring_case)
    return {}, [Put(msgspec.structs.replace(entity, tags=tags))]


@iam("ListUserTags", needs=authorization.holder)
@iam("ListRoleTags", needs=authorization.holder)
@iam("ListMFADeviceTags", needs=authorization.mfa_device)
def list_tags(call: Call, view: View) -> Result:
    """The tags, in the order in which they were put on."""
    page, end = paging.paged_in_order(call, tagging.shown(_tagged(call, view).tags))
    return {"Tags": page, **end}, []


def _tagged(call: Call, view: View) -> User | Role | MfaDevice:
    if "MFADevice" in call.operation:
        return device_of(call, view)
    entity = holder(call, view)
    if isinstance(entity, Group):
        raise TypeError("groups have no tags")
    return entity
