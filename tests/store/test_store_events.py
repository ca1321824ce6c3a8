"""The trail's index, journal marks and last uses, whatever engine is behind them."""

from __future__ import annotations

import asyncio
import random
from typing import TYPE_CHECKING, Any

import pytest
from storekit import A, B, commit, event

from daypass.directory import LastUse
from daypass.store import EventQuery, JournalMark, Use

if TYPE_CHECKING:
    from daypass.store import EventRow, Store

MARK = JournalMark("journal-1", 100)
RESOURCES = (("AWS::IAM::Role", "arn:aws:iam::111122223333:role/r"), ("AWS::S3::Bucket", "reports"))


def index(store: Store, *events: EventRow, uses: tuple[Use, ...] = (), mark: JournalMark = MARK) -> None:
    asyncio.run(store.index_events(events, uses, mark))


def find(store: Store, **asked: Any) -> list[EventRow]:
    told: dict[str, Any] = {
        "account": A,
        "region": "us-east-1",
        "start": 0,
        "end": 9_999,
        "attribute": None,
        "before": None,
        "limit": 50,
    }
    return asyncio.run(store.find_events(EventQuery(**(told | asked))))


def ids(events: list[EventRow]) -> list[str]:
    return [row.id for row in events]


def test_an_event_comes_back_as_it_was_written(store: Store) -> None:
    written = event(1, username=None, access_key_id=None, read_only=False, resources=RESOURCES, record="é".encode())
    index(store, written)
    assert find(store) == [written]


def test_how_an_event_s_call_was_decided_is_kept_beside_its_record(store: Store) -> None:
    index(store, event(1, decisions=b'{"asked":[]}'), event(2))
    commit(store, events=(event(3, decisions=b"{}"),))
    assert [row.decisions for row in find(store)] == [b"{}", None, b'{"asked":[]}']


def test_events_of_a_commit_are_found_when_it_is_answered(store: Store) -> None:
    commit(store, events=(event(1), event(2)))
    assert ids(find(store)) == ["e0002", "e0001"]


def test_events_are_newest_first_and_by_id_within_a_second(store: Store) -> None:
    index(store, event(2), event(1), event(3, time=1_002))
    assert ids(find(store)) == ["e0003", "e0002", "e0001"]


def test_events_of_all_regions_are_found_together_where_none_is_named(store: Store) -> None:
    index(store, event(1), event(2, region="eu-west-1"), event(3), event(4, region="eu-west-1", account=B))
    assert ids(find(store, region=None)) == ["e0003", "e0002", "e0001"]
    assert ids(find(store, region=None, limit=2)) == ["e0003", "e0002"]
    assert {row.id: row.region for row in find(store, region=None)}["e0002"] == "eu-west-1"


