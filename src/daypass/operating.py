"""What the operator does to sessions beside a running server: the data folder is opened, read or changed, and closed.

Whoever has the folder is the operator; there is no other proof. Every change leaves a record in the trail of the account.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, NamedTuple

from daypass import clock
from daypass.access.revocation import Revocable, is_revoked
from daypass.audit import Counters, Indexer, Recorder, Trail
from daypass.directory import GLOBAL, Account, Role, User, all_of
from daypass.provisioning import ATTEMPTS, existing_store
from daypass.services.sts.issued_sessions import ISSUING, LONGEST_LIFE, IssuedSession, issued_session
from daypass.services.sts.revoking import NoSuchSessions, of_principal, of_session, revoke
from daypass.store import Conflict, StoreProblem
from daypass.store.interface import EventQuery

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from daypass.config import Config
    from daypass.directory import View
    from daypass.store import SqliteStore

PAGE = 500
STS = "sts.amazonaws.com"

ListedSession = tuple[IssuedSession, str]
"""A session, and whether it is ``alive``, ``expired`` or ``revoked``; ``gone`` is one whose role or user is."""

Done = tuple[str, str, str, int]
"""Account, reach and target of what was revoked, and up to which second of issue."""


class OperatorProblem(Exception):
    """What was asked cannot be done; the text is one clear line for the operator."""


class ListWanted(NamedTuple):
    """Which sessions to list."""

    account: str | None = None
    principal: str | None = None
    source_identity: str | None = None
    dead: bool = False


class RevokeWanted(NamedTuple):
    """Which sessions to revoke: one of the first three, or all. ``issued_before`` is in seconds, None is now."""

    session: str | None = None
    principal: str | None = None
    source_identity: str | None = None
    account: str | None = None
    issued_before: int | None = None


def list_sessions(config: Config, wanted: ListWanted) -> list[ListedSession]:
    """Sessions by the trail, newest first. Raises OperatorProblem."""
    store = _open(config)
    try:
        indexer = Indexer(config.data / "journal", store, Counters(), now=clock.now)
        return asyncio.run(_listed(store, Trail(store, indexer), wanted))
    except (StoreProblem, NoSuchSessions, OSError) as problem:
        raise OperatorProblem(str(problem)) from None
    finally:
        store.close()


def revoke_sessions(config: Config, wanted: RevokeWanted) -> list[Done]:
    """Revoke sessions; the next request of each is refused. Raises OperatorProblem."""
    store = _open(config)
    try:
        return asyncio.run(_revoked(store, wanted))
    except (StoreProblem, NoSuchSessions) as problem:
        raise OperatorProblem(str(problem)) from None
    finally:
        store.close()


def _open(config: Config) -> SqliteStore:
    try:
        return existing_store(config)
    except StoreProblem as problem:
        raise OperatorProblem(str(problem)) from None


async def _listed(store: SqliteStore, trail: Trail, wanted: ListWanted) -> list[ListedSession]:
    now = int(clock.now())
    view = store.view()
    whose = None if wanted.principal is None else of_principal(wanted.principal, view)
    found: list[ListedSession] = []
    for account in _accounts(view, wanted.account if whose is None else whose[0]):
        for name in ISSUING:
            found += [
                (session, _state(session, now, store.view()))
                async for session in _issued(trail, account, name, now)
                if session.account == account  # the other party of a call across accounts has its own record of it
                and (whose is None or session.principal_id == whose[2])
                and wanted.source_identity in (None, session.source_identity)
            ]
    found = [(session, state) for session, state in found if wanted.dead or state == "alive"]
    return sorted(found, key=lambda listed: listed[0].issued_at, reverse=True)


async def _issued(trail: Trail, account: str, name: str, now: int) -> AsyncIterator[IssuedSession]:
    query = EventQuery(account, None, now - LONGEST_LIFE, now, ("EventName", name), None, PAGE)
    while True:
        page = await trail.lookup(query)
        for row in page.events:
            session = issued_session(row)
            if session is not None and row.source == STS:
                yield session
        if page.next is None:
            return
        query = query._replace(before=page.next)


def _state(session: IssuedSession, now: int, view: View) -> str:
    if session.expires_at <= now:
        return "expired"
    facts = Revocable(
        session.account,
        session.access_key_id,
        session.principal_id,
        session.user_id,
        session.source_identity,
        session.issued_at,
    )
    if is_revoked(facts, view):
        return "revoked"
    return "alive" if _exists(session.principal_id, view) else "gone"


def _exists(principal_id: str, view: View) -> bool:
    if principal_id.startswith("AROA"):
        return view.by_id(Role, principal_id) is not None
    if principal_id.startswith("AIDA"):
        return view.by_id(User, principal_id) is not None
    return view.get(Account, GLOBAL, principal_id) is not None


async def _revoked(store: SqliteStore, wanted: RevokeWanted) -> list[Done]:
    now = int(clock.now())
    until = now if wanted.issued_before is None else wanted.issued_before - 1
    if until > now:
        raise OperatorProblem("a time to come: sessions that are still to be issued cannot be revoked")
    return [await _revoke_one(store, where, until, now) for where in _targets(store.view(), wanted)]


def _targets(view: View, wanted: RevokeWanted) -> list[tuple[str, str, str]]:
    if wanted.session is not None:
        return [of_session(wanted.session, view)]
    if wanted.principal is not None:
        return [of_principal(wanted.principal, view)]
    reach = ("account", "") if wanted.source_identity is None else ("source-identity", wanted.source_identity)
    return [(account, *reach) for account in _accounts(view, wanted.account)]


async def _revoke_one(store: SqliteStore, where: tuple[str, str, str], until: int, now: int) -> Done:
    account, reach, target = where
    recorder = Recorder({}, clock.now, clock.random_bytes)
    asked = {"reach": reach, "target": target, "issuedUpTo": until}
    for _ in range(ATTEMPTS):
        view = store.view()
        if view.get(Account, GLOBAL, account) is None:
            raise OperatorProblem(f"there is no account {account} here")
        changes = revoke(where, until, now, view)
        record = recorder.of_operator(account, STS, "RevokeSessions", asked)
        try:
            await store.commit(view, changes, [record.row()])
        except Conflict:
            continue
        return account, reach, target, until
    raise OperatorProblem("the directory is changing too fast: try again")


def _accounts(view: View, only: str | None) -> list[str]:
    if only is not None:
        if view.get(Account, GLOBAL, only) is None:
            raise OperatorProblem(f"there is no account {only} here")
        return [only]
    return [account.id for account in all_of(Account, view, GLOBAL)]
