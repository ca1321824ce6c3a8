"""Finding what a call names, in the caller's own account, in AWS's words where it is not there.

A name finds an entity only in the spelling that it was given (IAM User Guide, "IAM identifiers"); that no two names
differ by case alone is looked after where names are given.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from daypass.directory import GLOBAL, Account, Group, InstanceProfile, ManagedPolicy, MfaDevice, Role, User
from daypass.directory.aws_managed import AwsPolicy, aws_policy
from daypass.directory.naming import is_protected, policy_name, same_name
from daypass.errors import ApiError
from daypass.policy import PrincipalKind

if TYPE_CHECKING:
    from daypass.directory import Record, View
    from daypass.services.registry import Call

Holder = User | Group | Role
"""What policies are attached to."""
H = TypeVar("H", bound=User | Group | Role)
R = TypeVar("R", bound="Record")

_HOLDERS: tuple[tuple[str, type[Holder]], ...] = (("User", User), ("Group", Group), ("Role", Role))


def holder_class(operation: str) -> type[Holder]:
    """Which kind of entity an operation such as ``AttachRolePolicy`` is about: what its name says, not its input."""
    return next(cls for word, cls in _HOLDERS if word in operation)


def find(cls: type[H], view: View, account: str, name: str) -> H | None:
    """The user, group or role of exactly that name, or None."""
    found = view.get(cls, account, same_name(name))
    return found if found is not None and found.name == name else None


def named(cls: type[H], view: View, account: str, name: str) -> H:
    """The user, group or role of exactly that name. Raises NoSuchEntity."""
    found = find(cls, view, account, name)
    if found is None:
        raise ApiError("NoSuchEntity", f"The {cls.kind} with name {name} cannot be found.")
    return found


def find_instance_profile(view: View, account: str, name: str) -> InstanceProfile | None:
    """The instance profile of exactly that name, or None."""
    found = view.get(InstanceProfile, account, same_name(name))
    return found if found is not None and found.name == name else None


def holder(call: Call, view: View) -> Holder:
    """The user, group or role that the operation is about. Raises NoSuchEntity."""
    cls = holder_class(call.operation)
    return named(cls, view, call.account, call.input[f"{cls.__name__}Name"])


def changed_holder(call: Call, view: View) -> Holder:
    """The same, to be changed. Raises UnmodifiableEntity for roles that belong to services."""
    entity = holder(call, view)
    if isinstance(entity, Role):
        check_unprotected(entity)
    return entity


def check_unprotected(role: Role) -> None:
    """Raise UnmodifiableEntity for a role that belongs to a service."""
    if is_protected(role.path):
        text = f"Cannot perform the operation on the protected role '{role.name}' - this role is only modifiable by AWS"
        raise ApiError("UnmodifiableEntity", text)


def default_user(call: Call) -> User | None:
    """Who is meant where UserName is left out: the calling user, or None for the root user itself.

    Raises ValidationError for callers that are neither (IAM API Reference: "determines the user name implicitly based
    on the AWS access key ID signing the request").
    """
    caller = call.caller
    if caller.kind is PrincipalKind.ROOT:
        return None
    if caller.kind is not PrincipalKind.USER or caller.user is None:
        raise ApiError("ValidationError", "Must specify userName when calling with non-User credentials")
    return caller.user


def user_or_root(call: Call, view: View) -> User | None:
    """The user that the call names or, where it names none, the calling one; None is the root user."""
    name = call.input.get("UserName")
    if name is not None:
        return named(User, view, call.account, name)
    user = default_user(call)
    return None if user is None else named(User, view, call.account, user.name)


def account_of(call: Call, view: View) -> Account:
    """The caller's account."""
    account = view.get(Account, GLOBAL, call.account)
    if account is None:
        raise ApiError("InvalidClientTokenId", "The security token included in the request is invalid.")
    return account


def find_policy(view: View, account: str, arn: str) -> ManagedPolicy | AwsPolicy | None:
    """The managed policy with that ARN, of AWS or of the account itself. Raises ValueError where it is no ARN."""
    parts = policy_name(arn)
    if parts is None:
        return None
    if parts.account != account:
        return aws_policy(arn)
    policy = view.get(ManagedPolicy, account, same_name(parts.name))
    return policy if policy is not None and policy.arn == arn else None


def policy_of(
    call: Call, view: View, missing: str = "does not exist or is not attachable."
) -> ManagedPolicy | AwsPolicy:
    """The managed policy that the call names by ARN. Raises NoSuchEntity."""
    arn = call.input["PolicyArn"]
    policy = find_policy(view, call.account, arn)
    if policy is None:
        raise ApiError("NoSuchEntity", f"Policy {arn} {missing}")
    return policy


def own_policy(call: Call, view: View, foreign: str, missing: str = "was not found.") -> ManagedPolicy:
    """The customer managed policy that the call is to change. ``foreign`` is what AWS says of its own policies."""
    policy = policy_of(call, view, missing)
    if isinstance(policy, AwsPolicy):
        raise ApiError("AccessDenied", foreign)
    return policy


def device_of(call: Call, view: View) -> MfaDevice:
    """The virtual MFA device that the call names. Raises NoSuchEntity."""
    serial = call.input["SerialNumber"]
    device = view.get(MfaDevice, call.account, serial)
    if device is None:
        raise no_such_device(serial)
    return device


def no_such_device(serial: str) -> ApiError:
    """What AWS says of a device that is not there, or not the user's."""
    return ApiError("NoSuchEntity", f"MFA Device with serial number {serial} does not exist.")
