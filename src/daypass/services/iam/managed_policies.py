"""Managed policies: of the account, which may change them, and of AWS, which nobody else may (IAM API Reference)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from daypass.directory import Delete, Group, ManagedPolicy, PolicyVersion, Put, Role, User, all_linked, all_of
from daypass.directory.aws_managed import AwsPolicy, aws_policies
from daypass.directory.naming import check_name, check_path, same_name
from daypass.directory.quotas import Quota
from daypass.errors import ApiError
from daypass.services.iam import authorization, paging, shapes, tagging
from daypass.services.iam.documents import checked_managed
from daypass.services.iam.entities import own_policy, policy_of
from daypass.services.iam.operations import iam

if TYPE_CHECKING:
    from collections.abc import Iterator

    from daypass.directory import View
    from daypass.services.iam.entities import Holder
    from daypass.services.registry import Call, Output, Result

USAGE_LINKS = {"PermissionsPolicy": "policy", "PermissionsBoundary": "boundary"}
"""The links that count as a use, by the values of PolicyUsageFilter."""
_LISTS: tuple[tuple[str, type[Holder]], ...] = (("User", User), ("Group", Group), ("Role", Role))


@iam("CreatePolicy", needs=authorization.new_policy)
def create_policy(call: Call, view: View) -> Result:
    """Make a managed policy, with its first version in force."""
    name, path = call.input["PolicyName"], call.input.get("Path", "/")
    check_name(name, "PolicyName")
    check_path(path)
    tags = tagging.given_tags(call.input.get("Tags", ()), ignoring_case=False)
    document = checked_managed(call.input["PolicyDocument"])
    if view.get(ManagedPolicy, call.account, same_name(name)) is not None:
        raise ApiError(
            "EntityAlreadyExists", f"A policy called {name} already exists. Duplicate names are not allowed."
        )
    Quota.POLICIES.check(view.count(ManagedPolicy, call.account) + 1)
    now = int(call.now)
    policy = ManagedPolicy(
        account=call.account,
        name=name,
        path=path,
        id=call.mint.unique_id("ANPA", call.account),
        created=now,
        updated=now,
        versions=(PolicyVersion(1, document, now),),
        default_version=1,
        next_version=2,
        description=call.input.get("Description"),
        tags=tags,
    )
    shape = shapes.listed_policy(policy, call.account, view)
    if tags:
        shape["Tags"] = tagging.shown(tags)
    return {"Policy": shape}, [Put(policy)]


@iam("GetPolicy", needs=authorization.policy)
def get_policy(call: Call, view: View) -> Result:
    """Show a managed policy, without its document."""
    return {"Policy": shapes.policy_shape(policy_of(call, view), call.account, view)}, []


@iam("DeletePolicy", needs=authorization.policy)
def delete_policy(call: Call, view: View) -> Result:
    """Delete a managed policy that nothing uses, once its other versions are deleted."""
    policy = own_policy(call, view, foreign="Cannot delete policies outside your own account.")
    if is_used(policy, call.account, view):
        raise ApiError("DeleteConflict", "Cannot delete a policy attached to entities.")
    if len(policy.versions) > 1:
        raise ApiError(
            "DeleteConflict",
            "This policy has more than one version. Before you delete a policy, you must delete the policy's versions. "
            "The default version is deleted with the policy.",
        )
    return {}, [Delete(policy.key)]


@iam("ListPolicies", needs=authorization.listed_policies)
def list_policies(call: Call, view: View) -> Result:
    """The managed policies that the account may attach: AWS's and its own, by name."""
    page, end = paging.paged(call, _listed(call, view), _by_name)
    return {"Policies": [shapes.listed_policy(policy, call.account, view) for policy in page], **end}, []


@iam("ListEntitiesForPolicy", needs=authorization.policy)
def list_entities_for_policy(call: Call, view: View) -> Result:
    """Who uses a managed policy, attached or as boundary."""
    page, end = paging.paged(call, _users_of(call, view), lambda entity: f"{entity.kind}/{same_name(entity.name)}")
    output: Output = {f"Policy{word}s": [] for word, _ in _LISTS}
    for entity in page:
        word = type(entity).__name__
        output[f"Policy{word}s"].append({f"{word}Name": entity.name, f"{word}Id": entity.id})
    return {**output, **end}, []


@iam("TagPolicy", needs=authorization.policy)
def tag_policy(call: Call, view: View) -> Result:
    """Put tags on a managed policy. Keys are told apart by case."""
    policy = own_policy(call, view, foreign=_FOREIGN_UPDATE)
    new = tagging.given_tags(call.input["Tags"], ignoring_case=False)
    tags = tagging.merged(policy.tags, new, ignoring_case=False)
    return {}, [Put(msgspec.structs.replace(policy, tags=tags))]


@iam("UntagPolicy", needs=authorization.policy)
def untag_policy(call: Call, view: View) -> Result:
    """Take tags off a managed policy."""
    policy = own_policy(call, view, foreign=_FOREIGN_UPDATE)
    tags = tagging.without(policy.tags, call.input["TagKeys"], ignoring_case=False)
    return {}, [Put(msgspec.structs.replace(policy, tags=tags))]


@iam("ListPolicyTags", needs=authorization.policy)
def list_policy_tags(call: Call, view: View) -> Result:
    """The tags of a managed policy."""
    policy = policy_of(call, view)
    page, end = paging.paged_in_order(call, [] if isinstance(policy, AwsPolicy) else tagging.shown(policy.tags))
    return {"Tags": page, **end}, []


_FOREIGN_UPDATE = "Cannot update policies outside your own account."


def _listed(call: Call, view: View) -> Iterator[ManagedPolicy | AwsPolicy]:
    scope, prefix = call.input.get("Scope", "All"), call.input.get("PathPrefix", "/")
    links = _filtered_links(call)
    must_be_used = call.input.get("OnlyAttached", False) or "PolicyUsageFilter" in call.input
    for policy in _in_scope(call, view, scope, prefix):
        if not must_be_used or any(view.count_linked(call.account, link, policy.arn) for link in links):
            yield policy


def _in_scope(call: Call, view: View, scope: str, prefix: str) -> Iterator[ManagedPolicy | AwsPolicy]:
    if scope != "Local":
        yield from (policy for policy in aws_policies() if policy.path.startswith(prefix))
    if scope != "AWS":
        yield from all_of(ManagedPolicy, view, call.account, prefix)


def _users_of(call: Call, view: View) -> Iterator[Holder]:
    arn, prefix = policy_of(call, view).arn, call.input.get("PathPrefix", "/")
    links = USAGE_LINKS.values() if "PolicyUsageFilter" not in call.input else _filtered_links(call)
    wanted = call.input.get("EntityFilter")
    for word, cls in _LISTS:
        if wanted is None or wanted == word:
            found = {e.key: e for link in links for e in all_linked(cls, view, call.account, link, arn)}
            yield from (entity for entity in found.values() if entity.path.startswith(prefix))


def _filtered_links(call: Call) -> tuple[str, ...]:
    return (USAGE_LINKS[call.input.get("PolicyUsageFilter", "PermissionsPolicy")],)


def is_used(policy: ManagedPolicy | AwsPolicy, account: str, view: View) -> bool:
    """Whether anybody in the account has the policy attached, or as boundary."""
    return any(view.count_linked(account, link, policy.arn) for link in USAGE_LINKS.values())


def _by_name(policy: ManagedPolicy | AwsPolicy) -> str:
    return f"{same_name(policy.name)}/{'aws' if isinstance(policy, AwsPolicy) else 'local'}"
