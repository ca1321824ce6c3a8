"""Objects in a folder: what is owed to writers and readers (s3.md, "Storing objects in local files")."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import hashlib
import os
import sqlite3
import time
import zlib
from base64 import b64decode
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from object_folder import LARGE, Folder, broken, content, drain, pieces

from daypass.errors import ApiError
from daypass.objects import Condition, Head, Intake, LocalObjects, Placing, Replaced
from daypass.objects.blobs import Incoming
from daypass.objects.interface import Deletion
from daypass.objects.receiving import INLINE
from daypass.store.interface import StoreProblem

SIZES = [0, 1, INLINE, INLINE + 1, LARGE, 3 * 512 * 1024 + 7]


@pytest.mark.parametrize("size", SIZES)
def test_what_was_put_is_read_back_with_its_digests(folder: Folder, size: int) -> None:
    data = content(size)
    stored = folder.put("k", *(data[at : at + 65536] for at in range(0, size, 65536)))
    assert stored.size == size
    assert stored.etag == hashlib.md5(data, usedforsecurity=False).hexdigest()
    assert stored.checksum is not None
    assert stored.checksum.algorithm == "CRC32"
    assert b64decode(stored.checksum.value) == zlib.crc32(data).to_bytes(4, "big")
    assert folder.read(folder.find("k")) == data
    assert len(folder.files()) == (size > INLINE)


def test_it_is_still_there_when_the_folder_is_opened_again(folder: Folder) -> None:
    head = Head((("ContentType", "text/plain"),), (("who", "me"),), (("team", "red"),))
    folder.put("small", b"1", head=head)
    folder.put("large", content(LARGE), head=head)
    folder.close()
    for key, data in (("small", b"1"), ("large", content(LARGE))):
        found = folder.find(key)
        assert found is not None
        assert found.head == head
        assert folder.read(found) == data


@pytest.mark.parametrize(("first", "last"), [(0, 0), (5, 9), (65_530, 65_540), (LARGE - 1, LARGE - 1), (0, LARGE - 1)])
def test_any_stretch_can_be_read(folder: Folder, first: int, last: int) -> None:
    folder.put("k", content(LARGE))
    assert folder.read(folder.find("k"), first, last) == content(LARGE)[first : last + 1]


HOSTILE = [
    "../../x",
    "/etc/passwd",
    "a\\b",
    "CON",
    "a/../b",
    "//",
    ".",
    "..",
    "a",
    "a/b",
    "k" * 1024,
    "\n",
    "\x01",
    "é/😀",
    "%2e%2e",
    " ",
]


def test_h1_a_key_is_data_and_never_a_path(folder: Folder, tmp_path: Path) -> None:
    """Every key is stored and returned as it is, and no file is named after one."""
    for number, key in enumerate(HOSTILE):
        folder.put(key, content(LARGE, number))
    for number, key in enumerate(HOSTILE):
        assert folder.read(folder.find(key)) == content(LARGE, number)
    assert folder.keys() == sorted(HOSTILE, key=str.encode)
    assert {path.name for path in tmp_path.iterdir()} == {"data"}
    assert {path.name.partition(".")[0] for path in folder.path.iterdir()} == {"objects"}
    assert all(len(name) == 32 and set(name) <= set("0123456789abcdef") for name in folder.files())


def test_workers_that_start_together_share_a_new_folder(tmp_path: Path) -> None:
    def opened(number: int) -> LocalObjects:
        return LocalObjects(tmp_path, now=lambda: 0.0, random=lambda count: bytes([number]) * count)

    with ThreadPoolExecutor(8) as pool:
        stores = list(pool.map(opened, range(8)))
    for store in stores:
        store.close()


@pytest.mark.parametrize(("damage", "words"), [(b"no database" * 500, "cannot be used"), (None, "newer version")])
def test_an_index_that_cannot_be_used_is_one_clear_line(folder: Folder, damage: bytes | None, words: str) -> None:
    folder.put("k", b"1")
    folder.close()
    file = folder.path / "objects.sqlite3"
    if damage is None:
        with contextlib.closing(sqlite3.connect(file)) as db:
            db.execute("PRAGMA user_version = 99")
    else:
        file.write_bytes(damage)
    with pytest.raises(StoreProblem, match=words):
        folder.open()


def test_buckets_are_apart_by_their_id(folder: Folder) -> None:
    folder.put("k", b"1", bucket="first")
    assert folder.find("k", bucket="second") is None
    assert folder.keys("second") == []


@pytest.mark.parametrize(("size", "flushes"), [(5, 0), (LARGE, 2)])
def test_bytes_are_on_the_disk_before_the_index_names_them(
    folder: Folder, size: int, flushes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """File, then directory entry, then the commit; the commit itself is flushed by SQLite (synchronous = FULL)."""
    folder.put("first", content(LARGE))
    happened: list[str] = []
    db, flush = folder.store.writer._db, os.fsync
    monkeypatch.setattr(os, "fsync", lambda descriptor: (happened.append(kind_of(descriptor)), flush(descriptor)))
    db.set_trace_callback(lambda sql: happened.append(sql) if sql == "COMMIT" else None)
    folder.put("k", content(size))
    assert db.execute("PRAGMA synchronous").fetchone() == (2,)
    assert db.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert [what for what in happened if what != "new directory"] == [*["file", "directory"][:flushes], "COMMIT"]


def kind_of(descriptor: int) -> str:
    path = Path(f"/proc/self/fd/{descriptor}").readlink()
    return "file" if path.is_file() else "new directory" if path.name == "objects" else "directory"


def test_an_object_that_replaces_another_leaves_no_file_behind(folder: Folder) -> None:
    folder.put("k", content(LARGE, 1))
    folder.put("k", content(LARGE, 2))
    assert folder.read(folder.find("k")) == content(LARGE, 2)
    wait_for(lambda: len(folder.files()) == 1)
    folder.put("k", b"small")
    wait_for(lambda: folder.files() == set())


def test_a_reader_keeps_what_it_began_to_read(folder: Folder) -> None:
    """s3.md 8.3: ranges are consistent while the object is being replaced."""
    old = folder.put("k", content(LARGE, 1))
    download = folder.store.open(old, 0, LARGE - 1)
    folder.put("k", content(LARGE, 2))
    wait_for(lambda: len(folder.files()) == 1)
    assert folder.run(drain(download)) == content(LARGE, 1)


def test_a_reader_that_comes_too_late_is_told_to_look_again(folder: Folder) -> None:
    old = folder.put("k", content(LARGE, 1))
    folder.run(folder.store.delete("b", "", [Deletion("k")]))
    wait_for(lambda: folder.files() == set())
    with pytest.raises(Replaced):
        folder.store.open(old, 0, 5)
    with pytest.raises(Replaced):
        folder.run(folder.store.copy(old, Placing("b", "copy"), Head(), None))
    assert folder.keys() == []


@pytest.mark.parametrize("size", [5, LARGE])
def test_a_body_that_is_not_what_was_said_leaves_nothing(folder: Folder, size: int) -> None:
    folder.put("k", b"old")

    def refuse(_digests: object) -> None:
        raise ApiError("BadDigest", None)

    with pytest.raises(ApiError, match="BadDigest"):
        folder.put("k", content(size), confirm=refuse)
    assert folder.read(folder.find("k")) == b"old"
    wait_for(lambda: folder.files() == set())


@pytest.mark.parametrize("size", [5, LARGE, 2_000_000])
def test_a4_a_body_that_breaks_off_leaves_nothing(folder: Folder, size: int) -> None:
    for error in (ApiError("IncompleteBody", None), ConnectionError("gone")):
        with pytest.raises(type(error)):
            folder.put("k", body=broken(content(size), error=error))
    assert folder.find("k") is None
    assert folder.keys() == []
    wait_for(lambda: folder.files() == set())


def test_a_request_that_is_cancelled_leaves_nothing(folder: Folder) -> None:
    async def cancelled() -> None:
        async def endless() -> object:
            while True:
                yield content(LARGE)
                await asyncio.sleep(0)

        put = folder.store.put(Placing("b", "k"), endless(), Head(), Intake("CRC32", 1 << 40, lambda _: None))  # type: ignore[arg-type]
        task = asyncio.create_task(put)
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    folder.run(cancelled())
    assert folder.find("k") is None
    wait_for(lambda: folder.files() == set())


def test_a_body_is_cut_off_at_its_limit(folder: Folder) -> None:
    with pytest.raises(ApiError, match="EntityTooLarge"):
        folder.put("k", content(LARGE), limit=LARGE - 1)
    with pytest.raises(ApiError, match="EntityTooLarge"):
        folder.put("k", b"12345", limit=4)
    folder.put("k", content(LARGE), limit=LARGE)


@pytest.mark.parametrize("failing", ["feed", "make_durable"])
def test_a_full_disk_is_said_clearly_and_damages_nothing(
    folder: Folder, failing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.put("k", content(LARGE, 1))

    def full(*_args: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(Incoming, failing, full)
        with pytest.raises(ApiError, match="InsufficientStorage"):
            folder.put("k", content(2_000_000, 2))
    assert folder.read(folder.find("k")) == content(LARGE, 1)
    wait_for(lambda: len(folder.files()) == 1)
    folder.put("k", content(LARGE, 3))
    assert folder.read(folder.find("k")) == content(LARGE, 3)


def test_a_full_index_is_said_clearly_and_damages_nothing(folder: Folder) -> None:
    folder.put("k", b"old")
    db = folder.store.writer._db
    (used,) = db.execute("PRAGMA page_count").fetchone()
    db.execute(f"PRAGMA max_page_count = {used}")
    with pytest.raises(ApiError, match="InsufficientStorage"):
        for number in range(20):
            folder.put(f"k{number}", content(INLINE))
    db.execute("PRAGMA max_page_count = 1000000")
    assert folder.read(folder.find("k")) == b"old"
    folder.put("k", b"new")
    assert folder.read(folder.find("k")) == b"new"


def test_writes_that_come_together_are_committed_together_and_fail_alone(folder: Folder) -> None:
    folder.put("taken", b"1")

    async def many() -> list[object]:
        absent = Condition(if_absent=True)
        intake = Intake("CRC32", 100, lambda _: None)
        puts = [
            folder.store.put(Placing("b", key, "", absent), pieces(b"2"), Head(), intake)
            for key in ("one", "taken", "two", "one")
        ]
        return list(await asyncio.gather(*puts, return_exceptions=True))

    one, taken, two, again = folder.run(many())
    assert not isinstance(one, Exception)
    assert not isinstance(two, Exception)
    assert isinstance(taken, ApiError)
    assert isinstance(again, ApiError)
    assert folder.keys() == ["one", "taken", "two"]


def test_a_condition_is_judged_at_the_moment_of_the_commit(folder: Folder) -> None:
    """Of many who write if absent, one wins, also across processes' stores."""
    other = folder.store, folder.open()

    async def race() -> list[object]:
        intake = Intake("CRC32", 100, lambda _: None)
        place = Placing("b", "k", "", Condition(if_absent=True))
        puts = [other[n % 2].put(place, pieces(b"%d" % n), Head(), intake) for n in range(20)]
        return list(await asyncio.gather(*puts, return_exceptions=True))

    won = [result for result in folder.run(race()) if not isinstance(result, Exception)]
    assert len(won) == 1


