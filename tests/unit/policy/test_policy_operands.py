"""What the values of typed conditions mean."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from daypass.policy import operands

NANO = 1_000_000_000


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0),
        ("1790000000", 1_790_000_000),
        ("9223372036854775807", 2**63 - 1),
        ("1970", 0),
        ("2026", 1_767_225_600),
        ("2026-11", 1_793_491_200),
        ("2026-11-24", 1_795_478_400),
        ("2026-11-24T10:00Z", 1_795_514_400),
        ("2026-11-24T10:00:00Z", 1_795_514_400),
        ("2026-11-24t10:00:00z", 1_795_514_400),
        ("2026-11-24T11:00:00+01:00", 1_795_514_400),
        ("2026-11-24T11:00:00+0100", 1_795_514_400),
        ("2026-11-24T09:00:00-01", 1_795_514_400),
        ("2026-11-24T10", 1_795_514_400),
        ("1969-12-31T23:59:59Z", -1),
    ],
)
def test_an_instant_is_told_by_date_or_by_epoch_seconds(text: str, seconds: int) -> None:
    assert operands.instant(text) == seconds * NANO


def test_fractions_count_to_the_nanosecond() -> None:
    assert operands.instant("1970-01-01T00:00:00.5Z") == NANO // 2
    assert operands.instant("1970-01-01T00:00:00.000000001Z") == 1


def test_days_agree_with_the_calendar() -> None:
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    for days in range(-200_000, 200_000, 997):
        day = epoch + timedelta(days=days)
        assert operands.instant(day.strftime("%Y-%m-%d").rjust(10, "0") + "T00Z") == days * 86_400 * NANO


@pytest.mark.parametrize("text", ["01T", "2016-12-13t2:00:00.593194+23", "-292275054", "+2026", "292278993-12-31"])
def test_odd_dates_that_iam_stores_are_instants(text: str) -> None:
    assert operands.instant(text) is not None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "sdfdsf",
        "234-13",
        "2026-00",
        "2026-02-29",
        "2026-04-31",
        "2026-11-24T24:00Z",
        "2026-11-24T10:60Z",
        "2026-11-24T10:00:60Z",
        "2016-12-13t2:00:00.593194+1",
        "2016-12-13t2:00:00+24:00",
        "2016-12-13t2:00:00.1999999999Z",
        "9223372036854775808",
        "9" * 100,
        "-292275055",
        "292278994-01-01",
        "2026-11-24 10:00",
        "١٩٧٠",
    ],
)
def test_what_is_no_date_is_no_instant(text: str) -> None:
    assert operands.instant(text) is None


@pytest.mark.parametrize(("text", "value"), [("10", "10"), ("10.0", "10"), ("-1.5", "-1.5"), ("+3", "3"), ("007", "7")])
def test_numbers_are_decimals(text: str, value: str) -> None:
    assert operands.number(text) == Decimal(value)


@pytest.mark.parametrize("text", ["", "1e5", "1_000", "NaN", "Infinity", " 1", "1.", ".5", "0x1", "٣", "1" * 1000])
def test_what_only_looks_like_a_number_is_none(text: str) -> None:
    assert operands.number(text) is None


def test_truth_is_a_word_in_any_case() -> None:
    assert [operands.truth(text) for text in ("true", "TRUE", "False", "1", "", "yes")] == [
        True,
        True,
        False,
        None,
        None,
        None,
    ]


def test_binary_is_strict_base64() -> None:
    assert operands.binary("QmFzZQ==") == b"Base"
    assert operands.binary("QmFzZQ") is None
    assert operands.binary("Qm!zZQ==") is None
    assert operands.binary("ä") is None


def test_addresses_have_a_version_and_a_mapped_one_is_its_ipv4_address() -> None:
    assert operands.address("10.0.0.1") == (4, 10 * 2**24 + 1)
    assert operands.address("::1") == (6, 1)
    assert operands.address("::ffff:10.0.0.1") == operands.address("10.0.0.1")
    assert [operands.address(text) for text in ("", "10.0.0", "10.0.0.256", "fe80::1%eth0", "010.0.0.1")] == [None] * 5


@pytest.mark.parametrize(
    ("text", "address", "inside"),
    [
        ("10.0.0.0/8", "10.255.255.255", True),
        ("10.0.0.0/8", "11.0.0.0", False),
        ("10.1.2.3/8", "10.9.9.9", True),
        ("10.1.2.3", "10.1.2.3", True),
        ("10.1.2.3", "10.1.2.4", False),
        ("0.0.0.0/0", "203.0.113.5", True),
        ("0.0.0.0/0", "2001:db8::1", False),
        ("2001:db8::/32", "2001:db8:ffff::1", True),
        ("::/0", "10.0.0.1", False),
        ("::ffff:198.51.100.7", "198.51.100.7", True),
        ("::ffff:198.51.100.7", "198.51.100.8", False),
        ("::ffff:c633:6407", "::ffff:198.51.100.7", True),
        ("::ffff:198.51.100.7/120", "198.51.100.200", True),
        ("::ffff:198.51.100.7/120", "198.51.101.7", False),
        ("::ffff:0:0/96", "203.0.113.5", True),
        ("::ffff:0:0/96", "2001:db8::1", False),
        ("::fffe:198.51.100.7", "198.51.100.7", False),
        ("198.51.100.0/24", "::ffff:198.51.100.7", True),
    ],
)
def test_a_network_holds_addresses_of_its_own_version(text: str, address: str, inside: bool) -> None:
    network, found = operands.network(text), operands.address(address)
    assert network is not None
    assert found is not None
    assert (network[0] == found[0] and found[1] & network[2] == network[1]) is inside


@pytest.mark.parametrize(
    "text", ["", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/255.0.0.0", "10.0.0.0/-1", "fe80::%1/64", "x"]
)
def test_what_is_no_network_is_none(text: str) -> None:
    assert operands.network(text) is None
