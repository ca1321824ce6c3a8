"""What tests of session tags and of source identities ask alike."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from worldkit import Host, allow

if TYPE_CHECKING:
    from collections.abc import Mapping


def tags(**values: str) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in values.items()]


def not_authorized(who: str, action: str, role: str) -> tuple[int, str, str]:
    return 403, "AccessDenied", f"User: {who} is not authorized to perform: {action} on resource: {role}"


def has(host: Host, credentials: Mapping[str, Any], condition: dict[str, Any]) -> bool:
    """Whether a session of role ``Probe...`` fulfils a condition: its policy is set to it and used."""
    role = host.client("sts", credentials).get_caller_identity()["Arn"].split("/")[1]
    host.admin("iam").put_role_policy(RoleName=role, PolicyName="probe", PolicyDocument=allow("iam:ListUsers", Condition=condition))  # fmt: skip
    return host.query(credentials, "ListUsers", "iam").status == 200
