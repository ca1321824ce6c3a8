"""Encrypted assertions (W3C XML Encryption 1.1; IAM User Guide, "SAML encryption"): xmlsec decrypts, in two steps.

First the content key, by one of the provider's private keys, then the assertion with it; the plaintext is a document of
its own, parsed like all XML from outside. Encryption proves nothing: who signed is checked elsewhere. RSA PKCS#1 v1.5
is refused, and so is CBC where no signature was verified over the ciphertext: both turn a refusal into an oracle.
Whatever fails, the refusal is the same.
"""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Final

import xmlsec
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from daypass.federation.saml.documents import DSIG, RESPONSE_BOUNDS, XENC, UnusableXml, elements, parsed

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lxml import etree

    from daypass.credentials import Secret

_XENC_NAME: Final = XENC[1:-1]
_XENC11: Final = "http://www.w3.org/2009/xmlenc11#"
_TRANSPORT: Final = frozenset({f"{_XENC_NAME}rsa-oaep-mgf1p", f"{_XENC11}rsa-oaep"})
_GCM: Final = {f"{_XENC11}aes{bits}-gcm": bits for bits in (128, 192, 256)}
_CBC: Final = {f"{_XENC_NAME}aes{bits}-cbc": bits for bits in (128, 192, 256)}
_RSA_BITS: Final = range(2048, 4097)
_KEYS_OFFERED: Final = 2
"""Encrypted content keys that one assertion may come with. To open one is dear, and strangers make the server try."""


class CannotDecrypt(ValueError):
    """The assertion is not decrypted; the message says why, for the operator."""


class UnusableKey(ValueError):
    """The text is no private key that decrypts assertions."""


def check_private_key(pem: str) -> None:
    """Raise UnusableKey for what is no unencrypted RSA private key of 2,048 to 4,096 bits."""
    try:
        key = load_pem_private_key(pem.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise UnusableKey("not an unencrypted private key in PEM") from None
    if not isinstance(key, rsa.RSAPrivateKey) or key.key_size not in _RSA_BITS:
        raise UnusableKey("not an RSA key of 2048 to 4096 bits")


def decrypted(encrypted: etree._Element, keys: Iterable[Secret], *, authentic: bool) -> etree._Element:
    """The root of what an EncryptedAssertion holds. ``authentic``: a signature over the ciphertext was verified.

    Raises CannotDecrypt, always in one way.
    """
    data, offered = _parts(encrypted)
    algorithm = _algorithm(data)
    bits = _GCM.get(algorithm) or (_CBC.get(algorithm) if authentic else None)
    if bits is None:
        wanted = "AES-GCM or AES-CBC" if authentic else "AES-GCM, or a signature on the response around AES-CBC"
        raise CannotDecrypt(f"encrypted by {algorithm!r}; wanted: {wanted}")
    for pem in keys:
        for key in offered:
            plain = _plaintext(data, key, pem, bits)
            if plain is not None:
                try:
                    return parsed(plain, RESPONSE_BOUNDS)
                except UnusableXml as problem:
                    raise CannotDecrypt(f"what was encrypted is not read: {problem}") from None
    raise CannotDecrypt("none of the provider's private keys decrypts it")


def _parts(encrypted: etree._Element) -> tuple[etree._Element, list[etree._Element]]:
    """The encrypted data, and the content keys that come with it: inside or beside it."""
    children = elements(encrypted)
    data = [child for child in children if child.tag == f"{XENC}EncryptedData"]
    keys = [child for child in children if child.tag == f"{XENC}EncryptedKey"]
    if len(data) != 1 or len(children) != len(keys) + 1:
        raise CannotDecrypt(f"{encrypted.tag} is one EncryptedData, and EncryptedKeys")
    info = elements(data[0], f"{DSIG}KeyInfo")
    keys += [key for part in info for key in elements(part, f"{XENC}EncryptedKey")]
    if not keys or len(keys) > _KEYS_OFFERED:
        raise CannotDecrypt(f"{len(keys)} encrypted content keys")
    bare = deepcopy(data[0])
    for part in elements(bare, f"{DSIG}KeyInfo"):
        bare.remove(part)
    bare.attrib.pop("Type", None)  # so that the plaintext comes as bytes and is never put into this tree
    return bare, [deepcopy(key) for key in keys]


def _algorithm(node: etree._Element) -> str:
    """The algorithm of encrypted data or of an encrypted key, which hold a method and a value and no reference."""
    names = [str(child.tag) for child in elements(node)]
    method, cipher = f"{XENC}EncryptionMethod", f"{XENC}CipherData"
    if names.count(method) != 1 or names.count(cipher) != 1:
        raise CannotDecrypt("an encrypted part has one EncryptionMethod and one CipherData")
    if [child.tag for child in elements(elements(node, cipher)[0])] != [f"{XENC}CipherValue"]:
        raise CannotDecrypt("an encrypted part that is somewhere else")
    return str(elements(node, method)[0].get("Algorithm"))


def _plaintext(data: etree._Element, key: etree._Element, pem: Secret, bits: int) -> bytes | None:
    if _algorithm(key) not in _TRANSPORT:
        raise CannotDecrypt(f"the content key is encrypted by {_algorithm(key)!r}; wanted: RSA-OAEP")
    content_key = _decrypt(key, xmlsec.Key.from_memory(pem.reveal().encode(), xmlsec.constants.KeyDataFormatPem))
    if content_key is None or len(content_key) * 8 != bits:
        return None
    return _decrypt(data, xmlsec.Key.from_binary_data(xmlsec.constants.KeyDataAes, content_key))


def _decrypt(node: etree._Element, key: xmlsec.Key) -> bytes | None:
    context = xmlsec.EncryptionContext()
    context.key = key
    try:
        plain: object = context.decrypt(deepcopy(node))
    except xmlsec.Error:
        return None
    return plain if isinstance(plain, bytes) else None
