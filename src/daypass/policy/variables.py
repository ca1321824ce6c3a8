"""Policy variables: ``${aws:username}`` and its kin (IAM User Guide, "IAM policy elements: Variables and tags").

A text is cut into what is written and what is filled in. What is filled in, and the escapes ``${*}``, ``${?}`` and
``${$}``, are plain text: a ``*`` in a tag is an asterisk, never a wildcard.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    Context = Mapping[str, str | tuple[str, ...]]
    """The condition keys of a request, in lower case. A tuple is a multivalued key; what is absent is absent."""


@dataclass(frozen=True, slots=True)
class Quoted:
    """Characters that stand for themselves even where wildcards count."""

    text: str


@dataclass(frozen=True, slots=True)
class Variable:
    """A key to be filled in from the request, ``name`` as it was written, ``key`` in lower case."""

    name: str
    key: str
    default: str | None

    def value(self, context: Context) -> str | None:
        """What stands for it in this request, or None: key absent without a default, or multivalued."""
        found = context.get(self.key, self.default)
        return found if isinstance(found, str) else None


Piece = str | Quoted | Variable


def pieces(text: str) -> tuple[Piece, ...]:
    """A text cut at its variables. ``${`` that never closes is text, as IAM has it."""
    found: list[Piece] = []
    position = 0
    while True:
        start = text.find("${", position)
        end = -1 if start < 0 else _closing_brace(text, start)
        if end < 0:
            break
        if start > position:
            found.append(text[position:start])
        found.append(_variable(text[start + 2 : end]))
        position = end + 1
    if position < len(text):
        found.append(text[position:])
    return tuple(found)


def _closing_brace(text: str, start: int) -> int:
    """Where the variable opened at ``start`` closes; a brace inside the quotes of its default does not count."""
    brace = text.find("}", start)
    quote = text.find("'", start, brace)
    if quote < 0:
        return brace
    closing_quote = text.find("'", quote + 1)
    return brace if closing_quote < 0 else text.find("}", closing_quote)


def _variable(inside: str) -> Quoted | Variable:
    if inside in ("*", "?", "$"):
        return Quoted(inside)
    name, comma, rest = inside.partition(",")
    default = rest.lstrip(" ")
    if comma and len(default) >= 2 and default[0] == default[-1] == "'":
        return Variable(name, name.lower(), default[1:-1])
    return Variable(inside, inside.lower(), None)


def filled(parts: Sequence[Piece], context: Context) -> str | None:
    """A text without wildcards with its variables filled in, or None where one cannot be."""
    texts: list[str] = []
    for part in parts:
        text = part.value(context) if isinstance(part, Variable) else part.text if isinstance(part, Quoted) else part
        if text is None:
            return None
        texts.append(text)
    return "".join(texts)
