"""``daypass explain``: a request that might be made, decided on the directory of now; or one that was, then and now."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from daypass import clock
from daypass.access.asking import Ask
from daypass.access.authorize import question_on
from daypass.access.explanation import explained
from daypass.access.facts import RequestFacts
from daypass.arns import Arn
from daypass.directory import GLOBAL, Bucket, Role, User
from daypass.directory.naming import is_account_id
from daypass.policy import Grammar, PolicyProblem, obvious_decide, parse
from daypass.policy.condition_keys import condition_key
from daypass.recollection.again import ask_again
from daypass.recollection.callers import caller_of, named_caller
from daypass.recollection.opening import opened_sessions, reading
from daypass.recollection.past import CannotTell, KeptOut, Span, Trail, of_one_moment
from daypass.recollection.resources import S3, bucket_policy, trust_policy

if TYPE_CHECKING:
    from daypass.access.asking import ResourcePolicy
    from daypass.access.caller import Caller
    from daypass.audit.decisions import Question
    from daypass.config import Config
    from daypass.directory import View
    from daypass.recollection.past import Json, Past
    from daypass.store import SqliteStore

Context = dict[str, str | tuple[str, ...]]

_UNKNOWN = ("aws:sourceip", "aws:securetransport")
"""Facts of a request that nobody made: they are there if they are given."""

_FOREVER = 1 << 34


class Hypothesis(NamedTuple):
    """A request that might be made. ``context`` are condition keys and values, as they are written in policies."""

    principal: str
    action: str
    resource: str = "*"
    context: tuple[tuple[str, str], ...] = ()
    session_policy: str | None = None


def explain_hypothesis(config: Config, asked: Hypothesis) -> Json:
    """Whether it would be allowed, and why. Raises CannotTell."""
    with reading(config) as store:
        return of_one_moment(store, lambda view: _hypothetical(asked, view, config.region))


def explain_request(config: Config, request_id: str) -> Json:
    """What became of a recorded request, why, and what would become of it now. Raises CannotTell."""
    with reading(config) as store:
        return asyncio.run(_recorded(Trail(config.data / "journal", store), store, request_id))


def _hypothetical(asked: Hypothesis, view: View, region: str) -> Json:
    service, _, name = asked.action.partition(":")
    if not (service and name) or set("*?") & set(asked.action):
        raise CannotTell(f"{asked.action} is no action: give one such as s3:GetObject")
    if asked.session_policy is not None:
        try:
            parse(asked.session_policy, Grammar.SESSION)
        except PolicyProblem as problem:
            raise CannotTell(f"the session policy is refused: {problem.message}") from None
    now = clock.now()
    caller = named_caller(asked.principal, view, int(now), asked.session_policy)
    account = _owner(asked.resource, view) or caller.account
    given = _given(asked.context)
    context = {**_of_resource(asked.resource, account, view), **given}
    kept_out = None
    try:
        policy = _policy_at(asked, account, caller, view)
    except KeptOut as why:
        policy, kept_out = None, str(why)
    ask = Ask(asked.action, asked.resource, account, context, policy)
    layers, request = question_on(ask, caller, view, RequestFacts(now, "", secure=False, region=region))
    told = {key: value for key, value in request.context.items() if key in given or key not in _UNKNOWN}
    request = replace(request, context=told)
    found = explained(obvious_decide(layers, request), request, layers)
    return found if kept_out is None else found | {"Decision": "explicitDeny", "Because": kept_out, "Changes": []}


def _given(pairs: tuple[tuple[str, str], ...]) -> Context:
    """Condition keys that were given; one that was given more than once has several values."""
    values: dict[str, tuple[str, ...]] = {}
    for key, value in pairs:
        values[key.lower()] = (*values.get(key.lower(), ()), value)
    return {key: all_ if len(all_) > 1 or _has_many(key) else all_[0] for key, all_ in values.items()}


def _has_many(key: str) -> bool:
    """Whether a key has a list of values, be it of one."""
    known = condition_key(key)
    return known is not None and known.multivalued


def _owner(resource: str, view: View) -> str | None:
    """The account that a resource belongs to: the bucket's, or the one that its ARN names."""
    if resource.startswith(S3):
        bucket = view.get(Bucket, GLOBAL, resource.removeprefix(S3).partition("/")[0])
        return None if bucket is None else bucket.account
    if resource == "*":
        return None
    try:
        account = Arn.parse(resource).account
    except ValueError:
        raise CannotTell(f"{resource} is no ARN") from None
    return account if is_account_id(account) else None  # AWS's own managed policies are of the account "aws"


