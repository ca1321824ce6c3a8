"""A thorough look at the database, for ``daypass doctor``: what is checked, and what was found."""

from __future__ import annotations

import sqlite3
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from daypass.store import statements as sql
from daypass.store.interface import StoreProblem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from daypass.store.codec import RecordCodec


class Finding(NamedTuple):
    """One thing that was checked, in one line."""

    good: bool
    text: str


def findings(db: sqlite3.Connection, codec: RecordCodec) -> Iterator[Finding]:
    """Everything that can be told without the rest of the server."""
    damage = _damage(db)
    yield from (Finding(good=False, text=f"the database is damaged: {line}") for line in damage)
    if damage:
        return
    yield Finding(good=True, text=f"the database is whole, schema version {sql.schema_version(db)}")
    if loose := sql.foreign_key_check(db):
        yield Finding(good=False, text=f"{loose} rows point at records that are not there")
    counted = sql.counted(db)
    if counted != sql.kept_counts(db):
        yield Finding(good=False, text="the kept numbers of records differ from the records")
    numbers: Counter[str] = Counter()
    for kind, _, number in counted:
        numbers[kind] += number
    yield Finding(
        good=True, text="records: " + (", ".join(f"{n} {kind}" for kind, n in sorted(numbers.items())) or "none")
    )
    yield from _unreadable(db, codec)


def _damage(db: sqlite3.Connection) -> list[str]:
    try:
        return sql.integrity_check(db)
    except sqlite3.DatabaseError as error:
        return [str(error)]


def _unreadable(db: sqlite3.Connection, codec: RecordCodec) -> Iterator[Finding]:
    bad = 0
    for kind, scope, name, body in sql.all_bodies(db):
        try:
            codec.decode((kind, scope, name), body)
        except StoreProblem as problem:
            bad += 1
            yield Finding(good=False, text=str(problem))
    if not bad:
        yield Finding(good=True, text="all records can be read, all secrets open under the key ring")
