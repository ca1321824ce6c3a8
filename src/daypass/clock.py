"""The edge where time and randomness enter. Every other module takes them as arguments."""

from __future__ import annotations

import os
import time

Seconds = float


def now() -> Seconds:
    """The current time in seconds since the epoch (UTC)."""
    return time.time()  # noqa: TID251 - this is the one place


def steady() -> Seconds:
    """Seconds since some moment in the past, on a clock that nobody sets: for the age of what is kept."""
    return time.monotonic()


def random_bytes(count: int) -> bytes:
    """Bytes from the operating system's generator."""
    return os.urandom(count)  # noqa: TID251 - this is the one place
