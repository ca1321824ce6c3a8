"""The engine that serves: layers compiled once, decisions in microseconds.

A layer keeps, per action it has been asked about, the statements whose Action element matches it, so a decision only
looks at statements that can match; conditions are evaluated last. On a refusal the obvious engine decides again, which
gives the explanation and holds the two engines to each other: where they disagree, the answer is a refusal that says so.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from daypass.policy import obvious
from daypass.policy.combine import Verdicts, combine, identity_is_silent_without_policies
from daypass.policy.conditions import compile_condition
from daypass.policy.decision import Allow, Layer, Matched
from daypass.policy.document import Effect
from daypass.policy.patterns import atoms, static_matcher
from daypass.policy.principals import Naming, compile_principal
from daypass.policy.resources import compile_resources

if TYPE_CHECKING:
    from collections.abc import Sequence

    from daypass.policy.decision import AccessRequest, Decision
    from daypass.policy.document import Source, Statement
    from daypass.policy.layers import Layers
    from daypass.policy.patterns import Matcher
    from daypass.policy.principals import Principal
    from daypass.policy.variables import Context

_REMEMBERED_ACTIONS = 512
"""How many actions a layer keeps its candidates for. Simulators ask about any text; services only about their own."""


class CompiledStatement:
    """One statement, ready to be asked."""

    __slots__ = (
        "_actions",
        "_denies",
        "_not_action",
        "_places",
        "_policy",
        "_principal",
        "_resources",
        "_tests",
        "where",
    )

    def __init__(self, source: Source, statement: Statement) -> None:
        policy = source.policy
        self._denies = statement.effect is Effect.DENY
        self._not_action = statement.not_action
        self._actions = tuple(_action_matcher(action) for action in statement.actions)
        self._resources = compile_resources(statement, policy)
        self._principal = (
            None if statement.principal is None else compile_principal(statement.principal, statement.effect)
        )
        self._tests = tuple(compile_condition(c, variables=policy.has_variables) for c in statement.conditions)
        self.where = (source.name, source.arn, statement.index, statement.sid, source.holder)
        self._places: dict[Layer, Matched] = {}

    @property
    def denies(self) -> bool:
        """Whether its effect is Deny."""
        return self._denies

    def covers_action(self, action: str) -> bool:
        """Whether the Action or NotAction element matches an action (in lower case)."""
        return any(matches(action) for matches in self._actions) is not self._not_action

    def applies(self, resource: str, context: Context, principal: Principal, bounded: bool) -> Naming:
        """How it names the caller if all of it matches, else NONE. What cannot be told holds for a Deny only."""
        told = True if self._resources is None else self._resources(resource, context)
        if told is not True and (told is False or not self._denies):
            return Naming.NONE
        naming = Naming.UNNAMED if self._principal is None else self._principal(principal, bounded)
        if naming:
            for test in self._tests:
                told = test(context)
                if told is not True and (told is False or not self._denies):
                    return Naming.NONE
        return naming

    def matched_in(self, layer: Layer) -> Matched:
        """Its place in a decision's reasons."""
        place = self._places.get(layer)
        if place is None:
            place = self._places[layer] = Matched(layer, *self.where)
        return place


def _action_matcher(action: str) -> Matcher:
    """Both parts of an action's name ignore case; no element but this one has no variables."""
    return static_matcher(atoms(action.lower(), variables=False))


class CompiledLayer:
    """The policies of one layer, united. Immutable but for what it remembers of actions it was asked about."""

    __slots__ = ("_candidates", "_statements", "sources")

    def __init__(self, sources: Sequence[Source]) -> None:
        self.sources = tuple(sources)
        self._statements = tuple(
            CompiledStatement(source, statement) for source in self.sources for statement in source.policy.statements
        )
        self._candidates: dict[str, tuple[CompiledStatement, ...]] = {}

    def candidates(self, action: str) -> tuple[CompiledStatement, ...]:
        """The statements whose action element matches."""
        found = self._candidates.get(action)
        if found is None:
            lower = action.lower()
            found = tuple(statement for statement in self._statements if statement.covers_action(lower))
            if len(self._candidates) >= _REMEMBERED_ACTIONS:
                self._candidates.clear()
            self._candidates[action] = found
        return found


def compile_layer(sources: Sequence[Source]) -> CompiledLayer:
    """Compile the policies of one layer. The result serves any number of decisions; keep it."""
    return CompiledLayer(sources)


def evaluate(layers: Layers, request: AccessRequest) -> Decision:
    """The decision, by the compiled layers alone."""
    verdicts = Verdicts(denied=[], allowed=[], silent=[])
    bounded = layers.boundary is not None
    resource_layer = Layer.TRUST if layers.resource_is_trust else Layer.RESOURCE
    for level in layers.service_control:
        _ask(Layer.SERVICE_CONTROL, level, request, bounded, verdicts)
    for level in layers.resource_control:
        _ask(Layer.RESOURCE_CONTROL, level, request, bounded, verdicts)
    if layers.endpoint is not None:
        _ask(Layer.ENDPOINT, layers.endpoint, request, bounded, verdicts)
    if layers.resource is not None:
        _ask(resource_layer, layers.resource, request, bounded, verdicts)
    if layers.identity is not None:
        _ask(Layer.IDENTITY, layers.identity, request, bounded, verdicts)
    elif identity_is_silent_without_policies(request.principal.kind):
        verdicts.silent.append(Layer.IDENTITY)
    if layers.boundary is not None:
        _ask(Layer.BOUNDARY, layers.boundary, request, bounded, verdicts)
    if layers.session is not None:
        _ask(Layer.SESSION, layers.session, request, bounded, verdicts)
    return combine(verdicts, request, resource_layer=resource_layer, resource_must_allow=layers.resource_must_allow)


def _ask(kind: Layer, layer: CompiledLayer, request: AccessRequest, bounded: bool, verdicts: Verdicts) -> None:
    """Take down what one layer says. Resource control policies never grant: all but their Deny is AWS's fixed Allow."""
    resource, context, principal = request.resource, request.context, request.principal
    silent = True
    for statement in layer.candidates(request.action):
        naming = statement.applies(resource, context, principal, bounded)
        if not naming:
            continue
        if statement.denies:
            verdicts.denied.append(statement.matched_in(kind))
        elif kind is Layer.RESOURCE or kind is Layer.TRUST:
            if naming is not Naming.UNNAMED:
                verdicts.allowed.append(statement.matched_in(kind))
                verdicts.grant = max(verdicts.grant, naming)
        elif kind is not Layer.RESOURCE_CONTROL:
            verdicts.allowed.append(statement.matched_in(kind))
            silent = False
    if silent:
        verdicts.silent.append(kind)


def decide(layers: Layers, request: AccessRequest) -> Decision:
    """Whether the request is allowed, and why. A refusal carries an explanation, and ``disagreed`` if the engines do."""
    decision = evaluate(layers, request)
    if isinstance(decision, Allow):
        return decision
    second = obvious.obvious_decide(layers, request)
    return replace(decision, explanation=second.explanation, disagreed=second != decision)
