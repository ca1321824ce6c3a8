"""What crosses the border between the web server and the pipeline: one request, one response, as plain values."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, TypeAlias

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Sequence

Headers = list[tuple[bytes, bytes]]


class Body(Protocol):
    """A request body that has not been read yet.

    Asking for the first piece is what makes the server send ``100 Continue``: a request refused before that
    costs the client no upload.
    """

    def pieces(self) -> AsyncIterator[bytes]:
        """The bytes as they come, each piece non-empty. Raises ConnectionError when the client goes away."""
        ...

    async def read(self, limit: int) -> bytes:
        """The whole body. Raises BodyTooLarge when it is longer than ``limit`` bytes."""
        ...


class BodyTooLarge(Exception):
    """A body is longer than its reader takes."""


@dataclass(frozen=True, slots=True)
class Listener:
    """The door a request came through. Only the server says which one it was, never a header."""

    name: str = "public"
    secure: bool = False


@dataclass(slots=True)
class Request:
    """One HTTP request. Header names are lower-case; values, path and query are the bytes that were sent."""

    method: str
    raw_path: bytes
    raw_query: bytes
    headers: Headers
    body: bytes | Body
    peer: str
    listener: Listener = field(default_factory=Listener)

    def header(self, name: bytes) -> str | None:
        """The first value of a header (``name`` in lower case), or None."""
        for key, value in self.headers:
            if key == name:
                return value.decode("latin-1")
        return None


class Download(Protocol):
    """A response body that is not in memory. The server takes the pieces in order and closes it in every case."""

    length: int

    def pieces(self) -> AsyncIterator[bytes]:
        """The bytes, in pieces of a size that suits the wire."""
        ...

    def close(self) -> None:
        """Let go of files and connections. Safe to call twice."""
        ...


@dataclass(slots=True)
class Response:
    """One HTTP answer. The server adds ``date``, ``content-length`` and connection headers.

    A HEAD answer says its length in its headers and has an empty body.
    """

    status: int
    headers: Sequence[tuple[bytes, bytes]]
    body: bytes | Download = b""


Answer: TypeAlias = "Response | Awaitable[Response]"
