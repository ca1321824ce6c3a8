"""Percent escapes, decoded in this one place and exactly once (threats A10, A13).

Form bodies and query strings become one ordered list of pairs that routing, parsing, condition keys and audit share.
Only ``&`` separates pairs (CVE-2021-23336), names keep their case, and a text that is not UTF-8 is refused instead of
being repaired: two different requests never read as the same one.
"""

from __future__ import annotations

import re
from urllib.parse import quote_plus, unquote_to_bytes

Pairs = list[tuple[str, str]]

_BROKEN_ESCAPE = re.compile(rb"%(?![0-9A-Fa-f]{2})")


class NotText(ValueError):
    """Escapes are malformed, or the bytes that they stand for are not UTF-8."""


def pairs_of(encoded: bytes) -> Pairs:
    """The names and values of a form body or query string, in order, repeated ones included."""
    try:
        text = encoded.decode()
    except UnicodeDecodeError:
        raise NotText from None
    pairs = []
    for field in text.split("&"):
        name, _, value = field.partition("=")
        if "%" in field or "+" in field:
            pairs.append((_decoded(name), _decoded(value)))
        elif field:
            pairs.append((name, value))
    return pairs


def _decoded(text: str) -> str:
    if "+" in text:
        text = text.replace("+", " ")
    if "%" not in text:
        return text
    try:
        return unquote_to_bytes(text).decode()
    except UnicodeDecodeError:
        raise NotText from None


def path_text(raw: bytes) -> str:
    """A path, or a part of one, decoded. ``+`` is itself here, and a broken escape is refused."""
    if is_broken(raw):
        raise NotText
    try:
        return unquote_to_bytes(raw).decode() if b"%" in raw else raw.decode()
    except UnicodeDecodeError:
        raise NotText from None


def raw_bytes(raw: bytes) -> bytes:
    """What a path means to whoever decodes it, without a look at what comes out: to compare, never to serve from."""
    return unquote_to_bytes(raw)


def is_broken(raw: bytes) -> bool:
    """Whether a percent sign is not followed by two hexadecimal digits."""
    return b"%" in raw and _BROKEN_ESCAPE.search(raw) is not None


def key_text(key: str) -> str:
    """An object key as a listing writes it under ``encoding-type=url``: ``/`` stays, a blank is ``+``, ``+`` is ``%2B``."""
    return quote_plus(key, safe="/*", errors="replace")
