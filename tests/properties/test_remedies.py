"""What is suggested to whom was refused really allows, and allows nothing else that was asked for.

``HYPOTHESIS_EXAMPLES`` sets how many examples each property gets(300 by default; fewer are tried where much is drawn in vain).
"""

from __future__ import annotations

import os
from dataclasses import replace

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from policystrategies import ACTIONS, CALLERS, RESOURCES, requests, worlds

from daypass.access.remedies import Addition, Obstacle, applied, remedies
from daypass.policy import AccessRequest, Allow, ImplicitDeny, Layers, PrincipalKind, decide

EXAMPLES = int(os.environ.get("HYPOTHESIS_EXAMPLES", "300"))
fewer = settings(max_examples=max(EXAMPLES // 3, 1), deadline=None, suppress_health_check=list(HealthCheck))
picky = settings(fewer, max_examples=max(EXAMPLES // 10, 1))


def cannot_be_said(request: AccessRequest, layers: Layers) -> bool:
    """Trust policies speak of STS alone, so they can never allow what is not its action."""
    return layers.resource_is_trust and not request.action.startswith("sts:")


@fewer
@given(layers=worlds(), request=requests())
def test_all_suggested_changes_together_allow_and_each_is_needed(layers: Layers, request: AccessRequest) -> None:
    decision = decide(layers, request)
    changes = remedies(decision, layers, request)
    if isinstance(decision, Allow):
        assert changes == ()
        return
    if cannot_be_said(request, layers):
        return
    assert isinstance(decide(applied(changes, layers), request), Allow)
    denies = [change for change in changes if isinstance(change, Obstacle)]
    if isinstance(decision, ImplicitDeny):
        assert [change.layer for change in changes] == list(decision.silent)
    else:
        assert [change.seen.where for change in denies] == list(decision.by)
    for change in changes:
        if isinstance(change, Addition) and change.enough:
            assert isinstance(decide(applied([*denies, change], layers), request), Allow)


@picky
@given(layers=worlds(), request=requests(), data=st.data())
def test_added_statements_allow_no_other_request(layers: Layers, request: AccessRequest, data: st.DataObject) -> None:
    """Another action, another resource, or another caller who is not one of the same role: decided as before."""
    additions = [c for c in remedies(decide(layers, request), layers, request) if isinstance(c, Addition)]
    assume(additions)
    other = data.draw(
        st.one_of(
            st.sampled_from(ACTIONS).map(lambda action: replace(request, action=action)),
            st.sampled_from(RESOURCES).map(lambda resource: replace(request, resource=resource)),
        )
    )
    assume(other != request)
    assume(request.resource != "*" or other.action != request.action)
    assume(not (layers.resource_is_trust and other.action == request.action))  # a trust policy names no resource
    assert type(decide(applied(additions, layers), other)) is type(decide(layers, other))


@picky
@given(layers=worlds(), request=requests(), caller=st.sampled_from(CALLERS))
def test_a_resource_policy_opens_to_nobody_else(layers: Layers, request: AccessRequest, caller: object) -> None:
    changes = remedies(decide(layers, request), layers, request)
    at_resource = [c for c in changes if isinstance(c, Addition) and "Principal" in c.statement]
    assume(at_resource)
    assume(all(c.statement["Principal"] != "*" for c in at_resource))
    other = replace(request, principal=caller)
    assume(not set(request.principal.through) & {*other.principal.through, *other.principal.direct})
    assume(not set(request.principal.direct) & set(other.principal.through))
    assume(other.principal != request.principal)
    assume(request.principal.kind is not PrincipalKind.ROOT or other.principal.account != request.principal.account)
    assert type(decide(applied(at_resource, layers), other)) is type(decide(layers, other))
