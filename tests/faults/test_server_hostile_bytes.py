"""Bytes that are no honest HTTP request (threats: H4 smuggling, A11, A12 headers): refused, and the connection closed.

The second request behind each of them must never be seen.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from server_on_a_port import Running, read_all, running_server

if TYPE_CHECKING:
    from collections.abc import Iterator

SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"
H = b"Host: a\r\n"
POST = b"POST / HTTP/1.1\r\n" + H
GET = b"GET / HTTP/1.1\r\n" + H
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"

REFUSED_AT_ONCE = {
    "both lengths": POST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "both lengths, other order": POST + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
    "two equal lengths": POST + b"Content-Length: 0\r\nContent-Length: 0\r\n\r\n",
    "two lengths": POST + b"Content-Length: 0\r\nContent-Length: 36\r\n\r\n",
    "list of lengths": POST + b"Content-Length: 0, 0\r\n\r\n",
    "length with plus": POST + b"Content-Length: +0\r\n\r\n",
    "negative length": POST + b"Content-Length: -1\r\n\r\n",
    "hexadecimal length": POST + b"Content-Length: 0x0\r\n\r\n",
    "length with underscore": POST + b"Content-Length: 1_0\r\n\r\n",
    "empty length": POST + b"Content-Length:\r\n\r\n",
    "two numbers": POST + b"Content-Length: 0 0\r\n\r\n",
    "length beyond 64 bits": POST + b"Content-Length: 99999999999999999999\r\n\r\n",
    "coding after chunked": POST + b"Transfer-Encoding: chunked, x\r\n\r\n0\r\n\r\n",
    "coding before chunked": POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "unknown coding": POST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "coding with a tab": POST + b"Transfer-Encoding: chunked\t\r\n\r\n0\r\n\r\n",
    "identity": POST + b"Transfer-Encoding: identity\r\n\r\n",
    "empty coding": POST + b"Transfer-Encoding: \r\n\r\n",
    "coding twice": POST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "coding with a blank before the colon": POST + b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
    "coding in HTTP/1.0": b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "folded line": GET + b"X: a\r\n b\r\n\r\n",
    "folded line with a tab": GET + b"X: a\r\n\tb\r\n\r\n",
    "folded first line": b"GET / HTTP/1.1\r\n X: a\r\n" + H + b"\r\n",
    "bare LF in the request line": b"GET / HTTP/1.1\nHost: a\n\n",
    "bare LF in a header": b"GET / HTTP/1.1\r\nHost: a\nX: y\r\n\r\n",
    "bare LF at the end": GET + b"\n",
    "bare CR in a value": GET + b"X: a\rb\r\n\r\n",
    "NUL in a value": GET + b"X: a\0b\r\n\r\n",
    "control character in a value": GET + b"X: a\x1b[31m\r\n\r\n",
    "NUL in a name": GET + b"X\0: b\r\n\r\n",
    "blank in a name": GET + b"X y: b\r\n\r\n",
    "high byte in a name": GET + b"X\xff: b\r\n\r\n",
    "underscore in a name": GET + b"x_amz_security_token: b\r\n\r\n",
    "underscore in the length's name": GET + b"Content_Length: 5\r\n\r\n",
    "empty name": GET + b": b\r\n\r\n",
    "no colon": GET + b"Xyz\r\n\r\n",
    "no Host": b"GET / HTTP/1.1\r\n\r\n",
    "two Hosts": GET + H + b"\r\n",
    "empty Host": b"GET / HTTP/1.1\r\nHost:\r\n\r\n",
    "Host with a path": b"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n",
    "Host with a user": b"GET / HTTP/1.1\r\nHost: u@a\r\n\r\n",
    "Host list": b"GET / HTTP/1.1\r\nHost: a, b\r\n\r\n",
    "absolute target with another authority": b"GET http://b/ HTTP/1.1\r\n" + H + b"\r\n",
    "absolute target with a user": b"GET http://u@a/ HTTP/1.1\r\n" + H + b"\r\n",
    "absolute target of another scheme": b"GET ftp://a/ HTTP/1.1\r\n" + H + b"\r\n",
    "authority target": b"GET a:80 HTTP/1.1\r\n" + H + b"\r\n",
    "asterisk": b"OPTIONS * HTTP/1.1\r\n" + H + b"\r\n",
    "CONNECT": b"CONNECT a:80 HTTP/1.1\r\n" + H + b"\r\n",
    "fragment": b"GET /a#b HTTP/1.1\r\n" + H + b"\r\n",
    "fragment in the query": b"GET /a?b#c HTTP/1.1\r\n" + H + b"\r\n",
    "relative target": b"GET a HTTP/1.1\r\n" + H + b"\r\n",
    "blank in the target": b"GET /a b HTTP/1.1\r\n" + H + b"\r\n",
    "control character in the target": b"GET /a\x01 HTTP/1.1\r\n" + H + b"\r\n",
    "raw UTF-8 in the target": b"GET /\xc3\xa4 HTTP/1.1\r\n" + H + b"\r\n",
    "h2c upgrade": GET + b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n\r\n",
    "WebSocket upgrade": GET + b"Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
    "HTTP/2 preface": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "lower-case method": b"get / HTTP/1.1\r\n" + H + b"\r\n",
    "unknown method": b"FOO / HTTP/1.1\r\n" + H + b"\r\n",
    "TLS hello": bytes.fromhex("16030100c4010000c00303") + b"x" * 50,
    "HTTP/1.2": b"GET / HTTP/1.2\r\n" + H + b"\r\n",
    "unknown expectation": POST + b"Expect: 200-ok\r\nContent-Length: 0\r\n\r\n",
    "HTTP/2.0 in text": b"GET / HTTP/2.0\r\n" + H + b"\r\n",
    "HTTP/0.9": b"GET /\r\n\r\n",
}  # fmt: skip
STATUS = {"unknown expectation": b"417", "HTTP/2.0 in text": b"505", "HTTP/0.9": b"505"}

BROKEN_BODIES = {
    "no CRLF after a chunk": CHUNKED + b"5\r\nhelloXX0\r\n\r\n",
    "LF after the size": CHUNKED + b"5\nhello\r\n0\r\n\r\n",
    "LF after a chunk": CHUNKED + b"5\r\nhello\n0\r\n\r\n",
    "negative chunk": CHUNKED + b"-5\r\nhello\r\n0\r\n\r\n",
    "0x size": CHUNKED + b"0x5\r\nhello\r\n0\r\n\r\n",
    "blank after the size": CHUNKED + b"5 \r\nhello\r\n0\r\n\r\n",
    "size beyond 64 bits": CHUNKED + b"11111111111111111\r\nhello\r\n0\r\n\r\n",
    "no size": CHUNKED + b"\r\nhello\r\n0\r\n\r\n",
    "LF in an extension": CHUNKED + b"5;a\nb\r\nhello\r\n0\r\n\r\n",
    "LF in a trailer": CHUNKED + b"0\r\nA: b\n\r\n\r\n",
    "length as a trailer": CHUNKED + b"0\r\nContent-Length: 5\r\n\r\n",
}  # fmt: skip


@pytest.fixture(scope="module")
def shared() -> Iterator[Running]:
    with running_server() as server:
        yield server


@pytest.fixture
def server(shared: Running) -> Running:
    shared.app.requests.clear()
    return shared


def assert_refused(answer: bytes, status: bytes) -> None:
    head = answer.lower()
    assert head.startswith(b"http/1.1 " + status + b" ")
    assert head.count(b"http/1.1 ") == 1
    assert b"\r\nconnection: close\r\n" in head
    assert b"\r\ncontent-length: 0\r\n" in head
    assert answer.endswith(b"\r\n\r\n")


@pytest.mark.parametrize("case", REFUSED_AT_ONCE)
def test_h4_a12_a_dishonest_head_is_refused_and_the_connection_closed(server: Running, case: str) -> None:
    assert_refused(server.say(REFUSED_AT_ONCE[case] + SMUGGLED), STATUS.get(case, b"400"))
    assert server.app.requests == []


@pytest.mark.parametrize("case", REFUSED_AT_ONCE)
def test_h4_it_is_refused_byte_by_byte_as_well(server: Running, case: str) -> None:
    whole = REFUSED_AT_ONCE[case] + SMUGGLED
    assert_refused(server.say(*(whole[i : i + 1] for i in range(len(whole)))), STATUS.get(case, b"400"))
    assert server.app.requests == []


@pytest.mark.parametrize("case", BROKEN_BODIES)
@pytest.mark.parametrize("path", [b"/upload", b"/"])
def test_h4_a_broken_body_ends_the_connection(server: Running, case: str, path: bytes) -> None:
    """The application may have answered before the fault came; nothing behind the fault is read."""
    whole = BROKEN_BODIES[case].replace(b"POST /", b"POST " + path, 1)
    answer = server.say(whole + SMUGGLED)
    assert_refused(answer, b"400")
    assert all(request.raw_path == path for request in server.app.requests)
    answer = server.say(whole[:30], whole[30:] + SMUGGLED, pause=0.05)
    assert answer.count(b"HTTP/1.1 ") == 1
    assert all(request.raw_path == path for request in server.app.requests)


@pytest.mark.parametrize(
    "whole",
    [
        GET + b"Content-Length: 35\r\n\r\n" + SMUGGLED,
        CHUNKED + b"23;name=value;other\r\n" + SMUGGLED + b"\r\n0\r\nTrailer: x\r\n\r\n",
        POST + b"Content-Length:0035 \r\n\r\n" + SMUGGLED,
    ],
    ids=["body on GET", "extensions and trailers", "zeros and blanks around a length"],
)
def test_h4_legal_oddities_are_consumed_to_the_byte(server: Running, whole: bytes) -> None:
    server.say(whole + b"GET /after HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n" + SMUGGLED)
    assert [request.raw_path for request in server.app.requests] == [b"/", b"/after"]


def test_a12_metadata_may_have_underscores(server: Running) -> None:
    server.say(GET + b"x-amz-meta-my_key: 1\r\nConnection: close\r\n\r\n")
    assert (b"x-amz-meta-my_key", b"1") in server.app.requests[0].headers


def test_a11_an_absolute_target_with_the_hosts_authority_is_its_path(server: Running) -> None:
    server.say(
        b"GET http://A:1/p//q?r HTTP/1.1\r\nHost: a:1\r\n\r\nGET http://a HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
    )
    assert [(r.raw_path, r.raw_query) for r in server.app.requests] == [(b"/p//q", b"r"), (b"/", b"")]


def test_a_bad_request_behind_a_running_one_lets_it_finish(server: Running) -> None:
    answer = server.say(
        b"GET /later?1 HTTP/1.1\r\nHost: a\r\n\r\n" + b"GET / HTTP/1.1\r\nHost: a\nX: y\r\n\r\n" + SMUGGLED
    )
    assert answer.count(b"HTTP/1.1 ") == 1
    assert answer.endswith(b"later 1")
    assert [request.raw_path for request in server.app.requests] == [b"/later"]


def test_a_bad_body_behind_a_running_request_lets_it_finish(server: Running) -> None:
    broken = CHUNKED.replace(b"POST /", b"POST /upload") + b"-5\r\nhello\r\n"
    answer = server.say(b"GET /later?1 HTTP/1.1\r\nHost: a\r\n\r\n" + broken + SMUGGLED)
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert answer.count(b"HTTP/1.1 ") == 1
    assert b"/smuggled" not in [request.raw_path for request in server.app.requests]


def test_the_server_lives_after_all_of_it(server: Running) -> None:
    with server.connect() as connection:
        connection.sendall(GET + b"Connection: close\r\n\r\n")
        assert read_all(connection).startswith(b"HTTP/1.1 200 ")
