"""The server on a real socket: what is answered, in which order, and what becomes of the connection."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from server_on_a_port import Running, read_all, read_answer, running_server

if TYPE_CHECKING:
    from collections.abc import Iterator

HOST = b"Host: localhost\r\n"


@pytest.fixture(scope="module")
def shared() -> Iterator[Running]:
    with running_server() as server:
        yield server


@pytest.fixture
def server(shared: Running) -> Running:
    shared.app.requests.clear()
    shared.app.downloads.clear()
    shared.app.lost.clear()
    return shared


def get(target: bytes, *headers: bytes) -> bytes:
    return b"GET " + target + b" HTTP/1.1\r\n" + HOST + b"".join(h + b"\r\n" for h in headers) + b"\r\n"


def post(target: bytes, body: bytes, *headers: bytes) -> bytes:
    lines = [b"Content-Length: %d" % len(body), *headers]
    return b"POST " + target + b" HTTP/1.1\r\n" + HOST + b"".join(h + b"\r\n" for h in lines) + b"\r\n" + body


CLOSE = b"Connection: close"


def test_an_answer_has_a_date_and_a_length_and_no_server_name(server: Running) -> None:
    head, _, body = server.say(get(b"/a?b=c", CLOSE)).partition(b"\r\n\r\n")
    lines = head.lower().split(b"\r\n")
    assert lines[0] == b"http/1.1 200 ok"
    assert b"content-length: %d" % len(body) in lines
    assert sum(line.startswith(b"date: ") for line in lines) == 1
    assert not any(line.startswith(b"server:") for line in lines)
    assert b"connection: close" in lines
    assert body == b"GET /a?b=c "


@pytest.mark.parametrize("path", [b"//b//c", b"/b/a/../c", b"/b/%2e%2e/c", b"/b/%2F%2f", b"/b/+%20", b"/b/."])
def test_the_path_and_query_are_the_bytes_that_were_sent(server: Running, path: bytes) -> None:
    server.say(get(path + b"?x=%41&x=a%2Fb&&=?", CLOSE))
    assert server.app.requests[0].raw_path == path
    assert server.app.requests[0].raw_query == b"x=%41&x=a%2Fb&&=?"


def test_headers_keep_their_order_and_their_bytes(server: Running) -> None:
    server.say(get(b"/", b"X-B:  two \t", b"x-a: 1", b"X-Empty:", b"X-A: \xc3\xa4", CLOSE))
    assert server.app.requests[0].headers == [
        (b"host", b"localhost"), (b"x-b", b"two \t"), (b"x-a", b"1"), (b"x-empty", b""), (b"x-a", b"\xc3\xa4"),
        (b"connection", b"close"),
    ]  # fmt: skip


def test_the_peer_is_the_socket_whatever_headers_say(server: Running) -> None:
    server.say(get(b"/", b"X-Forwarded-For: 1.2.3.4", b"X-Forwarded-Proto: https", b"Forwarded: for=1.2.3.4", CLOSE))
    assert server.app.requests[0].peer == "127.0.0.1"
    assert not server.app.requests[0].listener.secure


def test_a_connection_serves_one_request_after_another(server: Running) -> None:
    with server.connect() as connection:
        for number in range(3):
            connection.sendall(post(b"/%d" % number, b"body %d" % number))
            assert read_answer(connection).endswith(b"POST /%d? body %d" % (number, number))


def test_pipelined_requests_are_answered_in_order_also_behind_a_slow_one(server: Running) -> None:
    answer = server.say(
        get(b"/1") + get(b"/later?2") + post(b"/3", b"three") + get(b"/later?4") + get(b"/5", CLOSE) + get(b"/6")
    )
    bodies = [part.partition(b"\r\n\r\n")[2] for part in answer.split(b"HTTP/1.1 200 OK")[1:]]
    assert bodies == [b"GET /1? ", b"later 2", b"POST /3? three", b"later 4", b"GET /5? "]
    assert len(server.app.requests) == 5


def test_a_request_byte_by_byte_is_the_same_request(server: Running) -> None:
    with server.connect() as connection:
        for byte in post(b"/slow?x", b"hello", CLOSE):
            connection.sendall(bytes([byte]))
        assert read_all(connection).endswith(b"POST /slow?x hello")


def test_a_head_request_gets_the_length_and_no_body(server: Running) -> None:
    with server.connect() as connection:
        connection.sendall(b"HEAD /a HTTP/1.1\r\n" + HOST + b"\r\n" + get(b"/next", CLOSE))
        answer = read_all(connection)
    first, second = answer.split(b"HTTP/1.1 200 OK")[1:]
    assert b"content-length: 9\r\n" in first
    assert first.endswith(b"\r\n\r\n")
    assert second.endswith(b"GET /next? ")


def test_no_content_has_no_length(server: Running) -> None:
    answer = server.say(get(b"/none", CLOSE))
    assert answer.startswith(b"HTTP/1.1 204 No Content\r\n")
    assert b"content-length" not in answer


def test_http_1_0_is_answered_and_closed(server: Running) -> None:
    assert server.say(b"GET /a HTTP/1.0\r\n\r\n").endswith(b"connection: close\r\n\r\nGET /a? ")


def test_expect_is_answered_when_the_body_is_asked_for(server: Running) -> None:
    with server.connect() as connection:
        connection.sendall(b"PUT /upload HTTP/1.1\r\n" + HOST + b"Expect: 100-continue\r\nContent-Length: 5\r\n\r\n")
        assert connection.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(b"hello")
        assert read_answer(connection).endswith(b"took 5")
        connection.sendall(get(b"/again"))
        assert read_answer(connection).endswith(b"GET /again? ")


def test_a_refusal_before_the_body_costs_no_upload_and_ends_the_connection(server: Running) -> None:
    answer = server.say(b"PUT /limited HTTP/1.1\r\n" + HOST + b"Expect: 100-continue\r\nContent-Length: 50\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"connection: close" in answer


def test_a_large_body_streams_and_the_connection_goes_on(server: Running) -> None:
    with server.connect() as connection:
        connection.sendall(post(b"/upload", b"u" * 3_000_000))
        assert read_answer(connection).endswith(b"took 3000000")
        connection.sendall(get(b"/again"))
        assert read_answer(connection).endswith(b"GET /again? ")


def test_a_chunked_body_streams(server: Running) -> None:
    body = b"5;ext=1\r\nhello\r\n" + b"6\r\n world\r\n" + b"0\r\n\r\n"
    head = b"PUT /upload HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n"
    assert server.say(head + body + get(b"/x", CLOSE)).endswith(b"GET /x? ")
    assert b"took 11" in server.say(head, body + get(b"/x", CLOSE), pause=0.05)


def test_trailers_never_reach_the_headers(server: Running) -> None:
    head = b"PUT /upload HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n"
    server.say(head + b"2\r\nhi\r\n0\r\nX-Amz-Security-Token: stolen\r\nHost: other\r\n\r\n" + get(b"/x", CLOSE))
    assert [name for name, _ in server.app.requests[0].headers] == [b"host", b"transfer-encoding"]


def test_an_unwanted_small_rest_is_read_and_a_large_one_ends_the_connection(server: Running) -> None:
    with server.connect() as connection:
        connection.sendall(b"PUT /a HTTP/1.1\r\n" + HOST + b"Content-Length: 70000\r\n\r\n" + b"u" * 10_000)
        assert read_answer(connection).endswith(b"<stream>")
        connection.sendall(b"u" * 60_000 + get(b"/again", CLOSE))
        assert read_all(connection).endswith(b"GET /again? ")
    with server.connect() as connection:
        connection.sendall(b"PUT /a HTTP/1.1\r\n" + HOST + b"Content-Length: 9000000\r\n\r\n" + b"u" * 300_000)
        assert b"connection: close" in read_all(connection)


def test_an_upload_cut_off_is_told_to_its_reader(server: Running) -> None:
    with server.connect() as connection:
        connection.sendall(b"PUT /upload HTTP/1.1\r\n" + HOST + b"Content-Length: 100000\r\n\r\n" + b"u" * 10)
        time.sleep(0.1)
    time.sleep(0.2)
    assert server.app.lost


def test_a_download_comes_whole_and_is_closed(server: Running) -> None:
    with server.connect() as connection:
        connection.sendall(get(b"/download?40"))
        assert len(read_answer(connection).partition(b"\r\n\r\n")[2]) == 40 * 65536
        connection.sendall(get(b"/again", CLOSE))
        assert read_all(connection).endswith(b"GET /again? ")
    assert server.app.downloads[0].closed


def test_a_download_waits_for_its_reader_and_stops_when_it_leaves(server: Running) -> None:
    with server.connect() as connection:
        connection.sendall(get(b"/download?10000"))
        time.sleep(0.3)
        taken = server.app.downloads[0].taken
        assert taken < 1000  # the socket buffers and no more
        assert not server.app.downloads[0].closed
    time.sleep(0.3)
    assert server.app.downloads[0].closed
    assert server.app.downloads[0].taken < taken + 100


def test_a_head_request_of_a_download_reads_nothing(server: Running) -> None:
    answer = server.say(b"HEAD /download?3 HTTP/1.1\r\n" + HOST + CLOSE + b"\r\n\r\n")
    assert b"content-length: %d\r\n" % (3 * 65536) in answer
    assert answer.endswith(b"\r\n\r\n")
    assert server.app.downloads[0].closed
    assert server.app.downloads[0].taken == 0


def test_a_client_that_asks_without_reading_is_made_to_wait(server: Running) -> None:
    with server.connect() as connection:
        connection.settimeout(1)
        with pytest.raises(TimeoutError):
            for _ in range(100):
                connection.sendall(get(b"/big") * 1000)
        assert len(server.app.requests) < 20_000


@pytest.mark.parametrize("target", [b"/bug", b"/splitting"])
def test_a_bug_of_ours_is_a_500_and_no_bad_request(server: Running, target: bytes) -> None:
    answer = server.say(get(target))
    assert answer.startswith(b"HTTP/1.1 500 ")
    assert answer.endswith(b"\r\n\r\n")
    assert b"evil" not in answer
    assert server.say(get(b"/alive", CLOSE)).endswith(b"GET /alive? ")


def test_health_paths_answer_without_a_signature_only(server: Running) -> None:
    assert server.say(get(b"/healthz", CLOSE)).endswith(b"ok\n")
    assert server.say(get(b"/readyz", CLOSE)).endswith(b"ready\n")
    assert b'daypass_requests_total{worker="0"} ' in server.say(get(b"/metrics", CLOSE))
    for signed in (
        get(b"/healthz", b"Authorization: AWS4-HMAC-SHA256 x", CLOSE),
        get(b"/metrics?X-Amz-Signature=0", CLOSE),
    ):
        server.app.requests.clear()
        server.say(signed)
        assert len(server.app.requests) == 1
    server.app.requests.clear()
    server.say(b"PUT /metrics HTTP/1.1\r\n" + HOST + b"Content-Length: 0\r\n" + CLOSE + b"\r\n\r\n")
    assert len(server.app.requests) == 1


def test_readyz_is_red_when_the_application_is_not_ready(server: Running) -> None:
    server.app.is_ready = False
    try:
        assert server.say(get(b"/readyz", CLOSE)).startswith(b"HTTP/1.1 503 ")
    finally:
        server.app.is_ready = True


def test_stopping_finishes_what_is_running() -> None:
    with running_server() as server, server.connect() as connection, server.connect() as idle:
        idle.sendall(get(b"/idle"))
        read_answer(idle)
        connection.sendall(get(b"/gated"))
        time.sleep(0.1)
        server.server.should_exit = True
        time.sleep(0.3)
        assert idle.recv(10) == b""
        server.app.gate.set()
        answer = read_all(connection)
        assert answer.endswith(b"through the gate")
        assert b"connection: close" in answer
