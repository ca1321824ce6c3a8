"""JSON from strangers, read one way only: UTF-8, an object, no numbers that are none, no texts that are none (RFC 8259)."""

from __future__ import annotations

import json
import re
from typing import Any, Final

DEEPEST: Final = 32
"""How deep arrays and objects may be within each other: far less than what any reader's stack takes."""

_TOO_DEEP: Final = "nested too deep"
_SURROGATE: Final = re.compile(r"\\u[dD][89a-fA-F]")


def json_object(data: bytes, *, unique: bool = False) -> dict[str, Any]:
    """The object that is written there; of members of one name the last, or none may share one where ``unique``.

    Raises ValueError, also for what is nested too deep and for numbers too long to be any.
    """
    text = data.decode()
    try:
        value = (_UNIQUE if unique else _PLAIN).decode(text)
    except RecursionError:
        raise ValueError(_TOO_DEEP) from None
    if not isinstance(value, dict):
        raise ValueError("not a JSON object")  # noqa: TRY004 - one kind of error for what strangers wrote
    _check_depth(value)
    if _SURROGATE.search(text):
        json.dumps(value, ensure_ascii=False).encode()  # half a character cannot be written: UnicodeEncodeError
    return value


def _check_depth(value: Any) -> None:
    """Level by level, so that the check itself needs no stack."""
    level = [value]
    for _ in range(DEEPEST):
        inner = [one.values() if isinstance(one, dict) else one for one in level]
        level = [one for members in inner for one in members if isinstance(one, dict | list)]
        if not level:
            return
    raise ValueError(_TOO_DEEP)


def _no_number(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


def _fraction(text: str) -> float:
    number = float(text)
    if number in (float("inf"), float("-inf")):
        raise ValueError("a number is too large")
    return number


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a member is there twice")
    return members


_PLAIN: Final = json.JSONDecoder(parse_constant=_no_number, parse_float=_fraction)
_UNIQUE: Final = json.JSONDecoder(parse_constant=_no_number, parse_float=_fraction, object_pairs_hook=_unique)
