"""What ``daypass keys`` does to a data folder: rotation step by step, and what may be retired when (threats: K13, K14)."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from typing import TYPE_CHECKING

import pytest

from daypass import clock, keyfile, rekeying
from daypass.cli.main import main
from daypass.config import Config
from daypass.credentials import CannotOpen, Purpose, Secret
from daypass.directory import GLOBAL, AccessKey, OutboundIssuer, Put
from daypass.directory.issuers import AHEAD
from daypass.keyfile import KEY_FILE, RingProblem, read_ring
from daypass.provisioning import key_ring, open_store, provision
from daypass.services.signing_keys import new_keys

if TYPE_CHECKING:
    from pathlib import Path

HOURS_36 = 129_600
START = 1_800_000_000.0
NONCE = bytes(12)


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The clock of the command line, to turn."""
    moment = [START]
    monkeypatch.setattr(clock, "now", lambda: moment[0])
    return moment


@pytest.fixture
def config(tmp_path: Path, now: list[float]) -> Config:
    """A data folder with an account and its two keys."""
    made = Config(data=tmp_path / "data")
    provision(made)
    return made


def rotate(config: Config, **how: bool) -> rekeying.Rotation:
    return rekeying.rotate(config, lambda _line: None, **how)


def secrets(config: Config) -> list[str]:
    store = open_store(config)
    try:
        found = store.view().page(AccessKey, GLOBAL, limit=100).records
        return [record.secret.reveal() for record in found if isinstance(record, AccessKey)]
    finally:
        store.close()


def seal_under_the_old_key(config: Config) -> None:
    """A record as a process would leave it that has not followed a rotation."""
    ring = read_ring(config.data)
    store = rekeying.SqliteStore.open(config.data, ring.activate(1), clock.random_bytes)
    view = store.view()
    record = view.page(AccessKey, GLOBAL, limit=1).records[0]
    asyncio.run(store.commit(view, [Put(record)], []))
    store.close()


def issuer(config: Config) -> OutboundIssuer:
    store = open_store(config)
    try:
        account = rekeying._accounts(store.view())[0]
        found = store.view().get(OutboundIssuer, account, "")
        if found is None:
            found = OutboundIssuer(account, "0" * 36, int(clock.now()), True, new_keys(int(clock.now())))
            asyncio.run(store.commit(store.view(), [Put(found)], []))
        return found
    finally:
        store.close()


def test_a_rotation_leaves_every_secret_as_it_was_under_a_new_key(config: Config) -> None:
    before = secrets(config)
    done = rotate(config)
    assert (done.key_id, done.resealed, done.retired) == (2, 2, ())
    assert secrets(config) == before
    roots, _ = rekeying.list_keys(config)
    assert [(key.id, key.state, key.records) for key in roots] == [(1, "opens", 0), (2, "seals", 2)]


def test_a_key_goes_when_the_last_session_that_it_sealed_has_ended(config: Config, now: list[float]) -> None:
    rotate(config)
    until = int(START) + HOURS_36 + rekeying.MARGIN
    assert rekeying.list_keys(config)[0][0].needed_until == until
    now[0] = until - 1
    assert rekeying.retire(config, None) == []
    with pytest.raises(RingProblem, match=r"may be alive until 2027-01-16T20:05:00Z; --force ends them now"):
        rekeying.retire(config, 1)
    now[0] = until
    assert rekeying.retire(config, None) == [1]
    assert read_ring(config.data).key_ids == (2,)


def test_the_key_that_seals_and_one_that_is_not_there_are_not_retired(config: Config) -> None:
    for key_id, text in ((1, "key 1 seals"), (7, "no key 7")):
        for force in (False, True):
            with pytest.raises(RingProblem, match=text):
                rekeying.retire(config, key_id, force=force)


