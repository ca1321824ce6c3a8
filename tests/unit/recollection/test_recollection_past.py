"""Recorded calls from the journal and from the index: each once, torn lines and removed files notwithstanding."""

from __future__ import annotations

import asyncio
import json
import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from daypass.audit.rows import row_of
from daypass.credentials import KeyRing
from daypass.directory import Account, Put
from daypass.recollection.past import Past, Span, Trail
from daypass.store import SqliteStore

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ACCOUNT = "111122223333"
START = int(datetime(2026, 11, 24, 12, tzinfo=UTC).timestamp())
ALWAYS = Span(0, START * 2)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    opened = SqliteStore.open(tmp_path / "data", KeyRing.generate(bytes(range(32))), os.urandom)
    asyncio.run(opened.commit(opened.view(), [Put(Account(ACCOUNT, "main", 0))], []))
    yield opened
    opened.close()


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    folder = tmp_path / "journal"
    folder.mkdir()
    return folder


def record(number: int, **more: Any) -> dict[str, Any]:
    time = datetime.fromtimestamp(START + number, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    told = {
        "userIdentity": {"type": "IAMUser", "principalId": "AIDA", "accountId": ACCOUNT, "accessKeyId": "AKIA"},
        "eventTime": time, "eventSource": "iam.amazonaws.com", "eventName": "ListUsers", "awsRegion": "us-east-1",
        "requestID": f"r{number}", "eventID": f"e{number:05}", "readOnly": True, "eventCategory": "Management",
        "recipientAccountId": ACCOUNT, "sourceIPAddress": "192.0.2.7",
    }  # fmt: skip
    return told | more


def line(number: int, decisions: bytes | None = b'{"reason":"x"}', **more: Any) -> bytes:
    written = json.dumps(record(number, **more), separators=(",", ":")).encode()
    return written if decisions is None else written + b"\t" + decisions


def index(store: SqliteStore, *numbers: int) -> None:
    rows = [row_of(line(number, None), decisions=b'{"reason":"indexed"}') for number in numbers]
    asyncio.run(store.commit(store.view(), [], rows))


def told(journal: Path, store: SqliteStore, span: Span = ALWAYS, **more: Any) -> list[Past]:
    return read_all(journal, store, span, **more)[1]


def read_all(journal: Path, store: SqliteStore, span: Span = ALWAYS, **more: Any) -> tuple[Trail, list[Past]]:
    trail = Trail(journal, store)

    async def read() -> list[Past]:
        return [past async for past in trail.calls(span, **more)]

    return trail, asyncio.run(read())


def ids(found: list[Past]) -> list[str]:
    return [past.request_id for past in found]


def test_what_is_not_indexed_yet_and_what_the_journal_has_lost_are_both_told(journal: Path, store: SqliteStore) -> None:
    (journal / "1-1-a.jsonl").write_bytes(line(3) + b"\n" + line(4) + b"\n")
    index(store, 1, 2)
    assert sorted(ids(told(journal, store))) == ["r1", "r2", "r3", "r4"]


def test_what_is_in_both_is_told_once_as_the_journal_has_it(journal: Path, store: SqliteStore) -> None:
    (journal / "1-1-a.jsonl").write_bytes(line(1) + b"\n")
    index(store, 1)
    (past,) = told(journal, store)
    assert past.decisions is not None
    assert past.decisions.reason == "x"


def test_torn_lines_and_foreign_ones_are_passed_over(journal: Path, store: SqliteStore) -> None:
    torn = line(2)[:60]
    (journal / "1-1-a.jsonl").write_bytes(b"\n" + line(1) + b"\nno json\n" + torn)
    (journal / "1-1-b.jsonl").write_bytes(line(3, b"no json") + b"\n" + line(4, None) + b"\n")
    (journal / "other.txt").write_bytes(line(5) + b"\n")
    assert ids(told(journal, store)) == ["r1", "r4"]


ODD = {
    "no identity": {"userIdentity": ...},
    "an identity that is null": {"userIdentity": None},
    "an identity of no type": {"userIdentity": {}},
    "a user without ids": {"userIdentity": {"type": "IAMUser"}},
    "a federated user of nobody": {
        "userIdentity": {"type": "FederatedUser", "principalId": "1:x", "accountId": ACCOUNT, "sessionContext": {}}
    },
    "a session begun at no time": {
        "userIdentity": {
            "type": "AssumedRole",
            "principalId": "AROA:x",
            "accountId": ACCOUNT,
            "sessionContext": {"attributes": {"creationDate": "yesterday"}},
        }
    },
    "an id that is a number": {"eventID": 1},
    "no source": {"eventSource": ...},
    "no address": {"sourceIPAddress": None},
    "a day that is none": {"eventTime": "2026-11-31T12:00:00Z"},
    "parameters that are a list": {"requestParameters": []},
    "an answer that is a text": {"responseElements": "x"},
}


@pytest.mark.parametrize("name", ODD)
def test_json_of_another_shape_is_no_record_and_counted(journal: Path, store: SqliteStore, name: str) -> None:
    odd = {key: value for key, value in record(2, **ODD[name]).items() if value is not ...}
    text = json.dumps(odd, separators=(",", ":")).encode()
    (journal / "1-1-a.jsonl").write_bytes(line(1) + b"\n" + text + b"\t{}\n" + line(3) + b"\n")
    trail, found = read_all(journal, store)
    assert (ids(found), trail.unreadable) == (["r1", "r3"], 1)


@pytest.mark.parametrize(
    "text",
    [b"{}", b"null", b"[]", b"\xff\xfe", b'{"a":' * 100_000, b'"eventTime":"2026-11-24T12:00:02Z"' + b"[" * 100_000,
     b'{"eventTime":"2026-11-24T12:00:02Z","eventID":"\xff"}', line(2, b'{"asked":[["a"]]}'),
     line(2, b'{"asked":' + b"[" * 100_000)],
    ids=lambda text: repr(text[:24]),
)  # fmt: skip
def test_lines_that_nobody_can_read_are_counted(journal: Path, store: SqliteStore, text: bytes) -> None:
    (journal / "1-1-a.jsonl").write_bytes(line(1) + b"\n" + text + b"\n" + line(3) + b"\n")
    for _ in range(2):
        trail, found = read_all(journal, store)
        assert (ids(found), trail.unreadable) == (["r1", "r3"], 1)


def test_a_time_bounds_both(journal: Path, store: SqliteStore) -> None:
    (journal / "1-1-a.jsonl").write_bytes(b"".join(line(n) + b"\n" for n in (10, 11, 12)))
    index(store, 1, 2, 3)
    span = Span(START + 2, START + 11)
    assert sorted(ids(told(journal, store, span))) == ["r10", "r11", "r2", "r3"]


def test_more_than_a_page_of_the_index_is_read(
    journal: Path, store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("daypass.recollection.past.PAGE", 3)
    index(store, *range(10))
    assert len(told(journal, store)) == 10


def test_only_lines_with_a_text_are_read_where_one_is_wanted(journal: Path, store: SqliteStore) -> None:
    (journal / "1-1-a.jsonl").write_bytes(line(1) + b"\n" + line(2) + b"\n")
    index(store, 3)
    assert ids(told(journal, store, having=(b'"requestID":"r2"', b'"requestID":"r3"'))) == ["r2", "r3"]


def test_a_time_is_that_of_the_record(journal: Path, store: SqliteStore) -> None:
    (journal / "1-1-a.jsonl").write_bytes(line(7) + b"\n")
    assert told(journal, store)[0].time == START + 7
