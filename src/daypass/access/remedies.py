"""The smallest change that would have allowed a refused request: which layer lacks what, or which statement is in the way.

Pure. Every layer that had to allow and was silent needs one statement, about this action on this resource and no more;
every statement that denied has to go or to be narrowed. All changes of one refusal together allow the request: this is
tried on the engine before they are told, and where it is not so, or where one could not be stored, none is told.

Whom an identity provider vouches for is let in by subject, never by provider or audience alone: everybody may have these
(IAM User Guide, "Identity-provider controls for shared OIDC providers"). Where the subject is not known, it is asked for.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from daypass.policy import (
    Allow,
    Effect,
    ExplicitDeny,
    Grammar,
    ImplicitDeny,
    Layer,
    PolicyProblem,
    PrincipalKind,
    Source,
    check_provider_controls,
    compile_layer,
    obvious_decide,
    parse,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from daypass.policy import AccessRequest, CompiledLayer, Decision, Examined, Layers, Matched

Json = dict[str, Any]

_GRAMMARS: Final = {
    Layer.SERVICE_CONTROL: Grammar.SERVICE_CONTROL,
    Layer.ENDPOINT: Grammar.ENDPOINT,
    Layer.RESOURCE: Grammar.ENDPOINT,  # the rules of a resource-based policy, without those of one service
    Layer.TRUST: Grammar.TRUST,
    Layer.IDENTITY: Grammar.IDENTITY,
    Layer.BOUNDARY: Grammar.IDENTITY,
    Layer.SESSION: Grammar.SESSION,
}
_FIELDS: Final = {
    Layer.ENDPOINT: "endpoint",
    Layer.RESOURCE: "resource",
    Layer.TRUST: "resource",
    Layer.IDENTITY: "identity",
    Layer.BOUNDARY: "boundary",
    Layer.SESSION: "session",
}
_NO_ACTION: Final = "-"
_EQUALS: Final = "StringEquals"
_S3: Final = "arn:aws:s3:::"
_PROVEN: Final = (PrincipalKind.WEB_IDENTITY, PrincipalKind.SAML)  # whom "*" does not let in


@dataclass(frozen=True, slots=True)
class Addition:
    """A statement that a silent layer lacks. ``near`` are statements of that layer that only their conditions keep away.

    ``enough`` says that this change alone, without those of other layers, allows the request.
    """

    layer: Layer
    statement: Json
    near: tuple[Examined, ...] = ()
    enough: bool = False


@dataclass(frozen=True, slots=True)
class Obstacle:
    """A statement that denies, to be removed or narrowed."""

    layer: Layer
    seen: Examined


@dataclass(frozen=True, slots=True)
class Need:
    """A silent layer lacks a statement with a condition on ``key``, whose value in the request is not known.

    ``trial`` is that statement without the condition. It lets in all of a provider's people, so it is tried and never told.
    """

    layer: Layer
    key: str
    trial: Json
    near: tuple[Examined, ...] = ()


Remedy = Addition | Need | Obstacle


def remedies(decision: Decision, layers: Layers, request: AccessRequest) -> tuple[Remedy, ...]:
    """What has to change for a decision of the obvious engine, in AWS's order of layers; nothing for a request that is allowed already, or never can be."""
    if isinstance(decision, Allow):
        return ()
    found: list[Remedy] = []
    rest: Decision = decision
    if isinstance(rest, ExplicitDeny):
        found += [
            Obstacle(seen.where.layer, seen)
            for seen in rest.explanation
            if seen.effect is Effect.DENY and not seen.failures
        ]
        rest = obvious_decide(applied(found, layers), request)
    if isinstance(rest, ImplicitDeny):
        found += [_lacking(layer, request, _near(rest, layer)) for layer in rest.silent]
    try:
        for change in found:
            if isinstance(change, Addition):
                _check_storable(change, request)
        if not isinstance(obvious_decide(applied(found, layers), request), Allow):
            return ()
    except PolicyProblem:
        return ()
    return tuple(_with_sufficiency(found, layers, request))


def _lacking(layer: Layer, request: AccessRequest, near: tuple[Examined, ...]) -> Addition | Need:
    statement = statement_for(layer, request)
    subject = _claim(request, "sub")
    if "Federated" in statement.get("Principal", ()) and subject not in statement.get("Condition", {}).get(_EQUALS, ()):
        return Need(layer, subject, {part: what for part, what in statement.items() if part != "Condition"}, near)
    return Addition(layer, statement, near)


def _check_storable(change: Addition, request: AccessRequest) -> None:
    """Raises PolicyProblem where the policy's own service would not take such a statement."""
    s3 = request.action.lower().startswith("s3:") and request.resource.startswith(_S3)
    grammar = Grammar.BUCKET if change.layer is Layer.RESOURCE and s3 else _GRAMMARS[change.layer]
    policy = parse(_document(change.statement), grammar)
    if grammar is Grammar.TRUST:
        check_provider_controls(policy)


def statement_for(layer: Layer, request: AccessRequest) -> Json:
    """The statement that a layer lacks: this action on this resource, for this caller."""
    statement: Json = {"Effect": "Allow"}
    conditions: Json = {}
    proven = request.principal.kind in _PROVEN
    if layer in (Layer.RESOURCE, Layer.TRUST) or (layer is Layer.ENDPOINT and proven):
        statement["Principal"], conditions = _principal(request)
    elif layer is Layer.ENDPOINT:
        statement["Principal"], conditions = "*", _arn_condition(request)
    statement["Action"] = request.action
    if layer is not Layer.TRUST:
        statement["Resource"] = _literal(request.resource)
    if conditions:
        statement["Condition"] = conditions
    return statement


