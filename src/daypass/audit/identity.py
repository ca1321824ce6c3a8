"""``userIdentity``: who made a call, in the form that CloudTrail gives each kind of caller.

Only facts that were verified enter: a caller who failed to prove anything is ``Unknown``, whatever the request claimed.
Source: CloudTrail User Guide, "CloudTrail userIdentity element"; IAM User Guide, "Logging IAM and STS API calls".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from daypass.arns import root_arn
from daypass.clock import iso_time
from daypass.credentials import SessionKind
from daypass.policy import PrincipalKind

if TYPE_CHECKING:
    from collections.abc import Callable

    from daypass.access.caller import Caller
    from daypass.credentials import Session

Identity = dict[str, Any]

UNKNOWN: Identity = {"type": "Unknown"}
ANONYMOUS: Identity = {"type": "AWSAccount", "principalId": "", "accountId": "anonymous"}


def identity_of(caller: Caller | None) -> Identity:
    """The whole ``userIdentity``, as the caller's own account sees it; None is a caller who proved nothing."""
    if caller is None:
        return UNKNOWN
    identity = _FORMS[caller.kind](caller)
    if caller.session is not None and caller.session.delegate is not None:
        identity["invokedByDelegate"] = {"accountId": caller.session.delegate}
    return identity


def foreign_identity_of(caller: Caller) -> Identity:
    """What another account learns of a caller: the stable id and the account, no name and no key."""
    if caller.kind in {PrincipalKind.ANONYMOUS, PrincipalKind.SERVICE}:
        return identity_of(caller)
    return {"type": "AWSAccount", "principalId": caller.user_id, "accountId": caller.account}


def _key_holder(kind: str, caller: Caller) -> Identity:
    return {
        "type": kind,
        "principalId": caller.user_id,
        "arn": caller.arn,
        "accountId": caller.account,
        "accessKeyId": caller.access_key_id,
    }


def _root(caller: Caller) -> Identity:
    session = caller.session
    identity = _with_attributes(_key_holder("Root", caller), session)
    if session is not None and session.kind is SessionKind.ROOT:
        context = {"attributes": _attributes(session), "assumedRoot": "true"}
        if session.source_identity is not None:
            context["sourceIdentity"] = session.source_identity
        identity["sessionContext"] = context
    return identity


def _user(caller: Caller) -> Identity:
    identity = _key_holder("IAMUser", caller)
    if caller.user is not None:
        identity["userName"] = caller.user.name
    return _with_attributes(identity, caller.session)


def _role_session(caller: Caller) -> Identity:
    return {**_key_holder("AssumedRole", caller), "sessionContext": _role_context(caller)}


def _federated_user(caller: Caller) -> Identity:
    return {**_key_holder("FederatedUser", caller), "sessionContext": _federated_context(caller)}


def _service(caller: Caller) -> Identity:
    return {"type": "AWSService", "invokedBy": caller.principal.service}


def _with_attributes(identity: Identity, session: Session | None) -> Identity:
    """A GetSessionToken session acts as its user: it has attributes and no issuer."""
    if session is not None:
        identity["sessionContext"] = {"sessionIssuer": {}, "attributes": _attributes(session)}
    return identity


def _attributes(session: Session) -> Identity:
    """Both are strings in CloudTrail's records."""
    return {
        "creationDate": iso_time(session.issued_at),
        "mfaAuthenticated": "false" if session.mfa_at is None else "true",
    }


def _role_context(caller: Caller) -> Identity:
    context: Identity = {}
    role, session = caller.role, caller.session
    if role is not None:
        context["sessionIssuer"] = {
            "type": "Role",
            "principalId": role.id,
            "arn": role.arn,
            "accountId": role.account,
            "userName": role.name,
        }
    if session is not None:
        if session.federation is not None and session.federation.name_qualifier is None:
            context["webIdFederationData"] = {"federatedProvider": session.federation.provider, "attributes": {}}
        context["attributes"] = _attributes(session)
        if session.source_identity is not None:
            context["sourceIdentity"] = session.source_identity
    return context


def _federated_context(caller: Caller) -> Identity:
    """The issuer of a federated user is the IAM user, or the root user, who called GetFederationToken."""
    context: Identity = {}
    user = caller.user
    if user is None:
        context["sessionIssuer"] = {
            "type": "Root",
            "principalId": caller.account,
            "arn": root_arn(caller.account),
            "accountId": caller.account,
        }
    else:
        context["sessionIssuer"] = {
            "type": "IAMUser",
            "principalId": user.id,
            "arn": user.arn,
            "accountId": user.account,
            "userName": user.name,
        }
    if caller.session is not None:
        context["attributes"] = _attributes(caller.session)
    return context


def _web_identity(caller: Caller) -> Identity:
    """A caller of AssumeRoleWithWebIdentity, by a verified token."""
    said = caller.federation
    if said is None:
        return UNKNOWN
    return {
        "type": "WebIdentityUser",
        "principalId": f"{said.provider}:{said.audience}:{said.subject}",
        "userName": said.subject,
        "identityProvider": said.provider,
    }


def _saml(caller: Caller) -> Identity:
    """A caller of AssumeRoleWithSAML, by a verified assertion."""
    said = caller.federation
    if said is None:
        return UNKNOWN
    return {
        "type": "SAMLUser",
        "principalId": f"{said.name_qualifier}:{said.subject}",
        "userName": said.subject,
        "identityProvider": said.name_qualifier,
    }


_FORMS: Final[dict[PrincipalKind, Callable[[Caller], Identity]]] = {
    PrincipalKind.ROOT: _root,
    PrincipalKind.USER: _user,
    PrincipalKind.ROLE_SESSION: _role_session,
    PrincipalKind.FEDERATED_USER: _federated_user,
    PrincipalKind.SERVICE: _service,
    PrincipalKind.ANONYMOUS: lambda _caller: ANONYMOUS,
    PrincipalKind.WEB_IDENTITY: _web_identity,
    PrincipalKind.SAML: _saml,
}
