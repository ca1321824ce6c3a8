"""GetSessionToken (STS API Reference): a user's or root user's own permissions as temporary credentials, with MFA or without.

It needs no permission, and no policy can deny it. The session's permissions are those of its user at each moment.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from daypass.credentials import SessionKind
from daypass.policy import PrincipalKind
from daypass.services.registry import FREE
from daypass.services.sts.issuing import caller_facts, issue
from daypass.services.sts.mfa import used, verified_device
from daypass.services.sts.operations import sts

if TYPE_CHECKING:
    from daypass.directory import View
    from daypass.services.registry import Call, Result

DEFAULT_DURATION = 43_200
ROOT_LIMIT = 3600


def long_term_duration(call: Call, default: int = DEFAULT_DURATION) -> int:
    """The duration of a session that long-term credentials open; root's is cut to an hour without an error (sts.md 6)."""
    asked = call.input.get("DurationSeconds")
    duration = default if asked is None else int(asked)
    return min(duration, ROOT_LIMIT) if call.caller.kind is PrincipalKind.ROOT else duration


@sts("GetSessionToken", needs=FREE)
def get_session_token(call: Call, view: View) -> Result:
    """Open a session of the calling user, or root user, itself."""
    device = verified_device(call, view)
    issued = issue(
        call,
        call.account,
        long_term_duration(call),
        kind=SessionKind.USER,
        **caller_facts(call),
        mfa_at=None if device is None else int(call.now),
    )
    return {"Credentials": issued.credentials, **issued.sizes(packed=False)}, used(device)