@pytest.mark.parametrize(
    ("condition", "standing", "code"),
    [
        (Condition(if_absent=True), None, None),
        (Condition(if_absent=True), b"1", "PreconditionFailed"),
        (Condition(if_match="c4ca4238a0b923820dcc509a6f75849b"), b"1", None),
        (Condition(if_match="*"), b"1", None),
        (Condition(if_match="00"), b"1", "PreconditionFailed"),
        (Condition(if_match="*"), None, "NoSuchKey"),
    ],
)
def test_conditions_of_writes(folder: Folder, condition: Condition, standing: bytes | None, code: str | None) -> None:
    if standing is not None:
        folder.put("k", standing)
    if code is None:
        folder.put("k", b"new", condition=condition)
        assert folder.read(folder.find("k")) == b"new"
    else:
        with pytest.raises(ApiError, match=code):
            folder.put("k", content(LARGE), condition=condition)
        wait_for(lambda: folder.files() == set())


def test_what_one_process_wrote_another_sees_at_once(folder: Folder) -> None:
    first, second = folder.store, folder.open()
    folder.put("k", content(LARGE, 1))
    assert folder.run(second.find("b", "k")) == folder.run(first.find("b", "k"))
    folder.run(second.delete("b", "", [Deletion("k")]))
    assert folder.find("k") is None