def test_a_key_goes_not_while_a_secret_needs_it_and_no_secret_goes_with_it(config: Config, now: list[float]) -> None:
    before = secrets(config)
    rotate(config)
    seal_under_the_old_key(config)
    now[0] += HOURS_36 + rekeying.MARGIN
    assert rekeying.retire(config, None) == []
    with pytest.raises(RingProblem, match="1 records hold secrets that are sealed under key 1"):
        rekeying.retire(config, 1)
    assert rekeying.retire(config, 1, force=True) == [1]
    assert secrets(config) == before


def test_not_even_by_force_where_a_secret_cannot_be_opened(config: Config) -> None:
    rotate(config)
    seal_under_the_old_key(config)
    ring = read_ring(config.data)
    with sqlite3.connect(config.data / "daypass.sqlite3") as db:
        (name,) = db.execute("SELECT min(name) FROM record WHERE kind = 'access_key'").fetchone()
        other = AccessKey("AKIAOTHER", "111122223333", Secret("of another record"), 1, None, None)
        codec = rekeying.SqliteStore.open(config.data, ring.activate(1), clock.random_bytes)
        body = codec._codec.encode(other)
        codec.close()
        db.execute("UPDATE record SET body = ? WHERE name = ?", (body, name))
    db.close()
    with pytest.raises(RingProblem, match="cannot be sealed anew"):
        rekeying.retire(config, 1, force=True)
    assert read_ring(config.data).key_ids == (1, 2)


def test_a_rotation_that_was_cut_off_after_its_first_step_goes_on_with_the_same_key(config: Config) -> None:
    ring = read_ring(config.data)
    keyfile.write_private(config.data / KEY_FILE, ring.introduce(clock.random_bytes(32), int(START)).to_text())
    assert [key.state for key in rekeying.list_keys(config)[0]] == ["seals", "waits"]
    assert "run `daypass keys rotate`" in (rekeying.unfinished(config) or "")
    assert rotate(config).key_id == 2
    assert read_ring(config.data).key_ids == (1, 2)


def test_a_rotation_that_was_cut_off_after_its_second_step_is_resumed_without_a_further_key(config: Config) -> None:
    issuer(config)
    ring = read_ring(config.data)
    keyfile.write_private(config.data / KEY_FILE, ring.rotate(clock.random_bytes(32), int(START)).to_text())
    assert "3 records hold secrets" in (rekeying.unfinished(config) or "")
    done = rotate(config, resume=True)
    assert (done.key_id, done.resealed, done.issuers) == (2, 3, 1)
    assert rekeying.unfinished(config) is None
    assert read_ring(config.data).key_ids == (1, 2)
    again = rotate(config, resume=True)
    assert (again.key_id, again.resealed, again.issuers) == (2, 0, 0)


def test_signing_keys_follow_one_another(config: Config, now: list[float]) -> None:
    first = issuer(config).keys
    now[0] += 10
    assert rotate(config).issuers == 1
    keys = issuer(config).keys
    assert keys[:2] == first
    assert {key.signs_from for key in keys[2:]} == {int(START) + 10 + AHEAD}
    now[0] += 10
    assert rotate(config).issuers == 1
    now[0] += 30 * 86_400
    rotate(config)
    kept = issuer(config).keys
    assert len(kept) == 4, "keys that nobody needs any more are gone"
    assert not set(kept) & set(first)


@pytest.mark.parametrize("later", [0, 10, AHEAD - 1, AHEAD + 1])
def test_each_rotation_brings_new_signing_keys_however_soon_it_follows(
    config: Config, now: list[float], later: int
) -> None:
    issuer(config)
    rotate(config)
    second = issuer(config).keys
    now[0] += later
    assert rotate(config).issuers == 1
    third = issuer(config).keys
    assert third[:-2] == second, "keys that wait keep their turn"
    assert {key.signs_from for key in third[-2:]} == {int(now[0]) + AHEAD}
    assert {key.signs_from for key in second[-2:]} == {int(START) + AHEAD}


