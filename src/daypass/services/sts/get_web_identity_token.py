"""GetWebIdentityToken (STS API Reference): a signed JWT by which the caller proves to others who it is.

The claims are those of IAM User Guide, "Understanding token claims". What does not apply is absent. A session here never
holds the context of trusted identity propagation, so ``SubjectMode=OriginIdentity`` ends in the validation error that AWS
gives such sessions, and with it ``Scope``, which only goes with it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from daypass.access.asking import Ask
from daypass.clock import iso_time
from daypass.directory import Organization, OutboundIssuer
from daypass.directory.records import GLOBAL
from daypass.errors import ApiError
from daypass.policy import PrincipalKind
from daypass.services.issuer_documents import NO_BASE_URL, issuer_url
from daypass.services.signing_keys import private_key, signed_token
from daypass.services.sts.global_endpoint import refuse_global_endpoint
from daypass.services.sts.operations import sts
from daypass.services.sts.session_tags import tag_context

if TYPE_CHECKING:
    from collections.abc import Iterable

    from daypass.access.caller import Caller
    from daypass.directory import View
    from daypass.services.registry import Call, Result

DEFAULT_DURATION = 300
LARGEST_PAYLOAD = 6_000
"""Bytes of claims: the token then stays below 8 KiB, which is what web servers take as one header (AWS: not known)."""
NAMESPACE = "https://sts.amazonaws.com/"
AWS_IDENTITY = "AWSIdentity"

Tags = tuple[tuple[str, str], ...]

_ROOT_MAY_NOT = "GetWebIdentityToken may not be called by root accounts."
_NOT_ENABLED = "The outbound web identity federation feature is not enabled for this account."
_ESCALATION = "The requested token duration would extend the session beyond its original expiration time."
_TOO_LARGE = "The requested token payload size exceeds the maximum allowed size."
_DUPLICATE = "Duplicate tag keys found. Please note that Tag keys are case insensitive."
_RESERVED = "aws: prefixed tag key names are not allowed for external use."
_NO_ORIGIN = "The calling session has no aws:OriginIdentity/Subject in its trusted identity propagation context."
_SCOPE_ALONE = "Scope can be specified only when SubjectMode is OriginIdentity."


def _needs(call: Call, _view: View) -> Iterable[Ask]:
    refuse_global_endpoint(call)
    if call.caller.kind is PrincipalKind.ROOT:
        raise ApiError("AccessDenied", _ROOT_MAY_NOT)
    _check_algorithm(call.input["SigningAlgorithm"])
    tags = _request_tags(call)
    tagging = tag_context(tags)
    context: dict[str, str | tuple[str, ...]] = {
        **tagging,
        "sts:identitytokenaudience": tuple(call.input["Audience"]),
        "sts:signingalgorithm": call.input["SigningAlgorithm"],
        "sts:durationseconds": str(_duration(call)),
        "sts:subjectmode": call.input.get("SubjectMode", AWS_IDENTITY),
    }
    if tags:
        yield Ask("sts:TagGetWebIdentityToken", "*", call.account, tagging)
    yield Ask("sts:GetWebIdentityToken", "*", call.account, context)


@sts("GetWebIdentityToken", needs=_needs)
def get_web_identity_token(call: Call, view: View) -> Result:
    """Sign a token for the caller."""
    _check_subject(call)
    issuer = view.get(OutboundIssuer, call.account, "")
    if issuer is None or not issuer.enabled:
        raise ApiError("OutboundWebIdentityFederationDisabledException", _NOT_ENABLED)
    url = issuer_url(issuer, call.settings)
    if url is None:
        raise ApiError("OutboundWebIdentityFederationDisabledException", NO_BASE_URL)
    now, duration = int(call.now), _duration(call)
    session = call.caller.session
    if session is not None and now + duration > session.expires_at:
        raise ApiError("SessionDurationEscalationException", _ESCALATION)
    claims = _claims(call, view, url, now, duration)
    if len(msgspec.json.encode(claims)) > LARGEST_PAYLOAD:
        raise ApiError("JWTPayloadSizeExceededException", _TOO_LARGE)
    key = issuer.signing(call.input["SigningAlgorithm"], now)
    ready = view.derived(call.account, ("issuer-key", key.id), lambda: private_key(key))
    return {"WebIdentityToken": signed_token(key, ready, claims), "Expiration": now + duration}, []


def _claims(call: Call, view: View, url: str, now: int, duration: int) -> dict[str, Any]:
    audience: list[str] = list(call.input["Audience"])
    return {
        "iss": url,
        "aud": audience[0] if len(audience) == 1 else audience,
        "sub": _principal_arn(call.caller),
        "iat": now,
        "exp": now + duration,
        "jti": call.mint.uuid(),
        NAMESPACE: _aws_claims(call, view),
    }


def _aws_claims(call: Call, view: View) -> dict[str, Any]:
    caller = call.caller
    claims: dict[str, Any] = {"aws_account": call.account, "source_region": call.facts.region}
    found = view.linked(Organization, GLOBAL, "organization-account", call.account, limit=1).records
    for organization in found:
        if isinstance(organization, Organization):
            claims["org_id"] = organization.id
            claims["ou_path"] = [f"{organization.id}/{organization.root_id}"]
    claims["principal_id"] = _principal_arn(caller)
    if caller.tags:
        claims["principal_tags"] = dict(caller.tags)
    request_tags = _request_tags(call)
    if request_tags:
        claims["request_tags"] = dict(request_tags)
    session = caller.session
    if session is not None:
        claims["original_session_exp"] = iso_time(session.expires_at)
        if session.source_identity is not None:
            claims["source_identity"] = session.source_identity
        if session.federation is not None:
            claims["federated_provider"] = session.federation.provider
    return claims


def _principal_arn(caller: Caller) -> str:
    """The role behind a session, not the session itself (recorded)."""
    return caller.role.arn if caller.role is not None else caller.arn


def _duration(call: Call) -> int:
    asked = call.input.get("DurationSeconds")
    return DEFAULT_DURATION if asked is None else int(asked)


def _request_tags(call: Call) -> Tags:
    tags = tuple((tag["Key"], tag["Value"]) for tag in call.input.get("Tags", ()))
    keys = {key.lower() for key, _ in tags}
    if len(keys) != len(tags):
        raise ApiError("InvalidParameterValue", _DUPLICATE)
    if any(key.startswith("aws:") for key in keys):
        raise ApiError("InvalidParameterValue", _RESERVED)
    return tags


def _check_algorithm(asked: str) -> None:
    """The model knows only the length; the documentation names the values."""
    if asked not in ("RS256", "ES384"):
        clause = f"Value '{asked}' at 'signingAlgorithm' failed to satisfy constraint: Member must satisfy enum value set: [RS256, ES384]"
        raise ApiError("ValidationError", f"1 validation error detected: {clause}")


def _check_subject(call: Call) -> None:
    if call.input.get("SubjectMode", AWS_IDENTITY) != AWS_IDENTITY:
        raise ApiError("ValidationError", _NO_ORIGIN)
    if call.input.get("Scope") is not None:
        raise ApiError("ValidationError", _SCOPE_ALONE)
