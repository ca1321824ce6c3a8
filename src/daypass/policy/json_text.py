"""JSON as policies need it: no duplicate keys, no surprises, and the places of things in the text.

RFC 8259 leaves duplicate names to the reader; two readers that choose differently are how CVE-2017-12635 happened, so
duplicates are refused here, and so is a depth that no policy has: what a place costs grows with it. Numbers keep the spelling they were sent with (a condition value ``10`` is the text ``10``).
The places are found by a second, iterative walk that is only taken when they are asked for.
"""

from __future__ import annotations

import json
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

WHITE_SPACE = " \t\r\n"
MOST_LEVELS = 32
"""How deep a document may be nested. The grammars know six levels."""

Path = tuple["str | int", ...]
"""Where a value stands: the names, and the places in lists, on the way to it."""


class NotJson(ValueError):
    """A text that is no JSON, or none that could be kept. ``offset`` is where that shows, if it is one place."""

    def __init__(self, why: str, offset: int | None = None) -> None:
        super().__init__(why)
        self.offset = offset


class JsonNumber(str):
    """A JSON number by its spelling. A subclass of str, so that ``type(x) is str`` tells the two apart."""

    __slots__ = ()


def read(text: str) -> Any:
    """The value a JSON text stands for. Raises NotJson for anything else, however deep or odd it is."""
    too_deep = _too_deep(text)
    if too_deep is not None:
        raise NotJson("nested too deeply", too_deep)
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
    except json.JSONDecodeError as error:
        raise NotJson(error.msg, error.pos) from None
    except _TwiceError:
        raise NotJson("a name occurs twice in one object", _second_of_a_name(text)) from None
    except ValueError as error:
        raise NotJson(str(error)) from None
    return value


class _TwiceError(ValueError):
    """A name occurs twice in one object."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise _TwiceError
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


@lru_cache(maxsize=32)
def statement_spans(text: str) -> tuple[tuple[int, int], ...]:
    """Where each statement of a (valid) document stands: the offsets of its ``{`` and of the character after its ``}``.

    Remembered, as it is asked once for each statement of a document.
    """
    return tuple(
        (start, end)
        for path, start, end in _values(text)
        if path[:1] == ("Statement",) and len(_names_of(path)) == 1 and text[start] == "{"
    )


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


def position_of(text: str, path: Path) -> tuple[int, int]:
    """Line and column, both from 1, of the value at ``path`` of a valid text, or of the closest to it that there is.

    A list of one may be a bare value: its place 0 then names that value.
    """
    closest, depth = len(text) - len(text.lstrip(WHITE_SPACE)), -1
    for found, start, _end in _values(text):
        taken = _depth_in(path, found)
        if taken > depth:
            closest, depth = start, taken
    return line_and_column(text, closest)


def line_and_column(text: str, offset: int) -> tuple[int, int]:
    """Where an offset is, as editors tell it: line and column from 1."""
    return text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset)


def _depth_in(path: Path, found: Path) -> int:
    """How much of ``path`` is the way to ``found``; -1 where that is no part of it."""
    taken = 0
    for step in found:
        if path[taken : taken + 1] == (0,) and step != 0:
            taken += 1
        if path[taken : taken + 1] != (step,):
            return -1
        taken += 1
    return taken


def _names_of(path: Path) -> tuple[str, ...]:
    return tuple(step for step in path if isinstance(step, str))


def _is_principal(path: Path) -> bool:
    names = _names_of(path)
    return len(names) > 1 and names[0] == "Statement" and names[1] in ("Principal", "NotPrincipal")


def _too_deep(text: str) -> int | None:
    """The offset of the first bracket that opens a level too many."""
    depth = position = 0
    while found := _MARK.search(text, position):
        position = found.end()
        if found[0] == '"':
            position = _string_end(text, found.start())
        elif found[0] in "]}":
            depth -= 1
        else:
            depth += 1
            if depth > MOST_LEVELS:
                return found.start()
    return None


def _second_of_a_name(text: str) -> int | None:
    """The offset of the value of the first name that its object had before."""
    names: list[set[str]] = []
    position = 0
    while found := _MARK.search(text, position):
        position = found.end()
        if found[0] in "{[":
            names.append(set())
        elif found[0] in "}]":
            names.pop()
        else:
            position = _string_end(text, found.start())
            colon = _COLON.match(text, position)
            if colon:
                name = json.loads(text[found.start() : position])
                if name in names[-1]:
                    return colon.end()
                names[-1].add(name)
    return None


class _NameExpected:
    """Stands in a path while its object waits for the next name."""


_NAME_EXPECTED: Any = _NameExpected()
_STRUCTURE = frozenset("{}[],:" + WHITE_SPACE)
_MARK = re.compile(r'["{}\[\]]')
_COLON = re.compile(rf"[{WHITE_SPACE}]*:[{WHITE_SPACE}]*")


def _values(text: str) -> Iterator[tuple[Path, int, int]]:
    """Every value of a valid JSON text with its path and its offsets, in order of where it ends."""
    path: list[Any] = []
    opened: list[int] = []
    position = 0
    while position < len(text):
        character = text[position]
        if character == '"':
            end = _string_end(text, position)
            if path and path[-1] is _NAME_EXPECTED:
                path[-1] = json.loads(text[position:end])
            else:
                yield tuple(path), position, end
            position = end
            continue
        if character not in _STRUCTURE:
            end = position
            while end < len(text) and text[end] not in _STRUCTURE:
                end += 1
            yield tuple(path), position, end
            position = end
            continue
        if character in "{[":
            opened.append(position)
            path.append(_NAME_EXPECTED if character == "{" else 0)
        elif character in "}]":
            path.pop()
            yield tuple(path), opened.pop(), position + 1
        elif character == ",":
            path[-1] = path[-1] + 1 if type(path[-1]) is int else _NAME_EXPECTED
        position += 1


def _string_end(text: str, quote: int) -> int:
    """The offset after the string that opens at ``quote``; the end of the text if it never closes."""
    position = quote + 1
    close = text.find('"', position)
    while close >= 0:
        backslash = text.find("\\", position, close)
        if backslash < 0:
            return close + 1
        position = backslash + 2
        if close < position:
            close = text.find('"', position)
    return len(text)
