"""A service of the rest-json protocol on the wire: paths in, JSON both ways (Smithy: restJson1).

The error's name travels in ``x-amzn-ErrorType``, its text and further members in a JSON object. Access Analyzer is the
first service here; nothing in this module is about it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from daypass.errors import ApiError
from daypass.protocol.errors import ErrorTable
from daypass.protocol.json_values import Converters
from daypass.protocol.percent import NotText, pairs_of
from daypass.protocol.rest_headers import HEAD, header_puts, header_value
from daypass.protocol.rest_json_input import RestJsonInput
from daypass.protocol.rest_parts import RestRequest
from daypass.protocol.rest_paths import PathRoutes
from daypass.protocol.service import Labels, Route
from daypass.protocol.validation import Validator, Wording
from daypass.request import Request, Response

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from daypass.protocol.models import Model, Operation, Shape
    from daypass.protocol.rest_headers import Put
    from daypass.request import Headers

JSON = b"application/json"
_BODILESS = frozenset({204, 304})
_FIELD_FAULT = "fieldvalidationfailed"


class RestJsonService:
    """A service of the rest-json protocol."""

    body_first = True
    body_limit = 1_048_576
    too_large: ApiError | Response = Response(413, ())

    def __init__(self, name: str, model: Model) -> None:
        self.name = self.signing_name = name
        self.model = model
        self.errors = ErrorTable(name, model)
        self.operation_names = frozenset(model.operations)
        self.unsigned_operations = frozenset(
            operation for operation, data in model.operations.items() if data.authtype == "none"
        )
        self.routes = PathRoutes(model)
        self._validator = Validator(model, Wording(code="ValidationException"))
        self._reason = _field_fault(model)
        self._reading, self._writing = Converters(model, reading=True), Converters(model, reading=False)
        self._inputs: dict[str, RestJsonInput] = {}
        self._outputs: dict[str, RestJsonOutput] = {}

    def route(self, request: Request) -> Route:
        """Find the operation by method, path and the literals that its template has in the query."""
        try:
            query = _grouped(pairs_of(request.raw_query)) if request.raw_query else {}
            found = self.routes.find(request.method, request.raw_path, query)
        except NotText:
            return Route(self.name, None, refusal=ApiError("SerializationException", "The request is not valid UTF-8."))
        if found is None:
            return Route(self.name, None, refusal=ApiError("UnknownOperationException", None))
        operation, labels = found
        return Route(self.name, operation, Labels(labels, query))

    def parse(self, route: Route, request: Request, body: bytes) -> dict[str, Any]:
        """The arguments of a routed call."""
        operation, parts = route.operation or "", route.params
        reference = self.model.operations[operation].input
        if reference is None or not isinstance(parts, Labels):
            return {}
        reader = self._inputs.get(operation)
        if reader is None:
            reader = RestJsonInput(self.model, self.model.operations[operation], self._reading)
            self._inputs[operation] = reader
        literals = self.routes.literals_of(operation)
        query = {name: values for name, values in parts.query.items() if name not in literals}
        arguments = reader.read(RestRequest(parts.labels, query, _headers(request), body))
        try:
            self._validator.check(reference.shape, arguments)
        except ApiError as error:
            error.members |= self._reason
            raise
        return arguments

    def render(self, route: Route, output: Mapping[str, Any], request_id: str) -> Response:
        """An operation's output."""
        operation = route.operation or ""
        writer = self._outputs.get(operation)
        if writer is None:
            writer = RestJsonOutput(self.model, self.model.operations[operation], self._writing)
            self._outputs[operation] = writer
        return writer.render(output, _identity(request_id))

    def render_error(self, route: Route | None, error: ApiError, request_id: str, *, head: bool) -> Response:  # noqa: ARG002
        """A refusal: its code in a header, its text in ``message``, and what the model puts elsewhere there."""
        entry = self.errors.of(error)
        shape = self.model.shapes.get(entry.code)
        members = shape.members if shape is not None and shape.exception else {}
        headers = [*_identity(request_id), (b"x-amzn-errortype", entry.code.encode("ascii"))]
        headers += [(name.lower().encode("ascii"), header_value(value)) for name, value in error.headers.items()]
        document: dict[str, Any] = {}
        for name, value in error.members.items():
            use = members.get(name)
            if use is not None and use.location == "header":
                headers.append(((use.location_name or name).lower().encode("ascii"), header_value(str(value))))
            else:
                document[name] = value
        if entry.message is not None:
            document[next((name for name in members if name.lower() == "message"), "message")] = entry.message
        if head:
            return Response(entry.status, headers)
        return Response(entry.status, [*headers, (b"content-type", JSON)], msgspec.json.encode(document))


class RestJsonOutput:
    """The writer of one operation's output."""

    def __init__(self, model: Model, operation: Operation, converters: Converters) -> None:
        self._status = operation.http.response_code
        self._status_name = "HTTPStatusCode"
        self._head = operation.http.method == "HEAD"
        self._puts: list[Put] = []
        self._payload: str | None = None
        self._is_text = False
        self._write: Callable[[Any], Any] = lambda _output: {}
        if operation.output:
            self._compile(model, model.shapes[operation.output.shape], converters)

    def render(self, output: Mapping[str, Any], extra: Headers) -> Response:
        """The answer; ``extra`` headers come first."""
        headers = [*extra]
        for put in self._puts:
            put(output, headers)
        status = output.get(self._status_name, self._status)
        if self._head or status in _BODILESS:
            return Response(status, headers)
        value: Any = output if self._payload is None else output.get(self._payload)
        if self._is_text:
            kind = b"text/plain" if isinstance(value, str) else b"application/octet-stream"
            if not any(name == b"content-type" for name, _ in headers):
                headers.append((b"content-type", kind))
            return Response(status, headers, value.encode() if isinstance(value, str) else value or b"")
        headers.append((b"content-type", JSON))
        return Response(status, headers, b"" if value is None else msgspec.json.encode(self._write(value)))

    def _compile(self, model: Model, shape: Shape, converters: Converters) -> None:
        self._puts = header_puts(model, shape, head=self._head)
        self._status_name = next(
            (name for name, use in shape.members.items() if use.location == "statusCode"), self._status_name
        )
        if shape.payload:
            self._payload = shape.payload
            use = shape.members[shape.payload]
            self._is_text = model.shapes[use.shape].type in ("string", "blob")
            self._write = converters.of_use(use)
        else:
            self._write = converters.structure(
                {name: use for name, use in shape.members.items() if use.location not in HEAD}
            )


def _grouped(pairs: list[tuple[str, str]]) -> dict[str, list[str]]:
    grouped: dict[str, list[str]] = {}
    for name, value in pairs:
        grouped.setdefault(name, []).append(value)
    return grouped


def _headers(request: Request) -> dict[str, list[str]]:
    headers: dict[str, list[str]] = {}
    for name, value in request.headers:
        headers.setdefault(name.decode("latin-1"), []).append(value.decode("latin-1"))
    return headers


def _identity(request_id: str) -> Headers:
    return [(b"x-amzn-requestid", request_id.encode("ascii"))]


def _field_fault(model: Model) -> dict[str, str]:
    """What a model's ValidationException says of a constraint that is broken, where it must give a reason."""
    shape = model.shapes.get("ValidationException")
    use = shape.members.get("reason") if shape else None
    reasons = (model.shapes[use.shape].enum or []) if use else []
    found = [reason for reason in reasons if reason.replace("_", "").lower() == _FIELD_FAULT]
    return {"reason": found[0]} if found else {}
