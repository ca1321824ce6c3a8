"""The engine that explains: AWS's flowchart, step by step, from the documents as they were written.

It shares with the compiled engine the parsed documents and the meaning of single values (dates, numbers, addresses),
and nothing else: wildcards, variables, principals, conditions and the combination of layers are written again here, as
plainly as they can be. It decides every refusal a second time; what the two say must be the same.
(IAM User Guide, "How AWS enforcement code logic evaluates requests to allow or deny access".)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from daypass.policy.decision import Allow, Examined, ExplicitDeny, ImplicitDeny, Layer, Matched
from daypass.policy.document import Effect
from daypass.policy.obvious_statement import Asked, failures_of, naming_of
from daypass.policy.principals import Naming, PrincipalKind

if TYPE_CHECKING:
    from collections.abc import Iterable

    from daypass.policy.compiled import CompiledLayer
    from daypass.policy.decision import AccessRequest, Decision
    from daypass.policy.document import Source, Statement
    from daypass.policy.layers import Layers


def _denies(examined: Examined) -> bool:
    return not examined.failures and examined.effect is Effect.DENY


def _allows(examined: Examined) -> bool:
    """An Allow of a resource's policy counts only if it names the caller; one of an RCP grants nothing."""
    layer = examined.where.layer
    if examined.failures or examined.effect is Effect.DENY or layer is Layer.RESOURCE_CONTROL:
        return False
    return layer not in (Layer.RESOURCE, Layer.TRUST) or examined.naming is not Naming.UNNAMED


@dataclass(frozen=True, slots=True)
class _Reading:
    """The statements of every layer, examined. A layer that does not exist is None, not empty."""

    service_control: list[list[Examined]]
    resource_control: list[list[Examined]]
    endpoint: list[Examined] | None
    resource: list[Examined] | None
    identity: list[Examined] | None
    boundary: list[Examined] | None
    session: list[Examined] | None

    @property
    def everything(self) -> list[Examined]:
        """All statements, in the order in which AWS names layers."""
        layers = (
            *self.service_control,
            *self.resource_control,
            self.endpoint,
            self.resource,
            self.identity,
            self.boundary,
            self.session,
        )
        return [statement for layer in layers if layer is not None for statement in layer]


def obvious_decide(layers: Layers, request: AccessRequest) -> Decision:
    """Whether the request is allowed, why, and for every statement which part of it failed."""
    reading = _read(layers, request)
    explanation = tuple(reading.everything)
    # 1. An explicit deny, wherever it stands, ends it.
    denies = tuple(examined.where for examined in explanation if _denies(examined))
    if denies:
        return ExplicitDeny(denies, explanation)
    # 2. Every level of the organization must allow, and so must the endpoint that the request came through.
    silent: list[Layer] = []
    if not all(_some_allow(level) for level in reading.service_control):
        silent.append(Layer.SERVICE_CONTROL)
    if reading.endpoint is not None and not _some_allow(reading.endpoint):
        silent.append(Layer.ENDPOINT)
    # 3. Then the policies of the caller and of the resource.
    silent += _silent_between_caller_and_resource(reading, layers, request)
    if silent:
        return ImplicitDeny(tuple(silent), explanation)
    return Allow(tuple(examined.where for examined in explanation if _allows(examined)), explanation)


def _silent_between_caller_and_resource(reading: _Reading, layers: Layers, request: AccessRequest) -> list[Layer]:
    own = Layer.TRUST if layers.resource_is_trust else Layer.RESOURCE
    principal = request.principal
    grant = max((s.naming for s in reading.resource or () if _allows(s)), default=Naming.NONE)
    same_account = principal.account == request.resource_account
    match principal.kind:
        case PrincipalKind.SERVICE | PrincipalKind.ANONYMOUS | PrincipalKind.WEB_IDENTITY | PrincipalKind.SAML:
            # They have no policies of their own: the resource's policy allows them, or nothing does.
            return [own] if grant is Naming.NONE else []
        case _ if same_account and grant is Naming.DIRECT:
            # In the account of the resource, a grant to exactly this caller is the end of it.
            return []
    silent: list[Layer] = []
    # The root user needs no identity-based policy. A grant to the caller's role stands in for one, in its account.
    needs_none = principal.kind is PrincipalKind.ROOT and reading.identity is None
    stands_in = same_account and grant is Naming.THROUGH
    if not (needs_none or stands_in or _some_allow(reading.identity or ())):
        silent.append(Layer.IDENTITY)
    if reading.boundary is not None and not _some_allow(reading.boundary):
        silent.append(Layer.BOUNDARY)
    if reading.session is not None and not _some_allow(reading.session):
        silent.append(Layer.SESSION)
    # Across accounts, and where the resource has the first word, its policy must allow too.
    if grant is Naming.NONE and (layers.resource_must_allow or not same_account):
        silent.append(own)
    return silent


def _some_allow(statements: Iterable[Examined]) -> bool:
    return any(map(_allows, statements))


def _read(layers: Layers, request: AccessRequest) -> _Reading:
    bounded = layers.boundary is not None

    def examined(layer: Layer, policies: CompiledLayer) -> list[Examined]:
        return [
            _examine(statement, source, layer, asked)
            for source in policies.sources
            for asked in [Asked(request, source.policy, bounded)]
            for statement in source.policy.statements
        ]

    def if_any(layer: Layer, policies: CompiledLayer | None) -> list[Examined] | None:
        return None if policies is None else examined(layer, policies)

    return _Reading(
        service_control=[examined(Layer.SERVICE_CONTROL, level) for level in layers.service_control],
        resource_control=[examined(Layer.RESOURCE_CONTROL, level) for level in layers.resource_control],
        endpoint=if_any(Layer.ENDPOINT, layers.endpoint),
        resource=if_any(Layer.TRUST if layers.resource_is_trust else Layer.RESOURCE, layers.resource),
        identity=if_any(Layer.IDENTITY, layers.identity),
        boundary=if_any(Layer.BOUNDARY, layers.boundary),
        session=if_any(Layer.SESSION, layers.session),
    )


def _examine(statement: Statement, source: Source, layer: Layer, asked: Asked) -> Examined:
    where = Matched(layer, source.name, source.arn, statement.index, statement.sid, source.holder)
    failures = failures_of(statement, asked)
    naming = Naming.NONE if failures else naming_of(statement, asked)
    return Examined(where, statement.effect, failures, source, naming)
