"""One request and its answer where they take more than one turn of the event loop.

uvicorn's own request-response cycle, with three differences: the head leaves with the first piece of the body, in one
write (an answer in two pieces costs 40 ms at one connection: hotpath.md, "Traps seen"); whoever sends to a client that
has gone is told so; and a body that nobody wanted ends the connection unless little of it is missing.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from daypass.server.asgi import ClientGoneError
from daypass.server.heads import write_head

if TYPE_CHECKING:
    from daypass.server.http import HttpProtocol


class Exchange(RequestResponseCycle):
    """The way back for one request."""

    def __init__(self, door: HttpProtocol, scope: dict[str, Any], *, expects: bool, keep_alive: bool) -> None:
        super().__init__(
            scope=scope,  # type: ignore[arg-type]
            transport=door.transport,
            flow=door.flow,
            logger=door.logger,
            access_logger=door.access_logger,
            access_log=False,
            default_headers=[],
            message_event=asyncio.Event(),
            expect_100_continue=expects,
            keep_alive=keep_alive,
            on_response=door.on_response_complete,
        )
        self._door = door
        self._head = b""

    async def run_asgi(self, app: Any) -> None:
        """Run the application; a connection on which it could not answer is of no use any more."""
        await super().run_asgi(app)
        if not self.response_complete:
            self.transport.close()

    async def send(self, message: Any) -> None:
        """Take one ASGI message. Raises ClientGoneError when there is nobody to send to."""
        if self.flow.write_paused and not self.disconnected:
            await self.flow.drain()
        if self.disconnected:
            raise ClientGoneError
        if message["type"] == "http.response.start":
            self._start(message["status"], message["headers"])
        else:
            self._continue(message["body"], message.get("more_body", False))

    def _start(self, status: int, headers: list[tuple[bytes, bytes]]) -> None:
        if self.response_started:
            raise RuntimeError("an answer is started twice")
        if self.more_body and self._door.unwanted_body(self):
            self.keep_alive = False
        self._head = write_head(status, headers, None, self._door.date(), close=not self.keep_alive)
        self.expected_content_length = next((int(v) for n, v in headers if n == b"content-length"), 0)
        if self.scope["method"] == "HEAD":
            self.expected_content_length = 0
        if self.waiting_for_100_continue and status < 300:
            # a success without it is legal, and botocore takes the next answer for the one it still waits for
            self._head = b"HTTP/1.1 100 Continue\r\n\r\n" + self._head
        self.response_started = True
        self.waiting_for_100_continue = False

    def _continue(self, body: bytes, more_body: bool) -> None:
        self.expected_content_length -= len(body)
        if self.expected_content_length < 0 or (self.expected_content_length and not more_body):
            raise RuntimeError("an answer is not as long as it says")
        if self._head or body:
            self.transport.write(self._head + body if self._head else body)
            self._head = b""
        if not more_body:
            self._finish()

    def _finish(self) -> None:
        self.response_complete = True
        self.message_event.set()
        if self.keep_alive:
            self.on_response()
        elif self.more_body:
            self._door.linger()
        else:
            self.transport.close()
            self.on_response()

    async def send_500_response(self) -> None:
        """Answer for a bug of ours: what happened is in the log, the client learns nothing of it."""
        if not self.disconnected:
            self.keep_alive = False
            await self.send({"type": "http.response.start", "status": 500, "headers": [(b"content-length", b"0")]})
            await self.send({"type": "http.response.body", "body": b""})
