"""From the text of a SAMLResponse to an assertion that somebody vouches for (OASIS SAML 2.0 bindings, HTTP POST).

The order is: bounds and form of the XML, one assertion in its one place, the issuer, the signatures, decryption, and only
then reading, from the bytes that a signature was verified over. What is looked at before can only refuse. A response
that is signed, an assertion that is signed, or both are taken; every signature that is there must be good.
"""

from __future__ import annotations

from base64 import b64decode
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from lxml import etree

from daypass.federation.saml import refusals
from daypass.federation.saml.assertion import ASSERTION, UnusableAssertion, read_assertion
from daypass.federation.saml.documents import (
    DSIG,
    PROTOCOL,
    RESPONSE_BOUNDS,
    SAML,
    UnusableXml,
    elements,
    fresh,
    parsed,
    whole_text,
)
from daypass.federation.saml.encryption import CannotDecrypt, decrypted
from daypass.federation.saml.signatures import SIGNATURE, BadSignature, signature_of, signed_bytes, verify

if TYPE_CHECKING:
    from daypass.credentials import Secret
    from daypass.federation.saml.assertion import Assertion

RESPONSE: Final = f"{PROTOCOL}Response"
ENCRYPTED: Final = f"{SAML}EncryptedAssertion"
SUCCESS: Final = "urn:oasis:names:tc:SAML:2.0:status:Success"
_SINGLE: Final = frozenset({"Assertion", "EncryptedAssertion", "Response", "Signature", "SignedInfo"})
_IN_PLACES: Final = frozenset({SIGNATURE})
_IN_SIGNATURES: Final = frozenset({(SIGNATURE, f"{DSIG}SignedInfo")})
_LONGEST_SHOWN: Final = 200


@dataclass(frozen=True, slots=True)
class Trusted:
    """Whom assertions are taken from: the provider's entity id and public keys (PEM), and keys that decrypt for it."""

    entity_id: str
    signing_keys: tuple[str, ...]
    decryption_keys: tuple[Secret, ...] = ()
    encryption_required: bool = False


@dataclass(frozen=True, slots=True)
class Presented:
    """A verified assertion, and where the response around it says it was sent to (not verified: it can only refuse)."""

    assertion: Assertion
    destination: str | None


def assertion_of(text: str, trusted: Trusted, request_id: str) -> Presented:
    """The assertion in the base64 text of a response. Raises ApiError with the reason for the operator."""
    root = response_of(text)
    try:
        _check_status(root)
        part = _assertion_part(root, trusted)
        _check_issuers(root, part, trusted, request_id)
        destination = root.get("Destination")
        assertion = read_assertion(_verified(root, part, trusted))
    except BadSignature as problem:
        raise refusals.invalid(refusals.SIGNATURE, str(problem)) from None
    except (CannotDecrypt, UnusableAssertion, UnusableXml) as problem:
        raise refusals.invalid(refusals.UNREADABLE, str(problem)) from None
    if assertion.issuer != trusted.entity_id:
        raise _wrong_issuer(assertion.issuer, trusted, request_id)
    return Presented(assertion, destination)


def response_of(text: str) -> etree._Element:
    """The parsed response, which nobody vouches for: within bounds and of the right form. Raises ApiError."""
    try:
        data = b64decode("".join(text.split()), validate=True)
    except ValueError:
        raise refusals.invalid(refusals.NOT_BASE64, "the parameter is no base64") from None
    try:
        root = parsed(data, RESPONSE_BOUNDS)
    except UnusableXml as problem:
        raise refusals.invalid(refusals.UNREADABLE, str(problem)) from None
    if root.tag != RESPONSE or root.get("Version") != "2.0" or not root.get("ID"):
        reason = f"the root is {root.tag} of version {root.get('Version')!r}, not a Response of SAML 2.0 with an ID"
        raise refusals.invalid(refusals.UNREADABLE, reason)
    return root


