"""The key file as the processes of a server hold it: followed, waited for, and never exchanged for a foreign one."""

from __future__ import annotations

import fcntl
import logging
import os
import stat
from typing import TYPE_CHECKING

import pytest

from daypass import keyfile
from daypass.credentials import CannotOpen, KeyRing, Purpose
from daypass.keyfile import KEY_FILE, STATES, FiledKeyRing, RingProblem, changing, read_ring, replace_ring
from daypass.provisioning import key_ring
from daypass.store import StoreProblem

if TYPE_CHECKING:
    from pathlib import Path

NONCE = bytes(12)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    key_ring(tmp_path / "data").close()
    return tmp_path / "data"


def rotated(folder: Path) -> KeyRing:
    """The file with a further key that seals, as a command would leave it."""
    ring = read_ring(folder).rotate(os.urandom(32), 7)
    keyfile.write_private(folder / KEY_FILE, ring.to_text())
    return ring


def test_the_first_key_file_is_its_owners_alone(folder: Path) -> None:
    for path in (folder / KEY_FILE, *(folder / STATES).iterdir()):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE((folder / STATES).stat().st_mode) == 0o700


def test_a_key_file_that_others_can_read_is_refused_with_the_remedy(folder: Path) -> None:
    (folder / KEY_FILE).chmod(0o640)
    with pytest.raises(StoreProblem, match="run chmod 600"):
        FiledKeyRing(folder)


def test_a_process_takes_up_a_changed_file(folder: Path) -> None:
    held = FiledKeyRing(folder)
    new = rotated(folder)
    held.refresh()
    assert (held.active, held.key_ids) == (new.active, new.key_ids)


def test_what_an_unknown_key_sealed_makes_it_look_at_the_file_at_once(folder: Path) -> None:
    held = FiledKeyRing(folder)
    blob = rotated(folder).seal(Purpose.SESSION_TOKEN, b"text", b"", NONCE)
    assert held.open(Purpose.SESSION_TOKEN, blob, b"") == b"text"


def test_a_key_that_is_in_no_file_opens_nothing(folder: Path) -> None:
    held = FiledKeyRing(folder)
    stranger = KeyRing({9: os.urandom(32)}, active=9).seal(Purpose.SESSION_TOKEN, b"text", b"", NONCE)
    with pytest.raises(CannotOpen):
        held.open(Purpose.SESSION_TOKEN, stranger, b"")


def test_what_a_retired_key_opened_is_forgotten(folder: Path) -> None:
    rotated(folder)
    held, forgotten = FiledKeyRing(folder), []
    held.forget = lambda: forgotten.append("all")
    blob = read_ring(folder).activate(1).seal(Purpose.SESSION_TOKEN, b"text", b"", NONCE)
    keyfile.write_private(folder / KEY_FILE, read_ring(folder).retire(1).to_text())
    held.refresh()
    assert forgotten == ["all"]
    with pytest.raises(CannotOpen):
        held.open(Purpose.SESSION_TOKEN, blob, b"")


@pytest.mark.parametrize("broken", ["", "{}", KeyRing.generate(bytes(range(32))).to_text(), None])
def test_a_file_that_is_broken_foreign_or_gone_leaves_the_ring_as_it_is(
    folder: Path, broken: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    held = FiledKeyRing(folder)
    blob = held.seal(Purpose.SESSION_TOKEN, b"text", b"", NONCE)
    whole = (folder / KEY_FILE).read_text()
    if broken is None:
        (folder / KEY_FILE).unlink()
    else:
        keyfile.write_private(folder / KEY_FILE, broken)
    with caplog.at_level(logging.ERROR, "daypass"):
        held.refresh()
        held.refresh()
    assert held.open(Purpose.SESSION_TOKEN, blob, b"") == b"text"
    assert len(caplog.records) == 1
    assert KEY_FILE in caplog.text
    assert whole.split('"material": "')[1][:20] not in caplog.text
    keyfile.write_private(folder / KEY_FILE, whole)
    new = rotated(folder)
    held.refresh()
    assert held.active == new.active


def test_a_change_waits_for_whoever_works_with_the_former_ring(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    held = FiledKeyRing(folder)
    monkeypatch.setattr(keyfile, "PATIENCE", 0.2)
    old = read_ring(folder)
    new = old.introduce(os.urandom(32), 7)
    with pytest.raises(RingProblem, match="has not taken up"):
        replace_ring(folder, old, new)
    held.refresh()
    keyfile.wait_until_left(folder, old)
    assert held.key_ids == new.key_ids


def test_a_process_that_has_ended_is_not_waited_for(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keyfile, "PATIENCE", 0.2)
    FiledKeyRing(folder).close()
    replace_ring(folder, read_ring(folder), read_ring(folder).introduce(os.urandom(32)))


def test_only_one_command_changes_the_ring_at_a_time(folder: Path) -> None:
    with changing(folder), pytest.raises(RingProblem, match="another daypass command"), changing(folder):
        pytest.fail("two at a time")
    with changing(folder):
        pass


def test_whoever_reads_while_the_file_changes_holds_the_state_that_it_has(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    changed: list[KeyRing] = []
    lock = fcntl.flock

    def change_first(file: int, how: int) -> None:
        if not changed:
            changed.append(rotated(folder))
        lock(file, how)

    monkeypatch.setattr(fcntl, "flock", change_first)
    held = FiledKeyRing(folder)
    assert held.active == changed[0].active


def test_of_several_first_starts_one_makes_the_ring(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    keyfile.make_ring(folder)
    first = (folder / KEY_FILE).read_bytes()
    keyfile.make_ring(folder)
    assert (folder / KEY_FILE).read_bytes() == first
