"""``daypass keys list|rotate|retire``: the keys that seal and sign, changed beside a running server."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

from daypass.cli import settings
from daypass.cli.problem import CommandProblem
from daypass.clock import iso_time

if TYPE_CHECKING:
    import argparse

    from daypass.rekeying import RootKey, SigningKey


def add(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = subparsers.add_parser("keys", help="list, rotate and retire the keys that seal and sign")
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    listing = actions.add_parser("list", help="list the keys and what still needs them")
    listing.add_argument("--json", action="store_true", help="print one JSON object")
    listing.set_defaults(run=run_list)
    _add_rotate(actions)
    _add_retire(actions)
    for action in actions.choices.values():
        settings.add_flags(action)


def _add_rotate(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    rotate = actions.add_parser(
        "rotate",
        help="bring in new keys; nobody who is signed in notices",
        description="Brings in a new root key, seals the secrets in the database anew under it, and gives each account "
        "that issues identity tokens new signing keys. Former keys go on opening and verifying.",
    )
    how = rotate.add_mutually_exclusive_group()
    how.add_argument("--resume", action="store_true", help="end a rotation that was cut off; bring in no further key")
    how.add_argument(
        "--emergency",
        action="store_true",
        help="for keys that somebody else may have: END ALL SESSIONS and take identity tokens back at once",
    )
    rotate.add_argument("--json", action="store_true", help="print one JSON object")
    rotate.set_defaults(run=run_rotate)


def _add_retire(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    retire = actions.add_parser(
        "retire",
        help="take keys out of the ring that nothing can need any more",
        description="What a retired key sealed never opens again. Secrets in the database are not given up.",
    )
    retire.add_argument("key", nargs="?", type=int, metavar="KEY", help="this root key, by its number")
    retire.add_argument(
        "--force", action="store_true", help="although sessions may be alive that it sealed: END THEM NOW"
    )
    retire.add_argument("--json", action="store_true", help="print one JSON object")
    retire.set_defaults(run=run_retire)


def run_list(chosen: argparse.Namespace) -> int:
    """Print all keys."""
    from daypass.keyfile import RingProblem
    from daypass.rekeying import list_keys

    try:
        roots, signing = list_keys(settings.read(chosen))
    except RingProblem as problem:
        raise CommandProblem(str(problem)) from None
    shown = {"RootKeys": [_root(key) for key in roots], "SigningKeys": [_signing(key) for key in signing]}
    if chosen.json:
        sys.stdout.write(json.dumps(shown) + "\n")
        return 0
    for root in shown["RootKeys"]:
        needed = f", needed until {root['NeededUntil']}" if root["NeededUntil"] else ""
        sys.stdout.write(f"root key {root['KeyId']}  {root['State']:<8}  {root['Records']} records{needed}\n")
    for key in shown["SigningKeys"]:
        until = f", published until {key['PublishedUntil']}" if key["PublishedUntil"] else ""
        what = f"signing key {key['KeyId']}  {key['State']:<8}  {key['Algorithm']} of account {key['Account']}"
        sys.stdout.write(f"{what}, signs from {key['SignsFrom']}{until}\n")
    return 0


def run_rotate(chosen: argparse.Namespace) -> int:
    """Rotate, and say what was done."""
    from daypass.keyfile import RingProblem
    from daypass.rekeying import rotate

    say = sys.stderr.write if chosen.json else sys.stdout.write
    try:
        done = rotate(
            settings.read(chosen),
            lambda line: _said(say, line),
            resume=chosen.resume,
            emergency=chosen.emergency,
        )
    except RingProblem as problem:
        raise CommandProblem(str(problem)) from None
    if chosen.json:
        shown = {
            "KeyId": done.key_id,
            "ResealedRecords": done.resealed,
            "RotatedIssuers": done.issuers,
            "RetiredKeyIds": list(done.retired),
        }
        sys.stdout.write(json.dumps(shown) + "\n")
    else:
        if done.issuers:
            sys.stdout.write(f"{done.issuers} accounts have new signing keys\n")
        if done.retired:
            sys.stdout.write("all sessions have ended\n")
    return 0


def run_retire(chosen: argparse.Namespace) -> int:
    """Retire, and say what was."""
    from daypass.keyfile import RingProblem
    from daypass.rekeying import retire

    if chosen.force and chosen.key is None:
        raise CommandProblem("--force goes with the number of one key")
    try:
        retired = retire(settings.read(chosen), chosen.key, force=chosen.force)
    except RingProblem as problem:
        raise CommandProblem(str(problem)) from None
    if chosen.json:
        sys.stdout.write(json.dumps({"RetiredKeyIds": retired}) + "\n")
        return 0
    for key_id in retired:
        sys.stdout.write(
            f"key {key_id} is retired: nothing that it sealed opens any more, sessions and backups of its time included\n"
        )
    if not retired:
        sys.stdout.write("no key can be retired yet: `daypass keys list` says until when each is needed\n")
    return 0


def _said(write: Any, line: str) -> None:
    write(line + "\n")


def _root(key: RootKey) -> dict[str, Any]:
    return {
        "KeyId": key.id,
        "State": key.state,
        "IntroducedAt": _shown(key.introduced) if key.introduced else None,
        "SupersededAt": _shown(key.superseded),
        "NeededUntil": _shown(key.needed_until),
        "Records": key.records,
    }


def _signing(key: SigningKey) -> dict[str, Any]:
    return {
        "KeyId": key.id,
        "Account": key.account,
        "Algorithm": key.algorithm,
        "State": key.state,
        "SignsFrom": _shown(key.signs_from),
        "PublishedUntil": _shown(key.published_until),
    }


def _shown(seconds: int | None) -> str | None:
    return None if seconds is None else iso_time(seconds)
