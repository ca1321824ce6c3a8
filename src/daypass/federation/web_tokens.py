"""JSON Web Tokens of identity providers: one form, one reading, one way to verify (RFC 7515, RFC 7519).

:func:`read` takes a token apart without believing it; of what it says, only the issuer and the names of key and algorithm
may be used, to find the key. :func:`verified_claims` gives the claims, decoded from the very bytes that the signature
covers. Whatever a token says about where its key is to be found (``jku``, ``x5u``, ``jwk``, ``x5c``) is not looked at.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from joserfc.errors import JoseError
from joserfc.jws import JWSRegistry
from joserfc.util import urlsafe_b64decode

from daypass.errors import ApiError
from daypass.federation.json_web_keys import ALGORITHMS
from daypass.federation.problems import shown
from daypass.federation.strict_json import json_object

if TYPE_CHECKING:
    from daypass.federation.json_web_keys import Key

_COMPACT: Final = re.compile(r"([\w-]+)\.([\w-]+)\.([\w-]+)", re.ASCII)
_NO_JWT: Final = "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)"
_OF_OTHER_FORMS: Final = ("crit", "b64", "enc", "zip", "p2c", "p2s")
"""Header members that change what a token means (RFC 7515, 7516, 7518, 7797). None is understood here."""


_REGISTRY: Final = JWSRegistry(algorithms=sorted(ALGORITHMS))


@dataclass(frozen=True, slots=True)
class UnverifiedToken:
    """A token taken apart. Nothing that it says is known to be true."""

    algorithm: str
    kid: str | None
    issuer: str
    _signed: bytes
    _signature: bytes
    _claims: dict[str, Any]


def read(text: str) -> UnverifiedToken:
    """Take a token apart. Raises InvalidIdentityToken for what is none of the one form that is taken."""
    parts = _COMPACT.fullmatch(text)
    if parts is None:
        raise _no_token("not three segments of base64url text with points between")
    try:
        header_text, payload, signature = (urlsafe_b64decode(part.encode()) for part in parts.groups())
        header = json_object(header_text, unique=True)
        claims = json_object(payload)
    except ValueError as error:
        raise _no_token(str(error)) from None
    algorithm, kid = _checked_header(header)
    issuer = claims.get("iss")
    if issuer is None:
        raise missing_claim("iss")
    if not isinstance(issuer, str):
        raise _no_token("iss is no text")
    return UnverifiedToken(algorithm, kid, issuer, text[: parts.end(2)].encode(), signature, claims)


def verified_claims(token: UnverifiedToken, key: Key) -> dict[str, Any]:
    """What the token claims, when the key has signed it. Raises InvalidIdentityToken."""
    try:
        algorithm = _REGISTRY.get_alg(token.algorithm)
        algorithm.check_key(key)
        good = algorithm.verify(token._signed, token._signature, key)  # noqa: SLF001 - this is what they are kept for
    except (JoseError, ValueError):
        good = False
    if not good:
        reason = f"the signature does not verify with key {shown(token.kid)} ({token.algorithm})"
        raise ApiError("InvalidIdentityToken", "Invalid token signature", reason=reason)
    return token._claims  # noqa: SLF001 - they are verified now


def missing_claim(name: str) -> ApiError:
    """The refusal of a token that lacks a claim which every token must have."""
    return ApiError("InvalidIdentityToken", f"Missing a required claim: {name}", reason=f"the token has no {name}")


def _checked_header(header: dict[str, Any]) -> tuple[str, str | None]:
    """Algorithm and ``kid``."""
    algorithm, kid, kind = header.get("alg"), header.get("kid"), header.get("typ", "JWT")
    if not isinstance(algorithm, str) or algorithm not in ALGORITHMS:
        raise _no_token(f"its algorithm is {shown(algorithm)}, not one of {', '.join(sorted(ALGORITHMS))}")
    if "kid" in header and not isinstance(kid, str):
        raise _no_token("its kid is no text")
    other = [name for name in _OF_OTHER_FORMS if name in header]
    if other:
        raise _no_token(f"its header has {', '.join(other)}")
    if not isinstance(kind, str) or kind.upper() != "JWT":
        raise _no_token(f"its type (typ) is {shown(kind)}, not JWT")
    return algorithm, kid


def _no_token(reason: str) -> ApiError:
    return ApiError("InvalidIdentityToken", _NO_JWT, reason=f"no token: {reason}"[:500])
