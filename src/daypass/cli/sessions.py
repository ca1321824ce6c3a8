"""``daypass sessions list|revoke``: which sessions are alive, and how to end them before their time, beside a running server."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

from daypass.cli import settings
from daypass.cli.problem import CommandProblem
from daypass.cli.times import moment
from daypass.clock import iso_time

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable

    from daypass.operating import ListedSession


def add(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = subparsers.add_parser("sessions", help="list the sessions that are alive, and revoke them")
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    _add_list(actions)
    _add_revoke(actions)


def _add_list(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    listing = actions.add_parser("list", help="list sessions by the trail, newest first")
    listing.add_argument("--principal", metavar="ARN", help="only those of this role, user or root user")
    listing.add_argument("--source-identity", metavar="NAME", help="only those with this source identity")
    listing.add_argument("--account", metavar="ID", help="only those of this account")
    listing.add_argument("--all", action="store_true", help="the dead ones of the last 36 hours, too")
    listing.add_argument("--json", action="store_true", help="print one JSON object a line")
    settings.add_flags(listing)
    listing.set_defaults(run=run_list)


def _add_revoke(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    revoke = actions.add_parser(
        "revoke",
        help="end sessions: the next request of each is refused",
        description="Ends sessions that were issued up to now. New sessions are not hindered: take away the key, the "
        "trust or the policy that opens them, first.",
    )
    which = revoke.add_mutually_exclusive_group(required=True)
    which.add_argument("--session", metavar="KEY-OR-ARN", help="one session: its ASIA... key id, or its ARN")
    which.add_argument("--principal", metavar="ARN", help="all sessions of a role, a user or a root user")
    which.add_argument("--source-identity", metavar="NAME", help="all sessions with this source identity")
    which.add_argument("--all", action="store_true", help="all sessions")
    revoke.add_argument("--account", metavar="ID", help="with --source-identity and --all: of this account only")
    revoke.add_argument(
        "--issued-before", metavar="TIME", type=moment, help="only those issued before 2026-11-24T10:00:00Z"
    )
    settings.add_flags(revoke)
    revoke.set_defaults(run=run_revoke)


def run_list(chosen: argparse.Namespace) -> int:
    """Print the sessions."""
    from daypass.operating import ListWanted, OperatorProblem, list_sessions

    wanted = ListWanted(chosen.account, chosen.principal, chosen.source_identity, dead=chosen.all)
    try:
        found = list_sessions(settings.read(chosen), wanted)
    except OperatorProblem as problem:
        raise CommandProblem(str(problem)) from None
    _print(found, as_json=chosen.json)
    return 0


def run_revoke(chosen: argparse.Namespace) -> int:
    """Revoke, and say what was."""
    from daypass.operating import OperatorProblem, RevokeWanted, revoke_sessions

    if chosen.account and not (chosen.source_identity or chosen.all):
        raise CommandProblem("--account goes with --source-identity or --all")
    wanted = RevokeWanted(
        session=chosen.session,
        principal=chosen.principal,
        source_identity=chosen.source_identity,
        account=chosen.account,
        issued_before=chosen.issued_before,
    )
    try:
        done = revoke_sessions(settings.read(chosen), wanted)
    except OperatorProblem as problem:
        raise CommandProblem(str(problem)) from None
    for account, reach, target, until in done:
        what = " ".join(part for part in (reach.replace("-", " "), target) if part)
        sys.stdout.write(f"revoked in account {account}: {what}, issued up to {iso_time(until)}\n")
    return 0


def _print(found: Iterable[ListedSession], *, as_json: bool) -> None:
    for session, state in found:
        if as_json:
            shown: dict[str, Any] = {
                "AccessKeyId": session.access_key_id,
                "Account": session.account,
                "Arn": session.arn,
                "UserId": session.user_id,
                "IssuedAt": iso_time(session.issued_at),
                "ExpiresAt": iso_time(session.expires_at),
                "Operation": session.operation,
                "OpenedBy": session.opened_by,
                "SourceIdentity": session.source_identity,
                "State": state,
            }
            sys.stdout.write(json.dumps(shown) + "\n")
        else:
            identity = f"  as {session.source_identity}" if session.source_identity else ""
            sys.stdout.write(
                f"{session.access_key_id}  {state:<8}  until {iso_time(session.expires_at)}  {session.arn}  "
                f"{session.operation} by {session.opened_by}{identity}\n"
            )
