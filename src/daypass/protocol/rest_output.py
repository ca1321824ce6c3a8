"""An operation's output as a REST answer: status, headers and a body that is XML, text or a stream (rest-xml)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from daypass.protocol.models import XmlNamespace, namespace_uri
from daypass.protocol.rest_headers import HEAD, Put, header_puts
from daypass.protocol.xml_output import escaped
from daypass.request import Response

if TYPE_CHECKING:
    from daypass.protocol.models import Member, Model, Operation, Shape
    from daypass.protocol.xml_output import XmlWriter
    from daypass.request import Headers

XML = b"application/xml"
DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'
_BODILESS = frozenset({204, 304})

Body = Callable[[Mapping[str, Any]], str]


@dataclass(frozen=True, slots=True)
class Bodies:
    """What the model does not say of XML bodies."""

    roots: Mapping[str, str] = field(default_factory=dict)
    """Output shape -> root element."""
    bare: frozenset[str] = frozenset()
    """Output shapes whose root is the value of their only member."""
    namespace: str = ""


class RestOutput:
    """The writer of one operation's output."""

    def __init__(
        self,
        model: Model,
        operation: Operation,
        writer: XmlWriter,
        encoding_writer: XmlWriter | None = None,
        *,
        bodies: Bodies | None = None,
    ) -> None:
        self._model = model
        self._writers = (writer, encoding_writer or writer)
        self._style = bodies or Bodies()
        self._status = operation.http.response_code
        self._status_name = "HTTPStatusCode"
        self._head = operation.http.method == "HEAD"
        self._puts: list[Put] = []
        self._bodies: tuple[Body, Body] | None = None
        self._payload: str | None = None
        self._is_text = False
        self.streaming = False
        if operation.output:
            self._compile(operation.output, model.shapes[operation.output.shape])

    def render(self, output: Mapping[str, Any], extra: Headers) -> Response:
        """The answer; ``extra`` headers come first. ``HTTPStatusCode`` in the output overrides the model's status."""
        headers = [*extra]
        for put in self._puts:
            put(output, headers)
        status = output.get(self._status_name, self._status)
        if self._head or status in _BODILESS:
            return Response(status, headers)
        if self._payload is not None and (self._is_text or self.streaming):
            return self._render_payload(status, headers, output.get(self._payload))
        if self._bodies is None or (self._payload is not None and output.get(self._payload) is None):
            return Response(status, headers)
        headers.append((b"content-type", XML))
        write = self._bodies[output.get("EncodingType") == "url"]
        return Response(status, headers, (DECLARATION + write(output)).encode())

    def _render_payload(self, status: int, headers: Headers, value: Any) -> Response:
        if isinstance(value, str):
            if not any(name == b"content-type" for name, _ in headers):
                headers.append((b"content-type", b"application/json" if value[:1] == "{" else b"text/plain"))
            value = value.encode()
        return Response(status, headers, b"" if value is None else value)

    def _compile(self, reference: Member, shape: Shape) -> None:
        self._payload = shape.payload
        self._puts = header_puts(self._model, shape, head=self._head)
        for name, use in shape.members.items():
            if use.location == "statusCode":
                self._status_name = name
        if shape.payload:
            self._compile_payload(shape.payload, shape.members[shape.payload])
        elif any(use.location not in HEAD for use in shape.members.values()):
            root = self._style.roots.get(reference.shape, shape.location_name or reference.shape)
            write = self._bare if reference.shape in self._style.bare else self._whole
            self._bodies = tuple_of(write(writer, root, shape) for writer in self._writers)

    def _compile_payload(self, name: str, use: Member) -> None:
        target = self._model.shapes[use.shape]
        self.streaming = use.streaming or target.eventstream
        self._is_text = target.type in ("string", "blob")
        if not (self.streaming or self._is_text):
            root = use.location_name or target.location_name or use.shape
            self._bodies = tuple_of(self._structure(writer, name, root, use) for writer in self._writers)

    def _whole(self, writer: XmlWriter, root: str, shape: Shape) -> Body:
        skip = frozenset(name for name, use in shape.members.items() if use.location in HEAD)
        content, begin = writer.content(shape, skip=skip), self._begin(root, shape.xml_namespace)
        return lambda output: f"{begin}>{content(output)}</{root}>"

    def _bare(self, _writer: XmlWriter, root: str, shape: Shape) -> Body:
        """GetBucketLocation's body: an element that is the value of its only member, empty for us-east-1."""
        (name,) = shape.members
        begin = self._begin(root, shape.xml_namespace)
        return lambda output: f"{begin}>{escaped(output.get(name) or '')}</{root}>"

    def _structure(self, writer: XmlWriter, name: str, root: str, use: Member) -> Body:
        shape = self._model.shapes[use.shape]
        if shape.type != "structure":
            element = writer.element(root, use)
            return lambda output: element(output[name])
        content, begin = writer.content(shape), self._begin(root, use.xml_namespace or shape.xml_namespace)
        return lambda output: f"{begin}>{content(output[name])}</{root}>"

    def _begin(self, root: str, namespace: XmlNamespace | str | None) -> str:
        uri = namespace_uri(namespace) or self._style.namespace
        prefix = f":{namespace.prefix}" if isinstance(namespace, XmlNamespace) and namespace.prefix else ""
        return f'<{root} xmlns{prefix}="{uri}"' if uri else f"<{root}"


def tuple_of(bodies: Any) -> tuple[Body, Body]:
    """The writers of a body: as it is, and under ``encoding-type=url``."""
    plain, encoding = bodies
    return plain, encoding
