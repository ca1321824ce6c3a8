"""Numbers, booleans, times and blobs between text and value, as the Smithy specification's protocols write them.

Every reader raises :class:`Malformed` for text that is none of its kind, and nothing else.
"""

from __future__ import annotations

import base64
import binascii
import math
import re
from calendar import timegm
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import formatdate, parsedate_to_datetime
from functools import lru_cache
from typing import Any

Reader = Callable[[str], Any]
Writer = Callable[[Any], str]

_INTEGER = re.compile(r"[+-]?0*([0-9]{1,20})", re.ASCII)
_FLOAT = re.compile(r"[+-]?([0-9]{1,40}(\.[0-9]{0,40})?|\.[0-9]{1,40})([eE][+-]?[0-9]{1,3})?", re.ASCII)
_ISO_8601 = re.compile(
    r"(\d{4})-?(\d\d)-?(\d\d)[Tt](\d\d):?(\d\d):?(\d\d)(?:\.(\d{1,9}))?([Zz]|[+-]\d\d:?\d\d)", re.ASCII
)
_NAMED_FLOATS = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}
_BITS = {"integer": 31, "long": 63}


class Malformed(ValueError):
    """Text is no value of the type that the model asks for. The text of the error is AWS's, or empty."""


def _integer(text: str, bits: int) -> int:
    found = _INTEGER.fullmatch(text)
    if not found:
        raise Malformed("" if text else "missing value for decimal type")
    number = -int(found[1]) if text[0] == "-" else int(found[1])
    if not -(1 << bits) <= number < 1 << bits:
        raise Malformed
    return number


def read_integer(text: str) -> int:
    """A signed 32-bit number; ``+900`` and ``0900`` are 900, as on AWS."""
    return _integer(text, _BITS["integer"])


def read_long(text: str) -> int:
    """A signed 64-bit number."""
    return _integer(text, _BITS["long"])


def read_float(text: str) -> float:
    """A floating-point number, or one of the three named values."""
    if text in _NAMED_FLOATS:
        return _NAMED_FLOATS[text]
    if not _FLOAT.fullmatch(text):
        raise Malformed
    return float(text)


def read_boolean(text: str) -> bool:
    """``true`` or ``false`` in any case: clients written in Python send ``True``."""
    match text.lower():
        case "true":
            return True
        case "false":
            return False
    raise Malformed


def read_blob(text: str) -> bytes:
    """Base64 with its padding."""
    try:
        return base64.b64decode(text.encode("ascii"), validate=True)
    except (UnicodeEncodeError, binascii.Error):
        raise Malformed from None


def read_time(text: str) -> datetime:
    """A moment in any of the three forms that AWS's protocols use: ISO 8601, RFC 7231, seconds since the epoch."""
    if found := _ISO_8601.fullmatch(text):
        year, month, day, hour, minute, second = (int(part) for part in found.groups()[:6])
        fraction, zone = found[7] or "", found[8]
        try:
            moment = datetime(year, month, day, hour, minute, second, tzinfo=UTC)
            return moment + timedelta(microseconds=int(fraction.ljust(9, "0")[:6] or 0)) - _offset(zone)
        except (ValueError, OverflowError):
            raise Malformed from None
    if _FLOAT.fullmatch(text):
        return from_epoch(float(text))
    try:
        moment = parsedate_to_datetime(text)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        raise Malformed from None


def _offset(zone: str) -> timedelta:
    if zone in "Zz":
        return timedelta()
    amount = timedelta(hours=int(zone[1:3]), minutes=int(zone[-2:]))
    return -amount if zone[0] == "-" else amount


def from_epoch(seconds: float) -> datetime:
    """Seconds since the epoch as a moment in UTC."""
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        raise Malformed from None


def to_epoch(moment: datetime | float) -> float:
    """A moment as seconds since the epoch; operations give either. A moment without a zone is UTC."""
    if not isinstance(moment, datetime):
        return moment
    return timegm(moment.utctimetuple()) + moment.microsecond / 1_000_000


def write_boolean(value: Any) -> str:
    """``true`` or ``false``."""
    return "true" if value else "false"


def write_blob(value: bytes) -> str:
    """Base64."""
    return base64.b64encode(value).decode("ascii")


def write_float(value: float) -> str:
    """The shortest text that reads back as the same number."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return repr(value)


@lru_cache(maxsize=1024)
def _iso8601(second: int) -> str:
    """The same second is written in many answers."""
    return from_epoch(second).strftime("%Y-%m-%dT%H:%M:%SZ")


@lru_cache(maxsize=1024)
def _http_date(second: int) -> str:
    return formatdate(second, usegmt=True)


def write_iso8601(moment: datetime | float) -> str:
    """``2026-11-24T11:15:12Z``: STS and IAM write whole seconds."""
    return _iso8601(int(to_epoch(moment) // 1))


def write_iso8601_milliseconds(moment: datetime | float) -> str:
    """``2026-11-24T11:15:12.000Z``: S3 writes milliseconds in XML."""
    milliseconds = int(to_epoch(moment) * 1000 // 1)
    return f"{from_epoch(milliseconds // 1000):%Y-%m-%dT%H:%M:%S}.{milliseconds % 1000:03d}Z"


def write_http_date(moment: datetime | float | str) -> str:
    """``Tue, 24 Nov 2026 11:15:12 GMT`` (RFC 9110, section 5.6.7)."""
    return moment if isinstance(moment, str) else _http_date(int(to_epoch(moment) // 1))


def write_epoch(moment: datetime | float) -> str:
    """Seconds since the epoch, with a fraction only where there is one."""
    seconds = to_epoch(moment)
    return str(int(seconds)) if seconds == int(seconds) else repr(seconds)


READERS: dict[str, Reader] = {
    "string": str,
    "character": str,
    "integer": read_integer,
    "long": read_long,
    "float": read_float,
    "double": read_float,
    "boolean": read_boolean,
    "blob": read_blob,
    "timestamp": read_time,
}

WRITERS: dict[str, Writer] = {
    "string": str,
    "character": str,
    "integer": str,
    "long": str,
    "float": write_float,
    "double": write_float,
    "boolean": write_boolean,
    "blob": write_blob,
}

TIME_WRITERS: dict[str, Writer] = {
    "iso8601": write_iso8601,
    "rfc822": write_http_date,
    "unixTimestamp": write_epoch,
}
