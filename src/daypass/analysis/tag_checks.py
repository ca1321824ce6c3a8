"""Checks of tag condition keys with actions that do not supply them (IAM User Guide, "Controlling access using tags").

The key is then absent: an Allow never grants those actions, and a Deny never denies them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from daypass.analysis.action_checks import split_action

if TYPE_CHECKING:
    from daypass.analysis.review import Review
    from daypass.analysis.statements import Statement

_TAGS: Final = ("aws:resourcetag/",)


def check_tags(statement: Statement, review: Review) -> None:
    """Each tag key that a statement asks for."""
    if statement.effect is None or not statement.actions.entries:
        return
    effect = statement.effect.upper()
    for use in statement.uses:
        if not use.key.startswith(_TAGS) or not use.restricts or use.base == "Null":
            continue
        shown = use.written_key.partition("/")[0]
        if statement.actions.negated:
            key = statement.actions.key or statement.spot
            code = f"{effect}_NOTACTION_WITH_UNSUPPORTED_TAG_CONDITION_KEY_FOR_SERVICE"
            review.report.add(code, key, use.key_spot, conditionKeyName=shown)
            continue
        services = _without(statement, use.written_key, review)
        if services:
            code = f"{effect}_WITH_UNSUPPORTED_TAG_CONDITION_KEY_FOR_SERVICE"
            review.report.add(code, use.key_spot, conditionKeyName=shown, serviceNames=services)


def _without(statement: Statement, key: str, review: Review) -> list[str]:
    """Services of which a listed action does not supply the key; of a pattern, none of its actions does."""
    found: dict[str, None] = {}
    wanted = review.knowledge.key_to_compare(key)
    for entry in statement.actions.entries:
        parts = split_action(entry.text)
        if parts is None or parts[0] in found:
            continue
        actions = review.knowledge.matching(*parts)
        if actions and not any(wanted in review.knowledge.supported_keys(parts[0], action) for action in actions):
            found[parts[0]] = None
    return list(found)
