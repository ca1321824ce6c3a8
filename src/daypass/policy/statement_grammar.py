"""What statements of every kind of policy have in common: their elements, Sids, Condition blocks and dates.

A fault is the way to it from where the check began (IAM User Guide, "Grammar of the IAM JSON policy language").
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, TypeGuard

from daypass.policy import problems
from daypass.policy.conditions import DATE_OPERATORS, operator_named
from daypass.policy.document import listed
from daypass.policy.operands import instant
from daypass.policy.problems import PolicyProblem

if TYPE_CHECKING:
    from collections.abc import Iterable

    from daypass.policy.json_text import Path

Raw = dict[str, Any]
POLICY_ELEMENTS = frozenset({"Version", "Id", "Statement"})
STATEMENT_ELEMENTS = frozenset(
    {
        "Sid",
        "Effect",
        "Principal",
        "NotPrincipal",
        "Action",
        "NotAction",
        "Resource",
        "NotResource",
        "Condition",
    }
)
SID = re.compile("[0-9A-Za-z]*")


def is_text(value: Any) -> TypeGuard[str]:
    """Whether a value is a JSON string. Numbers are read as another class."""
    return type(value) is str


def condition_fault(block: Any) -> Path | None:
    """Where a Condition element is none that we can hold to. An operator without keys is no condition, whatever its name."""
    if type(block) is not dict:
        return ()
    for operator, keys in block.items():
        if type(keys) is not dict or operator.count(":") > 1 or (keys and operator_named(operator) is None):
            return (operator,)
        if len({key.lower() for key in keys}) != len(keys):
            return (operator,)
        for key, values in keys.items():
            for place, value in enumerate(listed(values)):
                if not isinstance(value, (str, bool)):
                    return operator, key, place
    return None


def date_fault(statement: Raw) -> Path | None:
    """Where, in a good Condition block, a value under a Date operator is no date."""
    for written, keys in statement.get("Condition", {}).items():
        operator = operator_named(written)
        if operator is None or operator.base not in DATE_OPERATORS:
            continue
        for key, values in keys.items():
            for place, value in enumerate(listed(values)):
                if instant(str(value)) is None:
                    return written, key, place
    return None


def check_unique_sids(statements: Iterable[Raw], code: str) -> None:
    """The empty Sid is as good as none."""
    seen: set[str] = set()
    for index, statement in enumerate(statements):
        sid = statement.get("Sid")
        if sid and sid in seen:
            raise PolicyProblem(code, problems.SIDS_NOT_UNIQUE, path=("Statement", index, "Sid"))
        seen.add(sid or "")
