"""An identity provider in a test's own process: metadata, and responses that are signed and encrypted by xmlsec.

What a test wants to be wrong it passes as a part (``response(..., recipient=...)``), or changes in the tree before it is
signed (``before``) or after (:func:`encoded` takes any tree, or raw bytes).
"""

from __future__ import annotations

import functools
import json
from base64 import b64decode, b64encode
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape, quoteattr

import xmlsec
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from lxml import etree
from worldkit import ACCOUNT, START, Host, allow, refusal, trusting

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

PROTOCOL, ASSERTION = "urn:oasis:names:tc:SAML:2.0:protocol", "urn:oasis:names:tc:SAML:2.0:assertion"
DSIG = "http://www.w3.org/2000/09/xmldsig#"
NAMES = {"samlp": PROTOCOL, "saml": ASSERTION, "ds": DSIG, "xenc": "http://www.w3.org/2001/04/xmlenc#"}
AWS = "https://aws.amazon.com/SAML/Attributes/"
SIGN_IN = "https://signin.aws.amazon.com/saml"
PERSISTENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
BEARER = "urn:oasis:names:tc:SAML:2.0:cm:bearer"
SUCCESS = "urn:oasis:names:tc:SAML:2.0:status:Success"
ROLE, PROVIDER = f"arn:aws:iam::{ACCOUNT}:role/Saml", f"arn:aws:iam::{ACCOUNT}:saml-provider/Corp"
T = xmlsec.constants
ACTIONS = ("sts:AssumeRoleWithSAML", "sts:TagSession", "sts:SetSourceIdentity")
NOBODY = {"AccessKeyId": "AKIAIOSFODNN7NOBODY0", "SecretAccessKey": "unused"}
"""What a client is made with whose calls are not signed."""


@functools.cache
def rsa_key(name: str = "corp", bits: int = 2048) -> rsa.RSAPrivateKey:
    """A key that is made once in a run, by name."""
    return rsa.generate_private_key(65537, bits)


@functools.cache
def certificate(key: Any, name: str = "idp.example.com", *, days: int = 3650) -> str:
    """A self-signed certificate as metadata carries it: base64 of its DER form."""
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    start = datetime.fromtimestamp(START, UTC) - timedelta(days=30)
    built = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=days))
        .sign(key, hashes.SHA256())
    )
    return b64encode(built.public_bytes(Encoding.DER)).decode()


def certificate_of_version(key: Any, version: int) -> str:
    """The same with another number in its version field, where 2 stands for version 3."""
    der = b64decode(certificate(key))
    return b64encode(der.replace(bytes.fromhex("a003020102"), bytes((0xA0, 3, 2, 1, version)), 1)).decode()


def private_pem(key: Any) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def public_pem(key: Any) -> str:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def at(seconds: float) -> str:
    """A time as SAML writes it."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(frozen=True)
class Idp:
    """An identity provider: who it is and its signing key."""

    entity_id: str = "https://idp.example.com/metadata"
    key: Any = field(default_factory=rsa_key)

    def metadata(self, *, certificates: list[str] | None = None, use: str | None = "signing", **parts: str) -> str:
        """A metadata document. ``parts``: ``valid_until``, ``entity``, ``before``, ``root`` and ``role`` attributes."""
        listed = [certificate(self.key)] if certificates is None else certificates
        keys = "".join(
            f"<md:KeyDescriptor{f' use={quoteattr(use)}' if use else ''}><ds:KeyInfo><ds:X509Data><ds:X509Certificate>{one}"
            "</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>"
            for one in listed
        )
        until = f" validUntil={quoteattr(parts['valid_until'])}" if "valid_until" in parts else ""
        role = parts.get("role", f"protocolSupportEnumeration={quoteattr(PROTOCOL)}")
        return (
            f'{parts.get("before", "")}<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" xmlns:ds="{DSIG}" '
            f"entityID={quoteattr(parts.get('entity', self.entity_id))}{until}><md:IDPSSODescriptor {role}>{keys}"
            '<md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location='
            '"https://idp.example.com/sso"/></md:IDPSSODescriptor></md:EntityDescriptor>'
        ).ljust(1000)


def attributes(said: Mapping[str, Any]) -> str:
    """An attribute statement. Values are texts; a value that begins with ``<`` is XML as it is."""
    written = []
    for name, values in said.items():
        listed = [values] if isinstance(values, str) else values
        inner = "".join(
            f"<saml:AttributeValue>{value if value.startswith('<') else escape(value)}</saml:AttributeValue>"
            for value in listed
        )
        written.append(f"<saml:Attribute Name={quoteattr(name)}>{inner}</saml:Attribute>")
    return f"<saml:AttributeStatement>{''.join(written)}</saml:AttributeStatement>"


def claims(**more: Any) -> dict[str, Any]:
    """The attributes that every good assertion has; others by their name after AWS's prefix, None leaves one out."""
    said = {"Role": f"{ROLE},{PROVIDER}", "RoleSessionName": "ada@example.com"} | more
    return {f"{AWS}{name.replace('__', ':')}": value for name, value in said.items() if value is not None}


