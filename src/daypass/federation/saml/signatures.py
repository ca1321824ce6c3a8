"""XML signatures (W3C XML Signature; SAML 2.0 core, section 5.4): xmlsec verifies, and the bytes it verified are handed back.

A signature is looked at only in the one form that SAML knows: a child of what it signs, with one reference to the ID of
that parent, and no transforms but "enveloped" and exclusive canonicalization. After xmlsec's yes, the canonical form of
the signed element is made once more and held to the digest in the signature; those bytes are what is read from then on.
Keys come from the provider's metadata alone; whatever KeyInfo holds is not looked at.
"""

from __future__ import annotations

import hmac
from base64 import b64decode
from functools import lru_cache
from hashlib import new as new_hash
from typing import Any, Final, NamedTuple

import xmlsec
from lxml import etree

from daypass.federation.saml.documents import DSIG, elements
from daypass.federation.saml.metadata import UnusableMetadata, fingerprint, public_key

SIGNATURE: Final = f"{DSIG}Signature"
_EXCLUSIVE: Final = "http://www.w3.org/2001/10/xml-exc-c14n#"
_WITH_COMMENTS: Final = f"{_EXCLUSIVE}WithComments"
_PREFIXES: Final = f"{{{_EXCLUSIVE}}}InclusiveNamespaces"
_ENVELOPED: Final = "http://www.w3.org/2000/09/xmldsig#enveloped-signature"
_MORE: Final = "http://www.w3.org/2001/04/xmldsig-more#"
_DIGESTS: Final = {
    "http://www.w3.org/2001/04/xmlenc#sha256": "sha256",
    f"{_MORE}sha384": "sha384",
    "http://www.w3.org/2001/04/xmlenc#sha512": "sha512",
}
_METHODS: Final = {
    f"{_MORE}rsa-sha256": xmlsec.constants.TransformRsaSha256,
    f"{_MORE}rsa-sha384": xmlsec.constants.TransformRsaSha384,
    f"{_MORE}rsa-sha512": xmlsec.constants.TransformRsaSha512,
    f"{_MORE}ecdsa-sha256": xmlsec.constants.TransformEcdsaSha256,
    f"{_MORE}ecdsa-sha384": xmlsec.constants.TransformEcdsaSha384,
    f"{_MORE}ecdsa-sha512": xmlsec.constants.TransformEcdsaSha512,
}
"""SHA-1 and MD5 can be forged, HMAC would take a public key for a secret: neither is ever verified."""
_CANONICAL: Final = (xmlsec.constants.TransformExclC14N, xmlsec.constants.TransformExclC14NWithComments)
_REFERRING: Final = (
    *_CANONICAL,
    xmlsec.constants.TransformEnveloped,
    xmlsec.constants.TransformSha256,
    xmlsec.constants.TransformSha384,
    xmlsec.constants.TransformSha512,
)
_MOST_PREFIXES: Final = 8
"""As many as OpenSAML, which writes the longest lists, has names for: each is searched for at every element."""
_DEFAULT_PREFIX: Final = b'<a xmlns:a="#default"/>'
"""lxml takes as inclusive only prefixes that its parser has met, and ``#default`` can be no name: here it is a namespace."""

xmlsec.cleanup_callbacks()  # xmlsec opens no file and no URL, whatever a reference names


class BadSignature(ValueError):
    """The signature is not good, or not in a form that is verified; the message says why, for the operator."""


class _Form(NamedTuple):
    """What a signature says of how the bytes came about that it is about."""

    with_comments: bool
    prefixes: list[str]
    digest: str
    value: bytes


class _Value(NamedTuple):
    """The value of a signature: the bytes it was made over, by what algorithm, and what it is."""

    data: bytes
    method: Any
    made: bytes


def signature_of(element: etree._Element) -> etree._Element | None:
    """The signature of an element: its child. Raises BadSignature for a second one."""
    found = elements(element, SIGNATURE)
    if len(found) > 1:
        raise BadSignature(f"{len(found)} signatures in one element")
    return found[0] if found else None


def verify(element: etree._Element, keys: tuple[str, ...]) -> None:
    """Check the signature of an element with public keys (PEM): one must fit. Raises BadSignature."""
    signature = signature_of(element)
    if signature is None:
        raise BadSignature("there is no signature")
    _form(signature, element)
    value = _value(signature)
    pem = next((key for key in keys if _made_by(key, value)), None)
    if pem is None:
        known = ", ".join(map(fingerprint, keys))
        raise BadSignature(
            f"the key {_named_key(signature)} is none of the provider's metadata, {known}, or the signature is bad"
        )
    context = xmlsec.SignatureContext()
    for transform in _REFERRING:
        context.enable_reference_transform(transform)
    for transform in (*_CANONICAL, *_METHODS.values()):
        context.enable_signature_transform(transform)
    context.key = _key(pem)
    try:
        context.register_id(element, "ID")
        context.verify(signature)
    except xmlsec.Error:
        raise BadSignature("what was signed has been changed since") from None


def _value(signature: etree._Element) -> _Value:
    """The value of a signature with what it was made over: SignedInfo, in canonical form once for all keys."""
    info, made = elements(signature)[:2]
    canonical, method = elements(info)[:2]
    data = _canonical(info, canonical.get("Algorithm") == _WITH_COMMENTS, _check_prefixes(canonical))
    return _Value(data, _METHODS[str(method.get("Algorithm"))], _base64(made, "SignatureValue"))


def _made_by(pem: str, value: _Value) -> bool:
    """Whether a key made the value of a signature, whatever that is about: cheap, where strangers make the server ask.

    It spares canonicalizing what no known key has signed, and decides nothing else.
    """
    context = xmlsec.SignatureContext()
    try:
        context.key = _key(pem)
        context.verify_binary(value.data, value.method, value.made)
    except (xmlsec.Error, ValueError):
        return False
    return True


