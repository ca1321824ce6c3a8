"""Who called, from the record of a call: the same caller that authentication found, by the directory of now.

What a session brought along (its policies, its tags, what a provider said of it) stands in the record of the call that
opened it, so that it need not be written once more with every call.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import msgspec

from daypass.access.caller import Caller
from daypass.access.principals import ANONYMOUS, caller_of_key, caller_of_session
from daypass.arns import Arn
from daypass.credentials import ChainRoot, Federation, Secret, Session, SessionKind
from daypass.directory import AccessKey, OidcProvider, Role, SamlProvider, User
from daypass.policy import Principal, PrincipalKind
from daypass.recollection.past import CannotTell
from daypass.recollection.record_shape import Answer, Opening

if TYPE_CHECKING:
    from collections.abc import Mapping

    from daypass.directory import View
    from daypass.recollection.past import Json, Past

Opened = dict[str, Any]
"""The record of the call that opened a session."""

_NO_SECRET = Secret("")
_SESSION_KEY = "ASIA"
_KINDS = {
    "Root": SessionKind.USER,
    "IAMUser": SessionKind.USER,
    "AssumedRole": SessionKind.ROLE,
    "FederatedUser": SessionKind.FEDERATED_USER,
}
_TELLING = frozenset(
    {
        "AssumeRole",
        "AssumeRoleWithSAML",
        "AssumeRoleWithWebIdentity",
        "AssumeRoot",
        "GetFederationToken",
        "GetSessionToken",
    }
)
"""Calls whose records hold all that their sessions bring along."""

_PROOFS = {"WebIdentityUser": PrincipalKind.WEB_IDENTITY, "SAMLUser": PrincipalKind.SAML}


def caller_of(past: Past, opened: Mapping[str, Opened], view: View) -> Caller:
    """The caller of a recorded call. ``opened`` has sessions by their key. Raises CannotTell."""
    identity, kind = past.identity, past.identity.get("type")
    if kind == "AWSAccount" and identity.get("accountId") == "anonymous":
        return ANONYMOUS
    if kind in _PROOFS:
        return _proven(past, _PROOFS[kind])
    if kind not in _KINDS:
        raise CannotTell(f"callers of type {kind} are not decided again")
    if past.access_key_id.startswith(_SESSION_KEY):
        found = caller_of_session(_session(past, _KINDS[kind], opened), view)
    else:
        found = caller_of_key(_key(identity), view)
    if found is None:
        raise CannotTell(f"{_issuer(identity)} is gone")
    return found


def named_caller(name: str, view: View, now: int, policy: str | None = None) -> Caller:
    """A caller that nobody recorded: a user, a role or a session of one, the root user, whom a provider knows, or nobody.

    A role stands for any session of it. A session begins now; ``policy`` is its own. Raises CannotTell.
    """
    if name in ("*", "anonymous"):
        return ANONYMOUS
    if name.isascii() and name.isdigit():
        name = f"arn:aws:iam::{name}:root"
    try:
        arn = Arn.parse(name)
    except ValueError:
        raise CannotTell(
            f"{name} is no ARN of a user, a role, a role's session, a root user or an identity provider"
        ) from None
    kind, _, rest = arn.resource.partition("/")
    match arn.service, kind:
        case "iam", "root":
            found = caller_of_key(AccessKey("", arn.account, _NO_SECRET, 0, None, None), view)
        case "iam", "user":
            user = view.get(User, arn.account, rest.rpartition("/")[2].lower())
            wanted = user is not None and user.arn == name
            key = AccessKey("", arn.account, _NO_SECRET, 0, user.name, user.id) if user is not None and wanted else None
            found = None if key is None else caller_of_key(key, view)
        case "iam", "oidc-provider" | "saml-provider":
            found = _of_provider(arn, view)
        case ("iam", "role") | ("sts", "assumed-role"):
            found = _of_role(arn, view, now, policy)
        case _:
            raise CannotTell(
                f"{name} is no ARN of a user, a role, a role's session, a root user or an identity provider"
            )
    if found is None:
        raise CannotTell(f"there is no {name} here")
    if policy is not None and found.session is None:
        raise CannotTell("a session policy goes with a role, or a session of one")
    return found


def _of_provider(arn: Arn, view: View) -> Caller | None:
    """Somebody whom an identity provider knows; what it says of them are condition keys."""
    kind, _, name = arn.resource.partition("/")
    provider: OidcProvider | SamlProvider | None
    if kind == "oidc-provider":
        principal_kind, provider = PrincipalKind.WEB_IDENTITY, view.get(OidcProvider, arn.account, name)
    else:
        principal_kind, provider = PrincipalKind.SAML, view.get(SamlProvider, arn.account, name)
    if provider is None:
        return None
    principal = Principal(principal_kind, arn.account, provider.arn, federated=(provider.arn,))
    return Caller(principal, provider.arn, federation=Federation(provider.arn, ""))


def _of_role(arn: Arn, view: View, now: int, policy: str | None) -> Caller | None:
    kind, _, rest = arn.resource.partition("/")
    name, session = (rest.rpartition("/")[2], "explain") if kind == "role" else rest.partition("/")[::2]
    role = view.get(Role, arn.account, name.lower())
    if role is None or (kind == "role" and role.arn != f"arn:aws:iam::{arn.account}:{arn.resource}"):
        return None
    return caller_of_session(
        Session(
            access_key_id="",
            secret=_NO_SECRET,
            kind=SessionKind.ROLE,
            account=arn.account,
            principal_id=role.id,
            principal_name=role.name,
            issued_at=now,
            expires_at=now,
            chain_root=ChainRoot("", 0),
            region="",
            session_name=session,
            policy=policy,
        ),
        view,
    )


def _key(identity: Json) -> AccessKey:
    user = identity["principalId"] if identity["type"] == "IAMUser" else None
    return AccessKey(identity.get("accessKeyId") or "", identity["accountId"], _NO_SECRET, 0, None, user)


def _session(past: Past, kind: SessionKind, opened: Mapping[str, Opened]) -> Session:
    identity = past.identity
    context: Json = identity.get("sessionContext") or {}
    attributes: Json = context.get("attributes") or {}
    issued_at = _seconds(attributes["creationDate"]) if "creationDate" in attributes else past.time
    principal_id, _, session_name = identity["principalId"].partition(":")
    if kind is SessionKind.FEDERATED_USER:
        principal_id = context["sessionIssuer"]["principalId"]
    if context.get("assumedRoot") == "true":
        kind = SessionKind.ROOT
    provider = (context.get("webIdFederationData") or {}).get("federatedProvider")
    facts: dict[str, Any] = {"federation": Federation(provider, "")} if provider else {}
    if past.decisions is not None and past.decisions.narrowed:
        record = opened.get(past.access_key_id)
        if record is None:
            raise CannotTell("the record of the call that opened the session, with its policies and tags, is gone")
        facts |= _brought_along(record)
    return Session(
        access_key_id=past.access_key_id,
        secret=_NO_SECRET,
        kind=kind,
        account=identity["accountId"],
        principal_id=principal_id,
        principal_name="",
        issued_at=issued_at,
        expires_at=issued_at,
        chain_root=ChainRoot("", 0),
        region="",
        session_name=session_name or None,
        source_identity=context.get("sourceIdentity"),
        mfa_at=issued_at if attributes.get("mfaAuthenticated") == "true" else None,
        **facts,
    )


def _brought_along(record: Opened) -> dict[str, Any]:
    """Policies and tags of a session, and what its provider said."""
    if record["eventName"] not in _TELLING:
        raise CannotTell(f"the record of {record['eventName']} does not tell what its session may do")
    if record.get("omitted"):
        raise CannotTell("the record of the call that opened the session was too long to be kept whole")
    try:
        asked = msgspec.convert(record.get("requestParameters") or {}, Opening)
        answer = msgspec.convert(record.get("responseElements") or {}, Answer)
    except msgspec.ValidationError:
        raise CannotTell("the record of the call that opened the session cannot be read") from None
    tags = {
        **(asked.incoming_transitive_tags or {}),
        **(asked.principal_tags or {}),
        **{tag.key: tag.value for tag in asked.tags or ()},
    }
    arns = [policy.arn for policy in asked.policy_arns or ()]
    if asked.task_policy_arn:
        arns.append(asked.task_policy_arn)
    facts: dict[str, Any] = {"tags": tags, "policy": asked.policy, "policy_arns": tuple(arns)}
    if record["eventName"] == "AssumeRoleWithSAML":
        facts["federation"] = Federation(
            asked.principal_arn,
            answer.subject,
            audience=answer.audience,
            subject_type=answer.subject_type,
            name_qualifier=answer.name_qualifier,
        )
    elif record["eventName"] == "AssumeRoleWithWebIdentity":
        subject = answer.subject_from_web_identity_token
        facts["federation"] = Federation(answer.provider, subject, audience=answer.audience)
    return facts


def _proven(past: Past, kind: PrincipalKind) -> Caller:
    identity = past.identity
    federated = past.decisions.federated if past.decisions is not None else ()
    said = Federation(federated[0] if federated else "", str(identity.get("userName", "")))
    principal = Principal(kind, past.record["recipientAccountId"], said.provider, federated=federated)
    return Caller(principal, said.provider, federation=said)


def _issuer(identity: Json) -> str:
    context: Json = identity.get("sessionContext") or {}
    issuer: Json = context.get("sessionIssuer") or {}
    return str(issuer.get("arn") or identity.get("arn") or identity.get("principalId"))


def _seconds(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp())
