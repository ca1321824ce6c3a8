"""Station 4: may they. Gathers the layers and the condition keys, asks the policy engine, and refuses in AWS's words."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from daypass.access.asking import NOTHING
from daypass.access.authorization_message import Seal, encoded
from daypass.access.context import context_of
from daypass.access.gather import layers_of
from daypass.access.messages import denied
from daypass.access.organization import organization_keys
from daypass.policy import AccessRequest, Allow, Decision, ImplicitDeny, Layer, decide

if TYPE_CHECKING:
    from daypass.access.asking import Ask, ContextValues
    from daypass.access.caller import Caller
    from daypass.access.facts import RequestFacts
    from daypass.directory import View
    from daypass.errors import ApiError
    from daypass.policy import ExplicitDeny, Layers
    from daypass.services.registry import Call

_NEVER_ENCODED = "s3"
_OF_THE_RESOURCE = ("aws:resourcetag/", "iam:resourcetag/", "aws:resourceorg", "aws:principalorg")
"""Keys that are there only where the resource is, or because of what its policy asks."""


def request_of(ask: Ask, caller: Caller, facts: RequestFacts, about: ContextValues = NOTHING) -> AccessRequest:
    """One question as it is put to the policy engine. ``about`` are the keys that some policy alone asks for."""
    context = context_of(caller, facts)
    context["aws:resourceaccount"] = ask.account
    context.update(about)
    context.update(ask.context)
    return AccessRequest(
        principal=caller.principal,
        action=ask.action,
        resource=ask.resource,
        resource_account=ask.account,
        context=context,
    )


def question_on(ask: Ask, caller: Caller, view: View, facts: RequestFacts) -> tuple[Layers, AccessRequest]:
    """What the policy engine is asked, and the layers that have a say."""
    layers = layers_of(caller, view, ask.resource_policy)
    return layers, request_of(ask, caller, facts, organization_keys(ask, caller, layers, view))


def decision_on(ask: Ask, caller: Caller, view: View, facts: RequestFacts) -> Decision:
    """The policy engine's answer to one question, with its reasons."""
    return decide(*question_on(ask, caller, view, facts))


def allows(ask: Ask, call: Call, view: View) -> bool:
    """Whether the caller may; for questions whose answer changes an output (404 or 403, keys of a batch)."""
    return isinstance(_decided(ask, call, view)[0], Allow)


def require(ask: Ask, call: Call, view: View) -> None:
    """Raise the service's access-denied error unless the caller may."""
    decision, request = _decided(ask, call, view)
    if not isinstance(decision, Allow):
        raise _refusal(ask, call, decision, request)


def refused_unseen(ask: Ask, call: Call, why: str) -> ApiError:
    """The refusal where there is nothing to ask about: the same as where nobody allows it, so that it tells nothing.

    ``why`` is for the operator.
    """
    refusal = _refusal(ask, call, ImplicitDeny((Layer.IDENTITY,)), None)
    refusal.reason = why
    return refusal


def _refusal(ask: Ask, call: Call, decision: ExplicitDeny | ImplicitDeny, request: AccessRequest | None) -> ApiError:
    caller = call.caller
    message = None
    own = not caller.is_anonymous and caller.federation is None and caller.account == ask.account
    if call.settings.access_encoded_messages and own and call.service != _NEVER_ENCODED:
        seal = Seal(call.keyring, call.mint.nonce(), call.now)
        message = encoded(decision, _request_shown(ask, call, request), caller, seal)
    return denied(ask, decision, caller, call.service, message)


def _request_shown(ask: Ask, call: Call, request: AccessRequest | None) -> AccessRequest:
    """What an encoded message says of the request. Of a role it says the same whether there is one or not."""
    of_trust = ask.resource_policy is not None and ask.resource_policy.is_trust
    if request is not None and not of_trust:
        return request
    context = {key: value for key, value in ask.context.items() if not key.startswith(_OF_THE_RESOURCE)}
    return request_of(replace(ask, context=context), call.caller, call.facts)


def _decided(ask: Ask, call: Call, view: View) -> tuple[Decision, AccessRequest]:
    """The answer and the question, with what it means for the call's record and for the alarms noted on the call."""
    call.owner = call.owner or ask.account
    layers, request = question_on(ask, call.caller, view, call.facts)
    decision = decide(layers, request)
    call.decisions.append((ask, decision))
    if not isinstance(decision, Allow) and decision.disagreed:
        call.engines_disagreed = True
    return decision, request
