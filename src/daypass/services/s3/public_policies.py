"""When a bucket policy is public (S3 User Guide, "Blocking public access to your Amazon S3 storage", The meaning of "public").

A policy is public unless each Allow for everybody is narrowed, by a condition that must hold, to fixed values of one of a
few keys. What is not known to narrow does not narrow.
"""

from __future__ import annotations

from functools import lru_cache
from ipaddress import IPv4Network, ip_network
from typing import TYPE_CHECKING

from daypass.policy import Effect, Grammar, parse

if TYPE_CHECKING:
    from daypass.policy import Statement
    from daypass.policy.document import Condition

_EVERYBODY = frozenset({("*", "*"), ("AWS", "*")})
_TEXT_OPERATORS = frozenset({"stringequals", "stringequalsignorecase", "stringlike", "arnequals", "arnlike"})
_FIXING_KEYS = frozenset(
    {
        "aws:principalarn",
        "aws:principalorgid",
        "aws:sourceaccount",
        "aws:sourcearn",
        "aws:sourceowner",
        "aws:sourcevpc",
        "aws:sourcevpce",
        "aws:userid",
        "s3:dataaccesspointaccount",
        "s3:dataaccesspointarn",
    }
)
_WIDEST_V4 = 8
_WIDEST_V6 = 32


@lru_cache(maxsize=1024)
def is_public(document: str) -> bool:
    """Whether a stored bucket policy lets in people whom it does not name."""
    return any(_is_public(statement) for statement in parse(document, Grammar.BUCKET).statements)


def _is_public(statement: Statement) -> bool:
    if statement.effect is not Effect.ALLOW or statement.principal is None:
        return False
    if not statement.principal.negated and _EVERYBODY.isdisjoint(statement.principal.names):
        return False
    return not any(_narrows(condition) for condition in statement.conditions)


def _narrows(condition: Condition) -> bool:
    operator = condition.operator.lower().removeprefix("foranyvalue:")
    key = condition.key.lower()
    if operator == "ipaddress" and key == "aws:sourceip":
        return bool(condition.values) and all(map(_is_narrow_network, condition.values))
    if operator not in _TEXT_OPERATORS or key not in _FIXING_KEYS:
        return False
    if key == "aws:userid" and any(value.lower() == "anonymous" for value in condition.values):
        return False  # every stranger has that id
    return bool(condition.values) and all(map(_is_fixed, condition.values))


def _is_fixed(value: str) -> bool:
    return not any(sign in value for sign in ("*", "?", "${"))


def _is_narrow_network(value: str) -> bool:
    try:
        network = ip_network(value, strict=False)
    except ValueError:
        return False
    return network.prefixlen >= (_WIDEST_V4 if isinstance(network, IPv4Network) else _WIDEST_V6)
