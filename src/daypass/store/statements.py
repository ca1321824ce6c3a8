"""All SQL that the SQLite store runs, one function for each statement (the schema: ``migrations/``).

Reading statements of the directory answer the number of the last change along with each row, from the same snapshot:
so the reader sees at once when what it holds in memory is older than what it has just read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Sequence

    from daypass.store.notes import Place

    DB = sqlite3.Connection
    Rows = list[tuple[Any, ...]]


class Span(NamedTuple):
    """Which part of a listing: what comes after a name, and how much of it."""

    after: str
    limit: int


# --- the connection and the transaction ------------------------------------------------------------------------------

_SETTINGS = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    "PRAGMA trusted_schema = OFF",
    "PRAGMA temp_store = MEMORY",
)
_BEGIN = "BEGIN IMMEDIATE"
_COMMIT = "COMMIT"
_ROLLBACK = "ROLLBACK"
_SAVEPOINT = "SAVEPOINT job"
_RELEASE = "RELEASE job"
_UNDO = "ROLLBACK TO job"
_HAS_TABLES = "SELECT count(*) FROM sqlite_master WHERE name = 'schema_version'"
_SCHEMA_VERSION = "SELECT max(version) FROM schema_version"
_ADD_SCHEMA_VERSION = "INSERT INTO schema_version (version) VALUES (?)"
_QUICK_CHECK = "PRAGMA quick_check(1)"
_INTEGRITY_CHECK = "PRAGMA integrity_check(20)"
_FOREIGN_KEY_CHECK = "PRAGMA foreign_key_check"
_COUNT_PER_KIND = "SELECT kind, scope, count(*) FROM record GROUP BY kind, scope ORDER BY kind, scope"
_KEPT_COUNTS = "SELECT kind, scope, n FROM record_count WHERE n <> 0 ORDER BY kind, scope"
_ALL_BODIES = "SELECT kind, scope, name, body FROM record"
_BODIES_OF_KIND = """
SELECT scope, name, body FROM record WHERE kind = ? AND (scope, name) > (?, ?) ORDER BY scope, name LIMIT ?"""
_SET_BODY = "UPDATE record SET body = ? WHERE kind = ? AND scope = ? AND name = ?"


def configure(db: DB) -> None:
    """Durable, checked and apart from what other programs may have set."""
    for statement in _SETTINGS:
        db.execute(statement)


def begin(db: DB) -> None:
    """Begin a transaction that writes."""
    db.execute(_BEGIN)


def commit(db: DB) -> None:
    """End it durably."""
    db.execute(_COMMIT)


def rollback(db: DB) -> None:
    """End it as if it had not been, if there is one."""
    if db.in_transaction:
        db.execute(_ROLLBACK)


def savepoint(db: DB) -> None:
    """A point inside the transaction to come back to."""
    db.execute(_SAVEPOINT)


def release(db: DB) -> None:
    """Keep what was done since."""
    db.execute(_RELEASE)


def undo(db: DB) -> None:
    """Back to the savepoint, and let it go."""
    db.execute(_UNDO)
    db.execute(_RELEASE)


def schema_version(db: DB) -> int:
    """The version of the schema; 0 for a new database."""
    if not db.execute(_HAS_TABLES).fetchone()[0]:
        return 0
    return int(db.execute(_SCHEMA_VERSION).fetchone()[0] or 0)


def add_schema_version(db: DB, version: int) -> None:
    """Note that a migration has run."""
    db.execute(_ADD_SCHEMA_VERSION, (version,))


def quick_check(db: DB) -> str:
    """``ok``, or the first thing that is damaged."""
    return _one_line(db.execute(_QUICK_CHECK).fetchone()[0])


def integrity_check(db: DB) -> list[str]:
    """What is damaged, at most twenty lines."""
    return [_one_line(row[0]) for row in db.execute(_INTEGRITY_CHECK) if row[0] != "ok"]


def _one_line(text: str) -> str:
    return " ".join(text.split())


def foreign_key_check(db: DB) -> int:
    """How many rows point at nothing."""
    return len(db.execute(_FOREIGN_KEY_CHECK).fetchall())


def counted(db: DB) -> Rows:
    """Records per kind and scope, counted."""
    return db.execute(_COUNT_PER_KIND).fetchall()


def kept_counts(db: DB) -> Rows:
    """Records per kind and scope, as the triggers keep them."""
    return db.execute(_KEPT_COUNTS).fetchall()


def all_bodies(db: DB) -> Iterable[tuple[str, str, str, bytes]]:
    """Every record as it is stored."""
    return db.execute(_ALL_BODIES)


def bodies_of_kind(db: DB, kind: str, after: tuple[str, str], limit: int) -> list[tuple[str, str, bytes]]:
    """Records of a kind in all scopes as they are stored, in order, after a (scope, name)."""
    return db.execute(_BODIES_OF_KIND, (kind, *after, limit)).fetchall()


def set_body(db: DB, place: Place, body: bytes) -> None:
    """Write the same record in other bytes: sealed anew. It is no change, and stands in no log."""
    db.execute(_SET_BODY, (body, *place))


# --- reading the directory -------------------------------------------------------------------------------------------

_HEAD = "SELECT coalesce(max(seq), 0) FROM change_log"
_CHANGES_SINCE = "SELECT seq, kind, scope, name FROM change_log WHERE seq > ? ORDER BY seq"
_RECORD = """
SELECT head.seq, record.body
FROM (SELECT coalesce(max(seq), 0) AS seq FROM change_log) AS head
LEFT JOIN record ON record.kind = ? AND record.scope = ? AND record.name = ?"""
_PLACE_OF_ID = """
SELECT head.seq, record.kind, record.scope, record.name
FROM (SELECT coalesce(max(seq), 0) AS seq FROM change_log) AS head
LEFT JOIN record ON record.unique_id = ?"""
_PAGE = """
SELECT (SELECT max(seq) FROM change_log), name, body FROM record
WHERE kind = ? AND scope = ? AND name > ? ORDER BY name LIMIT ?"""
_TOP_FOLDERS = """
WITH RECURSIVE top (path) AS (
    SELECT (SELECT min(path) FROM folder WHERE kind = :kind AND scope = :scope AND path >= :prefix AND path < :end)
    UNION ALL
    SELECT (SELECT min(path) FROM folder
            WHERE kind = :kind AND scope = :scope AND path > top.path || :highest AND path < :end)
    FROM top WHERE top.path IS NOT NULL
)
SELECT path FROM top WHERE path IS NOT NULL"""
_PAGE_OF_FOLDER = """
SELECT (SELECT max(seq) FROM change_log), folder.name, record.body
FROM folder JOIN record ON record.kind = folder.kind AND record.scope = folder.scope AND record.name = folder.name
WHERE folder.kind = ? AND folder.scope = ? AND folder.path = ? AND folder.name > ? ORDER BY folder.name LIMIT ?"""
_LINKED = """
SELECT (SELECT max(seq) FROM change_log), link.name, record.body
FROM link JOIN record ON record.kind = link.kind AND record.scope = link.scope AND record.name = link.name
WHERE link.scope = ? AND link.link = ? AND link.target = ? AND link.kind = ? AND link.name > ?
ORDER BY link.name LIMIT ?"""
_COUNT = "SELECT (SELECT max(seq) FROM change_log), (SELECT n FROM record_count WHERE kind = ? AND scope = ?)"
_COUNT_LINKED = """
SELECT (SELECT max(seq) FROM change_log),
       (SELECT n FROM link_count WHERE scope = ? AND link = ? AND target = ?)"""
_REVISION = "SELECT (SELECT max(seq) FROM change_log), (SELECT revision FROM scope WHERE id = ?)"
_LAST_USE = "SELECT time, service, region FROM last_use WHERE subject = ?"

_HIGHEST = "\U0010ffff"


def head(db: DB) -> int:
    """The number of the last change."""
    return int(db.execute(_HEAD).fetchone()[0])


def changes_since(db: DB, seq: int) -> Rows:
    """(number, kind, scope, name) of what changed after a number, in order."""
    return db.execute(_CHANGES_SINCE, (seq,)).fetchall()


def record(db: DB, place: Place) -> Rows:
    """(number of the last change, body or None)."""
    return db.execute(_RECORD, place).fetchall()


def place_of_id(db: DB, unique_id: str) -> Rows:
    """(number of the last change, kind, scope, name), the last three None where no record has the id."""
    return db.execute(_PLACE_OF_ID, (unique_id,)).fetchall()


def page(db: DB, kind: str, scope: str, span: Span) -> Rows:
    """(number of the last change, name, body) by name; see :func:`_or_nothing`."""
    return _or_nothing(db, db.execute(_PAGE, (kind, scope, *span)).fetchall())


def top_folders(db: DB, kind: str, scope: str, prefix: str) -> list[str]:
    """The folders that begin with a prefix, without those inside of others that do."""
    values = {"kind": kind, "scope": scope, "prefix": prefix, "end": prefix + _HIGHEST, "highest": _HIGHEST}
    return [row[0] for row in db.execute(_TOP_FOLDERS, values)]


def page_of_folder(db: DB, kind: str, scope: str, path: str, span: Span) -> Rows:
    """The same for the records in one folder and below."""
    return _or_nothing(db, db.execute(_PAGE_OF_FOLDER, (kind, scope, path, *span)).fetchall())


def linked(db: DB, kind: str, scope: str, link: tuple[str, str], span: Span) -> Rows:
    """The same for the records with a link, given as (link, target)."""
    return _or_nothing(db, db.execute(_LINKED, (scope, *link, kind, *span)).fetchall())


def _or_nothing(db: DB, rows: Rows) -> Rows:
    """One row of None and None where there is nothing, with the number of the last change afterwards.

    If that is still the one that the reader knows, there was nothing at that moment either.
    """
    return rows or [(head(db), None, None)]


def count(db: DB, kind: str, scope: str) -> Rows:
    """(number of the last change, how many or None)."""
    return db.execute(_COUNT, (kind, scope)).fetchall()


def count_linked(db: DB, scope: str, link: str, target: str) -> Rows:
    """(number of the last change, how many or None)."""
    return db.execute(_COUNT_LINKED, (scope, link, target)).fetchall()


def revision(db: DB, scope: str) -> Rows:
    """(number of the last change, the scope's last one or None)."""
    return db.execute(_REVISION, (scope,)).fetchall()


def last_use(db: DB, subject: str) -> tuple[int, str, str] | None:
    """(time, service, region)."""
    row: tuple[int, str, str] | None = db.execute(_LAST_USE, (subject,)).fetchone()
    return row


# --- writing the directory -------------------------------------------------------------------------------------------

_TOUCH_SCOPE = """
INSERT INTO scope (id, revision) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET revision = excluded.revision"""
_UNIQUE_ID = "SELECT unique_id, path FROM record WHERE kind = ? AND scope = ? AND name = ?"
_PUT = """
INSERT INTO record (kind, scope, name, unique_id, path, body) VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (kind, scope, name) DO UPDATE SET unique_id = excluded.unique_id, path = excluded.path, body = excluded.body"""
_DELETE = "DELETE FROM record WHERE kind = ? AND scope = ? AND name = ?"
_IS_SPENT = "SELECT 1 FROM spent_id WHERE unique_id = ?"
_SPEND = "INSERT INTO spent_id (unique_id) VALUES (?)"
_LINKS = "SELECT link, target FROM link WHERE kind = ? AND scope = ? AND name = ?"
_ADD_LINK = "INSERT INTO link (kind, scope, name, link, target) VALUES (?, ?, ?, ?, ?)"
_REMOVE_LINK = "DELETE FROM link WHERE kind = ? AND scope = ? AND name = ? AND link = ? AND target = ?"
_LEAVE_FOLDERS = "DELETE FROM folder WHERE kind = ? AND scope = ? AND name = ?"
_ENTER_FOLDER = "INSERT INTO folder (kind, scope, name, path) VALUES (?, ?, ?, ?)"
_LOG = "INSERT INTO change_log (kind, scope, name) VALUES (?, ?, ?)"
_TRIM_LOG = "DELETE FROM change_log WHERE seq <= ?"


def touch_scope(db: DB, scope: str, revision: int) -> None:
    """Note the last change in a scope."""
    db.execute(_TOUCH_SCOPE, (scope, revision))


def id_and_path(db: DB, place: Place) -> tuple[str | None, str | None] | None:
    """What a record is found by besides its place; None where there is no record."""
    row: tuple[str | None, str | None] | None = db.execute(_UNIQUE_ID, place).fetchone()
    return row


def put(db: DB, place: Place, unique_id: str | None, path: str | None, body: bytes) -> None:
    """Write a record in place of what stands there."""
    db.execute(_PUT, (*place, unique_id, path, body))


def delete(db: DB, place: Place) -> None:
    """Remove a record with its links and folders."""
    db.execute(_DELETE, place)


def is_spent(db: DB, unique_id: str) -> bool:
    """Whether a record with this id has gone."""
    return db.execute(_IS_SPENT, (unique_id,)).fetchone() is not None


def spend(db: DB, unique_id: str) -> None:
    """Note that the record with this id goes."""
    db.execute(_SPEND, (unique_id,))


def links(db: DB, place: Place) -> set[tuple[str, str]]:
    """(link, target) of a record."""
    return set(db.execute(_LINKS, place))


def add_links(db: DB, place: Place, links: Iterable[tuple[str, str]]) -> None:
    """Write links of a record."""
    db.executemany(_ADD_LINK, [(*place, *link) for link in links])


def remove_links(db: DB, place: Place, links: Iterable[tuple[str, str]]) -> None:
    """Remove links of a record."""
    db.executemany(_REMOVE_LINK, [(*place, *link) for link in links])


def set_folders(db: DB, place: Place, paths: Iterable[str]) -> None:
    """The folders that a record is in, in place of those it was in."""
    db.execute(_LEAVE_FOLDERS, place)
    db.executemany(_ENTER_FOLDER, [(*place, path) for path in paths])


def log(db: DB, places: Sequence[Place]) -> int:
    """Write down what changes; the number of the last of these changes."""
    for place in places:
        db.execute(_LOG, place)
    return head(db)


def trim_log(db: DB, until: int) -> None:
    """Cut off the log up to a number."""
    db.execute(_TRIM_LOG, (until,))
