"""The engine that serves: layers compiled once, decisions in microseconds.

A decision only looks at statements that can match, which an index finds; they are compiled when they are first found,
and conditions are evaluated last. On a refusal the obvious engine decides again, which gives the explanation and holds
the two engines to each other: where they disagree, the answer is a refusal that says so.
"""

from __future__ import annotations

from dataclasses import replace
from operator import attrgetter
from typing import TYPE_CHECKING

from daypass.policy import obvious
from daypass.policy.combine import Verdicts, combine, identity_is_silent_without_policies
from daypass.policy.conditions import compile_condition
from daypass.policy.decision import Allow, Layer, Matched
from daypass.policy.document import Effect
from daypass.policy.index import StatementIndex
from daypass.policy.mentioned import mentioned_keys
from daypass.policy.patterns import atoms, static_matcher
from daypass.policy.principals import Naming, compile_principal
from daypass.policy.resources import compile_resources

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from daypass.policy.decision import AccessRequest, Decision
    from daypass.policy.document import Source, Statement
    from daypass.policy.layers import Layers
    from daypass.policy.patterns import Matcher
    from daypass.policy.principals import Principal
    from daypass.policy.variables import Context

_REMEMBERED_ACTIONS = 512
"""How many actions a layer keeps its candidates for. Simulators ask about any text; services only about their own."""

_OF_ORGANIZATIONS = ("aws:principalorg", "aws:resourceorg")
"""Condition keys that are looked up only for layers that ask for them."""


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
        "position",
        "where",
    )

    def __init__(self, position: int, source: Source, statement: Statement) -> None:
        policy = source.policy
        self.position = position
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
        for matches in self._actions:
            if matches(action):
                return not self._not_action
        return self._not_action

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


_position = attrgetter("position")


class CompiledLayer:
    """The policies of one layer, united. Immutable but for what it remembers of what it was asked."""

    __slots__ = ("_compiled", "_index", "_remembered", "_written", "asks_for_organizations", "sources")

    def __init__(self, sources: Sequence[Source]) -> None:
        self.sources = tuple(sources)
        self._written = [(source, statement) for source in self.sources for statement in source.policy.statements]
        self._index = StatementIndex([statement for _, statement in self._written])
        self._compiled: dict[int, CompiledStatement] = {}
        self._remembered: dict[str, tuple[CompiledStatement, ...]] = {}
        self.asks_for_organizations = any(
            key.lower().startswith(_OF_ORGANIZATIONS)
            for source in self.sources
            for key in mentioned_keys(source.policy)
        )

    def candidates(self, action: str, resource: str, principal: Principal) -> Sequence[CompiledStatement]:
        """The statements that can match, in their order; their Action elements do."""
        found = self._remembered.get(action)
        if found is None:
            found = self._remember(action)
        if self._index.only_by_action:
            return found
        more = self._covering(action, sorted(self._index.elsewhere(resource, principal)))
        return sorted((*found, *more), key=_position) if more and found else more or found

    def _remember(self, action: str) -> tuple[CompiledStatement, ...]:
        if len(self._remembered) >= _REMEMBERED_ACTIONS:
            self._remembered.clear()
        found = tuple(self._covering(action, self._index.under_action(action.lower())))
        self._remembered[action] = found
        return found

    def _covering(self, action: str, positions: Iterable[int]) -> list[CompiledStatement]:
        """Of some statements, those whose Action or NotAction element matches."""
        lower = action.lower()
        return [one for one in map(self._statement, positions) if one.covers_action(lower)]

    def _statement(self, position: int) -> CompiledStatement:
        compiled = self._compiled.get(position)
        if compiled is None:
            compiled = self._compiled[position] = CompiledStatement(position, *self._written[position])
        return compiled


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
    for statement in layer.candidates(request.action, resource, principal):
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
