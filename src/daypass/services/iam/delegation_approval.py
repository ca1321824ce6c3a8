"""Who accepts a delegation request: what is recorded of it, and whether its permissions cover what is asked for."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from daypass.access.asking import Ask
from daypass.access.authorize import decision_on
from daypass.directory.delegations import Approver
from daypass.errors import ApiError
from daypass.policy import Allow

if TYPE_CHECKING:
    from daypass.access.caller import Caller
    from daypass.directory import View
    from daypass.services.registry import Call, Output

_LIMITED = "Credentials that session policies limit, and delegated ones, cannot accept a delegation request."
_LONGEST_CHECK = 200
"""Pairs of action and resource that a check looks at."""


def is_limited(caller: Caller) -> bool:
    """Whether these credentials have less than the identity whose ARN they show: session policies, or a delegate's."""
    session = caller.session
    return session is not None and (
        session.policy is not None or bool(session.policy_arns) or session.delegate is not None
    )


def approver(caller: Caller) -> Approver:
    """The accepting identity as it is now.

    A delegated session has the policy that was asked for as its only session policy; so one that is itself limited by
    session policies could hand on more than it has, and may not accept.
    """
    if is_limited(caller):
        raise ApiError("AccessDenied", _LIMITED)
    session = caller.session
    if caller.role is None or session is None:
        name, path = ("root", "/") if caller.user is None else (caller.user.name, caller.user.path)
        return Approver(caller.arn, caller.arn, caller.user_id, name, path)
    role = caller.role
    return Approver(
        arn=caller.arn,
        principal_arn=role.arn,
        principal_id=role.id,
        principal_name=role.name,
        principal_path=role.path,
        session_name=session.session_name,
        source_identity=session.source_identity,
        tags=tuple(session.tags.items()),
        transitive_tag_keys=session.transitive_tag_keys,
        federation=session.federation,
    )


def permission_check(call: Call, view: View, policy: str) -> Output:
    """Whether the caller has what is asked for, as far as that can be told: actions and resources by their whole names."""
    statements = json.loads(policy)["Statement"]
    pairs: list[tuple[str, str]] = []
    certain = True
    for statement in statements if isinstance(statements, list) else [statements]:
        if statement["Effect"] != "Allow":
            continue
        actions, resources = _listed(statement.get("Action")), _listed(statement.get("Resource"))
        plain = bool(actions and resources) and not any(mark in name for name in actions for mark in "*?")
        certain = certain and plain and "Condition" not in statement
        certain = certain and not any(mark in name for name in resources for mark in "*?$" if name != "*")
        pairs += [(action, resource) for action in actions for resource in resources] if plain else []
    certain = certain and len(pairs) <= _LONGEST_CHECK
    denied = any(not _allowed(call, view, *pair) for pair in pairs[:_LONGEST_CHECK])
    result = "DENIED" if denied else "ALLOWED" if certain else "UNSURE"
    return {"PermissionCheckStatus": "COMPLETE", "PermissionCheckResult": result}


def _allowed(call: Call, view: View, action: str, resource: str) -> bool:
    return isinstance(decision_on(Ask(action, resource, call.account), call.caller, view, call.facts), Allow)


def _listed(value: str | list[str] | None) -> list[str]:
    return [] if value is None else [value] if isinstance(value, str) else value
