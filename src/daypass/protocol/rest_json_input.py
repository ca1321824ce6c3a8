"""Arguments out of a REST request with a JSON body: path labels, query, headers, body (Smithy: restJson1).

A value that is none of its type, or comes twice where one is meant, is SerializationException: two readers must never
take two different ones. What the model asks beyond types is :mod:`daypass.protocol.validation`'s matter.
"""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import msgspec

from daypass.errors import ApiError
from daypass.protocol.rest_parts import RestRequest, Take, prefixed, split_list, split_times
from daypass.protocol.scalars import READERS, Malformed

if TYPE_CHECKING:
    from daypass.protocol.json_values import Converters
    from daypass.protocol.models import Member, Model, Operation, Shape

FromValues = Callable[[list[str]], Any]

NO_JSON = "The request body is not valid JSON."


class RestJsonInput:
    """The reader of one operation's arguments."""

    def __init__(self, model: Model, operation: Operation, converters: Converters) -> None:
        self._model = model
        self._converters = converters
        self._takes: list[Take] = []
        self._query: dict[str, tuple[str, FromValues]] = {}
        if operation.input:
            self._compile(model.shapes[operation.input.shape])

    def read(self, request: RestRequest) -> dict[str, Any]:
        """The arguments. Raises ApiError."""
        found: dict[str, Any] = {}
        try:
            for take in self._takes:
                take(request, found)
            for wire, values in request.query.items():
                if argument := self._query.get(wire):
                    found[argument[0]] = argument[1](values)
        except Malformed as error:
            raise ApiError("SerializationException", str(error) or None) from None
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise ApiError("SerializationException", NO_JSON) from None
        return found

    def _compile(self, shape: Shape) -> None:
        for name, use in shape.members.items():
            wire = use.location_name or name
            match use.location:
                case "uri":
                    self._takes.append(_from_labels(name, wire, self._one(wire, use)))
                case "querystring":
                    self._compile_query(name, wire, use)
                case "header":
                    self._takes.append(_from_headers(name, wire.lower(), self._from_header(wire, use)))
                case "headers":
                    self._takes.append(prefixed(name, wire.lower()))
        if shape.payload:
            self._takes.append(self._payload(shape.payload, shape.members[shape.payload]))
        elif body := {name: use for name, use in shape.members.items() if use.location is None}:
            self._takes.append(_from_body(self._converters.structure(body)))

    def _compile_query(self, name: str, wire: str, use: Member) -> None:
        shape = self._model.shapes[use.shape]
        if shape.type == "map" and shape.value:
            many = self._model.shapes[shape.value.shape].type == "list"
            self._takes.append(_every_parameter(name, many=many))
        elif shape.type == "list" and shape.member:
            read = READERS[self._model.shapes[shape.member.shape].type]
            self._query[wire] = (name, lambda values: [read(value) for value in values])
        else:
            self._query[wire] = (name, self._one(wire, use))

    def _one(self, wire: str, use: Member) -> FromValues:
        read = READERS[self._model.shapes[use.shape].type]

        def one(values: list[str]) -> Any:
            if len(values) > 1:
                raise Malformed(f"{wire} must be given once.")
            return read(values[0])

        return one

    def _from_header(self, wire: str, use: Member) -> FromValues:
        shape = self._model.shapes[use.shape]
        if shape.type == "list" and shape.member:
            element = self._model.shapes[shape.member.shape].type
            read, split = READERS[element], split_times if element == "timestamp" else split_list
            return lambda values: [read(part) for part in split(",".join(values))]
        if use.jsonvalue:
            return lambda values: _json_value(values[0])
        return self._one(wire, use)

    def _payload(self, name: str, use: Member) -> Take:
        shape = self._model.shapes[use.shape]
        if shape.type in ("blob", "string"):
            return _from_text(name, text=shape.type == "string")
        convert = self._converters.of_use(use)

        def take(request: RestRequest, found: dict[str, Any]) -> None:
            if request.body.strip():
                found[name] = convert(msgspec.json.decode(request.body))

        return take


def _from_labels(name: str, wire: str, read: FromValues) -> Take:
    def take(request: RestRequest, found: dict[str, Any]) -> None:
        if wire in request.labels:
            found[name] = read([request.labels[wire]])

    return take


def _every_parameter(name: str, *, many: bool) -> Take:
    """A member that takes the whole query, also what other members name (Smithy: httpQueryParams)."""

    def take(request: RestRequest, found: dict[str, Any]) -> None:
        if request.query:
            found[name] = {key: [*values] if many else values[0] for key, values in request.query.items()}

    return take


def _from_headers(name: str, wire: str, read: FromValues) -> Take:
    def take(request: RestRequest, found: dict[str, Any]) -> None:
        if wire in request.headers:
            found[name] = read([*request.headers[wire]])

    return take


def _from_body(convert: Callable[[Any], dict[str, Any]]) -> Take:
    def take(request: RestRequest, found: dict[str, Any]) -> None:
        if request.body.strip():
            found.update(convert(msgspec.json.decode(request.body)))

    return take


def _from_text(name: str, *, text: bool) -> Take:
    def take(request: RestRequest, found: dict[str, Any]) -> None:
        if request.body:
            found[name] = request.body.decode() if text else request.body

    return take


def _json_value(text: str) -> Any:
    try:
        return json.loads(b64decode(text, validate=True))
    except (ValueError, RecursionError):
        raise Malformed from None
