"""A program: the worker processes of the real server around the application of the other tests.

Usage: python serve_echo.py WORKERS [broken | slow]. It prints the port when the server listens.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
from typing import TYPE_CHECKING

from server_on_a_port import TEXT, Echo

from daypass.config import Config
from daypass.request import Request, Response
from daypass.server import Plan, StartProblem, bind, run

if TYPE_CHECKING:
    from collections.abc import Awaitable


class Numbered(Echo):
    """Also says which process answers."""

    def answer(self, request: Request) -> Response | Awaitable[Response]:
        if request.raw_path == b"/pid":
            return Response(200, TEXT, str(os.getpid()).encode())
        return super().answer(request)


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def main() -> int:
    logging.basicConfig(level=logging.WARNING)
    workers, mode = int(sys.argv[1]), sys.argv[2]

    def open_app() -> Numbered:
        if mode == "broken":
            raise StartProblem("the store is broken")
        app = Numbered()
        if mode == "slow":
            threading.Event().wait(1.0)
        threading.Timer(1.5, app.gate.set).start()
        return app

    listeners = bind("127.0.0.1", 0, workers)
    say(f"bound {listeners[0].getsockname()[1]}")
    plan = Plan(Config(workers=workers, limits_stop=5), open_app, listeners, lambda: say("listens"))
    try:
        return run(plan)
    except StartProblem as problem:
        sys.stderr.write(f"daypass: {problem}\n")
        return 2


if __name__ == "__main__":
    sys.exit(main())
