"""The three spellings of time in signed requests, and S3's fourth in its answers.

ISO 8601 basic form (``20260830T123600Z``: X-Amz-Date), HTTP's own (RFC 9110, IMF-fixdate: Date), seconds of the epoch
(Expires of Signature Version 2), and ISO 8601 extended form (members of S3's errors).
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final

_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_HTTP_DATE: Final = re.compile(
    r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), ([0-9]{2}) ("
    + "|".join(_MONTHS)
    + r") ([0-9]{4}) ([0-9]{2}):([0-9]{2}):([0-9]{2}) "
    r"(?:GMT|UTC|[+-]0000)"
)


@lru_cache(maxsize=128)  # of many requests in one second
def parse_basic(text: str) -> int | None:
    """Seconds of the epoch of ``yyyymmddThhmmssZ``, or None."""
    if (
        len(text) != 16
        or text[8] != "T"
        or text[15] != "Z"
        or not (text.isascii() and (text[:8] + text[9:15]).isdigit())
    ):
        return None
    try:
        return int(datetime.fromisoformat(text).timestamp())
    except ValueError:
        return None


def parse_http_date(text: str) -> int | None:
    """Seconds of the epoch of ``Fri, 24 May 2013 00:00:00 GMT``, or None."""
    found = _HTTP_DATE.fullmatch(text)
    if found is None:
        return None
    day, month, year, hour, minute, second = found.groups()
    try:
        moment = datetime(
            int(year), _MONTHS.index(month) + 1, int(day), int(hour), int(minute), int(second), tzinfo=UTC
        )
    except ValueError:
        return None
    return int(moment.timestamp())


def basic(epoch: float) -> str:
    """``20260830T123600Z``."""
    return datetime.fromtimestamp(int(epoch), UTC).strftime("%Y%m%dT%H%M%SZ")


def extended(epoch: float) -> str:
    """``2026-08-30T12:36:00Z``."""
    return datetime.fromtimestamp(int(epoch), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
