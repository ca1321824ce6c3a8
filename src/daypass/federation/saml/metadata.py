"""Metadata of a SAML identity provider (OASIS SAML 2.0 metadata; IAM User Guide, "Create a SAML identity provider in IAM").

It is the one thing that is trusted: whose assertions are taken, and by which keys. Expiry and issuer of the certificates
in it play no part (SAML V2.0 Metadata Interoperability Profile), as on AWS.
"""

from __future__ import annotations

import re
from base64 import b64decode
from datetime import UTC, datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Final, NamedTuple

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from daypass.federation.saml.documents import DSIG, METADATA, METADATA_BOUNDS, UnusableXml, elements, parsed, whole_text

if TYPE_CHECKING:
    from lxml import etree

_SAML2: Final = "urn:oasis:names:tc:SAML:2.0:protocol"
_RSA_BITS: Final = range(1024, 8193)
_LONGEST_ENTITY_ID: Final = 1024
_INSTANT: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", re.ASCII)
_FIRST: Final = datetime(1000, 1, 1, tzinfo=UTC).timestamp()
_LAST: Final = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC).timestamp()
_MOST_CERTIFICATES: Final = 100
_LONGEST_CERTIFICATE: Final = 50_000
"""Characters of base64. AWS has no such limits; without, one document of ten million characters keeps the server busy."""


class UnusableMetadata(ValueError):
    """The document is no metadata of an identity provider; the message says why, for the operator."""


class Metadata(NamedTuple):
    """What is taken from the document. ``signing_keys`` are public keys in PEM, each once."""

    entity_id: str
    signing_keys: tuple[str, ...]
    valid_until: int | None


def read_metadata(text: str) -> Metadata:
    """Read and check a metadata document. Raises UnusableMetadata."""
    try:
        root = parsed(text.encode(), METADATA_BOUNDS)
    except (UnusableXml, UnicodeEncodeError) as problem:
        raise UnusableMetadata(str(problem)) from None
    if root.tag != f"{METADATA}EntityDescriptor":
        raise UnusableMetadata(f"the root element is {root.tag}, not EntityDescriptor")
    entity_id = str(root.get("entityID") or "")
    if not entity_id.strip() or len(entity_id) > _LONGEST_ENTITY_ID:
        raise UnusableMetadata("no entityID, or one longer than 1024 characters")
    roles = [
        role
        for role in elements(root, f"{METADATA}IDPSSODescriptor")
        if _SAML2 in str(role.get("protocolSupportEnumeration") or "").split()
    ]
    if len(roles) != 1:
        raise UnusableMetadata(f"{len(roles)} IDPSSODescriptors of SAML 2.0, not one")
    ends = [instant(str(end)) for end in (root.get("validUntil"), roles[0].get("validUntil")) if end is not None]
    return Metadata(entity_id, _signing_keys(roles[0]), int(min(ends)) if ends else None)


def instant(text: str) -> float:
    """Seconds since the epoch of an ``xs:dateTime`` with a time zone. Raises UnusableMetadata."""
    try:
        if _INSTANT.fullmatch(text.strip()):
            seconds = datetime.fromisoformat(text.strip()).timestamp()
            if writable(seconds) == seconds:
                return seconds
    except (ValueError, OverflowError):
        pass
    raise UnusableMetadata(f"not a date and time: {text[:60]!r}")


def writable(seconds: float) -> float:
    """The time, or the nearest one that can be written as a date, with a year of four digits."""
    return min(max(seconds, _FIRST), _LAST)


def fingerprint(pem: str) -> str:
    """A short name of a public key, for people."""
    return f"sha256:{sha256(pem.encode()).hexdigest()[:16]}"


def _signing_keys(role: etree._Element) -> tuple[str, ...]:
    """The public keys of all certificates that are for signing, or for anything."""
    certificates = dict.fromkeys(
        whole_text(certificate)
        for descriptor in elements(role, f"{METADATA}KeyDescriptor")
        if descriptor.get("use") in (None, "signing")
        for certificate in descriptor.iterfind(f"{DSIG}KeyInfo/{DSIG}X509Data/{DSIG}X509Certificate")
    )
    if not certificates:
        raise UnusableMetadata("no signing certificate")
    if len(certificates) > _MOST_CERTIFICATES:
        raise UnusableMetadata(f"more than {_MOST_CERTIFICATES} signing certificates")
    return tuple(dict.fromkeys(map(public_key, certificates)))


def public_key(text: str) -> str:
    """The public key (PEM) of a certificate in base64. Raises UnusableMetadata."""
    if len(text) > _LONGEST_CERTIFICATE:
        raise UnusableMetadata("a very long certificate")
    try:
        key = x509.load_der_x509_certificate(b64decode("".join(text.split()), validate=True)).public_key()
    except (ValueError, UnsupportedAlgorithm, x509.InvalidVersion):
        raise UnusableMetadata("a certificate cannot be parsed") from None
    if isinstance(key, rsa.RSAPublicKey) and key.key_size not in _RSA_BITS:
        raise UnusableMetadata(f"an RSA key of {key.key_size} bits; wanted: 1024 to 8192")
    if not isinstance(key, rsa.RSAPublicKey | ec.EllipticCurvePublicKey):
        raise UnusableMetadata("a key that is neither RSA nor of an elliptic curve")
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
