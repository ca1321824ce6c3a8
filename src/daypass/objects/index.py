"""Which objects there are: one row a version, found by bucket and key. All that is said here in SQL happens at once.

Functions that write take a :class:`~daypass.objects.writer.Transaction`; they check first and change afterwards.
Sources: S3 User Guide, "How S3 Versioning works", "Conditional requests".
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from daypass.errors import ApiError
from daypass.objects.interface import (
    NULL_VERSION,
    Checksum,
    Condition,
    Deleted,
    Deletion,
    Extent,
    Head,
    PartMark,
    Placing,
    Replaced,
    StoredObject,
)

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable

    from daypass.objects.writer import Transaction

_ORDER_DIGITS = 8
_RANDOM_BYTES = 18
_COLUMNS = "id, place, version, marker, modified, size, etag, algorithm, kind, detail, data"
_NEWEST = f"SELECT {_COLUMNS} FROM objects WHERE bucket = ? AND key = ? ORDER BY place DESC LIMIT 1"  # noqa: S608 - constants only
_AT_PLACE = f"SELECT {_COLUMNS} FROM objects WHERE bucket = ? AND key = ? AND place = ? AND version = ?"  # noqa: S608 - constants only
_NULL = f"SELECT {_COLUMNS} FROM objects WHERE bucket = ? AND key = ? AND version = 'null' ORDER BY place DESC LIMIT 1"  # noqa: S608 - constants only
_TOP = """SELECT o.id, o.place, o.version, o.marker, o.etag, (SELECT 1 FROM retired WHERE bucket = ?1)
FROM (SELECT 1) LEFT JOIN objects o ON o.bucket = ?1 AND o.key = ?2 ORDER BY o.place DESC LIMIT 1"""
_INSERT = """INSERT INTO objects
(bucket, key, place, version, marker, modified, size, etag, algorithm, kind, detail, data)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"""
_CONFLICT = "A conflicting conditional operation is currently in progress against this resource. Please try again."
PRECONDITION = "At least one of the pre-conditions you specified did not hold"


class Detail(msgspec.Struct, frozen=True, array_like=True):
    """What a row holds besides its columns."""

    head: Head = Head()
    checksum: str | None = None
    parts: tuple[PartMark, ...] = ()
    extents: tuple[Extent, ...] = ()


class _Top(NamedTuple):
    """The newest version of a key, as far as a write needs to know it."""

    id: int
    place: int
    version: str
    marker: int
    etag: str


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Detail).decode


def find(db: sqlite3.Connection, bucket: str, key: str, version: str | None) -> StoredObject | None:
    """A version of a key, or the newest one."""
    if version is None:
        row = db.execute(_NEWEST, (bucket, key.encode())).fetchone()
    elif version == NULL_VERSION:
        row = db.execute(_NULL, (bucket, key.encode())).fetchone()
    else:
        row = db.execute(_AT_PLACE, (bucket, key.encode(), place_of(version), version)).fetchone()
    return None if row is None else _stored(bucket, key, row)


def _stored(bucket: str, key: str, row: tuple[Any, ...]) -> StoredObject:
    _, _, version, marker, modified, size, etag, algorithm, kind, detail, data = row
    more = _decode(detail)
    checksum = None if more.checksum is None else Checksum(algorithm, more.checksum, kind)
    return StoredObject(
        bucket, key, version, modified, size, etag, checksum, more.head, more.parts, more.extents, data, bool(marker)
    )


def put(tx: Transaction, place: Placing, new: StoredObject, random: Callable[[int], bytes]) -> StoredObject:
    """Make ``new`` the newest version of its key, whose files are counted already (:func:`add_file`, :func:`share`)."""
    key = place.key.encode()
    top = _top(tx.db, place.bucket, key)
    check(place.condition, None if top is None or top.marker else top.etag, place.key)
    order = 1 if top is None else top.place + 1
    if place.versioning == "Enabled":
        version = _new_version(order, random)
    else:
        version = NULL_VERSION
        _drop_null(tx, place.bucket, key, top)
    stored = msgspec.structs.replace(new, version=version)
    checksum = stored.checksum
    detail = Detail(stored.head, None if checksum is None else checksum.value, stored.parts, stored.extents)
    row = (place.bucket, key, order, version, stored.marker, stored.modified, stored.size, stored.etag)
    kinds = (None, None) if checksum is None else (checksum.algorithm, checksum.kind)
    tx.db.execute(_INSERT, (*row, *kinds, _encode(detail), stored.data))
    return stored


def check(condition: Condition, etag: str | None, key: str) -> None:
    """Refuse a write whose condition does not hold; ``etag`` is that of what stands there now."""
    if condition.if_absent and etag is not None:
        raise ApiError("PreconditionFailed", PRECONDITION, members={"Condition": "If-None-Match"})
    if condition.if_match is None:
        return
    if etag is None:
        raise ApiError("NoSuchKey", "The specified key does not exist.", members={"Key": key})
    if condition.if_match not in {"*", etag}:
        raise ApiError("PreconditionFailed", PRECONDITION, members={"Condition": "If-Match"})


def delete(
    tx: Transaction, bucket: str, versioning: str, deletion: Deletion, *, now: int, random: Callable[[int], bytes]
) -> Deleted:
    """Delete one key, or one version of it."""
    key = deletion.key.encode()
    if deletion.version is not None:
        return _delete_version(tx, bucket, deletion)
    top = _top(tx.db, bucket, key)
    try:
        check(Condition(deletion.if_match), None if top is None or top.marker else top.etag, deletion.key)
    except ApiError as error:
        return Deleted(error=error.code)
    if versioning:
        marker = StoredObject(bucket, deletion.key, "", now, 0, "", marker=True)
        stored = put(tx, Placing(bucket, deletion.key, versioning), marker, random)
        return Deleted(stored.version, marker=True)
    _drop_null(tx, bucket, key, top)
    return Deleted()


def _delete_version(tx: Transaction, bucket: str, deletion: Deletion) -> Deleted:
    found = find(tx.db, bucket, deletion.key, deletion.version)
    if deletion.if_match is not None:
        try:
            check(Condition(deletion.if_match), None if found is None else found.etag, deletion.key)
        except ApiError as error:
            return Deleted(error=error.code)
    if found is None:
        return Deleted(deletion.version)
    sql = "DELETE FROM objects WHERE bucket = ? AND key = ? AND version = ?"
    tx.db.execute(sql, (bucket, deletion.key.encode(), found.version))
    release(tx, found.extents)
    return Deleted(found.version, marker=found.marker)


def retag(tx: Transaction, stored: StoredObject, tags: tuple[tuple[str, str], ...]) -> None:
    """Give a version other tags, if it is still the same object."""
    key = stored.key.encode()
    sql = "SELECT id, detail FROM objects WHERE bucket = ? AND key = ? AND version = ? AND modified = ? AND etag = ?"
    row = tx.db.execute(sql, (stored.bucket, key, stored.version, stored.modified, stored.etag)).fetchone()
    if row is None:
        raise ApiError("NoSuchKey", "The specified key does not exist.", members={"Key": stored.key})
    detail = _decode(row[1])
    detail = msgspec.structs.replace(detail, head=msgspec.structs.replace(detail.head, tags=tags))
    tx.db.execute("UPDATE objects SET detail = ? WHERE id = ?", (_encode(detail), row[0]))


def retire(tx: Transaction, bucket: str) -> None:
    """Take nothing more for a bucket, which must be empty; what is half uploaded goes."""
    row = tx.db.execute("SELECT version FROM objects WHERE bucket = ? LIMIT 1", (bucket,)).fetchone()
    if row is not None:
        more = "" if row[0] == NULL_VERSION else ", You must delete all versions in the bucket."
        raise ApiError("BucketNotEmpty", f"The bucket you tried to delete is not empty{more}")
    tx.db.execute("INSERT OR IGNORE INTO retired VALUES (?)", (bucket,))


def add_file(tx: Transaction, name: str) -> None:
    """Count the first extent of a new file."""
    tx.db.execute("INSERT INTO files VALUES (?, 1)", (name,))


def share(tx: Transaction, extents: Iterable[Extent]) -> None:
    """Count further extents of files that must still be there."""
    for extent in extents:
        if tx.db.execute("UPDATE files SET refs = refs + 1 WHERE name = ?", (extent.file,)).rowcount != 1:
            raise Replaced(extent.file)


def release(tx: Transaction, extents: Iterable[Extent]) -> None:
    """Count extents off; files that nothing names any more are unlinked after the commit."""
    for extent in extents:
        if tx.db.execute("DELETE FROM files WHERE name = ? AND refs = 1", (extent.file,)).rowcount:
            tx.freed.append(extent.file)
        else:
            tx.db.execute("UPDATE files SET refs = refs - 1 WHERE name = ?", (extent.file,))


def is_named(db: sqlite3.Connection, name: str) -> bool:
    """Whether anything in the index names a file."""
    return db.execute("SELECT 1 FROM files WHERE name = ?", (name,)).fetchone() is not None


def refuse_retired(db: sqlite3.Connection, bucket: str) -> None:
    """Refuse what comes for a bucket that is being deleted or is gone."""
    if db.execute("SELECT 1 FROM retired WHERE bucket = ?", (bucket,)).fetchone() is not None:
        raise ApiError("OperationAborted", _CONFLICT)


def place_of(version: str) -> int | None:
    """The place that a version id speaks of; None where it is none of ours."""
    digits = version[-_ORDER_DIGITS:]
    if len(version) != _RANDOM_BYTES * 8 // 6 + _ORDER_DIGITS or not set(digits) <= set("0123456789abcdef"):
        return None
    return int(digits, 16)


def _new_version(place: int, random: Callable[[int], bytes]) -> str:
    text = base64.urlsafe_b64encode(random(_RANDOM_BYTES)).decode("ascii").replace("-", ".")
    return f"{text}{place:0{_ORDER_DIGITS}x}"


def _top(db: sqlite3.Connection, bucket: str, key: bytes) -> _Top | None:
    row = db.execute(_TOP, (bucket, key)).fetchone()
    if row[5] is not None:
        raise ApiError("OperationAborted", _CONFLICT)
    return None if row[0] is None else _Top(*row[:5])


def _drop_null(tx: Transaction, bucket: str, key: bytes, top: _Top | None) -> None:
    if top is None:
        return
    if top.version == NULL_VERSION:
        row = tx.db.execute("SELECT id, detail FROM objects WHERE id = ?", (top.id,)).fetchone()
    else:
        sql = "SELECT id, detail FROM objects WHERE bucket = ? AND key = ? AND version = 'null'"
        row = tx.db.execute(sql, (bucket, key)).fetchone()
    if row is not None:
        tx.db.execute("DELETE FROM objects WHERE id = ?", (row[0],))
        release(tx, _decode(row[1]).extents)
