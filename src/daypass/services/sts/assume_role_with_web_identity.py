"""AssumeRoleWithWebIdentity (STS API Reference): whoever holds a token of an OpenID provider opens a session of a role.

The call needs no signature: the token is the proof. In order (sts.md 14.5): the token's form, its provider in the role's
account, the provider's keys, the signature, times, audience, the roles claim; then the role with its trust policy, the
duration, the session policies. Nothing that comes before the trust policy tells anything about the role, and nothing of a
token enters a record before its signature is verified.

Keys may have to be fetched, which takes time; access is decided on the directory as it is after that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from daypass.access.authorize import require
from daypass.access.caller import Caller
from daypass.arns import PARTITION
from daypass.credentials import Federation
from daypass.directory import OidcProvider
from daypass.errors import ApiError
from daypass.federation import ProviderProblem, Unreachable, Untrusted, UnverifiedToken, read, web_identity
from daypass.policy import Principal, PrincipalKind
from daypass.services.registry import FREE
from daypass.services.sts.durations import role_duration
from daypass.services.sts.federated_refusals import told_to_operator
from daypass.services.sts.operations import sts
from daypass.services.sts.role_sessions import RoleSession, arn_of, open_role_session, role_named, trust_asks
from daypass.services.sts.session_tags import SessionTags

if TYPE_CHECKING:
    from daypass.arns import Arn
    from daypass.directory import View
    from daypass.federation import Verified, WebIdentity
    from daypass.services.registry import Call, Output, Result, Rooms
    from daypass.services.sts.role_sessions import Context

ACTION: Final = "sts:AssumeRoleWithWebIdentity"

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


@sts.with_rooms("AssumeRoleWithWebIdentity", needs=FREE, unsigned=True)
async def assume_role_with_web_identity(call: Call, view: View, rooms: Rooms) -> Result:
    """Open a session of a role for whom the token proves."""
    try:
        arn = arn_of(call.input["RoleArn"])
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
    said = identity.session
    session = RoleSession(
        call.input["RoleSessionName"], SessionTags(said.tags, (), said.transitive), said.source_identity
    )
    session.note(call)
    if identity.roles is not None:
        identity.roles.check(call.input["RoleArn"])
        call.event_data["RoleAuthorizedByIdp"] = True
    actions, context = session.actions(ACTION), _keys(identity, provider) | session.keys()
    role = role_named(call, view, actions, context)
    for ask in trust_asks(role, session, actions, context):
        require(ask, call, view)
    return open_role_session(call, view, role, session, role_duration(call, role)) | {
        "SubjectFromWebIdentityToken": identity.subject,
        "Provider": call.caller.arn,
        "Audience": identity.audience,
    }


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


def _keys(identity: WebIdentity, provider: OidcProvider) -> Context:
    """The condition keys that only a token brings."""
    prefix = provider.url.lower()
    context: Context = {f"{prefix}:{name}": value for name, value in identity.keys.items()}
    if provider.url != _GOOGLE:
        context.pop(f"{prefix}:oaud", None)
    context["sts:roleauthorizedbyidp"] = "false" if identity.roles is None else "true"
    return context
