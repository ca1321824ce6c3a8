"""``daypass policy replay``: the recorded requests decided again, and every decision that differs.

What is compared is whether a question was allowed. A question that was never asked, since an earlier one of the same call
was refused, cannot be decided again: it is not known.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from daypass.access.explanation import outcome_of, reason_of
from daypass.provisioning import ATTEMPTS
from daypass.recollection.again import ask_again
from daypass.recollection.callers import caller_of
from daypass.recollection.opening import opened_sessions, reading
from daypass.recollection.past import CannotTell, KeptOut, Span, Trail
from daypass.recollection.proposals import Proposal, proposed
from daypass.store import Conflict

if TYPE_CHECKING:
    from daypass.access.caller import Caller
    from daypass.audit.decisions import Question
    from daypass.config import Config
    from daypass.directory import View
    from daypass.recollection.callers import Opened
    from daypass.recollection.past import Json, Past
    from daypass.store import SqliteStore

NOTHING_KEPT = "nothing was kept of how it was decided (audit.decisions)"
UNREADABLE = "the trail has a line there that is no record of a call"
LEFT_OUT = "one call asked more questions than are kept of it"


class ReplayWanted(NamedTuple):
    """Which requests, and under which proposed policies. ``principal`` is the ARN of a user, role, session or root user."""

    span: Span
    principal: str | None = None
    proposals: tuple[Proposal, ...] = ()


def replay(config: Config, wanted: ReplayWanted) -> Json:
    """How many questions were decided again, which came out otherwise, and how many could not be. Raises CannotTell."""
    with reading(config) as store:
        return asyncio.run(_replayed(Trail(config.data / "journal", store), store, wanted))


class _Replay:
    """The questions so far. The directory is looked at anew whenever somebody has changed what was read of it."""

    def __init__(self, store: SqliteStore, proposals: tuple[Proposal, ...], opened: dict[str, Opened]) -> None:
        self._store = store
        self._proposals = proposals
        self._opened = opened
        self._look()
        self.replayed = 0
        self.not_replayed: Counter[str] = Counter()
        self.differences: list[Json] = []

    def take(self, past: Past) -> None:
        """Decide all questions of one call. Raises CannotTell where the directory never keeps still."""
        decisions = past.decisions
        if decisions is None:
            self.not_replayed[NOTHING_KEPT] += 1
            return
        self.not_replayed[LEFT_OUT] += decisions.left_out
        for question in decisions.asked:
            found = self._settled(past, question)
            if isinstance(found, CannotTell):
                self.not_replayed[str(found)] += 1
                continue
            self.replayed += 1
            if found is not None:
                self.differences.append(found)

    def _look(self) -> None:
        self._now = self._store.view()
        self._then = proposed(self._now, self._proposals)

    def _settled(self, past: Past, question: Question) -> Json | CannotTell | None:
        for _ in range(ATTEMPTS):
            try:
                return self._difference(past, question)
            except CannotTell as why:
                return why
            except Conflict:
                self._look()
        raise CannotTell("the directory is changing too fast: try again")

    def _difference(self, past: Past, question: Question) -> Json | None:
        """What came out otherwise, if it did."""
        now, because = self._decided(past, question)
        if (now == "allow") is (question.outcome == "allow"):
            return None
        difference: Json = {
            "RequestId": past.request_id,
            "EventId": past.record["eventID"],
            "EventTime": past.record["eventTime"],
            "EventName": past.record["eventName"],
            "Principal": past.arn,
            "Action": question.action,
            "Resource": question.resource,
            "Then": question.outcome,
            "Now": now,
            "Because": because,
        }
        if self._proposals:
            difference["WithoutProposal"] = self._without_proposal(past, question)
        return difference

    def _decided(self, past: Past, question: Question) -> tuple[str, str]:
        """The outcome and why."""
        try:
            again = ask_again(past, question, self._caller(past, self._then), self._then)
        except KeptOut as why:
            return "explicitDeny", str(why)
        decision = again.decision
        return outcome_of(decision), reason_of(decision, again.request)

    def _without_proposal(self, past: Past, question: Question) -> str | None:
        """What the policies of now say of it, so that the proposal is not blamed for what has changed already."""
        try:
            return outcome_of(ask_again(past, question, self._caller(past, self._now), self._now).decision)
        except KeptOut:
            return "explicitDeny"
        except CannotTell:
            return None

    def _caller(self, past: Past, view: View) -> Caller:
        return caller_of(past, self._opened, view)


async def _replayed(trail: Trail, store: SqliteStore, wanted: ReplayWanted) -> Json:
    keys = {
        past.access_key_id
        async for past in trail.calls(wanted.span, having=(b'"narrowed":true',))
        if past.decisions is not None and past.decisions.narrowed
    }
    opened = await opened_sessions(trail, keys, wanted.span)
    run = _Replay(store, wanted.proposals, opened)
    async for past in trail.calls(wanted.span):
        if _is_meant(past, wanted.principal):
            run.take(past)
    run.not_replayed[UNREADABLE] += trail.unreadable
    return {
        "Replayed": run.replayed,
        "Differences": sorted(run.differences, key=lambda each: str(each["EventId"])),  # they are in order of time
        "NotReplayed": {why: count for why, count in run.not_replayed.most_common() if count},
    }


def _is_meant(past: Past, principal: str | None) -> bool:
    """Records of other accounts' callers, kept by the owner of what they used, are told by the caller's own."""
    identity = past.identity
    if identity.get("type") in ("Unknown", "AWSService"):
        return False
    if identity.get("type") == "AWSAccount" and identity.get("accountId") != "anonymous":
        return False
    issuer = (identity.get("sessionContext") or {}).get("sessionIssuer") or {}
    return principal in (None, identity.get("arn"), issuer.get("arn"))
