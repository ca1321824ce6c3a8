"""The condition keys that every request has, whatever is asked (IAM User Guide, "AWS global condition context keys").

Keys of one service are supplied by that service's questions (:class:`daypass.access.asking.Ask`), over these. A key
that the server cannot know is absent, never empty.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from daypass.clock import iso_time
from daypass.credentials import SessionKind
from daypass.policy import PrincipalKind

if TYPE_CHECKING:
    from daypass.access.caller import Caller
    from daypass.access.facts import RequestFacts
    from daypass.credentials import Federation

Context = dict[str, str | tuple[str, ...]]

_OIDC = ":oidc-provider/"

_PRINCIPAL_TYPES = {
    PrincipalKind.ROOT: "Account",
    PrincipalKind.USER: "User",
    PrincipalKind.ROLE_SESSION: "AssumedRole",
    PrincipalKind.FEDERATED_USER: "FederatedUser",
    PrincipalKind.ANONYMOUS: "Anonymous",
    PrincipalKind.WEB_IDENTITY: "User",
    PrincipalKind.SAML: "User",
}


def context_of(caller: Caller, facts: RequestFacts) -> Context:
    """The global condition keys of one request, names in lower case."""
    context: Context = {
        "aws:currenttime": iso_time(int(facts.now)),
        "aws:epochtime": str(int(facts.now)),
        "aws:securetransport": "true" if facts.secure else "false",
        "aws:sourceip": facts.source_ip,
        "aws:requestedregion": facts.region,
        "aws:principalisawsservice": "false",
    }
    if facts.user_agent is not None:
        context["aws:useragent"] = facts.user_agent
    if facts.referer is not None:
        context["aws:referer"] = facts.referer
    _add_principal(context, caller)
    if caller.session is not None:
        _add_session(context, caller, facts.now)
    return context


def _add_principal(context: Context, caller: Caller) -> None:
    context["aws:principaltype"] = _PRINCIPAL_TYPES[caller.kind]
    if caller.is_anonymous:
        context["aws:principalaccount"] = context["aws:userid"] = "anonymous"
        return
    context["aws:principalaccount"] = caller.account
    if caller.federation is not None:  # nobody of an account yet: recorded, there is no aws:PrincipalArn
        context["aws:userid"] = context["aws:federatedprovider"] = caller.federation.provider
        return
    context["aws:principalarn"] = caller.role.arn if caller.role is not None else caller.arn
    context["aws:userid"] = caller.user_id
    context["aws:viaawsservice"] = "false"
    if caller.kind is PrincipalKind.USER and caller.user is not None:
        context["aws:username"] = caller.user.name
    for key, value in caller.tags:
        context[f"aws:principaltag/{key.lower()}"] = value


def _add_session(context: Context, caller: Caller, now: float) -> None:
    session = caller.session
    if session is None:
        return
    context["aws:tokenissuetime"] = iso_time(session.issued_at)
    federated = session.federation is not None
    if session.mfa_at is not None and session.kind is SessionKind.USER:
        context["aws:multifactorauthpresent"] = "true"
        context["aws:multifactorauthage"] = str(max(0, int(now) - session.mfa_at))
    elif not federated:
        context["aws:multifactorauthpresent"] = "false"
    if session.kind is SessionKind.ROOT:
        context["aws:assumedroot"] = "true"
    if session.source_identity is not None:
        context["aws:sourceidentity"] = session.source_identity
    if session.federation is not None:
        _add_federation(context, session.federation)


def _add_federation(context: Context, said: Federation) -> None:
    """What a session keeps of its identity provider's word.

    IAM User Guide, "Available keys for AWS web identity federation" and "... for SAML-based federation".
    """
    context["aws:federatedprovider"] = said.provider
    if said.name_qualifier is not None:
        context["saml:namequalifier"] = said.name_qualifier
        context["saml:sub"] = said.subject
        context["saml:sub_type"] = said.subject_type or ""
        return
    issuer = said.provider.partition(_OIDC)[2].lower()
    context[f"{issuer}:sub"] = said.subject
    if said.audience is not None:
        context[f"{issuer}:aud"] = said.audience
    if said.amr:
        context[f"{issuer}:amr"] = said.amr
