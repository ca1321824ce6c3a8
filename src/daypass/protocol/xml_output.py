"""XML out of values, by closures compiled from the model: one per shape, element name and depth.

Everything that came from a caller passes :func:`escaped`; there is no other way for text into an answer (threats E1).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from daypass.protocol.models import XmlNamespace, namespace_uri
from daypass.protocol.scalars import TIME_WRITERS, WRITERS, Writer, write_iso8601

if TYPE_CHECKING:
    from collections.abc import Mapping

    from daypass.protocol.models import Member, Model, Shape

_REFERENCES = {ord("&"): "&amp;", ord("<"): "&lt;", ord(">"): "&gt;", ord('"'): "&quot;", 0x0D: "&#13;"}
_FORBIDDEN = [*range(0x09), 0x0B, 0x0C, *range(0x0E, 0x20), *range(0xD800, 0xE000), 0xFFFE, 0xFFFF]
_PLAIN = bytes(code for code in range(0x20, 0x7F) if code not in _REFERENCES)
_REPLACED = _REFERENCES | dict.fromkeys(_FORBIDDEN, "\ufffd")
_REFERRED = _REPLACED | {code: f"&#x{code:x};" for code in range(1, 0x20) if code in _FORBIDDEN}


def escaped(text: str) -> str:
    """Text as an element's content or an attribute's value.

    Characters that XML 1.0 cannot carry become U+FFFD: AWS writes references such as ``&#x1;``, which make the parsers
    of most SDKs refuse the whole answer.
    """
    return text.translate(_REPLACED) if _is_special(text) else text


def control_references(text: str) -> str:
    """S3's way with control characters in keys: a reference, which only parsers of XML 1.1 read."""
    return text.translate(_REFERRED) if _is_special(text) else text


def _is_special(text: str) -> bool:
    """Whether anything but plain ASCII is in a text: session tokens are long, and this is the quickest way to know."""
    return bool(text.encode("utf-8", "replace").translate(None, _PLAIN))


@dataclass(frozen=True, slots=True)
class XmlStyle:
    """How a service lays its XML out."""

    indented: bool = False
    time: Writer = write_iso8601
    text: Writer = escaped
    encoded: frozenset[str] = frozenset()
    """Members whose text is written by ``encode`` instead."""
    encode: Writer = escaped


class XmlWriter:
    """Makes writers for the output shapes of one service."""

    def __init__(self, model: Model, style: XmlStyle) -> None:
        self._model = model
        self._style = style
        self._line = "\n" if style.indented else ""

    def content(self, shape: Shape, depth: int = 0, skip: frozenset[str] = frozenset()) -> Writer:
        """A writer of a structure's members without an element around them."""
        members = [
            (name, self.element(self._wire_name(name, use), use, depth, encoded=name in self._style.encoded))
            for name, use in shape.members.items()
            if name not in skip
        ]

        def write_content(value: Mapping[str, Any]) -> str:
            parts = []
            for name, write in members:
                item = value.get(name)
                if item is not None:
                    parts.append(write(item))
            return "".join(parts)

        return write_content

    def element(self, name: str, use: Member, depth: int = 0, *, encoded: bool = False) -> Writer:
        """A writer of one value in an element called ``name``."""
        shape = self._model.shapes[use.shape]
        pad = "  " * depth if self._style.indented else ""
        begin = f"{pad}<{name}{_declaration(use.xml_namespace or shape.xml_namespace)}"
        end = f"</{name}>{self._line}"
        match shape.type:
            case "structure":
                return self._structure(shape, begin, pad + end, depth)
            case "list":
                return self._list(name, use, shape, depth)
            case "map":
                return self._map(name, use, shape, depth)
        text = self._text(use, shape, encoded=encoded)
        begin += ">"
        return lambda value: f"{begin}{text(value)}{end}"

    def _text(self, use: Member, shape: Shape, *, encoded: bool) -> Writer:
        """What stands inside a scalar's element. Numbers, times and base64 need no escaping."""
        if shape.type in ("string", "character"):
            return self._style.encode if encoded else self._style.text
        if shape.type == "timestamp":
            form = use.timestamp_format or shape.timestamp_format or "iso8601"
            return self._style.time if form == "iso8601" else TIME_WRITERS[form]
        return WRITERS[shape.type]

    def _structure(self, shape: Shape, begin: str, end: str, depth: int) -> Writer:
        attributes = [(name, self._wire_name(name, use)) for name, use in shape.members.items() if use.xml_attribute]
        skip = frozenset(name for name, _ in attributes)
        line = self._line
        inner: list[Writer] = []  # made at first use: a recursive shape has no last depth

        def write_structure(value: Mapping[str, Any]) -> str:
            if not inner:
                inner.append(self.content(shape, depth + 1, skip))
            written = "".join([f' {wire}="{escaped(value[name])}"' for name, wire in attributes if name in value])
            return f"{begin}{written}>{line}{inner[0](value)}{end}"

        return write_structure

    def _list(self, name: str, use: Member, shape: Shape, depth: int) -> Writer:
        assert shape.member is not None  # noqa: S101 - a list of the model has a member
        if use.flattened or shape.flattened:
            write_bare = self.element(name, shape.member, depth)
            return lambda value: "".join([write_bare(item) for item in value])
        write = self.element(shape.member.location_name or "member", shape.member, depth + 1)
        return self._wrapped(name, use, depth, lambda value: "".join([write(item) for item in value]))

    def _map(self, name: str, use: Member, shape: Shape, depth: int) -> Writer:
        assert shape.key is not None  # noqa: S101 - a map of the model has a key and a value
        assert shape.value is not None  # noqa: S101
        flattened = use.flattened or shape.flattened
        inside = depth + (1 if flattened else 2)
        write_key = self.element(shape.key.location_name or "key", shape.key, inside)
        write_value = self.element(shape.value.location_name or "value", shape.value, inside)
        entry = name if flattened else "entry"
        pad = "  " * (inside - 1) if self._style.indented else ""
        begin, end = f"{pad}<{entry}>{self._line}", f"{pad}</{entry}>{self._line}"

        def write_entries(value: Mapping[str, Any]) -> str:
            return "".join([f"{begin}{write_key(key)}{write_value(item)}{end}" for key, item in value.items()])

        return write_entries if flattened else self._wrapped(name, use, depth, write_entries)

    def _wrapped(self, name: str, use: Member, depth: int, write: Writer) -> Writer:
        pad, line = "  " * depth if self._style.indented else "", self._line
        begin = f"{pad}<{name}{_declaration(use.xml_namespace or self._model.shapes[use.shape].xml_namespace)}"
        return lambda value: f"{begin}>{line}{write(value)}{pad}</{name}>{line}" if value else f"{begin}/>{line}"

    def _wire_name(self, name: str, use: Member) -> str:
        """A member's element name. A flattened list may lend it the name of its own member."""
        target = self._model.shapes[use.shape]
        if target.type == "list" and (target.flattened or use.flattened) and target.member is not None:
            return target.member.location_name or use.location_name or name
        return use.location_name or name


def _declaration(namespace: XmlNamespace | str | None) -> str:
    uri = namespace_uri(namespace)
    if not uri:
        return ""
    prefix = namespace.prefix if isinstance(namespace, XmlNamespace) else ""
    return f' xmlns{":" + prefix if prefix else ""}="{escaped(uri)}"'
