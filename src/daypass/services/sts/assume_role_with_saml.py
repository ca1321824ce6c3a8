"""AssumeRoleWithSAML (STS API Reference): a person whom a SAML identity provider vouches for opens a session of a role.

The call needs no signature: the assertion is the proof. In order: the provider, the assertion with all it must say, the
session that it asks for, whether it names this role and provider, the role's trust policy, durations, session policies.
Nothing that comes before the trust policy tells anything about the role.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from daypass.access.authorize import require
from daypass.access.caller import Caller
from daypass.credentials import Federation
from daypass.directory import SamlProvider
from daypass.errors import ApiError
from daypass.federation import saml
from daypass.policy import Principal, PrincipalKind
from daypass.services.registry import FREE
from daypass.services.sts.durations import role_duration
from daypass.services.sts.federated_refusals import told_to_operator
from daypass.services.sts.operations import sts
from daypass.services.sts.role_sessions import RoleSession, arn_of, open_role_session, role_named, trust_asks
from daypass.services.sts.session_tags import SessionTags

if TYPE_CHECKING:
    from daypass.arns import Arn
    from daypass.directory import Role, View
    from daypass.services.registry import Call, Output, Result
    from daypass.services.sts.role_sessions import Context

ONCE = "refuse"
"""The value of ``federation.saml_replay`` for which an assertion is good once."""

_ACTION = "sts:AssumeRoleWithSAML"
_NOT_AUTHORIZED = f"Not authorized to perform {_ACTION}"


@dataclass(frozen=True, slots=True)
class _Proven:
    """Who came, by a verified assertion, and what session the assertion asks for."""

    provider: SamlProvider
    assertion: saml.Assertion
    claims: saml.Claims
    keys: Context
    session: RoleSession
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
    assertion, _ = _assertion(call, _provider(arn_of(provider_arn), view))
    return assertion, saml.claims_of(assertion)


def signed_in(call: Call, view: View) -> Result:
    """The same session, opened by a person at the sign-in page: there an assertion is always good once."""
    proven = _proven(call, view)
    changes = saml.used_once(proven.assertion, proven.provider.account, view, call.now)
    return _opened(call, proven, view), changes


def _proven(call: Call, view: View) -> _Proven:
    """Who came, and that the role lets them in. Raises ApiError."""
    arn_of(call.input["RoleArn"])  # what is no ARN is refused before any proof is used
    provider = _provider(arn_of(call.input["PrincipalArn"]), view)
    assertion, recipient = _assertion(call, provider)
    claims = saml.claims_of(assertion)
    keys = saml.saml_keys(assertion, provider.account, provider.name, recipient)
    tags = SessionTags(claims.tags, (), claims.transitive_tag_keys)
    session = RoleSession(claims.session_name, tags, claims.source_identity)
    call.notes["sAMLAssertionID"] = assertion.id
    call.notes["roleSessionName"] = session.name
    session.note(call)
    if assertion.subject is None:
        raise ApiError("AccessDenied", _NOT_AUTHORIZED, reason="SAML: the assertion has no NameID")
    call.caller = _caller(provider, keys)
    if (call.input["RoleArn"], call.input["PrincipalArn"]) not in claims.roles:
        raise _not_named(call, claims)
    actions, context = session.actions(_ACTION), keys | session.keys()
    role = role_named(call, view, actions, context, within=provider.account)
    for ask in trust_asks(role, session, actions, context):
        require(ask, call, view)
    return _Proven(provider, assertion, claims, keys, session, role)


def _opened(call: Call, proven: _Proven, view: View) -> Output:
    """The session, as it is answered."""
    keys = proven.keys
    return open_role_session(call, view, proven.role, proven.session, _duration(call, proven)) | {
        "Subject": keys["saml:sub"],
        "SubjectType": keys["saml:sub_type"],
        "Issuer": keys["saml:iss"],
        "Audience": keys["saml:aud"],
        "NameQualifier": keys["saml:namequalifier"],
    }


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


def _caller(provider: SamlProvider, keys: Context) -> Caller:
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


def _not_named(call: Call, claims: saml.Claims) -> ApiError:
    wanted = f"{call.input['RoleArn']},{call.input['PrincipalArn']}"
    said = " ".join(f"{role},{provider}" for role, provider in sorted(claims.roles)) or "none"
    reason = f"SAML: the Role attribute has not the pair {wanted}; it has {said}"
    return ApiError("AccessDenied", _NOT_AUTHORIZED, reason=reason[:1000])


def _duration(call: Call, proven: _Proven) -> int:
    """The shortest of what the call asks for, the SessionDuration attribute, and what SessionNotOnOrAfter leaves."""
    duration = role_duration(call, proven.role)
    if proven.claims.duration is not None:
        duration = min(duration, proven.claims.duration)
    end = proven.assertion.session_not_on_or_after
    return duration if end is None else min(duration, max(1, int(end - call.now)))