def _check_status(root: etree._Element) -> None:
    """Whether the identity provider says that somebody signed in."""
    found = elements(root, f"{PROTOCOL}Status")
    codes = elements(found[0], f"{PROTOCOL}StatusCode") if len(found) == 1 else []
    if len(codes) != 1:
        raise UnusableXml("a response has one Status with one StatusCode")
    if codes[0].get("Value") != SUCCESS:
        said = " ".join(whole_text(part) for part in elements(found[0], f"{PROTOCOL}StatusMessage"))
        inner = " ".join(str(code.get("Value")) for code in elements(codes[0], f"{PROTOCOL}StatusCode"))
        raise refusals.rejected(f"status {codes[0].get('Value')} {inner} {said}"[:_LONGEST_SHOWN])


def _assertion_part(root: etree._Element, trusted: Trusted) -> etree._Element:
    """The one assertion, plain or encrypted: a child of the response; and no part of one anywhere else."""
    parts = [*elements(root, ASSERTION), *elements(root, ENCRYPTED)]
    if len(parts) != 1:
        raise UnusableXml(f"{len(parts)} assertions in the response, not one")
    if trusted.encryption_required and parts[0].tag != ENCRYPTED:
        raise UnusableXml("the assertion is not encrypted, and the provider's AssertionEncryptionMode is Required")
    _check_places(root, {root, parts[0]})
    return parts[0]


def _check_places(root: etree._Element, places: set[etree._Element]) -> None:
    """Refuse assertions, responses and signatures, of any namespace, that are not where the schema has them."""
    for element in root.iter(etree.Element):
        name = etree.QName(element).localname
        if name not in _SINGLE or element in places:
            continue
        parent = element.getparent()
        within = "" if parent is None else parent.tag
        if (element.tag in _IN_PLACES and parent in places) or (within, element.tag) in _IN_SIGNATURES:
            continue
        raise BadSignature(f"an element {name} in {within or 'no place'}")


def _check_issuers(root: etree._Element, part: etree._Element, trusted: Trusted, request_id: str) -> None:
    """Say early, before any signature, that it is the wrong provider; what is verified is compared again."""
    for holder in (root, part):
        for issuer in elements(holder, f"{SAML}Issuer"):
            if whole_text(issuer) != trusted.entity_id:
                raise _wrong_issuer(whole_text(issuer), trusted, request_id)


def _wrong_issuer(found: str, trusted: Trusted, request_id: str) -> Exception:
    reason = f"issuer {found[:_LONGEST_SHOWN]!r}; wanted: {trusted.entity_id[:_LONGEST_SHOWN]!r}"
    return refusals.wrong_issuer(request_id, reason)


def _verified(root: etree._Element, part: etree._Element, trusted: Trusted) -> etree._Element:
    """The assertion as a fresh tree of bytes that a signature covers. The response's tree is of no use afterwards."""
    outer = signature_of(root) is not None
    if outer:
        verify(root, trusted.signing_keys)
    if part.tag == ENCRYPTED:
        return _verified_encrypted(root, part, trusted, outer=outer)
    inner = signature_of(part) is not None
    if inner:
        verify(part, trusted.signing_keys)
    if inner and not outer:
        return fresh(signed_bytes(part))
    return _without_signature(_only_assertion(fresh(signed_bytes(root))))


def _verified_encrypted(root: etree._Element, part: etree._Element, trusted: Trusted, *, outer: bool) -> etree._Element:
    if outer:
        part = elements(fresh(signed_bytes(root)), ENCRYPTED)[0]
    plain = decrypted(part, trusted.decryption_keys, authentic=outer)
    if plain.tag != ASSERTION:
        raise CannotDecrypt(f"what was encrypted is {plain.tag}, not an assertion")
    _check_places(plain, {plain})
    if signature_of(plain) is None:
        if not outer:
            raise BadSignature("neither the response nor the encrypted assertion is signed")
        return plain
    verify(plain, trusted.signing_keys)
    return fresh(signed_bytes(plain))


def _only_assertion(root: etree._Element) -> etree._Element:
    found = elements(root, ASSERTION)
    if len(found) != 1:
        raise BadSignature("the signed bytes do not hold the one assertion")
    return found[0]


def _without_signature(assertion: etree._Element) -> etree._Element:
    """An assertion whose own signature is verified, or not there; read_assertion knows none."""
    for signature in elements(assertion, SIGNATURE):
        assertion.remove(signature)
    return assertion
