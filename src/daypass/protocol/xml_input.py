"""Request bodies in XML, which come from strangers: read by a hardened parser, taken apart by the model, refused whole.

No document type, no entities, bounded depth and number of elements (threats H8). What the model does not know is
refused, as S3 validates against its schema: an element that is ignored would be a setting that is silently dropped.
"""

from __future__ import annotations

from collections.abc import Callable, Container
from typing import TYPE_CHECKING, Any
from xml.parsers.expat import ExpatError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import ParseError, XMLParser

from daypass.protocol.scalars import READERS, Malformed

if TYPE_CHECKING:
    from daypass.protocol.models import Member, Model, Shape

DEEPEST = 32
MOST_ELEMENTS = 100_000  # 10,000 parts with two checksums each take half of them
_XSI = "{http://www.w3.org/2001/XMLSchema-instance}"


class Element:
    """One element. Names keep their namespace in braces only if it is none of the service's."""

    __slots__ = ("attributes", "children", "name", "text")

    def __init__(self, name: str, attributes: dict[str, str]) -> None:
        self.name = name
        self.attributes = attributes
        self.children: list[Element] = []
        self.text: list[str] = []


Read = Callable[[list[Element]], Any]
"""From the elements of one member, in order, to its value."""


class _Builder:
    """The parser's target: builds elements and counts them."""

    def __init__(self, namespaces: frozenset[str]) -> None:
        self._namespaces = namespaces
        self._open: list[Element] = []
        self._count = 0
        self.root: Element | None = None

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        uri, brace, local = tag.rpartition("}")
        element = Element(local if not brace or uri[1:] in self._namespaces else tag, attributes)
        self._count += 1
        if self._open:
            self._open[-1].children.append(element)
        else:
            self.root = element
        self._open.append(element)
        if len(self._open) > DEEPEST or self._count > MOST_ELEMENTS:
            raise Malformed

    def end(self, _tag: str) -> None:
        self._open.pop()

    def data(self, text: str) -> None:
        self._open[-1].text.append(text)

    def close(self) -> Element | None:
        return self.root


def parse_xml(body: bytes, namespaces: frozenset[str], roots: Container[str]) -> Element:
    """A document's root, which is one of ``roots``. Raises Malformed for all that is not plain, well-formed XML."""
    parser = XMLParser(target=_Builder(namespaces), forbid_dtd=True)  # type: ignore[no-untyped-call]
    try:
        parser.feed(body)
        root = parser.close()
    except (ParseError, ExpatError, DefusedXmlException, LookupError, UnicodeError, ValueError):
        raise Malformed from None
    if not isinstance(root, Element) or root.name not in roots:
        raise Malformed
    return root


class XmlInput:
    """Readers for the body shapes of one service."""

    def __init__(self, model: Model, open_enums: frozenset[str] = frozenset()) -> None:
        self._model = model
        self._open_enums = open_enums
        self._compiled: dict[str, Read] = {}

    def reader(self, use: Member) -> Read:
        """The reader of one use of a shape."""
        shape = self._model.shapes[use.shape]
        if use.flattened and not shape.flattened:
            return self._list(shape, flattened=True) if shape.type == "list" else self._map(shape, flattened=True)
        if use.shape not in self._compiled:
            name = use.shape
            self._compiled[name] = self._later(name)
            self._compiled[name] = self._compile(name, shape)
        return self._compiled[use.shape]

    def _later(self, name: str) -> Read:
        """What a recursive shape meets in its own place while it is being compiled."""

        def read(elements: list[Element]) -> Any:
            return self._compiled[name](elements)

        return read

    def _compile(self, name: str, shape: Shape) -> Read:
        match shape.type:
            case "structure":
                return self._structure(shape)
            case "list":
                return self._list(shape, flattened=shape.flattened)
            case "map":
                return self._map(shape, flattened=shape.flattened)
        return _scalar(shape, frozenset() if name in self._open_enums else frozenset(shape.enum or ()))

    def members(self, shape: Shape) -> dict[str, tuple[str, Read]]:
        """The members of a structure that stand in its body, by element name."""
        return {
            use.location_name or name: (name, self.reader(use))
            for name, use in shape.members.items()
            if use.location is None and not use.xml_attribute
        }

    def _structure(self, shape: Shape) -> Read:
        attributes = [
            (_attribute(use.location_name or name), name, self.reader(use))
            for name, use in shape.members.items()
            if use.xml_attribute
        ]
        table: dict[str, tuple[str, Read]] = {}

        def read_structure(elements: list[Element]) -> dict[str, Any]:
            if not table:
                table.update(self.members(shape))
            element = _only(elements)
            found = read_members(element, table)
            for wire, name, read in attributes:
                if wire in element.attributes:
                    holder = Element(wire, {})
                    holder.text.append(element.attributes[wire])
                    found[name] = read([holder])
            missing = [name for name in shape.required if name not in found and shape.members[name].location is None]
            if missing:
                raise Malformed
            return found

        return read_structure

    def _list(self, shape: Shape, *, flattened: bool) -> Read:
        assert shape.member is not None  # noqa: S101 - a list of the model has a member
        read = self.reader(shape.member)
        if flattened:
            return lambda elements: [read([element]) for element in elements]
        name = shape.member.location_name or "member"

        def read_list(elements: list[Element]) -> list[Any]:
            element = _only(elements)
            if any(child.name != name for child in element.children) or "".join(element.text).strip():
                raise Malformed
            return [read([child]) for child in element.children]

        return read_list

    def _map(self, shape: Shape, *, flattened: bool) -> Read:
        assert shape.key is not None  # noqa: S101 - a map of the model has a key and a value
        assert shape.value is not None  # noqa: S101
        sides = {
            shape.key.location_name or "key": ("key", self.reader(shape.key)),
            shape.value.location_name or "value": ("value", self.reader(shape.value)),
        }

        def read_map(elements: list[Element]) -> dict[str, Any]:
            entries = elements if flattened else _only(elements).children
            found = {}
            for entry in entries:
                pair = read_members(entry, sides)
                if len(pair) != len(sides) or not (flattened or entry.name == "entry"):
                    raise Malformed
                found[pair["key"]] = pair["value"]
            return found

        return read_map


def read_members(element: Element, table: dict[str, tuple[str, Read]]) -> dict[str, Any]:
    """An element's children as a structure's members. An unknown child, or text between them, is malformed."""
    if "".join(element.text).strip():
        raise Malformed
    groups: dict[str, list[Element]] = {}
    for child in element.children:
        if child.name not in table:
            raise Malformed
        groups.setdefault(child.name, []).append(child)
    return {table[name][0]: table[name][1](group) for name, group in groups.items()}


def _scalar(shape: Shape, enum: frozenset[str]) -> Read:
    read = READERS[shape.type]
    most, least = shape.max, shape.min
    numeric = shape.type in ("integer", "long", "float", "double")

    def read_scalar(elements: list[Element]) -> Any:
        element = _only(elements)
        text = "".join(element.text)
        if element.children:
            raise Malformed
        value = read(text if shape.type == "string" else text.strip())
        size = value if numeric else len(text)
        if (enum and value not in enum) or (most is not None and size > most) or (least is not None and size < least):
            raise Malformed
        return value

    return read_scalar


def _only(elements: list[Element]) -> Element:
    if len(elements) != 1:
        raise Malformed
    return elements[0]


def _attribute(name: str) -> str:
    return _XSI + name[4:] if name.startswith("xsi:") else name
