"""LookupEvents (CloudTrail API Reference): the management events of an account and a region, 90 days back.

A region's events are those whose ``awsRegion`` it is: the region that a call was signed for, and us-east-1 for IAM, which
is one for all regions. They are found as soon as their answer has left the server, refused calls too.

A token is sealed for the account, the region and the parameters of the first call; another call's is refused.
"""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import UTC, datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

import msgspec

from daypass.audit import RETENTION
from daypass.credentials import CannotOpen, Purpose
from daypass.errors import ApiError
from daypass.services.cloudtrail.operations import cloudtrail, on_account
from daypass.store.interface import EventQuery

if TYPE_CHECKING:
    from daypass.directory import View
    from daypass.services.registry import Call, Output, Result, Rooms
    from daypass.store.interface import EventRow

Cursor = tuple[int, str]

KEYS: Final = frozenset(
    {"EventId", "EventName", "ReadOnly", "Username", "ResourceType", "ResourceName", "EventSource", "AccessKeyId"}
)
MOST_RESULTS: Final = 50
_LONGEST_VALUE: Final = 2000
_COUNTED_TWICE: Final = ("_", " ", ",", "\n")


@cloudtrail.with_rooms("LookupEvents", needs=on_account)
async def lookup_events(call: Call, _view: View, rooms: Rooms) -> Result:
    """One page of events, newest first."""
    if _insight_events(call):
        return {"Events": []}, []  # nothing here analyses events, so there are none
    limit, before = _limit(call), _position(call)
    start, end = _range(call)
    query = EventQuery(call.account, call.facts.region, start, end, _attribute(call), before, limit)
    found = await rooms.trail.lookup(query)
    output: Output = {"Events": [_event(row) for row in found.events]}
    if found.next is not None:
        output["NextToken"] = _token(call, found.next)
    return output, []


def _event(row: EventRow) -> dict[str, Any]:
    event = {
        "EventId": row.id,
        "EventName": row.name,
        "ReadOnly": "true" if row.read_only else "false",
        "AccessKeyId": row.access_key_id,
        "EventTime": datetime.fromtimestamp(row.time, UTC),
        "EventSource": row.source,
        "Username": row.username,
        "Resources": [{"ResourceType": kind, "ResourceName": name} for kind, name in row.resources],
        "CloudTrailEvent": row.record.decode(),
    }
    return {name: value for name, value in event.items() if value is not None}


def _insight_events(call: Call) -> bool:
    category = call.input.get("EventCategory")
    if category not in {None, "insight"}:
        raise ApiError("InvalidEventCategoryException", f"{category} is not a valid event category.")
    return category is not None


def _attribute(call: Call) -> tuple[str, str] | None:
    attributes = call.input.get("LookupAttributes") or []
    if not attributes:
        return None
    if len(attributes) > 1:
        raise ApiError("InvalidLookupAttributesException", "You can specify only one lookup attribute.")
    key, value = attributes[0].get("AttributeKey"), attributes[0].get("AttributeValue")
    if key not in KEYS:
        raise ApiError("InvalidLookupAttributesException", "Lookup attribute key is not valid.")
    if not value or len(value) + sum(map(value.count, _COUNTED_TWICE)) > _LONGEST_VALUE:
        raise ApiError("InvalidLookupAttributesException", "Lookup attribute value is not valid.")
    return key, value


def _limit(call: Call) -> int:
    limit = call.input.get("MaxResults", MOST_RESULTS)
    if not 1 <= limit <= MOST_RESULTS:
        text = f"A max results value of {limit} is invalid. Specify max results between 1 and {MOST_RESULTS}."
        raise ApiError("InvalidMaxResultsException", text)
    return int(limit)


def _range(call: Call) -> tuple[int, int]:
    """Seconds, both ends inclusive. Events keep whole seconds: a start within a second takes that second in."""
    oldest = call.now - RETENTION
    start, end = _seconds(call, "StartTime", oldest), _seconds(call, "EndTime", call.now)
    if start > end and "StartTime" in call.input and "EndTime" in call.input:
        raise ApiError("InvalidTimeRangeException", "Start time must be before end time.")
    return int(max(start, oldest)), int(end)


def _seconds(call: Call, name: str, otherwise: float) -> float:
    moment = call.input.get(name)
    return otherwise if moment is None else float(moment.timestamp())


def _position(call: Call) -> Cursor | None:
    token = call.input.get("NextToken")
    if not token:
        return None
    try:
        blob = urlsafe_b64decode(token.encode("ascii"))
        text = call.keyring.open(Purpose.PAGINATION_MARKER, blob, _bound_to(call))
        cursor: Cursor = msgspec.json.decode(text, type=Cursor)
    except (CannotOpen, ValueError):
        raise ApiError("InvalidNextTokenException", "Invalid token.") from None
    return cursor


def _token(call: Call, cursor: Cursor) -> str:
    content = msgspec.json.encode(cursor)
    blob = call.keyring.seal(Purpose.PAGINATION_MARKER, content, _bound_to(call), call.mint.nonce())
    return urlsafe_b64encode(blob).decode()


def _bound_to(call: Call) -> bytes:
    """Everything that a token must come back with: all parameters but itself and the size of the page."""
    asked = {name: value for name, value in call.input.items() if name not in {"NextToken", "MaxResults"}}
    text = json.dumps([call.account, call.operation, call.facts.region, asked], default=str, sort_keys=True)
    return sha256(text.encode()).digest()
