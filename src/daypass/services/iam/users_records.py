"""What certificates, SSH keys and service-specific credentials of users have in common: whose they are, and their status."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from daypass.directory import User, all_linked
from daypass.errors import ApiError
from daypass.services.iam.entities import named, user_or_root

if TYPE_CHECKING:
    from daypass.directory import UsersRecord, View
    from daypass.services.registry import Call

R = TypeVar("R", bound="UsersRecord")
STATUS = {True: "Active", False: "Inactive"}

_NO_USER = "Must specify userName when calling with non-User credentials"


def owner(call: Call, view: View) -> User:
    """The user that the call names, or the calling one. The root user has none of these things here."""
    name = call.input.get("UserName")
    user = named(User, view, call.account, name) if name is not None else user_or_root(call, view)
    if user is None:
        raise ApiError("ValidationError", _NO_USER)
    return user


def records_of(cls: type[R], view: View, user: User) -> list[R]:
    """A user's records of a kind, oldest first."""
    found = all_linked(cls, view, user.account, f"owner-of-{cls.kind}", user.id)
    return sorted(found, key=lambda record: (record.uploaded, record.id))


def record_of(cls: type[R], view: View, user: User, record_id: str, missing: str) -> R:
    """One of a user's records, by its id: no other's is ever acted on. Raises NoSuchEntity."""
    record = view.get(cls, user.account, record_id)
    if record is None or record.user_id != user.id:
        raise ApiError("NoSuchEntity", missing)
    return record


def wanted_status(call: Call) -> bool:
    """Whether the call switches something on. ``Expired``, which the model knows, only AWS itself may say."""
    status = call.input["Status"]
    if status not in STATUS.values():
        fault = "Value at 'status' failed to satisfy constraint: Member must satisfy enum value set"
        raise ApiError("ValidationError", f"1 validation error detected: {fault}")
    return bool(status == STATUS[True])
