"""Everything about who may do what, in one listing (IAM API Reference: GetAccountAuthorizationDetails).

The listing goes through the kinds of entity one after another; of AWS's policies it shows those that the account uses.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from daypass.directory import Group, ManagedPolicy, Role, User
from daypass.directory.aws_managed import AwsPolicy, aws_policies
from daypass.directory.naming import policy_name
from daypass.services.iam import authorization, paging, shapes
from daypass.services.iam.instance_profiles import profiles_of
from daypass.services.iam.managed_policies import is_used
from daypass.services.iam.operations import iam
from daypass.services.iam.policy_versions import versions_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from daypass.directory import Record, View
    from daypass.services.iam.entities import Holder
    from daypass.services.registry import Call, Output, Result

_RECORDS: dict[str, type[Record]] = {"User": User, "Group": Group, "Role": Role, "LocalManagedPolicy": ManagedPolicy}
_AWS = "AWSManagedPolicy"
_KINDS = (*_RECORDS, _AWS)


@iam("GetAccountAuthorizationDetails", needs=authorization.account_wide)
def get_account_authorization_details(call: Call, view: View) -> Result:
    """Users, groups, roles and policies with all that is attached to them."""
    found, after = _page(call, view)
    output: Output = {"UserDetailList": [], "GroupDetailList": [], "RoleDetailList": [], "Policies": []}
    for record in found:
        match record:
            case User():
                output["UserDetailList"].append(_user(record))
            case Group():
                output["GroupDetailList"].append(shapes.group_shape(record) | _policies(record))
            case Role():
                output["RoleDetailList"].append(_role(record, view))
            case ManagedPolicy() | AwsPolicy():
                output["Policies"].append(_policy(record, call.account, view))
    return {**output, **paging.end(call, after)}, []


def _page(call: Call, view: View) -> tuple[list[Record | AwsPolicy], str | None]:
    """One page, and where the next begins: at a kind, after a name."""
    wanted = call.input.get("Filter") or _KINDS
    begin, _, after = paging.position(call).partition("/")
    kinds = [kind for kind in _KINDS[_KINDS.index(begin) if begin else 0 :] if kind in wanted]
    found: list[Record | AwsPolicy] = []
    for kind in kinds:
        room = paging.max_items(call) - len(found)
        if not room:
            return found, f"{kind}/"
        some, rest = _some(kind, call.account, view, after if kind == begin else "", room)
        found += some
        if rest is not None:
            return found, f"{kind}/{rest}"
    return found, None


def _some(
    kind: str, account: str, view: View, after: str, limit: int
) -> tuple[Sequence[Record | AwsPolicy], str | None]:
    if kind != _AWS:
        page = view.page(_RECORDS[kind], account, after=after, limit=limit)
        return page.records, page.next
    used = [policy for policy in aws_policies() if policy.name > after and is_used(policy, account, view)]
    return used[:limit], used[limit - 1].name if len(used) > limit else None


def _user(user: User) -> Output:
    return shapes.user_shape(user) | {"GroupList": list(user.groups)} | _policies(user)


def _role(role: Role, view: View) -> Output:
    shape = shapes.role_shape(role, view)
    profiles = [shapes.listed_instance_profile(profile, view) for profile in profiles_of(role, view)]
    for unlisted in ("Description", "MaxSessionDuration"):
        shape.pop(unlisted, None)
    return shape | {"InstanceProfileList": profiles} | _policies(role)


def _policies(holder: Holder) -> Output:
    inline = [{"PolicyName": name, "PolicyDocument": shapes.encoded(text)} for name, text in holder.policies]
    attached = [
        {"PolicyName": parts.name, "PolicyArn": arn}
        for arn in holder.attached
        if (parts := policy_name(arn)) is not None
    ]
    return {f"{type(holder).__name__}PolicyList": inline, "AttachedManagedPolicies": attached}


def _policy(policy: ManagedPolicy | AwsPolicy, account: str, view: View) -> Output:
    shape = shapes.policy_shape(policy, account, view)
    shape.pop("Tags")
    default = shapes.default_version(policy)
    versions = [
        {"Document": shapes.encoded(version.document), **shapes.version_shape(version, default)}
        for version in reversed(versions_of(policy))
    ]
    return shape | {"PolicyVersionList": versions}
