"""A provider's description of itself (OpenID Connect Discovery 1.0, sections 3 and 4)."""

from __future__ import annotations

from typing import Final

from daypass.federation.problems import Faulty
from daypass.federation.strict_json import json_object

_REQUIRED_LISTS: Final = (
    "response_types_supported",
    "subject_types_supported",
    "id_token_signing_alg_values_supported",
)
"""Members whose absence AWS refuses though it reads none of them (recorded)."""


def configuration_url(issuer: str) -> str:
    """Where a provider describes itself."""
    return f"{issuer.removesuffix('/')}/.well-known/openid-configuration"


def keys_url(document: bytes, issuer: str) -> str:
    """Where the provider's keys are. Raises Faulty for a description that is incomplete, or another issuer's."""
    try:
        described = json_object(document)
    except ValueError as error:
        raise Faulty(f"the provider's description is no JSON object: {error}") from None
    if described.get("issuer") != issuer:
        raise Faulty(f"the provider at {issuer} describes itself as issuer {described.get('issuer')!r}"[:500])
    missing = [name for name in _REQUIRED_LISTS if not isinstance(described.get(name), list)]
    if missing:
        raise Faulty(f"the provider's description lacks {', '.join(missing)}")
    url = described.get("jwks_uri")
    if not isinstance(url, str) or not url.startswith("https://"):
        raise Faulty(f"the provider's jwks_uri is {url!r}, not https"[:500])
    return url
