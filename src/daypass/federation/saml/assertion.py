"""One assertion as a value (OASIS SAML 2.0 core, section 2), read from the tree of its verified bytes.

Reading is strict: what must be there once is there once, times have a time zone, and what is not understood but could
narrow what the assertion says (an unknown condition, an encrypted name) refuses it.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from lxml import etree

from daypass.federation.saml.documents import SAML, elements, whole_text
from daypass.federation.saml.metadata import UnusableMetadata, instant

if TYPE_CHECKING:
    from collections.abc import Mapping

ASSERTION: Final = f"{SAML}Assertion"
UNSPECIFIED: Final = "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified"
_ENTITY: Final = "urn:oasis:names:tc:SAML:2.0:nameid-format:entity"
_KNOWN_CONDITIONS: Final = frozenset(
    f"{SAML}{name}" for name in ("AudienceRestriction", "OneTimeUse", "ProxyRestriction")
)
_STATEMENTS: Final = frozenset(f"{SAML}{name}" for name in ("AuthnStatement", "AttributeStatement"))
_PARTS: Final = frozenset(f"{SAML}{name}" for name in ("Issuer", "Subject", "Conditions", "Advice")) | _STATEMENTS


class UnusableAssertion(ValueError):
    """The assertion is not one that is read here; the message says why, for the operator."""


@dataclass(frozen=True, slots=True)
class Confirmation:
    """How the bearer of an assertion is known to be its subject: to whom, and until when, it may be shown."""

    method: str
    recipient: str | None = None
    not_before: float | None = None
    not_on_or_after: float | None = None


@dataclass(frozen=True, slots=True)
class Assertion:
    """What an identity provider says of somebody. Times are seconds since the epoch.

    ``audiences`` has a set for each AudienceRestriction: all of them must hold. ``attributes`` are texts by the
    attribute's Name, in order. ``subject`` is None where there is no NameID.
    """

    id: str
    issuer: str
    issued_at: float
    subject: str | None
    subject_format: str
    confirmations: tuple[Confirmation, ...]
    audiences: tuple[frozenset[str], ...]
    not_before: float | None
    not_on_or_after: float | None
    session_not_on_or_after: float | None
    attributes: Mapping[str, tuple[str, ...]]


def read_assertion(root: etree._Element) -> Assertion:
    """The assertion that stands in a tree of verified bytes. Raises UnusableAssertion."""
    if root.tag != ASSERTION or root.get("Version") != "2.0":
        raise UnusableAssertion(f"not an assertion of SAML 2.0: {root.tag}")
    unknown = [child for child in elements(root) if child.tag not in _PARTS]
    if unknown:
        raise UnusableAssertion(f"an assertion with {etree.QName(unknown[0]).localname}")
    name, confirmations = _subject(root)
    not_before, not_on_or_after, audiences = _conditions(root)
    ends = [
        _instant(statement.get("SessionNotOnOrAfter"), "SessionNotOnOrAfter")
        for statement in elements(root, f"{SAML}AuthnStatement")
        if statement.get("SessionNotOnOrAfter") is not None
    ]
    return Assertion(
        id=str(root.get("ID") or ""),
        issuer=_issuer(root),
        issued_at=_instant(root.get("IssueInstant"), "IssueInstant"),
        subject=None if name is None else whole_text(name),
        subject_format=UNSPECIFIED if name is None else str(name.get("Format") or UNSPECIFIED),
        confirmations=confirmations,
        audiences=audiences,
        not_before=not_before,
        not_on_or_after=not_on_or_after,
        session_not_on_or_after=min(ends, default=None),
        attributes=_attributes(root),
    )


def _issuer(root: etree._Element) -> str:
    issuer = _only(root, "Issuer")
    if issuer is None or not whole_text(issuer).strip():
        raise UnusableAssertion("an assertion without an issuer")
    if issuer.get("Format") not in (None, _ENTITY):
        raise UnusableAssertion(f"an issuer of the format {issuer.get('Format')!r}")
    return whole_text(issuer)


def _subject(root: etree._Element) -> tuple[etree._Element | None, tuple[Confirmation, ...]]:
    subject = _only(root, "Subject")
    if subject is None:
        return None, ()
    if elements(subject, f"{SAML}EncryptedID") or elements(subject, f"{SAML}BaseID"):
        raise UnusableAssertion("a subject that is not a NameID in plain text")
    return _only(subject, "NameID"), tuple(
        _confirmation(part) for part in elements(subject, f"{SAML}SubjectConfirmation")
    )


def _confirmation(element: etree._Element) -> Confirmation:
    data = _only(element, "SubjectConfirmationData")
    method = str(element.get("Method"))
    if data is None:
        return Confirmation(method)
    return Confirmation(
        method,
        recipient=data.get("Recipient"),
        not_before=_optional(data, "NotBefore"),
        not_on_or_after=_optional(data, "NotOnOrAfter"),
    )


def _conditions(root: etree._Element) -> tuple[float | None, float | None, tuple[frozenset[str], ...]]:
    conditions = _only(root, "Conditions")
    if conditions is None:
        return None, None, ()
    unknown = [child for child in elements(conditions) if child.tag not in _KNOWN_CONDITIONS]
    if unknown:
        raise UnusableAssertion(f"the condition {etree.QName(unknown[0]).localname}, which this server does not know")
    audiences = tuple(
        frozenset(whole_text(audience).strip() for audience in elements(restriction, f"{SAML}Audience"))
        for restriction in elements(conditions, f"{SAML}AudienceRestriction")
    )
    return _optional(conditions, "NotBefore"), _optional(conditions, "NotOnOrAfter"), audiences


def _attributes(root: etree._Element) -> Mapping[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for statement in elements(root, f"{SAML}AttributeStatement"):
        for attribute in elements(statement):
            if attribute.tag != f"{SAML}Attribute":
                raise UnusableAssertion(f"a statement with {etree.QName(attribute).localname}")
            name = str(attribute.get("Name") or "")
            values = tuple(whole_text(value) for value in elements(attribute, f"{SAML}AttributeValue"))
            found[name] = (*found.get(name, ()), *values)
    return MappingProxyType(found)


def _only(parent: etree._Element, name: str) -> etree._Element | None:
    found = elements(parent, f"{SAML}{name}")
    if len(found) > 1:
        raise UnusableAssertion(f"{len(found)} elements {name} in one {etree.QName(parent).localname}")
    return found[0] if found else None


def _optional(element: etree._Element, name: str) -> float | None:
    value = element.get(name)
    return None if value is None else _instant(value, name)


def _instant(value: str | None, name: str) -> float:
    try:
        return instant(value or "")
    except UnusableMetadata as problem:
        raise UnusableAssertion(f"{name} is {problem}") from None
