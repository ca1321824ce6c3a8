"""Arguments out of a Query request's parameters: ``Tags.member.1.Key=a`` becomes ``{"Tags": [{"Key": "a"}]}``.

Compiled per operation from its input shape. The first of repeated parameters counts, names that the model does not know
are ignored (both as recorded from AWS), and a name that it does know is never ignored: ``RoleArn.x=`` or a list index
that is no number is MalformedInput.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from daypass.errors import ApiError
from daypass.protocol.scalars import READERS, Malformed

if TYPE_CHECKING:
    from daypass.protocol.models import Member, Model, Shape
    from daypass.protocol.percent import Pairs

Read = Callable[["Pairs"], Any]
"""From (rest of the name, value) pairs of one member to its value. The rest is empty for the member itself."""


class QueryInput:
    """Readers for the input shapes of one Query service."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._compiled: dict[str, Read] = {}

    def read(self, shape: str, parameters: Pairs) -> dict[str, Any]:
        """The arguments of a call whose input is ``shape``. Raises ApiError (MalformedInput)."""
        try:
            arguments: dict[str, Any] = self._reader(shape)(parameters)
        except Malformed as error:
            raise ApiError("MalformedInput", str(error) or None) from None
        return arguments

    def _reader(self, name: str) -> Read:
        if name not in self._compiled:
            self._compiled[name] = self._later(name)
            self._compiled[name] = self._compile(self._model.shapes[name])
        return self._compiled[name]

    def _later(self, name: str) -> Read:
        """What a recursive shape meets in its own place while it is being compiled."""

        def read(pairs: Pairs) -> Any:
            return self._compiled[name](pairs)

        return read

    def _compile(self, shape: Shape) -> Read:
        match shape.type:
            case "structure":
                return self._structure(shape)
            case "list":
                return self._list(shape, flattened=shape.flattened)
            case "map":
                return self._map(shape, flattened=shape.flattened)
        return _scalar(shape)

    def _structure(self, shape: Shape) -> Read:
        scalars, nested = {}, {}
        for name, member in shape.members.items():
            target = self._model.shapes[member.shape]
            if target.type in READERS:
                scalars[self._wire_name(name, member)] = (name, READERS[target.type])
            else:
                nested[self._wire_name(name, member)] = (name, self._member_reader(member))

        def read_structure(pairs: Pairs) -> dict[str, Any]:
            found: dict[str, Any] = {}
            groups: dict[str, Pairs] = {}
            for wire, value in pairs:
                if scalar := scalars.get(wire):
                    name, read = scalar
                    if name not in found:
                        found[name] = read(value)
                    continue
                head, _, rest = wire.partition(".")
                if head in nested:
                    groups.setdefault(head, []).append((rest, value))
                elif head in scalars or (value and not wire):
                    raise Malformed
            for head, group in groups.items():
                name, read_member = nested[head]
                found[name] = read_member(group)
            return found

        return read_structure

    def _member_reader(self, member: Member) -> Read:
        target = self._model.shapes[member.shape]
        if member.flattened and target.type == "list":
            return self._list(target, flattened=True)
        if member.flattened and target.type == "map":
            return self._map(target, flattened=True)
        return self._reader(member.shape)

    def _list(self, shape: Shape, *, flattened: bool) -> Read:
        assert shape.member is not None  # noqa: S101 - a list of the model has a member
        element = self._member_reader(shape.member)
        prefix = "" if flattened else (shape.member.location_name or "member") + "."

        def read_list(pairs: Pairs) -> list[Any]:
            return [element(group) for _, group in sorted(_by_index(pairs, prefix).items())]

        return read_list

    def _map(self, shape: Shape, *, flattened: bool) -> Read:
        assert shape.key is not None  # noqa: S101 - a map of the model has a key and a value
        assert shape.value is not None  # noqa: S101
        key_name, value_name = shape.key.location_name or "key", shape.value.location_name or "value"
        read_key, read_value = self._member_reader(shape.key), self._member_reader(shape.value)
        prefix = "" if flattened else "entry."

        def read_map(pairs: Pairs) -> dict[str, Any]:
            found: dict[str, Any] = {}
            for _, group in sorted(_by_index(pairs, prefix).items()):
                sides: dict[str, Pairs] = {}
                for rest, value in group:
                    head, _, tail = rest.partition(".")
                    sides.setdefault(head, []).append((tail, value))
                if sides.keys() != {key_name, value_name}:
                    raise Malformed
                found.setdefault(read_key(sides[key_name]), read_value(sides[value_name]))
            return found

        return read_map

    def _wire_name(self, name: str, member: Member) -> str:
        """A member's name on the wire. A flattened list may lend it the name of its own member."""
        target = self._model.shapes[member.shape]
        if target.type == "list" and (target.flattened or member.flattened) and target.member is not None:
            return target.member.location_name or member.location_name or name
        return member.location_name or name


def _scalar(shape: Shape) -> Read:
    read = READERS[shape.type]

    def read_scalar(pairs: Pairs) -> Any:
        if any(rest for rest, _ in pairs):
            raise Malformed
        return read(pairs[0][1])

    return read_scalar


def _by_index(pairs: Pairs, prefix: str) -> dict[int, Pairs]:
    """Group ``member.1.Key`` by its number. ``Tags=`` alone is how SDKs write an empty list."""
    groups: dict[int, Pairs] = {}
    for rest, value in pairs:
        if not rest and not value:
            continue
        if not rest.startswith(prefix):
            raise Malformed
        index, _, tail = rest[len(prefix) :].partition(".")
        if not (index.isascii() and index.isdigit() and len(index) <= 9):
            raise Malformed
        groups.setdefault(int(index), []).append((tail, value))
    return groups
