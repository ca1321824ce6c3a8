"""What the S3 operations ask of a store of objects: values, and one narrow interface.

A store speaks in S3's own error codes (:class:`~daypass.errors.ApiError`): a local folder and an S3-compatible store
upstream refuse alike. Three truths hold for every store: what a write answered survives a loss of power; a reader gets
the old or the new object and never a mixture; an upload whose body or digests fail changes nothing.

``bucket`` is the unique id of a bucket's record, never its name: a bucket that is deleted and made again under its
name never shows the objects of the one before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

import msgspec

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence

    from daypass.request import Download

NULL_VERSION = "null"
"""The version id of what was written while the bucket kept no versions (S3 User Guide, "Using versioning")."""

Pairs = tuple[tuple[str, str], ...]


class Replaced(Exception):
    """A stored object was replaced or deleted since it was looked up: look it up again."""


class Checksum(msgspec.Struct, frozen=True, array_like=True):
    """A checksum of an object as S3 shows it: base64, with ``-N`` behind the composite kind of N parts."""

    algorithm: str
    value: str
    kind: str = "FULL_OBJECT"


class Head(msgspec.Struct, frozen=True, array_like=True):
    """What a client said about an object besides its bytes: system headers by model member name, metadata, tags."""

    headers: Pairs = ()
    metadata: Pairs = ()
    tags: Pairs = ()


class Extent(msgspec.Struct, frozen=True, array_like=True):
    """A stretch of a file of the store."""

    file: str
    offset: int
    length: int


class PartMark(msgspec.Struct, frozen=True, array_like=True):
    """What an object remembers of a part that it was put together from."""

    number: int
    size: int
    checksum: str | None


class StoredObject(msgspec.Struct, frozen=True):
    """One version of an object as it is stored. ``modified`` is in milliseconds, ``etag`` is without quotes.

    The bytes are ``data``, or the ``extents`` one after the other. ``parts`` is set on what a multipart upload made.
    """

    bucket: str
    key: str
    version: str
    modified: int
    size: int
    etag: str
    checksum: Checksum | None = None
    head: Head = Head()
    parts: tuple[PartMark, ...] = ()
    extents: tuple[Extent, ...] = ()
    data: bytes | None = None
    marker: bool = False


class Digests(NamedTuple):
    """What was counted and computed while a body was read. ``crc64`` is the CRC-64/NVME, computed in any case."""

    size: int
    md5: bytes
    checksum: bytes
    crc64: bytes


class Intake(NamedTuple):
    """How a body is to be taken: the checksum to compute, the most bytes, and the last word.

    ``confirm`` is called once after the last byte, before anything becomes visible; it raises ApiError to refuse.
    """

    algorithm: str
    limit: int
    confirm: Callable[[Digests], None]


class Condition(NamedTuple):
    """What must hold at the moment of the write (S3 User Guide, "Conditional requests"). ETags without quotes."""

    if_match: str | None = None
    if_absent: bool = False


class Placing(NamedTuple):
    """Where an object goes, and how: ``versioning`` is ``""``, ``Enabled`` or ``Suspended``."""

    bucket: str
    key: str
    versioning: str = ""
    condition: Condition = Condition()


class Deletion(NamedTuple):
    """One key to delete: its newest version (``version`` None), or one version for good."""

    key: str
    version: str | None = None
    if_match: str | None = None


class Deleted(NamedTuple):
    """What a deletion did: the version that went, or the delete marker that came. ``error`` refuses this one key."""

    version: str | None = None
    marker: bool = False
    error: str | None = None


class Entry(NamedTuple):
    """One line of a listing."""

    key: str
    version: str
    newest: bool
    marker: bool
    modified: int
    size: int
    etag: str
    algorithm: str | None
    checksum_kind: str | None


class Search(NamedTuple):
    """Which keys to list. What is given comes after ``after`` (exclusive; for versions: after that version of it)."""

    prefix: str = ""
    delimiter: str = ""
    after: str = ""
    after_version: str = ""
    limit: int = 1000


class Listing(NamedTuple):
    """Part of a listing in byte order of keys. ``last`` is the last key or prefix given, if more follow."""

    entries: tuple[Entry, ...]
    prefixes: tuple[str, ...]
    last: str | None
    last_version: str | None = None


class Upload(msgspec.Struct, frozen=True):
    """A multipart upload that is under way. ``algorithm`` and ``kind`` are empty where the client declared none."""

    id: str
    bucket: str
    key: str
    initiated: int
    head: Head
    initiator: Pairs
    algorithm: str = ""
    kind: str = ""


class UploadedPart(NamedTuple):
    """One part of an upload."""

    number: int
    size: int
    etag: str
    modified: int
    checksum: Checksum | None


class ChosenPart(NamedTuple):
    """A part as CompleteMultipartUpload names it; ``checksums`` are those that the client gave, by algorithm."""

    number: int
    etag: str
    checksums: Pairs = ()


class Completion(NamedTuple):
    """What CompleteMultipartUpload asks for. ``checksum`` and ``size`` of the whole are checked where given."""

    parts: tuple[ChosenPart, ...]
    checksum: Checksum | None = None
    kind: str | None = None
    size: int | None = None


class Uploads(Protocol):
    """Multipart uploads of one store."""

    async def create(self, upload: Upload) -> None:
        """Begin an upload under an id that the caller made."""
        ...

    async def find(self, bucket: str, key: str, upload_id: str) -> Upload:
        """The upload. Raises NoSuchUpload, also for an id of another bucket or key."""
        ...

    async def put_part(self, upload: Upload, number: int, pieces: AsyncIterator[bytes], intake: Intake) -> UploadedPart:
        """Store a part, in place of one with the same number."""
        ...

    async def copy_part(self, upload: Upload, number: int, source: StoredObject, first: int, last: int) -> UploadedPart:
        """Make bytes ``first`` to ``last`` of a stored object a part. Raises Replaced."""
        ...

    async def parts(self, upload: Upload, after: int, limit: int) -> list[UploadedPart]:
        """Parts with numbers above ``after``, in order."""
        ...

    async def list(self, bucket: str, search: Search) -> tuple[list[Upload], list[str], tuple[str, str] | None]:
        """Uploads by key and age, common prefixes, and the (key, id) to go on after, if more follow."""
        ...

    async def complete(self, place: Placing, upload_id: str, completion: Completion) -> StoredObject:
        """Make the parts one object. Asked again with the same parts it answers the same for a day."""
        ...

    async def abort(self, bucket: str, key: str, upload_id: str) -> None:
        """Drop an upload and its parts. Raises NoSuchUpload."""
        ...


class ObjectStore(Protocol):
    """Where object bytes and their index live."""

    @property
    def uploads(self) -> Uploads:
        """Multipart uploads."""
        ...

    async def put(self, place: Placing, pieces: AsyncIterator[bytes], head: Head, intake: Intake) -> StoredObject:
        """Store an object. It is visible when this has answered, and not a moment before its body was confirmed."""
        ...

    async def find(self, bucket: str, key: str, version: str | None = None) -> StoredObject | None:
        """A version, or the newest one (which may be a delete marker)."""
        ...

    def open(self, stored: StoredObject, first: int, last: int) -> bytes | Download:
        """Bytes ``first`` to ``last`` (inclusive): small objects as they are, others to be taken in pieces.

        Raises Replaced. What was opened is read to its end, whatever happens to the object meanwhile.
        """
        ...

    async def copy(self, source: StoredObject, place: Placing, head: Head, algorithm: str | None) -> StoredObject:
        """Store the bytes of ``source`` once more under another key, with a plain MD5 as its ETag. Raises Replaced."""
        ...

    async def retag(self, stored: StoredObject, tags: Pairs) -> None:
        """Give a version other tags. Raises NoSuchKey when it is gone."""
        ...

    async def delete(self, bucket: str, versioning: str, deletions: Sequence[Deletion]) -> list[Deleted]:
        """Delete keys, in one go; one answer for each, in order. Deleting what is absent succeeds."""
        ...

    async def list(self, bucket: str, search: Search) -> Listing:
        """Newest versions that are no delete markers."""
        ...

    async def list_versions(self, bucket: str, search: Search) -> Listing:
        """All versions and delete markers, newest first within a key."""
        ...

    async def retire(self, bucket: str) -> None:
        """Take no more objects for a bucket that is about to be deleted, for ever. Raises BucketNotEmpty.

        Uploads that are under way are dropped.
        """
        ...

    def close(self) -> None:
        """Let go of files and threads. What was answered stays."""
        ...
