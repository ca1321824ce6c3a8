"""Versions of managed policies (IAM User Guide, "Versioning IAM policies"). Numbers are never used twice.

Of AWS's own policies only the version in force is known here; asking for another is asking for what is not there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from daypass.directory import PolicyVersion, Put
from daypass.directory.aws_managed import AwsPolicy
from daypass.directory.quotas import VERSIONS_PER_POLICY
from daypass.errors import ApiError
from daypass.services.iam import authorization, paging, shapes
from daypass.services.iam.documents import checked_managed
from daypass.services.iam.entities import find_policy, own_policy, policy_of
from daypass.services.iam.operations import iam

if TYPE_CHECKING:
    from daypass.directory import ManagedPolicy, View
    from daypass.services.registry import Call, Result

_FOREIGN_UPDATE = "Cannot update policies outside your own account."
_FOREIGN_DELETE = "Cannot delete policy versions for policies outside your own account."
_MISSING = "does not exist or is not attachable."
_FULL = (
    f"A managed policy can have up to {VERSIONS_PER_POLICY} versions. "
    "Before you create a new version, you must delete an existing version."
)


@iam("CreatePolicyVersion", needs=authorization.policy)
def create_policy_version(call: Call, view: View) -> Result:
    """Add a version to a managed policy, and put it in force if so asked."""
    policy = own_policy(call, view, foreign=_FOREIGN_UPDATE, missing=_MISSING)
    document = checked_managed(call.input["PolicyDocument"])
    if len(policy.versions) >= VERSIONS_PER_POLICY:
        raise ApiError("LimitExceeded", _FULL)
    version = PolicyVersion(policy.next_version, document, int(call.now))
    default = version.number if call.input.get("SetAsDefault", False) else policy.default_version
    changed = msgspec.structs.replace(
        policy,
        versions=(*policy.versions, version),
        default_version=default,
        next_version=version.number + 1,
        updated=version.created,
    )
    return {"PolicyVersion": shapes.version_shape(version, default)}, [Put(changed)]


@iam("GetPolicyVersion", needs=authorization.policy)
def get_policy_version(call: Call, view: View) -> Result:
    """Show a version with its document."""
    policy = find_policy(view, call.account, call.input["PolicyArn"])
    version = _version(call, policy)
    default = version.number if policy is None else shapes.default_version(policy)
    shape = shapes.version_shape(version, default)
    return {"PolicyVersion": {"Document": shapes.encoded(version.document), **shape}}, []


@iam("ListPolicyVersions", needs=authorization.policy)
def list_policy_versions(call: Call, view: View) -> Result:
    """The versions of a managed policy, newest first, without documents."""
    policy = policy_of(call, view)
    default = shapes.default_version(policy)
    versions = sorted(versions_of(policy), key=lambda version: -version.number)
    page, end = paging.paged_in_order(call, [shapes.version_shape(version, default) for version in versions])
    return {"Versions": page, **end}, []


@iam("SetDefaultPolicyVersion", needs=authorization.policy)
def set_default_policy_version(call: Call, view: View) -> Result:
    """Put another version in force, for all to whom the policy is attached."""
    policy = find_policy(view, call.account, call.input["PolicyArn"])
    version = _version(call, policy)
    if policy is None or isinstance(policy, AwsPolicy):
        raise ApiError("AccessDenied", _FOREIGN_UPDATE)
    return {}, [Put(msgspec.structs.replace(policy, default_version=version.number))]


@iam("DeletePolicyVersion", needs=authorization.policy)
def delete_policy_version(call: Call, view: View) -> Result:
    """Delete a version that is not in force."""
    policy = find_policy(view, call.account, call.input["PolicyArn"])
    if isinstance(policy, AwsPolicy):
        raise ApiError("AccessDenied", _FOREIGN_DELETE)
    gone = _version(call, policy)
    if policy is None or gone.number == policy.default_version:
        raise ApiError("DeleteConflict", "Cannot delete the default version of a policy.")
    kept = tuple(version for version in policy.versions if version.number != gone.number)
    return {}, [Put(msgspec.structs.replace(policy, versions=kept))]


def _version(call: Call, policy: ManagedPolicy | AwsPolicy | None) -> PolicyVersion:
    wanted = call.input["VersionId"]
    for version in versions_of(policy):
        if f"v{version.number}" == wanted:
            return version
    raise ApiError("NoSuchEntity", f"Policy {call.input['PolicyArn']} version {wanted} {_MISSING}")


def versions_of(policy: ManagedPolicy | AwsPolicy | None) -> tuple[PolicyVersion, ...]:
    """The versions that are there, oldest first."""
    if policy is None:
        return ()
    if isinstance(policy, AwsPolicy):
        return (PolicyVersion(policy.version, policy.document, policy.updated),)
    return policy.versions
