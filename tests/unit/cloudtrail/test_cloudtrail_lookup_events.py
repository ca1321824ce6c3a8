"""LookupEvents, DescribeTrails and ListTrails (CloudTrail API Reference)."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from daypass.access.caller import Caller
from daypass.access.facts import RequestFacts
from daypass.audit import RETENTION, Counters, Indexer, Trail
from daypass.credentials import KeyRing
from daypass.errors import ApiError
from daypass.policy import Principal, PrincipalKind
from daypass.protocol.models import load_model
from daypass.request import Request
from daypass.services.cloudtrail import cloudtrail
from daypass.services.mint import Mint
from daypass.services.registry import Call
from daypass.settings import Settings
from daypass.store import MemoryStore
from daypass.store.interface import EventRow

if TYPE_CHECKING:
    from pathlib import Path

ACCOUNT, OTHER = "111122223333", "777788889999"
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
RING = KeyRing.generate(bytes(range(32)))


def row(number: int, *, account: str = ACCOUNT, region: str = "us-east-1", age: float = 0, **more: Any) -> EventRow:
    """An event; the higher its number, the newer."""
    facts = {
        "id": f"{account}-{region}-{number:04}",
        "account": account,
        "region": region,
        "time": int(NOW.timestamp() - age) - 100 + number,
        "name": "CreateUser",
        "source": "iam.amazonaws.com",
        "username": "alice",
        "access_key_id": "AKIAALICE",
        "read_only": False,
        "category": "Management",
        "resources": (("AWS::IAM::User", "bob"),),
        "record": json.dumps({"eventID": number}).encode(),
    }
    return EventRow(**(facts | more))


def call(parameters: dict[str, Any], *, account: str = ACCOUNT, region: str = "us-east-1", name: str = "") -> Call:
    principal = Principal(kind=PrincipalKind.ROOT, account=account, arn=f"arn:aws:iam::{account}:root")
    return Call(
        service="cloudtrail",
        operation=name or "LookupEvents",
        input=parameters,
        caller=Caller(principal, account),
        request=Request("POST", b"/", b"", [], b"", "192.0.2.1"),
        request_id="r",
        facts=RequestFacts(NOW.timestamp(), "192.0.2.1", secure=False, region=region),
        mint=Mint(lambda count: b"\x07" * count),
        keyring=RING,
        settings=Settings(),
    )


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
def rooms(tmp_path: Path, store: MemoryStore) -> Any:
    indexer = Indexer(tmp_path, store, Counters(), now=NOW.timestamp)
    return SimpleNamespace(trail=Trail(store, indexer))


def put(store: MemoryStore, *rows: EventRow) -> None:
    asyncio.run(store.commit(store.view(), [], rows))


def look(rooms: Any, parameters: dict[str, Any] | None = None, **who: Any) -> dict[str, Any]:
    made = call(parameters or {}, **who)
    operation = cloudtrail.table["LookupEvents"].rooms
    assert operation is not None
    output, changes = asyncio.run(operation(made, None, rooms))  # type: ignore[arg-type]  # it reads no directory
    assert changes == []
    return output


def refused(rooms: Any, parameters: dict[str, Any], **who: Any) -> tuple[str, str | None]:
    with pytest.raises(ApiError) as caught:
        look(rooms, parameters, **who)
    return caught.value.code, caught.value.message


def numbers(output: dict[str, Any]) -> list[int]:
    return [json.loads(event["CloudTrailEvent"])["eventID"] for event in output["Events"]]


def test_an_event_has_the_members_of_the_api(rooms: Any, store: MemoryStore) -> None:
    put(store, row(1))
    assert look(rooms) == {
        "Events": [
            {
                "EventId": "111122223333-us-east-1-0001",
                "EventName": "CreateUser",
                "ReadOnly": "false",
                "AccessKeyId": "AKIAALICE",
                "EventTime": NOW - timedelta(seconds=99),
                "EventSource": "iam.amazonaws.com",
                "Username": "alice",
                "Resources": [{"ResourceType": "AWS::IAM::User", "ResourceName": "bob"}],
                "CloudTrailEvent": '{"eventID": 1}',
            }
        ]
    }


def test_what_an_event_lacks_is_left_out(rooms: Any, store: MemoryStore) -> None:
    put(store, row(1, username=None, access_key_id=None, resources=()))
    (event,) = look(rooms)["Events"]
    assert "Username" not in event
    assert "AccessKeyId" not in event
    assert event["Resources"] == []


def test_only_the_callers_account_and_region_are_searched(rooms: Any, store: MemoryStore) -> None:
    put(store, row(1), row(2, account=OTHER), row(3, region="eu-west-1"), row(4, category="Data"))
    assert numbers(look(rooms)) == [1]
    assert numbers(look(rooms, account=OTHER)) == [2]
    assert numbers(look(rooms, region="eu-west-1")) == [3]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("EventId", "111122223333-us-east-1-0002"),
        ("EventName", "DeleteUser"),
        ("ReadOnly", "true"),
        ("Username", "carol"),
        ("ResourceType", "AWS::S3::Bucket"),
        ("ResourceName", "b"),
        ("EventSource", "s3.amazonaws.com"),
        ("AccessKeyId", "AKIACAROL"),
    ],
)
def test_each_attribute_finds_what_has_it(rooms: Any, store: MemoryStore, key: str, value: str) -> None:
    special = {
        "name": "DeleteUser",
        "read_only": True,
        "username": "carol",
        "resources": (("AWS::S3::Bucket", "b"),),
        "source": "s3.amazonaws.com",
        "access_key_id": "AKIACAROL",
    }
    put(store, row(1), row(2, **special))
    assert numbers(look(rooms, {"LookupAttributes": [{"AttributeKey": key, "AttributeValue": value}]})) == [2]
    assert key in load_model("cloudtrail").shapes["LookupAttributeKey"].enum


def test_both_ends_of_the_time_range_are_inside(rooms: Any, store: MemoryStore) -> None:
    put(store, *(row(number) for number in range(10)))
    first, last = (NOW - timedelta(seconds=100 - number) for number in (3, 6))
    assert numbers(look(rooms, {"StartTime": first, "EndTime": last})) == [6, 5, 4, 3]
    assert numbers(look(rooms, {"StartTime": first + timedelta(seconds=0.5), "EndTime": last})) == [6, 5, 4, 3]
    assert numbers(look(rooms, {"EndTime": first})) == [3, 2, 1, 0]


def test_events_of_more_than_ninety_days_ago_are_not_found(rooms: Any, store: MemoryStore) -> None:
    put(store, row(0, age=RETENTION), row(1))
    assert numbers(look(rooms, {"StartTime": NOW - timedelta(days=365)})) == [1]


def test_pages_lead_through_all_events(rooms: Any, store: MemoryStore) -> None:
    put(store, *(row(number) for number in range(60)))
    first = look(rooms)
    assert len(first["Events"]) == 50
    second = look(rooms, {"NextToken": first["NextToken"]})
    assert numbers(first) + numbers(second) == list(range(59, -1, -1))
    assert "NextToken" not in second


def test_a_last_page_that_is_full_has_no_token(rooms: Any, store: MemoryStore) -> None:
    put(store, row(1), row(2))
    assert "NextToken" not in look(rooms, {"MaxResults": 2})


@pytest.mark.parametrize(
    ("parameters", "who"),
    [
        ({"LookupAttributes": [{"AttributeKey": "EventName", "AttributeValue": "x"}]}, {}),
        ({"StartTime": NOW}, {}),
        ({}, {"account": OTHER}),
        ({}, {"region": "eu-west-1"}),
    ],
)
def test_a_token_of_another_call_is_refused(
    rooms: Any, store: MemoryStore, parameters: dict[str, Any], who: dict[str, str]
) -> None:
    put(store, row(1), row(2))
    token = look(rooms, {"MaxResults": 1})["NextToken"]
    assert numbers(look(rooms, {"NextToken": token})) == [1], "the size of the page may change"
    assert refused(rooms, {"NextToken": token, **parameters}, **who)[0] == "InvalidNextTokenException"


@pytest.mark.parametrize("token", ["x", "AAAA", "é", "!" * 100, "AQE" + "A" * 100])
def test_a_token_that_was_never_given_out_is_refused(rooms: Any, token: str) -> None:
    assert refused(rooms, {"NextToken": token})[0] == "InvalidNextTokenException"


def test_a_range_that_ends_before_it_begins_is_refused(rooms: Any) -> None:
    parameters = {"StartTime": NOW, "EndTime": NOW - timedelta(seconds=1)}
    assert refused(rooms, parameters) == ("InvalidTimeRangeException", "Start time must be before end time.")


@pytest.mark.parametrize("limit", [0, -1, 51])
def test_a_page_has_one_to_fifty_events(rooms: Any, limit: int) -> None:
    text = f"A max results value of {limit} is invalid. Specify max results between 1 and 50."
    assert refused(rooms, {"MaxResults": limit}) == ("InvalidMaxResultsException", text)


@pytest.mark.parametrize(
    "attributes",
    [
        [{"AttributeKey": "EventName", "AttributeValue": "a"}, {"AttributeKey": "Username", "AttributeValue": "b"}],
        [{"AttributeKey": "eventName", "AttributeValue": "a"}],
        [{"AttributeKey": "EventName", "AttributeValue": ""}],
        [{"AttributeKey": "EventName", "AttributeValue": "a" * 2001}],
        [{"AttributeKey": "EventName", "AttributeValue": "_" * 1001}],
    ],
)
def test_an_attribute_that_cannot_be_searched_for_is_refused(rooms: Any, attributes: list[dict[str, str]]) -> None:
    assert refused(rooms, {"LookupAttributes": attributes})[0] == "InvalidLookupAttributesException"


def test_there_are_no_insight_events(rooms: Any, store: MemoryStore) -> None:
    put(store, row(1))
    assert look(rooms, {"EventCategory": "insight"}) == {"Events": []}
    assert refused(rooms, {"EventCategory": "data"})[0] == "InvalidEventCategoryException"


@pytest.mark.parametrize("name", ["LookupEvents", "DescribeTrails", "ListTrails"])
def test_what_reads_for_the_account_asks_for_its_own_action_on_everything(name: str) -> None:
    (ask,) = cloudtrail.table[name].needs(call({}, name=name), None)  # type: ignore[arg-type]
    assert (ask.action, ask.resource, ask.account, ask.shown) == (f"cloudtrail:{name}", "*", ACCOUNT, "")


def test_there_are_no_trails() -> None:
    describe, listed = (cloudtrail.table[name].directory for name in ("DescribeTrails", "ListTrails"))
    assert describe is not None
    assert listed is not None
    assert describe(call({"trailNameList": ["x"]}), None) == ({"trailList": []}, [])  # type: ignore[arg-type]
    assert listed(call({}), None) == ({"Trails": []}, [])  # type: ignore[arg-type]
    with pytest.raises(ApiError, match="InvalidNextTokenException"):
        listed(call({"NextToken": "x"}), None)  # type: ignore[arg-type]