def test_a_rotation_that_was_cut_off_before_its_last_step_brings_the_signing_keys_when_it_is_resumed(
    config: Config, now: list[float]
) -> None:
    issuer(config)
    rotate(config)
    now[0] += 10
    ring = read_ring(config.data)
    keyfile.write_private(config.data / KEY_FILE, ring.rotate(clock.random_bytes(32), int(now[0])).to_text())
    assert rotate(config, resume=True).issuers == 1
    assert len(issuer(config).keys) == 6
    now[0] += 2 * AHEAD
    assert rotate(config, resume=True).issuers == 0, "there is nothing left to do"


def test_an_emergency_leaves_one_key_of_each_kind(config: Config) -> None:
    before, first = secrets(config), issuer(config).keys
    ring = key_ring(config.data)
    blob = ring.seal(Purpose.SESSION_TOKEN, b"session", b"", NONCE)
    ring.close()
    done = rotate(config, emergency=True)
    assert (done.key_id, done.retired, done.issuers) == (2, (1,), 1)
    keys = issuer(config).keys
    assert len(keys) == 2
    assert not set(keys) & set(first)
    assert {key.signs_from for key in keys} == {int(START)}
    assert secrets(config) == before
    with pytest.raises(Exception, match="cannot be opened"):
        read_ring(config.data).open(Purpose.SESSION_TOKEN, blob, b"")


def test_an_emergency_throws_a_waiting_key_away_because_the_thief_may_have_it(config: Config) -> None:
    before = secrets(config)
    stolen = read_ring(config.data).introduce(clock.random_bytes(32), int(START))
    keyfile.write_private(config.data / KEY_FILE, stolen.to_text())
    forged = stolen.activate(2).seal(Purpose.SESSION_TOKEN, b"session", b"", NONCE)
    done = rotate(config, emergency=True)
    ring = read_ring(config.data)
    assert ring.key_ids == (done.key_id,)
    assert not ring.has_a_key_of(stolen)
    with pytest.raises(CannotOpen):
        ring.open(Purpose.SESSION_TOKEN, forged, b"")
    assert secrets(config) == before


def test_an_emergency_that_waits_in_vain_asks_for_an_emergency_again(
    config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keyfile, "PATIENCE", 0.0)
    process = key_ring(config.data)
    with pytest.raises(RingProblem, match="daypass keys rotate --emergency"):
        rotate(config, emergency=True)
    process.close()
    known = read_ring(config.data)
    assert rotate(config, emergency=True).key_id in read_ring(config.data).key_ids
    assert not read_ring(config.data).has_a_key_of(known)


def test_the_trail_of_the_account_tells_of_new_signing_keys(config: Config) -> None:
    issuer(config)
    rotate(config)
    with sqlite3.connect(config.data / "daypass.sqlite3") as db:
        rows = [row[0] for row in db.execute("SELECT name FROM event")]
    db.close()
    assert "RotateSigningKeys" in rows


def test_the_command_line(config: Config, capsys: pytest.CaptureFixture[str]) -> None:
    data = ["--data", str(config.data)]
    assert main(["keys", "rotate", *data]) == 0
    assert "key 2 seals everything new" in capsys.readouterr().out
    assert main(["keys", "list", *data]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "root key 1  opens     0 records, needed until 2027-01-16T20:05:00Z",
        "root key 2  seals     2 records",
    ]
    assert main(["keys", "list", "--json", *data]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert [key["KeyId"] for key in shown["RootKeys"]] == [1, 2]
    assert main(["keys", "retire", *data]) == 0
    assert "no key can be retired yet" in capsys.readouterr().out
    assert main(["keys", "retire", "--force", *data]) == 2
    assert main(["keys", "retire", "1", *data]) == 2
    assert "--force ends them now" in capsys.readouterr().err
    material = json.loads((config.data / KEY_FILE).read_text())["keys"]["2"]["material"]
    assert main(["keys", "retire", "1", "--force", *data]) == 0
    assert main(["keys", "rotate", "--emergency", "--json", *data]) == 0
    told = capsys.readouterr()
    assert json.loads(told.out.splitlines()[-1])["RetiredKeyIds"] == [2]
    assert material not in told.out + told.err
