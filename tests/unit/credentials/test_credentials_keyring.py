"""The key ring: purposes, rotation, retirement, its file (sts.md 7 and 18; threats.md B6, B7, B11, K1, K13)."""

from __future__ import annotations

import copy
import itertools
import json
import pickle

import pytest

from daypass.credentials import CannotOpen, KeyRing, Purpose

NONCE = bytes(range(12))
FIRST = bytes(range(32))
SECOND = bytes(range(32, 64))
THIRD = bytes(range(64, 96))


@pytest.fixture
def ring() -> KeyRing:
    return KeyRing.generate(FIRST)


def test_what_was_sealed_opens(ring: KeyRing) -> None:
    blob = ring.seal(Purpose.SECRET_AT_REST, b"text", b"row 7", NONCE)
    assert ring.open(Purpose.SECRET_AT_REST, blob, b"row 7") == b"text"


def test_a_blob_begins_with_version_key_id_and_nonce(ring: KeyRing) -> None:
    blob = ring.seal(Purpose.SECRET_AT_REST, b"text", b"", NONCE)
    assert blob[:14] == b"\x01\x01" + NONCE
    assert len(blob) == 14 + len(b"text") + 16


@pytest.mark.parametrize(
    ("sealed", "opened"), [pair for pair in itertools.product(Purpose, Purpose) if pair[0] != pair[1]]
)
def test_b6_a_blob_of_one_purpose_never_opens_for_another(ring: KeyRing, sealed: Purpose, opened: Purpose) -> None:
    blob = ring.seal(sealed, b"text", b"", NONCE)
    with pytest.raises(CannotOpen):
        ring.open(opened, blob, b"")


def test_other_additional_data_does_not_open(ring: KeyRing) -> None:
    blob = ring.seal(Purpose.SECRET_AT_REST, b"text", b"row 7", NONCE)
    for other in (b"", b"row 8", b"row 7 "):
        with pytest.raises(CannotOpen):
            ring.open(Purpose.SECRET_AT_REST, blob, other)


def test_b7_any_changed_cut_or_extended_blob_gives_the_same_error(ring: KeyRing) -> None:
    blob = ring.seal(Purpose.SESSION_TOKEN, b"text", b"", NONCE)
    flipped = [blob[:at] + bytes((blob[at] ^ 1,)) + blob[at + 1 :] for at in range(len(blob))]
    cut = [blob[:length] for length in range(len(blob))]
    errors = set()
    for other in (*flipped, *cut, blob + b"\0", b"", b"\x01"):
        with pytest.raises(CannotOpen) as caught:
            ring.open(Purpose.SESSION_TOKEN, other, b"")
        assert caught.value.__cause__ is None
        assert caught.value.__suppress_context__ or caught.value.__context__ is None
        errors.add(str(caught.value))
    assert errors == {"cannot be opened"}


def test_a_nonce_has_twelve_bytes(ring: KeyRing) -> None:
    for nonce in (b"", NONCE[:11], NONCE + b"\0"):
        with pytest.raises(ValueError, match="nonce"):
            ring.seal(Purpose.SESSION_TOKEN, b"", b"", nonce)


def test_rotation_seals_with_the_new_key_and_opens_what_the_old_one_sealed(ring: KeyRing) -> None:
    before = ring.seal(Purpose.SESSION_TOKEN, b"old", b"", NONCE)
    rotated = ring.rotate(SECOND)
    after = rotated.seal(Purpose.SESSION_TOKEN, b"new", b"", NONCE)
    assert after[1] == rotated.active != before[1]
    assert rotated.open(Purpose.SESSION_TOKEN, before, b"") == b"old"
    assert rotated.open(Purpose.SESSION_TOKEN, after, b"") == b"new"
    with pytest.raises(CannotOpen):
        ring.open(Purpose.SESSION_TOKEN, after, b"")


def test_a_key_can_be_known_to_every_node_before_one_seals_with_it(ring: KeyRing) -> None:
    introduced = ring.introduce(SECOND)
    assert introduced.active == ring.active
    active = introduced.activate(introduced.key_ids[-1])
    blob = active.seal(Purpose.SESSION_TOKEN, b"text", b"", NONCE)
    assert introduced.open(Purpose.SESSION_TOKEN, blob, b"") == b"text"


