"""S3 on the wire: addressing, headers and answers around the rest-xml protocol.

Bucket and key are decoded once from the bytes that were sent; ``//``, ``..`` and ``%2F`` are part of a key (s3.md 3 and
4.4, threats A13). ``x-amz-*`` fields that a presigned URL carries in its query count as headers, as on AWS.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from daypass.errors import ApiError
from daypass.protocol.errors import CORRECTIONS, ErrorTable, not_implemented
from daypass.protocol.hosts import bucket_of
from daypass.protocol.percent import NotText, key_text, pairs_of, path_text
from daypass.protocol.rest_headers import header_value
from daypass.protocol.rest_input import Dialect, RestInput
from daypass.protocol.rest_output import DECLARATION, XML, Bodies, RestOutput
from daypass.protocol.rest_parts import RestRequest
from daypass.protocol.s3_routes import S3Routes
from daypass.protocol.scalars import write_iso8601_milliseconds
from daypass.protocol.service import Address, Route
from daypass.protocol.xml_output import XmlStyle, XmlWriter, control_references, escaped
from daypass.request import Request, Response

if TYPE_CHECKING:
    from collections.abc import Mapping

    from daypass.protocol.models import Model
    from daypass.request import Headers

NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"
HOST_ID = "ZGF5cGFzcw=="  # x-amz-id-2 names the answering host on AWS; it is opaque to clients
_AUTHENTICATION = frozenset(
    {
        "x-amz-algorithm",
        "x-amz-credential",
        "x-amz-date",
        "x-amz-expires",
        "x-amz-signedheaders",
        "x-amz-signature",
        "x-amz-security-token",
    }
)


class S3Service:
    """Amazon S3."""

    body_first = False
    body_limit = 4 * 1024 * 1024  # 10,000 parts with every checksum fit in

    def __init__(self, name: str, model: Model, domains: tuple[str, ...] = ()) -> None:
        self.name = self.signing_name = name
        self.model = model
        self.errors = ErrorTable(name, model)
        self.operation_names = frozenset(model.operations)
        self.unsigned_operations: frozenset[str] = frozenset()
        self._domains = domains
        data = CORRECTIONS[name]
        self._routes = S3Routes(model, unroutable=data["unroutable"], choosing_headers=data["choosing_headers"])
        self._choosing = frozenset(name.encode("ascii") for name in data["choosing_headers"])
        self._bodies = Bodies(data["roots"], frozenset(data["bare"]), NAMESPACE)
        self._dialect = Dialect(data["arguments"], frozenset(data["open_enums"]))
        style = XmlStyle(time=write_iso8601_milliseconds, text=control_references)
        encoding = XmlStyle(
            time=write_iso8601_milliseconds,
            text=control_references,
            encoded=frozenset(data["encoded"]["members"]),
            encode=lambda text: escaped(key_text(text)),
        )
        self._writers = (XmlWriter(model, style), XmlWriter(model, encoding))
        self._inputs: dict[str, RestInput] = {}
        self._outputs: dict[str, RestOutput] = {}

    @property
    def too_large(self) -> ApiError | Response:
        """The answer to a longer body."""
        return ApiError("MaxMessageLengthExceeded", None, members={"MaxMessageLengthBytes": self.body_limit})

    def route(self, request: Request) -> Route:
        """Find the operation from the head of a request."""
        try:
            address = self._address(request)
        except NotText:
            uri = request.raw_path.decode("latin-1")
            return Route(self.name, None, refusal=ApiError("InvalidURI", None, members={"URI": uri}))
        if request.method == "OPTIONS":
            return Route(self.name, None, address, refusal=_preflight(request, address))
        if address.bucket == "":
            return Route(
                self.name, None, address, refusal=ApiError("InvalidBucketName", None, members={"BucketName": ""})
            )
        if _is_form_upload(request, address):
            return Route(self.name, None, address, refusal=not_implemented(self.name, "PostObject"))
        found = self._routes.find(request.method, address, self._chosen(request, address))
        if isinstance(found, ApiError):
            return Route(self.name, None, address, refusal=found)
        streaming_input = self._input(found).streaming is not None
        return Route(self.name, found, address, streaming_input, self._output(found).streaming)

    def _chosen(self, request: Request, address: Address) -> set[str]:
        """The headers that choose between operations and are there, presigned ones in the query included."""
        names = {name.decode("latin-1") for name, _ in request.headers if name in self._choosing}
        return names | {
            name.lower() for name, _ in address.query if name.lower().encode("utf-8", "replace") in self._choosing
        }

    def _address(self, request: Request) -> Address:
        query = pairs_of(request.raw_query) if request.raw_query else []
        bucket = bucket_of(request.header(b"host") or "", self._domains)
        raw = request.raw_path[1:] if request.raw_path[:1] == b"/" else request.raw_path
        if bucket is not None:
            return Address(bucket, _key(raw), query, virtual_host=True)
        head, _, rest = raw.partition(b"/")
        if not raw:
            return Address(None, None, query)
        return Address(path_text(head), _key(rest), query)

    def parse(self, route: Route, request: Request, body: bytes) -> dict[str, Any]:
        """The arguments of a routed call. A streaming payload is the request's own body, untouched."""
        address, operation = route.params, route.operation or ""
        if not isinstance(address, Address):
            raise TypeError("this route is none of S3")
        labels = {"Bucket": address.bucket or "", "Key": address.key or ""}
        query: dict[str, list[str]] = {}
        for name, value in address.query:
            query.setdefault(name, []).append(value)
        reader = self._input(operation)
        arguments = reader.read(RestRequest(labels, query, _headers(request, address), body))
        if reader.streaming is not None:
            arguments[reader.streaming] = request.body
        return arguments

    def render(self, route: Route, output: Mapping[str, Any], request_id: str) -> Response:
        """An operation's output."""
        return self._output(route.operation or "").render(output, _identity(request_id))

    def render_error(self, route: Route | None, error: ApiError, request_id: str, *, head: bool) -> Response:  # noqa: ARG002
        """A refusal. HEAD and 304 answers have no body; SDKs make their code from the status."""
        entry = self.errors.of(error)
        headers = _identity(request_id)
        headers += [(name.lower().encode("ascii"), header_value(value)) for name, value in error.headers.items()]
        if head or entry.status == 304:
            return Response(entry.status, headers)
        headers.append((b"content-type", XML))
        message = "" if entry.message is None else f"<Message>{escaped(entry.message)}</Message>"
        members = "".join(f"<{name}>{escaped(str(value))}</{name}>" for name, value in error.members.items())
        tail = f"<RequestId>{request_id}</RequestId><HostId>{HOST_ID}</HostId>"
        text = f"{DECLARATION}<Error><Code>{entry.code}</Code>{message}{members}{tail}</Error>"
        return Response(entry.status, headers, text.encode())

    def _input(self, operation: str) -> RestInput:
        found = self._inputs.get(operation)
        if found is None:
            found = self._inputs[operation] = RestInput(self.model, self.model.operations[operation], self._dialect)
        return found

    def _output(self, operation: str) -> RestOutput:
        found = self._outputs.get(operation)
        if found is None:
            found = self._outputs[operation] = RestOutput(
                self.model, self.model.operations[operation], *self._writers, bodies=self._bodies
            )
        return found


