"""The keys that a provider signs with: from a JWK Set to keys that may verify (RFC 7517, RFC 7518 section 6).

Which keys count is AWS's rule, recorded (sts.md 14.2): one without ``kid`` is unusable, the later of two equal ``kid``
replaces the earlier, ``alg`` is ignored, ``use`` other than ``sig`` and any ``key_ops`` make a key unusable, a certificate
that comes with a key must be the key's. Symmetric keys do not exist here.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey
from joserfc.util import base64_to_int

from daypass.federation.problems import Faulty, shown
from daypass.federation.strict_json import json_object

if TYPE_CHECKING:
    from collections.abc import Mapping

Key = RSAKey | ECKey

MOST_RSA_KEYS: Final = 100
_SHOWN: Final = 4
"""How many keys a reason names."""
RSA_BITS: Final = range(2048, 16385)

_CURVES: Final = {"P-256": "ES256", "P-384": "ES384", "P-521": "ES512"}
_RSA_ALGORITHMS: Final = frozenset({"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"})
ALGORITHMS: Final = _RSA_ALGORITHMS | frozenset(_CURVES.values())
"""What tokens may be signed with. Each belongs to one type of key, and is never taken with another."""


class NoSuchKey(LookupError):
    """The set has no key for a token; the text is for the operator."""


@dataclass(frozen=True, slots=True)
class VerificationKeys:
    """The usable keys of a provider by ``kid``, with the algorithms that each may verify."""

    keys: Mapping[str, tuple[Key, frozenset[str]]]
    unusable: tuple[str, ...] = field(default=())
    """Why other keys of the set are not used, for the operator."""

    def find(self, algorithm: str, kid: str | None) -> Key:
        """The key of a token. Without ``kid`` there must be one key only. Raises NoSuchKey."""
        if kid is None:
            if len(self.keys) != 1:
                raise NoSuchKey(f"the token names no key (kid), and the provider has {len(self.keys)}")
            kid = next(iter(self.keys))
        found = self.keys.get(kid)
        if found is None:
            raise NoSuchKey(f"the provider has no usable key with kid {shown(kid)}, but {self._told()}")
        key, algorithms = found
        if algorithm not in algorithms:
            raise NoSuchKey(f"key {shown(kid)} is for {', '.join(sorted(algorithms))}, not for {algorithm}")
        return key

    def _told(self) -> str:
        """The keys that there are, as far as an operator wants to read them."""
        names = ", ".join(map(shown, islice(self.keys, _SHOWN))) or "none at all"
        more = f" and {len(self.keys) - _SHOWN} more" if len(self.keys) > _SHOWN else ""
        return f"{names}{more}" + "".join(f"; {why}" for why in self.unusable[:_SHOWN])


def verification_keys(document: bytes) -> VerificationKeys:
    """The usable keys of a JWK Set. Raises Faulty for what is none, or has no usable key."""
    try:
        listed = json_object(document).get("keys")
    except ValueError as error:
        raise Faulty(f"the key set is no JSON object: {error}") from None
    if not isinstance(listed, list):
        raise Faulty("the key set has no list of keys")
    rsa = sum(isinstance(jwk, dict) and jwk.get("kty") == "RSA" for jwk in listed)
    keys: dict[str, tuple[Key, frozenset[str]]] = {}
    unusable: list[str] = []
    for jwk in listed:
        try:
            kid, key = _usable(jwk, too_many=rsa > MOST_RSA_KEYS)
        except (ValueError, TypeError, KeyError, JoseError, UnsupportedAlgorithm) as error:
            unusable.append(f"key {jwk.get('kid') if isinstance(jwk, dict) else jwk!r} is not usable: {error}"[:200])
            continue
        keys[kid] = (key, _RSA_ALGORITHMS if isinstance(key, RSAKey) else frozenset({_CURVES[key.curve_name]}))
    if not keys:
        raise Faulty("; ".join(["the key set has no usable key", *unusable[:10]]))
    return VerificationKeys(keys, tuple(unusable[:10]))


def _usable(jwk: Any, *, too_many: bool) -> tuple[str, Key]:
    """One key and its name. Raises ValueError and its kin."""
    if not isinstance(jwk, dict):
        raise ValueError("not an object")  # noqa: TRY004 - as all that is wrong with keys
    kid = jwk.get("kid")
    if not isinstance(kid, str):
        raise ValueError("it has no kid")  # noqa: TRY004
    if jwk.get("use", "sig") != "sig":
        raise ValueError(f"its use is {jwk['use']!r}")
    if "key_ops" in jwk:
        raise ValueError("it has key_ops")
    match jwk.get("kty"):
        case "RSA":
            if too_many:
                raise ValueError(f"the set has more than {MOST_RSA_KEYS} RSA keys")
            _check_modulus(base64_to_int(jwk["n"]))
            key: Key = RSAKey.import_key({"kty": "RSA", "n": jwk["n"], "e": jwk["e"]})
        case "EC" if jwk.get("crv") in _CURVES:
            key = ECKey.import_key({"kty": "EC", "crv": jwk["crv"], "x": jwk["x"], "y": jwk["y"]})
        case kind:
            raise ValueError(f"its type is {kind!r} {jwk.get('crv', '')}".rstrip())
    if "x5c" in jwk:
        _check_certificate(jwk["x5c"], key)
    return kid, key


def _check_modulus(n: int) -> None:
    if n.bit_length() not in RSA_BITS:
        raise ValueError(f"it has {n.bit_length()} bits")
    if n % 2 == 0:
        raise ValueError("its modulus is even")


def _check_certificate(chain: Any, key: Key) -> None:
    """A key that comes with a certificate must be that certificate's."""
    if not isinstance(chain, list) or not chain or not isinstance(chain[0], str):
        raise ValueError("its x5c is no list of certificates")
    try:
        certificate = x509.load_der_x509_certificate(base64.b64decode(chain[0], validate=True))
    except x509.InvalidVersion as error:  # which is no ValueError
        raise ValueError(f"its x5c is no certificate: {error}") from None
    if _spki(certificate.public_key()) != _spki(key.public_key):
        raise ValueError("its x5c is the certificate of another key")


def _spki(key: Any) -> bytes:
    return bytes(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))
