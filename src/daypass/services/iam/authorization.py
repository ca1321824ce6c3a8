"""What each operation of IAM asks to be allowed.

Source: Service Authorization Reference, "Actions, resources, and condition keys for AWS Identity and Access Management".
The action is always the operation's own name; nothing here or in an operation spells one out, but for what goes
with one: tagging with creating, passing a role with handing it out. The resource is what the call names, whether it exists or not: a refusal tells nothing about that.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from daypass.access.asking import Ask
from daypass.arns import iam_arn, root_arn
from daypass.directory import GLOBAL, AccessKey, Group, ManagedPolicy, MfaDevice, Role, User
from daypass.errors import ApiError
from daypass.services.iam.entities import default_user, find, find_instance_profile, find_policy, holder_class

if TYPE_CHECKING:
    from daypass.directory import View
    from daypass.directory.records import Tags
    from daypass.services.iam.entities import Holder
    from daypass.services.registry import Call

Context = dict[str, str | tuple[str, ...]]

TAGGING: Final = {
    "CreateUser": "TagUser",
    "CreateRole": "TagRole",
    "CreatePolicy": "TagPolicy",
    "CreateVirtualMFADevice": "TagMFADevice",
    "CreateInstanceProfile": "TagInstanceProfile",
    "UploadServerCertificate": "TagServerCertificate",
    "CreateOpenIDConnectProvider": "TagOpenIDConnectProvider",
    "CreateSAMLProvider": "TagSAMLProvider",
}
"""The further action that creating with tags asks for."""

PASSING: Final = "iam:PassRole"
"""Asked beside the operation's own action, wherever a role is handed to a service."""
EC2: Final = "ec2.amazonaws.com"

BOUNDARY_IN_FORCE: Final = frozenset(
    {
        f"{verb}{kind}{what}"
        for kind in ("User", "Role")
        for verb, what in (
            ("Attach", "Policy"),
            ("Detach", "Policy"),
            ("Put", "Policy"),
            ("Delete", "Policy"),
            ("Delete", "PermissionsBoundary"),
        )
    }
)
"""Operations whose ``iam:PermissionsBoundary`` is the boundary that the entity has; elsewhere it is the call's own."""


def user(call: Call, view: View) -> list[Ask]:
    """The user that the call names, or the calling user where it names none."""
    name = call.input.get("UserName")
    if name is None:
        own = default_user(call)
        if own is None:
            return [_ask(call, root_arn(call.account))]
        return [_ask(call, own.arn, f"user {own.name}", _of_entity(call, own))]
    return _of_holder(call, view, User, name)


def holder(call: Call, view: View) -> list[Ask]:
    """The user, group or role that the operation is about by its name (``AttachRolePolicy``)."""
    cls = holder_class(call.operation)
    return _of_holder(call, view, cls, call.input[f"{cls.__name__}Name"])


def group(call: Call, view: View) -> list[Ask]:
    """The group that the call names. Adding a user to it asks for the group alone, as on AWS."""
    return _of_holder(call, view, Group, call.input["GroupName"])


def role(call: Call, view: View) -> list[Ask]:
    """The role that the call names."""
    return _of_holder(call, view, Role, call.input["RoleName"])


def boundary(call: Call, view: View) -> list[Ask]:
    """Putting a boundary on a user or role: as :func:`holder`, but refusals print an ARN, without the path."""
    cls = holder_class(call.operation)
    (ask,) = holder(call, view)
    return [replace(ask, shown=iam_arn(call.account, cls.kind, "/", call.input[f"{cls.__name__}Name"]))]


def renamed_user(call: Call, view: View) -> list[Ask]:
    """UpdateUser: the user under its old ARN and under its new one."""
    return _renamed(call, view, User)


def renamed_group(call: Call, view: View) -> list[Ask]:
    """UpdateGroup: the group under its old ARN and under its new one."""
    return _renamed(call, view, Group)


def new_user(call: Call, _view: View) -> list[Ask]:
    """The user to be."""
    return created(call, new_arn(call, "user", "UserName"))


def new_group(call: Call, _view: View) -> list[Ask]:
    """The group to be."""
    return created(call, new_arn(call, "group", "GroupName"))


def new_role(call: Call, _view: View) -> list[Ask]:
    """The role to be."""
    return created(call, new_arn(call, "role", "RoleName"))


