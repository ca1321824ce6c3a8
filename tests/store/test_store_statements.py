"""All SQL stands in the statement modules, and none of it looks through a table that grows."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from storekit import A, event, put, user

from daypass import store as store_package
from daypass.store import statements, trail, trail_statements
from daypass.store.interface import EventQuery

if TYPE_CHECKING:
    from daypass.store import SqliteStore

ROOM = Path(store_package.__file__).parent
SQL = re.compile(
    r"\b(SELECT\s.*\sFROM|INSERT\s+(OR\s+\w+\s+)?INTO|DELETE\s+FROM|UPDATE\s+\w+\s+SET|PRAGMA|BEGIN\s+IMMEDIATE"
    r"|SAVEPOINT|ROLLBACK|CREATE\s+(TABLE|INDEX))\b"
)
WHOLE_TABLES = {"_COUNT_PER_KIND", "_KEPT_COUNTS", "_ALL_BODIES", "_MARKS", "_HAS_TABLES", "_SCHEMA_VERSION"}
"""Statements of start and doctor, and of tables that stay small."""


def statements_of(module: object) -> dict[str, str]:
    found = {name: text for name, text in vars(module).items() if isinstance(text, str) and name[:1] == "_"}
    found |= {f"_FIND {key}": text for key, text in getattr(module, "_FIND", {}).items()}
    return {name: text for name, text in found.items() if re.match(r"\s*(SELECT|WITH|INSERT|UPDATE|DELETE)\b", text)}


ALL = {**statements_of(statements), **statements_of(trail_statements)}


@pytest.mark.parametrize("path", sorted(ROOM.rglob("*.py")), ids=lambda path: path.name)
def test_no_other_module_of_the_room_holds_sql(path: Path) -> None:
    assert bool(SQL.search(path.read_text())) == path.name.endswith("statements.py")


def test_the_statements_are_found() -> None:
    assert {"_RECORD", "_PAGE", "_PUT", "_ADD_EVENT", "_FIND None", "_LISTS"} <= ALL.keys()


@pytest.mark.parametrize("name", sorted(ALL.keys() - WHOLE_TABLES))
def test_every_statement_goes_by_an_index_and_sorts_nothing(sqlite: SqliteStore, name: str) -> None:
    text = ALL[name]
    named = dict.fromkeys(re.findall(r":(\w+)", text))
    plan = sqlite._trail_db.execute(f"EXPLAIN QUERY PLAN {text}", named or (None,) * text.count("?")).fetchall()
    steps = [step[3] for step in plan]
    assert not [
        s for s in steps if re.match(r"SCAN (record|link|folder|event|event_list|scope|last_use|spent_id)\b", s)
    ], steps
    assert not [s for s in steps if "TEMP B-TREE" in s], steps


@pytest.mark.slow
def test_listings_and_counts_cost_the_same_in_a_large_account(sqlite: SqliteStore) -> None:
    """Steps of SQLite's virtual machine, which unlike time are the same on every machine."""
    few = _steps(sqlite, 1_000)
    many = _steps(sqlite, 20_000)
    assert {name: many[name] <= few[name] * 1.5 + 50 for name in few} == dict.fromkeys(few, True)


def _steps(store: SqliteStore, number: int) -> dict[str, int]:
    have = store.view().count(type(user("x")), A)
    new = range(have, number)
    put(store, *(user(f"u{n:06}", path=f"/d{n % 50}/s/", groups=("g",)) for n in new))
    store._writer._db.execute("BEGIN")
    trail.add_events(store._writer._db, [event(n, username=f"u{n % 7}") for n in new])
    store._writer._db.execute("COMMIT")
    db, middle = store._trail_db, f"u{number // 2:06}"
    span = statements.Span(middle, 5)
    middle_time = 1_000 + number // 2
    query = EventQuery(A, "us-east-1", 0, middle_time, ("Username", "u3"), None, 50)
    calls = {
        "page": lambda: statements.page(db, "user", A, span),
        "folder": lambda: statements.page_of_folder(db, "user", A, "/d3/", span),
        "folders": lambda: statements.top_folders(db, "user", A, "/d"),
        "linked": lambda: statements.linked(db, "user", A, ("group", "g"), span),
        "count": lambda: statements.count(db, "user", A),
        "count_linked": lambda: statements.count_linked(db, A, "group", "g"),
        "record": lambda: statements.record(db, ("user", A, middle)),
        "events": lambda: trail.find_events(db, query._replace(attribute=None)),
        "events of a user": lambda: trail.find_events(db, query),
    }
    return {name: _counted(store, call) for name, call in calls.items()}


def _counted(store: SqliteStore, call: object) -> int:
    steps = 0

    def step() -> None:
        nonlocal steps
        steps += 1

    store._trail_db.set_progress_handler(step, 1)
    assert callable(call)
    call()
    store._trail_db.set_progress_handler(None, 1)
    return steps
