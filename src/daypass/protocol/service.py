"""What the pipeline sees of a protocol: a service, and the route of one request to one of its operations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from daypass.request import Response

if TYPE_CHECKING:
    from collections.abc import Mapping

    from daypass.errors import ApiError
    from daypass.protocol.errors import ErrorTable
    from daypass.protocol.models import Model
    from daypass.protocol.percent import Pairs
    from daypass.request import Request

Refusal = "ApiError | Response"


@dataclass(frozen=True, slots=True)
class Address:
    """Where an S3 request points: path labels decoded once, and everything that its query and ``x-amz-`` fields say."""

    bucket: str | None
    key: str | None
    query: Pairs
    virtual_host: bool = False


@dataclass(frozen=True, slots=True)
class Labels:
    """Where a rest-json request points: the labels of its path, decoded once, and its query with all values in order."""

    labels: Mapping[str, str]
    query: Mapping[str, list[str]]


@dataclass(frozen=True, slots=True)
class Route:
    """The operation that a request asks for. With a ``refusal`` there is none, and nothing further is looked at.

    ``params`` are a Query request's parameters in order, an S3 request's :class:`Address`, or a rest-json request's
    :class:`Labels`. With ``streaming_input``
    the body is not read: :meth:`Service.parse` hands it on under the operation's payload member. ``form`` is ``json``
    where a Query client asks for a JSON answer by its ``Accept`` header.
    """

    service: str
    operation: str | None
    params: Pairs | Address | Labels | None = None
    streaming_input: bool = False
    streaming_output: bool = False
    refusal: ApiError | Response | None = None
    form: str = "xml"


class Service(Protocol):
    """One service on the wire: how its requests are read and its answers written."""

    name: str
    signing_name: str
    body_first: bool
    """Whether the body is read before :meth:`route`, into ``request.body``: Query and JSON name the operation there,
    and rest-json has it hashed in the signature."""
    body_limit: int
    """Bytes of a body that is read whole."""
    model: Model
    errors: ErrorTable
    operation_names: frozenset[str]
    unsigned_operations: frozenset[str]
    """Operations that take no signature (``authtype: none``): AssumeRoleWithSAML, AssumeRoleWithWebIdentity."""

    @property
    def too_large(self) -> ApiError | Response:
        """The answer to a longer body."""
        ...

    def route(self, request: Request) -> Route:
        """Find the operation. Never raises: what cannot be routed carries its refusal."""
        ...

    def parse(self, route: Route, request: Request, body: bytes) -> dict[str, Any]:
        """The arguments in the model's member names, checked against the model. Raises ApiError."""
        ...

    def render(self, route: Route, output: Mapping[str, Any], request_id: str) -> Response:
        """An operation's output on the wire. ``HTTPStatusCode`` in the output overrides the model's status."""
        ...

    def render_error(self, route: Route | None, error: ApiError, request_id: str, *, head: bool) -> Response:
        """A refusal on the wire. KeyError: its code is none of this service's."""
        ...


def plain(status: int, *headers: tuple[bytes, bytes], body: bytes = b"") -> Response:
    """An answer that no model describes."""
    return Response(status, headers, body)
