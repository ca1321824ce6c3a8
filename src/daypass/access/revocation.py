"""Which sessions were revoked by the operator (``daypass sessions revoke``): looked up when a token is opened.

What was found is kept with the opened token until anything in its account changes, so a revocation is seen by the next
request and costs the requests of others nothing. AWS has no such thing; its own way, a policy that denies by
``aws:TokenIssueTime``, works beside it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from daypass.credentials import SessionKind
from daypass.directory import Revocation
from daypass.directory.records import revocation_key

if TYPE_CHECKING:
    from collections.abc import Iterator

    from daypass.credentials import Session
    from daypass.directory import View


def is_revoked(session: Session, view: View) -> bool:
    """Whether any revocation of the session's account means this session."""
    return any(_applies(session, view, reach, target) for reach, target in _names(session))


def _names(session: Session) -> Iterator[tuple[str, str]]:
    yield "account", ""
    yield "principal", session.principal_id
    yield "session", session.access_key_id
    if session.session_name is not None:
        issuer = session.account if session.kind is SessionKind.FEDERATED_USER else session.principal_id
        yield "named-session", f"{issuer}:{session.session_name}"
    if session.source_identity is not None:
        yield "source-identity", session.source_identity


def _applies(session: Session, view: View, reach: str, target: str) -> bool:
    found = view.get(Revocation, session.account, revocation_key(session.account, reach, target).name)
    return found is not None and session.issued_at <= found.until
