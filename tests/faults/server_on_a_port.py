"""A server of ours on a free port of this machine, in a thread, with an application of a few lines behind it."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import uvicorn

from daypass.request import BodyTooLarge, Request, Response
from daypass.server.board import Board
from daypass.server.front import Front
from daypass.server.limits import Limits

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Iterator
    from pathlib import Path

TEXT = ((b"content-type", b"text/plain"),)


class Pieces:
    """A download of ``count`` pieces; it notes how far it got and whether it was closed."""

    def __init__(self, count: int, piece: bytes = b"p" * 65536) -> None:
        self.length = count * len(piece)
        self.taken = 0
        self.closed = False
        self._count = count
        self._piece = piece

    async def pieces(self) -> AsyncIterator[bytes]:
        for _ in range(self._count):
            self.taken += 1
            yield self._piece

    def close(self) -> None:
        self.closed = True


@dataclass
class Echo:
    """Answers by path; keeps every request that reached it."""

    requests: list[Request] = field(default_factory=list)
    downloads: list[Pieces] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    is_ready: bool = True
    gate: threading.Event = field(default_factory=threading.Event)

    def answer(self, request: Request) -> Response | Awaitable[Response]:
        self.requests.append(request)
        match request.raw_path:
            case b"/later" | b"/upload" | b"/gated" | b"/limited":
                return getattr(self, request.raw_path[1:].decode())(request)
            case b"/download":
                self.downloads.append(Pieces(int(request.raw_query or b"4")))
                return Response(200, TEXT, self.downloads[-1])
            case b"/bug":
                raise RuntimeError("a bug of ours")
            case b"/splitting":
                return Response(200, ((b"x", b"a\r\nset-cookie: evil=1"),), b"")
            case b"/none":
                return Response(204, ())
            case b"/big":
                return Response(200, TEXT, b"b" * 100_000)
        said = b"%s %s?%s" % (request.method.encode(), request.raw_path, request.raw_query)
        body = request.body if isinstance(request.body, bytes) else b"<stream>"
        return Response(200, TEXT, said + b" " + body)

    async def later(self, request: Request) -> Response:
        await asyncio.sleep(0.05)
        return Response(200, TEXT, b"later " + request.raw_query)

    async def gated(self, _request: Request) -> Response:
        while not self.gate.is_set():
            await asyncio.sleep(0.01)
        return Response(200, TEXT, b"through the gate")

    async def upload(self, request: Request) -> Response:
        try:
            size = len(request.body) if isinstance(request.body, bytes) else 0
            if not isinstance(request.body, bytes):
                async for piece in request.body.pieces():
                    size += len(piece)
        except ConnectionError as error:
            self.lost.append(str(error))
            return Response(400, TEXT, b"gone")
        return Response(200, TEXT, b"took %d" % size)

    async def limited(self, request: Request) -> Response:
        try:
            await request.body.read(10)  # type: ignore[union-attr]
        except BodyTooLarge:
            return Response(413, TEXT, b"too large")
        return Response(200, TEXT, b"fits")

    async def start(self) -> None:
        self.started = True

    async def stop(self) -> None:
        self.stopped = True

    def ready(self) -> bool:
        return self.is_ready

    def metrics(self) -> str:
        return "# TYPE daypass_fake gauge\ndaypass_fake 1\n"


@dataclass
class Running:
    port: int
    app: Echo
    server: uvicorn.Server
    thread: threading.Thread

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=10)

    def say(self, *parts: bytes, pause: float = 0.0) -> bytes:
        """Send the parts and read until the server closes."""
        with self.connect() as connection:
            for part in parts:
                with contextlib.suppress(ConnectionError):
                    connection.sendall(part)
                if pause:
                    time.sleep(pause)
            return read_all(connection)


def read_all(connection: socket.socket) -> bytes:
    answer = b""
    with contextlib.suppress(ConnectionError):
        while piece := connection.recv(65536):
            answer += piece
    return answer


def read_answer(connection: socket.socket) -> bytes:
    """One answer with a content-length, from a connection that stays open."""
    answer = b""
    while b"\r\n\r\n" not in answer:
        piece = connection.recv(65536)
        if not piece:
            return answer
        answer += piece
    head, _, body = answer.partition(b"\r\n\r\n")
    length = next((int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), 0)
    while len(body) < length:
        body += connection.recv(65536)
    return head + b"\r\n\r\n" + body


@contextlib.contextmanager
def running_server(
    limits: Limits | None = None, *, check_every: float = 0.05, tls: tuple[Path, Path] | None = None, patience: int = 2
) -> Iterator[Running]:
    app = Echo()
    front = Front(app, Board(1), limits or Limits(), check_every=check_every)
    config = uvicorn.Config(
        front.asgi, port=0, loop="uvloop", http=front, log_level="critical", access_log=False,
        server_header=False, proxy_headers=False, ws="none", timeout_graceful_shutdown=patience,
        ssl_certfile=tls and tls[0], ssl_keyfile=tls and tls[1],
    )  # fmt: skip

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            front.watch(self.server_state, asyncio.get_running_loop())

    server = Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    try:
        yield Running(server.servers[0].sockets[0].getsockname()[1], app, server, thread)
    finally:
        app.gate.set()
        server.should_exit = True
        thread.join(10)
