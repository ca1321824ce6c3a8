"""Multipart uploads in a folder (S3 API Reference, CompleteMultipartUpload; S3 User Guide, "Checking object integrity")."""

from __future__ import annotations

import hashlib
import time
import zlib
from base64 import b64decode
from typing import TYPE_CHECKING

import pytest
from object_folder import LARGE, Folder, agree, broken, content, names, pieces

from daypass.errors import ApiError
from daypass.objects import Checksum, Condition, Head, Intake, Placing, Search, Upload
from daypass.objects.digests import digest_of, to_text
from daypass.objects.interface import ChosenPart, Completion, Deletion
from daypass.objects.upload_index import LEAST_PART

if TYPE_CHECKING:
    from daypass.objects import StoredObject
    from daypass.objects.interface import UploadedPart

PART = LEAST_PART


def begin(folder: Folder, key: str = "k", upload_id: str = "u", algorithm: str = "", kind: str = "") -> Upload:
    folder.now += 1
    upload = Upload(upload_id, "b", key, int(folder.now * 1000), Head((("ContentType", "a/b"),)), (), algorithm, kind)
    folder.run(folder.store.uploads.create(upload))
    return upload


def put_part(folder: Folder, upload: Upload, number: int, data: bytes, algorithm: str = "CRC32") -> UploadedPart:
    intake = Intake(upload.algorithm or algorithm, 1 << 30, agree)
    return folder.run(folder.store.uploads.put_part(upload, number, pieces(data), intake))


def complete(
    folder: Folder, upload: Upload, *parts: UploadedPart, condition: Condition | None = None, **more: object
) -> StoredObject:
    with_sums = upload.kind == "COMPOSITE"
    chosen = tuple(
        ChosenPart(p.number, p.etag, ((p.checksum.algorithm, p.checksum.value),) if with_sums and p.checksum else ())
        for p in parts
    )
    place = Placing("b", upload.key, "", condition or Condition())
    return folder.run(folder.store.uploads.complete(place, upload.id, Completion(chosen, **more)))  # type: ignore[arg-type]


def test_parts_become_one_object_in_their_order(folder: Folder) -> None:
    upload = begin(folder)
    second = put_part(folder, upload, 7, b"end")
    first = put_part(folder, upload, 2, content(PART))
    stored = complete(folder, upload, first, second)
    data = content(PART) + b"end"
    assert folder.read(folder.find("k")) == data
    digest = hashlib.md5(bytes.fromhex(first.etag + second.etag), usedforsecurity=False).hexdigest()
    assert stored.etag == f"{digest}-2"
    assert stored.head == upload.head
    assert folder.read(stored, PART - 3, PART + 1) == data[PART - 3 : PART + 2]
    assert stored.checksum == Checksum("CRC64NVME", to_text(digest_of("CRC64NVME", data)), "FULL_OBJECT")


@pytest.mark.parametrize("algorithm", ["CRC32", "CRC32C", "CRC64NVME"])
def test_a_full_object_checksum_is_that_of_all_bytes(folder: Folder, algorithm: str) -> None:
    upload = begin(folder, algorithm=algorithm, kind="FULL_OBJECT")
    parts = [put_part(folder, upload, 1, content(PART)), put_part(folder, upload, 2, b"end")]
    whole = Checksum(algorithm, to_text(digest_of(algorithm, content(PART) + b"end")), "FULL_OBJECT")
    assert complete(folder, upload, *parts, checksum=whole).checksum == whole


def test_a_composite_checksum_is_that_of_the_checksums(folder: Folder) -> None:
    upload = begin(folder, algorithm="CRC32", kind="COMPOSITE")
    parts = [put_part(folder, upload, 1, content(PART)), put_part(folder, upload, 2, b"end")]
    sums = b"".join(b64decode(part.checksum.value) for part in parts if part.checksum)
    stored = complete(folder, upload, *parts)
    assert stored.checksum == Checksum("CRC32", f"{to_text(zlib.crc32(sums).to_bytes(4, 'big'))}-2", "COMPOSITE")


