"""Codes of virtual MFA devices (RFC 6238; threats.md K7)."""

from __future__ import annotations

import pytest

from daypass.credentials import base32_seed, matching_step, provisioning_uri

SEED = b"12345678901234567890"


@pytest.mark.parametrize(
    ("now", "code"),
    [
        (59, "287082"),
        (1111111109, "081804"),
        (1111111111, "050471"),
        (1234567890, "005924"),
        (2000000000, "279037"),
        (20000000000, "353130"),
    ],
)
def test_the_codes_of_rfc_6238(now: int, code: str) -> None:
    assert matching_step(SEED, code, now) == now // 30
    assert matching_step(SEED, code, now, drift=0) == now // 30


def test_one_step_before_and_after_is_accepted_and_named() -> None:
    assert matching_step(SEED, "287082", 59 + 30) == 1
    assert matching_step(SEED, "287082", 29) == 1
    assert matching_step(SEED, "287082", 59 + 60) is None
    assert matching_step(SEED, "287082", 29, drift=0) is None
    assert matching_step(SEED, "755224", 5) == 0  # RFC 4226, count 0: no step before the epoch


@pytest.mark.parametrize(
    "code",
    ["", "28708", "2870822", " 287082", "287082 ", "287 082", "287082\n", "+87082", "２８７０８２", "28708a", "000000"],
)
def test_k7_only_six_ascii_digits_are_a_code(code: str) -> None:
    assert matching_step(SEED, code, 59) is None


def test_another_seed_has_other_codes() -> None:
    assert matching_step(SEED[::-1], "287082", 59) is None


def test_the_seed_is_shown_in_base32() -> None:
    assert base32_seed(SEED) == "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
    assert base32_seed(b"abc") == "MFRGG"


def test_the_uri_names_device_and_account() -> None:
    expected = "otpauth://totp/phone@alice?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
    assert provisioning_uri("phone", "alice", SEED) == expected
    assert provisioning_uri("my phone", "a/b?c", SEED).startswith("otpauth://totp/my%20phone@a%2Fb%3Fc?secret=")
