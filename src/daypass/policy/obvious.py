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
    from daypass.policy.layers import Layers


@dataclass(frozen=True, slots=True)
class _Statement:
    """A statement that was examined, and how its Principal element names the caller."""

    examined: Examined
    naming: Naming

    @property
    def denies(self) -> bool:
        return not self.examined.failures and self.examined.effect is Effect.DENY

    @property
    def allows(self) -> bool:
        """An Allow of a resource's policy counts only if it names the caller."""
        layer = self.examined.where.layer
        if self.examined.failures or self.examined.effect is Effect.DENY or layer is Layer.RESOURCE_CONTROL:
            return False
        return layer not in (Layer.RESOURCE, Layer.TRUST) or self.naming is not Naming.UNNAMED


def obvious_decide(layers: Layers, request: AccessRequest) -> Decision:
    """Whether the request is allowed, why, and for every statement which part of it failed."""
    bounded = layers.boundary is not None
    own = Layer.TRUST if layers.resource_is_trust else Layer.RESOURCE

    def read(layer: Layer, policies: CompiledLayer | None) -> list[_Statement]:
        return [] if policies is None else list(_examine(layer, policies, request, bounded=bounded))

    control_levels = [read(Layer.SERVICE_CONTROL, level) for level in layers.service_control]
    resource_levels = [read(Layer.RESOURCE_CONTROL, level) for level in layers.resource_control]
    endpoint = read(Layer.ENDPOINT, layers.endpoint)
    resource = read(own, layers.resource)
    identity = read(Layer.IDENTITY, layers.identity)
    boundary = read(Layer.BOUNDARY, layers.boundary)
    session = read(Layer.SESSION, layers.session)
    control, resource_control = sum(control_levels, []), sum(resource_levels, [])
    everything = [*control, *resource_control, *endpoint, *resource, *identity, *boundary, *session]
    explanation = tuple(statement.examined for statement in everything)

    # An explicit deny, wherever it stands, ends it.
    denies = tuple(statement.examined.where for statement in everything if statement.denies)
    if denies:
        return ExplicitDeny(denies, explanation)

    silent: list[Layer] = []
    # Every level of the organization must allow, and so must the endpoint the request came through.
    if not all(_allows(level) for level in control_levels):
        silent.append(Layer.SERVICE_CONTROL)
    if layers.endpoint is not None and not _allows(endpoint):
        silent.append(Layer.ENDPOINT)

    grant = max((statement.naming for statement in resource if statement.allows), default=Naming.NONE)
    principal = request.principal
    match principal.kind:
        case PrincipalKind.SERVICE | PrincipalKind.ANONYMOUS | PrincipalKind.WEB_IDENTITY | PrincipalKind.SAML:
            # They have no policies of their own: the resource's policy allows them, or nothing does.
            if grant is Naming.NONE:
                silent.append(own)
        case _:
            same_account = principal.account == request.resource_account
            # In the account of the resource, a grant to exactly this caller is the end of it.
            if not (same_account and grant is Naming.DIRECT):
                # The root user needs no identity-based policy; a grant to the caller's role stands in for one.
                root = principal.kind is PrincipalKind.ROOT and layers.identity is None
                if not root and not _allows(identity) and not (same_account and grant is Naming.THROUGH):
                    silent.append(Layer.IDENTITY)
                if layers.boundary is not None and not _allows(boundary):
                    silent.append(Layer.BOUNDARY)
                if layers.session is not None and not _allows(session):
                    silent.append(Layer.SESSION)
                # Across accounts, and where the resource has the first word, its policy must allow too.
                if grant is Naming.NONE and (layers.resource_must_allow or not same_account):
                    silent.append(own)
    if silent:
        return ImplicitDeny(tuple(silent), explanation)
    return Allow(tuple(statement.examined.where for statement in everything if statement.allows), explanation)


def _allows(statements: Iterable[_Statement]) -> bool:
    return any(statement.allows for statement in statements)


def _examine(layer: Layer, policies: CompiledLayer, request: AccessRequest, *, bounded: bool) -> Iterable[_Statement]:
    for source in policies.sources:
        asked = Asked(request, source.policy, bounded=bounded)
        for statement in source.policy.statements:
            where = Matched(layer, source.name, source.arn, statement.index, statement.sid)
            failures = failures_of(statement, asked)
            naming = Naming.NONE if failures else naming_of(statement, asked)
            yield _Statement(Examined(where, statement.effect, failures), naming)
