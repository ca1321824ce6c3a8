"""SimulatePrincipalPolicy and SimulateCustomPolicy: what policies would decide, without a request (IAM API Reference).

The decisions are those of the engine that serves requests. Shapes and texts of the answers follow AWS's answers as
recorded in 2026; where the API Reference says otherwise, the recordings win.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from daypass.access.organization import organization_of
from daypass.errors import ApiError
from daypass.services.iam import authorization, paging
from daypass.services.iam.operations import iam
from daypass.services.iam.simulation_context import has_caller, simulated_caller
from daypass.services.iam.simulation_decisions import Scenario
from daypass.services.iam.simulation_documents import (
    Policies,
    full_aws_access,
    given_boundary,
    given_organization,
    given_policies,
    given_resource_policy,
    invalid_input,
)
from daypass.services.iam.simulation_exclusions import excludes_boundary, kept
from daypass.services.iam.simulation_resources import ANY, actions, check_handling, resources
from daypass.services.iam.simulation_results import result
from daypass.services.iam.simulation_source import boundary_of, identity_policies, on_source, source

if TYPE_CHECKING:
    from daypass.directory import View
    from daypass.policy import Policy
    from daypass.services.iam.entities import Holder
    from daypass.services.iam.simulation_documents import NamedPolicy
    from daypass.services.registry import Call, Output, Result

MOST_DECISIONS = 1_000
"""Decisions in one answer: a page ends early rather than keep other callers waiting."""


@iam("SimulatePrincipalPolicy", needs=on_source)
def simulate_principal_policy(call: Call, view: View) -> Result:
    """What the policies of a user, group or role decide, with those given added, and without those excluded."""
    entity = source(call, view)
    attached = kept(call, identity_policies(entity, view))
    boundary = given_boundary(call)
    if boundary is None and not excludes_boundary(call):
        boundary = boundary_of(entity, view)
    # no service control policy can be stored here: in an organization AWS's FullAWSAccess stands at each level
    organization = [] if organization_of(call.account, view) is None else [[full_aws_access()]]
    return _simulate(call, entity, [*attached, *given_policies(call)], boundary, organization), []


@iam("SimulateCustomPolicy", needs=authorization.account_wide)
def simulate_custom_policy(call: Call, _view: View) -> Result:
    """What the policies given decide."""
    return _simulate(call, None, [*given_policies(call)], given_boundary(call), given_organization(call)), []


def _simulate(
    call: Call,
    entity: Holder | None,
    identity: list[NamedPolicy],
    boundary: list[NamedPolicy] | None,
    organization: list[list[Policy]],
) -> Output:
    names, asked = actions(call), resources(call)
    check_handling(call, names, asked)
    resource_policy = given_resource_policy(call)
    if resource_policy is not None and not has_caller(call, entity):
        raise invalid_input("Invalid caller - Caller cannot be null or empty.")
    if resource_policy is not None and ANY in asked.arns:
        raise invalid_input(f"Invalid Entity Arn: {ANY} does not clearly define entity type and name.")
    policies = Policies(identity, boundary, resource_policy, organization)
    scenario = Scenario(simulated_caller(call, entity), policies)
    begin = _begin(call)
    page = names[begin : begin + min(paging.max_items(call), max(1, MOST_DECISIONS // len(asked.arns)))]
    results = [result(scenario, asked, name) for name in page]
    stop = begin + len(page)
    return {"EvaluationResults": results, **paging.end(call, str(stop) if stop < len(names) else None)}


def _begin(call: Call) -> int:
    try:
        return int(paging.position(call) or 0)
    except ApiError:
        raise invalid_input("Invalid marker for pagination.") from None
