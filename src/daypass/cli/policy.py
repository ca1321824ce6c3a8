"""``daypass policy replay``: the trail's requests decided again, by the code and the policies of now or by proposed ones.

The exit status is 1 when any decision differs, so that an upgrade or a change of policy can be tried in a pipeline.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from daypass.cli import settings
from daypass.cli.explain import text_of
from daypass.cli.problem import CommandProblem
from daypass.cli.times import moment

if TYPE_CHECKING:
    import argparse

DIFFERS = 1
SHOWN = 50


def add(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = subparsers.add_parser("policy", help="try policies on the requests that were recorded")
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    replay = actions.add_parser(
        "replay",
        help="decide recorded requests again and list what differs",
        description="Decides the recorded requests again by the policies of now, or with a proposed policy: FILE in "
        "place of all identity-based policies of a user, group or role, of the text of a managed policy, or of a "
        "bucket's policy. The exit status is 1 when any decision differs.",
    )
    replay.add_argument("--since", metavar="TIME", type=moment, help="from 2026-11-24T10:00:00Z on")
    replay.add_argument("--until", metavar="TIME", type=moment, help="up to 2026-11-24T10:00:00Z")
    replay.add_argument("--principal", metavar="ARN", help="only requests of this user, role, session or root user")
    proposal: dict[str, Any] = {"nargs": 2, "action": "append", "default": [], "metavar": ("FILE", "TARGET")}
    replay.add_argument("--policy", help="as if this policy stood at the ARN or bucket", **proposal)
    replay.add_argument("--add-policy", help="as if a user, group or role had this policy, too", **proposal)
    replay.add_argument("--trust-policy", help="as if a role had this trust policy", **proposal)
    replay.add_argument("--json", action="store_true", help="print one JSON object")
    settings.add_flags(replay)
    replay.set_defaults(run=run_replay)


def run_replay(chosen: argparse.Namespace) -> int:
    """Decide again, and print what differs."""
    from daypass import clock
    from daypass.recollection import CannotTell, Proposal, ReplayWanted, Span, replay

    proposals = [
        *(Proposal(target, text_of(Path(file))) for file, target in chosen.policy),
        *(Proposal(target, text_of(Path(file)), added=True) for file, target in chosen.add_policy),
        *(Proposal(target, text_of(Path(file)), is_trust=True) for file, target in chosen.trust_policy),
    ]
    span = Span(chosen.since or 0, chosen.until if chosen.until is not None else int(clock.now()))
    try:
        told = replay(settings.read(chosen), ReplayWanted(span, chosen.principal, tuple(proposals)))
    except CannotTell as problem:
        raise CommandProblem(str(problem)) from None
    sys.stdout.write(json.dumps(told) + "\n" if chosen.json else text(told))
    return DIFFERS if told["Differences"] else 0


def text(told: dict[str, Any]) -> str:
    """The differences, those alike together, and what was not decided again."""
    from daypass.access.explanation_text import printable

    alike: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    for difference in told["Differences"]:
        told_of = tuple(difference.get(name) for name in ("Then", "Now", "Principal", "Action", "Resource", "Because"))
        alike.setdefault(told_of, []).append(difference)
    lines = []
    for (then, now, principal, action, resource, because), found in list(alike.items())[:SHOWN]:
        times = f"{len(found)} times, last at" if len(found) > 1 else "at"
        last = found[-1]
        lines += [
            f"{_word(then)} then, {_word(now)} now: {action} on {resource}",
            f"  by {principal}, {times} {last['EventTime']} (request {last['RequestId']})",
            f"  now: {because}",
        ]
        if "WithoutProposal" in last and (last["WithoutProposal"] == "allow") is (now == "allow"):
            lines.append("  also without the proposed policy")
    if len(alike) > SHOWN:
        lines.append(f"... and {len(alike) - SHOWN} more: --json tells all")
    lines.append(f"{told['Replayed']} decisions made again, {len(told['Differences'])} of them differ")
    lines += [f"{count} not made again: {why}" for why, count in told["NotReplayed"].items()]
    return "".join(f"{printable(line)}\n" for line in lines)


def _word(outcome: str) -> str:
    return "allowed" if outcome == "allow" else "refused"
