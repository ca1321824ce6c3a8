"""A decision as a value for programs (``--json``), with the smallest change that would have allowed it. Pure.

Which statements are told: those about the action, whatever became of them; the others are counted. What is written here
is read by :mod:`daypass.access.explanation_text`, by scripts, and by people.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from daypass.access.remedies import Need, Obstacle, remedies
from daypass.policy import Allow, Effect, ExplicitDeny, Layer, Naming, PrincipalKind, because
from daypass.policy.condition_keys import spelled

if TYPE_CHECKING:
    from collections.abc import Iterator

    from daypass.access.remedies import Remedy
    from daypass.policy import AccessRequest, CompiledLayer, Condition, Decision, Examined, Failure, Layers

Json = dict[str, Any]

_ABOUT_OTHER_ACTIONS: Final = ("Action", "NotAction")
_NAMINGS: Final = {
    Naming.ACCOUNT: "the caller's account: the caller's own policies must allow it, too",
    Naming.THROUGH: "the caller's role or user",
    Naming.DIRECT: "exactly the caller",
}


def explained(decision: Decision, request: AccessRequest, layers: Layers) -> Json:
    """All there is to say about one decision. ``decision`` carries the obvious engine's explanation."""
    principal = request.principal
    missing = (key for seen in decision.explanation for failure in seen.failures for key in failure.missing)
    return {
        "Decision": outcome_of(decision),
        "Because": reason_of(decision, request),
        "Principal": principal.arn,
        "PrincipalAccount": principal.account or None,
        "Action": request.action,
        "Resource": request.resource,
        "ResourceAccount": request.resource_account or None,
        "Layers": [_layer(kind, there, decision, request) for kind, there in _existing(layers, request)],
        "MissingContextKeys": sorted({spelled(key) for key in missing}),
        "Context": {spelled(key): _value(value) for key, value in sorted(request.context.items())},
        "Changes": [_change(remedy, layers, request) for remedy in remedies(decision, layers, request)],
    }


def outcome_of(decision: Decision) -> str:
    """In one word."""
    if isinstance(decision, Allow):
        return "allow"
    return "explicitDeny" if isinstance(decision, ExplicitDeny) else "implicitDeny"


def reason_of(decision: Decision, request: AccessRequest) -> str:
    """In one clause; of a refusal the one that AWS's access-denied texts end with."""
    if not isinstance(decision, Allow):
        return because(decision, request.action)
    if decision.by:
        return "allowed by " + " and ".join(dict.fromkeys(_with_article(matched.layer) for matched in decision.by))
    return "allowed: the root user of the account needs no policy"


def _existing(layers: Layers, request: AccessRequest) -> Iterator[tuple[Layer, tuple[CompiledLayer, ...]]]:
    """The layers that have a say, in AWS's order of naming. Who could have policies of their own and has none is told so."""
    yield from ((Layer.SERVICE_CONTROL, layers.service_control),) if layers.service_control else ()
    yield from ((Layer.RESOURCE_CONTROL, layers.resource_control),) if layers.resource_control else ()
    own = Layer.TRUST if layers.resource_is_trust else Layer.RESOURCE
    single = (
        (Layer.ENDPOINT, layers.endpoint),
        (own, layers.resource),
        (Layer.IDENTITY, layers.identity),
        (Layer.BOUNDARY, layers.boundary),
        (Layer.SESSION, layers.session),
    )
    own_policies = request.principal.kind in (
        PrincipalKind.USER,
        PrincipalKind.ROLE_SESSION,
        PrincipalKind.FEDERATED_USER,
    )
    for kind, there in single:
        if there is not None:
            yield kind, (there,)
        elif kind is Layer.IDENTITY and own_policies:
            yield kind, ()


def _layer(kind: Layer, there: tuple[CompiledLayer, ...], decision: Decision, request: AccessRequest) -> Json:
    seen = [each for each in decision.explanation if each.where.layer is kind]
    told = [each for each in seen if not (each.failures and each.failures[0].part in _ABOUT_OTHER_ACTIONS)]
    matched = [each for each in seen if not each.failures]
    if any(each.effect is Effect.DENY for each in matched):
        says = "deny"
    elif matched and kind is not Layer.RESOURCE_CONTROL:
        says = "allow"
    else:
        says = "nothing"
    return {
        "Layer": str(kind),
        "Says": says,
        "Policies": sum(len(level.sources) for level in there),
        "Statements": [_statement(each, request) for each in told],
        "StatementsAboutOtherActions": len(seen) - len(told),
    }