def test_pages_go_on_where_the_last_one_ended(store: Store) -> None:
    index(store, *(event(n, time=1_000 + n // 3) for n in range(10)))
    found: list[str] = []
    before = None
    while page := find(store, limit=4, before=before):
        found += ids(page)
        before = (page[-1].time, page[-1].id)
    assert found == [f"e{n:04}" for n in reversed(range(10))]


@pytest.mark.parametrize("seed", range(6))
def test_pages_of_an_attribute_are_those_of_all_events_that_have_it(store: Store, seed: int) -> None:
    """Events of several minutes, many in one second, in the order of several journals, some of them twice."""
    chance = random.Random(seed)
    seconds = chance.choice((3, 90, 4_000))
    made = [event(n, time=chance.randrange(seconds), username=chance.choice("abc")) for n in range(400)]
    chance.shuffle(made)
    for start in range(0, 400, 80):
        index(store, *made[max(0, start - 5) : start + 80])
    for _ in range(8):
        start, end = sorted(chance.randrange(seconds) for _ in range(2))
        wanted = [e for e in made if e.username == "a" and start <= e.time <= end]
        wanted.sort(key=lambda e: (e.time, e.id), reverse=True)
        found: list[str] = []
        before = None
        while page := find(store, attribute=("Username", "a"), start=start, end=end, before=before, limit=7):
            found += ids(page)
            before = (page[-1].time, page[-1].id)
        assert found == ids(wanted)


def test_both_ends_of_the_time_range_are_inside(store: Store) -> None:
    index(store, *(event(n) for n in range(5)))
    assert ids(find(store, start=1_001, end=1_003)) == ["e0003", "e0002", "e0001"]
    assert ids(find(store, start=1_001, end=1_003, before=(1_003, "e0003"))) == ["e0002", "e0001"]
    assert ids(find(store, start=1_001, end=1_003, before=(9_000, "x"))) == ["e0003", "e0002", "e0001"]


@pytest.mark.parametrize(
    ("attribute", "value", "members"),
    [
        ("EventId", "e0002", {}),
        ("EventName", "PutUser", {"name": "PutUser"}),
        ("EventSource", "sts.amazonaws.com", {"source": "sts.amazonaws.com"}),
        ("Username", "bob", {"username": "bob"}),
        ("AccessKeyId", "AKIABOB", {"access_key_id": "AKIABOB"}),
        ("ReadOnly", "false", {"read_only": False}),
        ("ResourceType", "AWS::S3::Bucket", {"resources": RESOURCES}),
        ("ResourceName", "reports", {"resources": RESOURCES}),
    ],
)
def test_an_attribute_picks_the_events_that_have_it(
    store: Store, attribute: str, value: str, members: dict[str, Any]
) -> None:
    index(store, event(1), event(2, **members), event(3), event(4, account=B, **members))
    assert ids(find(store, attribute=(attribute, value))) == ["e0002"]
    assert ids(find(store, attribute=(attribute, value), end=1_001)) == []
    assert ids(find(store, attribute=(attribute, value), before=(1_002, "e0002"))) == []
    assert ids(find(store, attribute=(attribute, value.swapcase()))) == []


def test_read_only_is_true_or_false_and_nothing_else(store: Store) -> None:
    index(store, event(1), event(2, read_only=False))
    assert ids(find(store, attribute=("ReadOnly", "true"))) == ["e0001"]
    assert find(store, attribute=("ReadOnly", "1")) == []


def test_two_resources_of_one_type_make_one_event(store: Store) -> None:
    index(store, event(1, resources=(("AWS::S3::Bucket", "a"), ("AWS::S3::Bucket", "b"))))
    assert ids(find(store, attribute=("ResourceType", "AWS::S3::Bucket"))) == ["e0001"]


def test_an_unknown_attribute_is_a_bug_and_finds_nothing(store: Store) -> None:
    index(store, event(1))
    with pytest.raises(KeyError):
        find(store, attribute=("Colour", "red"))


def test_accounts_regions_and_categories_are_apart(store: Store) -> None:
    index(store, event(1), event(2, account=B), event(3, region="eu-west-1"), event(4, category="Data"))
    assert ids(find(store)) == ["e0001"]
    assert ids(find(store, account=B)) == ["e0002"]
    assert ids(find(store, region="eu-west-1")) == ["e0003"]
    assert ids(find(store, category="Data")) == ["e0004"]


def test_a_known_event_is_left_as_it_is(store: Store) -> None:
    index(store, event(1))
    index(store, event(1, name="Other", resources=RESOURCES), event(2))
    assert [(row.id, row.name) for row in find(store)] == [("e0002", "GetUser"), ("e0001", "GetUser")]
    assert find(store, attribute=("EventName", "Other")) == []


def test_old_events_are_deleted_oldest_first(store: Store) -> None:
    index(store, *(event(n, resources=RESOURCES) for n in range(6)))
    assert asyncio.run(store.delete_events(1_004, 3)) == 3
    assert ids(find(store)) == ["e0005", "e0004", "e0003"]
    assert asyncio.run(store.delete_events(1_004, 3)) == 1
    assert asyncio.run(store.delete_events(1_004, 3)) == 0
    assert ids(find(store, attribute=("ResourceName", "reports"))) == ["e0005", "e0004"]


def test_marks_say_how_far_each_journal_was_read(store: Store) -> None:
    assert asyncio.run(store.journal_marks()) == {}
    index(store, mark=JournalMark("j1", 10))
    index(store, mark=JournalMark("j2", 20))
    index(store, mark=JournalMark("j1", 30))
    assert asyncio.run(store.journal_marks()) == {"j1": 30, "j2": 20}
    asyncio.run(store.forget_journal("j1"))
    asyncio.run(store.forget_journal("j3"))
    assert asyncio.run(store.journal_marks()) == {"j2": 20}


def test_the_newest_use_stays(store: Store) -> None:
    index(store, uses=(Use("AKIA1", 50, "s3", "r"), Use("AKIA1", 70, "sts", "r"), Use("AKIA1", 60, "iam", "r")))
    assert store.view().last_use("AKIA1") == LastUse(70, "sts", "r")
    index(store, uses=(Use("AKIA1", 65, "s3", "r"),))
    assert store.view().last_use("AKIA1") == LastUse(70, "sts", "r")
    index(store, uses=(Use("AKIA1", 80, "s3", "eu"),))
    assert store.view().last_use("AKIA1") == LastUse(80, "s3", "eu")
    assert store.view().last_use("AKIA2") is None
