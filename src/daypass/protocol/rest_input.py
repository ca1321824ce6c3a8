"""Arguments out of a REST request: path labels, query, headers and an XML, text or streaming body (rest-xml).

A value that is none of its type, breaks a limit of the model, or comes twice where one is meant is InvalidArgument with
the argument's name, in S3's words; ``corrections.toml`` holds those that differ. Text that would split a header is refused
here, so that ``response-*`` parameters cannot (threats H7).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from daypass.errors import ApiError
from daypass.protocol.models import namespace_uri
from daypass.protocol.rest_parts import RestRequest, Take, other_parameters, prefixed, split_list, split_times
from daypass.protocol.scalars import READERS, Malformed
from daypass.protocol.validation import java_pattern
from daypass.protocol.xml_input import Read, XmlInput, parse_xml

if TYPE_CHECKING:
    from daypass.protocol.models import Member, Model, Operation, Shape

S3_NAMESPACES = frozenset({"http://s3.amazonaws.com/doc/2006-03-01/", "http://doc.s3.amazonaws.com/2006-03-01/"})
_CONTROLS = dict.fromkeys([*range(0x20), 0x7F])
del _CONTROLS[0x09]


@dataclass(frozen=True, slots=True)
class Dialect:
    """What a service's data says beyond its model."""

    arguments: Mapping[str, Mapping[str, Any]]
    """Wire name -> name, message, code, min and max where they differ."""
    open_enums: frozenset[str] = frozenset()
    namespaces: frozenset[str] = S3_NAMESPACES


FromValues = Callable[[list[str]], Any]


class RestInput:
    """The reader of one operation's arguments."""

    def __init__(self, model: Model, operation: Operation, dialect: Dialect) -> None:
        self._model = model
        self._dialect = dialect
        self._xml = XmlInput(model, dialect.open_enums)
        self._takes: list[Take] = []
        self._headers: dict[str, tuple[str, FromValues]] = {}
        self._query: dict[str, tuple[str, FromValues]] = {}
        self._required_headers: list[str] = []
        self._required_query: list[str] = []
        self.streaming: str | None = None
        """The member that takes the body unread."""
        if operation.input:
            self._compile(operation.input, model.shapes[operation.input.shape])

    def read(self, request: RestRequest) -> dict[str, Any]:
        """The arguments. Raises ApiError."""
        found: dict[str, Any] = {}
        for wire in self._required_query:
            if wire not in request.query:
                raise _invalid(wire, "", f"Missing required query parameter: {wire}")
        for wire in self._required_headers:
            if wire not in request.headers:
                raise ApiError("InvalidRequest", f"Missing required header for this request: {wire}")
        for take in self._takes:
            take(request, found)
        for wire, values in request.query.items():
            if argument := self._query.get(wire):
                found[argument[0]] = argument[1](values)
        for wire, values in request.headers.items():
            if argument := self._headers.get(wire):
                found[argument[0]] = argument[1](values)
        return found

    def _compile(self, reference: Member, shape: Shape) -> None:
        for name, use in shape.members.items():
            wire = use.location_name or name
            match use.location:
                case "uri":
                    self._takes.append(self._label(name, wire, use))
                case "querystring":
                    self._compile_query(name, wire, use, required=name in shape.required)
                case "header":
                    self._headers[wire.lower()] = (name, self._header(wire, use))
                    self._required_headers += [wire.lower()] if name in shape.required else []
                case "headers":
                    self._takes.append(prefixed(name, wire.lower()))
        if shape.payload:
            self._payload(shape.payload, shape.members[shape.payload], required=shape.payload in shape.required)
        elif any(use.location is None for use in shape.members.values()):
            self._takes.append(self._whole_body(reference, shape))

    def _label(self, name: str, wire: str, use: Member) -> Take:
        read = self._scalar(wire, use, controls=True)

        def take(request: RestRequest, found: dict[str, Any]) -> None:
            if wire in request.labels:
                found[name] = read(request.labels[wire])

        return take

    def _compile_query(self, name: str, wire: str, use: Member, *, required: bool) -> None:
        shape = self._model.shapes[use.shape]
        if shape.type == "map":
            many = self._model.shapes[_value(shape).shape].type == "list"
            self._takes.append(other_parameters(name, self._query, many=many))
            return
        controls = not wire.startswith("response-")  # keys, prefixes and delimiters may be any text
        read = self._scalar(wire, _member(shape) if shape.type == "list" else use, controls=controls)
        one: FromValues = lambda values: read(_single(wire, values))  # noqa: E731 - one of two of a kind
        every: FromValues = lambda values: [read(value) for value in values]  # noqa: E731
        self._query[wire] = (name, every if shape.type == "list" else one)
        self._required_query += [wire] if required else []

    def _header(self, wire: str, use: Member) -> FromValues:
        shape = self._model.shapes[use.shape]
        if shape.type == "list":
            element = _member(shape)
            each = self._scalar(wire, element)
            split = split_times if self._model.shapes[element.shape].type == "timestamp" else split_list
            return lambda values: [each(part) for part in split(",".join(values))]
        read = self._scalar(wire, use)
        if wire.lower().startswith("x-amz-"):
            # One value: a verifier and a handler must never read two different ones.
            return lambda values: read(_single(wire, values))
        return lambda values: read(", ".join(values))

    def _scalar(self, wire: str, use: Member, *, controls: bool = False) -> Callable[[str], Any]:
        """Text to value with everything that the model and S3's own words ask of it; ``controls`` may be in it."""
        shape = self._model.shapes[use.shape]
        special = self._dialect.arguments.get(wire, {})
        read = READERS[shape.type]
        numeric = shape.type in ("integer", "long", "float", "double")
        least, most = special.get("min", shape.min), special.get("max", shape.max)
        enum = frozenset(shape.enum or ()) if use.shape not in self._dialect.open_enums else frozenset()
        pattern = java_pattern(shape.pattern) if shape.pattern else None

        def read_scalar(text: str) -> Any:
            if not controls and not text.isprintable() and text.translate(_CONTROLS) != text:
                raise _refusal(wire, text, special, shape)
            try:
                value = read(text)
            except Malformed:
                raise _refusal(wire, text, special, shape) from None
            size = value if numeric else len(text)
            outside = (most is not None and size > most) or (least is not None and size < least)
            if outside or (enum and value not in enum) or (pattern and not pattern.fullmatch(text)):
                raise _refusal(wire, text, special, shape)
            return value

        return read_scalar

    def _payload(self, name: str, use: Member, *, required: bool) -> None:
        shape = self._model.shapes[use.shape]
        if use.streaming:
            self.streaming = name
        elif shape.type in ("blob", "string"):
            self._takes.append(_text_payload(name, shape, required=required))
        else:
            self._takes.append(self._xml_payload(name, use, shape, required=required))

    def _xml_payload(self, name: str, use: Member, shape: Shape, *, required: bool) -> Take:
        read, namespaces = self._xml.reader(use), self._namespaces(shape)
        namespaces |= {namespace_uri(use.xml_namespace)} - {""}
        roots = {use.location_name or name, shape.location_name or use.shape}

        def take(request: RestRequest, found: dict[str, Any]) -> None:
            if request.body.strip():
                found[name] = _document(request.body, namespaces, roots, read)
            elif required:
                raise ApiError("MissingRequestBodyError", None)

        return take

    def _whole_body(self, reference: Member, shape: Shape) -> Take:
        read, namespaces = self._xml.reader(reference), self._namespaces(shape)
        roots = {reference.location_name or shape.location_name or reference.shape}
        required = any(shape.members[name].location is None for name in shape.required)

        def take(request: RestRequest, found: dict[str, Any]) -> None:
            if request.body.strip():
                found.update(_document(request.body, namespaces, roots, read))
            elif required:
                raise ApiError("MissingRequestBodyError", None)

        return take

    def _namespaces(self, shape: Shape) -> frozenset[str]:
        """Namespaces that the elements of a body may be in."""
        return self._dialect.namespaces | frozenset(_declared(self._model, shape, set()))


