"""AssumeRoleWithSAML (STS API Reference): a person whom a SAML identity provider vouches for opens a session of a role.

The call needs no signature: the assertion is the proof. In order: the provider, the assertion with all it must say, the
session that it asks for, whether it names this role and provider, the role's trust policy, durations, session policies.
Nothing that comes before the trust policy tells anything about the role.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from daypass.access.asking import Ask, ResourcePolicy
from daypass.access.authorize import refused_unseen, require
from daypass.access.caller import Caller
from daypass.access.trust import role_tag_context, trust_questions
from daypass.arns import Arn, assumed_role_arn
from daypass.credentials import Federation, SessionKind
from daypass.directory import Role, SamlProvider
from daypass.errors import ApiError
from daypass.federation import saml
from daypass.policy import Principal, PrincipalKind
from daypass.services.registry import FREE
from daypass.services.sts.durations import role_duration
from daypass.services.sts.federated_refusals import told_to_operator
from daypass.services.sts.issuing import issue
from daypass.services.sts.operations import sts
from daypass.services.sts.session_policies import session_policies
from daypass.services.sts.session_tags import tag_context

if TYPE_CHECKING:
    from daypass.directory import View
    from daypass.services.registry import Call, Output, Result

ONCE = "refuse"
"""The value of ``federation.saml_replay`` for which an assertion is good once."""

_ACTION = "sts:AssumeRoleWithSAML"
_NOT_AUTHORIZED = f"Not authorized to perform {_ACTION}"
_NO_TRUST = ResourcePolicy("", is_trust=True)


@dataclass(frozen=True, slots=True)
class _Proven:
    """Who came, by a verified assertion, and what session the assertion asks for."""

    provider: SamlProvider
    assertion: saml.Assertion
    claims: saml.Claims
    keys: dict[str, str | tuple[str, ...]]
    role: Role


@sts("AssumeRoleWithSAML", needs=FREE, unsigned=True)
def assume_role_with_saml(call: Call, view: View) -> Result:
    """Open a session of a role for the person whom the assertion is about."""
    try:
        proven = _proven(call, view)
        once = call.settings.federation_saml_replay == ONCE
        changes = saml.used_once(proven.assertion, proven.provider.account, view, call.now) if once else []
        return _opened(call, proven, view), changes
    except ApiError as refused:
        raise told_to_operator(call, refused) from None


def vouched_for(call: Call, view: View, provider_arn: str) -> tuple[saml.Assertion, saml.Claims]:
    """The assertion of a call, verified by a provider's keys, and what it claims. Raises ApiError."""
    assertion, _ = _assertion(call, _provider(_arn(provider_arn), view))
    return assertion, saml.claims_of(assertion)


def signed_in(call: Call, view: View) -> Result:
    """The same session, opened by a person at the sign-in page: there an assertion is always good once."""
    proven = _proven(call, view)
    changes = saml.used_once(proven.assertion, proven.provider.account, view, call.now)
    return _opened(call, proven, view), changes


def _proven(call: Call, view: View) -> _Proven:
    """Who came, and that the role lets them in. Raises ApiError."""
    role_arn, provider_arn = _arn(call.input["RoleArn"]), _arn(call.input["PrincipalArn"])
    provider = _provider(provider_arn, view)
    assertion, recipient = _assertion(call, provider)
    claims = saml.claims_of(assertion)
    keys = saml.saml_keys(assertion, provider.account, provider.name, recipient)
    _note(call, assertion, claims)
    if assertion.subject is None:
        raise ApiError("AccessDenied", _NOT_AUTHORIZED, reason="SAML: the assertion has no NameID")
    call.caller = _caller(provider, keys)
    if (call.input["RoleArn"], call.input["PrincipalArn"]) not in claims.roles:
        raise _not_named(call, claims)
    context = keys | _request_keys(claims)
    role = view.get(Role, role_arn.account, role_arn.resource.rpartition("/")[2].lower())
    if role is None or role.arn != call.input["RoleArn"] or role.account != provider.account:
        wanted = Ask(_ACTION, call.input["RoleArn"], role_arn.account, context, _NO_TRUST)
        why = f"there is no role {call.input['RoleArn']} in the account of {provider.arn}"
        raise refused_unseen(wanted, call, why)
    for ask in trust_questions(role, _actions(claims), role_tag_context(role, ()) | context):
        require(ask, call, view)
    return _Proven(provider, assertion, claims, keys, role)


