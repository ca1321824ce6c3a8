"""JSON as policies need it: no duplicate keys, no surprises, and the places of things in the text.

RFC 8259 leaves duplicate names to the reader; two readers that choose differently are how CVE-2017-12635 happened, so
duplicates are refused here. Numbers keep the spelling they were sent with (a condition value ``10`` is the text ``10``).
The places are found by a second, iterative walk that is only taken when they are asked for.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

WHITE_SPACE = " \t\r\n"


class JsonNumber(str):
    """A JSON number by its spelling. A subclass of str, so that ``type(x) is str`` tells the two apart."""

    __slots__ = ()


def read(text: str) -> Any:
    """The value a JSON text stands for. Raises ValueError for anything else, however deep or odd it is."""
    try:
        value = json.loads(
            text,
            object_pairs_hook=_object,
            parse_int=JsonNumber,
            parse_float=JsonNumber,
            parse_constant=_no_constant,
        )
        # half of a surrogate pair, written as an escape, could neither be stored nor be named in an answer
        json.dumps(value, ensure_ascii=False).encode()
    except RecursionError:
        raise ValueError("nested too deeply") from None
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise ValueError("a name occurs twice in one object")
    return value


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


def policy_size(text: str) -> int:
    """The size of a document as quotas count it: characters, without white space outside of strings."""
    size = 0
    position = 0
    while True:
        quote = text.find('"', position)
        between = text[position:] if quote < 0 else text[position:quote]
        size += len(between) - sum(map(between.count, WHITE_SPACE))
        if quote < 0:
            return size
        position = _string_end(text, quote)
        size += position - quote


def statement_spans(text: str) -> tuple[tuple[int, int], ...]:
    """Where each statement of a (valid) document stands: the offsets of its ``{`` and of the character after its ``}``."""
    return tuple((start, end) for path, start, end in _values(text) if _is_statement(path) and text[start] == "{")


def rewrite_principals(text: str, mapping: Mapping[str, str]) -> str:
    """The text of a (valid) document with principal values replaced; every other character stays as it was sent."""
    pieces: list[str] = []
    copied = 0
    for path, start, end in _values(text):
        if text[start] != '"' or not _is_principal(path):
            continue
        replacement = mapping.get(json.loads(text[start:end]))
        if replacement is not None:
            pieces += (text[copied:start], json.dumps(replacement))
            copied = end
    return "".join((*pieces, text[copied:]))


Path = tuple["str | None", ...]
"""Where a value stands: the names on the way to it, None for a place in a list."""


def _is_statement(path: Path) -> bool:
    return path in (("Statement",), ("Statement", None))


def _is_principal(path: Path) -> bool:
    names = tuple(name for name in path if name is not None)
    return len(names) > 1 and names[0] == "Statement" and names[1] in ("Principal", "NotPrincipal")


def _values(text: str) -> Iterator[tuple[Path, int, int]]:
    """Every string, object and list of a valid JSON text with its path, in order of where it ends."""
    path: list[str | None] = []
    opened: list[int] = []
    position = 0
    while position < len(text):
        character = text[position]
        if character == '"':
            end = _string_end(text, position)
            if path and path[-1] == _NAME_EXPECTED:
                path[-1] = json.loads(text[position:end])
            else:
                yield tuple(path), position, end
            position = end
            continue
        if character in "{[":
            opened.append(position)
            path.append(_NAME_EXPECTED if character == "{" else None)
        elif character in "}]":
            path.pop()
            yield tuple(path), opened.pop(), position + 1
        elif character == "," and path[-1] is not None:
            path[-1] = _NAME_EXPECTED
        position += 1


_NAME_EXPECTED = "\0"
"""Marks an object whose next string is a name. No member of a policy is called so: names are known by then."""


def _string_end(text: str, quote: int) -> int:
    """The offset after the string that opens at ``quote``; the end of the text if it never closes."""
    position = quote + 1
    while True:
        close = text.find('"', position)
        if close < 0:
            return len(text)
        backslash = text.find("\\", position, close)
        if backslash < 0:
            return close + 1
        position = backslash + 2
