"""The Query protocol as STS and IAM speak it: form parameters in, XML out.

Dispatch follows what was recorded from STS (``Action`` and ``Version`` before any authentication; 302 without an
action; the AWSFault namespace). Source: AWS STS and IAM API References, "Making Query Requests", and the Smithy
specification's awsQuery.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from daypass.errors import ApiError
from daypass.protocol.errors import CORRECTIONS, ErrorTable
from daypass.protocol.models import namespace_uri
from daypass.protocol.percent import NotText, Pairs, is_broken, pairs_of
from daypass.protocol.query_input import QueryInput
from daypass.protocol.query_json import QueryJson
from daypass.protocol.service import Route, plain
from daypass.protocol.validation import Validator, Wording
from daypass.protocol.xml_output import XmlStyle, XmlWriter, escaped
from daypass.request import Request, Response

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from daypass.protocol.models import Model
    from daypass.protocol.scalars import Writer

FORM = "application/x-www-form-urlencoded"
_NOT_OURS = b"<UnknownOperationException/>\n"
_PREFLIGHT = (
    (b"access-control-allow-origin", b"*"),
    (b"access-control-allow-headers", b"*"),
    (b"access-control-allow-methods", b"GET, POST"),
    (b"access-control-max-age", b"172800"),
)


class QueryService:
    """A service of the Query protocol."""

    body_first = True
    body_limit = 10_000_000  # recorded: exactly this many bytes work, decimal
    too_large: ApiError | Response = plain(413)

    def __init__(self, name: str, model: Model) -> None:
        self.name = self.signing_name = name
        self.model = model
        self.errors = ErrorTable(name, model)
        self.operation_names = frozenset(model.operations)
        self.unsigned_operations = frozenset(
            operation for operation, data in model.operations.items() if data.authtype == "none"
        )
        self._version = model.metadata.api_version
        self._namespace = namespace_uri(model.metadata.xml_namespace)
        self._input = QueryInput(model)
        self._validator = Validator(model, _wording(name))
        self._writer = XmlWriter(model, XmlStyle(indented=True))
        self._renders: dict[str, Writer] = {}
        self._json = QueryJson(model)

    def route(self, request: Request) -> Route:
        """Find the operation by ``Action`` and ``Version``."""
        if is_broken(request.raw_path):
            return self._refused(plain(400))
        if request.method == "OPTIONS" and _is_preflight(request):
            return self._refused(plain(200, *_PREFLIGHT))
        form = "json" if _wants_json(request) else "xml"
        try:
            parameters = _parameters(request)
        except NotText:
            return self._refused(ApiError("MalformedInput", None), form=form)
        first: dict[str, str] = {}
        for name, value in parameters:
            first.setdefault(name, value)
        action = first.get("Action")
        if action is None or request.method not in ("GET", "POST"):
            return self._refused(_without_action(request))
        version = first.get("Version", "NO_VERSION_SPECIFIED")
        if action not in self.operation_names or version != self._version:
            text = f"Could not find operation {action} for version {version}"
            return self._refused(ApiError("InvalidAction", text), parameters, form)
        return Route(self.name, action, parameters, form=form)

    def _refused(self, refusal: ApiError | Response, parameters: Pairs | None = None, form: str = "xml") -> Route:
        return Route(self.name, None, parameters, refusal=refusal, form=form)

    def parse(self, route: Route, request: Request, body: bytes) -> dict[str, Any]:  # noqa: ARG002 - route() read both
        """The arguments of a routed call."""
        reference = self.model.operations[route.operation or ""].input
        if reference is None or not isinstance(route.params, list):
            return {}
        arguments = self._input.read(reference.shape, route.params)
        self._validator.check(reference.shape, arguments)
        return arguments

    def render(self, route: Route, output: Mapping[str, Any], request_id: str) -> Response:
        """An operation's output: ``<XResponse><XResult>...</XResult><ResponseMetadata>...``."""
        operation = route.operation or ""
        if route.form == "json":
            body = self._json.render(operation, output, request_id)
            return self._response(output.get("HTTPStatusCode", 200), body, request_id, b"application/json")
        write = self._renders.get(operation)
        if write is None:
            write = self._renders[operation] = self._compile(operation)
        text = (
            f"{write(output)}  <ResponseMetadata>\n    <RequestId>{request_id}</RequestId>\n"
            f"  </ResponseMetadata>\n</{operation}Response>\n"
        )
        return self._response(output.get("HTTPStatusCode", 200), text, request_id, b"text/xml")

    def _compile(self, operation: str) -> Callable[[Mapping[str, Any]], str]:
        head = f'<{operation}Response xmlns="{self._namespace}">\n'
        reference = self.model.operations[operation].output
        if reference is None:
            return lambda _output: head
        content = self._writer.content(self.model.shapes[reference.shape], depth=2)
        wrapper = reference.result_wrapper or f"{operation}Result"
        return lambda output: f"{head}  <{wrapper}>\n{content(output)}  </{wrapper}>\n"

    def render_error(self, route: Route | None, error: ApiError, request_id: str, *, head: bool) -> Response:
        """A refusal. ``Message`` is left out when there is none (recorded for MalformedInput)."""
        entry = self.errors.of(error)
        if route is not None and route.form == "json":
            fields = {"Code": entry.code, "Message": entry.message, "Type": entry.fault}
            body = self._json.error(fields, request_id)
            return self._response(entry.status, "" if head else body, request_id, b"application/json", error)
        message = "" if entry.message is None else f"    <Message>{escaped(entry.message)}</Message>\n"
        members = "".join(f"    <{name}>{escaped(str(value))}</{name}>\n" for name, value in error.members.items())
        text = (
            f'<ErrorResponse xmlns="{entry.namespace or self._namespace}">\n  <Error>\n    <Type>{entry.fault}</Type>\n'
            f"    <Code>{entry.code}</Code>\n{message}{members}  </Error>\n"
            f"  <RequestId>{request_id}</RequestId>\n</ErrorResponse>\n"
        )
        return self._response(entry.status, "" if head else text, request_id, b"text/xml", error)

    def _response(
        self, status: int, text: str, request_id: str, content_type: bytes, error: ApiError | None = None
    ) -> Response:
        headers = [(b"x-amzn-requestid", request_id.encode("ascii")), (b"content-type", content_type)]
        if error is not None:
            headers += [
                (name.lower().encode("ascii"), value.encode("latin-1")) for name, value in error.headers.items()
            ]
        return Response(status, headers, text.encode())


