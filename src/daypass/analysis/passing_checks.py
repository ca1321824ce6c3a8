"""Checks of permissions that reach far: iam:PassRole and iam:CreateServiceLinkedRole on more than named roles.

Source: IAM User Guide, "Grant a user permissions to pass a role to an AWS service". A condition on the service that is
passed to, or that the role is for, is the remedy AWS names.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from daypass.analysis.action_checks import has_wildcard
from daypass.analysis.subject import PolicyType
from daypass.policy.patterns import atoms, static_matcher

if TYPE_CHECKING:
    from daypass.analysis.places import Spot
    from daypass.analysis.review import Review
    from daypass.analysis.statements import Statement

_PASSED: Final = (
    ("PASS_ROLE", "iam:passrole", "iam:passedtoservice"),
    ("CREATE_SLR", "iam:createservicelinkedrole", "iam:awsservicename"),
)


def check_passing(statement: Statement, review: Review) -> None:
    """Both permissions, in identity policies that allow them."""
    if review.subject.type is not PolicyType.IDENTITY or not statement.allows or not statement.actions:
        return
    for code, action, remedy in _PASSED:
        if any(use.restricts for use in statement.of_key(remedy)):
            continue
        how = _how(statement, action)
        if how is not None:
            _tell(code, *how, statement, review)


def _how(statement: Statement, action: str) -> tuple[str, Spot] | None:
    """In which way the actions take in ``action``, and the entry that does."""
    matching = [entry for entry in statement.actions.entries if _matches(entry.text.lower(), action)]
    if statement.actions.negated:
        return ("NOT_ACTION", statement.actions.key or statement.spot) if not matching else None
    plain = next((entry for entry in matching if not has_wildcard(entry.text)), None)
    if plain is not None:
        return "", plain
    return ("STAR_IN_ACTION", matching[0]) if matching else None


def _matches(pattern: str, action: str) -> bool:
    return static_matcher(atoms(pattern, variables=False))(action)


def _tell(code: str, how: str, action: Spot, statement: Statement, review: Review) -> None:
    resources = statement.resources
    if resources.negated and resources.key is not None:
        ending = f"{how}_AND_NOT_RESOURCE" if how else "NOT_RESOURCE"
        review.report.add(f"{code}_WITH_{ending}", action, resources.key)
        return
    star = next((entry for entry in resources.entries if names_any_role(entry.text)), None)
    if star is None:
        return
    endings = {"": "STAR_IN_RESOURCE", "STAR_IN_ACTION": "STAR_IN_ACTION_AND_RESOURCE"}
    ending = endings.get(how, "STAR_IN_RESOURCE_AND_NOT_ACTION")
    review.report.add(f"{code}_WITH_{ending}", action, star)


def names_any_role(resource: str) -> bool:
    """Whether a resource takes in roles of every name: a star alone, or in place of the whole name."""
    if not has_wildcard(resource):
        return False
    last = resource.split(":", 5)[-1]
    name = last.removeprefix("role/")
    return name.strip("*") == "" or (name == last and static_matcher(atoms(last, variables=False))("role/\0"))
