"""Daypass's engine, timed: reads scenes (JSON) from standard input, writes microseconds."""

from __future__ import annotations

import json
import sys
from typing import Any

from timing import timed

from daypass.policy import (
    AccessRequest,
    Allow,
    Decision,
    Grammar,
    Layers,
    Principal,
    PrincipalKind,
    Source,
    compile_layer,
    decide,
    parse,
)
from daypass.policy.compiled import evaluate


def layers_of(scene: dict[str, Any]) -> Layers:
    at_the_resource = scene["at_the_resource"]
    grammar = Grammar.BUCKET if at_the_resource else Grammar.IDENTITY
    layer = compile_layer([Source(parse(text, grammar), f"p{n}") for n, text in enumerate(scene["policies"])])
    return Layers(resource=layer) if at_the_resource else Layers(identity=layer)


def request_of(asked: dict[str, Any]) -> AccessRequest:
    name = asked["principal"]
    principal = Principal(PrincipalKind.USER, asked["account"], name, direct=(name, "AIDAALICEALICEALICEAL"))
    context = {key.casefold(): value for key, value in asked["context"].items()}
    return AccessRequest(principal, asked["action"], asked["resource"], asked["account"], context)


def check(decision: Decision, wanted: str, scene: dict[str, Any]) -> None:
    if isinstance(decision, Allow) is not (wanted == "allowed"):
        raise SystemExit(f"{scene['name']}: {wanted} is {decision}")


def main() -> None:
    found: dict[str, dict[str, float]] = {}
    for scene in json.load(sys.stdin):
        layers = layers_of(scene)
        figures = found[scene["name"]] = {}
        for wanted, asked in scene["requests"].items():
            request = request_of(asked)
            check(decide(layers, request), wanted, scene)
            figures[f"warm, {wanted}"] = timed(lambda r=request, known=layers: decide(known, r))
            figures[f"cold, {wanted}"] = timed(lambda r=request, s=scene: decide(layers_of(s), r))
            if wanted == "refused":
                figures["warm, refused, not explained"] = timed(lambda r=request, known=layers: evaluate(known, r))
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()
