"""Checks of wildcards and variables in condition values that match too much, or always, or never.

Source: IAM User Guide, "AWS global condition context keys", sensitive condition keys; "Condition operators".
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from daypass.analysis.action_checks import has_wildcard
from daypass.analysis.globs import VARIABLE

if TYPE_CHECKING:
    from daypass.analysis.places import Spot
    from daypass.analysis.review import Review
    from daypass.analysis.statements import Statement, Use

SENSITIVE: Final = frozenset(
    {
        "aws:principalaccount",
        "aws:principalorgid",
        "aws:resourceaccount",
        "aws:resourceorgid",
        "aws:sourceaccount",
        "aws:sourceorgid",
        "aws:sourcevpc",
        "aws:sourcevpce",
        "aws:vpceaccount",
        "aws:vpceorgid",
    }
)
_WILDCARDS: Final = re.compile(r"[*?]+")
_LIKE: Final = ("StringLike", "ArnLike", "ArnEquals")
_NOT_LIKE: Final = ("StringNotLike", "ArnNotLike", "ArnNotEquals")


def check_wildcards(statement: Statement, review: Review) -> None:
    """All values of all conditions that compare patterns."""
    for use in statement.uses:
        if use.base in (*_LIKE, *_NOT_LIKE) and any(value.text == "*" for value in use.values):
            _check_star(use, review)
        for value in use.values:
            _check_value(use, value, review)


def _check_star(use: Use, review: Review) -> None:
    """A star alone asks for nothing but the key itself, or not even for that."""
    operator = use.operator
    if operator is None:
        return
    negated = use.base in _NOT_LIKE
    match (negated, operator.qualifier, operator.if_exists):
        case (False, _, True) | (False, "ForAllValues", False):
            code = "REDUNDANT_KEY_DUE_TO_WILDCARD_IN_CONDITION"
        case (True, "ForAnyValue", False):
            code = "REDUNDANT_STATEMENT_DUE_TO_WILDCARD_IN_CONDITION"
        case (True, _, _):
            code = "EQUIVALENT_TO_NULL_TRUE"
        case _:
            code = "EQUIVALENT_TO_NULL_FALSE"
    review.report.add(
        code, use.key_spot, key=use.written_key, operator=use.written_operator, recommendedKey=use.written_key
    )


def _check_value(use: Use, value: Spot, review: Review) -> None:
    if use.base not in (*_LIKE, *_NOT_LIKE):
        return  # compared as a text, neither is more than itself
    text = value.text
    plain = VARIABLE.sub("", text)
    if text != "*" and has_wildcard(plain):
        _tell("WILDCARD_USAGE_TOO_PERMISSIVE", use, value, _WILDCARDS, review)
    if review.document.has_variables and VARIABLE.search(text):
        _tell("VARIABLE_USAGE_TOO_PERMISSIVE", use, value, VARIABLE, review)


def _tell(code: str, use: Use, value: Spot, loose: re.Pattern[str], review: Review) -> None:
    """Of a sensitive key; or of a user id whose first half, before the colon, is loose but not wholly."""
    if use.key in SENSITIVE:
        review.report.add(code, use.key_spot, value, key=use.written_key)
    elif use.key == "aws:userid":
        head = _head(value.text)
        if loose.search(head) and not loose.fullmatch(head):
            review.report.add(code, value, variant=1)


def _head(text: str) -> str:
    """What stands before the colon that is no variable's."""
    masked = VARIABLE.sub(lambda found: "x" * len(found[0]), text)
    colon = masked.find(":")
    return text if colon < 0 else text[:colon]
