"""Multipart uploads in the index: uploads and parts under way, and how parts become an object without being copied.

Sources: Amazon S3 API Reference, CreateMultipartUpload, UploadPart, CompleteMultipartUpload; S3 User Guide, "Checking
object integrity" (full-object and composite checksums).
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from daypass.errors import ApiError
from daypass.objects import index
from daypass.objects.digests import DEFAULT_ALGORITHM, LINEAR, combine, composite, to_text
from daypass.objects.interface import (
    Checksum,
    ChosenPart,
    Completion,
    Digests,
    Extent,
    Head,
    Pairs,
    PartMark,
    Placing,
    Search,
    StoredObject,
    Upload,
    UploadedPart,
)
from daypass.objects.listing import rolled_up, start_of

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterator, Sequence

    from daypass.objects.writer import Transaction

LEAST_PART = 5 * 1024 * 1024
_KEPT_ANSWERS = 24 * 3600 * 1000
_PART = "number, size, etag, modified, algorithm, checksum, crc64, extents"
_SCAN = """SELECT key, id, initiated, detail FROM uploads
WHERE bucket = ? AND key >= ? AND key < ? ORDER BY key, initiated, id"""
_REST = """SELECT key, id, initiated, detail FROM uploads WHERE bucket = ?1 AND key = ?2 AND (initiated, id) > (
SELECT initiated, id FROM uploads WHERE id = ?3) ORDER BY initiated, id"""


class _Detail(msgspec.Struct, frozen=True, array_like=True):
    head: Head
    initiator: Pairs
    algorithm: str
    kind: str


class _Part(NamedTuple):
    number: int
    size: int
    etag: str
    modified: int
    algorithm: str
    checksum: bytes
    crc64: bytes
    extents: bytes


_encode = msgspec.msgpack.Encoder().encode
_decode_detail = msgspec.msgpack.Decoder(_Detail).decode
_decode_extents = msgspec.msgpack.Decoder(tuple[Extent, ...]).decode
_decode_answer = msgspec.msgpack.Decoder(StoredObject).decode


def create(tx: Transaction, upload: Upload) -> None:
    """Begin an upload."""
    index.refuse_retired(tx.db, upload.bucket)
    detail = _encode(_Detail(upload.head, upload.initiator, upload.algorithm, upload.kind))
    row = (upload.id, upload.bucket, upload.key.encode(), upload.initiated, detail)
    tx.db.execute("INSERT INTO uploads VALUES (?, ?, ?, ?, ?)", row)


def find(db: sqlite3.Connection, bucket: str, key: str, upload_id: str) -> Upload | None:
    """An upload by its id, if it belongs to that bucket and key."""
    sql = "SELECT key, id, initiated, detail FROM uploads WHERE id = ? AND bucket = ? AND key = ?"
    row = db.execute(sql, (upload_id, bucket, key.encode())).fetchone()
    return None if row is None else _upload(bucket, row)


def put_part(
    tx: Transaction,
    upload: Upload,
    number: int,
    digests: Digests,
    *,
    algorithm: str,
    extents: Sequence[Extent],
    now: int,
) -> UploadedPart:
    """Record a part whose files are counted already, in place of one with the same number."""
    _must_find(tx.db, upload.bucket, upload.key, upload.id)
    old = tx.db.execute("SELECT extents FROM parts WHERE upload = ? AND number = ?", (upload.id, number)).fetchone()
    if old is not None:
        index.release(tx, _decode_extents(old[0]))
    part = _Part(
        number,
        digests.size,
        digests.md5.hex(),
        now,
        algorithm,
        digests.checksum,
        digests.crc64,
        _encode(tuple(extents)),
    )
    tx.db.execute("INSERT OR REPLACE INTO parts VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", (upload.id, *part))
    return _shown(part)


def parts(db: sqlite3.Connection, upload: Upload, after: int, limit: int) -> list[UploadedPart]:
    """Parts by number."""
    sql = f"SELECT {_PART} FROM parts WHERE upload = ? AND number > ? ORDER BY number LIMIT ?"  # noqa: S608 - constants only
    return [_shown(_Part(*row)) for row in db.execute(sql, (upload.id, after, limit))]


def list_uploads(
    db: sqlite3.Connection, bucket: str, search: Search
) -> tuple[list[Upload], list[str], tuple[str, str] | None]:
    """Uploads by key, then by age; ``search.after_version`` is the upload-id marker."""
    uploads: list[Upload] = []
    prefixes: list[str] = []
    last: tuple[str, str] | None = None
    for shared, row in _rows(db, bucket, search):
        if len(uploads) + len(prefixes) == search.limit:
            return uploads, prefixes, last
        if shared is None:
            uploads.append(_upload(bucket, row))
            last = uploads[-1].key, uploads[-1].id
        else:
            prefixes.append(shared)
            last = shared, ""
    return uploads, prefixes, None


def _rows(db: sqlite3.Connection, bucket: str, search: Search) -> Iterator[tuple[str | None, tuple[Any, ...]]]:
    if search.after_version:
        for row in db.execute(_REST, (bucket, search.after.encode(), search.after_version)):
            yield None, row
    end = search.prefix.encode() + b"\xff"
    yield from rolled_up(lambda start: iter(db.execute(_SCAN, (bucket, start, end))), search, start_of(search))


def abort(tx: Transaction, upload: Upload) -> None:
    """Drop an upload and its parts."""
    _must_find(tx.db, upload.bucket, upload.key, upload.id)
    _drop(tx, upload.id)


def drop_all(tx: Transaction, bucket: str) -> None:
    """Drop every upload of a bucket."""
    for (upload_id,) in tx.db.execute("SELECT id FROM uploads WHERE bucket = ?", (bucket,)).fetchall():
        _drop(tx, upload_id)


def complete(
    tx: Transaction, place: Placing, upload_id: str, completion: Completion, *, now: int, random: Callable[[int], bytes]
) -> StoredObject:
    """Make the chosen parts one object; parts that were not chosen are dropped."""
    upload = find(tx.db, place.bucket, place.key, upload_id)
    request = hashlib.sha256(msgspec.msgpack.encode(completion.parts)).digest()
    if upload is None:
        return _answered_before(tx.db, place, upload_id, request)
    chosen = _chosen(tx.db, upload, completion.parts)
    checksum = _checksum(upload, chosen, completion)
    size = sum(part.size for part in chosen)
    if completion.size is not None and completion.size != size:
        text = f"The provided 'x-amz-mp-object-size' header value {completion.size} does not match what was computed: "
        raise ApiError("InvalidRequest", f"{text}{size}")
    etag = hashlib.md5(b"".join(bytes.fromhex(part.etag) for part in chosen), usedforsecurity=False).hexdigest()
    shown = upload.algorithm or DEFAULT_ALGORITHM
    new = StoredObject(
        bucket=place.bucket,
        key=place.key,
        version="",
        modified=now,
        size=size,
        etag=f"{etag}-{len(chosen)}",
        checksum=checksum,
        head=upload.head,
        parts=tuple(PartMark(part.number, part.size, to_text(_digest(part, shown))) for part in chosen),
        extents=tuple(extent for part in chosen for extent in _decode_extents(part.extents)),
    )
    stored = index.put(tx, place, new, random)
    index.share(tx, stored.extents)
    _drop(tx, upload_id)
    answer = _encode(msgspec.structs.replace(stored, parts=(), extents=()))
    tx.db.execute(
        "INSERT INTO finished VALUES (?, ?, ?, ?, ?, ?)",
        (upload_id, place.bucket, place.key.encode(), request, answer, now),
    )
    return stored


def forget_finished(tx: Transaction, now: int) -> None:
    """Drop answers that nobody will ask for again."""
    tx.db.execute("DELETE FROM finished WHERE finished < ?", (now - _KEPT_ANSWERS,))


def no_such_upload(upload_id: str) -> ApiError:
    """The error for an id that is unknown, used up, or belongs to another key."""
    text = "The specified multipart upload does not exist. The upload ID may be invalid, or the upload may have been "
    return ApiError("NoSuchUpload", f"{text}aborted or completed.", members={"UploadId": upload_id})


def _must_find(db: sqlite3.Connection, bucket: str, key: str, upload_id: str) -> Upload:
    upload = find(db, bucket, key, upload_id)
    if upload is None:
        raise no_such_upload(upload_id)
    return upload


def _answered_before(db: sqlite3.Connection, place: Placing, upload_id: str, request: bytes) -> StoredObject:
    sql = "SELECT answer FROM finished WHERE id = ? AND bucket = ? AND key = ? AND request = ?"
    row = db.execute(sql, (upload_id, place.bucket, place.key.encode(), request)).fetchone()
    if row is None:
        raise no_such_upload(upload_id)
    return _decode_answer(row[0])


def _drop(tx: Transaction, upload_id: str) -> None:
    for (extents,) in tx.db.execute("SELECT extents FROM parts WHERE upload = ?", (upload_id,)).fetchall():
        index.release(tx, _decode_extents(extents))
    tx.db.execute("DELETE FROM parts WHERE upload = ?", (upload_id,))
    tx.db.execute("DELETE FROM uploads WHERE id = ?", (upload_id,))


def _chosen(db: sqlite3.Connection, upload: Upload, wanted: Sequence[ChosenPart]) -> list[_Part]:
    rows = db.execute(f"SELECT {_PART} FROM parts WHERE upload = ?", (upload.id,))  # noqa: S608 - constants only
    stored = {part.number: part for part in (_Part(*row) for row in rows)}
    chosen: list[_Part] = []
    for choice in wanted:
        if chosen and choice.number <= chosen[-1].number:
            text = "The list of parts was not in ascending order. Parts must be ordered by part number."
            raise ApiError("InvalidPartOrder", text, members={"UploadId": upload.id})
        part = stored.get(choice.number)
        if part is None or part.etag != choice.etag or not _agrees(upload, part, choice):
            raise _invalid_part(upload.id, choice)
        chosen.append(part)
    for part in chosen[:-1]:
        if part.size < LEAST_PART:
            raise _too_small(part)
    return chosen


def _agrees(upload: Upload, part: _Part, choice: ChosenPart) -> bool:
    if upload.kind == "COMPOSITE" and not any(algorithm == upload.algorithm for algorithm, _ in choice.checksums):
        name = upload.algorithm.lower()
        text = f"The upload was created using a {name} checksum. The complete request must include the checksum for "
        raise ApiError("InvalidRequest", f"{text}each part. It was missing for part {choice.number} in the request.")
    return all(
        algorithm in {part.algorithm, DEFAULT_ALGORITHM} and to_text(_digest(part, algorithm)) == value
        for algorithm, value in choice.checksums
    )


def _checksum(upload: Upload, chosen: Sequence[_Part], completion: Completion) -> Checksum:
    algorithm, kind = upload.algorithm or DEFAULT_ALGORITHM, upload.kind or "FULL_OBJECT"
    if completion.kind not in {None, kind}:
        text = f"The upload was created using the {kind} checksum mode. The complete request must use the same checksum"
        raise ApiError("InvalidRequest", f"{text} mode.")
    digests = [_digest(part, algorithm) for part in chosen]
    if kind == "COMPOSITE" or algorithm not in LINEAR:
        computed = Checksum(algorithm, composite(algorithm, digests), "COMPOSITE")
    else:
        pairs = list(zip(digests, (part.size for part in chosen), strict=True))
        computed = Checksum(algorithm, to_text(combine(algorithm, pairs)), "FULL_OBJECT")
    asked = completion.checksum
    if asked is not None and (asked.algorithm, asked.value) != (computed.algorithm, computed.value):
        raise ApiError("BadDigest", f"The {asked.algorithm} you specified did not match the calculated checksum.")
    return computed


def _digest(part: _Part, algorithm: str) -> bytes:
    return part.checksum if part.algorithm == algorithm else part.crc64


def _invalid_part(upload_id: str, choice: ChosenPart) -> ApiError:
    text = "One or more of the specified parts could not be found. The part may not have been uploaded, or the "
    members = {"UploadId": upload_id, "PartNumber": str(choice.number), "ETag": choice.etag}
    return ApiError("InvalidPart", f"{text}specified entity tag may not match the part's entity tag.", members=members)


def _too_small(part: _Part) -> ApiError:
    members = {
        "ETag": part.etag,
        "MinSizeAllowed": str(LEAST_PART),
        "PartNumber": str(part.number),
        "ProposedSize": str(part.size),
    }
    text = "Your proposed upload is smaller than the minimum allowed size"
    return ApiError("EntityTooSmall", text, members=members)


def _upload(bucket: str, row: tuple[Any, ...]) -> Upload:
    key, upload_id, initiated, detail = row
    more = _decode_detail(detail)
    return Upload(upload_id, bucket, key.decode(), initiated, more.head, more.initiator, more.algorithm, more.kind)


def _shown(part: _Part) -> UploadedPart:
    checksum = Checksum(part.algorithm, to_text(part.checksum))
    return UploadedPart(part.number, part.size, part.etag, part.modified, checksum)
