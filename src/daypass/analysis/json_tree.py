"""A JSON text as a tree whose every value knows where it stands (RFC 8259), for findings that point into the text.

It reads what :mod:`daypass.policy.json_text` reads and refuses what that refuses, duplicate names and halves of surrogate
pairs included, but says where. The reader is a loop with a stack of its own: no depth of nesting ends it.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

_BLANKS: Final = re.compile(r"[ \t\r\n]*")
_NUMBER: Final = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_ESCAPE: Final = re.compile(r"\\u[dD][89aAbB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}|\\.")
_DECODER: Final = json.JSONDecoder()


class Kind(Enum):
    """What a JSON value is, in the words of AWS's finding on the wrong one."""

    OBJECT = "Object"
    ARRAY = "Array"
    STRING = "String"
    NUMBER = "Number"
    BOOLEAN = "Boolean"
    NULL = "Null"


@dataclass(frozen=True, slots=True)
class Node:
    """A value, the offsets of its first character and of the one after its last."""

    kind: Kind
    start: int
    end: int
    text: str = ""
    """A string's content, a number's spelling, ``true``, ``false`` or ``null``."""
    items: tuple[Node, ...] = ()
    members: tuple[tuple[Node, Node], ...] = ()
    """An object's names (as nodes of their own) and values, in order."""


class JsonFault(Exception):
    """The text is no JSON, or holds the same name twice in one object."""

    def __init__(self, offset: int) -> None:
        super().__init__(offset)
        self.offset = offset


@dataclass(slots=True)
class _Open:
    """A list or object that has not ended yet."""

    start: int
    is_object: bool
    items: list[Node] = field(default_factory=list)
    names: list[Node] = field(default_factory=list)
    seen: set[str] = field(default_factory=set)

    def node(self, end: int) -> Node:
        if self.is_object:
            pairs = tuple(zip(self.names, self.items, strict=True))
            return Node(Kind.OBJECT, self.start, end, members=pairs)
        return Node(Kind.ARRAY, self.start, end, items=tuple(self.items))


def read_tree(text: str) -> Node:
    """The tree of a JSON text. Raises JsonFault."""
    stack: list[_Open] = []
    place = _skip(text, 0)
    while True:
        found = _begin(text, place, stack)
        if found is None:  # a list or object was opened, and something stands in it
            place = _skip(text, stack[-1].start + 1)
            place = _name(text, place, stack[-1]) if stack[-1].is_object else place
            continue
        while stack:
            top = stack[-1]
            top.items.append(found)
            place = _skip(text, found.end)
            character = text[place : place + 1]
            if character == ",":
                place = _skip(text, place + 1)
                place = _name(text, place, top) if top.is_object else place
                break
            if character != ("}" if top.is_object else "]"):
                raise JsonFault(place)
            found = stack.pop().node(place + 1)
        else:
            end = _skip(text, found.end)
            if end != len(text):
                raise JsonFault(end)
            return found


def _begin(text: str, place: int, stack: list[_Open]) -> Node | None:
    """The scalar, or the empty list or object, at a place; None where one was opened that is not empty."""
    character = text[place : place + 1]
    if character in ("{", "[") and character:
        is_object = character == "{"
        opened = _Open(place, is_object)
        end = _skip(text, place + 1)
        if text[end : end + 1] == ("}" if is_object else "]"):
            return opened.node(end + 1)
        stack.append(opened)
        return None
    return _scalar(text, place, character)


def _scalar(text: str, place: int, character: str) -> Node:
    if character == '"':
        return _string(text, place)
    for word, kind in (("true", Kind.BOOLEAN), ("false", Kind.BOOLEAN), ("null", Kind.NULL)):
        if text.startswith(word, place):
            return Node(kind, place, place + len(word), word)
    number = _NUMBER.match(text, place)
    if number is None:
        raise JsonFault(place)
    return Node(Kind.NUMBER, place, number.end(), number[0])


def _string(text: str, place: int) -> Node:
    try:
        value, end = _DECODER.raw_decode(text, place)
        value.encode()
    except json.JSONDecodeError as error:
        raise JsonFault(max(place, min(error.pos, len(text)))) from None
    except UnicodeEncodeError:
        raise JsonFault(place) from None
    return Node(Kind.STRING, place, end, value)


def _name(text: str, place: int, top: _Open) -> int:
    """Take an object's next name; the place of its value."""
    if text[place : place + 1] != '"':
        raise JsonFault(place)
    name = _string(text, place)
    if name.text in top.seen:
        raise JsonFault(place)
    top.seen.add(name.text)
    top.names.append(name)
    colon = _skip(text, name.end)
    if text[colon : colon + 1] != ":":
        raise JsonFault(colon)
    return _skip(text, colon + 1)


def _skip(text: str, place: int) -> int:
    blanks = _BLANKS.match(text, place)
    return blanks.end() if blanks else place


def offsets_in(text: str, node: Node) -> Sequence[int]:
    """Where each character of a string's content stands in the text, and where it ends: escapes are longer than they mean."""
    begin, end = node.start + 1, node.end - 1
    if text.find("\\", begin, end) < 0:
        return range(begin, end + 1)
    offsets: list[int] = []
    place = begin
    while place < end:
        escape = _ESCAPE.match(text, place) if text[place] == "\\" else None
        offsets.append(place)
        place = escape.end() if escape else place + 1
    return [*offsets, end]
