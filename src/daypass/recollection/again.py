"""One recorded question, decided again: by the code, the policies and the tags of now."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from daypass.access.asking import Ask
from daypass.access.authorize import question_on
from daypass.access.facts import RequestFacts
from daypass.policy import decide, obvious_decide
from daypass.policy.condition_keys import spelled
from daypass.recollection.past import CannotTell
from daypass.recollection.resources import S3, bucket_policy, trust_policy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from daypass.access.asking import ResourcePolicy
    from daypass.access.caller import Caller
    from daypass.audit.decisions import Decisions, Question
    from daypass.directory import View
    from daypass.policy import AccessRequest, Decision, Layers
    from daypass.recollection.past import Json, Past


class Again(NamedTuple):
    """A question as it is put to the engine now, and what may answer it."""

    request: AccessRequest
    layers: Layers

    @property
    def decision(self) -> Decision:
        """As the server decides."""
        return decide(self.layers, self.request)

    @property
    def explained_decision(self) -> Decision:
        """As the engine decides that explains, an Allow too."""
        return obvious_decide(self.layers, self.request)


def ask_again(past: Past, question: Question, caller: Caller, view: View) -> Again:
    """A recorded question on the directory of now. Raises CannotTell where it cannot be put any more."""
    decisions = past.decisions
    if decisions is None:
        raise CannotTell("nothing was kept of its decisions")
    account = question.account or past.record["recipientAccountId"]
    ask = Ask(
        question.action,
        question.resource,
        account,
        question.context,
        _resource_policy(past, question, account, caller, view),
    )
    layers, request = question_on(ask, caller, view, _facts(past.record, decisions, past.time))
    _check_kept(decisions, layers)
    return Again(request, layers)


def _resource_policy(past: Past, question: Question, account: str, caller: Caller, view: View) -> ResourcePolicy | None:
    if question.policy == "trust":
        return trust_policy(question.resource, account, view)
    if question.action.startswith("s3:") and question.resource.startswith(S3):
        return bucket_policy(question.resource, account, past.record["eventName"], caller, view)
    return None


def _check_kept(decisions: Decisions, layers: Layers) -> None:
    """A policy that looks at a key whose value was not kept cannot be decided on again."""
    if not decisions.unkept:
        return
    texts = [text.lower() for text in _texts(layers)]
    for key in decisions.unkept:
        if any(key in text for text in texts):
            raise CannotTell(f"a policy looks at {spelled(key)}, whose value is not kept")


def _texts(layers: Layers) -> Iterator[str]:
    single = (layers.identity, layers.boundary, layers.session, layers.resource, layers.endpoint)
    for layer in (*single, *layers.service_control, *layers.resource_control):
        if layer is not None:
            yield from (source.policy.text for source in layer.sources)


def _facts(record: Json, decisions: Decisions, time: int) -> RequestFacts:
    agent = record.get("userAgent") or ""
    if record["eventSource"] == "s3.amazonaws.com":
        agent = agent.removeprefix("[").removesuffix("]")
    return RequestFacts(
        now=time if decisions.now is None else decisions.now,
        source_ip=record["sourceIPAddress"],
        secure="tlsDetails" in record,
        region=decisions.region or record["awsRegion"],
        user_agent=agent or None,
    )
