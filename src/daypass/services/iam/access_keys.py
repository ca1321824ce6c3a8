"""Long-term access keys of users and of the root user (IAM API Reference: CreateAccessKey... GetAccessKeyLastUsed)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from daypass.directory import GLOBAL, AccessKey, Delete, Put, User, all_linked
from daypass.directory.quotas import Quota
from daypass.errors import ApiError
from daypass.services.iam import authorization, paging
from daypass.services.iam.entities import user_or_root
from daypass.services.iam.operations import iam

if TYPE_CHECKING:
    from daypass.credentials import Secret
    from daypass.directory import View
    from daypass.services.registry import Call, Output, Result

_NO_USE = {"ServiceName": "N/A", "Region": "N/A"}
_STATUS = {True: "Active", False: "Inactive"}


@iam("CreateAccessKey", needs=authorization.user)
def create_access_key(call: Call, view: View) -> Result:
    """Make an access key. The secret is shown in this answer and never again."""
    owner = user_or_root(call, view)
    Quota.ACCESS_KEYS_PER_USER.check(len(_keys_of(call, view, owner)) + 1)
    key_id, secret = _new_pair(call, view)
    key = AccessKey(
        id=key_id,
        account=call.account,
        secret=secret,
        created=int(call.now),
        user_name=owner.name if owner is not None else None,
        user_id=owner.id if owner is not None else None,
    )
    return {"AccessKey": _metadata(key) | {"SecretAccessKey": secret.reveal()}}, [Put(key)]


@iam("ListAccessKeys", needs=authorization.user)
def list_access_keys(call: Call, view: View) -> Result:
    """The access keys of a user, without their secrets."""
    keys = _keys_of(call, view, user_or_root(call, view))
    page, end = paging.paged_in_order(call, sorted(keys, key=lambda key: (key.created, key.id)))
    return {"AccessKeyMetadata": [_metadata(key) for key in page], **end}, []


@iam("UpdateAccessKey", needs=authorization.user)
def update_access_key(call: Call, view: View) -> Result:
    """Switch a key off or on again."""
    status = call.input["Status"]
    if status not in _STATUS.values():  # the model knows Expired, which only AWS itself may say
        fault = "Value at 'status' failed to satisfy constraint: Member must satisfy enum value set"
        raise ApiError("ValidationError", f"1 validation error detected: {fault}")
    key = _key(call, view)
    return {}, [Put(msgspec.structs.replace(key, active=status == _STATUS[True]))]


@iam("DeleteAccessKey", needs=authorization.user)
def delete_access_key(call: Call, view: View) -> Result:
    """Delete a key for good."""
    return {}, [Delete(_key(call, view).key)]


@iam("GetAccessKeyLastUsed", needs=authorization.used_access_key)
def get_access_key_last_used(call: Call, view: View) -> Result:
    """When, where and for which service a key was used last."""
    key_id = call.input["AccessKeyId"]
    key = view.get(AccessKey, GLOBAL, key_id)
    used = view.last_use(key_id)
    output: Output = {"AccessKeyLastUsed": dict(_NO_USE)}
    if used is not None:
        output["AccessKeyLastUsed"] = {
            "LastUsedDate": used.when,
            "ServiceName": used.service,
            "Region": used.region,
        }
    if key is not None and key.user_name is not None:
        output["UserName"] = key.user_name
    return output, []


def _key(call: Call, view: View) -> AccessKey:
    """The key that the call names, if it is the named user's: no other is ever acted on."""
    owner, key_id = user_or_root(call, view), call.input["AccessKeyId"]
    key = view.get(AccessKey, GLOBAL, key_id)
    owner_id = owner.id if owner is not None else None
    if key is None or key.account != call.account or key.user_id != owner_id:
        raise ApiError("NoSuchEntity", f"The Access Key with id {key_id} cannot be found.")
    return key


def _keys_of(call: Call, view: View, owner: User | None) -> list[AccessKey]:
    owner_id = owner.id if owner is not None else call.account
    return list(all_linked(AccessKey, view, GLOBAL, "owner", owner_id))


def _new_pair(call: Call, view: View) -> tuple[str, Secret]:
    """A key id that nobody has, and its secret: ids hold 39 random bits, so two can meet."""
    while True:
        key_id, secret = call.mint.long_term_key(call.account)
        if view.get(AccessKey, GLOBAL, key_id) is None:
            return key_id, secret


def _metadata(key: AccessKey) -> Output:
    shape: Output = {"AccessKeyId": key.id, "Status": _STATUS[key.active], "CreateDate": key.created}
    return shape if key.user_name is None else {"UserName": key.user_name, **shape}