def _document(body: bytes, namespaces: frozenset[str], roots: set[str], read: Read) -> Any:
    try:
        return read([parse_xml(body, namespaces, roots)])
    except Malformed:
        raise ApiError("MalformedXML", None) from None


def _text_payload(name: str, shape: Shape, *, required: bool) -> Take:
    def take(request: RestRequest, found: dict[str, Any]) -> None:
        if request.body:
            try:
                found[name] = request.body if shape.type == "blob" else request.body.decode()
            except UnicodeDecodeError:
                raise ApiError("InvalidRequest", "The request body is not UTF-8.") from None
        elif required:
            raise ApiError("MissingRequestBodyError", None)

    return take


def _single(wire: str, values: list[str]) -> str:
    if len(values) > 1:
        raise _invalid(wire, values[1], f"The argument {wire} must be given once.")
    return values[0]


def _refusal(wire: str, text: str, special: Mapping[str, Any], shape: Shape) -> ApiError:
    if "code" in special:
        return ApiError(special["code"], None)
    general = f"Provided {wire} not an integer or within integer range" if shape.type in ("integer", "long") else None
    return _invalid(special.get("name", wire), text, special.get("message", general))


def _invalid(name: str, value: str, message: str | None) -> ApiError:
    return ApiError("InvalidArgument", message, members={"ArgumentName": name, "ArgumentValue": value})


def _member(shape: Shape) -> Member:
    assert shape.member is not None  # noqa: S101 - a list of the model has a member
    return shape.member


def _value(shape: Shape) -> Member:
    assert shape.value is not None  # noqa: S101 - a map of the model has a value
    return shape.value


def _declared(model: Model, shape: Shape, seen: set[str]) -> set[str]:
    """The namespaces that the model names at a shape and below; a prefixed one belongs to attributes."""
    uses = [*shape.members.values(), *(use for use in (shape.member, shape.key, shape.value) if use)]
    found = {namespace_uri(trait) for trait in (shape.xml_namespace, *(use.xml_namespace for use in uses)) if trait}
    for use in uses:
        if use.shape not in seen:
            seen.add(use.shape)
            found |= _declared(model, model.shapes[use.shape], seen)
    return found
