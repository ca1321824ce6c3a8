"""Values as one line of JSON: whatever a caller sent, no control character and no line break of any sort is in it."""

from __future__ import annotations

import re
from typing import Any, Final

import msgspec

_UNPRINTABLE: Final = re.compile("[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]")
_ENCODER: Final = msgspec.json.Encoder()


def encode(value: Any) -> bytes:
    """A value on one line. Lone surrogates and numbers that JSON's writer refuses become texts."""
    try:
        line = _ENCODER.encode(value)
    except (UnicodeEncodeError, OverflowError):
        line = _ENCODER.encode(_writable(msgspec.to_builtins(value)))
    if line.isascii() and b"\x7f" not in line:
        return line
    return _UNPRINTABLE.sub(lambda found: f"\\u{ord(found[0]):04x}", line.decode()).encode()


def _writable(value: Any) -> Any:
    match value:
        case str():
            return value.encode(errors="backslashreplace").decode()
        case bool():
            return value
        case int():
            return value if -(1 << 63) <= value < 1 << 64 else str(value)
        case dict():
            return {_writable(key): _writable(item) for key, item in value.items()}
        case list() | tuple():
            return [_writable(item) for item in value]
        case _:
            return value
