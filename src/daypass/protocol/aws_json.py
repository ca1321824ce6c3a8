"""AWS's JSON protocol 1.1 as CloudTrail speaks it: the operation in ``X-Amz-Target``, one object in, one object out.

Source: Smithy specification, awsJson1_1. What stands in the objects is :mod:`daypass.protocol.json_values`'s matter.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from daypass.errors import ApiError
from daypass.protocol.errors import ErrorTable
from daypass.protocol.json_values import Converters
from daypass.protocol.scalars import Malformed
from daypass.protocol.service import Route
from daypass.protocol.validation import Validator, Wording
from daypass.request import Request, Response

if TYPE_CHECKING:
    from collections.abc import Mapping

    from daypass.protocol.models import Model

_NOT_OURS = b"<UnknownOperationException/>\n"


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
        self._reader = Converters(model, reading=True)
        self._writer = Converters(model, reading=False)

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
