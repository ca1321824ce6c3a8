"""The three paths that are not AWS's: ``/healthz``, ``/readyz`` and ``/metrics``.

A bucket may have these names (threats: H14). So the paths are ours only for a GET or HEAD without any AWS signature:
a signed request of any form goes to S3.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from daypass.request import Response

if TYPE_CHECKING:
    from collections.abc import Callable

    from daypass.request import Request
    from daypass.server.application import Application
    from daypass.server.board import Board

TEXT = ((b"content-type", b"text/plain; charset=utf-8"), (b"cache-control", b"no-store"))
PROMETHEUS = ((b"content-type", b"text/plain; version=0.0.4; charset=utf-8"), (b"cache-control", b"no-store"))
SIGNED_QUERY = (b"X-Amz-Signature", b"X-Amz-Algorithm", b"Signature=")


class Health:
    """The answers of one worker."""

    def __init__(self, app: Application, board: Board, *, metrics: bool) -> None:
        self._app = app
        self._board = board
        self.paths: dict[bytes, Callable[[], Response]] = {b"/healthz": self._healthz, b"/readyz": self._readyz}
        if metrics:
            self.paths[b"/metrics"] = self._metrics

    def answer(self, request: Request) -> Response | None:
        """The answer to a request for one of the paths; None where it is S3's after all."""
        if request.method not in {"GET", "HEAD"} or request.header(b"authorization") is not None:
            return None
        if any(mark in request.raw_query for mark in SIGNED_QUERY):
            return None
        return self.paths[request.raw_path]()

    def _healthz(self) -> Response:
        return Response(200, TEXT, b"ok\n")

    def _readyz(self) -> Response:
        return Response(200, TEXT, b"ready\n") if self._app.ready() else Response(503, TEXT, b"not ready\n")

    def _metrics(self) -> Response:
        self._board.post(self._app.metrics())
        return Response(200, PROMETHEUS, self._board.render().encode())