def test_a_part_sent_again_replaces_the_one_before(folder: Folder) -> None:
    upload = begin(folder)
    old = put_part(folder, upload, 1, content(LARGE))
    new = put_part(folder, upload, 1, b"new")
    with pytest.raises(ApiError, match="InvalidPart"):
        complete(folder, upload, old)
    complete(folder, upload, new)
    assert folder.read(folder.find("k")) == b"new"
    eventually(folder, 1)


def test_parts_that_were_not_chosen_are_dropped(folder: Folder) -> None:
    upload = begin(folder)
    chosen = put_part(folder, upload, 1, b"1")
    put_part(folder, upload, 2, b"2")
    complete(folder, upload, chosen)
    assert folder.read(folder.find("k")) == b"1"
    eventually(folder, 1)
    folder.run(folder.store.delete("b", "", [Deletion("k")]))
    eventually(folder, 0)


def test_completing_again_answers_again_and_only_for_the_same_parts(folder: Folder) -> None:
    upload = begin(folder)
    part, other = put_part(folder, upload, 1, b"1"), put_part(folder, upload, 2, b"2")
    stored = complete(folder, upload, part)
    assert complete(folder, upload, part).etag == stored.etag
    with pytest.raises(ApiError, match="NoSuchUpload"):
        complete(folder, upload, other)
    folder.now += 25 * 3600
    folder.run(folder.store.sweep())
    with pytest.raises(ApiError, match="NoSuchUpload"):
        complete(folder, upload, part)


def test_what_must_not_be_completed(folder: Folder) -> None:
    upload = begin(folder)
    small, big = put_part(folder, upload, 1, b"1"), put_part(folder, upload, 2, content(PART))
    for parts, code in [
        ((big, small), "InvalidPartOrder"),
        ((big, big), "InvalidPartOrder"),
        ((small, big), "EntityTooSmall"),
        ((small._replace(etag=big.etag),), "InvalidPart"),
        ((small._replace(number=3),), "InvalidPart"),
    ]:
        with pytest.raises(ApiError, match=code):
            complete(folder, upload, *parts)
    with pytest.raises(ApiError, match="InvalidRequest"):
        complete(folder, upload, small, size=2)
    with pytest.raises(ApiError, match="InvalidRequest"):
        complete(folder, upload, small, kind="COMPOSITE")
    with pytest.raises(ApiError, match="BadDigest"):
        complete(folder, upload, small, checksum=Checksum("CRC64NVME", "AAAAAAAAAAA="))
    with pytest.raises(ApiError, match="NoSuchKey"):
        complete(folder, upload, small, condition=Condition(if_match="*"))
    assert folder.find("k") is None
    complete(folder, upload, small, size=1, kind="FULL_OBJECT")


def test_a_composite_upload_wants_the_checksum_of_each_part(folder: Folder) -> None:
    upload = begin(folder, algorithm="SHA256", kind="COMPOSITE")
    part = put_part(folder, upload, 1, b"1")
    place = Placing("b", "k")
    for sums, code in [((), "InvalidRequest"), ((("SHA256", "AA=="),), "InvalidPart")]:
        with pytest.raises(ApiError, match=code):
            folder.run(folder.store.uploads.complete(place, "u", Completion((ChosenPart(1, part.etag, sums),))))


@pytest.mark.parametrize(("bucket", "key", "upload_id"), [("c", "k", "u"), ("b", "l", "u"), ("b", "k", "v")])
def test_h13_an_upload_id_names_nothing_elsewhere(folder: Folder, bucket: str, key: str, upload_id: str) -> None:
    upload = begin(folder)
    part = put_part(folder, upload, 1, b"1")
    uploads = folder.store.uploads
    for waiting in (
        uploads.find(bucket, key, upload_id),
        uploads.abort(bucket, key, upload_id),
        uploads.complete(Placing(bucket, key), upload_id, Completion((ChosenPart(1, part.etag),))),
    ):
        with pytest.raises(ApiError, match="NoSuchUpload"):
            folder.run(waiting)