def _statement(seen: Examined, request: AccessRequest) -> Json:
    line, column = seen.position
    told: Json = {
        **place_of(seen),
        "Line": line,
        "Column": column,
        "Effect": str(seen.effect),
        "Matches": not seen.failures,
    }
    if seen.failures:
        told["Failures"] = [_failure(failure) for failure in seen.failures]
    else:
        told["Conditions"] = [_condition(condition, request) for condition in seen.statement.conditions]
        if seen.naming in _NAMINGS:
            told["PrincipalNames"] = _NAMINGS[seen.naming]
    return told


def place_of(seen: Examined) -> Json:
    """Which statement of which policy; the first has the index 0."""
    where = seen.where
    return {
        "Policy": where.policy,
        "PolicyArn": where.arn,
        "PolicyHolder": where.holder,
        "Sid": where.sid,
        "Index": where.statement,
    }


def _failure(failure: Failure) -> Json:
    told: Json = {"Part": failure.part}
    if failure.operator is not None and failure.key is not None:
        told |= {"Operator": failure.operator, "Key": failure.key}
    return told | {
        "Wanted": list(failure.wanted),
        "Actual": _value(failure.actual),
        "MissingKeys": list(failure.missing),
    }


def _condition(condition: Condition, request: AccessRequest) -> Json:
    actual = request.context.get(condition.key.lower())
    return {
        "Operator": condition.operator,
        "Key": condition.key,
        "Wanted": list(condition.values),
        "Actual": _value(actual),
    }


def _value(actual: str | tuple[str, ...] | None) -> str | list[str] | None:
    return list(actual) if isinstance(actual, tuple) else actual


def _change(remedy: Remedy, layers: Layers, request: AccessRequest) -> Json:
    if isinstance(remedy, Obstacle):
        line, column = remedy.seen.position
        return {
            "Change": "narrow",
            "Layer": str(remedy.layer),
            **place_of(remedy.seen),
            "Line": line,
            "Column": column,
            "Conditions": [_condition(condition, request) for condition in remedy.seen.statement.conditions],
        }
    if isinstance(remedy, Need):
        return {
            "Change": "addWithCondition",
            "Layer": str(remedy.layer),
            "To": target(remedy.layer, layers, request),
            "ConditionKey": spelled(remedy.key),
            "OrMeet": [_near(seen) for seen in remedy.near],
        }
    return {
        "Change": "add",
        "Layer": str(remedy.layer),
        "To": target(remedy.layer, layers, request),
        "Statement": remedy.statement,
        "EnoughAlone": remedy.enough,
        "OrMeet": [_near(seen) for seen in remedy.near],
    }


def _near(seen: Examined) -> Json:
    return {**place_of(seen), "Failures": [_failure(failure) for failure in seen.failures]}


def target(layer: Layer, layers: Layers, request: AccessRequest) -> str:
    """Where a statement would have to be added, in words."""
    if layer is Layer.BOUNDARY:
        arns = () if layers.boundary is None else tuple(source.arn for source in layers.boundary.sources)
        gone = f"the permissions boundary of {_holder(request)} (its policy is gone)"
        return f"the permissions boundary {arns[0]}" if arns and arns[0] else gone
    if layer is Layer.RESOURCE:
        bucket = request.resource.removeprefix("arn:aws:s3:::").partition("/")[0]
        s3 = request.resource.startswith("arn:aws:s3:::")
        return f"the bucket policy of {bucket}" if s3 else f"the policy of the resource {request.resource}"
    texts = {
        Layer.IDENTITY: f"an identity-based policy of {_holder(request)}",
        Layer.SESSION: "the session policies that are passed when the session is opened",
        Layer.TRUST: f"the trust policy of role {request.resource.rpartition('/')[2] or request.resource}",
        Layer.ENDPOINT: "the policy of the VPC endpoint",
    }
    return texts.get(layer, f"a {layer} at each level that allows nothing here")


def _holder(request: AccessRequest) -> str:
    principal = request.principal
    arn = principal.arn if principal.kind is PrincipalKind.USER or not principal.through else principal.through[0]
    kind, _, name = arn.rpartition(":")[2].partition("/")
    return f"{kind} {name.rpartition('/')[2]}" if kind in ("user", "role") else arn


def _with_article(layer: Layer) -> str:
    return f"{'an' if layer is Layer.IDENTITY else 'a'} {layer}"
