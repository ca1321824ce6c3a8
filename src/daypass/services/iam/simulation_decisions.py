"""One action on one resource, decided: by the engine that serves, on hypothetical layers.

The answers of its parts (the boundary alone, the identity-based policies alone) are the same engine's, asked with
everything else allowing. (IAM API Reference, EvaluationResult and ResourceSpecificResult.)
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Final

from daypass.policy import (
    AccessRequest,
    Allow,
    CompiledLayer,
    ExplicitDeny,
    Grammar,
    Layer,
    Layers,
    Source,
    compile_layer,
    parse,
)
from daypass.policy.compiled import evaluate
from daypass.policy.mentioned import mentioned_keys
from daypass.services.iam.simulation_documents import BOUNDARY_POLICY, IAM_POLICY, RESOURCE_POLICY
from daypass.services.iam.simulation_positions import statement_positions

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from daypass.policy import Decision, Matched
    from daypass.services.iam.simulation_context import SimulatedCaller
    from daypass.services.iam.simulation_documents import NamedPolicy, Policies
    from daypass.services.iam.simulation_positions import Position
    from daypass.services.iam.simulation_resources import Question

ALLOWED, EXPLICIT, IMPLICIT = "allowed", "explicitDeny", "implicitDeny"
STRICTNESS: Final = (ALLOWED, IMPLICIT, EXPLICIT)
"""The decisions, the most restrictive last."""
_SHOWN: Final = (Layer.BOUNDARY, Layer.RESOURCE, Layer.IDENTITY)
_EVERYTHING: Final = '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}'


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was decided on one resource. None is a part that has no say, and is not told.

    ``matched`` are the statements that made the decision: a policy's place among the scenario's, and the statement's.
    """

    decision: str
    matched: tuple[tuple[int, int], ...] = ()
    missing: tuple[str, ...] = ()
    by_organization: bool | None = None
    by_boundary: bool | None = None
    details: tuple[tuple[str, str], ...] = ()


class Scenario:
    """The layers, the caller and the context of a simulation, compiled once for all its questions."""

    def __init__(self, caller: SimulatedCaller, policies: Policies) -> None:
        boundary, resource = policies.boundary, policies.resource
        self.policies = [*policies.identity, *(boundary or ()), *((resource,) if resource else ())]
        places = iter(range(len(self.policies)))
        self._identity = _layer(policies.identity, places)
        self._boundary = None if boundary is None else _layer(boundary, places)
        self._resource = None if resource is None else _layer([resource], places)
        self._organization = tuple(compile_layer([Source(one, "") for one in level]) for level in policies.organization)
        self._caller = caller
        keys = dict.fromkeys(key for named in self.policies for key in mentioned_keys(named.policy))
        self._missing = tuple(key for key in keys if key.lower() not in caller.context)
        self._positions: dict[int, tuple[tuple[Position, Position], ...]] = {}

    def positions(self, place: int) -> tuple[tuple[Position, Position], ...]:
        """Where the statements of a policy stand: found when first told, and kept for the other resources."""
        found = self._positions.get(place)
        if found is None:
            found = self._positions[place] = statement_positions(self.policies[place].policy.text)
        return found

    def decide(self, question: Question) -> Outcome:
        """The outcome for one action on one resource."""
        principal, context = self._caller.principal, self._caller.context
        owner = question.owner or principal.account
        request = AccessRequest(principal, question.action, question.resource, owner, context)
        own = replace(request, resource_account=principal.account)
        by_organization = None
        if self._organization:
            decision = evaluate(Layers(identity=_allows_all(), service_control=self._organization), own)
            if not isinstance(decision, Allow):  # ends the simulation: nothing further is told
                return Outcome(_word(decision), by_organization=False)
            by_organization = True
        by_boundary = None if self._boundary is None else _word(evaluate(Layers(identity=self._boundary), own))
        details = self._details(request, own, by_boundary)
        bounded = None if by_boundary is None else by_boundary == ALLOWED
        if not question.fits:
            return Outcome(IMPLICIT, (), self._missing, by_organization, bounded, details)
        layers = Layers(identity=self._identity, boundary=self._boundary, resource=self._resource)
        decision = evaluate(layers, request)
        word = _word(decision)
        missing = self._missing if word == IMPLICIT else ()
        return Outcome(word, _matched(decision), missing, by_organization, bounded, details)

    def _details(
        self, request: AccessRequest, own: AccessRequest, by_boundary: str | None
    ) -> tuple[tuple[str, str], ...]:
        """What each kind of policy says, where two accounts have a say."""
        if request.resource_account == own.resource_account:
            return ()
        details = [] if by_boundary is None else [(BOUNDARY_POLICY, by_boundary)]
        resource = Layers(identity=_allows_all(), resource=self._resource, resource_must_allow=True)
        details.append((RESOURCE_POLICY, _word(evaluate(resource, request))))
        details.append((IAM_POLICY, _word(evaluate(Layers(identity=self._identity), own))))
        return tuple(details)


def most_restrictive(decisions: Iterable[str]) -> str:
    """What is left when all must allow."""
    return max(decisions, key=STRICTNESS.index)


def _layer(policies: list[NamedPolicy], places: Iterator[int]) -> CompiledLayer:
    """Policies under the number of their place: names, in simulations, are not unique."""
    return compile_layer([Source(named.policy, str(place)) for named, place in zip(policies, places, strict=False)])


@cache
def _allows_all() -> CompiledLayer:
    return compile_layer((Source(parse(_EVERYTHING, Grammar.IDENTITY), ""),))


def _word(decision: Decision) -> str:
    if isinstance(decision, Allow):
        return ALLOWED
    return EXPLICIT if isinstance(decision, ExplicitDeny) else IMPLICIT


def _matched(decision: Decision) -> tuple[tuple[int, int], ...]:
    """The statements that decided. A boundary's grants decide nothing; its denials do."""
    if isinstance(decision, Allow):
        by = [one for one in decision.by if one.layer is not Layer.BOUNDARY]
    else:
        by = list(decision.by) if isinstance(decision, ExplicitDeny) else []
    by.sort(key=_rank)
    return tuple((int(one.policy), one.statement) for one in by)


def _rank(matched: Matched) -> int:
    return _SHOWN.index(matched.layer)
