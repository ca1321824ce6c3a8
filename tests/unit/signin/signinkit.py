"""A request as a browser makes it, without any SDK."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from worldkit import SECURE, Answer, Host

from daypass.request import Listener, Request

if TYPE_CHECKING:
    from collections.abc import Mapping


def browse(host: Host, path: str, query: Mapping[str, Any] | None = None, *, cookie: str = "", method: str = "GET", listener: Listener = SECURE) -> Answer:  # fmt: skip
    """A request as a browser, or a script without any SDK, makes it."""
    headers = [(b"host", b"signin.aws.amazon.com"), (b"user-agent", b"Mozilla/5.0")]
    if cookie:
        headers.append((b"cookie", f"other=1; {cookie}; last=2".encode()))
    text = urlencode(query or {}).encode()
    in_body = method == "POST" and query is not None
    if in_body:
        headers.append((b"content-type", b"application/x-www-form-urlencoded"))
    return host.ask(Request(method, path.encode(), b"" if in_body else text, headers, text if in_body else b"", "192.0.2.7", listener))  # fmt: skip