def new_policy(call: Call, _view: View) -> list[Ask]:
    """The managed policy to be."""
    return created(call, new_arn(call, "policy", "PolicyName"), f"policy {call.input['PolicyName']}")


def new_mfa_device(call: Call, _view: View) -> list[Ask]:
    """The virtual MFA device to be."""
    return created(call, new_arn(call, "mfa", "VirtualMFADeviceName"))


def policy(call: Call, view: View) -> list[Ask]:
    """The managed policy that the call names by ARN. Raises ValidationError for what is no ARN."""
    arn = call.input["PolicyArn"]
    try:
        found = find_policy(view, call.account, arn)
    except ValueError:
        raise ApiError("ValidationError", f"ARN {arn} is not valid.") from None
    tags = found.tags if isinstance(found, ManagedPolicy) else ()
    return [_ask(call, arn, f"policy {arn}", _resource_tags(tags) | _request_tags(call))]


def mfa_device(call: Call, view: View) -> list[Ask]:
    """The MFA device that the call names by serial number."""
    serial = call.input["SerialNumber"]
    device = view.get(MfaDevice, call.account, serial)
    tags = _resource_tags(device.tags) if device is not None else {}
    return [_ask(call, serial, None, tags | _request_tags(call))]


def new_instance_profile(call: Call, _view: View) -> list[Ask]:
    """The instance profile to be."""
    return created(call, new_arn(call, "instance-profile", "InstanceProfileName"))


def instance_profile(call: Call, view: View) -> list[Ask]:
    """The instance profile that the call names."""
    name = call.input["InstanceProfileName"]
    found = find_instance_profile(view, call.account, name)
    arn = iam_arn(call.account, "instance-profile", "/", name) if found is None else found.arn
    tags = _resource_tags(found.tags) if found is not None else {}
    return [_ask(call, arn, f"instance profile {name}", tags | _request_tags(call))]


def instance_profile_and_role(call: Call, view: View) -> list[Ask]:
    """AddRoleToInstanceProfile: the profile, and handing the role to EC2.

    IAM User Guide, "Grant a user permissions to pass a role to an AWS service".
    """
    found = find(Role, view, call.account, call.input["RoleName"])
    arn = iam_arn(call.account, "role", "/", call.input["RoleName"]) if found is None else found.arn
    tags = _resource_tags(found.tags) if found is not None else {}
    context = tags | {"iam:passedtoservice": EC2}
    return [*instance_profile(call, view), Ask(PASSING, arn, call.account, context)]


def of_service_role(call: Call, arn: str, service: str) -> Ask:
    """A service-linked role, by ARN, and the service that it is linked to."""
    return _ask(call, arn, None, {"iam:awsservicename": service} if service else {})


def used_access_key(call: Call, view: View) -> list[Ask]:
    """GetAccessKeyLastUsed: the user whose key it is. AWS has a text of its own for keys of nobody, or of others."""
    key_id = call.input["AccessKeyId"]
    key = view.get(AccessKey, GLOBAL, key_id)
    if key is not None and key.account == call.account:
        if key.user_id is None:
            return [_ask(call, root_arn(call.account))]
        owner = view.by_id(User, key.user_id)
        if owner is not None:
            return [_ask(call, owner.arn, f"user {owner.name}", _of_entity(call, owner))]
    who = f"User: {call.caller.arn} is not authorized to perform iam:{call.operation}"
    raise ApiError("AccessDenied", f"{who} on resource: access key {key_id}")


def listed_users(call: Call, _view: View) -> list[Ask]:
    """All users under a path."""
    return [_ask(call, iam_arn(call.account, "user", call.input.get("PathPrefix", "/"), ""))]


def listed_groups(call: Call, _view: View) -> list[Ask]:
    """All groups under a path."""
    return [_ask(call, iam_arn(call.account, "group", call.input.get("PathPrefix", "/"), ""))]


def listed_roles(call: Call, _view: View) -> list[Ask]:
    """All roles under a path."""
    return [_ask(call, iam_arn(call.account, "role", call.input.get("PathPrefix", "/"), ""))]


def listed_instance_profiles(call: Call, _view: View) -> list[Ask]:
    """All instance profiles under a path."""
    return [_ask(call, iam_arn(call.account, "instance-profile", call.input.get("PathPrefix", "/"), ""))]


