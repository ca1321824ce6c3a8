"""What the values of typed conditions mean: numbers, instants, addresses, binary (IAM User Guide, "Condition operators").

Each function gives None for a text that is no such value. A condition that meets None cannot be told; see
:mod:`~daypass.policy.conditions` for what follows.
"""

from __future__ import annotations

import base64
import binascii
import re
from decimal import Decimal
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

_NUMBER = re.compile(r"[+-]?[0-9]{1,40}(?:\.[0-9]{1,40})?")
_INSTANT = re.compile(
    r"(?P<year>[+-]?[0-9]{1,9})(?:-(?P<month>[0-9]{1,2})(?:-(?P<day>[0-9]{1,2}))?)?"
    r"(?:[Tt](?:(?P<hour>[0-9]{1,2})(?::(?P<minute>[0-9]{1,2})(?::(?P<second>[0-9]{1,2})(?:\.(?P<fraction>[0-9]{1,9}))?)?)?)?"
    r"(?P<zone>[Zz]|[+-][0-9]{2}(?::?[0-9]{2})?)?)?"
)
_TRUTHS = {"true": True, "false": False}
_NANOSECONDS = 1_000_000_000
_LAST_EPOCH_SECOND = 2**63 - 1
_MAPPED_BITS = 96
_FIRST_YEAR, _LAST_YEAR = -292_275_054, 292_278_993


def number(text: str) -> Decimal | None:
    """An integer or decimal number."""
    return Decimal(text) if _NUMBER.fullmatch(text) else None


def truth(text: str) -> bool | None:
    """``true`` or ``false``, in any case."""
    return _TRUTHS.get(text.lower())


def binary(text: str) -> bytes | None:
    """Base64 as RFC 4648 has it."""
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None


def instant(text: str) -> int | None:
    """Nanoseconds since the epoch, of W3C's subset of ISO 8601 or of epoch seconds.

    Four digits are a year, any other count of digits are seconds. Which odd forms pass (a bare ``T``, one-digit hours)
    and which do not (a one-digit zone, ten digits of fraction) follows what IAM stored and refused.
    """
    if text.isascii() and text.isdigit() and len(text) != 4:
        return int(text) * _NANOSECONDS if len(text) < 20 and int(text) <= _LAST_EPOCH_SECOND else None
    match = _INSTANT.fullmatch(text)
    if match is None:
        return None
    year, month, day = (int(match[part] or 1) for part in ("year", "month", "day"))
    hour, minute, second = (int(match[part] or 0) for part in ("hour", "minute", "second"))
    zone = _zone_seconds(match["zone"] or "Z")
    if zone is None or not _FIRST_YEAR <= year <= _LAST_YEAR or not 1 <= month <= 12:
        return None
    if not 1 <= day <= _month_length(year, month) or hour > 23 or minute > 59 or second > 59:
        return None
    seconds = _days(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second - zone
    return seconds * _NANOSECONDS + int((match["fraction"] or "").ljust(9, "0"))


def _zone_seconds(zone: str) -> int | None:
    if zone in "Zz":
        return 0
    hours, minutes = int(zone[1:3]), int(zone[3:].lstrip(":") or 0)
    if hours > 23 or minutes > 59:
        return None
    return (hours * 3_600 + minutes * 60) * (-1 if zone[0] == "-" else 1)


def _month_length(year: int, month: int) -> int:
    if month == 2:
        return 29 if year % 4 == 0 and (year % 100 != 0 or year % 400 == 0) else 28
    return 30 if month in (4, 6, 9, 11) else 31


def _days(year: int, month: int, day: int) -> int:
    """Days from 1970-01-01 in the proleptic Gregorian calendar; the years of IAM's dates are beyond ``datetime``."""
    year -= month <= 2
    era, year_of_era = divmod(year, 400)
    day_of_year = (153 * (month + (-3 if month > 2 else 9)) + 2) // 5 + day - 1
    return era * 146_097 + year_of_era * 365 + year_of_era // 4 - year_of_era // 100 + day_of_year - 719_468


@lru_cache(maxsize=4_096)
def address(text: str) -> tuple[int, int] | None:
    """An address as (version, number). An IPv4 address mapped into IPv6 is the IPv4 address it stands for."""
    if "%" in text:
        return None
    try:
        value: IPv4Address | IPv6Address = ip_address(text)
    except ValueError:
        return None
    mapped = value.ipv4_mapped if isinstance(value, IPv6Address) else None
    return (value.version, int(value)) if mapped is None else (4, int(mapped))


def network(text: str) -> tuple[int, int, int] | None:
    """A range as (version, first address, mask). No prefix is one address; bits after the prefix do not count.

    A range of IPv4 addresses mapped into IPv6 is the range of these, as :func:`address` has it.
    """
    base, slash, prefix = text.partition("/")
    if slash and not (prefix.isascii() and prefix.isdigit()):
        return None
    if "%" in base:
        return None
    try:
        value = ip_network(text, strict=False)
    except ValueError:
        return None
    if (
        isinstance(value, IPv6Network)
        and value.prefixlen >= _MAPPED_BITS
        and value.network_address.ipv4_mapped is not None
    ):
        value = IPv4Network((int(value.network_address.ipv4_mapped), value.prefixlen - _MAPPED_BITS))
    return value.version, int(value.network_address), int(value.netmask)