def applied(changes: Iterable[Remedy], layers: Layers) -> Layers:
    """The layers with some changes made. Raises PolicyProblem where a layer's grammar has no such statement."""
    for change in changes:
        match change:
            case Obstacle(seen=seen):
                layers = _without(seen.where, layers)
            case Addition(layer=layer, statement=statement) | Need(layer=layer, trial=statement):
                layers = _with(layer, statement, layers)
    return layers


def _with_sufficiency(found: list[Remedy], layers: Layers, request: AccessRequest) -> Iterable[Remedy]:
    additions = [change for change in found if not isinstance(change, Obstacle)]
    obstacles = [change for change in found if isinstance(change, Obstacle)]
    yield from obstacles
    for change in additions:
        if isinstance(change, Need):
            yield change
            continue
        alone = obvious_decide(applied([*obstacles, change], layers), request)
        yield replace(change, enough=len(additions) > 1 and isinstance(alone, Allow))


def _near(decision: ImplicitDeny, layer: Layer) -> tuple[Examined, ...]:
    return tuple(
        seen
        for seen in decision.explanation
        if seen.where.layer is layer
        and seen.effect is Effect.ALLOW
        and seen.failures
        and all(failure.part == "Condition" for failure in seen.failures)
    )


def _principal(request: AccessRequest) -> tuple[Any, Json]:
    """Who the statement of a resource's policy is for, and the conditions that keep it to them.

    For a session of a role it is the role: a policy that names one session helps nobody tomorrow.
    """
    principal = request.principal
    match principal.kind:
        case PrincipalKind.ANONYMOUS:
            return "*", {}
        case PrincipalKind.SERVICE:
            return {"Service": principal.service}, {}
        case PrincipalKind.WEB_IDENTITY | PrincipalKind.SAML:
            return {"Federated": _provider(request)}, _proof_condition(request)
        case PrincipalKind.ROLE_SESSION:
            return {"AWS": principal.through[0] if principal.through else principal.arn}, {}
        case PrincipalKind.ROOT:
            return {"AWS": principal.arn}, _arn_condition(request)
    return {"AWS": principal.arn}, {}


def _provider(request: AccessRequest) -> str:
    return request.principal.federated[0] if request.principal.federated else ""


def _claim(request: AccessRequest, claim: str) -> str:
    """The condition key of a claim of the caller's own provider."""
    if request.principal.kind is PrincipalKind.SAML:
        return f"SAML:{claim}"
    provider = _provider(request)
    return f"{provider.partition(':oidc-provider/')[2] or provider}:{claim}"


def _proof_condition(request: AccessRequest) -> Json:
    """Subject and audience as the request has them."""
    keys = [_claim(request, claim) for claim in ("aud", "sub")]
    found = ((key, request.context.get(key.lower())) for key in keys)
    literal = {key: _escaped(value) for key, value in found if isinstance(value, str) and value}
    return {_EQUALS: literal} if literal else {}


def _arn_condition(request: AccessRequest) -> Json:
    arn = request.context.get("aws:principalarn")
    return {"ArnEquals": {"aws:PrincipalArn": arn}} if isinstance(arn, str) else {}


def _literal(text: str) -> str:
    """A text as a pattern that means it and nothing else."""
    return text if text == "*" else _escaped(text)


def _escaped(text: str) -> str:
    escaped = text.replace("${", "\0").replace("*", "${*}").replace("?", "${?}")
    return escaped.replace("\0", "${$}{")


def _with(layer: Layer, statement: Json, layers: Layers) -> Layers:
    def more(there: CompiledLayer | None) -> CompiledLayer:
        sources = () if there is None else there.sources
        grammar = sources[0].policy.grammar if sources else _GRAMMARS[layer]
        return compile_layer((*sources, Source(parse(_document(statement), grammar), "proposed")))

    if layer is Layer.SERVICE_CONTROL:
        return replace(layers, service_control=tuple(map(more, layers.service_control)))
    return _replaced(layers, layer, more(getattr(layers, _FIELDS[layer])))


def _document(statement: Json) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statement})


def _without(where: Matched, layers: Layers) -> Layers:
    """The layers in which one statement matches nothing. Its place stays, so that the others keep theirs."""

    def emptied(there: CompiledLayer) -> CompiledLayer:
        return compile_layer([_emptied(source, where) for source in there.sources])

    if where.layer is Layer.SERVICE_CONTROL:
        return replace(layers, service_control=tuple(map(emptied, layers.service_control)))
    if where.layer is Layer.RESOURCE_CONTROL:
        return replace(layers, resource_control=tuple(map(emptied, layers.resource_control)))
    there: CompiledLayer | None = getattr(layers, _FIELDS[where.layer])
    return layers if there is None else _replaced(layers, where.layer, emptied(there))


def _replaced(layers: Layers, layer: Layer, by: CompiledLayer) -> Layers:
    change: dict[str, Any] = {_FIELDS[layer]: by}
    return replace(layers, **change)


def _emptied(source: Source, where: Matched) -> Source:
    if (source.name, source.arn, source.holder) != (where.policy, where.arn, where.holder):
        return source
    statements = list(source.policy.statements)
    if where.statement < len(statements):
        statements[where.statement] = replace(statements[where.statement], actions=(_NO_ACTION,), not_action=False)
    return replace(source, policy=replace(source.policy, statements=tuple(statements)))
