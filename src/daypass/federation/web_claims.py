"""What a verified token says of its bearer: times, audience, subject, and AWS's own claims (sts.md 14, recorded probes).

Sources: OpenID Connect Core 1.0, section 3.1.3.7; STS API Reference, AssumeRoleWithWebIdentity; IAM User Guide, "Pass
session tags in AWS STS" (``https://aws.amazon.com/tags``) and "Monitor and control actions taken with assumed roles"
(``https://aws.amazon.com/source_identity``). Pure: the time is an argument.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from daypass.errors import ApiError
from daypass.federation.aws_claims import AWS_CLAIMS, Roles, SessionClaims, roles_claim, session_claims
from daypass.federation.web_tokens import missing_claim

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    ClaimKeys = Mapping[str, str | tuple[str, ...]]

TOLERANCE: Final = 300
"""Seconds that clocks may differ: for issue, begin and end of a token."""

_REQUIRED: Final = ("iss", "sub", "aud", "iat", "exp")
_WHOLE: Final = re.compile(r"-?[0-9]{1,18}")
_OWN: Final = ("amr", "aud", "azp", "oaud", "sub")
"""Claims whose keys have AWS's own meaning."""
_PORT: Final = re.compile(r"\d+[:/]")
_NO_TEXT: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff]")
"""Characters that no answer in XML could carry."""


@dataclass(frozen=True, slots=True)
class WebIdentity:
    """Whom a token proves, and what it brings along."""

    subject: str
    audience: str
    amr: tuple[str, ...]
    keys: ClaimKeys
    """Its claims as condition keys, without the provider's prefix, in lower case."""
    roles: Roles | None
    session: SessionClaims


def web_identity(claims: Mapping[str, Any], client_ids: Collection[str], now: float) -> WebIdentity:
    """Whom the claims prove. Raises InvalidIdentityToken, ExpiredTokenException."""
    for name in _REQUIRED:
        if claims.get(name) is None:
            raise missing_claim(name)
    _check_times(claims, int(now))
    subject = _subject(claims["sub"])
    audience = _audience(claims, client_ids)
    amr = _texts(claims.get("amr"))
    own: dict[str, str | tuple[str, ...]] = {"aud": audience, "sub": subject}
    if claims.get("azp") is not None:
        audiences = _texts(claims["aud"])
        own |= {"azp": audience, "oaud": audiences[0] if len(audiences) == 1 else audiences}
    if amr:
        own["amr"] = amr
    return WebIdentity(subject, audience, amr, _others(claims) | own, roles_claim(claims), session_claims(claims))


def _check_times(claims: Mapping[str, Any], now: int) -> None:
    expires, issued = _time(claims, "exp"), _time(claims, "iat")
    if now > expires + TOLERANCE:
        text = f"Token expired: current date/time {now} must be before the expiration date/time {expires}"
        raise ApiError(
            "ExpiredTokenException", text, reason=f"exp is {expires}, it is {now}; {TOLERANCE} s are tolerated"
        )
    if now < issued - TOLERANCE:
        text = f"Token was issued in the future: current date/time {now} must be after the issue date/time {issued}"
        raise _refused(text, f"iat is {issued}, it is {now}; {TOLERANCE} s are tolerated")
    if claims.get("nbf") is not None and now < (begins := _time(claims, "nbf")) - TOLERANCE:
        text = f"Token not yet valid: current date/time {now} must be after the not before date/time {begins}"
        raise _refused(text, f"nbf is {begins}, it is {now}; {TOLERANCE} s are tolerated")


def _time(claims: Mapping[str, Any], name: str) -> int:
    """A time in whole seconds: a number, or a text that is one."""
    value = claims[name]
    if isinstance(value, str) and _WHOLE.fullmatch(value):
        return int(value)
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**18:
        return value
    text = f"Token timestamp {name} must be an integer"
    raise _refused(text, f"{name} is {value!r}, no whole number"[:200])


def _subject(value: Any) -> str:
    """The subject. It may be empty, and a number is one, too."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, str) or _NO_TEXT.search(value):
        raise _refused("Token subject is not valid", f"sub is {value!r}"[:500])
    return value


def _audience(claims: Mapping[str, Any], client_ids: Collection[str]) -> str:
    """The client that the token is for: ``azp`` where it is there, else the only ``aud``."""
    listed = claims["aud"] if isinstance(claims["aud"], list) else [claims["aud"]]
    azp = claims.get("azp")
    audience = azp if azp is not None else listed[0] if len(listed) == 1 else None
    if not isinstance(audience, str) or not all(isinstance(one, str) for one in listed) or audience not in client_ids:
        told = f"aud is {claims['aud']!r}, azp is {azp!r}"
        wanted = f"one of the provider's client ids is wanted: {', '.join(client_ids) or '(it has none)'}"
        raise _refused("Incorrect token audience", f"{told}; {wanted}"[:1000])
    return audience


def _others(claims: Mapping[str, Any]) -> dict[str, str | tuple[str, ...]]:
    """Every other claim that is a text, number, truth value or list of texts.

    Not those that differ from another, or from one of AWS's own, by case alone, and none whose name would read as the rest
    of another provider's name: ``8443:sub`` of the provider ``idp`` is not the subject of the provider ``idp:8443``.
    """
    keys: dict[str, str | tuple[str, ...]] = {}
    spelt: dict[str, int] = dict.fromkeys(_OWN, 1)
    for name, value in claims.items():
        key = name.lower()
        spelt[key] = spelt.get(key, 0) + 1
        if name.startswith(AWS_CLAIMS) or _PORT.match(name):
            continue
        match value:
            case bool():
                keys[key] = "true" if value else "false"
            case str() | int() | float():
                keys[key] = str(value)
            case list() if value and all(isinstance(one, str) for one in value):
                keys[key] = tuple(value)
    return {key: value for key, value in keys.items() if spelt[key] == 1}


def _texts(value: Any) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,)
    return tuple(one for one in value if isinstance(one, str)) if isinstance(value, list) else ()


def _refused(text: str, reason: str) -> ApiError:
    return ApiError("InvalidIdentityToken", text, reason=reason)
