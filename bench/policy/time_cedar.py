"""Cedar's engine (Rust) as cedarpy offers it, timed: reads scenes (JSON) from standard input, writes microseconds.

Policies and entities are handed over parsed where it is warm, and the policies as text where it is cold. ``engine`` is
the least of what the engine itself says that a decision took, without the way there and back through Python and JSON.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import cedarpy
from timing import timed


def request_of(asked: dict[str, Any]) -> tuple[dict[str, Any], cedarpy.Entities]:
    """The request, and the entities with what the policies ask of them."""
    context = asked["context"]
    principal, resource = {"type": "User", "id": asked["principal"]}, {"type": "Object", "id": asked["resource"]}
    entities = [
        {
            "uid": principal,
            "attrs": {"name": context["aws:username"], "team": context["aws:PrincipalTag/team"]},
            "parents": [],
        },
        {
            "uid": resource,
            "attrs": {"arn": asked["resource"], "owner": context["s3:ExistingObjectTag/owner"]},
            "parents": [],
        },
    ]
    request = {
        "principal": principal,
        "action": {"type": "Action", "id": asked["action"]},
        "resource": resource,
        "context": {
            "ip": {"__extn": {"fn": "ip", "arg": context["aws:SourceIp"]}},
            "secure": context["aws:SecureTransport"] == "true",
        },
    }
    return request, cedarpy.Entities.from_json_str(json.dumps(entities))


def main() -> None:
    found: dict[str, dict[str, float]] = {}
    for scene in json.load(sys.stdin):
        text = scene["cedar"]
        policies = cedarpy.PolicySet.from_str(text)
        figures = found[scene["name"]] = {}
        for wanted, asked in scene["requests"].items():
            request, entities = request_of(asked)

            def ask(policies: Any, request: Any = request, entities: Any = entities) -> cedarpy.AuthzResult:
                return cedarpy.is_authorized(request, policies, entities)

            answer = ask(policies)
            if answer.allowed is not (wanted == "allowed") or answer.diagnostics.errors:
                raise SystemExit(f"{scene['name']}: {wanted} is {answer.decision}, {answer.diagnostics.errors}")
            figures[f"warm, {wanted}"] = timed(lambda ask=ask, known=policies: ask(known))
            figures[f"cold, {wanted}"] = timed(lambda ask=ask, text=text: ask(cedarpy.PolicySet.from_str(text)))
            figures[f"engine, {wanted}"] = min(ask(policies).metrics["authz_duration_micros"] for _ in range(100))
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()
