"""AssumeRole (STS API Reference): a user or a session of a role opens a session of a role that trusts it.

What is checked when (sts.md 1.6): the caller's kind, MFA, tags and source identity, then both sides' permission, then
the durations, then the session policies. Nothing that comes before the permission tells anything about the role: one that
does not exist refuses like one that does not trust.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from daypass.credentials import SessionKind
from daypass.errors import ApiError
from daypass.policy import PrincipalKind
from daypass.services.sts.durations import role_duration
from daypass.services.sts.mfa import used, verified_device
from daypass.services.sts.operations import sts
from daypass.services.sts.role_sessions import RoleSession, arn_of, open_role_session, role_named, trust_asks
from daypass.services.sts.session_tags import session_tags

if TYPE_CHECKING:
    from collections.abc import Iterable

    from daypass.access.asking import Ask
    from daypass.directory import MfaDevice, Role, View
    from daypass.services.registry import Call, Result
    from daypass.services.sts.role_sessions import Context

CHAINED_LIMIT = 3600

_ROOT_MAY_NOT = "Roles may not be assumed by root accounts."
_IDENTITY_IS_SET = "The source identity is already set for this assume role session"
_NO_CONTEXT_PROVIDER = "The provided context assertion is not valid: this server knows no context provider."
_OVER_CHAIN_LIMIT = "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining."


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What a call asks for, as far as it can be told before its permission is decided."""

    role: Role
    session: RoleSession
    device: MfaDevice | None


def _needs(call: Call, view: View) -> Iterable[Ask]:
    _check_kind(call)
    arn_of(call.input["RoleArn"])  # what is no ARN is refused before any proof is used
    device = verified_device(call, view)
    if call.input.get("ProvidedContexts"):
        raise ApiError("ValidationError", _NO_CONTEXT_PROVIDER)
    session = RoleSession(call.input["RoleSessionName"], session_tags(call), _source_identity(call))
    actions, context = session.actions("sts:AssumeRole"), session.keys() | _keys(call, device)
    role = role_named(call, view, actions, context)
    call.prepared = _Wanted(role, session, device)
    return trust_asks(role, session, actions, context)


def _keys(call: Call, device: MfaDevice | None) -> Context:
    """The condition keys that only this call brings."""
    context: Context = {}
    external_id = call.input.get("ExternalId")
    if external_id is not None:
        context["sts:externalid"] = external_id
    if device is not None:
        context["aws:multifactorauthpresent"] = "true"
        context["aws:multifactorauthage"] = "0"
    return context


@sts("AssumeRole", needs=_needs)
def assume_role(call: Call, view: View) -> Result:
    """Open a session of a role."""
    wanted: _Wanted = call.prepared
    chained = call.caller.kind is PrincipalKind.ROLE_SESSION
    duration = _duration(call, wanted.role, chained=chained)
    _check_chain_age(call)
    output = open_role_session(call, view, wanted.role, wanted.session, duration, chained=chained)
    inherited = wanted.session.tags.inherited
    if inherited:
        call.notes["incomingTransitiveTags"] = dict(inherited)
    return output, used(wanted.device)


def _check_kind(call: Call) -> None:
    caller = call.caller
    if caller.kind is PrincipalKind.ROOT:
        raise ApiError("AccessDenied", _ROOT_MAY_NOT)
    if caller.kind not in (PrincipalKind.USER, PrincipalKind.ROLE_SESSION):
        raise _not_authorized(call, "sts:AssumeRole", call.input["RoleArn"])


def _not_authorized(call: Call, action: str, role_arn: str) -> ApiError:
    text = f"User: {call.caller.arn} is not authorized to perform: {action} on resource: {role_arn}"
    return ApiError("AccessDenied", text, reason="not open to this kind of session")


def _source_identity(call: Call) -> str | None:
    """The source identity of the new session: it sticks from the calling session on (sts.md 10)."""
    asked: str | None = call.input.get("SourceIdentity")
    held = call.caller.session.source_identity if call.caller.session is not None else None
    if held is not None and asked not in (None, held):
        raise ApiError("ValidationError", _IDENTITY_IS_SET)
    return held if held is not None else asked


def _duration(call: Call, role: Role, *, chained: bool) -> int:
    duration = role_duration(call, role)
    if chained and duration > CHAINED_LIMIT:
        raise ApiError("ValidationError", _OVER_CHAIN_LIMIT)
    return duration


def _check_chain_age(call: Call) -> None:
    """Refuse to prolong a chain of sessions for ever, where a setting asks for it (AWS itself does not)."""
    limit, session = call.settings.sts_max_chain_age, call.caller.session
    if limit and session is not None and session.kind is SessionKind.ROLE and call.now - session.chain_root.at >= limit:
        text = "The chain of role sessions is older than this server allows (sts.max_chain_age)."
        raise ApiError("AccessDenied", text)
