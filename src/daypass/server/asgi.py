"""The server as a plain ASGI application: a request value in, a response value out, nothing decided.

It runs under any ASGI server. Under our own (:mod:`daypass.server.http`) it serves what has a body to stream; small
requests are answered without it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from daypass.request import BodyTooLarge, Listener, Request, Response
from daypass.server.heads import announced_length

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from daypass.request import Answer, Headers
    from daypass.server.application import Application
    from daypass.server.heads import Head

    Message = dict[str, Any]
    Receive = Callable[[], Awaitable[Message]]
    Send = Callable[[Message], Awaitable[None]]

SMALL_BODY = 64 * 1024


class Asgi:
    """The ASGI callable of one worker."""

    def __init__(self, app: Application, answer: Callable[[Request], Answer] | None = None) -> None:
        self._app = app
        self._answer = answer or app.answer

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Serve one connection's scope."""
        match scope["type"]:
            case "http":
                await self._http(scope, receive, send)
            case "lifespan":
                await self._lifespan(receive, send)
            case kind:
                raise ValueError(f"no such scope here: {kind}")

    async def _http(self, scope: Message, receive: Receive, send: Send) -> None:
        request = Request(
            method=scope["method"],
            raw_path=scope["raw_path"],
            raw_query=scope["query_string"],
            headers=scope["headers"],
            body=b"",
            peer=plain_address(scope["client"][0] if scope["client"] else ""),
            listener=Listener(secure=scope["scheme"] == "https"),
        )
        stream = StreamedBody(receive, request)
        small = stream.length is not None and stream.length <= SMALL_BODY and request.header(b"expect") is None
        try:
            request.body = await stream.read(SMALL_BODY) if small else stream
        except ConnectionError:
            return  # gone before the request was whole: there is nobody to answer and nothing to record
        await respond(self._answer(request), request.method, send)

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        await receive()
        await self._app.start()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self._app.stop()
        await send({"type": "lifespan.shutdown.complete"})


class StreamedBody:
    """A request body that is read as it comes. ``length`` is what was declared, None for a chunked one."""

    def __init__(self, receive: Receive, request: Request) -> None:
        declared = request.header(b"content-length")
        self.length = int(declared) if declared is not None else None
        if self.length is None and request.header(b"transfer-encoding") is None:
            self.length = 0
        self._receive = receive
        self._more = self.length != 0

    async def pieces(self) -> AsyncIterator[bytes]:
        """The bytes as they come. Raises ConnectionError when the client goes away."""
        while self._more:
            message = await self._receive()
            if message["type"] != "http.request":
                raise ConnectionResetError("the client went away before its request was whole")
            self._more = message.get("more_body", False)
            if message["body"]:
                yield message["body"]

    async def read(self, limit: int) -> bytes:
        """The whole body. Raises BodyTooLarge when it is longer than ``limit`` bytes."""
        if self.length is not None and self.length > limit:
            raise BodyTooLarge
        parts = []
        size = 0
        async for piece in self.pieces():
            size += len(piece)
            if size > limit:
                raise BodyTooLarge
            parts.append(piece)
        return b"".join(parts)


async def respond(answer: Answer, method: str, send: Send) -> None:
    """Send an answer. A download is closed in every case, and left alone as soon as nobody takes it."""
    response = answer if isinstance(answer, Response) else await answer
    body = response.body
    headers = list(response.headers)
    length = announced_length(response, method)
    if length is not None:
        headers.append((b"content-length", b"%d" % length))
    start = {"type": "http.response.start", "status": response.status, "headers": headers}
    try:
        await send(start)
        if isinstance(body, bytes):
            await send({"type": "http.response.body", "body": b"" if method == "HEAD" else body})
            return
        if method != "HEAD":
            async for piece in body.pieces():
                await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b""})
    except ClientGoneError:
        return
    finally:
        if not isinstance(body, bytes):
            body.close()


class ClientGoneError(ConnectionError):
    """The client went away while it was answered. Raised by :mod:`daypass.server.exchange`."""


def scope_of(head: Head, method: str, headers: Headers, client: tuple[str, int] | None, scheme: str) -> Message:
    """The ASGI scope of one request."""
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": method,
        "scheme": scheme,
        "path": head.path.decode("ascii"),
        "raw_path": head.path,
        "query_string": head.query,
        "root_path": "",
        "headers": headers,
        "client": client,
    }


def plain_address(address: str) -> str:
    """An address as policies write it: IPv4 inside IPv6 (RFC 4291, 2.5.5.2) and zone ids are undone."""
    if address.startswith("::ffff:") and "." in address:
        return address[7:]
    return address.partition("%")[0]
