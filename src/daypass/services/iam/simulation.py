"""SimulatePrincipalPolicy and SimulateCustomPolicy: what policies would decide, without a request (IAM API Reference).

The decisions are those of the engine that serves requests. Shapes and texts of the answers follow AWS's answers as
recorded in 2026; where the API Reference says otherwise, the recordings win.

What others send is read and decided in a thread: long texts, and services whose data are not loaded yet, take a while.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from daypass.access.organization import organization_of
from daypass.errors import ApiError
from daypass.services.iam import authorization, paging
from daypass.services.iam.operations import iam
from daypass.services.iam.simulation_aside import aside
from daypass.services.iam.simulation_bounds import Page, check_texts, check_work, work_of
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
    from collections.abc import Sequence

    from daypass.directory import View
    from daypass.policy import Policy
    from daypass.services.iam.entities import Holder
    from daypass.services.iam.simulation_documents import NamedPolicy
    from daypass.services.iam.simulation_results import Shape
    from daypass.services.registry import Call, Output, Result, Rooms


@iam.with_rooms("SimulatePrincipalPolicy", needs=on_source)
async def simulate_principal_policy(call: Call, view: View, _rooms: Rooms) -> Result:
    """What the policies of a user, group or role decide, with those given added, and without those excluded."""
    entity = source(call, view)
    attached = kept(call, identity_policies(entity, view))
    own_boundary = None if excludes_boundary(call) else boundary_of(entity, view)
    # no service control policy can be stored here: in an organization AWS's FullAWSAccess stands at each level
    organization = [] if organization_of(call.account, view) is None else [[full_aws_access()]]
    page, stop = await aside(_simulate, call, entity, attached, own_boundary, organization)
    return _answer(call, page, stop), []


@iam.with_rooms("SimulateCustomPolicy", needs=authorization.account_wide)
async def simulate_custom_policy(call: Call, _view: View, _rooms: Rooms) -> Result:
    """What the policies given decide."""
    page, stop = await aside(_simulate, call, None, [], None, [])
    return _answer(call, page, stop), []


def _simulate(
    call: Call,
    entity: Holder | None,
    attached: Sequence[NamedPolicy],
    own_boundary: list[NamedPolicy] | None,
    organization: list[list[Policy]],
) -> tuple[list[Shape], int | None]:
    """The results of a page, and where the next begins. What the call gives is put over what the entity has."""
    check_texts(call)
    identity = [*attached, *given_policies(call)]
    boundary = given_boundary(call) or own_boundary
    organization = given_organization(call) or organization
    names, asked = actions(call), resources(call)
    check_handling(call, names, asked)
    resource_policy = given_resource_policy(call)
    if resource_policy is not None and not has_caller(call, entity):
        raise invalid_input("Invalid caller - Caller cannot be null or empty.")
    if resource_policy is not None and ANY in asked.arns:
        raise invalid_input(f"Invalid Entity Arn: {ANY} does not clearly define entity type and name.")
    policies = Policies(identity, boundary, resource_policy, organization)
    caller = simulated_caller(call, entity)
    work = work_of(policies, caller.context, len(asked.arns))
    check_work(work)
    scenario = Scenario(caller, policies)
    begin = _begin(call)
    page = Page(paging.max_items(call), len(asked.arns), work)
    for name in names[begin:]:
        if not page.has_room_for(name):
            break
        page.add(name, result(scenario, asked, name))
    stop = begin + len(page.results)
    return page.results, stop if stop < len(names) else None


def _answer(call: Call, results: list[Shape], stop: int | None) -> Output:
    return {"EvaluationResults": results, **paging.end(call, None if stop is None else str(stop))}


def _begin(call: Call) -> int:
    try:
        return int(paging.position(call) or 0)
    except ApiError:
        raise invalid_input("Invalid marker for pagination.") from None
