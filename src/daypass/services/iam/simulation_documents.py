"""The policies that a simulation is given as texts (IAM API Reference, SimulateCustomPolicy).

They are hypothetical: nothing that they name has to exist, and a document without a Version is one of 2008.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final

from daypass.errors import ApiError
from daypass.policy import Grammar, PolicyProblem, parse

if TYPE_CHECKING:
    from daypass.policy import Policy
    from daypass.services.registry import Call

IAM_POLICY: Final = "IAM Policy"
BOUNDARY_POLICY: Final = "Permissions Boundary Policy"
RESOURCE_POLICY: Final = "Resource Policy"
"""What kind of policy a statement stands in, as the simulators' answers have it (recorded; the model's enumeration says
something else)."""


@dataclass(frozen=True, slots=True)
class NamedPolicy:
    """A policy under the name that the answer calls it by (``SourcePolicyId``)."""

    id: str
    kind: str
    policy: Policy


@dataclass(frozen=True, slots=True)
class Policies:
    """All that has a say in a simulation. A boundary of None does not exist; an empty one allows nothing."""

    identity: list[NamedPolicy]
    boundary: list[NamedPolicy] | None
    resource: NamedPolicy | None
    organization: list[list[Policy]]


@cache
def full_aws_access() -> Policy:
    """AWS's service control policy FullAWSAccess, which allows everything."""
    return parse(
        '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}', Grammar.SERVICE_CONTROL
    )


def given_policies(call: Call) -> list[NamedPolicy]:
    """The documents of PolicyInputList."""
    return [
        NamedPolicy(
            f"PolicyInputList.{number}",
            IAM_POLICY,
            _parsed(text, f"Policy input list item {number}", Grammar.SESSION),
        )
        for number, text in enumerate(call.input.get("PolicyInputList", ()), 1)
    ]


def given_boundary(call: Call) -> list[NamedPolicy] | None:
    """The one document of PermissionsBoundaryPolicyInputList, or None where no boundary is given."""
    texts = call.input.get("PermissionsBoundaryPolicyInputList") or ()
    if len(texts) > 1:
        raise invalid_input("The list of Permissions Boundary policies cannot exceed 1 items.")
    return [
        NamedPolicy(
            "PermissionsBoundaryPolicyInputList.1",
            BOUNDARY_POLICY,
            _parsed(text, "Permissions Boundary policy input list item 1", Grammar.SESSION),
        )
        for text in texts
    ] or None


def given_organization(call: Call) -> list[list[Policy]]:
    """The service control policies of each level, from the organization's root to the account."""
    levels = []
    for number, level in enumerate(call.input.get("OrderedOrganizationPolicyInputList", ()), 1):
        texts = level.get("ServiceControlPolicyInputList") or ()
        if not texts:
            raise invalid_input(
                f"Organization policy at index {number} must contain at least one service control policy"
            )
        what = f"Organization policy at index {number}"
        levels.append([_parsed(text, what, Grammar.SERVICE_CONTROL) for text in texts])
    return levels


def given_resource_policy(call: Call) -> NamedPolicy | None:
    """The resource-based policy, if one is given. It must name resources: AWS's simulators take no ``*`` in it."""
    text = call.input.get("ResourcePolicy")
    if text is None:
        return None
    policy = _parsed(text, "Resource policy", Grammar.ENDPOINT, Grammar.BUCKET)
    if any("*" in (statement.resources or ()) for statement in policy.statements):
        raise invalid_input("ResourceNames are not in a valid ARN format: *.")
    return NamedPolicy("ResourcePolicy", RESOURCE_POLICY, policy)


def _parsed(text: str, what: str, *grammars: Grammar) -> Policy:
    """The policy, by the first grammar that takes it."""
    for grammar in grammars:
        try:
            return parse(text, grammar)
        except PolicyProblem:
            continue
    raise invalid_input(f"{what} has invalid content")


def invalid_input(message: str) -> ApiError:
    """The simulators' one refusal of what they are given."""
    return ApiError("InvalidInput", message)
