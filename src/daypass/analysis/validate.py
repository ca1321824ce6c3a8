"""ValidatePolicy: everything that can be said of a policy by reading it. START HERE for this room.

    text -> tree with places (json_tree) -> statements (reading) -> checks, one module for each element -> findings

Text that is no JSON gives one finding and nothing else; any other text is read as far as it can be. The same text gives
the same findings, in the order in which they stand in it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from daypass.analysis.action_checks import check_actions, has_wildcard
from daypass.analysis.condition_checks import check_conditions
from daypass.analysis.control_checks import check_resource_control
from daypass.analysis.findings import Finding, Report
from daypass.analysis.json_tree import JsonFault, read_tree
from daypass.analysis.passing_checks import check_passing
from daypass.analysis.principal_checks import check_principals
from daypass.analysis.reading import read_document
from daypass.analysis.redundancy_checks import check_entries, check_statements
from daypass.analysis.resource_checks import check_resources
from daypass.analysis.review import Review
from daypass.analysis.tag_checks import check_tags
from daypass.analysis.trust_checks import check_trust
from daypass.analysis.value_checks import check_values
from daypass.analysis.variable_checks import check_variables
from daypass.analysis.whole_checks import check_sids, check_size
from daypass.analysis.wildcard_checks import check_wildcards

if TYPE_CHECKING:
    from daypass.analysis.knowledge import Knowledge
    from daypass.analysis.statements import Document
    from daypass.analysis.subject import Subject

_OF_STATEMENTS = (
    check_principals,
    check_actions,
    check_resources,
    check_conditions,
    check_values,
    check_wildcards,
    check_variables,
    check_passing,
    check_tags,
    check_trust,
    check_resource_control,
    check_entries,
)


MOST_PATTERNS: Final = 1_000
"""Actions with wildcards that are looked up: several times what fits into the largest policy that can be stored."""


class TooManyPatterns(Exception):
    """A policy would take too long to check. The text says why."""


def validate_policy(text: str, subject: Subject, knowledge: Knowledge) -> tuple[Finding, ...]:
    """The findings on a policy. Raises TooManyPatterns."""
    report = Report(text)
    try:
        tree = read_tree(text)
    except JsonFault as fault:
        at = report.places.at_offset(fault.offset)
        report.add("JSON_SYNTAX_ERROR", at, index=at.start.offset, line=at.start.line, column=at.start.column)
        return report.findings()
    document = read_document(text, tree, subject, report)
    review = Review(subject, document, knowledge, report)
    _bound(document)
    check_size(review)
    check_sids(review)
    for statement in document.statements:
        for check in _OF_STATEMENTS:
            check(statement, review)
    check_statements(review)
    return report.findings()


def _bound(document: Document) -> None:
    actions = {entry.text for statement in document.statements for entry in statement.actions.entries}
    if sum(map(has_wildcard, actions)) > MOST_PATTERNS:
        raise TooManyPatterns(f"The policy has more than {MOST_PATTERNS} actions with wildcards.")
