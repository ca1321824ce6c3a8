"""What sessions of each kind may not call at all, whatever their policies say.

Source: IAM User Guide, "Comparing AWS STS API operations". This is one table on purpose: an operation never looks at the caller's kind of session to decide whether it is open to it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from daypass.access.refusals import KeyRefusal, refusal
from daypass.credentials import SessionKind
from daypass.errors import ApiError

if TYPE_CHECKING:
    from daypass.access.caller import Caller

_CLOSED_TO_ROLES = frozenset({"GetSessionToken", "GetFederationToken"})
_OPEN_TO_USER_SESSIONS = frozenset({"AssumeRole", "GetCallerIdentity"})
_OPEN_TO_ASSUMED_ROOT = frozenset({"GetCallerIdentity"})
_OPEN_TO_FEDERATED_USERS = frozenset({"AssumeRole", "GetCallerIdentity"})
"""AssumeRole is refused to federated users too, in the operation's own words."""


def check_session_kind(service: str, operation: str, caller: Caller) -> None:
    """Raise when this kind of session may not call this operation.

    IAM is closed to federated users and to GetSessionToken sessions without MFA: their token counts as invalid there.
    """
    session = caller.session
    if session is None:
        return
    if service == "iam":
        without_mfa = session.kind is SessionKind.USER and session.mfa_at is None and session.delegate is None
        if session.kind is SessionKind.FEDERATED_USER or without_mfa:
            raise refusal(KeyRefusal.CLOSED_SERVICE, service)
    elif service == "sts" and operation not in _open_sts_operations(session.kind, operation):
        raise ApiError("AccessDenied", f"Cannot call {operation} with session credentials")


def _open_sts_operations(kind: SessionKind, operation: str) -> frozenset[str]:
    if kind is SessionKind.USER:
        return _OPEN_TO_USER_SESSIONS
    if kind is SessionKind.FEDERATED_USER:
        return _OPEN_TO_FEDERATED_USERS
    if kind is SessionKind.ROOT:
        return _OPEN_TO_ASSUMED_ROOT
    return frozenset({operation}) - _CLOSED_TO_ROLES
