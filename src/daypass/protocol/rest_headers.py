"""An output's members in the headers of a REST answer (Smithy: httpHeader, httpPrefixHeaders), for XML and JSON alike."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from daypass.protocol.scalars import TIME_WRITERS, WRITERS, write_http_date

if TYPE_CHECKING:
    from daypass.protocol.models import Member, Model, Shape
    from daypass.request import Headers

HEAD = frozenset({"header", "headers", "statusCode"})
"""Locations of members that stand before the body."""

_SPLITTERS = frozenset("\r\n\0")

Put = Callable[[Mapping[str, Any], "Headers"], None]


def header_puts(model: Model, shape: Shape, *, head: bool) -> list[Put]:
    """The writers of an output's headers. ``head`` is an answer to HEAD: only there an operation says the length."""
    puts: list[Put] = []
    for name, use in shape.members.items():
        if use.location == "headers":
            puts.append(_prefixed(name, (use.location_name or "").lower()))
        elif use.location == "header":
            wire = (use.location_name or name).lower()
            if wire != "content-length" or head:  # elsewhere the server says it
                puts.append(_header(model, name, wire.encode("ascii"), use))
    return puts


def _header(model: Model, name: str, wire: bytes, use: Member) -> Put:
    text = _header_text(model, use)

    def put(output: Mapping[str, Any], headers: Headers) -> None:
        value = output.get(name)
        if value is not None:
            headers.append((wire, header_value(text(value))))

    return put


def _header_text(model: Model, use: Member) -> Callable[[Any], str]:
    shape = model.shapes[use.shape]
    if shape.type == "timestamp":
        form = use.timestamp_format or shape.timestamp_format
        return TIME_WRITERS[form] if form else write_http_date
    if shape.type == "list" and shape.member:
        each = _header_text(model, shape.member)
        quote = model.shapes[shape.member.shape].type == "string"
        return lambda value: ", ".join(_quoted(each(item)) if quote else each(item) for item in value)
    if use.jsonvalue:
        return lambda value: base64.b64encode(json.dumps(value).encode()).decode("ascii")
    return WRITERS[shape.type]


def _quoted(text: str) -> str:
    if "," in text or '"' in text:
        return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return text


def header_value(text: str) -> bytes:
    """A header's value. Text beyond ASCII travels as RFC 2047 says, as S3 returns user metadata.

    ValueError: the value would split the answer's head; nothing that holds one may have been stored.
    """
    if not _SPLITTERS.isdisjoint(text):
        raise ValueError("a header value holds a line break")
    if text.isascii():
        return text.encode("ascii")
    return b"=?UTF-8?B?" + base64.b64encode(text.encode("utf-8", "replace")) + b"?="


def _prefixed(name: str, prefix: str) -> Put:
    def put(output: Mapping[str, Any], headers: Headers) -> None:
        for key, value in (output.get(name) or {}).items():
            headers.append((header_value(prefix + key.lower()), header_value(value)))

    return put