def test_aborting_drops_the_parts(folder: Folder) -> None:
    upload = begin(folder)
    put_part(folder, upload, 1, content(LARGE))
    folder.run(folder.store.uploads.abort("b", "k", "u"))
    eventually(folder, 0)
    with pytest.raises(ApiError, match="NoSuchUpload"):
        put_part(folder, upload, 2, content(LARGE))
    eventually(folder, 0)


def test_retiring_a_bucket_drops_its_uploads(folder: Folder) -> None:
    upload = begin(folder)
    put_part(folder, upload, 1, content(LARGE))
    folder.run(folder.store.retire("b"))
    eventually(folder, 0)
    with pytest.raises(ApiError, match="OperationAborted"):
        begin(folder, upload_id="v")


def test_a_part_whose_body_breaks_off_is_not_there(folder: Folder) -> None:
    upload = begin(folder)
    body = broken(content(LARGE), error=ApiError("IncompleteBody", None))
    with pytest.raises(ApiError, match="IncompleteBody"):
        folder.run(folder.store.uploads.put_part(upload, 1, body, Intake("CRC32", 1 << 30, agree)))
    assert folder.run(folder.store.uploads.parts(upload, 0, 10)) == []
    eventually(folder, 0)


@pytest.mark.parametrize("size", [10, LARGE])
def test_a_stretch_of_an_object_becomes_a_part(folder: Folder, size: int) -> None:
    source = folder.put("source", content(size))
    upload = begin(folder)
    copied = folder.run(folder.store.uploads.copy_part(upload, 1, source, 3, 7))
    assert copied.etag == hashlib.md5(content(size)[3:8], usedforsecurity=False).hexdigest()
    complete(folder, upload, copied)
    folder.run(folder.store.delete("b", "", [Deletion("source")]))
    assert folder.read(folder.find("k")) == content(size)[3:8]
    folder.run(folder.store.delete("b", "", [Deletion("k")]))
    eventually(folder, 0)


def test_a_copy_of_a_multipart_object_has_a_plain_etag(folder: Folder) -> None:
    upload = begin(folder)
    parts = [put_part(folder, upload, 1, content(PART)), put_part(folder, upload, 2, b"end")]
    source = complete(folder, upload, *parts)
    copy = folder.run(folder.store.copy(source, Placing("b", "copy"), Head(), None))
    assert copy.etag == hashlib.md5(content(PART) + b"end", usedforsecurity=False).hexdigest()
    assert copy.parts == ()
    assert folder.read(folder.find("copy")) == content(PART) + b"end"


def test_parts_are_listed_by_number(folder: Folder) -> None:
    upload = begin(folder)
    for number in (3, 1, 10_000, 2):
        put_part(folder, upload, number, b"1")
    uploads = folder.store.uploads
    assert names(folder.run(uploads.parts(upload, 0, 3))) == [1, 2, 3]
    assert names(folder.run(uploads.parts(upload, 3, 3))) == [10_000]


def test_uploads_are_listed_by_key_and_age_a_page_at_a_time(folder: Folder) -> None:
    for key, upload_id in [("b", "z"), ("a/1", "y"), ("b", "x"), ("a/2", "w"), ("b", "v")]:
        begin(folder, key, upload_id)
    uploads = folder.store.uploads

    def ids(**search: object) -> list[str]:
        found: list[str] = []
        after: tuple[str, str] | None = ("", "")
        while after is not None:
            page, prefixes, after = folder.run(
                uploads.list("b", Search(after=after[0], after_version=after[1], **search))
            )  # type: ignore[arg-type]
            found += [upload.id for upload in page] + prefixes
        return found

    for limit in (1, 2, 100):
        assert ids(limit=limit) == ["y", "w", "z", "x", "v"]
        assert sorted(ids(limit=limit, delimiter="/")) == sorted(["a/", "z", "x", "v"])
    assert ids(prefix="a/") == ["y", "w"]


def eventually(folder: Folder, files: int) -> None:
    """Files are unlinked behind the answer."""
    deadline = time.monotonic() + 5
    while len(folder.files()) != files:
        assert time.monotonic() < deadline, folder.files()
        time.sleep(0.005)
