"""AssumeRole (STS API Reference): a user or a session of a role opens a session of a role that trusts it.

What is checked when (sts.md 1.6): the caller's kind, MFA, tags and source identity, then both sides' permission, then
the durations, then the session policies. Nothing that comes before the permission tells anything about the role: one that
does not exist refuses like one that does not trust.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from daypass.access.asking import Ask, ResourcePolicy
from daypass.access.authorize import refused_unseen
from daypass.access.trust import role_tag_context, trust_questions
from daypass.arns import Arn, assumed_role_arn
from daypass.credentials import SessionKind
from daypass.directory import Role
from daypass.errors import ApiError
from daypass.policy import PrincipalKind
from daypass.services.sts.durations import role_duration
from daypass.services.sts.issuing import issue
from daypass.services.sts.mfa import used, verified_device
from daypass.services.sts.operations import sts
from daypass.services.sts.session_policies import session_policies
from daypass.services.sts.session_tags import SessionTags, session_tags, tag_context

if TYPE_CHECKING:
    from collections.abc import Iterable

    from daypass.directory import MfaDevice, View
    from daypass.services.registry import Call, Output, Result

CHAINED_LIMIT = 3600

_NO_TRUST = ResourcePolicy("", is_trust=True)
_ROOT_MAY_NOT = "Roles may not be assumed by root accounts."
_IDENTITY_IS_SET = "The source identity is already set for this assume role session"
_NO_CONTEXT_PROVIDER = "The provided context assertion is not valid: this server knows no context provider."
_OVER_CHAIN_LIMIT = "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining."


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What a call asks for, as far as it can be told before its permission is decided."""

    role: Role
    tags: SessionTags
    source_identity: str | None
    device: MfaDevice | None


def _wanted(call: Call, view: View) -> _Wanted:
    _check_kind(call)
    role_arn: str = call.input["RoleArn"]
    arn = _arn(role_arn)
    device = verified_device(call, view)
    if call.input.get("ProvidedContexts"):
        raise ApiError("ValidationError", _NO_CONTEXT_PROVIDER)
    tags = session_tags(call)
    source_identity = _source_identity(call)
    role = view.get(Role, arn.account, arn.resource.rpartition("/")[2].lower())
    if role is None or role.arn != role_arn:
        first = _actions(tags, source_identity)[0]
        wanted = Ask(first, role_arn, arn.account, _request_keys(call, tags, source_identity, device), _NO_TRUST)
        raise refused_unseen(wanted, call, f"there is no role {role_arn}")
    return _Wanted(role, tags, source_identity, device)


def _needs(call: Call, view: View) -> Iterable[Ask]:
    wanted = call.prepared = _wanted(call, view)
    context = {
        **role_tag_context(wanted.role, wanted.tags.inherited),
        **_request_keys(call, wanted.tags, wanted.source_identity, wanted.device),
    }
    return trust_questions(wanted.role, _actions(wanted.tags, wanted.source_identity), context)


def _request_keys(
    call: Call, tags: SessionTags, source_identity: str | None, device: MfaDevice | None
) -> dict[str, str | tuple[str, ...]]:
    """The condition keys that the call itself brings."""
    context = {**tag_context(tags.passed), "sts:rolesessionname": call.input["RoleSessionName"]}
    if tags.transitive:
        context["sts:transitivetagkeys"] = tags.transitive
    if source_identity is not None:
        context["sts:sourceidentity"] = source_identity
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
    role, tags = wanted.role, wanted.tags
    chained = call.caller.kind is PrincipalKind.ROLE_SESSION
    duration = _duration(call, role, chained=chained)
    _check_chain_age(call)
    policies = session_policies(call, view, role.account)
    name: str = call.input["RoleSessionName"]
    issued = issue(
        call,
        role.account,
        duration,
        kind=SessionKind.ROLE,
        principal_id=role.id,
        principal_name=role.name,
        principal_path=role.path,
        session_name=name,
        source_identity=wanted.source_identity,
        tags=dict(tags.all),
        transitive_tag_keys=tags.transitive,
        policy=policies.inline,
        policy_arns=policies.arns,
        chained=chained,
    )
    if tags.inherited:
        call.notes["incomingTransitiveTags"] = dict(tags.inherited)
    output: Output = {
        "AssumedRoleUser": {
            "AssumedRoleId": f"{role.id}:{name}",
            "Arn": assumed_role_arn(role.account, role.name, name),
        },
        "Credentials": issued.credentials,
        **issued.sizes(packed=policies.given or bool(tags.all)),
    }
    if wanted.source_identity is not None:
        output["SourceIdentity"] = wanted.source_identity
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


def _arn(text: str) -> Arn:
    try:
        return Arn.parse(text)
    except ValueError:
        raise ApiError("ValidationError", f"{text} is invalid") from None


def _actions(tags: SessionTags, source_identity: str | None) -> list[str]:
    actions = []
    if source_identity is not None:
        actions.append("sts:SetSourceIdentity")
    if tags.passed or tags.inherited:
        actions.append("sts:TagSession")
    return [*actions, "sts:AssumeRole"]


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
