"""Where AWS's simulators say that a statement stands in its document (recorded)."""

from __future__ import annotations

from bisect import bisect_left

from daypass.policy import statement_spans
from daypass.policy.json_text import WHITE_SPACE

Position = tuple[int, int]
"""Line and column, both from 1."""


def statement_positions(text: str) -> tuple[tuple[Position, Position], ...]:
    """Per statement, where AWS's parser stood before and after it. The whole document is read, once.

    A lone statement begins behind its ``{``. One in a list begins behind the list's ``[``, or where the one before
    ended.
    """
    spans = statement_spans(text)
    if not spans:
        return ()
    line_ends = [offset for offset, character in enumerate(text) if character == "\n"]
    brace = spans[0][0]
    before = text[:brace].rstrip(WHITE_SPACE)
    starts = [len(before) if before.endswith("[") else brace + 1, *(end for _, end in spans[:-1])]
    return tuple(
        (_position(line_ends, start), _position(line_ends, end)) for start, (_, end) in zip(starts, spans, strict=True)
    )


def _position(line_ends: list[int], offset: int) -> Position:
    line = bisect_left(line_ends, offset)
    return line + 1, offset - (line_ends[line - 1] if line else -1)
