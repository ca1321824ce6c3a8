"""Signing keys of accounts that issue identity tokens: made, read, shown (RFC 7517, RFC 7518) and signed with (RFC 7515).

Making one takes tens of milliseconds; it is done beside the event loop.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from joserfc import jws
from joserfc.jwk import ECKey, RSAKey

from daypass.credentials import Secret
from daypass.directory.issuers import ALGORITHMS, IssuerKey

if TYPE_CHECKING:
    from collections.abc import Mapping

RSA_BITS = 2048
PrivateKey = ECKey | RSAKey


def new_keys(signs_from: int) -> tuple[IssuerKey, ...]:
    """One new key for each algorithm."""
    return tuple(_new_key(algorithm, signs_from) for algorithm in ALGORITHMS)


def private_key(key: IssuerKey) -> PrivateKey:
    """The key ready to sign."""
    kind = RSAKey if key.algorithm == "RS256" else ECKey
    return kind.import_key(key.pem.reveal())


def public_jwk(key: IssuerKey) -> dict[str, Any]:
    """The public key as a member of a JWK set."""
    public = private_key(key).as_dict(private=False)
    return {**public, "kid": key.id, "use": "sig", "alg": key.algorithm}


def signed_token(key: IssuerKey, ready: PrivateKey, claims: Mapping[str, Any]) -> str:
    """The claims as a JWT in compact form."""
    header = {"kid": key.id, "typ": "JWT", "alg": key.algorithm}
    return jws.serialize_compact(header, msgspec.json.encode(claims), ready, [key.algorithm])


def _new_key(algorithm: str, signs_from: int) -> IssuerKey:
    made: PrivateKey = RSAKey.generate_key(RSA_BITS) if algorithm == "RS256" else ECKey.generate_key("P-384")
    pem = Secret(made.as_pem(private=True).decode("ascii"))
    return IssuerKey(made.thumbprint(), algorithm, pem, signs_from)