def test_a_copy_shares_the_bytes_until_the_last_one_goes(folder: Folder) -> None:
    source = folder.put("k", content(LARGE))
    copy = folder.run(folder.store.copy(source, Placing("b", "copy"), Head((("ContentType", "a/b"),)), None))
    assert (copy.etag, copy.checksum) == (source.etag, source.checksum)
    assert len(folder.files()) == 1
    folder.run(folder.store.delete("b", "", [Deletion("k")]))
    assert folder.read(folder.find("copy")) == content(LARGE)
    folder.run(folder.store.delete("b", "", [Deletion("copy")]))
    wait_for(lambda: folder.files() == set())


def test_an_object_copied_onto_itself_keeps_its_bytes(folder: Folder) -> None:
    for size in (5, LARGE):
        source = folder.put("k", content(size))
        folder.run(folder.store.copy(source, Placing("b", "k"), Head((), (("a", "b"),)), "SHA256"))
        found = folder.find("k")
        assert found is not None
        assert found.head.metadata == (("a", "b"),)
        assert found.checksum is not None
        assert found.checksum.algorithm == "SHA256"
        assert folder.read(found) == content(size)


def test_tags_change_and_nothing_else(folder: Folder) -> None:
    stored = folder.put("k", content(LARGE))
    folder.run(folder.store.retag(stored, (("a", "b"),)))
    found = folder.find("k")
    assert found is not None
    assert found.head.tags == (("a", "b"),)
    assert (found.etag, found.modified) == (stored.etag, stored.modified)
    folder.now += 1
    folder.put("k", b"another")
    with pytest.raises(ApiError, match="NoSuchKey"):
        folder.run(folder.store.retag(stored, ()))


