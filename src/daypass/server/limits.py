"""What a client may cost before it has proved anything (threats: K4, K5, slow and greedy clients).

The parser underneath (llhttp) knows no limits of its own: every bound on size, count and time is here.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on one connection. Sizes are in bytes, times in seconds."""

    head: int = 16 * 1024
    """Request line and headers together; also trailers, and the framing between two pieces of a chunked body."""
    fields: int = 100
    """Header lines."""
    target: int = 12 * 1024
    """The request target: an S3 key of 1,024 bytes, encoded, and a presigned query with a session token."""
    small_body: int = 64 * 1024
    """Bodies up to here are read whole before the request is answered."""
    drain: int = 64 * 1024
    """How much of a body that nobody wants is read to keep the connection."""
    head_time: float = 20
    """From the first byte of a request to the end of its headers, and from connecting to the first byte."""
    keep_alive: float = 60
    """How long a connection may be idle between two requests."""
    pace: int = 1024
    """The least bytes per second of a body, measured over ``pace_window``."""
    pace_window: float = 15
    stall: float = 60
    """How long a client may take nothing of an answer."""
    linger: float = 5
    """How long a connection that is given up is still read, so that the client gets to read the answer."""
