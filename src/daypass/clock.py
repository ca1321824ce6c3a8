"""The edge where time and randomness enter. Every other module takes them as arguments; here is how AWS writes a time."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime
from functools import lru_cache

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


@lru_cache(maxsize=1024)
def iso_time(seconds: int) -> str:
    """``2026-11-24T10:00:00Z``."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