def test_a_bucket_that_is_retired_takes_nothing_more(folder: Folder) -> None:
    folder.put("k", b"1")
    with pytest.raises(ApiError, match="BucketNotEmpty"):
        folder.run(folder.store.retire("b"))
    folder.run(folder.store.delete("b", "", [Deletion("k")]))
    folder.run(folder.store.retire("b"))
    folder.run(folder.store.retire("b"))
    with pytest.raises(ApiError, match="OperationAborted"):
        folder.put("k", content(LARGE))
    wait_for(lambda: folder.files() == set())
    folder.put("k", b"1", bucket="another")


class TestVersions:
    def test_each_write_is_a_version_and_the_newest_is_the_object(self, folder: Folder) -> None:
        first = folder.put("k", b"0")
        second, third = (folder.put("k", data, versioning="Enabled") for data in (b"1", content(LARGE)))
        assert first.version == "null"
        assert len({second.version, third.version}) == 2
        assert folder.read(folder.find("k")) == content(LARGE)
        assert [folder.read(folder.find("k", v.version)) for v in (first, second, third)] == [
            b"0",
            b"1",
            content(LARGE),
        ]

    def test_deleting_puts_a_marker_on_top(self, folder: Folder) -> None:
        stored = folder.put("k", b"1", versioning="Enabled")
        (done,) = folder.run(folder.store.delete("b", "Enabled", [Deletion("k")]))
        newest = folder.find("k")
        assert done.marker
        assert newest is not None
        assert (newest.marker, newest.version) == (True, done.version)
        assert folder.keys() == []
        assert folder.read(folder.find("k", stored.version)) == b"1"
        (undone,) = folder.run(folder.store.delete("b", "Enabled", [Deletion("k", done.version)]))
        assert undone.marker
        assert folder.read(folder.find("k")) == b"1"

    def test_a_version_is_deleted_for_good_with_its_file(self, folder: Folder) -> None:
        versions = [folder.put("k", content(LARGE, n), versioning="Enabled").version for n in range(3)]
        folder.run(folder.store.delete("b", "Enabled", [Deletion("k", versions[1])]))
        assert folder.find("k", versions[1]) is None
        wait_for(lambda: len(folder.files()) == 2)
        assert folder.read(folder.find("k")) == content(LARGE, 2)

    def test_suspended_replaces_only_the_null_version(self, folder: Folder) -> None:
        folder.put("k", b"null 1")
        kept = folder.put("k", b"kept", versioning="Enabled")
        folder.put("k", b"null 2", versioning="Suspended")
        folder.put("k", b"null 3", versioning="Suspended")
        assert folder.read(folder.find("k")) == b"null 3"
        assert folder.read(folder.find("k", "null")) == b"null 3"
        assert folder.read(folder.find("k", kept.version)) == b"kept"
        (done,) = folder.run(folder.store.delete("b", "Suspended", [Deletion("k")]))
        assert (done.version, done.marker) == ("null", True)
        assert folder.find("k", "null") is not None

    def test_a_marker_counts_as_absent_for_conditions(self, folder: Folder) -> None:
        folder.put("k", b"1", versioning="Enabled")
        folder.run(folder.store.delete("b", "Enabled", [Deletion("k")]))
        folder.put("k", b"2", versioning="Enabled", condition=Condition(if_absent=True))
        assert folder.read(folder.find("k")) == b"2"

    @pytest.mark.parametrize("version", ["", "null", "x", "0" * 32, "é", "z" * 32, "0" * 24 + "-0000001"])
    def test_an_unknown_version_is_not_there(self, folder: Folder, version: str) -> None:
        folder.put("k", b"1", versioning="Enabled")
        assert folder.find("k", version) is None

    def test_h13_a_version_id_of_another_key_names_nothing(self, folder: Folder) -> None:
        stored = folder.put("k", b"1", versioning="Enabled")
        folder.put("other", b"2", versioning="Enabled")
        assert folder.find("other", stored.version) is None
        assert folder.find("k", stored.version, bucket="c") is None


