"""``daypass explain``: why a request was, or would be, allowed or refused, and what would have to change."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from daypass.cli import settings
from daypass.cli.problem import CommandProblem

if TYPE_CHECKING:
    import argparse


def add(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "explain",
        help="say why a request was, or would be, refused or allowed",
        description="Give the request id of a recorded call, or --principal and --action of one that might be made.",
    )
    parser.add_argument("request_id", metavar="REQUEST-ID", nargs="?", help="a recorded call, by what its client saw")
    parser.add_argument(
        "--principal",
        metavar="ARN",
        help="a user, a role or a session of one, a root user, an identity provider, or 'anonymous'",
    )
    parser.add_argument("--action", metavar="ACTION", help="such as s3:GetObject")
    parser.add_argument("--resource", metavar="ARN", help="by default *")
    parser.add_argument(
        "--context", metavar="KEY=VALUE", action="append", type=pair, default=[], help="a condition key of the request"
    )
    parser.add_argument("--session-policy", metavar="FILE", type=Path, help="the policy of the role's session")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    settings.add_flags(parser)
    parser.set_defaults(run=run)


def run(chosen: argparse.Namespace) -> int:
    """Print the explanation."""
    from daypass.access.explanation_text import recorded_tree, tree
    from daypass.recollection import CannotTell, Hypothesis, explain_hypothesis, explain_request

    hypothetical = (chosen.principal, chosen.action, chosen.resource, chosen.context, chosen.session_policy)
    if (chosen.request_id is None) is not any(hypothetical):
        raise CommandProblem("give either the request id of a recorded call, or --principal and --action")
    config = settings.read(chosen)
    told: dict[str, Any]
    try:
        if chosen.request_id is not None:
            told = explain_request(config, chosen.request_id)
        elif chosen.principal is None or chosen.action is None:
            raise CommandProblem("--principal and --action go together")
        else:
            policy = None if chosen.session_policy is None else text_of(chosen.session_policy)
            resource = chosen.resource or "*"
            asked = Hypothesis(chosen.principal, chosen.action, resource, tuple(chosen.context), policy)
            told = explain_hypothesis(config, asked)
    except CannotTell as problem:
        raise CommandProblem(str(problem)) from None
    shown = recorded_tree if chosen.request_id is not None else tree
    sys.stdout.write(json.dumps(told) + "\n" if chosen.json else shown(told))
    return 0


def pair(text: str) -> tuple[str, str]:
    """``key=value``."""
    import argparse

    key, equals, value = text.partition("=")
    if not equals or ":" not in key:
        raise argparse.ArgumentTypeError(f"{text!r} is no condition key with a value, such as aws:SourceIp=203.0.113.7")
    return key, value


def text_of(file: Path) -> str:
    """A file's text. Raises CommandProblem."""
    try:
        return file.read_text(encoding="utf-8")
    except OSError as error:
        raise CommandProblem(f"{file}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise CommandProblem(f"{file} is no text in UTF-8") from None
