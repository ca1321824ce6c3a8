"""The plain ASGI application, as any ASGI server would call it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from daypass.request import BodyTooLarge, Request, Response
from daypass.server.asgi import Asgi, ClientGoneError, plain_address, respond

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable


@dataclass
class Fake:
    """An application that notes what it is asked; ``how`` answers."""

    how: Callable[[Request], Any] = lambda request: Response(
        200, (), request.body if isinstance(request.body, bytes) else b""
    )
    requests: list[Request] = field(default_factory=list)
    told: list[str] = field(default_factory=list)

    def answer(self, request: Request) -> Response | Awaitable[Response]:
        self.requests.append(request)
        return self.how(request)

    async def start(self) -> None:
        self.told.append("start")

    async def stop(self) -> None:
        self.told.append("stop")

    def ready(self) -> bool:
        return True

    def metrics(self) -> str:
        return ""


def call(app: Fake, headers: list[tuple[bytes, bytes]], *messages: dict[str, Any], method: str = "PUT") -> list[Any]:
    scope = {
        "type": "http", "method": method, "raw_path": b"//a", "query_string": b"q", "headers": headers,
        "client": ("::ffff:10.0.0.1", 5), "scheme": "https",
    }  # fmt: skip
    inbox = list(messages)
    outbox: list[Any] = []

    async def receive() -> dict[str, Any]:
        return inbox.pop(0)

    async def send(message: dict[str, Any]) -> None:
        outbox.append(message)

    asyncio.run(Asgi(app)(scope, receive, send))
    return outbox


def body(data: bytes, *, more: bool = False) -> dict[str, Any]:
    return {"type": "http.request", "body": data, "more_body": more}


def test_a_small_body_is_read_whole_first() -> None:
    app = Fake()
    sent = call(app, [(b"content-length", b"4")], body(b"ab", more=True), body(b"cd"))
    assert app.requests[0].body == b"abcd"
    assert app.requests[0].raw_path == b"//a"
    assert app.requests[0].peer == "10.0.0.1"
    assert app.requests[0].listener.secure
    assert sent[0]["headers"] == [(b"content-length", b"4")]
    assert sent[1]["body"] == b"abcd"


@pytest.mark.parametrize(
    "headers",
    [
        [(b"content-length", b"65537")],
        [(b"transfer-encoding", b"chunked")],
        [(b"content-length", b"1"), (b"expect", b"100-continue")],
    ],
)
def test_other_bodies_are_asked_for_by_whoever_wants_them(headers: list[tuple[bytes, bytes]]) -> None:
    """Not one message is taken from the client: a refusal costs it no upload."""
    app = Fake()
    call(app, headers)
    assert not isinstance(app.requests[0].body, bytes)


def test_a_declared_length_over_the_limit_is_told_before_a_byte_is_read() -> None:
    seen: list[type] = []

    async def reads(request: Request) -> Response:
        try:
            await request.body.read(10)  # type: ignore[union-attr]
        except BodyTooLarge as error:
            seen.append(type(error))
        return Response(400, ())

    call(Fake(reads), [(b"content-length", b"70000")])
    call(Fake(reads), [(b"transfer-encoding", b"chunked")], body(b"x" * 6, more=True), body(b"x" * 6, more=True))
    assert seen == [BodyTooLarge, BodyTooLarge]


def test_a_client_that_leaves_before_its_small_request_is_whole_is_no_request() -> None:
    app = Fake()
    assert call(app, [(b"content-length", b"4")], body(b"ab", more=True), {"type": "http.disconnect"}) == []
    assert app.requests == []


def test_the_application_is_started_and_stopped_with_the_server() -> None:
    app = Fake()
    sent: list[str] = []

    async def receive() -> dict[str, Any]:
        return {}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message["type"])

    asyncio.run(Asgi(app)({"type": "lifespan"}, receive, send))
    assert app.told == ["start", "stop"]
    assert sent == ["lifespan.startup.complete", "lifespan.shutdown.complete"]


@dataclass
class Download:
    length: int = 6
    closed: int = 0
    fails: bool = False

    async def pieces(self) -> AsyncIterator[bytes]:
        yield b"abc"
        if self.fails:
            raise OSError("the disk is gone")
        yield b"def"

    def close(self) -> None:
        self.closed += 1


@pytest.mark.parametrize("case", ["whole", "gone", "failed", "head"])
def test_a_download_is_closed_in_every_case(case: str) -> None:
    download = Download(fails=case == "failed")
    sent: list[Any] = []

    async def send(message: dict[str, Any]) -> None:
        if case == "gone" and message.get("body"):
            raise ClientGoneError
        sent.append(message)

    async def go() -> None:
        await respond(Response(200, (), download), "HEAD" if case == "head" else "GET", send)

    if case == "failed":
        with pytest.raises(OSError, match="disk"):
            asyncio.run(go())
    else:
        asyncio.run(go())
    assert download.closed == 1
    assert sent[0]["headers"] == [(b"content-length", b"6")]
    received = b"".join(message["body"] for message in sent[1:])
    assert received == {"whole": b"abcdef", "gone": b"", "failed": b"abc", "head": b""}[case]


@pytest.mark.parametrize(
    ("given", "plain"),
    [("::ffff:1.2.3.4", "1.2.3.4"), ("1.2.3.4", "1.2.3.4"), ("fe80::1%eth0", "fe80::1"), ("::1", "::1"), ("", "")],
)
def test_addresses_are_written_as_policies_write_them(given: str, plain: str) -> None:
    assert plain_address(given) == plain
