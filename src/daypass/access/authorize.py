"""Station 4: may they. Gathers the layers and the condition keys, asks the policy engine, and refuses in AWS's words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from daypass.access.context import context_of
from daypass.access.gather import layers_of
from daypass.access.messages import denied
from daypass.policy import AccessRequest, Allow, Decision, decide

if TYPE_CHECKING:
    from daypass.access.asking import Ask
    from daypass.access.caller import Caller
    from daypass.access.facts import RequestFacts
    from daypass.directory import View
    from daypass.services.registry import Call


def decision_on(ask: Ask, caller: Caller, view: View, facts: RequestFacts) -> Decision:
    """The policy engine's answer to one question, with its reasons."""
    context = context_of(caller, facts)
    context["aws:resourceaccount"] = ask.account
    context.update(ask.context)
    request = AccessRequest(
        principal=caller.principal,
        action=ask.action,
        resource=ask.resource,
        resource_account=ask.account,
        context=context,
    )
    return decide(layers_of(caller, view, ask.resource_policy), request)


def allows(ask: Ask, call: Call, view: View) -> bool:
    """Whether the caller may; for questions whose answer changes an output (404 or 403, keys of a batch)."""
    return isinstance(_decided(ask, call, view), Allow)


def require(ask: Ask, call: Call, view: View) -> None:
    """Raise the service's access-denied error unless the caller may."""
    decision = _decided(ask, call, view)
    if not isinstance(decision, Allow):
        raise denied(ask, decision, call.caller, call.service)


def _decided(ask: Ask, call: Call, view: View) -> Decision:
    """The answer, with what it means for the call's record and for the alarms noted on the call."""
    call.owner = call.owner or ask.account
    decision = decision_on(ask, call.caller, view, call.facts)
    if not isinstance(decision, Allow) and decision.disagreed:
        call.engines_disagreed = True
    return decision