def _key(raw: bytes) -> str | None:
    key = path_text(raw)
    if "\0" in key:
        raise NotText
    return key or None


def _is_form_upload(request: Request, address: Address) -> bool:
    """Whether a browser uploads a form (POST Object), which no model describes."""
    kind = request.header(b"content-type") or ""
    return request.method == "POST" and address.key is None and kind.lower().startswith("multipart/form-data")


def _identity(request_id: str) -> Headers:
    return [(b"x-amz-request-id", request_id.encode("ascii")), (b"x-amz-id-2", HOST_ID.encode("ascii"))]


def _headers(request: Request, address: Address) -> dict[str, list[str]]:
    """Header values by name; user metadata may be UTF-8, everything else reads as it was sent."""
    headers: dict[str, list[str]] = {}
    for raw_name, raw in request.headers:
        try:
            value = raw.decode()
        except UnicodeDecodeError:
            value = raw.decode("latin-1")
        headers.setdefault(raw_name.decode("latin-1"), []).append(value)
    for name, value in address.query:
        lower = name.lower()
        if lower.startswith("x-amz-") and lower not in _AUTHENTICATION:
            headers.setdefault(lower, []).append(value)
    return headers


def _preflight(request: Request, address: Address) -> ApiError:
    """No bucket has a CORS configuration as long as PutBucketCors is not implemented, and this is AWS's answer then."""
    if request.header(b"origin") is None:
        return ApiError("BadRequest", "Insufficient information. Origin request header needed.")
    method = request.header(b"access-control-request-method") or ""
    kind = "OBJECT" if address.key else "BUCKET"
    text = "CORSResponse: CORS is not enabled for this bucket."
    return ApiError("AccessForbidden", text, members={"Method": method, "ResourceType": kind})
