"""A ring that changes while it is in use, the dates of its keys, and both forms of its file (threats: K13)."""

from __future__ import annotations

import json
from base64 import b64encode

import pytest

from daypass.credentials import CannotOpen, KeyDates, KeyRing, LiveKeyRing, Purpose, key_id_of

NONCE = bytes(12)
FIRST, SECOND, THIRD = (bytes(range(n, n + 32)) for n in (0, 32, 64))


class Watched(LiveKeyRing):
    """A live ring that takes over what a test lays ready, and counts how often it was made to look."""

    __slots__ = ("looks", "ready")

    def __init__(self, ring: KeyRing) -> None:
        super().__init__(ring)
        self.ready: KeyRing | None = None
        self.looks = 0

    def refresh(self) -> None:
        self.looks += 1
        if self.ready is not None:
            self.adopt(self.ready)


def sealed(ring: KeyRing) -> bytes:
    return ring.seal(Purpose.SESSION_TOKEN, b"text", b"", NONCE)


def test_it_seals_and_opens_with_what_it_took_over() -> None:
    ring = KeyRing.generate(FIRST)
    live, rotated = Watched(ring), ring.rotate(SECOND)
    live.adopt(rotated)
    assert key_id_of(sealed(live)) == 2
    assert live.open(Purpose.SESSION_TOKEN, sealed(ring), b"") == b"text"
    live.adopt(rotated.retire(1))
    with pytest.raises(CannotOpen):
        live.open(Purpose.SESSION_TOKEN, sealed(ring), b"")
    assert live.key_ids == (2,)


def test_only_an_unknown_key_makes_it_look_for_newer_ones() -> None:
    ring = KeyRing.generate(FIRST)
    live, rotated = Watched(ring), ring.rotate(SECOND)
    good = sealed(ring)
    for other in (good[:-1] + b"\0", b"", b"\x01", b"\x02" + good[1:], b"\x01\x07"):
        with pytest.raises(CannotOpen):
            live.open(Purpose.SESSION_TOKEN, other, b"")
    assert live.looks == 0
    live.ready = rotated
    assert live.open(Purpose.SESSION_TOKEN, sealed(rotated), b"") == b"text"
    assert live.open(Purpose.SESSION_TOKEN, sealed(rotated), b"") == b"text"
    assert live.looks == 1


def test_k13_an_unknown_key_is_refused_and_no_other_key_is_tried() -> None:
    ring = KeyRing.generate(FIRST)
    live = Watched(ring)
    blob = sealed(ring)
    with pytest.raises(CannotOpen):
        live.open(Purpose.SESSION_TOKEN, blob[:1] + b"\x02" + blob[2:], b"")


def test_dates_say_when_a_key_came_and_when_another_took_over() -> None:
    ring = KeyRing.generate(FIRST, 10).introduce(SECOND, 20)
    assert ring.waiting == 2
    active = ring.activate(2, 30)
    assert active.waiting is None
    assert active.dates == {1: KeyDates(10, 30), 2: KeyDates(20, None)}
    assert active.retire(1).dates == {2: KeyDates(20, None)}
    assert ring.retire(2).waiting is None
    assert active.activate(1, 40).waiting is None, "a key that has sealed is none that waits"


def test_the_file_keeps_the_dates_and_the_first_form_is_still_read() -> None:
    ring = KeyRing.generate(FIRST, 10).introduce(SECOND, 20).activate(2, 30).introduce(THIRD, 40)
    again = KeyRing.from_text(ring.to_text())
    assert (again.active, again.dates, again.waiting) == (2, ring.dates, 3)
    old = {"daypass_key_ring": 1, "active": 1, "keys": {"1": b64encode(FIRST).decode()}}
    read = KeyRing.from_text(json.dumps(old))
    assert read.dates == {1: KeyDates(0, None)}
    assert read.open(Purpose.SESSION_TOKEN, sealed(KeyRing.generate(FIRST)), b"") == b"text"
    assert json.loads(read.to_text())["daypass_key_ring"] == 2


def test_rings_of_one_installation_are_known_by_a_key_that_both_have() -> None:
    ring = KeyRing.generate(FIRST)
    assert ring.has_a_key_of(ring.rotate(SECOND))
    assert ring.rotate(SECOND).retire(1).has_a_key_of(ring.rotate(SECOND))
    assert not ring.has_a_key_of(ring.rotate(SECOND).retire(1))
    assert not ring.has_a_key_of(KeyRing.generate(SECOND)), "the same number, another key"


@pytest.mark.parametrize("blob", [b"", b"\x01", b"\x02" + bytes(20), bytes(20)])
def test_what_is_no_blob_has_no_key_id(blob: bytes) -> None:
    with pytest.raises(ValueError, match="not sealed"):
        key_id_of(blob)
