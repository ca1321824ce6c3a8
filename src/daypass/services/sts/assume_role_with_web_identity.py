"""AssumeRoleWithWebIdentity (STS API Reference): whoever holds a token of an OpenID provider opens a session of a role.

The call needs no signature: the token is the proof. In order (sts.md 14.5): the token's form, its provider in the role's
account, the provider's keys, the signature, times, audience, the roles claim; then the role with its trust policy, the
duration, the session policies. Nothing that comes before the trust policy tells anything about the role, and nothing of a
token enters a record before its signature is verified.

Keys may have to be fetched, which takes time; access is decided on the directory as it is after that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from daypass.access.asking import Ask, ResourcePolicy
from daypass.access.authorize import refused_unseen, require
from daypass.access.caller import Caller
from daypass.access.trust import role_tag_context, trust_questions
from daypass.arns import PARTITION, Arn, assumed_role_arn
from daypass.credentials import Federation, SessionKind
from daypass.directory import OidcProvider, Role
from daypass.errors import ApiError
from daypass.federation import ProviderProblem, Unreachable, Untrusted, UnverifiedToken, read, web_identity
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
    from daypass.federation import Verified, WebIdentity
    from daypass.services.registry import Call, Output, Result, Rooms

ACTION: Final = "sts:AssumeRoleWithWebIdentity"

_NO_TRUST: Final = ResourcePolicy("", is_trust=True)
_NO_KEY: Final = (
    "Couldn't retrieve verification key from your identity provider,  "
    "please reference AssumeRoleWithWebIdentity documentation for requirements"
)
_UNTRUSTED: Final = "OpenIDConnect provider's HTTPS certificate doesn't match configured thumbprint"
_UNREACHABLE: Final = (
    "The identity provider that was asked to verify the incoming identity token could not be reached. Please try again."
)
_GOOGLE: Final = "accounts.google.com"
"""The one provider whose ``aud`` is a key of its own (``oaud``) beside ``azp``."""
_OPAQUE: Final = {
    "www.amazon.com": ("InvalidIdentityToken", "Provided Token is not a Login With Amazon token"),
    "graph.facebook.com": ("IDPRejectedClaim", "The identity provider rejected the token."),
}
"""What AWS says of a JWT that is sent along with the name of one of the providers of opaque tokens."""

Context = dict[str, str | tuple[str, ...]]


@sts.with_rooms("AssumeRoleWithWebIdentity", needs=FREE, unsigned=True)
async def assume_role_with_web_identity(call: Call, view: View, rooms: Rooms) -> Result:
    """Open a session of a role for whom the token proves."""
    try:
        arn = _role_arn(call)
        _check_provider_id(call)
        token = read(call.input["WebIdentityToken"])
        provider = _provider(arn, token, view)
        verified = await _verified(token, provider, rooms)
        return _decided(call, arn, token, verified, rooms.view()), []
    except ApiError as refused:
        raise told_to_operator(call, refused) from None


def _decided(call: Call, arn: Arn, token: UnverifiedToken, verified: Verified, view: View) -> Output:
    """What follows from a verified token, by the directory of now."""
    provider = _provider(arn, token, view)
    identity = web_identity(verified.claims, provider.client_ids, call.now)
    call.event_data["identityProviderConnectionVerificationMethod"] = str(verified.by)
    call.caller = _caller(provider, identity)
    call.owner = arn.account
    _note(call, identity)
    if identity.roles is not None:
        identity.roles.check(call.input["RoleArn"])
        call.event_data["RoleAuthorizedByIdp"] = True
    role = _trusting_role(call, arn, identity, provider, view)
    return _opened(call, role, identity, view)


def _opened(call: Call, role: Role, identity: WebIdentity, view: View) -> Output:
    """The session, and the answer."""
    session = identity.session
    duration = role_duration(call, role)
    policies = session_policies(call, view, role.account)
    federation = call.caller.federation
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
        source_identity=session.source_identity,
        tags=dict(session.tags),
        transitive_tag_keys=session.transitive,
        policy=policies.inline,
        policy_arns=policies.arns,
        federation=federation,
    )
    output: Output = {
        "SubjectFromWebIdentityToken": identity.subject,
        "AssumedRoleUser": {
            "AssumedRoleId": f"{role.id}:{name}",
            "Arn": assumed_role_arn(role.account, role.name, name),
        },
        "Credentials": issued.credentials,
        "Provider": call.caller.arn,
        "Audience": identity.audience,
        **issued.sizes(packed=policies.given or bool(session.tags)),
    }
    if session.source_identity is not None:
        output["SourceIdentity"] = session.source_identity
    return output


def _role_arn(call: Call) -> Arn:
    text: str = call.input["RoleArn"]
    try:
        return Arn.parse(text)
    except ValueError:
        raise ApiError("ValidationError", f"{text} is invalid") from None


def _check_provider_id(call: Call) -> None:
    """ProviderId is for the opaque tokens of two providers, whom this server does not ask. It is never ignored."""
    provider_id = call.input.get("ProviderId")
    if provider_id is not None:
        code, text = _OPAQUE.get(provider_id, ("AccessDenied", f"Not authorized to perform {ACTION}"))
        raise ApiError(code, text, reason=f"ProviderId is {provider_id!r}; tokens of OpenID providers come without it")


def _provider(arn: Arn, token: UnverifiedToken, view: View) -> OidcProvider:
    """The provider of the token, in the role's account. Raises InvalidIdentityToken."""
    scheme, _, url = token.issuer.partition("://")
    found = None
    if scheme == "https" and arn.partition == PARTITION:
        found = view.get(OidcProvider, arn.account, url)
    if found is None:
        text = f"No OpenIDConnect provider found in your account for {token.issuer}"
        reason = f"account {arn.account} has no provider for iss {token.issuer!r}"[:200]
        raise ApiError("InvalidIdentityToken", text, reason=reason)
    return found