def signed_bytes(element: etree._Element) -> bytes:
    """The canonical bytes that the verified signature of an element is about. The element loses its signature.

    Raises BadSignature where they do not have the digest that was signed.
    """
    signature = signature_of(element)
    if signature is None:
        raise BadSignature("there is no signature")
    form = _form(signature, element)
    _take_out(signature, element)
    data = _canonical(element, form.with_comments, form.prefixes)
    if not hmac.compare_digest(new_hash(form.digest, data).digest(), form.value):
        raise BadSignature("the bytes to be read are not those that were signed")
    return data


def _canonical(element: etree._Element, with_comments: bool, prefixes: list[str]) -> bytes:
    """The exclusive canonical form of an element. Raises BadSignature."""
    etree.fromstring(_DEFAULT_PREFIX)
    try:
        data: bytes = etree.tostring(
            element,
            method="c14n",
            exclusive=True,
            with_comments=with_comments,
            inclusive_ns_prefixes=prefixes or None,
        )
    except etree.LxmlError as error:
        raise BadSignature(f"no canonical form: {error}") from None
    return data


def _named_key(signature: etree._Element) -> str:
    """Which key the signature itself names, for the operator: it is believed in nothing."""
    for certificate in signature.iterfind(f"{DSIG}KeyInfo/{DSIG}X509Data/{DSIG}X509Certificate"):
        try:
            return fingerprint(public_key(certificate.text or ""))
        except UnusableMetadata:
            return "of a certificate that cannot be read"
    return "that it does not name"


@lru_cache(maxsize=256)
def _key(pem: str) -> xmlsec.Key:
    return xmlsec.Key.from_memory(pem.encode(), xmlsec.constants.KeyDataFormatPem)


def _form(signature: etree._Element, parent: etree._Element) -> _Form:
    """The form of a signature, checked part by part. Raises BadSignature."""
    parts = [str(child.tag) for child in elements(signature)]
    if parts not in ([f"{DSIG}SignedInfo", f"{DSIG}SignatureValue"], [f"{DSIG}SignedInfo", f"{DSIG}SignatureValue", f"{DSIG}KeyInfo"]):  # fmt: skip
        raise BadSignature("a signature has SignedInfo, SignatureValue and perhaps KeyInfo, once each and nothing else")
    canonical, method, reference = _members(
        elements(signature)[0], "CanonicalizationMethod", "SignatureMethod", "Reference"
    )
    if canonical.get("Algorithm") not in (_EXCLUSIVE, _WITH_COMMENTS):
        raise BadSignature(f"canonicalization {canonical.get('Algorithm')!r}")
    _check_prefixes(canonical)
    if str(method.get("Algorithm")) not in _METHODS or len(method):
        raise BadSignature(f"signature algorithm {method.get('Algorithm')!r}")
    return _reference_form(reference, parent)


def _reference_form(reference: etree._Element, parent: etree._Element) -> _Form:
    identifier = parent.get("ID")
    if not identifier or reference.get("URI") != f"#{identifier}":
        raise BadSignature(f"the reference {reference.get('URI')!r} is not to the signed element {identifier!r}")
    transforms, method, value = _members(reference, "Transforms", "DigestMethod", "DigestValue")
    steps = [(step.tag, step.get("Algorithm")) for step in elements(transforms)]
    last = steps[-1][1] if steps else None
    if steps != [(f"{DSIG}Transform", _ENVELOPED), (f"{DSIG}Transform", last)] or last not in (
        _EXCLUSIVE,
        _WITH_COMMENTS,
    ):
        raise BadSignature(f"transforms {[name for _, name in steps][:5]}")
    if len(elements(transforms)[0]):
        raise BadSignature("a transform with parameters")
    digest = _DIGESTS.get(str(method.get("Algorithm")))
    if digest is None or len(method):
        raise BadSignature(f"digest algorithm {method.get('Algorithm')!r}")
    return _Form(
        last == _WITH_COMMENTS, _check_prefixes(elements(transforms)[1]), digest, _base64(value, "DigestValue")
    )


def _base64(element: etree._Element, name: str) -> bytes:
    if len(element):
        raise BadSignature(f"a {name} that is not text alone")
    try:
        return b64decode("".join((element.text or "").split()), validate=True)
    except ValueError:
        raise BadSignature(f"a {name} that is no base64") from None


def _members(element: etree._Element, *names: str) -> list[etree._Element]:
    """Exactly these children, in this order."""
    found = elements(element)
    if [child.tag for child in found] != [f"{DSIG}{name}" for name in names]:
        raise BadSignature(f"{etree.QName(element).localname} does not have exactly {', '.join(names)}")
    return found


def _check_prefixes(method: etree._Element) -> list[str]:
    """The prefixes that exclusive canonicalization treats as inclusive: its one parameter."""
    found = elements(method)
    if not found:
        return []
    if len(found) > 1 or found[0].tag != _PREFIXES or len(found[0]):
        raise BadSignature("a canonicalization with foreign parameters")
    prefixes = str(found[0].get("PrefixList") or "").split()
    if len(prefixes) > _MOST_PREFIXES:
        raise BadSignature("too many inclusive prefixes")
    return prefixes


def _take_out(child: etree._Element, parent: etree._Element) -> None:
    """Remove a child and leave the text behind it where it is."""
    tail, before = child.tail, child.getprevious()
    parent.remove(child)
    if tail and before is not None:
        before.tail = (before.tail or "") + tail
    elif tail:
        parent.text = (parent.text or "") + tail
