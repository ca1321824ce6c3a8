"""Identifiers (sts.md 3 and 3.1: IAM User Guide, "IAM identifiers")."""

from __future__ import annotations

import re

import pytest

from daypass.credentials import access_key_id, account_of, unique_id


@pytest.mark.parametrize(
    ("key", "account"),
    [
        ("ASIAQNZGKIQY56JQ7WML", "029608264753"),
        ("AKIARZPUZDIKCI2FM6EQ", "123456789012"),
        ("ASIARTX3GSDSQERUKZ4J", "111122223333"),
        ("AKIAWO645SY5OAAAAAAB", "444455556666"),
    ],
)
def test_the_account_is_read_from_a_key_id(key: str, account: str) -> None:
    assert account_of(key) == account


def test_a_key_id_is_built_as_aws_builds_it() -> None:
    assert access_key_id("123456789012", "AKIA", (0x1234567890).to_bytes(5, "big")) == "AKIARZPUZDIKCI2FM6EQ"
    assert access_key_id("111122223333", "ASIA", (0x123456789).to_bytes(5, "big")) == "ASIARTX3GSDSQERUKZ4J"


@pytest.mark.parametrize("account", ["000000000000", "000000000001", "111122223333", "999999999999"])
def test_leading_zeros_and_the_ends_of_the_range_come_back(account: str) -> None:
    key = access_key_id(account, "ASIA", b"\xff" * 16)
    assert re.fullmatch("ASIA[Q-Z2-6][A-Z2-7]{15}", key)
    assert account_of(key) == account


@pytest.mark.parametrize(
    "text",
    [
        "AKIAIOSFODNN7EXAMPLE",  # made before 2019
        "AROARTX3GSDSQERUKZ4J",
        "ASIARTX3GSDSQERUKZ4",
        "ASIARTX3GSDSQERUKZ4JX",
        "ASIArtx3gsdsqerukz4j",
        "ASIARTX3GSDSQERUKZ41",
        "AKIA7777777777777777",  # an account number beyond twelve digits
        "",
    ],
)
def test_what_names_no_account_gives_none(text: str) -> None:
    assert account_of(text) is None


def test_unique_ids_of_an_account_share_eight_characters() -> None:
    first = unique_id("AROA", "111122223333", b"\x00" * 6)
    second = unique_id("AIDA", "111122223333", b"\xff" * 6)
    assert re.fullmatch("AROA[A-Z2-7]{17}", first)
    assert first[4:12] == second[4:12] == "RTX3GSDS"
    assert ("ABCDEFGHIJKLMNOP".count(first[12])) == ("ABCDEFGHIJKLMNOP".count(second[12]))  # same half of the alphabet
    assert first[13:] != second[13:]


@pytest.mark.parametrize("account", ["", "12345678901", "1234567890123", "12345678901a", "１２３４５６７８９０１２"])
def test_only_twelve_digits_are_an_account(account: str) -> None:
    with pytest.raises(ValueError, match="account"):
        access_key_id(account, "AKIA", b"\x00" * 8)


def test_too_little_randomness_is_refused() -> None:
    with pytest.raises(ValueError, match="random"):
        access_key_id("111122223333", "AKIA", b"\x00" * 4)
    with pytest.raises(ValueError, match="random"):
        unique_id("AROA", "111122223333", b"\x00" * 5)


def test_a_prefix_has_four_letters() -> None:
    with pytest.raises(ValueError, match="prefix"):
        unique_id("ROLE-", "111122223333", b"\x00" * 6)
