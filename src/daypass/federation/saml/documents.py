"""The one way in which XML from outside becomes a tree: UTF-8, no document type, no entities, no network, within bounds.

There is one parser for what is checked and what is read, so that no two readers can disagree (the "parser differential"
class of attacks). What is unusual in a way that attacks are made of is refused: document types, processing instructions,
``xml:base``, other encodings, byte order marks, identifiers that occur twice.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from lxml import etree

if TYPE_CHECKING:
    from collections.abc import Iterator

SAML: Final = "{urn:oasis:names:tc:SAML:2.0:assertion}"
PROTOCOL: Final = "{urn:oasis:names:tc:SAML:2.0:protocol}"
METADATA: Final = "{urn:oasis:names:tc:SAML:2.0:metadata}"
DSIG: Final = "{http://www.w3.org/2000/09/xmldsig#}"
XENC: Final = "{http://www.w3.org/2001/04/xmlenc#}"

_XML_BASE: Final = "{http://www.w3.org/XML/1998/namespace}base"
_DECLARATION: Final = re.compile(r"<\?xml\s[^?>]{0,100}\?>")
_ENCODING: Final = re.compile(r"""encoding\s*=\s*["']([^"']*)["']""")
_ASSIGNED: Final = re.compile(r"""=\s*["']""")
_LONGEST_NAMESPACE: Final = 300
"""Characters of a namespace's prefix and name: exclusive canonicalization writes them again at every element that uses them."""
_ID_NAMES: Final = frozenset({"id", "assertionid", "responseid"})


class UnusableXml(ValueError):
    """The text is no XML that is read here; the message says why, for the operator."""


class Bounds(NamedTuple):
    """How much XML is looked at: canonical form, which strangers make the server compute, costs their product.

    ``each`` is the most attributes and namespaces that one element has: lxml takes the square of their number to list
    them. ``namespaces`` are those in scope at one element, where canonical form searches through them.
    """

    elements: int
    attributes: int
    depth: int
    namespaces: int
    each: int


RESPONSE_BOUNDS: Final = Bounds(elements=1500, attributes=1500, depth=20, namespaces=32, each=50)
METADATA_BOUNDS: Final = Bounds(elements=10_000, attributes=20_000, depth=40, namespaces=100, each=100)


def parsed(data: bytes, bounds: Bounds) -> etree._Element:
    """The root of a document. Raises UnusableXml."""
    _check_text(data, bounds)
    try:
        root = etree.fromstring(data, _parser())
    except etree.LxmlError as error:
        raise UnusableXml(f"not well-formed: {str(error)[:200]}") from None
    document = root.getroottree().docinfo
    if document.doctype or document.internalDTD is not None:
        raise UnusableXml("it has a document type")
    _check_tree(root, bounds)
    return root


def elements(parent: etree._Element, name: str | None = None) -> list[etree._Element]:
    """The child elements, those of that name where one is given."""
    return [child for child in parent.iterchildren(tag=etree.Element) if name is None or child.tag == name]


def whole_text(element: etree._Element) -> str:
    """All the text in an element, never only what stands before a comment."""
    return str(element.xpath("string()"))


def fresh(canonical: bytes) -> etree._Element:
    """A tree of verified canonical bytes, without their comments: what is left and right of one is one text."""
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True
    )
    return etree.fromstring(canonical, parser)


def _parser() -> etree.XMLParser:
    return etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, dtd_validation=False, huge_tree=False
    )


def _check_text(data: bytes, bounds: Bounds) -> None:
    """What is told apart before any parser sees it."""
    try:
        text = data.decode()
    except UnicodeDecodeError:
        raise UnusableXml("it is not UTF-8") from None
    if "\0" in text or text.startswith("\ufeff"):
        raise UnusableXml("it has a byte order mark or a zero character")
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise UnusableXml("it has a document type")
    declaration = _DECLARATION.match(text)
    if declaration is not None:
        encoding = _ENCODING.search(declaration[0])
        if encoding is not None and encoding[1].lower() not in ("utf-8", "utf8"):
            raise UnusableXml(f"it is declared as {encoding[1][:40]}")
    if "<?" in text[declaration.end() if declaration else 0 :]:
        raise UnusableXml("it has a processing instruction")
    if text.count("<") > 3 * bounds.elements:
        raise UnusableXml("it has too many elements")
    if any(_assigned(piece) > bounds.each for piece in text.split("<") if piece.count("=") > bounds.each):
        raise UnusableXml("it has too many attributes in one element")


def _assigned(piece: str) -> int:
    """Attributes and namespaces in what stands from one ``<`` to the next: one tag at most, and the text behind it."""
    return sum(1 for _ in _ASSIGNED.finditer(piece))


def _check_tree(root: etree._Element, bounds: Bounds) -> None:
    seen: set[str] = set()
    count = depth = attributes = namespaces = 0
    for event, item in etree.iterwalk(root, events=("start", "end", "start-ns", "end-ns")):
        if event == "end":
            depth -= 1
        elif event == "end-ns":
            namespaces -= 1
        elif event == "start-ns":
            namespaces += 1
            if len(item[0] or "") + len(item[1]) > _LONGEST_NAMESPACE:
                raise UnusableXml("it has a very long namespace")
        else:
            count, depth, attributes = count + 1, depth + 1, attributes + len(item.attrib)
            _check_element(item, seen)
        reached = (count, attributes, depth, namespaces)
        if any(found > bound for found, bound in zip(reached, bounds[:4], strict=True)):
            raise UnusableXml("it is too large or too deep")


def _check_element(element: etree._Element, seen: set[str]) -> None:
    if _XML_BASE in element.attrib:
        raise UnusableXml("it has xml:base")
    for value in _identifiers(element):
        if not value or value in seen:
            raise UnusableXml(f"the ID {value[:100]!r} is empty or occurs twice")
        seen.add(value)


def _identifiers(element: etree._Element) -> Iterator[str]:
    """Values of attributes that some reader could take for an identifier, whatever their case."""
    for name, value in element.attrib.items():
        if str(name).rpartition("}")[2].lower() in _ID_NAMES:
            yield str(value)
