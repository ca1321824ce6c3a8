"""Between a shape's values and what JSON holds, for all protocols with JSON bodies (Smithy: awsJson1_1, restJson1).

Times are numbers of seconds unless the model names another form; any of AWS's forms is read. Blobs are base64. Members
without a value are left out; an unknown member is ignored as AWS does; a known one of another type is
:class:`~daypass.protocol.scalars.Malformed`, with the text of AWS's SerializationException.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from daypass.protocol.scalars import (
    Malformed,
    from_epoch,
    read_blob,
    read_time,
    to_epoch,
    write_blob,
    write_http_date,
    write_iso8601,
    write_iso8601_milliseconds,
)

if TYPE_CHECKING:
    from daypass.protocol.models import Member, Model

Convert = Callable[[Any], Any]

_RANGES = {"integer": 1 << 31, "long": 1 << 63}


class Converters:
    """The converters of one model's shapes, one way or the other."""

    def __init__(self, model: Model, *, reading: bool) -> None:
        self._model = model
        self._scalars = _READERS if reading else _WRITERS
        self._reading = reading
        self._compiled: dict[str, Convert] = {}

    def of(self, name: str) -> Convert:
        """The converter of a shape, compiled where it is first used."""
        if name not in self._compiled:
            self._compiled[name] = self._later(name)
            self._compiled[name] = self._compile(name)
        return self._compiled[name]

    def of_use(self, use: Member) -> Convert:
        """The converter of one use of a shape: its traits may say how a time is written."""
        form = use.timestamp_format or self._model.shapes[use.shape].timestamp_format
        return self.of(use.shape) if self._reading or form is None else _TIME_WRITERS[form]

    def structure(self, members: Mapping[str, Member]) -> Convert:
        """The converter of a structure of these members: a body leaves out what stands in headers, query and path."""
        table = {use.location_name or name: (name, self.of_use(use)) for name, use in members.items()}
        return _read_structure(table) if self._reading else _write_structure(table)

    def _later(self, name: str) -> Convert:
        """What a recursive shape meets in its own place while it is being compiled."""

        def convert(value: Any) -> Any:
            return self._compiled[name](value)

        return convert

    def _compile(self, name: str) -> Convert:
        shape = self._model.shapes[name]
        if shape.document:
            return lambda value: value
        if shape.type == "structure":
            return self.structure(shape.members)
        if shape.type == "list" and shape.member:
            element = self.of_use(shape.member)
            return lambda value: [element(item) for item in _expect(value, list) if item is not None]
        if shape.type == "map" and shape.value:
            inner = self.of_use(shape.value)
            return lambda value: {key: inner(item) for key, item in _expect(value, dict).items() if item is not None}
        return self._scalars[shape.type]


def _read_structure(members: Mapping[str, tuple[str, Convert]]) -> Convert:
    def read(value: Any) -> dict[str, Any]:
        found = {}
        for wire, item in _expect(value, dict).items():
            known = members.get(wire)
            if known and item is not None:
                found[known[0]] = known[1](item)
        return found

    return read


def _write_structure(members: Mapping[str, tuple[str, Convert]]) -> Convert:
    def write(value: Mapping[str, Any]) -> dict[str, Any]:
        return {
            wire: convert(value[member]) for wire, (member, convert) in members.items() if value.get(member) is not None
        }

    return write


def _expect(value: Any, kind: type) -> Any:
    if not isinstance(value, kind):
        raise Malformed(f"{_NAMES.get(type(value), 'Value')} can not be converted to {_TARGETS[kind]}")
    return value


_NAMES: dict[type, str] = {
    str: "STRING_VALUE", int: "NUMBER_VALUE", float: "DECIMAL_VALUE", bool: "TRUE_VALUE", dict: "Object", list: "Array"
}  # fmt: skip
_TARGETS: dict[type, str] = {
    str: "a String",
    int: "an Integer",
    float: "a Double",
    bool: "a Boolean",
    dict: "an Object",
    list: "a List",
}


def _integer(kind: str) -> Convert:
    limit = _RANGES[kind]

    def read(value: Any) -> int:
        if isinstance(value, bool):
            raise Malformed("TRUE_VALUE can not be converted to an Integer")
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        number: int = _expect(value, int)
        if not -limit <= number < limit:
            raise Malformed("NUMBER_VALUE can not be converted to an Integer")
        return number

    return read


def _float(value: Any) -> float:
    if isinstance(value, str) and value in ("NaN", "Infinity", "-Infinity"):
        return float(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Malformed(f"{_NAMES.get(type(value), 'Value')} can not be converted to a Double")
    try:
        return float(value)
    except OverflowError:
        raise Malformed("NUMBER_VALUE can not be converted to a Double") from None


def _time(value: Any) -> Any:
    if isinstance(value, str):
        return read_time(value)
    return from_epoch(_float(value))


def _write_time(value: Any) -> float:
    seconds = to_epoch(value)
    return int(seconds) if seconds == int(seconds) else seconds


def _write_iso8601(value: Any) -> str:
    """A fraction only where there is one."""
    seconds = to_epoch(value)
    return write_iso8601(value) if seconds == int(seconds) else write_iso8601_milliseconds(value)


def _write_float(value: float) -> Any:
    return value if value - value == 0 else {"inf": "Infinity", "-inf": "-Infinity"}.get(str(value), "NaN")


_TIME_WRITERS: dict[str, Convert] = {
    "iso8601": _write_iso8601,
    "rfc822": write_http_date,
    "unixTimestamp": _write_time,
}
_READERS: dict[str, Convert] = {
    "string": lambda value: _expect(value, str),
    "boolean": lambda value: _expect(value, bool),
    "integer": _integer("integer"),
    "long": _integer("long"),
    "float": _float,
    "double": _float,
    "blob": lambda value: read_blob(_expect(value, str)),
    "timestamp": _time,
}
_WRITERS: dict[str, Convert] = {
    **dict.fromkeys(("string", "boolean", "integer", "long"), lambda value: value),
    **dict.fromkeys(("float", "double"), _write_float),
    "blob": write_blob,
    "timestamp": _write_time,
}
