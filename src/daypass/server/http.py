"""HTTP/1.1 on one connection: uvicorn's own protocol with the limits it lacks, and a short way for small requests.

- *Limits* (threats: H4, A12, K5): head size, header count, target length, time for a head, idle time, least pace of a
  body, clients that take no answer. A request that is not HTTP, or wants to be read in two ways, is answered 400
  without a body, and the connection is closed.
- *Short way*: a request whose body is small is collected, handed to the application and answered straight from the
  parser's callbacks: no task, no ASGI messages, one write. What has a large, chunked or expected body, or comes while
  another request of its connection is still served, goes the long way through :mod:`daypass.server.asgi`.

The parser calls ``on_header`` for the trailers of a chunked body, too. They are dropped here: they were not there when
the request was verified. An exception in a callback reaches us as a parser error; ours are told apart from the
client's, so that a bug never looks like a bad request.
"""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Any

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from daypass.request import Listener, Request, Response
from daypass.server.asgi import plain_address, respond
from daypass.server.exchange import Exchange
from daypass.server.heads import BadHead, Head, announced_length, head_size, read_head, write_head
from daypass.server.patience import Patience, Verdict

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Awaitable

    from uvicorn.config import Config
    from uvicorn.server import ServerState

    from daypass.server.front import Front


class Stage(enum.IntEnum):
    """How far the message that is being read has come."""

    IDLE = 0
    HEAD = 1
    SMALL = 2
    STREAM = 3


class NotReadError(Exception):
    """The connection is being given up: what else has come over it is not read."""


