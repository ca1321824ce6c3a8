"""What was done to other readers of SAML, done to this one: each published attack is a test by its name.

Sources: Somorovsky et al., "On Breaking SAML: Be Whoever You Want to Be" (the eight forms of signature wrapping, as SAML
Raider numbers them); Duo Labs, "Identifying and Exploiting XML Comment Injection"; the CVEs named beside the tests.
"""

from __future__ import annotations

import socket
import threading
from copy import deepcopy
from typing import TYPE_CHECKING, Any

import pytest
import xmlsec
from lxml import etree
from samlkit import (
    AWS,
    DSIG,
    INVALID_SIGNATURE,
    NAMES,
    PROVIDER,
    ROLE,
    UNREADABLE,
    Corp,
    Encrypting,
    Idp,
    Signing,
    T,
    assertion_xml,
    certificate,
    certificate_of_version,
    claims,
    elliptic_key,
    encoded,
    evil,
    private_pem,
    rsa_key,
    sign,
    told,
)

from daypass.federation import saml
from daypass.federation.saml import documents, response, signatures
from daypass.federation.saml.metadata import fingerprint, public_key
from daypass.federation.saml.signatures import signed_bytes, verify

if TYPE_CHECKING:
    from collections.abc import Callable

    from worldkit import Host

ASSERTION, RESPONSE = f"{{{NAMES['saml']}}}Assertion", f"{{{NAMES['samlp']}}}Response"


@pytest.fixture
def corp(host: Host) -> Corp:
    return Corp.on(host)


def assertion_of(root: Any) -> Any:
    return root.find("saml:Assertion", NAMES)


def signature_of(element: Any) -> Any:
    return element.find("ds:Signature", NAMES)


# -- signature wrapping (D1) ---------------------------------------------------------------------------------------


def wrapped_1(root: Any) -> Any:
    """The response's signature keeps the original response; around both stands a changed one (enveloping)."""
    outer, original = evil(root), deepcopy(root)
    signature = signature_of(original)
    original.remove(signature)
    outer.insert(1, signature)
    signature.append(original)
    return outer


def wrapped_2(root: Any) -> Any:
    """The same, with the original response beside its signature (detached)."""
    outer, original = evil(root), deepcopy(root)
    signature = signature_of(original)
    original.remove(signature)
    outer.insert(1, signature)
    outer.insert(1, original)
    return outer


def wrapped_3(root: Any) -> Any:
    """A changed assertion before the signed one."""
    root.insert(root.index(assertion_of(root)), evil(assertion_of(root)))
    return root


def wrapped_4(root: Any) -> Any:
    """A changed assertion around the signed one."""
    original = assertion_of(root)
    outer = evil(original)
    root.replace(original, outer)
    outer.append(original)
    return root


def wrapped_5(root: Any) -> Any:
    """The signature in a changed assertion, and the original, without its signature, behind it."""
    original = assertion_of(root)
    changed, bare = deepcopy(original), deepcopy(original)
    changed.set("ID", "_evil")
    changed.find(".//saml:NameID", NAMES).text = "administrator"
    bare.remove(signature_of(bare))
    root.replace(original, changed)
    root.append(bare)
    return root


def wrapped_6(root: Any) -> Any:
    """The same, with the original inside the signature."""
    wrapped_5(root)
    changed, bare = root.findall("saml:Assertion", NAMES)
    signature_of(changed).append(bare)
    return root


def wrapped_7(root: Any) -> Any:
    """A changed assertion in the response's Extensions."""
    extensions = etree.Element(f"{{{NAMES['samlp']}}}Extensions")
    extensions.append(evil(assertion_of(root)))
    root.insert(1, extensions)
    return root


def wrapped_8(root: Any) -> Any:
    """The original, without its signature, in an Object of the signature in a changed assertion."""
    original = assertion_of(root)
    bare = deepcopy(original)
    bare.remove(signature_of(bare))
    original.set("ID", "_evil")
    original.find(".//saml:NameID", NAMES).text = "administrator"
    etree.SubElement(signature_of(original), f"{{{DSIG}}}Object").append(bare)
    return root


