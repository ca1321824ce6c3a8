"""What the connections of one worker share: the application, the limits, the clock for slow clients, the figures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from daypass.server.asgi import Asgi
from daypass.server.health import Health
from daypass.server.http import HttpProtocol

if TYPE_CHECKING:
    import asyncio

    from uvicorn.config import Config as UvicornConfig
    from uvicorn.server import ServerState

    from daypass.request import Answer, Request
    from daypass.server.application import Application
    from daypass.server.board import Board
    from daypass.server.limits import Limits


class Front:
    """Made once for a worker; called by uvicorn for each connection."""

    def __init__(
        self, app: Application, board: Board, limits: Limits, *, metrics: bool = True, check_every: float = 1.0
    ) -> None:
        self._app = app
        self._health = Health(app, board, metrics=metrics)
        self._check_every = check_every
        self._dates: list[tuple[bytes, bytes]] = []
        self._date_line = b""
        self.asgi = Asgi(app, self.answer)
        self.board = board
        self.limits = limits
        self.stopping = False

    def __call__(
        self,
        config: UvicornConfig,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop,
    ) -> HttpProtocol:
        """A new connection's protocol."""
        return HttpProtocol(self, config, server_state, app_state, _loop)

    def answer(self, request: Request) -> Answer:
        """One request's answer."""
        self.board.requests += 1
        if request.raw_path in self._health.paths:
            response = self._health.answer(request)
            if response is not None:
                return response
        return self._app.answer(request)

    def date_line(self, dates: list[tuple[bytes, bytes]]) -> bytes:
        """The date header, from uvicorn's list that is replaced once a second."""
        if dates is not self._dates:
            self._dates = dates
            self._date_line = b"".join(b"%b: %b\r\n" % header for header in dates)
        return self._date_line

    def watch(self, state: ServerState, loop: asyncio.AbstractEventLoop) -> None:
        """Look at every connection about once a second, for as long as the loop runs."""
        now = loop.time()
        for connection in list(state.connections):
            connection.check(now)  # type: ignore[union-attr]
        self.board.post(self._app.metrics())
        loop.call_later(self._check_every, self.watch, state, loop)
