"""Listings, held against a list comprehension (S3 API Reference, ListObjectsV2 and ListObjectVersions; s3.md 8.6)."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from object_folder import Folder, agree, pieces

from daypass.objects import Head, Intake, Placing, Search
from daypass.objects.interface import Deletion
from daypass.objects.listing import list_newest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from daypass.objects.interface import Listing

KEYS = st.text(st.sampled_from("ab/-0é\x7f😀"), min_size=1, max_size=5)
PREFIXES = st.text(st.sampled_from("ab/é"), max_size=2)
DELIMITERS = st.sampled_from(["", "/", "a", "-", "b/", "é"])


def expected(keys: list[str], search: Search) -> tuple[list[str], list[str], bool]:
    """What a page holds, read off the documentation."""
    found: list[str] = []
    seen: set[str] = set()
    prefix, delimiter, after = (text.encode() for text in (search.prefix, search.delimiter, search.after))
    for key in sorted(key.encode() for key in keys):
        if not key.startswith(prefix):
            continue
        at = key.find(delimiter, len(prefix)) if delimiter else -1
        line = key if at < 0 else key[: at + len(delimiter)]
        if at >= 0 and after.startswith(line):  # the marker lies in this common prefix, which is done with
            continue
        if key <= after or line in seen:
            continue
        seen.add(line)
        found.append(line.decode())
    shown = found[: search.limit]
    keys_shown = [line for line in shown if line in keys and not is_rolled(line, search)]
    return keys_shown, [line for line in shown if line not in keys_shown], len(found) > search.limit


def is_rolled(line: str, search: Search) -> bool:
    return bool(search.delimiter) and search.delimiter in line[len(search.prefix) :]


@pytest.fixture(scope="module")
def shared() -> Iterator[Folder]:
    with tempfile.TemporaryDirectory() as path:
        folder = Folder(Path(path))
        yield folder
        folder.close()


_buckets = 0


def new_bucket() -> str:
    global _buckets  # noqa: PLW0603 - each example has a bucket of its own
    _buckets += 1
    return f"b{_buckets}"


@settings(max_examples=150, deadline=None)
@given(
    st.sets(KEYS, max_size=12),
    st.builds(Search, PREFIXES, DELIMITERS, st.one_of(st.just(""), KEYS), limit=st.integers(1, 5)),
)
def test_a_page_is_what_the_documentation_says(shared: Folder, keys: set[str], search: Search) -> None:
    bucket = new_bucket()
    for key in keys:
        shared.put(key, b"", bucket=bucket)
    page = shared.run(shared.store.list(bucket, search))
    assert (lines(page), list(page.prefixes), page.last is not None) == expected(list(keys), search)


@settings(max_examples=60, deadline=None)
@given(st.sets(KEYS, max_size=15), PREFIXES, DELIMITERS, st.integers(1, 4))
def test_pages_together_are_the_whole(shared: Folder, keys: set[str], prefix: str, delimiter: str, limit: int) -> None:
    bucket = new_bucket()
    for key in keys:
        shared.put(key, b"", bucket=bucket)
    whole = shared.run(shared.store.list(bucket, Search(prefix, delimiter)))
    entries: list[str] = []
    prefixes: list[str] = []
    after: str | None = ""
    while after is not None:
        page = shared.run(shared.store.list(bucket, Search(prefix, delimiter, after, limit=limit)))
        entries += lines(page)
        prefixes += page.prefixes
        after = page.last
    assert (entries, prefixes) == (lines(whole), list(whole.prefixes))


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(["a", "a/b", "b", "é"]), st.sampled_from(["put", "del", "null"])), max_size=20),
    st.sampled_from(["", "/"]),
    st.integers(1, 4),
)
def test_versions_are_listed_newest_first_whatever_the_pages(
    shared: Folder, writes: list[tuple[str, str]], delimiter: str, limit: int
) -> None:
    bucket = new_bucket()
    model: dict[str, list[str]] = {}
    for key, what in writes:
        kind = "Suspended" if what == "null" else "Enabled"
        if what == "del":
            (done,) = shared.run(shared.store.delete(bucket, kind, [Deletion(key)]))
            version = done.version or ""
        else:
            version = shared.put(key, b"", bucket=bucket, versioning=kind).version
        versions = model.setdefault(key, [])
        if version in versions:
            versions.remove(version)
        versions.insert(0, version)
    found: list[tuple[str, str, bool]] = []
    search: Search | None = Search("", delimiter, limit=limit)
    while search is not None:
        page = shared.run(shared.store.list_versions(bucket, search))
        found += [(entry.key, entry.version, entry.newest) for entry in page.entries]
        search = None if page.last is None else Search("", delimiter, page.last, page.last_version or "", limit)
    listed = [key for key in sorted(model, key=str.encode) if not (delimiter and delimiter in key)]
    assert found == [(key, version, n == 0) for key in listed for n, version in enumerate(model[key])]


def test_many_versions_of_one_key_are_one_line(folder: Folder) -> None:
    for number in range(60):
        folder.put("k", b"%d" % number, versioning="Enabled")
    folder.put("l", b"")
    assert folder.keys() == ["k", "l"]
    assert folder.keys(limit=1) == ["k"]


def test_a_thousand_keys_below_a_delimiter_cost_one_seek(folder: Folder) -> None:
    async def fill() -> None:
        intake = Intake("CRC32", 10, agree)
        await asyncio.gather(
            *(folder.store.put(Placing("b", f"{n % 3}/{n}"), pieces(b""), Head(), intake) for n in range(1500))
        )

    folder.run(fill())
    steps = 0

    def count() -> int:
        nonlocal steps
        steps += 1
        return 0

    db = folder.store.reading
    db.set_progress_handler(count, 100)
    page = list_newest(db, "b", Search(delimiter="/"))
    db.set_progress_handler(None, 0)
    assert page.prefixes == ("0/", "1/", "2/")
    assert steps < 5


def lines(page: Listing) -> list[str]:
    return [entry.key for entry in page.entries]