def test_b11_a_retired_key_opens_nothing_more(ring: KeyRing) -> None:
    before = ring.seal(Purpose.SESSION_TOKEN, b"old", b"", NONCE)
    retired = ring.rotate(SECOND).retire(ring.active)
    with pytest.raises(CannotOpen):
        retired.open(Purpose.SESSION_TOKEN, before, b"")


def test_b11_the_ring_of_another_installation_opens_nothing(ring: KeyRing) -> None:
    blob = KeyRing.generate(SECOND).seal(Purpose.SESSION_TOKEN, b"text", b"", NONCE)
    with pytest.raises(CannotOpen):
        ring.open(Purpose.SESSION_TOKEN, blob, b"")


def test_a_blob_under_another_key_id_of_the_ring_does_not_open(ring: KeyRing) -> None:
    rotated = ring.rotate(SECOND)
    blob = rotated.seal(Purpose.SESSION_TOKEN, b"text", b"", NONCE)
    with pytest.raises(CannotOpen):
        rotated.open(Purpose.SESSION_TOKEN, blob[:1] + bytes((ring.active,)) + blob[2:], b"")


def test_the_active_key_cannot_be_retired_nor_an_unknown_one(ring: KeyRing) -> None:
    for key_id in (ring.active, 77):
        with pytest.raises(ValueError, match="no key"):
            ring.retire(key_id)
    with pytest.raises(ValueError, match="no key"):
        ring.activate(77)


def test_the_same_key_twice_is_refused(ring: KeyRing) -> None:
    with pytest.raises(ValueError, match="already"):
        ring.rotate(FIRST)


def test_key_ids_go_round_and_a_full_ring_says_so(ring: KeyRing) -> None:
    newest = KeyRing({255: FIRST, 1: SECOND}, active=1)
    assert newest.rotate(THIRD).active == 2
    last = KeyRing({1: FIRST, 255: SECOND}, active=255)
    assert last.rotate(THIRD).active == 0
    full = KeyRing({n: n.to_bytes(2, "big") + FIRST[:30] for n in range(256)}, active=255)
    with pytest.raises(ValueError, match="full"):
        full.rotate(THIRD)


def test_the_text_of_a_ring_gives_the_ring_back(ring: KeyRing) -> None:
    rotated = ring.rotate(SECOND)
    blob = rotated.seal(Purpose.SESSION_TOKEN, b"text", b"", NONCE)
    again = KeyRing.from_text(rotated.to_text())
    assert again.open(Purpose.SESSION_TOKEN, blob, b"") == b"text"
    assert (again.active, again.key_ids) == (rotated.active, rotated.key_ids)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "[]",
        "null",
        '{"daypass_key_ring": 2, "active": 1, "keys": {"1": "AAAA"}}',
        '{"daypass_key_ring": 1, "active": 1, "keys": {}}',
        '{"daypass_key_ring": 1, "active": "1", "keys": {"1": "AAAA"}}',
        '{"daypass_key_ring": 1, "active": 1, "keys": {"1": "?"}}',
        '{"daypass_key_ring": 1, "active": 1, "keys": {"1": "AAAA"}}',
        '{"daypass_key_ring": 1, "active": 1, "keys": {"a": "AAAA"}}',
        '{"active": 1, "keys": {"1": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="}}',
        '{"daypass_key_ring": 1, "active": 1, "keys": {"1": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="}, "x": 1}',
        '{"daypass_key_ring": 1, "active": 300, "keys": {"300": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="}}',
        "[" * 60_000,
        " " * 70_000,
    ],
)
def test_a_file_that_is_no_key_ring_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"key") as caught:
        KeyRing.from_text(text)
    assert "AAECAwQF" not in str(caught.value)


@pytest.mark.parametrize("weak", [b"\0" * 32, b"ab" * 16, b"password" * 4, FIRST[:31], FIRST + b"\0", b""])
def test_k1_a_weak_key_is_refused(weak: bytes) -> None:
    with pytest.raises(ValueError, match="root key"):
        KeyRing.generate(weak)


def test_a_ring_shows_no_key(ring: KeyRing) -> None:
    keys = json.loads(ring.to_text())["keys"]
    for text in (repr(ring), str(ring)):
        assert keys["1"]["material"] not in text
    for way in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError):
            way(ring)
