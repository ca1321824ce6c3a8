"""Access-denied texts: a Decision and a question, in the words of the service that was called.

Sources: IAM User Guide, "Troubleshoot access denied error messages"; recorded answers of STS, IAM and S3. The layer that
is named, and the clause that names it, come from the decision (:func:`daypass.policy.because`).

An encoded message, where there is one, follows the text as in EC2's refusals. AWS's IAM, STS and CloudTrail have none:
``access.encoded_messages`` adds it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from daypass.access.refusals import JSON_SERVICES
from daypass.errors import ApiError
from daypass.policy import ENCODED_MESSAGE, PrincipalKind, because

if TYPE_CHECKING:
    from daypass.access.asking import Ask
    from daypass.access.caller import Caller
    from daypass.policy import ExplicitDeny, ImplicitDeny

_PLAIN_SERVICE = "s3"
_FEDERATED = {
    PrincipalKind.WEB_IDENTITY: "sts:AssumeRoleWithWebIdentity",
    PrincipalKind.SAML: "sts:AssumeRoleWithSAML",
}
"""What callers are told who are known to an identity provider alone, also where a tag or a source identity is refused."""


def denied(
    ask: Ask, decision: ExplicitDeny | ImplicitDeny, caller: Caller, service: str, encoded: str | None = None
) -> ApiError:
    """The error a refused caller gets. ``service`` is the signing name of the service that was called."""
    code = "AccessDeniedException" if service in JSON_SERVICES else "AccessDenied"
    reason = because(decision, ask.action)
    text = _text(ask, caller, service, reason)
    if encoded is not None:
        text = f"{text}{ENCODED_MESSAGE}{encoded}"
    return ApiError(code, text, reason=f"{ask.action} on {ask.resource}: {reason}")


def _text(ask: Ask, caller: Caller, service: str, reason: str) -> str:
    if service == _PLAIN_SERVICE and (caller.is_anonymous or caller.account != ask.account):
        return "Access Denied"
    if caller.kind in _FEDERATED:
        return f"Not authorized to perform {_FEDERATED[caller.kind]}"  # no colon and no caller, whom nobody knows here
    who = f"User: {caller.arn} is not authorized to perform: {ask.action}"
    if ask.resource_policy is not None and ask.resource_policy.is_trust:
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
