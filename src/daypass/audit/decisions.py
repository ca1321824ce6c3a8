"""What the trail remembers of decisions, beside the CloudTrail record and for the operator alone.

A line of the journal is the record and, after a tab, this: each question that was put to the policy engine with the
condition keys that only the request knew, what came of it, and of a refusal the reason. What the record tells already
(who called, when, from where) is not written twice. It is what ``daypass explain`` and ``daypass policy replay`` read;
LookupEvents and whatever else is delivered have the record alone.

No secret is in it: keys whose values CloudTrail does not record are named in ``unkept`` without their values.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

import msgspec

from daypass.audit.json_lines import encode
from daypass.policy import Allow, ExplicitDeny

if TYPE_CHECKING:
    from daypass.access.asking import Ask
    from daypass.access.caller import Caller
    from daypass.access.facts import RequestFacts
    from daypass.policy import Decision
    from daypass.services.registry import Call

SEPARATOR: Final = b"\t"
"""Between record and decisions. JSON escapes tabs, so a record has none."""

_MOST: Final = 100
"""Questions that are kept of one call: DeleteObjects asks about each key."""

_LARGEST: Final = 64 * 1024
_LONGEST_REASON: Final = 1024
_LONGEST_AGENT: Final = 1024
"""Characters of a user agent that the record keeps."""

_NOTHING: Final = b"{}"
_NO_KEYS: Final[dict[str, str]] = {}
_SERVICES: Final = frozenset({"access-analyzer", "aws", "cloudtrail", "ec2", "iam", "s3", "signin", "sts"})
_OF_PROOFS: Final = frozenset({"aud", "oaud", "sub"})
_OF_ASSERTIONS: Final = frozenset({"aud", "iss", "sub", "sub_type", "namequalifier", "doc"})


class Place(msgspec.Struct, array_like=True, frozen=True):
    """A statement that denied: layer, policy, ARN, place in the policy, Sid and whose policy it is."""

    layer: str
    policy: str
    arn: str | None
    statement: int
    sid: str | None
    holder: str | None = None


class Question(msgspec.Struct, array_like=True, frozen=True):
    """One question and its answer. Of a refusal ``by`` or ``silent`` says why.

    ``account`` is empty where it is the recipient's of the record. ``policy`` is the kind of policy that stood at the
    resource: ``bucket``, ``trust`` or empty. ``outcome`` is ``allow``, ``explicitDeny`` or ``implicitDeny``.
    """

    action: str
    resource: str
    account: str
    policy: str
    outcome: str
    context: dict[str, str | tuple[str, ...]] = {}
    by: tuple[Place, ...] = ()
    silent: tuple[str, ...] = ()


class Decisions(msgspec.Struct, frozen=True, kw_only=True):
    """All that is remembered of one call. What differs from the record, or is not in it, is there; the rest is absent."""

    asked: tuple[Question, ...] = ()
    reason: str = ""
    """Why the call was refused, in words that were never sent to the caller."""
    narrowed: bool = False
    """Whether the caller's session had policies, tags or an identity provider of its own: the record of the call that
    opened it has them."""
    unkept: tuple[str, ...] = ()
    """Condition keys that the request had and whose values are not kept."""
    left_out: int = 0
    """Questions beyond those that are kept."""
    now: int | None = None
    """When it was decided, where that is another second than the record's."""
    region: str | None = None
    federated: tuple[str, ...] = ()
    """The identity provider of a caller whom only that vouches for."""


_DECODER: Final = msgspec.json.Decoder(Decisions)


def remembered(data: bytes) -> Decisions:
    """What was written. Raises msgspec.MsgspecError for what is no such thing."""
    return _DECODER.decode(data)


def split(line: bytes) -> tuple[bytes, bytes | None]:
    """The record of a line of the journal, and its decisions if it has any."""
    record, tab, decisions = line.partition(SEPARATOR)
    return record, decisions if tab else None


def written(call: Call, facts: RequestFacts, reason: str | None, *, at: int, region: str, own: str) -> bytes:
    """The decisions of a call as they stand in the journal; that no policy was asked is told, too.

    ``at``, ``region`` and ``own`` are the record's time, region and recipient.
    """
    decided = call.decisions
    if not decided:
        return _NOTHING if reason is None else written_reason(reason)
    unkept: list[str] = []
    told: dict[str, Any] = {}
    if len(decided) > _MOST:
        told["left_out"] = len(decided) - _MOST
        decided = decided[:_MOST]
    told["asked"] = [_question(ask, decision, own, unkept) for ask, decision in decided]
    if reason is not None:
        told["reason"] = reason[:_LONGEST_REASON]
    _add_facts(told, call.caller, facts, unkept, at)
    if facts.region != region:
        told["region"] = facts.region
    line = encode(told)
    if len(line) <= _LARGEST:
        return line
    return encode({"reason": told.get("reason", ""), "left_out": len(call.decisions)})


def written_reason(reason: str) -> bytes:
    """Of a call that came to no question: why it was refused."""
    return encode({"reason": reason[:_LONGEST_REASON]})


def _question(ask: Ask, decision: Decision, own: str, unkept: list[str]) -> tuple[Any, ...]:
    context = ask.context
    if context:
        lacking = _not_kept(tuple(context))
        unkept += lacking
        if lacking or type(context) is not dict:
            context = {key: value for key, value in context.items() if key not in lacking}
    else:
        context = _NO_KEYS
    at = ask.resource_policy
    account = "" if ask.account == own else ask.account
    policy = "" if at is None else "trust" if at.is_trust else "bucket"
    if isinstance(decision, Allow):
        return ask.action, ask.resource, account, policy, "allow", context
    if isinstance(decision, ExplicitDeny):
        by = [(m.layer, m.policy, m.arn, m.statement, m.sid, m.holder) for m in decision.by]
        return ask.action, ask.resource, account, policy, "explicitDeny", context, by
    return ask.action, ask.resource, account, policy, "implicitDeny", context, (), decision.silent


def _add_facts(told: dict[str, Any], caller: Caller, facts: RequestFacts, unkept: list[str], at: int) -> None:
    """What the record does not tell of caller and request."""
    session, agent = caller.session, facts.user_agent
    if session is not None and (
        session.tags or session.policy is not None or session.policy_arns or session.federation is not None
    ):
        told["narrowed"] = True
    if facts.referer is not None:
        unkept.append("aws:referer")
    if agent is not None and not 0 < len(agent) <= _LONGEST_AGENT:
        unkept.append("aws:useragent")
    if unkept:
        told["unkept"] = [*dict.fromkeys(unkept)]
    if int(facts.now) != at:
        told["now"] = int(facts.now)
    if caller.principal.federated:
        told["federated"] = caller.principal.federated


@lru_cache(maxsize=4096)
def _not_kept(keys: tuple[str, ...]) -> tuple[str, ...]:
    """Those of a question's condition keys whose values are not kept."""
    return tuple(key for key in keys if not _is_kept(key))


def _is_kept(key: str) -> bool:
    """Whether CloudTrail, too, records the values of a condition key: parameters, tags, and who a proof was about."""
    service = key.partition(":")[0]
    if service in _SERVICES:
        return True
    name = key.rpartition(":")[2]
    return name in (_OF_ASSERTIONS if service == "saml" else _OF_PROOFS)