def assertion_xml(idp: Idp, now: float = START, **parts: Any) -> str:
    """An assertion. Each part may be replaced: see the names below."""
    said = {
        "id": "_assertion",
        "issuer": escape(idp.entity_id),
        "issued": at(now),
        "name_id": f'<saml:NameID Format="{PERSISTENT}">ada</saml:NameID>',
        "recipient": SIGN_IN,
        "confirmed_until": at(now + 300),
        "not_before": at(now),
        "not_on_or_after": at(now + 300),
        "audience": "urn:amazon:webservices",
        "session_end": None,
        "attributes": claims(),
        "version": "2.0",
        "advice": "",
        "extra_conditions": "",
    } | parts
    confirmation = said.get("confirmation", (
        f'<saml:SubjectConfirmation Method="{BEARER}"><saml:SubjectConfirmationData NotOnOrAfter="{said["confirmed_until"]}" '
        f'Recipient="{said["recipient"]}"/></saml:SubjectConfirmation>'
    ))  # fmt: skip
    conditions = said.get("conditions", (
        f'<saml:Conditions NotBefore="{said["not_before"]}" NotOnOrAfter="{said["not_on_or_after"]}"><saml:AudienceRestriction>'
        f'<saml:Audience>{said["audience"]}</saml:Audience></saml:AudienceRestriction>{said["extra_conditions"]}</saml:Conditions>'
    ))  # fmt: skip
    end = f' SessionNotOnOrAfter="{said["session_end"]}"' if said["session_end"] else ""
    return (
        f'<saml:Assertion xmlns:saml="{ASSERTION}" xmlns:xs="http://www.w3.org/2001/XMLSchema" ID="{said["id"]}" '
        f'Version="{said["version"]}" IssueInstant="{said["issued"]}"><saml:Issuer>{said["issuer"]}</saml:Issuer>'
        f"<saml:Subject>{said['name_id']}{confirmation}</saml:Subject>{conditions}{said['advice']}"
        f'<saml:AuthnStatement AuthnInstant="{said["issued"]}"{end}><saml:AuthnContext><saml:AuthnContextClassRef>'
        "urn:oasis:names:tc:SAML:2.0:ac:classes:Password</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement>"
        f"{said['attributes'] if isinstance(said['attributes'], str) else attributes(said['attributes'])}</saml:Assertion>"
    )


@dataclass(frozen=True)
class Signing:
    """How a signature is made."""

    method: Any = T.TransformRsaSha256
    digest: Any = T.TransformSha256
    canonical: Any = T.TransformExclC14N
    transforms: tuple[Any, ...] = (T.TransformEnveloped, T.TransformExclC14N)
    key: Any = None
    uri: str | None = None
    key_info: str | None = None


