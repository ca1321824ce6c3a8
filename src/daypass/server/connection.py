"""A connection apart from what is asked on it: who is there, how far the message being read has come, how it ends.

uvicorn's own protocol (TLS, flow control, the queue of pipelined requests) with the limits it lacks. What is read and
answered is :mod:`daypass.server.http`'s.
"""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Any

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from daypass.request import Listener
from daypass.server.asgi import plain_address
from daypass.server.heads import BadHead, Head, write_head
from daypass.server.patience import Patience, Verdict

if TYPE_CHECKING:
    import asyncio

    from uvicorn.config import Config
    from uvicorn.server import ServerState

    from daypass.server.exchange import Exchange
    from daypass.server.front import Front


PARTING = 1.0
"""Seconds that a client has to say goodbye when the server stops."""


class Stage(enum.Enum):
    """How far the message that is being read has come."""

    IDLE = enum.auto()
    """None is."""
    HEAD = enum.auto()
    SMALL = enum.auto()
    """Its body is collected, to be answered the short way."""
    STREAM = enum.auto()
    """Its body goes to an exchange."""


class NotReadError(Exception):
    """The connection is being given up: what else has come over it is not read."""


class Connection(HttpToolsProtocol):
    """The transport's side of a connection."""

    def __init__(
        self,
        front: Front,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self.front = front
        self.limits = front.limits
        self.patience = Patience(front.limits, self.loop.time())
        self.peer = ""
        self.listener = Listener()
        self.stage = Stage.IDLE
        self.head: Head
        self.chunk = 0  # size of what is being fed to the parser
        self.first = 0  # size of the chunk in which the message began
        self.seen = 0  # bytes fed since then, or since the last piece of its body
        self.received = 0  # bytes of its body
        self.deaf = False  # given up: nothing is read any more

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.peer = plain_address(self.client[0] if self.client else "")
        self.listener = Listener(secure=self.scheme == "https")
        self.front.board.connections += 1

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self.front.board.connections -= 1

    def data_received(self, data: bytes) -> None:
        if self.deaf:
            return
        self.chunk = len(data)
        self.seen += self.chunk
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserCallbackError as error:
            self._callback_failed(error.__context__)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self.refuse(400)
        else:
            if self.seen > self.limits.head:
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
        if not self.busy():
            self.flow.resume_reading()

    def busy(self) -> bool:
        """Whether a request of this connection is served in an exchange."""
        exchange: Exchange | None = self.cycle  # type: ignore[assignment]
        return exchange is not None and not exchange.response_complete

    def date(self) -> bytes:
        """The date header's line."""
        return self.front.date_line(self.server_state.default_headers)

    def shutdown(self) -> None:
        """Stop gracefully: answer what is being read or served, then close."""
        self.front.stopping = True
        if self.deaf or self.stage not in {Stage.HEAD, Stage.SMALL}:
            super().shutdown()
            if self.transport.is_closing():  # over TLS it would wait half a minute for a client that says nothing
                self.loop.call_later(PARTING, self.transport.abort)

    def refuse(self, status: int) -> None:
        """Answer without a body and close; what came before is answered first."""
        self.front.board.refused += 1
        if self.busy():
            self._refuse_behind(status)
        elif self.stage is Stage.STREAM:
            self.linger()  # the rest of a body that was answered already
        else:
            self._last_words(status)

    def _refuse_behind(self, status: int) -> None:
        """Refuse while a request of this connection is served: the one in question, or one before it."""
        exchange = self.cycle
        if self.stage is not Stage.STREAM:
            exchange.keep_alive = False
        else:
            exchange.disconnected = True
            exchange.message_event.set()
            if not self.pipeline and not exchange.response_started:
                self._last_words(status)
                return
        self.deaf = True
        self.flow.pause_reading()

    def _last_words(self, status: int) -> None:
        self.transport.write(write_head(status, (), 0, self.date(), close=True))
        self.linger()

    def linger(self) -> None:
        """Close our side and let the client read: closing with unread bytes would take the answer from it."""
        self.deaf = True
        self.patience.linger(self.loop.time())
        self.flow.resume_reading()
        if self.transport.can_write_eof():
            self.transport.write_eof()
        else:
            self.transport.close()

    def check(self, now: float) -> None:
        """Called about once a second: cut off clients that are too slow."""
        streams = self.stage is Stage.STREAM
        verdict = self.patience.look(
            now,
            received=self.received,
            unsent=self.transport.get_write_buffer_size(),
            waits_for_us=streams and (self.flow.read_paused or self.cycle.waiting_for_100_continue),
        )
        match verdict:
            case Verdict.FINE:
                return
            case Verdict.STALLED:
                self.transport.abort()
            case Verdict.LATE if self.deaf:
                self.transport.abort()
            case Verdict.LATE if self.stage is Stage.IDLE:
                self.transport.close()
            case _:
                self.refuse(408)
