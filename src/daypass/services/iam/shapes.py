"""Records as IAM's answers show them (IAM API Reference, "Data Types"), in the service model's member names.

Policy documents are percent-encoded once (RFC 3986). Listings show less than reads: no tags, no boundary.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from daypass.directory import Role
from daypass.directory.aws_managed import AwsPolicy
from daypass.directory.naming import same_name
from daypass.services.iam import tagging, trust

if TYPE_CHECKING:
    from daypass.directory import Group, InstanceProfile, ManagedPolicy, PolicyVersion, User, View

Shape = dict[str, Any]


def encoded(document: str) -> str:
    """A policy document as answers carry it: all but unreserved characters as ``%XX``."""
    return quote(document, safe="")


def listed_user(user: User) -> Shape:
    """A user in a listing."""
    return {
        "Path": user.path,
        "UserName": user.name,
        "UserId": user.id,
        "Arn": user.arn,
        "CreateDate": user.created,
    }


def user_shape(user: User) -> Shape:
    """A user as GetUser and CreateUser show it."""
    return listed_user(user) | _boundary_and_tags(user)


def group_shape(group: Group) -> Shape:
    """A group."""
    return {
        "Path": group.path,
        "GroupName": group.name,
        "GroupId": group.id,
        "Arn": group.arn,
        "CreateDate": group.created,
    }


def created_role(role: Role, view: View) -> Shape:
    """A role as CreateRole shows it: without description and longest session, even where they were given."""
    shape = {
        "Path": role.path,
        "RoleName": role.name,
        "RoleId": role.id,
        "Arn": role.arn,
        "CreateDate": role.created,
        "AssumeRolePolicyDocument": encoded(trust.shown(role, view)),
    }
    return shape | _boundary_and_tags(role)


def described_role(role: Role, view: View) -> Shape:
    """A role as UpdateRoleDescription shows it."""
    return created_role(role, view) | _description(role)


def listed_role(role: Role, view: View) -> Shape:
    """A role in a listing."""
    shape = described_role(role, view) | {"MaxSessionDuration": role.max_session_duration}
    shape.pop("Tags", None)
    shape.pop("PermissionsBoundary", None)
    return shape


def role_shape(role: Role, view: View) -> Shape:
    """A role as GetRole shows it. ``RoleLastUsed`` is there, and empty until the role is used."""
    used = view.last_use(role.id)
    return described_role(role, view) | {
        "MaxSessionDuration": role.max_session_duration,
        "RoleLastUsed": {} if used is None else {"LastUsedDate": used.when, "Region": used.region},
    }


def listed_instance_profile(profile: InstanceProfile, view: View) -> Shape:
    """An instance profile with the role in it, if there is one."""
    role = view.get(Role, profile.account, same_name(profile.role)) if profile.role is not None else None
    return {
        "Path": profile.path,
        "InstanceProfileName": profile.name,
        "InstanceProfileId": profile.id,
        "Arn": profile.arn,
        "CreateDate": profile.created,
        "Roles": [] if role is None else [created_role(role, view)],
    }


def listed_policy(policy: ManagedPolicy | AwsPolicy, account: str, view: View) -> Shape:
    """A managed policy in a listing. The counts are those of the asking account."""
    return {
        "PolicyName": policy.name,
        "PolicyId": policy.id,
        "Arn": policy.arn,
        "Path": policy.path,
        "DefaultVersionId": f"v{default_version(policy)}",
        "AttachmentCount": view.count_linked(account, "policy", policy.arn),
        "PermissionsBoundaryUsageCount": view.count_linked(account, "boundary", policy.arn),
        "IsAttachable": policy.attachable if isinstance(policy, AwsPolicy) else True,
        "CreateDate": policy.created,
        "UpdateDate": policy.updated,
    }


def policy_shape(policy: ManagedPolicy | AwsPolicy, account: str, view: View) -> Shape:
    """A managed policy as GetPolicy shows it: always with its tags."""
    shape = listed_policy(policy, account, view)
    if isinstance(policy, AwsPolicy):
        return shape | {"Tags": []}
    return shape | _description(policy) | {"Tags": tagging.shown(policy.tags)}


def default_version(policy: ManagedPolicy | AwsPolicy) -> int:
    """The number of the version that is in force."""
    return policy.version if isinstance(policy, AwsPolicy) else policy.default_version


def version_shape(version: PolicyVersion, default: int) -> Shape:
    """One version of a managed policy, without its document."""
    return {
        "VersionId": f"v{version.number}",
        "IsDefaultVersion": version.number == default,
        "CreateDate": version.created,
    }


def _description(described: Role | ManagedPolicy) -> Shape:
    return {} if described.description is None else {"Description": described.description}


def _boundary_and_tags(entity: User | Role) -> Shape:
    shape: Shape = {}
    if entity.boundary is not None:
        # the model's enum says PermissionsBoundaryPolicy; AWS answers Policy
        shape["PermissionsBoundary"] = {
            "PermissionsBoundaryType": "Policy",
            "PermissionsBoundaryArn": entity.boundary,
        }
    if entity.tags:
        shape["Tags"] = tagging.shown(entity.tags)
    return shape
