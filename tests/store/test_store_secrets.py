"""Secrets are sealed at rest, under a key that is not in the database, each to its own record."""

from __future__ import annotations

import os
import sqlite3
from typing import TYPE_CHECKING

import msgspec
import pytest
from storekit import RING, A, access_key, commit, put

from daypass.credentials import KeyRing, Secret
from daypass.directory import GLOBAL, AccessKey, Delete, MfaDevice
from daypass.store import SqliteStore, StoreProblem
from daypass.store.codec import RecordCodec

if TYPE_CHECKING:
    from pathlib import Path

SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
SEED = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
RECORDS = (access_key("AKIA1", secret=SECRET), MfaDevice(A, "phone", "/", Secret(SEED), 1))


def bytes_of(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.iterdir() if path.is_file())


def test_no_file_holds_a_secret(sqlite: SqliteStore, folder: Path) -> None:
    put(sqlite, *RECORDS)
    commit(sqlite, Delete(RECORDS[1].key))
    stored = bytes_of(folder)
    sqlite.close()
    stored += bytes_of(folder)
    assert b"AKIA1" in stored
    for text in (SECRET, SEED):
        assert text.encode() not in stored
        assert text.encode().hex().encode() not in stored


def test_a_secret_is_sealed_anew_each_time() -> None:
    codec = RecordCodec(RING, os.urandom)
    assert codec.encode(RECORDS[0]) != codec.encode(RECORDS[0])


def test_a_secret_does_not_open_in_another_record(sqlite: SqliteStore, folder: Path) -> None:
    put(sqlite, access_key("AKIA1", secret=SECRET), access_key("AKIA2"))
    with sqlite3.connect(folder / "daypass.sqlite3") as db:
        db.execute("UPDATE record SET body = (SELECT body FROM record WHERE name = 'AKIA1') WHERE name = 'AKIA2'")
    db.close()
    with pytest.raises(StoreProblem, match="AKIA2 cannot be read"):
        sqlite.view().get(AccessKey, GLOBAL, "AKIA2")
    assert any("AKIA2" in finding.text for finding in sqlite.check() if not finding.good)


def test_no_secret_opens_under_another_key_ring(sqlite: SqliteStore, folder: Path) -> None:
    put(sqlite, *RECORDS)
    other = SqliteStore.open(folder, KeyRing.generate(bytes(range(1, 33))), os.urandom)
    for record in RECORDS:
        with pytest.raises(StoreProblem, match="cannot be read"):
            other.view().get(type(record), record.key.scope, record.key.name)
    other.close()


def test_an_old_secret_opens_after_the_ring_was_rotated(sqlite: SqliteStore, folder: Path) -> None:
    put(sqlite, *RECORDS)
    rotated = SqliteStore.open(folder, RING.rotate(bytes(range(100, 132))), os.urandom)
    assert rotated.view().get(AccessKey, GLOBAL, "AKIA1") == RECORDS[0]
    put(rotated, RECORDS[0])
    with pytest.raises(StoreProblem):
        sqlite.view().get(AccessKey, GLOBAL, "AKIA1")
    rotated.close()


@pytest.mark.parametrize("body", [b"", b"\xc1", msgspec.msgpack.encode(["AKIA1", A, "plain", 1, None, None, True])])
def test_a_body_that_is_not_what_was_written_is_refused(body: bytes) -> None:
    with pytest.raises(StoreProblem, match="cannot be read"):
        RecordCodec(RING, os.urandom).decode(("access_key", GLOBAL, "AKIA1"), body)
