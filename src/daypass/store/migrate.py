"""Brings a database to this version's schema: numbered files in ``migrations/``, each in a transaction of its own.

A database with a newer schema than this program knows is left alone and refused.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING

from daypass.store import statements as sql
from daypass.store.interface import StoreProblem

if TYPE_CHECKING:
    from collections.abc import Iterator

MIGRATIONS = Path(__file__).parent / "migrations"


def migrate(db: sqlite3.Connection, folder: Path = MIGRATIONS) -> int:
    """Run what has not been run yet; the version that the database then has. Only under the writers' lock."""
    steps = {int(path.name.split("_")[0]): path for path in folder.glob("[0-9]*.sql")}
    version = sql.schema_version(db)
    newest = max(steps)
    if version > newest:
        raise StoreProblem(
            f"the database has schema version {version} and this Daypass knows up to {newest}: use a newer Daypass"
        )
    for step in range(version + 1, newest + 1):
        _run(db, step, steps[step].read_text(encoding="utf-8"))
    return newest


def _run(db: sqlite3.Connection, version: int, script: str) -> None:
    sql.begin(db)
    try:
        for statement in _statements(script):
            db.execute(statement)
        sql.add_schema_version(db, version)
        sql.commit(db)
    except BaseException:
        sql.rollback(db)
        raise


def _statements(script: str) -> Iterator[str]:
    """A script, statement by statement: ``executescript`` would end the transaction that holds them together."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
    if statement.strip():
        raise ValueError(f"a migration ends inside of a statement: {statement.strip()[:40]!r}")