def _of_resource(resource: str, account: str, view: View) -> Context:
    """The condition keys that a resource has of its own."""
    if resource.startswith(S3):
        return {"s3:resourceaccount": account}
    kind, _, rest = (Arn.parse(resource).resource if resource != "*" else "").partition("/")
    name = rest.rpartition("/")[2].lower()
    found: Role | User | None = None
    if kind == "role":
        found = view.get(Role, account, name)
    elif kind == "user":
        found = view.get(User, account, name)
    if found is None or found.arn != resource:
        return {}
    families = ("aws:resourcetag/", "iam:resourcetag/")
    return {family + key.lower(): value for family in families for key, value in found.tags}


def _policy_at(asked: Hypothesis, account: str, caller: Caller, view: View) -> ResourcePolicy | None:
    action = asked.action.lower()
    if action.startswith("sts:") and ":role/" in asked.resource:
        return trust_policy(asked.resource, account, view)
    if action.startswith("s3:") and asked.resource.startswith(S3):
        name = asked.action.partition(":")[2]
        if view.get(Bucket, GLOBAL, asked.resource.removeprefix(S3).partition("/")[0]) is None:
            return None
        return bucket_policy(asked.resource, None, name, caller, view)
    return None


async def _recorded(trail: Trail, store: SqliteStore, request_id: str) -> Json:
    text = f'"requestID":"{request_id}"'.encode()
    found = [past async for past in trail.calls(Span(0, _FOREVER), having=(text,)) if past.request_id == request_id]
    if not found and trail.unreadable:
        raise CannotTell(f"what the trail has of request {request_id} cannot be read")
    if not found:
        raise CannotTell(f"there is no request {request_id} in the trail")
    past = max(found, key=lambda each: each.decisions is not None)
    keys = {past.access_key_id} if past.decisions is not None and past.decisions.narrowed else set()
    opened = await opened_sessions(trail, keys, Span(past.time, past.time))
    told: Json = {
        "RequestId": past.request_id,
        "EventTime": past.record["eventTime"],
        "EventSource": past.record["eventSource"],
        "EventName": past.record["eventName"],
        "Principal": past.arn,
        "SourceIPAddress": past.record["sourceIPAddress"],
        "ErrorCode": past.record.get("errorCode"),
        "ErrorMessage": past.record.get("errorMessage"),
    }
    decisions = past.decisions
    if decisions is None:
        return told | {"Kept": False, "Reason": None, "Questions": []}
    return told | {
        "Kept": True,
        "Reason": decisions.reason or None,
        "QuestionsLeftOut": decisions.left_out,
        "Questions": of_one_moment(
            store, lambda view: [_then_and_now(past, question, opened, view) for question in decisions.asked]
        ),
    }


def _then_and_now(past: Past, question: Question, opened: dict[str, dict[str, Any]], view: View) -> Json:
    told: Json = {
        "Action": question.action,
        "Resource": question.resource,
        "Then": {
            "Decision": question.outcome,
            "DeniedBy": [
                {
                    "Layer": place.layer,
                    "Policy": place.policy,
                    "PolicyArn": place.arn,
                    "PolicyHolder": place.holder,
                    "Sid": place.sid,
                    "Index": place.statement,
                }
                for place in question.by
            ],
            "SilentLayers": list(question.silent),
        },
    }
    try:
        again = ask_again(past, question, caller_of(past, opened, view), view)
    except CannotTell as why:
        return told | {"Now": None, "NotNow": str(why)}
    return told | {"Now": explained(again.explained_decision, again.request, again.layers)}