class HttpProtocol(HttpToolsProtocol):
    """One connection."""

    def __init__(
        self,
        front: Front,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._front = front
        self._limits = front.limits
        self._stage = Stage.IDLE
        self._head: Head
        self._body: list[bytes] = []
        self._chunk = 0  # size of what is being fed to the parser
        self._first = 0  # size of the chunk in which the message began
        self._seen = 0  # bytes since then, or since the last piece of its body
        self._received = 0  # bytes of its body
        self._patience = Patience(front.limits, self.loop.time())
        self._keep_alive = True
        self._deaf = False
        self.peer = ""
        self.listener = Listener()

    # From the transport

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.peer = plain_address(self.client[0] if self.client else "")
        self.listener = Listener(secure=self.scheme == "https")
        self._front.board.connections += 1

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._front.board.connections -= 1

    def data_received(self, data: bytes) -> None:
        if self._deaf:
            return
        self._chunk = len(data)
        self._seen += self._chunk
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserCallbackError as error:
            self._callback_failed(error.__context__)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self.refuse(400)
        else:
            if self._seen > self._limits.head:
                self.refuse(431)
            elif self.flow.write_paused:
                self.flow.pause_reading()  # a client that asks and does not listen waits

    def _callback_failed(self, cause: BaseException | None) -> None:
        match cause:
            case BadHead():
                self.refuse(cause.status)
            case NotReadError():
                return
            case Exception():
                self.logger.error("a request failed in the server", exc_info=cause)
                self.refuse(500)
            case BaseException():
                raise cause
            case None:
                self.refuse(400)

    def resume_writing(self) -> None:
        super().resume_writing()
        if not self._busy():
            self.flow.resume_reading()

    def shutdown(self) -> None:
        """Stop gracefully: answer what is being read or served, then close."""
        self._front.stopping = True
        if self._deaf or self._stage not in {Stage.HEAD, Stage.SMALL}:
            super().shutdown()

    # From the parser

    def on_message_begin(self) -> None:
        if self._deaf:
            raise NotReadError
        self.url = b""
        self.headers = []
        self._stage = Stage.HEAD
        self._seen = 0
        self._first = self._chunk
        self._patience.head(self.loop.time())

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._stage is Stage.HEAD:
            self.headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        parser, limits, headers = self.parser, self._limits, self.headers
        if parser.should_upgrade():
            raise BadHead(400)
        if self._first + self._seen > limits.head and head_size(self.url, headers) > limits.head:
            raise BadHead(431)
        version = parser.get_http_version()
        self._head = head = read_head(version, parser.get_method(), self.url, headers, limits)
        self._keep_alive = version == "1.1" and parser.should_keep_alive()
        self._seen = self._received = 0
        if head.length or head.chunked:
            self._patience.body(self.loop.time())
        if self._busy() or head.chunked or head.expects or head.length > limits.small_body:
            self._stage = Stage.STREAM
            self._start_stream()
        else:
            self._stage = Stage.SMALL

    def on_body(self, body: bytes) -> None:
        self._seen = 0
        self._received += len(body)
        if self._stage is Stage.SMALL:
            self._body.append(body)
        else:
            super().on_body(body)

    def on_message_complete(self) -> None:
        small = self._stage is Stage.SMALL
        self._stage = Stage.IDLE
        self._patience.whole()
        self._seen = 0
        if small:
            body = b"".join(self._body)
            self._body.clear()
            self._answer(body)
        else:
            super().on_message_complete()
            if not self._busy():
                self._idle()

    # Answering

    def _answer(self, body: bytes) -> None:
        """The short way."""
        head = self._head
        method = self.parser.get_method().decode("ascii")
        request = Request(method, head.path, head.query, self.headers, body, self.peer, self.listener)
        answer = self._front.answer(request)
        if self._front.stopping:
            self._keep_alive = False
        if isinstance(answer, Response) and isinstance(answer.body, bytes):
            self._write(answer, method)
        else:
            exchange = Exchange(self, {"method": method}, expects=False, keep_alive=self._keep_alive)
            exchange.more_body = False
            self.cycle = exchange
            self._start_asgi_task(exchange, Answered(answer, method))

    def _write(self, response: Response, method: str) -> None:
        length = announced_length(response, method)
        head = write_head(response.status, response.headers, length, self.date(), close=not self._keep_alive)
        self.transport.write(head if method == "HEAD" else head + response.body)  # type: ignore[operator]
        if self._keep_alive:
            self._idle()
        else:
            self._deaf = True
            self.transport.close()

    def _start_stream(self) -> None:
        """The long way: the application reads the body itself."""
        head = self._head
        scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.4"},
            "http_version": "1.1",
            "method": self.parser.get_method().decode("ascii"),
            "scheme": self.scheme,
            "path": head.path.decode("ascii"),
            "raw_path": head.path,
            "query_string": head.query,
            "root_path": "",
            "headers": self.headers,
            "client": self.client,
            "server": self.server,
        }
        exchange = Exchange(self, scope, expects=head.expects, keep_alive=self._keep_alive)
        running = self._busy()
        self.cycle = exchange
        if running:
            self.flow.pause_reading()
            self.pipeline.appendleft((exchange, self.app))
        else:
            self._start_asgi_task(exchange, self.app)

    def on_response_complete(self) -> None:
        """Called when the long way has ended: the next request of the connection, or rest."""
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            exchange, app = self.pipeline.pop()
            if self._front.stopping:
                exchange.keep_alive = False
            self._start_asgi_task(exchange, app)
        elif self._stage is Stage.IDLE:
            self._idle()

    def _busy(self) -> bool:
        exchange: Exchange | None = self.cycle  # type: ignore[assignment]
        return exchange is not None and not exchange.response_complete

    def _idle(self) -> None:
        self._patience.idle(self.loop.time())

    def date(self) -> bytes:
        """The date header's line."""
        return self._front.date_line(self.server_state.default_headers)

    # Giving up

    def unwanted_body(self, exchange: Exchange) -> bool:
        """Whether more of a request's body is missing than is worth reading."""
        if exchange is not self.cycle:
            return False  # its body is complete: a later request has begun
        missing = self._head.length - self._received
        return exchange.waiting_for_100_continue or self._head.chunked or missing > self._limits.drain

    def refuse(self, status: int) -> None:
        """Answer without a body and close; what came before is answered first."""
        self._front.board.refused += 1
        if self._busy():
            self._refuse_behind(status)
        elif self._stage is Stage.STREAM:
            self.linger()  # the rest of a body that was answered already
        else:
            self._last_words(status)

    def _refuse_behind(self, status: int) -> None:
        """Refuse while a request of this connection is served: the one in question, or one before it."""
        exchange = self.cycle
        if self._stage is not Stage.STREAM:
            exchange.keep_alive = False
        else:
            exchange.disconnected = True
            exchange.message_event.set()
            if not self.pipeline and not exchange.response_started:
                self._last_words(status)
                return
        self._deaf = True
        self.flow.pause_reading()

    def _last_words(self, status: int) -> None:
        self.transport.write(write_head(status, (), 0, self.date(), close=True))
        self.linger()

    def linger(self) -> None:
        """Close our side and let the client read: closing with unread bytes would take the answer from it."""
        self._deaf = True
        self._patience.linger(self.loop.time())
        self.flow.resume_reading()
        if self.transport.can_write_eof():
            self.transport.write_eof()
        else:
            self.transport.close()

    def check(self, now: float) -> None:
        """Called about once a second: cut off clients that are too slow."""
        streams = self._stage is Stage.STREAM
        verdict = self._patience.look(
            now,
            received=self._received,
            unsent=self.transport.get_write_buffer_size(),
            waits_for_us=streams and (self.flow.read_paused or self.cycle.waiting_for_100_continue),
        )
        match verdict:
            case Verdict.FINE:
                return
            case Verdict.STALLED:
                self.transport.abort()
            case Verdict.LATE if self._deaf:
                self.transport.abort()
            case Verdict.LATE if self._stage is Stage.IDLE:
                self.transport.close()
            case _:
                self.refuse(408)


class Answered:
    """An answer that is still being made, as the ASGI application of its exchange."""

    def __init__(self, answer: Response | Awaitable[Response], method: str) -> None:
        self._answer = answer
        self._method = method

    async def __call__(self, _scope: object, _receive: object, send: Any) -> None:
        """Send it."""
        await respond(self._answer, self._method, send)