def _opened(call: Call, proven: _Proven, view: View) -> Output:
    """The session, as it is answered."""
    role, claims = proven.role, proven.claims
    duration = _duration(call, proven)
    policies = session_policies(call, view, role.account)
    issued = issue(
        call,
        role.account,
        duration,
        kind=SessionKind.ROLE,
        principal_id=role.id,
        principal_name=role.name,
        principal_path=role.path,
        session_name=claims.session_name,
        source_identity=claims.source_identity,
        tags=dict(claims.tags),
        transitive_tag_keys=claims.transitive_tag_keys,
        policy=policies.inline,
        policy_arns=policies.arns,
        federation=call.caller.federation,
    )
    output: Output = {
        "AssumedRoleUser": {
            "AssumedRoleId": f"{role.id}:{claims.session_name}",
            "Arn": assumed_role_arn(role.account, role.name, claims.session_name),
        },
        "Credentials": issued.credentials,
        "Subject": proven.keys["saml:sub"],
        "SubjectType": proven.keys["saml:sub_type"],
        "Issuer": proven.keys["saml:iss"],
        "Audience": proven.keys["saml:aud"],
        "NameQualifier": proven.keys["saml:namequalifier"],
        **issued.sizes(packed=policies.given or bool(claims.tags)),
    }
    if claims.source_identity is not None:
        output["SourceIdentity"] = claims.source_identity
    return output


def _arn(text: str) -> Arn:
    try:
        return Arn.parse(text)
    except ValueError:
        raise ApiError("ValidationError", f"{text} is invalid") from None


def _provider(arn: Arn, view: View) -> SamlProvider:
    """The provider that the call names. Raises InvalidIdentityToken."""
    found = view.get(SamlProvider, arn.account, arn.resource.rpartition("/")[2])
    if found is None or found.arn != str(arn):
        raise saml.no_provider(f"there is no provider {arn}")
    return found


def _assertion(call: Call, provider: SamlProvider) -> tuple[saml.Assertion, str]:
    """The verified assertion, and the address that it was made out to. Raises ApiError."""
    trusted = saml.Trusted(
        entity_id=provider.entity_id,
        signing_keys=provider.signing_keys,
        decryption_keys=tuple(key.pem for key in provider.private_keys),
        encryption_required=provider.encryption_mode == "Required",
    )
    saml.check_metadata_time(provider.valid_until, call.now)
    presented = saml.assertion_of(call.input["SAMLAssertion"], trusted, call.request_id)
    return presented.assertion, saml.check_conditions(presented, provider.id, call.now)


def _caller(provider: SamlProvider, keys: dict[str, str | tuple[str, ...]]) -> Caller:
    """Who calls, from now on: the person, known to the provider alone."""
    subject, qualifier = str(keys["saml:sub"]), str(keys["saml:namequalifier"])
    principal = Principal(
        kind=PrincipalKind.SAML, account=provider.account, arn=provider.arn, federated=(provider.arn,)
    )
    federation = Federation(
        provider=provider.arn,
        subject=subject,
        audience=str(keys["saml:aud"]),
        subject_type=str(keys["saml:sub_type"]),
        name_qualifier=qualifier,
        document=str(keys["saml:doc"]),
    )
    return Caller(principal, user_id=f"{qualifier}:{subject}", federation=federation)


def _note(call: Call, assertion: saml.Assertion, claims: saml.Claims) -> None:
    """What the record of the call says of the assertion."""
    call.notes["sAMLAssertionID"] = assertion.id
    call.notes["roleSessionName"] = claims.session_name
    if claims.source_identity is not None:
        call.notes["sourceIdentity"] = claims.source_identity
    if claims.tags:
        call.notes["principalTags"] = dict(claims.tags)
    if claims.transitive_tag_keys:
        call.notes["transitiveTagKeys"] = list(claims.transitive_tag_keys)


def _not_named(call: Call, claims: saml.Claims) -> ApiError:
    wanted = f"{call.input['RoleArn']},{call.input['PrincipalArn']}"
    said = " ".join(f"{role},{provider}" for role, provider in sorted(claims.roles)) or "none"
    reason = f"SAML: the Role attribute has not the pair {wanted}; it has {said}"
    return ApiError("AccessDenied", _NOT_AUTHORIZED, reason=reason[:1000])


def _request_keys(claims: saml.Claims) -> dict[str, str | tuple[str, ...]]:
    context = {**tag_context(claims.tags), "sts:rolesessionname": claims.session_name}
    if claims.transitive_tag_keys:
        context["sts:transitivetagkeys"] = claims.transitive_tag_keys
    if claims.source_identity is not None:
        context["sts:sourceidentity"] = claims.source_identity
    return context


def _actions(claims: saml.Claims) -> list[str]:
    actions = []
    if claims.source_identity is not None:
        actions.append("sts:SetSourceIdentity")
    if claims.tags:
        actions.append("sts:TagSession")
    return [*actions, _ACTION]


def _duration(call: Call, proven: _Proven) -> int:
    """The shortest of what the call asks for, the SessionDuration attribute, and what SessionNotOnOrAfter leaves."""
    duration = role_duration(call, proven.role)
    if proven.claims.duration is not None:
        duration = min(duration, proven.claims.duration)
    end = proven.assertion.session_not_on_or_after
    return duration if end is None else min(duration, max(1, int(end - call.now)))