def response(idp: Idp, *, signed: str = "assertion", signing: Signing | None = None, encrypt: Encrypting | None = None, before: Callable[[Any], None] | None = None, **parts: Any) -> Any:  # fmt: skip
    """A response as a tree. ``signed`` is ``assertion``, ``response``, ``both`` or ``neither``."""
    destination = parts.pop("destination", SIGN_IN)
    status = parts.pop("status", f'<samlp:StatusCode Value="{SUCCESS}"/>')
    issuer = parts.pop("response_issuer", idp.entity_id)
    text = (
        f'<samlp:Response xmlns:samlp="{PROTOCOL}" xmlns:saml="{ASSERTION}" ID="_response" Version="2.0" '
        f'IssueInstant="{at(parts.get("now", START))}" Destination="{destination}"><saml:Issuer>{escape(issuer)}</saml:Issuer>'
        f"<samlp:Status>{status}</samlp:Status>{assertion_xml(idp, **parts)}</samlp:Response>"
    )
    root = etree.fromstring(text)
    if before is not None:
        before(root)
    how = signing or Signing()
    if signed in ("assertion", "both"):
        sign(root.find("saml:Assertion", NAMES), idp, how)
    if encrypt is not None:
        encrypt.apply(root)
    if signed in ("response", "both"):
        sign(root, idp, how)
    return etree.fromstring(etree.tostring(root))  # lxml does not find elements by name that xmlsec made


def sign(element: Any, idp: Idp, how: Signing | None = None) -> None:
    """Sign an element that has an issuer as its first child."""
    how = how or Signing()
    key = how.key or idp.key
    signature = xmlsec.template.create(element, how.canonical, how.method, ns="ds")
    element.insert(1, signature)
    reference = xmlsec.template.add_reference(
        signature, how.digest, uri=f"#{element.get('ID')}" if how.uri is None else how.uri
    )
    for transform in how.transforms:
        xmlsec.template.add_transform(reference, transform)
    info = xmlsec.template.ensure_key_info(signature)
    data = etree.SubElement(info, f"{{{DSIG}}}X509Data")
    if not isinstance(key, bytes):
        etree.SubElement(data, f"{{{DSIG}}}X509Certificate").text = certificate(key)
    context = xmlsec.SignatureContext()
    context.register_id(element, "ID")
    if isinstance(key, bytes):
        context.key = xmlsec.Key.from_binary_data(T.KeyDataHmac, key)
    else:
        context.key = xmlsec.Key.from_memory(private_pem(key), T.KeyDataFormatPem)
    context.sign(signature)


@dataclass(frozen=True)
class Encrypting:
    """How an assertion is encrypted, and for whose key."""

    key: Any
    data: Any = T.TransformAes256Gcm
    transport: Any = T.TransformRsaOaep
    beside: bool = False
    bits: int = 256

    def apply(self, root: Any) -> None:
        """Replace the assertion in a response by its encrypted form."""
        plain = root.find("saml:Assertion", NAMES)
        holder = etree.Element(f"{{{ASSERTION}}}EncryptedAssertion")
        root.replace(plain, holder)
        data = xmlsec.template.encrypted_data_create(holder, self.data, type=T.TypeEncElement, ns="xenc")
        xmlsec.template.encrypted_data_ensure_cipher_value(data)
        info = xmlsec.template.encrypted_data_ensure_key_info(data, ns="ds")
        key = xmlsec.template.add_encrypted_key(info, self.transport)
        xmlsec.template.encrypted_data_ensure_cipher_value(key)
        manager = xmlsec.KeysManager()
        manager.add_key(xmlsec.Key.from_memory(public_pem(self.key), T.KeyDataFormatPem))
        context = xmlsec.EncryptionContext(manager)
        context.key = xmlsec.Key.generate(T.KeyDataAes, self.bits, T.KeyDataTypeSession)
        holder.append(data)
        lone = etree.fromstring(etree.tostring(plain))
        context.encrypt_binary(data, etree.tostring(lone))
        data.set("Type", T.TypeEncElement)
        if self.beside:
            holder.append(key)
            data.remove(info)


def encoded(tree: Any) -> str:
    """The SAMLResponse parameter of a tree, or of raw text."""
    data = tree if isinstance(tree, bytes) else tree.encode() if isinstance(tree, str) else etree.tostring(tree)
    return b64encode(data).decode()


