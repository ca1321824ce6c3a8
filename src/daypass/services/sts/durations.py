"""How long a role's session may last (STS API Reference, AssumeRole*, parameter DurationSeconds)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from daypass.errors import ApiError

if TYPE_CHECKING:
    from daypass.directory import Role
    from daypass.services.registry import Call

DEFAULT_DURATION = 3600

_OVER_ROLE_LIMIT = "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."


def role_duration(call: Call, role: Role) -> int:
    """The seconds that the call asks for, an hour by default. Raises ValidationError above the role's maximum."""
    asked = call.input.get("DurationSeconds")
    duration = DEFAULT_DURATION if asked is None else int(asked)
    if duration > role.max_session_duration:
        raise ApiError("ValidationError", _OVER_ROLE_LIMIT)
    return duration
