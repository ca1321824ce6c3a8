"""Heads of messages: what of a request's head is refused, and how a response's head is written (RFC 9112).

The parser refuses most of what smuggles a second request past a proxy (threats: H4, A12): both lengths, two lengths,
odd lengths, folded lines, bare CR or LF, control characters, blanks before the colon. What it lets pass is refused here,
on the list of headers that goes on to the pipeline: no second reading, no look-up in the bytes.
"""

from __future__ import annotations

import http
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

    from daypass.request import Headers, Response
    from daypass.server.limits import Limits

WATCHED = frozenset({b"host", b"content-length", b"transfer-encoding", b"expect"})
HOST_CHARACTERS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~:[]"
META_PREFIX = b"x-amz-meta-"
FIELD_OVERHEAD = 4
NO_BODY = frozenset({204, 304})

STATUS_LINES = {
    status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode("ascii") for status in http.HTTPStatus
}


class BadHead(Exception):
    """A request that is refused before anything reads it; the connection is closed."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class Head(NamedTuple):
    """What of a request's head says where it goes and how much follows."""

    path: bytes
    query: bytes
    length: int
    """The declared length; 0 where there is no body."""
    chunked: bool
    expects: bool


def read_head(version: str, method: bytes, target: bytes, headers: Headers, limits: Limits) -> Head:
    """Check a head. Raises BadHead."""
    if version not in {"1.1", "1.0"}:
        raise BadHead(505)
    if len(target) > limits.target:
        raise BadHead(414)
    if len(headers) > limits.fields:
        raise BadHead(431)
    found: dict[bytes, bytes] = {}
    for name, value in headers:
        if name in WATCHED:
            if name in found:
                raise BadHead(400)
            found[name] = value
        elif b"_" in name and not name.startswith(META_PREFIX):
            raise BadHead(400)  # gateways turn a_b into the same variable as a-b (A12)
    host = _host(found.get(b"host"), version)
    if method == b"CONNECT" or b"#" in target:
        raise BadHead(400)
    path, _, query = (target if target.startswith(b"/") else _origin_form(target, host)).partition(b"?")
    length = int(found.get(b"content-length", 0))
    return Head(path, query, length, _chunked(found, version), _expects(found, version))


def _host(host: bytes | None, version: str) -> bytes | None:
    """The Host header: there, and a host (RFC 9112, 3.2)."""
    if host is None:
        if version == "1.1":
            raise BadHead(400)
    elif not host or host.translate(None, HOST_CHARACTERS):
        raise BadHead(400)
    return host


def _chunked(found: dict[bytes, bytes], version: str) -> bool:
    """Whether the body is chunked. No other coding is undone here, so none may be there."""
    coding = found.get(b"transfer-encoding")
    if coding is None:
        return False
    if coding.lower() != b"chunked" or version == "1.0":
        raise BadHead(400)
    return True


def _expects(found: dict[bytes, bytes], version: str) -> bool:
    """Whether the client waits for a word before it sends the body (RFC 9110, 10.1.1)."""
    expectation = found.get(b"expect")
    if expectation is None:
        return False
    if expectation.lower() != b"100-continue":
        raise BadHead(417)
    return version == "1.1"


def _origin_form(target: bytes, host: bytes | None) -> bytes:
    """The path of an absolute-form target (RFC 9112, 3.2.2), if its authority is the Host header's (A11)."""
    scheme, separator, rest = target.partition(b"://")
    authority, slash, path = rest.partition(b"/")
    if not separator or scheme.lower() not in {b"http", b"https"} or authority.lower() != (host or b"").lower():
        raise BadHead(400)
    return slash + path or b"/"


def head_size(target: bytes, headers: Headers) -> int:
    """The size of a head as it came over the wire, but for blanks."""
    return len(target) + sum(len(name) + len(value) + FIELD_OVERHEAD for name, value in headers)


def announced_length(response: Response, method: str) -> int | None:
    """The content-length to write; None where the answer has none (RFC 9110, 8.6) or says it itself (HEAD)."""
    if response.status in NO_BODY:
        return None
    length = len(response.body) if isinstance(response.body, bytes) else response.body.length
    if method == "HEAD" and (not length or any(name == b"content-length" for name, _ in response.headers)):
        return None
    return length


def write_head(
    status: int, headers: Iterable[tuple[bytes, bytes]], length: int | None, date: bytes, *, close: bool
) -> bytes:
    """A response's head. ``length`` is None where the headers say it themselves or there is none to say.

    Raises ValueError where a header would end its line early (response splitting: threats H7, I1).
    """
    lines = [STATUS_LINES.get(status) or b"HTTP/1.1 %d \r\n" % status, date]
    lines += [b"%b: %b\r\n" % header for header in headers]
    if length is not None:
        lines.append(b"content-length: %d\r\n" % length)
    if close:
        lines.append(b"connection: close\r\n")
    count = len(lines) if date else len(lines) - 1
    lines.append(b"\r\n")
    head = b"".join(lines)
    if head.count(b"\n") != count + 1 or head.count(b"\r") != count + 1 or b"\0" in head:
        raise ValueError("a response header holds a line break or NUL")
    return head
