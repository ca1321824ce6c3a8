"""Clients that want too much, or take too long (threats: K4, K5): each is cut off, and the server goes on."""

from __future__ import annotations

import contextlib
import socket
import time
from typing import TYPE_CHECKING

import pytest
from server_on_a_port import Running, read_all, read_answer, running_server

from daypass.server.limits import Limits

if TYPE_CHECKING:
    from collections.abc import Iterator

GET = b"GET / HTTP/1.1\r\nHost: a\r\n"
QUICK = Limits(head_time=0.5, keep_alive=0.5, pace=10_000, pace_window=0.5, stall=0.5, linger=0.5)


@pytest.fixture(scope="module")
def server() -> Iterator[Running]:
    with running_server() as server:
        yield server


@pytest.fixture(scope="module")
def quick() -> Iterator[Running]:
    with running_server(QUICK) as server:
        yield server


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (GET + b"X: " + b"a" * 17_000 + b"\r\n\r\n", b"431"),
        (GET + b"X: " + b"a" * 300_000 + b"\r\n\r\n", b"431"),
        (GET + b"".join(b"X%d: a\r\n" % n for n in range(101)) + b"\r\n", b"431"),
        (GET + b"".join(b"X%d: %b\r\n" % (n, b"a" * 400) for n in range(50)) + b"\r\n", b"431"),
        (GET + b"a" * 400_000, b"431"),
        (b"GET /" + b"a" * 13_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n", b"414"),
        (b"GET /" + b"a" * 400_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n", b"431"),
        (b"\r\n" * 200_000, b"431"),
        (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nT: " + b"a" * 400_000, b"431"),
        (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1;x=" + b"a" * 400_000, b"431"),
    ],
    ids=["value", "huge value", "count", "sum", "endless value", "target", "endless target", "endless blank lines",
         "endless trailer", "endless extension"],
)  # fmt: skip
def test_k4_what_is_too_large_is_refused(server: Running, request_bytes: bytes, status: bytes) -> None:
    before = len(server.app.requests)
    parts = [request_bytes[n : n + 60_000] for n in range(0, len(request_bytes), 60_000)]
    answer = server.say(*parts, pause=0.01)
    if b"chunked" not in request_bytes:
        assert answer.startswith(b"HTTP/1.1 " + status + b" ")
        assert len(server.app.requests) == before
    assert answer.count(b"HTTP/1.1 ") == 1  # of a body that grows after it was answered, only the end is seen


def test_what_is_just_small_enough_is_served(server: Running) -> None:
    heads = [
        GET + b"X: " + b"a" * 16_000 + b"\r\n",
        GET + b"".join(b"X%d: a\r\n" % n for n in range(98)),
        b"GET /" + b"a" * 12_000 + b" HTTP/1.1\r\nHost: a\r\n",
    ]
    for head in heads:
        assert server.say(head + b"Connection: close\r\n\r\n").startswith(b"HTTP/1.1 200 ")


def test_many_small_requests_at_once_are_no_large_head(server: Running) -> None:
    assert server.say((GET + b"\r\n") * 2000 + GET + b"Connection: close\r\n\r\n").count(b"HTTP/1.1 200 ") == 2001


def drip(connection: socket.socket, data: bytes, pause: float, count: int) -> None:
    with contextlib.suppress(ConnectionError):
        for _ in range(count):
            connection.sendall(data)
            time.sleep(pause)


def test_k5_a_head_that_never_ends_is_cut_off(quick: Running) -> None:
    with quick.connect() as connection:
        connection.sendall(GET)
        start = time.monotonic()
        drip(connection, b"X: y\r\n", 0.05, 20)
        assert read_all(connection).startswith(b"HTTP/1.1 408 ")
        assert time.monotonic() - start < 3


def test_k5_a_silent_connection_is_closed(quick: Running) -> None:
    with quick.connect() as connection:
        assert read_all(connection) == b""
    with quick.connect() as connection:
        connection.sendall(GET + b"\r\n")
        assert read_answer(connection).startswith(b"HTTP/1.1 200 ")
        assert read_all(connection) == b""
    with quick.connect() as connection:
        drip(connection, b"\r\n", 0.05, 20)
        assert read_all(connection) == b""


@pytest.mark.parametrize("length", [50_000, 5_000_000])
def test_k5_a_body_that_drips_is_cut_off(quick: Running, length: int) -> None:
    with quick.connect() as connection:
        connection.sendall(b"POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % length)
        drip(connection, b"u" * 100, 0.05, 30)
        assert read_all(connection).startswith(b"HTTP/1.1 408 ")


def test_k5_a_chunked_body_without_content_is_cut_off(quick: Running) -> None:
    with quick.connect() as connection:
        connection.sendall(b"POST /upload HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
        drip(connection, b"1;" + b"x" * 3000 + b"\r\nu\r\n", 0.05, 30)
        assert read_all(connection).startswith(b"HTTP/1.1 408 ")
    assert quick.app.lost


def test_a_body_of_a_fair_pace_is_not_cut_off(quick: Running) -> None:
    with quick.connect() as connection:
        connection.sendall(b"POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n")
        drip(connection, b"u" * 5000, 0.1, 20)
        assert read_answer(connection).endswith(b"took 100000")


def test_a_client_that_waits_for_us_is_not_cut_off(quick: Running) -> None:
    with quick.connect() as connection:
        connection.sendall(b"PUT /gated HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n")
        time.sleep(1.5)
        quick.app.gate.set()
        assert read_answer(connection).endswith(b"through the gate")
    quick.app.gate.clear()


def test_k5_a_client_that_takes_nothing_of_its_download_is_cut_off(quick: Running) -> None:
    with quick.connect() as connection:
        connection.sendall(GET.replace(b"/ ", b"/download?10000 ") + b"\r\n")
        deadline = time.monotonic() + 5
        while not quick.app.downloads[-1:] or not quick.app.downloads[-1].closed:
            assert time.monotonic() < deadline
            time.sleep(0.05)


def test_k5_a_client_that_takes_its_download_slowly_is_served(quick: Running) -> None:
    with quick.connect() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        connection.sendall(GET.replace(b"/ ", b"/download?100 ") + b"Connection: close\r\n\r\n")
        size = 0
        while piece := connection.recv(262_144):
            size += len(piece)
            time.sleep(0.02)
        assert size > 100 * 65536
