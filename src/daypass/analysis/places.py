"""Where in a policy something stands, in the two forms of the API: a path through the JSON and a span of the text.

Source: IAM Access Analyzer API Reference, Location, PathElement, Span, Position; spans take in the quotes of a string, as
the AWS CLI's example of ``validate-policy`` shows. Lines count from 1, columns and offsets from 0, all in characters.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING

from daypass.analysis.json_tree import Kind, Node, offsets_in

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class Index:
    """A place in a list."""

    index: int


@dataclass(frozen=True, slots=True)
class Value:
    """The value of a name in an object."""

    value: str


@dataclass(frozen=True, slots=True)
class Key:
    """A name in an object, itself."""

    key: str


@dataclass(frozen=True, slots=True)
class Substring:
    """A part of a string."""

    start: int
    length: int


PathElement = Index | Value | Key | Substring


@dataclass(frozen=True, slots=True)
class Position:
    """A point in the text."""

    line: int
    column: int
    offset: int


@dataclass(frozen=True, slots=True)
class Location:
    """A path and its span; ``end`` is the position after the last character."""

    path: tuple[PathElement, ...]
    start: Position
    end: Position


@dataclass(frozen=True, slots=True)
class Spot:
    """A value of the tree, or a name in it, with the way to it."""

    node: Node
    path: tuple[PathElement, ...] = ()

    @property
    def kind(self) -> Kind:
        """What the value is."""
        return self.node.kind

    @property
    def text(self) -> str:
        """A string's content; a scalar's spelling."""
        return self.node.text

    def names(self) -> list[Spot]:
        """The names of an object."""
        return [Spot(name, (*self.path, Key(name.text))) for name, _ in self.node.members]

    def members(self) -> list[tuple[Spot, Spot]]:
        """Names and values of an object."""
        return [
            (Spot(name, (*self.path, Key(name.text))), Spot(value, (*self.path, Value(name.text))))
            for name, value in self.node.members
        ]

    def items(self) -> list[Spot]:
        """The values in a list; the one value where none is written, for AWS takes either."""
        if self.kind is not Kind.ARRAY:
            return [self]
        return [Spot(item, (*self.path, Index(index))) for index, item in enumerate(self.node.items)]


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a string."""

    spot: Spot
    start: int
    length: int


class Places:
    """Turns spots into locations of one text."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._last: tuple[Node, Sequence[int]] | None = None
        self._lines = [0, *(index + 1 for index, character in enumerate(text) if character == "\n")]

    def position(self, offset: int) -> Position:
        """The point at an offset."""
        line = bisect_right(self._lines, offset)
        return Position(line, offset - self._lines[line - 1], offset)

    def at(self, spot: Spot | Part) -> Location:
        """The location of a value, a name, or a part of a string."""
        if isinstance(spot, Part):
            node, path = spot.spot.node, (*spot.spot.path, Substring(spot.start, spot.length))
            offsets = self._offsets(node)
            start, end = offsets[spot.start], offsets[spot.start + spot.length]
        else:
            node, path = spot.node, spot.path
            start, end = node.start, node.end
        return Location(path, self.position(start), self.position(end))

    def _offsets(self, node: Node) -> Sequence[int]:
        if self._last is None or self._last[0] is not node:
            self._last = node, offsets_in(self._text, node)
        return self._last[1]

    def at_offset(self, offset: int) -> Location:
        """The location of a fault in the JSON itself: one character, or the end of the text."""
        return Location((), self.position(offset), self.position(min(offset + 1, len(self._text))))