def evil(original: Any) -> Any:
    """A copy of an assertion or response without its signatures that says what an attacker wants."""
    copy = deepcopy(original)
    for signature in copy.findall(".//ds:Signature", NAMES):
        signature.getparent().remove(signature)
    copy.set("ID", "_evil")
    inner = copy.find("saml:Assertion", NAMES)
    if inner is not None:
        inner.set("ID", "_evil_assertion")
    for name_id in copy.iter(f"{{{ASSERTION}}}NameID"):
        name_id.text = "administrator"
    return copy


@functools.cache
def elliptic_key(curve: str = "secp256r1") -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key({"secp256r1": ec.SECP256R1(), "secp384r1": ec.SECP384R1()}[curve])


@dataclass(frozen=True)
class Refused:
    """What a refused caller is told, and the operator."""

    status: int
    code: str
    text: str
    reason: str


@dataclass
class Corp:
    """A server on which account 111122223333 trusts the identity provider, and has a role for the people it knows."""

    host: Host
    idp: Idp

    @functools.cached_property
    def sts(self) -> Any:
        """STS as somebody without any credentials sees it."""
        return self.host.client("sts", NOBODY)

    @classmethod
    def on(cls, host: Host, idp: Idp | None = None, **provider: Any) -> Corp:
        corp = cls(host, idp or Idp())
        document = provider.pop("SAMLMetadataDocument", None) or corp.idp.metadata()
        iam, trust = host.admin("iam"), trusting({"Federated": PROVIDER}, *ACTIONS)
        iam.create_saml_provider(Name="Corp", SAMLMetadataDocument=document, **provider)
        iam.create_role(RoleName="Saml", AssumeRolePolicyDocument=trust, MaxSessionDuration=7200)
        iam.put_role_policy(RoleName="Saml", PolicyName="p", PolicyDocument=allow("iam:ListUsers"))
        return corp

    def trust(self, *actions: str, **extra: Any) -> None:
        """Replace the role's trust policy."""
        document = trusting({"Federated": PROVIDER}, *(actions or ACTIONS), **extra)
        self.host.admin("iam").update_assume_role_policy(RoleName="Saml", PolicyDocument=document)

    def response(self, **parts: Any) -> Any:
        """A good response of now, but for the parts."""
        return response(self.idp, **({"now": self.host.now} | parts))

    def call(self, tree: Any, **parameters: Any) -> dict[str, Any]:
        """AssumeRoleWithSAML by a client without any credentials."""
        sent = {"RoleArn": ROLE, "PrincipalArn": PROVIDER, "SAMLAssertion": encoded(tree)} | parameters
        answer: dict[str, Any] = self.sts.assume_role_with_saml(**sent)
        return answer

    def assume(self, parameters: Mapping[str, Any] | None = None, **parts: Any) -> dict[str, Any]:
        """The answer to a good response with these parts."""
        return self.call(self.response(**parts), **(parameters or {}))

    def refused(self, tree: Any, **parameters: Any) -> Refused:
        """The refusal of a response, with the operator's reason as the journal has it."""
        sent = {"RoleArn": ROLE, "PrincipalArn": PROVIDER, "SAMLAssertion": encoded(tree)} | parameters
        status, code, text = refusal(self.sts.assume_role_with_saml, **sent)
        kept = self.host.journal.lines[-1].partition(b"\t")[2]
        return Refused(status, code, text, json.loads(kept).get("reason", "") if kept else "")

    @property
    def record(self) -> dict[str, Any]:
        """The newest audit record."""
        return self.host.journal.records[-1]


INVALID_SIGNATURE = (400, "InvalidIdentityToken", "Response signature invalid")
UNREADABLE = (400, "InvalidIdentityToken", "Invalid SAML response")
DENIED = (403, "AccessDenied", "Not authorized to perform sts:AssumeRoleWithSAML")


def told(refused: Refused) -> tuple[int, str, str]:
    """What the caller sees of a refusal."""
    return refused.status, refused.code, refused.text
