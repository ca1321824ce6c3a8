"""The parts of a REST request that hold arguments, and what reading them has in common for XML and JSON bodies."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass
from typing import Any

Values = Mapping[str, list[str]]
"""Header or query names (headers in lower case) and all their values in order."""


@dataclass(frozen=True, slots=True)
class RestRequest:
    """The parts of a request that hold arguments."""

    labels: Mapping[str, str]
    query: Values
    headers: Values
    body: bytes = b""


Take = Callable[[RestRequest, dict[str, Any]], None]


def prefixed(name: str, prefix: str) -> Take:
    """``x-amz-meta-*``: names in lower case without the prefix; repeated ones joined by a comma, in order (A12)."""

    def take(request: RestRequest, found: dict[str, Any]) -> None:
        values = {
            header[len(prefix) :]: ",".join(parts)
            for header, parts in request.headers.items()
            if header.startswith(prefix) and len(header) > len(prefix)
        }
        if values:
            found[name] = values

    return take


def other_parameters(name: str, known: Container[str], *, many: bool) -> Take:
    """A member that takes all query parameters that no other member names."""

    def take(request: RestRequest, found: dict[str, Any]) -> None:
        rest = {key: values if many else values[0] for key, values in request.query.items() if key not in known}
        if rest:
            found[name] = rest

    return take


def split_list(text: str) -> list[str]:
    """A list in a header; commas inside quotes belong to the value."""
    parts, start, quoted = [], 0, False
    for index, character in enumerate(text):
        if character == '"' and (index == 0 or text[index - 1] != "\\"):
            quoted = not quoted
        elif character == "," and not quoted:
            parts.append(text[start:index])
            start = index + 1
    return [_unquoted(part.strip()) for part in [*parts, text[start:]]]


def _unquoted(part: str) -> str:
    if len(part) > 1 and part[0] == part[-1] == '"':
        return part[1:-1].replace('\\"', '"').replace("\\\\", "\\")
    return part


def split_times(text: str) -> list[str]:
    """A list of times: every date of RFC 7231 has a comma of its own."""
    parts = [part.strip() for part in text.split(",")]
    joined: list[str] = []
    for part in parts:
        if joined and joined[-1].isalpha() and len(joined[-1]) == 3:
            joined[-1] += f", {part}"
        else:
            joined.append(part)
    return joined
