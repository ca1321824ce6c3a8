"""GetFederationToken (STS API Reference): a session that a user opens for somebody it vouches for.

Its permissions are the user's, limited by the session policies; without any it has none at all, except where a resource
policy names the federated user (sts.md 4.9).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from daypass.access.asking import Ask
from daypass.arns import federated_user_arn
from daypass.credentials import SessionKind
from daypass.policy import PrincipalKind
from daypass.services.sts.get_session_token import long_term_duration
from daypass.services.sts.issuing import caller_facts, issue
from daypass.services.sts.operations import sts
from daypass.services.sts.session_policies import session_policies
from daypass.services.sts.session_tags import session_tags, tag_context

if TYPE_CHECKING:
    from collections.abc import Iterable

    from daypass.directory import View
    from daypass.services.registry import Call, Output, Result


def _needs(call: Call, _view: View) -> Iterable[Ask]:
    if call.caller.kind is PrincipalKind.ROOT:
        return ()
    arn = federated_user_arn(call.account, call.input["Name"])
    context = tag_context(session_tags(call).passed)
    actions = ("sts:TagSession", "sts:GetFederationToken") if context else ("sts:GetFederationToken",)
    return tuple(Ask(action, arn, call.account, context) for action in actions)


@sts("GetFederationToken", needs=_needs)
def get_federation_token(call: Call, view: View) -> Result:
    """Open a session of a federated user."""
    tags = session_tags(call).passed
    policies = session_policies(call, view, call.account)
    name = call.input["Name"]
    issued = issue(
        call,
        call.account,
        long_term_duration(call),
        kind=SessionKind.FEDERATED_USER,
        **caller_facts(call),
        session_name=name,
        tags=dict(tags),
        policy=policies.inline,
        policy_arns=policies.arns,
    )
    output: Output = {
        "Credentials": issued.credentials,
        "FederatedUser": {
            "FederatedUserId": f"{call.account}:{name}",
            "Arn": federated_user_arn(call.account, name),
        },
        **issued.sizes(packed=policies.given or bool(tags)),
    }
    return output, []
