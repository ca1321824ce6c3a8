"""What the trail knows of issued sessions: one for each record of a call that answered with credentials.

Issuing keeps no state, so this is the only list there is. It reaches back as far as any session can live, and names what
the record names: the key, whose session it is, who opened it, its source identity and its end.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec

from daypass.credentials import account_of

if TYPE_CHECKING:
    from daypass.store.interface import EventRow

ISSUING = (
    "AssumeRole",
    "AssumeRoleWithSAML",
    "AssumeRoleWithWebIdentity",
    "AssumeRoot",
    "GetDelegatedAccessToken",
    "GetFederationToken",
    "GetSessionToken",
)
"""The events whose answers hold credentials."""

LONGEST_LIFE = 129_600
"""Seconds: no session lives longer (GetFederationToken: 36 hours)."""

_EXPIRATION = "%b %d, %Y, %I:%M:%S %p"


class IssuedSession(msgspec.Struct, frozen=True, kw_only=True):
    """One session as it was issued. ``user_id`` and ``arn`` are what GetCallerIdentity answers it; times are seconds.

    ``principal_id`` is the unique id of the role, or of the user behind it, or the account id of a root user.
    """

    account: str
    access_key_id: str
    arn: str
    user_id: str
    principal_id: str
    issued_at: int
    expires_at: int
    operation: str
    opened_by: str
    source_identity: str | None = None


def issued_session(row: EventRow) -> IssuedSession | None:
    """The session that a record of the trail tells of; None where it tells of none (a refused call)."""
    record: dict[str, Any] = msgspec.json.decode(row.record)
    answer = record.get("responseElements") or {}
    credentials = answer.get("credentials")
    if not credentials:
        return None
    expires = datetime.strptime(credentials["expiration"], _EXPIRATION).replace(tzinfo=UTC)
    caller = record["userIdentity"]
    arn, user_id = _whose(answer, caller, record.get("requestParameters") or {})
    return IssuedSession(
        account=account_of(credentials["accessKeyId"]) or row.account,
        access_key_id=credentials["accessKeyId"],
        arn=arn,
        user_id=user_id,
        principal_id=caller["principalId"] if "federatedUser" in answer else user_id.partition(":")[0],
        issued_at=row.time,
        expires_at=int(expires.timestamp()),
        operation=row.name,
        opened_by=caller.get("arn") or caller.get("principalId", ""),
        source_identity=answer.get("sourceIdentity"),
    )


def _whose(answer: dict[str, Any], caller: dict[str, Any], asked: dict[str, Any]) -> tuple[str, str]:
    """ARN and user id of the session: the answer's, or the caller's own for one that acts as its caller."""
    if "assumedRoleUser" in answer:
        return answer["assumedRoleUser"]["arn"], answer["assumedRoleUser"]["assumedRoleId"]
    if "federatedUser" in answer:
        return answer["federatedUser"]["arn"], answer["federatedUser"]["federatedUserId"]
    if "assumedPrincipal" in answer:
        return answer["assumedPrincipal"], asked["principalId"]
    target: str | None = asked.get("targetPrincipal")
    if target is not None:
        account = target if target.isdigit() else target.split(":")[4]
        return f"arn:aws:iam::{account}:root", account
    return caller.get("arn", ""), caller.get("principalId", "")
