from __future__ import annotations

import pytest

from daypass.request import Response
from daypass.server.heads import BadHead, Head, announced_length, head_size, read_head, write_head
from daypass.server.limits import Limits

HOST = (b"host", b"localhost:4100")


def read(*headers: tuple[bytes, bytes], target: bytes = b"/a?b", version: str = "1.1", method: bytes = b"GET") -> Head:
    return read_head(version, method, target, [HOST, *headers], Limits())


def test_a_plain_head_is_a_path_and_a_query() -> None:
    assert read() == Head(b"/a", b"b", 0, chunked=False, expects=False)
    assert read(target=b"//a//%2F?") == Head(b"//a//%2F", b"", 0, chunked=False, expects=False)
    assert read(target=b"/a?b?c&?") == Head(b"/a", b"b?c&?", 0, chunked=False, expects=False)


def test_length_coding_and_expectation_are_read() -> None:
    assert read((b"content-length", b"0070 ")).length == 70
    assert read((b"transfer-encoding", b"Chunked")).chunked
    assert read((b"expect", b"100-Continue")).expects


@pytest.mark.parametrize("host", [b"a", b"A.b-c_d:80", b"[::1]:4100", b"127.0.0.1", b"my_bucket.localhost"])
def test_hosts_that_are_hosts(host: bytes) -> None:
    read_head("1.1", b"GET", b"/", [(b"host", host)], Limits())


@pytest.mark.parametrize("host", [b"", b"a/b", b"a,b", b"u@a", b"a b", b"a\\b", b"a?b", b"a#b", b"a%41", b"\xc3\xa4"])
def test_j10_hosts_that_are_none(host: bytes) -> None:
    with pytest.raises(BadHead):
        read_head("1.1", b"GET", b"/", [(b"host", host)], Limits())


def test_an_old_version_needs_no_host_and_expects_nothing() -> None:
    assert read_head("1.0", b"GET", b"/", [(b"expect", b"100-continue")], Limits()).expects is False


@pytest.mark.parametrize("name", [b"host", b"content-length", b"transfer-encoding", b"expect"])
def test_a12_what_decides_is_said_once(name: bytes) -> None:
    value = {b"host": b"a", b"content-length": b"0", b"transfer-encoding": b"chunked", b"expect": b"100-continue"}[name]
    with pytest.raises(BadHead):
        read_head("1.1", b"GET", b"/", [(b"host", b"a")] * (name != b"host") + [(name, value)] * 2, Limits())


def test_the_size_of_a_head_counts_names_values_and_target() -> None:
    assert head_size(b"/abc", [(b"ab", b"cde"), (b"f", b"")]) == 4 + 9 + 5


def test_a_head_is_written_in_order() -> None:
    head = write_head(200, [(b"b", b"1"), (b"a", b"2")], 3, b"date: now\r\n", close=True)
    assert head == b"HTTP/1.1 200 OK\r\ndate: now\r\nb: 1\r\na: 2\r\ncontent-length: 3\r\nconnection: close\r\n\r\n"
    assert write_head(299, (), None, b"", close=False) == b"HTTP/1.1 299 \r\n\r\n"


@pytest.mark.parametrize("bad", [b"a\r\nb", b"a\nb", b"a\rb", b"a\0b", b"a\r\n\r\nb"])
def test_h7_i1_no_header_splits_an_answer(bad: bytes) -> None:
    for header in ((b"x", bad), (bad, b"x")):
        with pytest.raises(ValueError, match="line break"):
            write_head(200, [header], 0, b"date: now\r\n", close=False)
        with pytest.raises(ValueError, match="line break"):
            write_head(200, [header], None, b"", close=False)


@pytest.mark.parametrize(
    ("response", "method", "length"),
    [
        (Response(200, (), b"abc"), "GET", 3),
        (Response(200, (), b""), "GET", 0),
        (Response(204, (), b""), "DELETE", None),
        (Response(304, ((b"etag", b'"x"'),), b""), "GET", None),
        (Response(200, ((b"content-length", b"70"),), b""), "HEAD", None),
        (Response(403, (), b""), "HEAD", None),
        (Response(200, (), b"ok"), "HEAD", 2),
    ],
)
def test_the_length_that_is_announced(response: Response, method: str, length: int | None) -> None:
    assert announced_length(response, method) == length
