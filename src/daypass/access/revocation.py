"""Which sessions were revoked by the operator (``daypass sessions revoke``): looked up when a token is opened.

What was found is kept with the opened token until anything in its account changes, so a revocation is seen by the next
request and costs the requests of others nothing. AWS has no such thing; its own way, a policy that denies by
``aws:TokenIssueTime``, works beside it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from daypass.credentials import SessionKind
from daypass.directory import Revocation, revocation_key

if TYPE_CHECKING:
    from collections.abc import Iterator

    from daypass.credentials import Session
    from daypass.directory import View


class Revocable(NamedTuple):
    """A session by all that a revocation may name of it. ``user_id`` is what GetCallerIdentity answers it."""

    account: str
    access_key_id: str
    principal_id: str
    user_id: str
    source_identity: str | None
    issued_at: int


def revocable(session: Session) -> Revocable:
    """A session that was opened from its token."""
    issuer = session.account if session.kind is SessionKind.FEDERATED_USER else session.principal_id
    return Revocable(
        session.account,
        session.access_key_id,
        session.principal_id,
        issuer if session.session_name is None else f"{issuer}:{session.session_name}",
        session.source_identity,
        session.issued_at,
    )


def is_revoked(session: Revocable, view: View) -> bool:
    """Whether any revocation of the session's account means this session."""
    return any(_applies(session, view, reach, target) for reach, target in _names(session))


def _names(session: Revocable) -> Iterator[tuple[str, str]]:
    yield "account", ""
    yield "principal", session.principal_id
    yield "session", session.access_key_id
    yield "named-session", session.user_id
    if session.source_identity is not None:
        yield "source-identity", session.source_identity


def _applies(session: Revocable, view: View, reach: str, target: str) -> bool:
    found = view.get(Revocation, session.account, revocation_key(session.account, reach, target).name)
    return found is not None and session.issued_at <= found.until
