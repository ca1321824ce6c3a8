"""``daypass organization create|add-account|remove-account|delegate|list``: accounts that one account looks after."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

from daypass.cli import settings
from daypass.cli.problem import CommandProblem

if TYPE_CHECKING:
    import argparse

    from daypass.directory import Organization


def add(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = subparsers.add_parser("organization", help="make organizations of accounts")
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    create = actions.add_parser("create", help="a new organization with its management account")
    create.add_argument("account", metavar="ACCOUNT-ID", help="the management account")
    join = actions.add_parser("add-account", help="make an account a member")
    join.add_argument("account", metavar="ACCOUNT-ID", help="the account")
    join.add_argument("--organization", metavar="ID", help="of which organization, where there are several")
    leave = actions.add_parser("remove-account", help="let a member go")
    leave.add_argument("account", metavar="ACCOUNT-ID", help="the account")
    delegate = actions.add_parser("delegate", help="make a member the delegated administrator for IAM")
    delegate.add_argument("account", metavar="ACCOUNT-ID", help="the account")
    actions.add_parser("list", help="list organizations")
    for name, action in actions.choices.items():
        action.add_argument("--json", action="store_true", help="print one JSON object a line")
        settings.add_flags(action)
        action.set_defaults(run=run, action=name)


def run(chosen: argparse.Namespace) -> int:
    """Do it, and print what the organization is then."""
    from daypass import organizing

    config = settings.read(chosen)
    try:
        match chosen.action:
            case "create":
                shown = [organizing.create(config, chosen.account)]
            case "add-account":
                shown = [organizing.add_account(config, chosen.account, chosen.organization)]
            case "remove-account":
                shown = [organizing.remove_account(config, chosen.account)]
            case "delegate":
                shown = [organizing.delegate(config, chosen.account)]
            case _:
                shown = organizing.list_organizations(config)
    except organizing.OrganizationProblem as problem:
        raise CommandProblem(str(problem)) from None
    for organization in shown:
        members = _members(organization)
        if chosen.json:
            sys.stdout.write(json.dumps(members) + "\n")
        else:
            sys.stdout.write("".join(f"{name}: {_text(value)}\n" for name, value in members.items()))
    return 0


def _members(organization: Organization) -> dict[str, Any]:
    return {
        "OrganizationId": organization.id,
        "ManagementAccountId": organization.management,
        "MemberAccountIds": list(organization.members),
        "DelegatedAdministrators": [account for account, _ in organization.delegated],
        "EnabledFeatures": list(organization.root_features),
    }


def _text(value: str | list[str]) -> str:
    return value if isinstance(value, str) else " ".join(value) or "none"