def listed_policies(call: Call, _view: View) -> list[Ask]:
    """All managed policies under a path."""
    prefix = call.input.get("PathPrefix", "/")
    return [_ask(call, iam_arn(call.account, "policy", prefix, ""), f"policy path {prefix}")]


def listed_mfa_devices(call: Call, _view: View) -> list[Ask]:
    """All virtual MFA devices."""
    return [_ask(call, iam_arn(call.account, "mfa", "/", ""))]


def account_wide(call: Call, _view: View) -> list[Ask]:
    """An operation without a resource."""
    return [_ask(call, "*")]


def _ask(call: Call, resource: str, shown: str | None = None, context: Context | None = None) -> Ask:
    return Ask(f"iam:{call.operation}", resource, call.account, context or {}, shown=shown)


def _of_holder(call: Call, view: View, cls: type[Holder], name: str) -> list[Ask]:
    found = find(cls, view, call.account, name)
    arn = found.arn if found is not None else iam_arn(call.account, cls.kind, "/", name)
    return [_ask(call, arn, f"{cls.kind} {name}", _of_entity(call, found))]


def _renamed(call: Call, view: View, cls: type[User | Group]) -> list[Ask]:
    word = cls.__name__
    old_name = call.input[f"{word}Name"]
    (old,) = _of_holder(call, view, cls, old_name)
    found = find(cls, view, call.account, old_name)
    path = call.input.get("NewPath", found.path if found is not None else "/")
    name = call.input.get(f"New{word}Name", old_name)
    arn = iam_arn(call.account, cls.kind, path, name)
    return [old] if arn == old.resource else [old, _ask(call, arn, f"{cls.kind} {name}", dict(old.context))]


def new_arn(call: Call, kind: str, member: str) -> str:
    """The ARN of what the call makes, by the parameter that names it."""
    return iam_arn(call.account, kind, call.input.get("Path", "/"), call.input[member])


def on_tagged(call: Call, arn: str, tags: Tags, shown: str | None = None) -> Ask:
    """Something with tags that the call names, whether it is there or not."""
    return _ask(call, arn, shown, _resource_tags(tags) | _request_tags(call))


def created(call: Call, arn: str, shown: str | None = None) -> list[Ask]:
    """What the call makes, and tagging it where it is to have tags."""
    context = _request_tags(call)
    if "PermissionsBoundary" in call.input:
        context["iam:permissionsboundary"] = call.input["PermissionsBoundary"]
    asks = [_ask(call, arn, shown, context)]
    if call.input.get("Tags"):
        asks.append(Ask(f"iam:{TAGGING[call.operation]}", arn, call.account, _request_tags(call), shown=shown))
    return asks


def _of_entity(call: Call, entity: Holder | None) -> Context:
    """The condition keys of an operation on one user, group or role."""
    context = _request_tags(call)
    if "PolicyArn" in call.input:
        context["iam:policyarn"] = call.input["PolicyArn"]
    own_boundary = entity.boundary if isinstance(entity, User | Role) else None
    if call.operation not in BOUNDARY_IN_FORCE:
        own_boundary = call.input.get("PermissionsBoundary")
    if own_boundary is not None:
        context["iam:permissionsboundary"] = own_boundary
    if isinstance(entity, User | Role):
        context |= _resource_tags(entity.tags)
        context |= {f"iam:resourcetag/{key.lower()}": value for key, value in entity.tags}
    return context


def _request_tags(call: Call) -> Context:
    tags = tuple((tag["Key"], tag["Value"]) for tag in call.input.get("Tags", ()))
    context = _by_key("aws:requesttag/", tags)
    keys = tuple(key for key, _ in tags) or tuple(call.input.get("TagKeys", ()))
    if keys:
        context["aws:tagkeys"] = keys
    return context


def _resource_tags(tags: Tags) -> Context:
    return _by_key("aws:resourcetag/", tags)


def _by_key(prefix: str, tags: Tags) -> Context:
    """Condition keys ignore case where the tags of policies and devices do not: then one key has several values."""
    values: dict[str, tuple[str, ...]] = {}
    for key, value in tags:
        name = f"{prefix}{key.lower()}"
        values[name] = (*values.get(name, ()), value)
    return {name: several if len(several) > 1 else several[0] for name, several in values.items()}
