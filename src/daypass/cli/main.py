"""The ``daypass`` command. Each subcommand is a module with ``add(subparsers)``; what it needs is imported when it runs."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from daypass.cli import account, doctor, env, explain, keys, organization, policy, serve, sessions, version
from daypass.cli.problem import CommandProblem
from daypass.config import ConfigProblem

if TYPE_CHECKING:
    from collections.abc import Sequence

PROBLEM = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit status."""
    parser = build_parser()
    chosen = parser.parse_args(arguments)
    if not hasattr(chosen, "run"):
        parser.print_help()
        return 0
    try:
        status: int = chosen.run(chosen)
    except (CommandProblem, ConfigProblem) as problem:
        sys.stderr.write(f"daypass: {one_line(problem)}\n")
        return PROBLEM
    return status


def one_line(problem: Exception) -> str:
    """A problem's text on one line, without what could steer a terminal: it may quote a file or a variable."""
    return " ".join("".join(c if c.isprintable() else " " for c in str(problem)).split())


def build_parser() -> argparse.ArgumentParser:
    """The parser of all commands."""
    parser = argparse.ArgumentParser(
        prog="daypass", description="A Security Token Service of your own that speaks AWS's protocols."
    )
    subparsers = parser.add_subparsers(title="commands", metavar="COMMAND")
    for command in (serve, env, account, organization, sessions, keys, explain, policy, doctor, version):
        command.add(subparsers)
    return parser
