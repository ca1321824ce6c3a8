"""Wildcards: ``*`` for any run of characters, ``?`` for one (IAM User Guide, "Using wildcards in resource ARNs").

A pattern is compiled once to the cheapest test that says the same: equal, starts with, ends with, contains, or a walk
over the pieces between the stars. The walk takes the leftmost place for each piece and never goes back behind it, so
its cost is bounded by text times pattern. Nothing is ever turned into a regular expression.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

from daypass.policy.variables import Quoted, Variable, filled, pieces

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from daypass.policy.variables import Context

    Matcher = Callable[[str], bool]
    ContextMatcher = Callable[[str, Context], bool | None]


class Wild(Enum):
    """The two wildcards."""

    RUN = "*"
    ONE = "?"


Atom = str | Wild | Variable
Atoms = tuple[Atom, ...]
Segment = tuple["str | Wild", ...]
ARN_PARTS = 6


def atoms(text: str, *, variables: bool) -> Atoms:
    """A pattern taken apart: text, wildcards, and (where the document's version has them) variables."""
    taken: list[Atom] = []
    for piece in pieces(text) if variables else (text,):
        if isinstance(piece, str):
            taken += _wildcards(piece)
        else:
            taken.append(piece.text if isinstance(piece, Quoted) else piece)
    return _merged(taken)


def _wildcards(text: str) -> Iterable[Atom]:
    start = 0
    for index, character in enumerate(text):
        if character in "*?":
            if index > start:
                yield text[start:index]
            yield Wild(character)
            start = index + 1
    if start < len(text):
        yield text[start:]


def _merged(taken: Iterable[Atom]) -> Atoms:
    """Neighbouring texts become one text, neighbouring stars one star."""
    merged: list[Atom] = []
    for atom in taken:
        last = merged[-1] if merged else None
        if isinstance(atom, str) and isinstance(last, str):
            merged[-1] = last + atom
        elif not (atom is Wild.RUN and last is Wild.RUN):
            merged.append(atom)
    return tuple(merged)


def is_static(pattern: Atoms) -> bool:
    """Whether a pattern says the same for every request."""
    return not any(isinstance(atom, Variable) for atom in pattern)


def fill(pattern: Atoms, context: Context) -> Atoms | None:
    """A pattern with its variables filled in as plain text, or None where one cannot be."""
    taken: list[Atom] = []
    for atom in pattern:
        known = atom.value(context) if isinstance(atom, Variable) else atom
        if known is None:
            return None
        taken.append(known)
    return _merged(taken)


def static_matcher(pattern: Atoms) -> Matcher:  # noqa: PLR0911 - one per shape
    """The cheapest test for a pattern without variables."""
    match pattern:
        case ():
            return "".__eq__
        case (str() as text,):
            return text.__eq__
        case (Wild.RUN,):
            return _anything
        case (str() as prefix, Wild.RUN):
            return lambda text: text.startswith(prefix)
        case (Wild.RUN, str() as suffix):
            return lambda text: text.endswith(suffix)
        case (Wild.RUN, str() as middle, Wild.RUN):
            return lambda text: middle in text
    segments = _segments(pattern)
    if Wild.ONE not in pattern:
        return _runs_matcher(tuple("".join(map(str, segment)) for segment in segments))
    return lambda text: _matches(segments, text)


def _runs_matcher(texts: tuple[str, ...]) -> Matcher:
    """The test for texts with stars between them, and no question mark."""
    first, *between, last = texts
    taken, least = len(first), len(first) + len(last)

    def matches(text: str) -> bool:
        if len(text) < least or not (text.startswith(first) and text.endswith(last)):
            return False
        start, end = taken, len(text) - len(last)
        for piece in between:
            place = text.find(piece, start, end)
            if place < 0:
                return False
            start = place + len(piece)
        return True

    return matches


def context_matcher(pattern: Atoms) -> ContextMatcher:
    """The test for a pattern with variables; it gives None where a variable cannot be filled in."""
    opens = pattern[-1:] == (Wild.RUN,)
    head = tuple(atom for atom in (pattern[:-1] if opens else pattern) if not isinstance(atom, Wild))
    if len(head) + opens == len(pattern):
        return _beginning_matcher(head) if opens else _equality_matcher(head)

    def matches(text: str, context: Context) -> bool | None:
        known = fill(pattern, context)
        return None if known is None else _matches(_segments(known), text)

    return matches


def _equality_matcher(head: tuple[str | Variable, ...]) -> ContextMatcher:
    """The commonest shape with variables, made cheap: no wildcards at all."""

    def matches(text: str, context: Context) -> bool | None:
        whole = filled(head, context)
        return None if whole is None else text == whole

    return matches


def _beginning_matcher(head: tuple[str | Variable, ...]) -> ContextMatcher:
    """The next: one star, at the end."""

    def matches(text: str, context: Context) -> bool | None:
        beginning = filled(head, context)
        return None if beginning is None else text.startswith(beginning)

    return matches


def _anything(_text: str) -> bool:
    return True


def _segments(pattern: Atoms) -> tuple[Segment, ...]:
    """What stands between the stars."""
    segments: list[list[str | Wild]] = [[]]
    for atom in pattern:
        if atom is Wild.RUN:
            segments.append([])
        elif not isinstance(atom, Variable):
            segments[-1].append(atom)
    return tuple(tuple(segment) for segment in segments)


def _length(segment: Segment) -> int:
    return sum(len(atom) if isinstance(atom, str) else 1 for atom in segment)


def _matches(segments: tuple[Segment, ...], text: str) -> bool:
    first, last = segments[0], segments[-1]
    start, end = _length(first), len(text) - _length(last)
    if len(segments) == 1:
        return start == len(text) and _stands_at(first, text, 0)
    if start > end or not _stands_at(first, text, 0) or not _stands_at(last, text, end):
        return False
    for segment in segments[1:-1]:
        place = _find(segment, text, start, end)
        if place < 0:
            return False
        start = place + _length(segment)
    return True


def _stands_at(segment: Segment, text: str, place: int) -> bool:
    """Whether a segment matches here. The caller has made sure that there is room for it."""
    for atom in segment:
        if isinstance(atom, str):
            if not text.startswith(atom, place):
                return False
            place += len(atom)
        else:
            place += 1
    return True


def _find(segment: Segment, text: str, start: int, end: int) -> int:
    """The leftmost place of a segment in text[start:end], or -1."""
    length = _length(segment)
    offset = next((index for index, atom in enumerate(segment) if isinstance(atom, str)), None)
    if offset is None:
        return start if start + length <= end else -1
    if len(segment) == 1:
        return text.find(str(segment[0]), start, end)
    return _shift_and(segment, length, text, start, end)


def _shift_and(segment: Segment, length: int, text: str, start: int, end: int) -> int:
    """The leftmost place of a segment with ``?`` in it, in time that grows with the text alone.

    Baeza-Yates and Gonnet, "A new approach to text searching": bit n of ``state`` says that the last n + 1 characters
    are the segment's first n + 1. Trying each place by itself would take text times segment (threats: F10).
    """
    masks: dict[str, int] = {}
    anything, place = 0, 0
    for atom in segment:
        if isinstance(atom, str):
            for character in atom:
                masks[character] = masks.get(character, 0) | 1 << place
                place += 1
        else:
            anything |= 1 << place
            place += 1
    whole, state = 1 << (length - 1), 0
    for at in range(start, end):
        state = (state << 1 | 1) & (masks.get(text[at], 0) | anything)
        if state & whole:
            return at - length + 1
    return -1


def arn_parts(pattern: Atoms) -> tuple[Atoms, ...]:
    """A pattern cut at its first five colons. Those of a variable's value cut where it is filled in already."""
    parts: list[list[Atom]] = [[]]
    for atom in pattern:
        if not isinstance(atom, str):
            parts[-1].append(atom)
            continue
        first, *others = atom.split(":", ARN_PARTS - len(parts))
        parts[-1].append(first)
        parts += ([other] for other in others)
    return tuple(tuple(atom for atom in part if atom != "") for part in parts)
