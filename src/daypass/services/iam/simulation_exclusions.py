"""PolicyExclusionList: what if these policies were not attached (IAM API Reference, PolicyIdentifier).

A policy that no identifier means stays. Resource control policies take no part in simulations, and service control
policies only in custom ones: identifiers that mean those are taken, and match nothing.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from daypass.policy.patterns import atoms, static_matcher
from daypass.services.iam.simulation_documents import invalid_input

if TYPE_CHECKING:
    from collections.abc import Callable

    from daypass.services.iam.simulation_source import AttachedPolicy
    from daypass.services.registry import Call

    Excludes = Callable[[AttachedPolicy], bool]

_POLICY_ARN: Final = re.compile(
    r"arn:aws[a-z-]*:iam::(?:aws|[0-9]{12}):policy/(?:[!-~]*/)?(?P<name>[\w+=,.@*?-]+)", re.ASCII
)
_NAME: Final = re.compile(r"[\w+=,.@-]+", re.ASCII)
_NAME_PATTERN: Final = re.compile(r"[\w+=,.@?-]*\*?[\w+=,.@?-]*", re.ASCII)
_INLINE_FORM: Final = "Invalid inline policy exclusion: policyName, attachmentType, and attachmentName are required"
_MEMBERS: Final = ("PolicyType", "PolicyArn", "InlinePolicyIdentifier")


def kept(call: Call, policies: list[AttachedPolicy]) -> list[AttachedPolicy]:
    """The policies that no identifier excludes. Raises InvalidInput for one that is no identifier."""
    excludes = [_excludes(identifier) for identifier in call.input.get("PolicyExclusionList", ())]
    return [policy for policy in policies if not any(test(policy) for test in excludes)]


def excludes_boundary(call: Call) -> bool:
    """Whether the boundary is excluded. An ARN never means it: that means policies which are attached (recorded)."""
    identifiers = call.input.get("PolicyExclusionList", ())
    return any(identifier.get("PolicyType") == "permission-boundary" for identifier in identifiers)


def _excludes(identifier: dict[str, Any]) -> Excludes:
    if len([member for member in _MEMBERS if member in identifier]) != 1:
        raise invalid_input(f"A policy exclusion must have exactly one of {', '.join(_MEMBERS)}.")
    if "PolicyType" in identifier:
        return _TYPES[identifier["PolicyType"]]
    return _by_arn(identifier["PolicyArn"]) if "PolicyArn" in identifier else _inline(identifier[_MEMBERS[2]])


def _nothing(_policy: AttachedPolicy) -> bool:
    return False


_TYPES: Final[dict[str, Excludes]] = {
    "inline": lambda policy: policy.arn is None,
    "aws-managed": lambda policy: policy.is_of_aws,
    "user-managed": lambda policy: policy.arn is not None and not policy.is_of_aws,
    "permission-boundary": _nothing,
    "scp": _nothing,
    "rcp": _nothing,
}


def _by_arn(pattern: str) -> Excludes:
    """By ARN, or by the ARN that the policy would have without its path: AWS knows it by that one (recorded)."""
    form = _POLICY_ARN.fullmatch(pattern)
    wildcards = pattern.count("*") + pattern.count("?")
    if form is None or pattern.count("*") > 1 or wildcards > form["name"].count("*") + form["name"].count("?"):
        raise invalid_input(f"Invalid policy ARN exclusion: {pattern}")
    fits = static_matcher(atoms(pattern, variables=False))

    def excludes(policy: AttachedPolicy) -> bool:
        if policy.arn is None:
            return False
        prefix, _, _ = policy.arn.partition(":policy/")
        return fits(policy.arn) or fits(f"{prefix}:policy/{policy.name}")

    return excludes


def _inline(identifier: dict[str, str]) -> Excludes:
    name, kind, holder = (identifier[member] for member in ("PolicyName", "AttachmentType", "AttachmentName"))
    if not _NAME.fullmatch(name) or not _NAME_PATTERN.fullmatch(holder):
        raise invalid_input(_INLINE_FORM)
    fits = static_matcher(atoms(holder, variables=False))
    return lambda policy: (
        policy.arn is None and policy.name == name and policy.holder.kind == kind and fits(policy.holder.name)
    )