async def _verified(token: UnverifiedToken, provider: OidcProvider, rooms: Rooms) -> Verified:
    """What the token claims, by its provider's keys. Raises InvalidIdentityToken, IDPCommunicationError."""
    try:
        return await rooms.federation.verified(token, provider)
    except Unreachable as problem:
        raise ApiError("IDPCommunicationError", _UNREACHABLE, reason=problem.reason) from None
    except Untrusted as problem:
        raise ApiError("InvalidIdentityToken", _UNTRUSTED, reason=problem.reason) from None
    except ProviderProblem as problem:
        raise ApiError("InvalidIdentityToken", _NO_KEY, reason=problem.reason) from None


def _caller(provider: OidcProvider, identity: WebIdentity) -> Caller:
    """Who calls, from now on: somebody whom the provider knows."""
    principal = Principal(
        kind=PrincipalKind.WEB_IDENTITY, account=provider.account, arn=provider.arn, federated=(provider.arn,)
    )
    said = Federation(provider.arn, identity.subject, identity.audience, identity.amr)
    return Caller(principal, user_id=provider.arn, federation=said)


def _note(call: Call, identity: WebIdentity) -> None:
    """What the record of the call says of the token."""
    session = identity.session
    if session.source_identity is not None:
        call.notes["sourceIdentity"] = session.source_identity
    if session.tags:
        call.notes["principalTags"] = dict(session.tags)
    if session.transitive:
        call.notes["transitiveTagKeys"] = list(session.transitive)


def _trusting_role(call: Call, arn: Arn, identity: WebIdentity, provider: OidcProvider, view: View) -> Role:
    """The role, when its trust policy lets the caller in. Raises AccessDenied, the same where there is no such role."""
    role_arn: str = call.input["RoleArn"]
    context = _keys(call, identity, provider)
    role = view.get(Role, arn.account, arn.resource.rpartition("/")[2].lower())
    if role is None or role.arn != role_arn:
        wanted = Ask(ACTION, role_arn, arn.account, context, _NO_TRUST)
        raise refused_unseen(wanted, call, f"there is no role {role_arn}")
    session = identity.session
    actions = [
        *(["sts:SetSourceIdentity"] if session.source_identity is not None else []),
        *(["sts:TagSession"] if session.tags else []),
        ACTION,
    ]
    for ask in trust_questions(role, actions, role_tag_context(role, ()) | context):
        require(ask, call, view)
    return role


def _keys(call: Call, identity: WebIdentity, provider: OidcProvider) -> Context:
    """The condition keys that the call and its token bring."""
    prefix, session = provider.url.lower(), identity.session
    context: Context = {f"{prefix}:{name}": value for name, value in identity.keys.items()}
    if provider.url != _GOOGLE:
        context.pop(f"{prefix}:oaud", None)
    context |= tag_context(session.tags)
    context["sts:rolesessionname"] = call.input["RoleSessionName"]
    context["sts:roleauthorizedbyidp"] = "false" if identity.roles is None else "true"
    if session.transitive:
        context["sts:transitivetagkeys"] = session.transitive
    if session.source_identity is not None:
        context["sts:sourceidentity"] = session.source_identity
    return context
