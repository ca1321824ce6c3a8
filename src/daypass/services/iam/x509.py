"""X.509 certificates and keys as IAM takes them: PEM text, parsed by the ``cryptography`` library."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from daypass.errors import ApiError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes

RSA_BITS = range(1024, 4097)


def certificate(text: str, what: str = "BODY") -> x509.Certificate:
    """The one certificate of a PEM text. Raises MalformedCertificate."""
    found = certificates(text, what)
    if len(found) != 1:
        raise _malformed(what)
    return found[0]


def certificates(text: str, what: str) -> list[x509.Certificate]:
    """The certificates of a PEM text. Raises MalformedCertificate."""
    try:
        return x509.load_pem_x509_certificates(text.encode())
    except (ValueError, UnsupportedAlgorithm, x509.InvalidVersion):
        raise _malformed(what) from None


def check_key(text: str, of: x509.Certificate) -> None:
    """Raise MalformedCertificate for what is no unencrypted private key, KeyPairMismatch for that of another certificate."""
    try:
        key = load_pem_private_key(text.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise ApiError("MalformedCertificate", "Unable to parse key; the body is encrypted or malformed.") from None
    public = key.public_key()
    is_rsa = isinstance(public, rsa.RSAPublicKey) and public.key_size in RSA_BITS
    if not (is_rsa or isinstance(public, ec.EllipticCurvePublicKey)):
        raise ApiError("MalformedCertificate", "The key is neither RSA of 1024 to 4096 bits nor of an elliptic curve.")
    if _spki(public) != _spki(of.public_key()):
        raise ApiError("KeyPairMismatch", "Certificate and private key do not match.")


def _spki(key: PublicKeyTypes) -> bytes:
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _malformed(what: str) -> ApiError:
    return ApiError("MalformedCertificate", f"Certificate {what} is malformed.")
