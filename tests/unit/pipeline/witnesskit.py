"""The last call of a server in the test's process: as the pipeline had it, and as its trail tells it."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from daypass.access.authorize import question_on
from daypass.audit.decisions import remembered, split
from daypass.recollection.again import ask_again
from daypass.recollection.callers import caller_of
from daypass.recollection.past import Past

if TYPE_CHECKING:
    from worldkit import Host

    from daypass.services.registry import Call


class Witness:
    """The last call as the pipeline had it, and as the trail has it."""

    def __init__(self, host: Host) -> None:
        self.host = host
        self.call: Call | None = None
        record = host.world.recorder.of

        def witnessed(**facts: Any) -> Any:
            self.call = facts["call"]
            return record(**facts)

        host.world.recorder.of = witnessed  # type: ignore[method-assign]

    def past(self) -> Past:
        """The last call's record: the caller's copy."""
        lines = [split(line) for line in self.host.journal.lines]
        record, decisions = next(pair for pair in reversed(lines) if pair[1] is not None)
        return Past(json.loads(record), None if decisions is None else remembered(decisions))

    def opened(self) -> dict[str, Any]:
        """The records of all calls that opened sessions."""
        found = {}
        for record in self.host.journal.records:
            credentials = (record["responseElements"] or {}).get("credentials")
            if credentials:
                found[credentials["accessKeyId"]] = record
        return found

    def check(self, questions: int = 1) -> None:
        """Each question of the last call, made of the record alone, is the one that was asked, but for what is not kept."""
        call, past, view = self.call, self.past(), self.host.store.view()
        assert call is not None
        assert past.decisions is not None
        assert len(call.decisions) == len(past.decisions.asked) == questions
        for (ask, decision), question in zip(call.decisions, past.decisions.asked, strict=True):
            again = ask_again(past, question, caller_of(past, self.opened(), view), view)
            there, asked = question_on(ask, call.caller, view, call.facts)
            known = {key: value for key, value in asked.context.items() if key not in past.decisions.unkept}
            assert again.request == replace(asked, context=known)
            assert [layer.sources for layer in layers(again.layers)] == [layer.sources for layer in layers(there)]
            assert again.decision == decision
            assert again.explained_decision == decision


def layers(gathered: Any) -> list[Any]:
    single = (gathered.identity, gathered.boundary, gathered.session, gathered.resource)
    return [layer for layer in single if layer is not None]
