"""Sealing stored secrets anew under another root key: all of them, in batches, beside whoever works (threats: K13, K14)."""

from __future__ import annotations

import asyncio
import os
import sqlite3
from typing import TYPE_CHECKING

import pytest

from daypass.credentials import KeyRing, Secret
from daypass.directory import GLOBAL, AccessKey, MfaDevice, PrivateKey, Put, SamlProvider
from daypass.store import SqliteStore, StoreProblem, sealing
from daypass.store.sealing import kinds_with_secrets

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

A = "111122223333"
OLD = KeyRing.generate(bytes(range(32)))
NEW = OLD.rotate(bytes(range(100, 132)))


def keys(count: int) -> list[AccessKey]:
    return [AccessKey(f"AKIA{n:04}", A, Secret(f"secret-{n}"), 1, None, None) for n in range(count)]


OTHERS = [
    MfaDevice(A, "phone", "/", Secret("SEED"), 1),
    SamlProvider(A, "idp", "SP1", 1, "<xml/>", private_keys=(PrivateKey("k1", Secret("PEM-1"), 1),)),
    SamlProvider(A, "plain", "SP2", 1, "<xml/>"),
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def stores(folder: Path) -> Iterator[tuple[SqliteStore, SqliteStore]]:
    """A worker under the old ring, and the command under the new one."""
    worker = SqliteStore.open(folder, OLD, os.urandom)
    command = SqliteStore.open(folder, NEW, os.urandom)
    yield worker, command
    worker.close()
    command.close()


def put(store: SqliteStore, *records: object) -> None:
    asyncio.run(store.commit(store.view(), [Put(record) for record in records], []))  # type: ignore[arg-type]


async def reseal_all(store: SqliteStore) -> tuple[int, list[str]]:
    done = await store.reseal(NEW.active, None)
    count, unreadable = done.resealed, list(done.unreadable)
    while done.after is not None:
        done = await store.reseal(NEW.active, done.after)
        count, unreadable = count + done.resealed, unreadable + list(done.unreadable)
    return count, unreadable


def test_every_kind_of_record_with_a_secret_is_known() -> None:
    assert set(kinds_with_secrets()) >= {"access_key", "mfa_device", "saml_provider", "outbound_issuer"}
    assert "user" not in kinds_with_secrets()


def test_all_secrets_are_sealed_under_the_new_key_and_open_without_the_old_one(
    stores: tuple[SqliteStore, SqliteStore], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sealing, "BATCH", 7)
    worker, command = stores
    put(worker, *keys(40), *OTHERS)
    assert asyncio.run(command.count_by_key()) == {OLD.active: 42}
    assert asyncio.run(reseal_all(command)) == (42, [])
    assert asyncio.run(command.count_by_key()) == {NEW.active: 42}
    alone = SqliteStore.open(folder, NEW.retire(OLD.active), os.urandom)
    assert [alone.view().get(AccessKey, GLOBAL, key.id) for key in keys(40)] == keys(40)
    assert alone.view().get(SamlProvider, A, "idp") == OTHERS[1]
    alone.close()


def test_it_is_taken_up_where_it_was_cut_off(
    stores: tuple[SqliteStore, SqliteStore], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sealing, "BATCH", 10)
    worker, command = stores
    put(worker, *keys(35))
    assert asyncio.run(command.reseal(NEW.active, None)).resealed == 10
    assert asyncio.run(reseal_all(command)) == (25, [])


def test_it_disturbs_no_decision_and_is_overwritten_by_none(stores: tuple[SqliteStore, SqliteStore]) -> None:
    worker, command = stores
    put(worker, *keys(3))
    view = worker.view()
    found = view.get(AccessKey, GLOBAL, "AKIA0001")
    assert found is not None
    asyncio.run(reseal_all(command))
    changed = AccessKey(found.id, A, found.secret, found.created, None, None, active=False)
    asyncio.run(worker.commit(view, [Put(changed)], []))
    assert command.view().get(AccessKey, GLOBAL, "AKIA0001") == changed
    assert asyncio.run(command.count_by_key()) == {OLD.active: 1, NEW.active: 2}


def test_a_damaged_record_is_told_and_stops_nothing(stores: tuple[SqliteStore, SqliteStore], folder: Path) -> None:
    worker, command = stores
    put(worker, *keys(3))
    with sqlite3.connect(folder / "daypass.sqlite3") as db:
        db.execute("UPDATE record SET body = (SELECT body FROM record WHERE name = 'AKIA0000') WHERE name = 'AKIA0001'")
    db.close()
    count, unreadable = asyncio.run(reseal_all(command))
    assert count == 2
    assert len(unreadable) == 1
    assert "AKIA0001" in unreadable[0]


def test_k14_a_database_without_its_ring_opens_no_secret_and_holds_none(
    stores: tuple[SqliteStore, SqliteStore], folder: Path
) -> None:
    worker, command = stores
    put(worker, *keys(3), *OTHERS)
    asyncio.run(reseal_all(command))
    stolen = SqliteStore.open(folder, KeyRing({1: os.urandom(32), 2: os.urandom(32)}, active=2), os.urandom)
    for record in (*keys(3), OTHERS[0], OTHERS[1]):
        with pytest.raises(StoreProblem, match="another key ring"):
            stolen.view().get(type(record), record.key.scope, record.key.name)
    stolen.close()
    on_disk = b"".join(path.read_bytes() for path in folder.glob("daypass.sqlite3*"))
    for secret in (b"secret-1", b"SEED", b"PEM-1"):
        assert secret not in on_disk
