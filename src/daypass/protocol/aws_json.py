"""AWS's JSON protocol 1.1 as CloudTrail speaks it: the operation in ``X-Amz-Target``, one object in, one object out.

Source: Smithy specification, awsJson1_1. Times are numbers of seconds both ways, blobs base64; members without a value
are left out. An unknown member is ignored as AWS does; a known one of another type is SerializationException.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from daypass.errors import ApiError
from daypass.protocol.errors import ErrorTable
from daypass.protocol.scalars import Malformed, from_epoch, read_blob, read_time, to_epoch, write_blob
from daypass.protocol.service import Route
from daypass.protocol.validation import Validator, Wording
from daypass.request import Request, Response

if TYPE_CHECKING:
    from daypass.protocol.models import Model

Convert = Callable[[Any], Any]

_DEEPEST = 64
_NOT_OURS = b"<UnknownOperationException/>\n"
_RANGES = {"integer": 1 << 31, "long": 1 << 63}


class JsonService:
    """A service of the JSON protocol."""

    body_first = True
    body_limit = 1_048_576
    too_large: ApiError | Response = Response(413, ())

    def __init__(self, name: str, model: Model) -> None:
        self.name = self.signing_name = name
        self.model = model
        self.errors = ErrorTable(name, model)
        self.operation_names = frozenset(model.operations)
        self.unsigned_operations: frozenset[str] = frozenset()
        prefix = model.metadata.target_prefix
        self._prefixes = (f"{prefix}.", f"{prefix.rpartition('.')[2]}.")
        self._content_type = f"application/x-amz-json-{model.metadata.json_version}".encode("ascii")
        self._validator = Validator(model, Wording(code="ValidationException"))
        self._reader = _Converters(model, reading=True)
        self._writer = _Converters(model, reading=False)

    def route(self, request: Request) -> Route:
        """Find the operation by ``X-Amz-Target``, with the long prefix or the short one of older SDKs."""
        target = request.header(b"x-amz-target") or ""
        if request.raw_path not in (b"/", b"") or request.method != "POST" or not target:
            body = b"" if request.method == "HEAD" else _NOT_OURS
            return Route(self.name, None, refusal=Response(404, (), body))
        for prefix in self._prefixes:
            if target.startswith(prefix) and target[len(prefix) :] in self.operation_names:
                return Route(self.name, target[len(prefix) :])
        return Route(self.name, None, refusal=ApiError("UnknownOperationException", None))

    def parse(self, route: Route, request: Request, body: bytes) -> dict[str, Any]:  # noqa: ARG002 - the body is all
        """The arguments of a routed call."""
        reference = self.model.operations[route.operation or ""].input
        try:
            document = msgspec.json.decode(body) if body.strip() else {}
            if reference is None:
                return {}
            arguments: dict[str, Any] = self._reader.of(reference.shape)(document)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise ApiError("SerializationException", "The request body is not valid JSON.") from None
        except Malformed as error:
            raise ApiError("SerializationException", str(error) or None) from None
        self._validator.check(reference.shape, arguments)
        return arguments

    def render(self, route: Route, output: Mapping[str, Any], request_id: str) -> Response:
        """An operation's output."""
        reference = self.model.operations[route.operation or ""].output
        document = self._writer.of(reference.shape)(output) if reference else {}
        return self._response(output.get("HTTPStatusCode", 200), document, request_id)

    def render_error(self, route: Route | None, error: ApiError, request_id: str, *, head: bool) -> Response:  # noqa: ARG002
        """A refusal: its code in ``__type``."""
        entry = self.errors.of(error)
        document = {"__type": entry.code, **error.members}
        if entry.message is not None:
            document["message"] = entry.message
        response = self._response(entry.status, document, request_id, error)
        return Response(response.status, response.headers) if head else response

    def _response(self, status: int, document: Any, request_id: str, error: ApiError | None = None) -> Response:
        headers = [(b"x-amzn-requestid", request_id.encode("ascii")), (b"content-type", self._content_type)]
        if error is not None:
            headers += [
                (name.lower().encode("ascii"), value.encode("latin-1")) for name, value in error.headers.items()
            ]
        return Response(status, headers, msgspec.json.encode(document))


class _Converters:
    """Between a shape's values and what JSON holds, one way or the other."""

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

    def _later(self, name: str) -> Convert:
        """What a recursive shape meets in its own place while it is being compiled."""

        def convert(value: Any) -> Any:
            return self._compiled[name](value)

        return convert

    def _compile(self, name: str) -> Convert:
        shape = self._model.shapes[name]
        if shape.type == "structure":
            members = {
                use.location_name or member: (member, self.of(use.shape)) for member, use in shape.members.items()
            }
            return _read_structure(members) if self._reading else _write_structure(members)
        if shape.type == "list" and shape.member:
            element = self.of(shape.member.shape)
            return lambda value: [element(item) for item in _expect(value, list) if item is not None]
        if shape.type == "map" and shape.value:
            inner = self.of(shape.value.shape)
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


def _write_float(value: float) -> Any:
    return value if value - value == 0 else {"inf": "Infinity", "-inf": "-Infinity"}.get(str(value), "NaN")


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
