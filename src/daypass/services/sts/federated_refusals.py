"""Why a caller with proof from outside was refused, for the operator: which check failed, what it had and what it wanted.

The caller is told AWS's own words, which tell next to nothing. What stands here goes to the log and beside the record of
the call (``daypass explain``), never into an answer; and a token or assertion goes nowhere.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from daypass.errors import ApiError
    from daypass.policy import Decision, Examined, Failure
    from daypass.services.registry import Call

LOG = logging.getLogger("daypass")
LONGEST: Final = 1000
_OTHER_ACTIONS: Final = ("Action", "NotAction")


def told_to_operator(call: Call, refused: ApiError) -> ApiError:
    """The refusal, its reason completed by what the trust policy had to say, and logged."""
    if call.decisions and refused.code == "AccessDenied" and refused.reason is not None:
        refused.reason = f"{refused.reason}{_examined(call.decisions[-1][1])}"[:LONGEST]
    reason = _on_one_line((refused.reason or refused.message or "")[:LONGEST])[:LONGEST]
    LOG.warning("request %s: %s refused with %s: %s", call.request_id, call.operation, refused.code, reason)
    return refused


def _examined(decision: Decision) -> str:
    """What each statement about the action compared, where it did not fit."""
    about = [seen for seen in decision.explanation if not (seen.failures and seen.failures[0].part in _OTHER_ACTIONS)]
    return "".join(f"; statement {seen.where.statement + 1} of the trust policy: {_verdict(seen)}" for seen in about)


def _verdict(seen: Examined) -> str:
    if not seen.failures:
        return f"matches, and is a{'n Allow' if seen.effect == 'Allow' else ' Deny'}"
    return ", ".join(map(_compared, seen.failures))


def _compared(failure: Failure) -> str:
    what = failure.part if failure.key is None else f"{failure.operator} {failure.key}"
    had = "nothing" if failure.actual is None else f"{failure.actual!r}"
    return f"{what} wants {' or '.join(map(repr, failure.wanted))}, the request has {had}"


def _on_one_line(text: str) -> str:
    """Without what could forge a line of the log, or steer a terminal."""
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in text)
