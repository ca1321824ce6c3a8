"""The answer's shapes: EvaluationResult and what is in it (IAM API Reference; recorded where it is silent).

Lists are always told of the action as a whole; of a single resource only where there is something in them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from daypass.services.iam.simulation_bounds import check_told
from daypass.services.iam.simulation_decisions import most_restrictive

if TYPE_CHECKING:
    from collections.abc import Iterable

    from daypass.services.iam.simulation_decisions import Outcome, Scenario
    from daypass.services.iam.simulation_resources import Resources

Shape = dict[str, Any]


def result(scenario: Scenario, asked: Resources, action: str) -> Shape:
    """The EvaluationResult of one action: all resources together, then each. Raises InvalidInput."""
    questions = asked.questions(action)
    outcomes: list[Outcome] = []
    statements = keys = 0
    for question in questions:
        outcomes.append(scenario.decide(question))
        statements += len(outcomes[-1].matched)
        keys += len(outcomes[-1].missing)
        check_told(statements, keys)
    matched = dict.fromkeys(place for outcome in outcomes for place in outcome.matched)
    shape: Shape = {
        "EvalActionName": action,
        "EvalResourceName": asked.name_for(action),
        "EvalDecision": most_restrictive(outcome.decision for outcome in outcomes),
        "MatchedStatements": _statements(scenario, matched),
        "MissingContextValues": list(dict.fromkeys(key for outcome in outcomes for key in outcome.missing)),
    }
    allowed = [outcome.by_organization for outcome in outcomes if outcome.by_organization is not None]
    if allowed:
        shape["OrganizationsDecisionDetail"] = {"AllowedByOrganizations": all(allowed)}
    shape |= _boundary(outcomes)
    details = _united(outcomes)
    if details or not asked.is_any:
        shape["EvalDecisionDetails"] = details
    if not asked.is_any:
        shape["ResourceSpecificResults"] = [
            _of_resource(scenario, question.shown, outcome)
            for question, outcome in zip(questions, outcomes, strict=True)
        ]
    return shape


def _of_resource(scenario: Scenario, resource: str, outcome: Outcome) -> Shape:
    shape: Shape = {"EvalResourceName": resource, "EvalResourceDecision": outcome.decision}
    if outcome.matched:
        shape["MatchedStatements"] = _statements(scenario, outcome.matched)
    if outcome.missing:
        shape["MissingContextValues"] = list(outcome.missing)
    if outcome.details:
        shape["EvalDecisionDetails"] = dict(outcome.details)
    return shape | _boundary([outcome])


def _boundary(outcomes: list[Outcome]) -> Shape:
    allowed = [outcome.by_boundary for outcome in outcomes if outcome.by_boundary is not None]
    return {"PermissionsBoundaryDecisionDetail": {"AllowedByPermissionsBoundary": all(allowed)}} if allowed else {}


def _united(outcomes: list[Outcome]) -> dict[str, str]:
    """Per kind of policy, the most restrictive of what it decides on the resources."""
    decisions: dict[str, list[str]] = {}
    for outcome in outcomes:
        for kind, decision in outcome.details:
            decisions.setdefault(kind, []).append(decision)
    return {kind: most_restrictive(found) for kind, found in decisions.items()}


def _statements(scenario: Scenario, places: Iterable[tuple[int, int]]) -> list[Shape]:
    return [_statement(scenario, policy, statement) for policy, statement in places]


def _statement(scenario: Scenario, place: int, statement: int) -> Shape:
    named = scenario.policies[place]
    (line, column), (end_line, end_column) = scenario.positions(place)[statement]
    return {
        "SourcePolicyId": named.id,
        "SourcePolicyType": named.kind,
        "StartPosition": {"Line": line, "Column": column},
        "EndPosition": {"Line": end_line, "Column": end_column},
    }
