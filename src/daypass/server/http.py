"""Requests of one connection: read, and answered by the short way or the long one.

- *The short way*: a request whose body is small is collected, handed to the application and answered straight from the
  parser's callbacks: no task, no ASGI messages, one write.
- *The long way*: what has a large, chunked or expected body, or comes while another request of its connection is still
  served, gets an exchange and goes through :mod:`daypass.server.asgi`. An answer that takes its time, or is not in
  memory, is sent by an exchange, too.

The parser calls ``on_header`` for the trailers of a chunked body, too. They are dropped here: they were not there when
the request was verified (threats: A18). A request that is not HTTP, or could be read in two ways, is answered 400
without a body, and the connection is closed (threats: H4, A12).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from daypass.request import Request, Response
from daypass.server.asgi import respond, scope_of
from daypass.server.connection import Connection, NotReadError, Stage
from daypass.server.exchange import Exchange
from daypass.server.heads import BadHead, announced_length, head_size, read_head, write_head

if TYPE_CHECKING:
    from collections.abc import Awaitable


class HttpProtocol(Connection):
    """The parser's side of a connection."""

    _body: bytes = b""
    _keep_alive = True
    _method = ""

    def on_message_begin(self) -> None:
        if self.deaf:
            raise NotReadError
        self.url = b""
        self.headers = []
        self.stage = Stage.HEAD
        self.seen = 0
        self.first = self.chunk
        self.patience.head(self.loop.time())

    def on_header(self, name: bytes, value: bytes) -> None:
        if self.stage is Stage.HEAD:
            self.headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        parser, limits, headers = self.parser, self.limits, self.headers
        if parser.should_upgrade():
            raise BadHead(400)
        if self.first + self.seen > limits.head and head_size(self.url, headers) > limits.head:
            raise BadHead(431)
        version = parser.get_http_version()
        method = parser.get_method()
        self.head = head = read_head(version, method, self.url, headers, limits)
        self._method = method.decode("ascii")
        self._keep_alive = version == "1.1" and parser.should_keep_alive()
        self.seen = self.received = 0
        if head.length or head.chunked:
            self.patience.body(self.loop.time())
        if self.busy() or head.chunked or head.expects or head.length > limits.small_body:
            self.stage = Stage.STREAM
            self._start_stream()
        else:
            self.stage = Stage.SMALL
            self._body = b""

    def on_body(self, body: bytes) -> None:
        self.seen = 0
        self.received += len(body)
        if self.stage is Stage.SMALL:
            self._body = self._body + body if self._body else body
        else:
            super().on_body(body)

    def on_message_complete(self) -> None:
        small = self.stage is Stage.SMALL
        self.stage = Stage.IDLE
        self.seen = 0
        self.patience.whole()
        if small:
            self._answer(self._body)
        else:
            super().on_message_complete()
            if not self.busy():
                self.patience.idle(self.loop.time())

    def _answer(self, body: bytes) -> None:
        """The short way."""
        head, method = self.head, self._method
        request = Request(method, head.path, head.query, self.headers, body, self.peer, self.listener)
        answer = self.front.answer(request)
        if self.front.stopping:
            self._keep_alive = False
        if isinstance(answer, Response) and isinstance(answer.body, bytes):
            self._write(answer, answer.body, method)
        else:
            exchange = Exchange(self, {"method": method}, expects=False, keep_alive=self._keep_alive)
            exchange.more_body = False
            self.cycle = exchange
            self._start_asgi_task(exchange, Answered(answer, method))

    def _write(self, response: Response, body: bytes, method: str) -> None:
        length = announced_length(response, method)
        head = write_head(response.status, response.headers, length, self.date(), close=not self._keep_alive)
        self.transport.write(head if method == "HEAD" else head + body)
        if self._keep_alive:
            self.patience.idle(self.loop.time())
        else:
            self.deaf = True
            self.transport.close()

    def _start_stream(self) -> None:
        """The long way: the application reads the body itself."""
        scope = scope_of(self.head, self._method, self.headers, self.client, self.scheme or "http")
        exchange = Exchange(self, scope, expects=self.head.expects, keep_alive=self._keep_alive)
        running = self.busy()
        self.cycle = exchange
        if running:
            self.flow.pause_reading()
            self.pipeline.appendleft((exchange, self.app))
        else:
            self._start_asgi_task(exchange, self.app)

    def on_response_complete(self) -> None:
        """Called when an exchange has ended: the next request of the connection, or rest."""
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            exchange, app = self.pipeline.pop()
            if self.front.stopping:
                exchange.keep_alive = False
            self._start_asgi_task(exchange, app)
        elif self.stage is Stage.IDLE:
            self.patience.idle(self.loop.time())

    def unwanted_body(self, exchange: Exchange) -> bool:
        """Whether more of a request's body is missing than is worth reading."""
        if exchange is not self.cycle:
            return False  # its body is complete: a later request has begun
        missing = self.head.length - self.received
        return exchange.waiting_for_100_continue or self.head.chunked or missing > self.limits.drain


class Answered:
    """An answer that is still being made, as the ASGI application of its exchange."""

    def __init__(self, answer: Response | Awaitable[Response], method: str) -> None:
        self._answer = answer
        self._method = method

    async def __call__(self, _scope: object, _receive: object, send: Any) -> None:
        """Send it."""
        await respond(self._answer, self._method, send)
