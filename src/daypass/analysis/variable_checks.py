"""Checks of policy variables: where they may stand, and how they are written (IAM User Guide, "Variables and tags")."""

from __future__ import annotations

from typing import TYPE_CHECKING

from daypass.analysis.places import Part

if TYPE_CHECKING:
    from collections.abc import Iterator

    from daypass.analysis.places import Spot
    from daypass.analysis.review import Review
    from daypass.analysis.statements import Statement

_ESCAPES = frozenset({"*", "?", "$"})
_RESOURCE_PART = 5


def check_variables(statement: Statement, review: Review) -> None:
    """All texts of a statement."""
    for spot in _forbidden(statement):
        for part, inside in _variables(spot):
            if inside is not None:
                shown = spot.text[part.start : part.start + part.length]
                review.report.add("VARIABLE_UNSUPPORTED_IN_ELEMENT", part, variable=shown)
    for entry in statement.resources.entries:
        if entry.text.count(":", 0, entry.text.find("${")) >= _RESOURCE_PART or entry.text.find("${") < 0:
            _check_text(entry, review)
    for use in statement.uses:
        allowed = use.base.startswith(("String", "Arn"))
        for value in use.values:
            if allowed:
                _check_text(value, review)
            elif use.base and "${" in value.text:
                review.report.add("INVALID_VARIABLE_FOR_OPERATOR", value)


def _forbidden(statement: Statement) -> Iterator[Spot]:
    """Everything that takes no variables."""
    if statement.sid is not None:
        yield statement.sid
    yield from statement.actions.entries
    yield from (use.spot for use in statement.names)
    yield from (use.key_spot for use in statement.uses)


def _check_text(spot: Spot, review: Review) -> None:
    found = list(_variables(spot))
    if found and not review.document.has_variables:
        review.report.add("VARIABLE_UNSUPPORTED_IN_VERSION", found[0][0])
        return
    for part, inside in found:
        code = _fault(inside)
        if code is not None:
            review.report.add(code, part)


def _fault(inside: str | None) -> str | None:
    """What is wrong with the text between the braces; None for the text of a variable that never closes."""
    if inside is None:
        return "MISSING_BRACE_IN_VARIABLE"
    if inside in _ESCAPES:
        return None
    name, comma, default = inside.partition(",")
    if not name.strip():
        return "EMPTY_VARIABLE"
    if " " in name:
        return "UNSUPPORTED_SPACE_IN_VARIABLE"
    default = default.strip(" ")
    if comma and (len(default) < 2 or default[0] != "'" or default[-1] != "'"):
        return "MISSING_QUOTE_IN_VARIABLE"
    return None


def _variables(spot: Spot) -> Iterator[tuple[Part, str | None]]:
    """Each ``${...}`` of a text, with what stands inside; None inside one that does not close."""
    text, place = spot.text, 0
    while True:
        start = text.find("${", place)
        if start < 0:
            return
        end = text.find("}", start)
        if end < 0:
            yield Part(spot, start, len(text) - start), None
            return
        yield Part(spot, start, end + 1 - start), text[start + 2 : end]
        place = end + 1