def _wording(service: str) -> Wording:
    """STS echoes the value that it refuses; IAM does not, and has sentences of its own."""
    sentences = CORRECTIONS.get(service, {}).get("sentences")
    if sentences is None:
        return Wording()
    return Wording(echo=False, sentences={(pattern, *(member or [None])): text for pattern, text, *member in sentences})


def _parameters(request: Request) -> Pairs:
    """The query's parameters, then the form's. A body that calls itself no form is none (recorded: treated as no Action)."""
    parameters = pairs_of(request.raw_query) if request.raw_query else []
    if isinstance(request.body, bytes) and request.body and request.method == "POST":
        kind = (request.header(b"content-type") or "").partition(";")[0].strip().lower()
        if kind == FORM:
            parameters += pairs_of(request.body)
    return parameters


def _without_action(request: Request) -> Response:
    """The way out for a request that names no operation."""
    if request.raw_path not in (b"/", b""):
        return Response(404, [], b"" if request.method == "HEAD" else _NOT_OURS)
    location = b"https://aws.amazon.com/iam"
    if request.method == "GET" and request.raw_query:
        location += b"?" + request.raw_query
    return Response(302, [(b"location", location)])


def _is_preflight(request: Request) -> bool:
    return request.header(b"origin") is not None and request.header(b"access-control-request-method") is not None


def _wants_json(request: Request) -> bool:
    accept = request.header(b"accept")
    return accept is not None and "application/json" in accept
