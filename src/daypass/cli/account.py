"""``daypass account create``: one more account, also beside a running server."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

from daypass.cli import settings
from daypass.cli.problem import CommandProblem

if TYPE_CHECKING:
    import argparse


def add(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = subparsers.add_parser("account", help="create accounts")
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    create = actions.add_parser("create", help="create an account and its admin")
    create.add_argument("name", metavar="NAME", help="the account's name")
    create.add_argument("--json", action="store_true", help="print one JSON object")
    settings.add_flags(create)
    create.set_defaults(run=run)


def run(chosen: argparse.Namespace) -> int:
    """Create the account and print its admin's keys: this is the only time they are shown."""
    from daypass.provisioning import create_account
    from daypass.store import StoreProblem

    config = settings.read(chosen)
    try:
        account = create_account(config, chosen.name)
    except StoreProblem as problem:
        raise CommandProblem(str(problem)) from None
    key_id, secret = account.admin
    shown = {"AccountId": account.account_id, "AccessKeyId": key_id, "SecretAccessKey": secret.reveal()}
    if chosen.json:
        sys.stdout.write(json.dumps(shown) + "\n")
    else:
        sys.stdout.write("".join(f"{name}: {value}\n" for name, value in shown.items()))
    return 0
