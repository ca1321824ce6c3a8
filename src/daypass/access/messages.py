"""Access-denied texts: a Decision and a question, in the words of the service that was called.

Sources: IAM User Guide, "Troubleshoot access denied error messages"; recorded answers of STS, IAM and S3.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from daypass.access.refusals import JSON_SERVICES
from daypass.errors import ApiError
from daypass.policy import because

if TYPE_CHECKING:
    from daypass.access.asking import Ask
    from daypass.access.caller import Caller
    from daypass.policy import ExplicitDeny, ImplicitDeny

_TRUSTED_BY_ROLE = frozenset({"sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity", "sts:SetContext"})
_PLAIN_SERVICE = "s3"


def denied(ask: Ask, decision: ExplicitDeny | ImplicitDeny, caller: Caller, service: str) -> ApiError:
    """The error a refused caller gets. ``service`` is the signing name of the service that was called."""
    code = "AccessDeniedException" if service in JSON_SERVICES else "AccessDenied"
    reason = because(decision, ask.action)
    return ApiError(code, _text(ask, caller, service, reason), reason=f"{ask.action} on {ask.resource}: {reason}")


def _text(ask: Ask, caller: Caller, service: str, reason: str) -> str:
    if service == _PLAIN_SERVICE and (caller.is_anonymous or caller.account != ask.account):
        return "Access Denied"
    who = f"User: {caller.arn} is not authorized to perform: {ask.action}"
    if ask.resource_policy is not None and ask.resource_policy.is_trust and ask.action in _TRUSTED_BY_ROLE:
        # recorded answers carry no reason here, and tell nothing about the role
        return f"{who} on resource: {ask.resource}"
    return f"{who}{_on_resource(ask, service)} {reason}"


def _on_resource(ask: Ask, service: str) -> str:
    shown = ask.shown
    if shown is None:
        shown = ask.resource if ask.resource != "*" or service == "iam" else ""
    if not shown:
        return ""
    return f' on resource: "{shown}"' if service == _PLAIN_SERVICE else f" on resource: {shown}"