@pytest.mark.parametrize(
    ("wrap", "signed"),
    [
        (wrapped_1, "response"),
        (wrapped_1, "both"),
        (wrapped_2, "response"),
        (wrapped_2, "both"),
        *(
            (wrap, kind)
            for wrap in (wrapped_3, wrapped_4, wrapped_5, wrapped_6, wrapped_7, wrapped_8)
            for kind in ("assertion", "both")
        ),
    ],
)
def test_signature_wrapping_is_refused(corp: Corp, wrap: Callable[[Any], Any], signed: str) -> None:
    tree = wrap(corp.response(signed=signed))
    assert told(corp.refused(tree)) in (INVALID_SIGNATURE, UNREADABLE)
    assert b"administrator" in etree.tostring(tree)


@pytest.mark.parametrize(
    "wrap", [wrapped_1, wrapped_2, wrapped_3, wrapped_4, wrapped_5, wrapped_6, wrapped_7, wrapped_8]
)
def test_without_the_check_of_places_wrapping_still_gains_nothing(corp: Corp, wrap: Callable[[Any], Any], monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    """The second line: what is read is what the verified reference is about, wherever else assertions stand."""
    monkeypatch.setattr(response, "_check_places", lambda _root, _places: None)
    kind = "response" if wrap in (wrapped_1, wrapped_2) else "assertion"
    tree = wrap(corp.response(signed=kind))
    if wrap is wrapped_7:  # the evil assertion is no child of the response, so nobody looks at it
        assert corp.call(tree)["Subject"] == "ada"
    else:
        assert told(corp.refused(tree)) in (INVALID_SIGNATURE, UNREADABLE)


def test_an_assertion_of_another_namespace_beside_the_signed_one_is_refused(corp: Corp) -> None:
    root = corp.response()
    root.append(etree.fromstring('<Assertion xmlns="urn:oasis:names:tc:SAML:1.0:assertion" AssertionID="x"/>'))
    assert told(corp.refused(root)) == INVALID_SIGNATURE


def test_an_assertion_in_the_advice_of_a_signed_one_is_refused(corp: Corp) -> None:
    advice = f"<saml:Advice>{assertion_xml(corp.idp, corp.host.now, id='_advised')}</saml:Advice>"
    assert told(corp.refused(corp.response(advice=advice))) == INVALID_SIGNATURE


def test_two_assertions_are_refused(corp: Corp) -> None:
    """crewjam/saml CVE-2022-41912."""
    root = corp.response(id="_one")
    second = assertion_of(corp.response(id="_two"))
    root.append(second)
    refused = corp.refused(root)
    assert told(refused) == UNREADABLE
    assert "2 assertions" in refused.reason


def test_a_plain_assertion_beside_an_encrypted_one_is_refused(host: Host) -> None:
    key = rsa_key("decryption")
    corp = Corp.on(host, AddPrivateKey=private_pem(key))
    root = corp.response(encrypt=Encrypting(key))
    root.append(evil(assertion_of(corp.response())))
    assert told(corp.refused(root)) == UNREADABLE


def test_a_response_that_is_the_root_twice_over_is_refused(corp: Corp) -> None:
    inner = corp.response()
    outer = deepcopy(inner)
    outer.set("ID", "_outer")
    outer.replace(assertion_of(outer), inner)
    assert told(corp.refused(outer)) in (UNREADABLE, INVALID_SIGNATURE)


# -- what is read is what was signed (D2) --------------------------------------------------------------------------


def test_after_verification_the_received_tree_plays_no_part(corp: Corp, monkeypatch: pytest.MonkeyPatch) -> None:
    """node-saml CVE-2025-54419 verified one thing and read another."""

    def verified_then_ruined(element: Any) -> bytes:
        data = signed_bytes(element)
        for part in element.iter(etree.Element):
            part.text = "garbage"
        return data

    monkeypatch.setattr(response, "signed_bytes", verified_then_ruined)
    for kind in ("assertion", "response", "both"):
        assert corp.assume(signed=kind)["Subject"] == "ada"


def test_bytes_that_do_not_have_the_signed_digest_are_never_read(corp: Corp) -> None:
    assertion = assertion_of(corp.response())
    verify(assertion, saml.read_metadata(corp.idp.metadata()).signing_keys)
    assertion.find(".//saml:NameID", NAMES).text = "administrator"
    with pytest.raises(ValueError, match="not those that were signed"):
        signed_bytes(assertion)


# -- texts in pieces (D3) ------------------------------------------------------------------------------------------

PIECES = {
    "a comment": "ada@example.com<!-- -->.evil.example",
    "an empty comment": "ada@example.com<!---->.evil.example",
    "CDATA": "ada@example.com<![CDATA[.evil.example]]>",
    "a character reference": "ada@example.com&#46;evil.example",
}


@pytest.mark.parametrize("text", PIECES.values(), ids=PIECES)
@pytest.mark.parametrize("signed", ["assertion", "response", "both"])
def test_a_name_in_pieces_is_read_whole(corp: Corp, text: str, signed: str) -> None:
    """CVE-2017-11427 and its kin: never the part before the comment."""
    answer = corp.assume(name_id=f"<saml:NameID>{text}</saml:NameID>", signed=signed)
    assert answer["Subject"] == "ada@example.com.evil.example"


@pytest.mark.parametrize("canonical", [T.TransformExclC14N, T.TransformExclC14NWithComments])
def test_a_comment_put_into_a_signed_name_does_not_cut_it(corp: Corp, canonical: Any) -> None:
    """Canonical form leaves comments out, so the signature holds; where it keeps them, it does not."""
    how = Signing(transforms=(T.TransformEnveloped, canonical))
    root = corp.response(name_id="<saml:NameID>admin@corp.evil.example</saml:NameID>", signing=how)
    text = etree.tostring(root).replace(b"admin@corp.evil", b"admin@corp<!---->.evil")
    if canonical == T.TransformExclC14N:
        assert corp.call(text)["Subject"] == "admin@corp.evil.example"
    else:
        assert told(corp.refused(text)) == INVALID_SIGNATURE


@pytest.mark.parametrize("name", ["RoleSessionName", "Role", "SourceIdentity"])
@pytest.mark.parametrize("piece", ["<!---->", "<!-- x -->"])
def test_a_comment_put_into_an_attribute_does_not_cut_it(corp: Corp, name: str, piece: str) -> None:
    said = claims(SourceIdentity="ada.lovelace", RoleSessionName="ada.lovelace")
    text = etree.tostring(corp.response(attributes=said)).replace(b"ada.lovelace", f"ada{piece}.lovelace".encode())
    text = text.replace(b"role/Saml", f"role/{piece}Saml".encode())
    answer = corp.call(text)
    assert answer["SourceIdentity"] == "ada.lovelace"
    assert answer["AssumedRoleUser"]["Arn"].endswith("role/Saml/ada.lovelace")


def test_a_processing_instruction_is_refused(corp: Corp) -> None:
    text = etree.tostring(corp.response()).replace(b">ada<", b">ada<?x y?><")
    assert told(corp.refused(text)) == UNREADABLE


# -- parsers and encodings (D4, D9) --------------------------------------------------------------------------------

DOCTYPE = '<!DOCTYPE samlp:Response [<!ENTITY x "ada">]>'
LAUGHS = (
    '<!DOCTYPE r [<!ENTITY a0 "ha">'
    + "".join(f'<!ENTITY a{n + 1} "{f"&a{n};" * 10}">' for n in range(9))
    + "]><r>&a9;</r>"
)


def of_text(change: Callable[[str], bytes | str]) -> Callable[[Corp], Any]:
    return lambda corp: change(etree.tostring(corp.response()).decode())


HOSTILE: dict[str, Callable[[Corp], Any]] = {
    "a document type": of_text(lambda text: DOCTYPE + text),
    "an entity as a name": of_text(lambda text: DOCTYPE + text.replace(">ada<", ">&x;<")),
    "an undeclared entity": of_text(lambda text: text.replace(">ada<", ">&x;<")),
    "a billion laughs": lambda _corp: LAUGHS,
    "quadratic expansion": lambda _corp: f'<!DOCTYPE r [<!ENTITY a "{"x" * 30_000}">]><r>{"&a;" * 10_000}</r>',
    "an external document type": of_text(lambda text: '<!DOCTYPE r SYSTEM "http://127.0.0.1:9/x.dtd">' + text),
    "an external entity": of_text(
        lambda text: '<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/hostname">]>' + text.replace(">ada<", ">&x;<")
    ),
    "UTF-16": of_text(lambda text: text.encode("utf-16")),
    "UTF-16 without a mark": of_text(lambda text: f'<?xml version="1.0" encoding="utf-16"?>{text}'.encode("utf-16-le")),
    "a declared UTF-7": of_text(lambda text: f'<?xml version="1.0" encoding="UTF-7"?>{text}'),
    "a declared Latin-1": of_text(lambda text: f"<?xml version='1.0' encoding='iso-8859-1'?>{text}"),
    "a byte order mark": of_text(lambda text: "\ufeff" + text),
    "a zero character": of_text(lambda text: text.replace(">ada<", ">a\0da<")),
    "a second root": of_text(lambda text: text + text),
    "text behind the root": of_text(lambda text: text + "x"),
    "xml:base": of_text(lambda text: text.replace("<samlp:Response ", '<samlp:Response xml:base="http://x.example/" ')),
    "an attribute twice": of_text(lambda text: text.replace(' ID="_response"', ' ID="_response" ID="_other"')),
    "an undeclared prefix": of_text(lambda text: text.replace("<samlp:Status>", "<samlp:Status q:x='1'>")),
    "an ID twice": of_text(lambda text: text.replace('ID="_response"', 'ID="_assertion"')),
    "an xml:id that is an ID": of_text(
        lambda text: text.replace("<samlp:Status>", "<samlp:Status xml:id='_assertion'>")
    ),
    "a lower-case id that is an ID": of_text(
        lambda text: text.replace("<samlp:Status>", "<samlp:Status id='_assertion'>")
    ),
    "a cut end": of_text(lambda text: text[: len(text) // 2]),
    "nothing": lambda _corp: b"    ",
    "no XML": lambda _corp: b"SAMLResponse",
    "an assertion without a response": lambda corp: assertion_of(corp.response()),
    "HTML": lambda _corp: b"<html><body>Sign in</body></html>",
    "another version": of_text(lambda text: text.replace('Version="2.0"', 'Version="1.1"', 1)),
    "no ID": of_text(lambda text: text.replace(' ID="_response"', "")),
    "two statuses": of_text(lambda text: text.replace("</samlp:Status>", "</samlp:Status><samlp:Status/>")),
    "a deep nest": lambda _corp: "<a>" * 200 + "</a>" * 200,
    "very many elements": lambda _corp: f"<r>{'<a/>' * 17_000}</r>",
    "very many attributes": lambda _corp: "<r " + " ".join(f'a{n}=""' for n in range(5000)) + "/>",
    "many attributes everywhere": lambda _corp: (
        "<r>" + 60 * ("<a " + " ".join(f'b{n}=""' for n in range(60)) + "/>") + "</r>"
    ),
    "very many namespaces": lambda _corp: "<r " + " ".join(f'xmlns:a{n}="u:{n}"' for n in range(3500)) + "/>",
    "namespaces at every level": lambda _corp: "".join(f'<a xmlns:b{n}="u:{n}">' for n in range(900)) + "</a>" * 900,
}


@pytest.mark.parametrize("make", HOSTILE.values(), ids=HOSTILE)
def test_xml_that_attacks_are_made_of_is_refused(corp: Corp, make: Callable[[Corp], Any]) -> None:
    sent = encoded(make(corp))
    assert len(sent) <= 100_000
    refused = corp.refused(b"", SAMLAssertion=sent)  # what grows without bounds takes minutes, or all memory, here
    assert refused.code == "InvalidIdentityToken"
    assert refused.reason.startswith("SAML: ")


def test_a_hundred_thousand_characters_of_signed_tricks_are_answered(corp: Corp) -> None:
    """All that the bounds let through, at once: the largest assertion with as much to canonicalize as there may be."""
    names = range(28)
    namespaces = " ".join(f'xmlns:n{n}="urn:n:{n}"' for n in names)
    values = "".join(f"<n{n % len(names)}:x/>" for n in range(1350))
    advice = f"<saml:Advice {namespaces}>{values}<x>{'x' * 48_000}</x></saml:Advice>"
    root = corp.response(advice=advice, attributes={"x": "y"}, signed="both")
    assert 75_000 < len(encoded(root)) <= 100_000
    assert corp.refused(root).text == "RoleSessionName is required in AuthnResponse"


def test_a_stranger_s_signature_does_not_make_the_server_canonicalize(
    corp: Corp, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What no known key has signed is not looked at any further: the costly half is for the provider's own words."""
    verified: list[Any] = []
    real = xmlsec.SignatureContext

    class Counting(real):  # type: ignore[misc, valid-type]
        def verify(self, node: Any) -> None:
            verified.append(node)
            super().verify(node)

    monkeypatch.setattr("daypass.federation.saml.signatures.xmlsec.SignatureContext", Counting)
    assert (
        told(corp.refused(corp.response(signed="both", signing=Signing(key=rsa_key("attacker"))))) == INVALID_SIGNATURE
    )
    assert verified == []
    assert corp.assume(signed="both")["Subject"] == "ada"
    assert len(verified) == 2


def test_what_was_signed_is_canonicalized_once_for_all_the_keys_of_a_provider(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    corp = Corp.on(
        host, SAMLMetadataDocument=Idp().metadata(certificates=[certificate(rsa_key(f"n{n}", 1024)) for n in range(10)])
    )
    made: list[str] = []
    real = signatures._canonical

    def counted(element: Any, with_comments: bool, prefixes: list[str]) -> bytes:
        made.append(element.tag)
        return real(element, with_comments, prefixes)

    monkeypatch.setattr(signatures, "_canonical", counted)
    assert told(corp.refused(corp.response())) == INVALID_SIGNATURE
    assert made == [f"{{{DSIG}}}SignedInfo"]


UNKNOWN_VERSION = {3: "version 4", 9: "version 10"}


@pytest.mark.parametrize("version", UNKNOWN_VERSION, ids=UNKNOWN_VERSION.values())
def test_a_certificate_of_an_unknown_version_in_a_bad_signature_is_only_unreadable(corp: Corp, version: int) -> None:
    tree = corp.response(signing=Signing(key=rsa_key("attacker")))
    tree.find(".//ds:X509Certificate", NAMES).text = certificate_of_version(rsa_key("attacker"), version)
    refused = corp.refused(tree)
    assert told(refused) == INVALID_SIGNATURE
    assert "of a certificate that cannot be read" in refused.reason


def test_no_request_leaves_for_what_a_document_names(corp: Corp, monkeypatch: pytest.MonkeyPatch) -> None:
    """pysaml2 CVE-2016-10127; Zoho CVE-2022-47966: neither entities, nor transforms, nor references fetch anything."""
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    seen: list[bytes] = []

    def accept() -> None:
        connection, _ = listener.accept()
        seen.append(connection.recv(100))
        connection.close()

    threading.Thread(target=accept, daemon=True).start()
    text = etree.tostring(corp.response()).decode()
    url = f"http://127.0.0.1:{port}/x"
    corp.refused(f'<!DOCTYPE r SYSTEM "{url}">{text}')
    corp.refused(f'<!DOCTYPE r [<!ENTITY % x SYSTEM "{url}"> %x;]>{text}')
    corp.refused(text.replace('URI="#_assertion"', f'URI="{url}"'))
    with monkeypatch.context() as patched:
        patched.setattr("daypass.federation.saml.signatures._form", lambda _signature, _parent: None)
        corp.refused(text.replace('URI="#_assertion"', f'URI="{url}"'))  # xmlsec itself opens nothing either
    listener.close()
    assert seen == []


# -- forms of signatures (D5, D6, D7, D8) --------------------------------------------------------------------------


def changed(change: Callable[[Any], Any]) -> Callable[[Corp], Any]:
    def make(corp: Corp) -> Any:
        root = corp.response()
        change(signature_of(assertion_of(root)))
        return root

    return make


def doubled(path: str) -> Callable[[Corp], Any]:
    def change(signature: Any) -> None:
        part = signature.find(path, NAMES)
        part.addnext(deepcopy(part))

    return changed(change)


def set_to(path: str, name: str, value: str) -> Callable[[Corp], Any]:
    return changed(lambda signature: signature.find(path, NAMES).set(name, value))


def emptied(path: str) -> Callable[[Corp], Any]:
    def change(signature: Any) -> None:
        part = signature.find(path, NAMES)
        part.getparent().remove(part)

    return changed(change)


def grown(path: str, child: str) -> Callable[[Corp], Any]:
    return changed(lambda signature: signature.find(path, NAMES).append(etree.fromstring(child)))


REFERENCE = "ds:SignedInfo/ds:Reference"
EXCLUSIVE = "http://www.w3.org/2001/10/xml-exc-c14n#"


def inclusive(said: str, inside: str = "", path: str = f"{REFERENCE}/ds:Transforms/ds:Transform[2]") -> Callable[[Corp], Any]:  # fmt: skip
    """With that list of prefixes, and signed so, by the provider itself."""
    add = grown(path, f'<InclusiveNamespaces xmlns="{EXCLUSIVE}" {said}>{inside}</InclusiveNamespaces>')

    def make(corp: Corp) -> Any:
        root = add(corp)
        resign(assertion_of(root), corp.idp)
        return root

    return make


FORMS: dict[str, Callable[[Corp], Any]] = {
    "two SignedInfos": doubled("ds:SignedInfo"),
    "two references": doubled(REFERENCE),
    "two digests": doubled(f"{REFERENCE}/ds:DigestValue"),
    "two signature values": doubled("ds:SignatureValue"),
    "a second signature": changed(lambda signature: signature.addnext(deepcopy(signature))),
    "nine inclusive prefixes": inclusive('PrefixList="a b c d e f g h i"'),
    "elements in the inclusive prefixes": inclusive('PrefixList="xs"', "<x/>"),
    "nine inclusive prefixes for SignedInfo": inclusive('PrefixList="a b c d e f g h i"', path="ds:SignedInfo/ds:CanonicalizationMethod"),
    "elements in the inclusive prefixes for SignedInfo": inclusive('PrefixList="xs"', "<x/>" * 900, path="ds:SignedInfo/ds:CanonicalizationMethod"),
    "a comment in the digest": changed(lambda s: s.find(f"{REFERENCE}/ds:DigestValue", NAMES).insert(0, etree.Comment("x"))),
    "an element in the digest": grown(f"{REFERENCE}/ds:DigestValue", "<x/>"),
    "no reference": emptied(REFERENCE),
    "no transforms": emptied(f"{REFERENCE}/ds:Transforms"),
    "no signature value": emptied("ds:SignatureValue"),
    "an empty reference": set_to(REFERENCE, "URI", ""),
    "a reference to the response": set_to(REFERENCE, "URI", "#_response"),
    "an XPointer": set_to(REFERENCE, "URI", "#xpointer(/)"),
    "an XPointer to the ID": set_to(REFERENCE, "URI", "#xpointer(id('_assertion'))"),
    "a file": set_to(REFERENCE, "URI", "file:///etc/hostname"),
    "an XSLT": set_to(f"{REFERENCE}/ds:Transforms/ds:Transform[2]", "Algorithm", "http://www.w3.org/TR/1999/REC-xslt-19991116"),
    "an XPath": set_to(f"{REFERENCE}/ds:Transforms/ds:Transform[2]", "Algorithm", "http://www.w3.org/TR/1999/REC-xpath-19991116"),
    "base64": set_to(f"{REFERENCE}/ds:Transforms/ds:Transform[2]", "Algorithm", "http://www.w3.org/2000/09/xmldsig#base64"),
    "inclusive canonical form": set_to(f"{REFERENCE}/ds:Transforms/ds:Transform[2]", "Algorithm", "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"),
    "a third transform": doubled(f"{REFERENCE}/ds:Transforms/ds:Transform[2]"),
    "a parameter in a transform": grown(f"{REFERENCE}/ds:Transforms/ds:Transform[1]", "<x/>"),
    "a foreign parameter": grown(f"{REFERENCE}/ds:Transforms/ds:Transform[2]", "<x/>"),
    "an output length": grown("ds:SignedInfo/ds:SignatureMethod", f'<ds:HMACOutputLength xmlns:ds="{DSIG}">8</ds:HMACOutputLength>'),
    "an object": changed(lambda signature: etree.SubElement(signature, f"{{{DSIG}}}Object")),
    "an algorithm that nobody knows": set_to("ds:SignedInfo/ds:SignatureMethod", "Algorithm", "urn:none"),
    "SHA-1 in name": set_to("ds:SignedInfo/ds:SignatureMethod", "Algorithm", f"{DSIG}rsa-sha1"),
    "another canonical form of SignedInfo": set_to("ds:SignedInfo/ds:CanonicalizationMethod", "Algorithm", "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"),
    "a changed name": lambda corp: etree.tostring(corp.response()).replace(b">ada<", b">eve<"),
    "a changed role": lambda corp: etree.tostring(corp.response()).replace(b"role/Saml", b"role/Root"),
    "no signature": lambda corp: corp.response(signed="neither"),
    "a signature somewhere else": lambda corp: moved(corp.response()),
}  # fmt: skip


def moved(root: Any) -> Any:
    """The assertion's signature in the Status of the response, with a good reference."""
    signature = signature_of(assertion_of(root))
    root.find("samlp:Status", NAMES).append(signature)
    return root


@pytest.mark.parametrize("make", FORMS.values(), ids=FORMS)
def test_signatures_of_another_form_are_refused(corp: Corp, make: Callable[[Corp], Any]) -> None:
    assert told(corp.refused(make(corp))) == INVALID_SIGNATURE


ALGORITHMS = {
    "RSA with SHA-1": Signing(method=T.TransformRsaSha1),
    "RSA with MD5": Signing(method=T.TransformRsaMd5),
    "a SHA-1 digest": Signing(digest=T.TransformSha1),
    "RSA with SHA-224": Signing(method=T.TransformRsaSha224),
    "HMAC with the certificate as the secret": Signing(
        method=T.TransformHmacSha256, key=certificate(rsa_key()).encode()
    ),
    "HMAC with SHA-1": Signing(method=T.TransformHmacSha1, key=b"secret"),
    "inclusive canonical form": Signing(canonical=T.TransformInclC14N),
    "an inclusive transform": Signing(transforms=(T.TransformEnveloped, T.TransformInclC14N)),
    "the enveloped transform alone": Signing(transforms=(T.TransformEnveloped,)),
}


@pytest.mark.parametrize("how", ALGORITHMS.values(), ids=ALGORITHMS)
def test_weak_and_foreign_algorithms_are_refused_even_if_the_signature_is_good(corp: Corp, how: Signing) -> None:
    """CVE-2009-0217, signxml CVE-2025-48994; SHA-1 has no setting: every provider of today can do better."""
    try:
        tree = corp.response(signing=how)
    except Exception as problem:  # noqa: BLE001 - this xmlsec was built without it
        pytest.skip(str(problem))
    refused = corp.refused(tree)
    assert told(refused) == INVALID_SIGNATURE


GOOD = {
    "RSA with SHA-256": (rsa_key(), T.TransformRsaSha256, T.TransformSha256),
    "RSA with SHA-384": (rsa_key(), T.TransformRsaSha384, T.TransformSha384),
    "RSA with SHA-512": (rsa_key(), T.TransformRsaSha512, T.TransformSha512),
    "ECDSA on P-256": (elliptic_key(), T.TransformEcdsaSha256, T.TransformSha256),
    "ECDSA on P-384": (elliptic_key("secp384r1"), T.TransformEcdsaSha384, T.TransformSha384),
}


@pytest.mark.parametrize(("key", "method", "digest"), GOOD.values(), ids=GOOD)
def test_the_algorithms_of_today_are_taken(host: Host, key: Any, method: Any, digest: Any) -> None:
    corp = Corp.on(host, Idp(key=key))
    for kind in ("assertion", "response", "both"):
        assert corp.assume(signed=kind, signing=Signing(method=method, digest=digest))["Subject"] == "ada"


def test_the_certificate_in_the_signature_is_not_trusted(corp: Corp) -> None:
    """pysaml2 CVE-2021-21239: signed by a key of the attacker's, with its own certificate in KeyInfo."""
    tree = corp.response(signing=Signing(key=rsa_key("attacker")))
    assert certificate(rsa_key("attacker")).encode() in etree.tostring(tree)
    refused = corp.refused(tree)
    assert told(refused) == INVALID_SIGNATURE
    known, foreign = (fingerprint(public_key(certificate(key))) for key in (rsa_key(), rsa_key("attacker")))
    assert f"the key {foreign} is none of the provider's metadata, {known}" in refused.reason


@pytest.mark.parametrize("bad", ["assertion", "response"])
def test_of_two_signatures_both_must_be_good(corp: Corp, bad: str) -> None:
    root = corp.response(signed="assertion", signing=Signing(key=rsa_key("attacker")) if bad == "assertion" else None)
    sign(root, corp.idp, Signing(key=rsa_key("attacker")) if bad == "response" else None)
    assert told(corp.refused(root)) == INVALID_SIGNATURE


def test_the_assertion_of_another_provider_in_a_name_of_ours_is_refused(corp: Corp) -> None:
    other = Idp(corp.idp.entity_id, rsa_key("other-provider"))
    assert told(corp.refused(Corp(corp.host, other).response())) == INVALID_SIGNATURE


@pytest.mark.parametrize("prefixes", ["xs", "unused", "#default", "#default unused xs samlp saml", "nowhere"])
@pytest.mark.parametrize("kind", ["assertion", "response"])
def test_inclusive_prefixes_are_canonicalized_as_they_were_signed(corp: Corp, prefixes: str, kind: str) -> None:
    """Many providers sign with a PrefixList (exclusive XML canonicalization, InclusiveNamespaces)."""
    declared = b'<samlp:Response xmlns="urn:default" xmlns:unused="urn:unused" '
    root = etree.fromstring(etree.tostring(corp.response(signed=kind)).replace(b"<samlp:Response ", declared, 1))
    element = root if kind == "response" else assertion_of(root)
    step = element.find(f"ds:Signature/{REFERENCE}/ds:Transforms/ds:Transform[2]", NAMES)
    etree.SubElement(step, "{http://www.w3.org/2001/10/xml-exc-c14n#}InclusiveNamespaces").set("PrefixList", prefixes)
    resign(element, corp.idp)
    assert corp.call(root)["Subject"] == "ada"


def resign(element: Any, idp: Idp) -> None:
    """Compute an existing signature again, as its template now is."""
    context = xmlsec.SignatureContext()
    context.register_id(element, "ID")
    context.key = xmlsec.Key.from_memory(private_pem(idp.key), T.KeyDataFormatPem)
    context.sign(signature_of(element))


@pytest.mark.parametrize(
    ("text", "told_as"),
    [
        ("<r>" + "<a/>" * 20_000 + "</r>", "too many"),
        ("<r>" + "<a></a>" * 1501 + "</r>", "too large or too deep"),
        ("<a>" * 21 + "</a>" * 21, "too large or too deep"),
        (
            "<r>" + 60 * ("<a " + " ".join(f'b{n}=""' for n in range(60)) + "/>") + "</r>",
            "too many attributes in one element",
        ),
        ("<r>" + 60 * ("<a " + " ".join(f'b{n}=""' for n in range(40)) + "/>") + "</r>", "too large or too deep"),
        ("<r " + " ".join(f'a{n} = ""' for n in range(51)) + "/>", "too many attributes in one element"),
        ("<r>" + "=" * 60 + "<a " + " ".join(f"a{n}=''" for n in range(51)) + "/></r>", "attributes in one element"),
        ("<r " + " ".join(f'xmlns:a{n}="u:{n}"' for n in range(33)) + "/>", "too large or too deep"),
        ("".join(f'<r xmlns:a="u:{n}" xmlns="u">' for n in range(17)) + "</r>" * 17, "too large or too deep"),
        (f'<r xmlns:a="u:{"x" * 300}">{"<a:b/>" * 9}</r>', "very long namespace"),
    ],
)
def test_the_parser_has_bounds(text: str, told_as: str) -> None:
    with pytest.raises(documents.UnusableXml, match=told_as):
        documents.parsed(text.encode(), documents.RESPONSE_BOUNDS)


def test_namespaces_are_counted_where_they_are_in_scope() -> None:
    """Many providers declare the types of values anew at each of them."""
    text = "<r>" + '<a xmlns:x="u:x" xmlns:y="u:y"/>' * 1000 + "</r>"
    assert len(documents.parsed(text.encode(), documents.RESPONSE_BOUNDS)) == 1000


def test_equals_signs_in_text_are_no_attributes() -> None:
    text = f"<r a='{'CN=x,' * 99}'>{'CN=x,' * 99}</r>"
    assert documents.parsed(text.encode(), documents.RESPONSE_BOUNDS).text == "CN=x," * 99


def test_what_a_large_company_sends_is_within_the_bounds(corp: Corp) -> None:
    """Hundreds of roles, with the types of values that many providers write at each of them."""
    value = '<saml:AttributeValue xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="xs:string">{}</saml:AttributeValue>'
    roles = "".join(value.format(f"{ROLE if n == 299 else f'{ROLE}{n}'},{PROVIDER}") for n in range(300))
    statement = (
        f'<saml:AttributeStatement><saml:Attribute Name="{AWS}Role">{roles}</saml:Attribute><saml:Attribute '
        f'Name="{AWS}RoleSessionName">{value.format("ada")}</saml:Attribute></saml:AttributeStatement>'
    )
    assert corp.assume(attributes=statement, signed="both")["Subject"] == "ada"