def test_deletions_are_answered_one_by_one(folder: Folder) -> None:
    for key in ("a", "b"):
        folder.put(key, b"1")
    deletions = [Deletion("a", None, "00"), Deletion("b"), Deletion("absent"), Deletion("absent", None, "*")]
    done = folder.run(folder.store.delete("b", "", deletions))
    assert [result.error for result in done] == ["PreconditionFailed", None, None, "NoSuchKey"]
    assert folder.keys() == ["a"]


class TestSweep:
    def test_it_removes_what_a_crash_left_and_nothing_else(self, folder: Folder) -> None:
        folder.put("k", content(LARGE))
        kept = folder.files()
        orphan = folder.path / "objects" / "ab" / ("ab" + "0" * 30)
        orphan.parent.mkdir(exist_ok=True)
        orphan.write_bytes(b"left behind")
        folder.now = time.time() + 120
        assert folder.run(folder.store.sweep()) == 1
        assert folder.files() == kept

    def test_it_leaves_alone_what_was_written_just_now(self, folder: Folder) -> None:
        folder.find("k")
        orphan = folder.path / "objects" / "ab" / ("ab" + "0" * 30)
        orphan.parent.mkdir()
        orphan.write_bytes(b"")
        folder.now = time.time()
        assert folder.run(folder.store.sweep()) == 0

    def test_it_leaves_alone_what_another_process_is_writing(self, folder: Folder) -> None:
        incoming = folder.open()._blobs.create("cd" + "0" * 30, "CRC32")
        folder.now = time.time() + 120
        assert folder.run(folder.store.sweep()) == 0
        incoming.settle(committed=False)
        assert folder.files() == set()


def wait_for(holds: object, seconds: float = 5.0) -> None:
    """Files are unlinked behind the answer."""
    deadline = time.monotonic() + seconds
    while not holds():  # type: ignore[operator]
        assert time.monotonic() < deadline, "it did not come to hold"
        time.sleep(0.005)
