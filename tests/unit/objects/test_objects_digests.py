"""Checksums: S3's own examples and the standards' check values (s3.md 1.12)."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daypass.objects.digests import ALGORITHMS, LINEAR, Digester, combine, digest_length, digest_of, to_text

HELLO = {
    "CRC32": "NhCmhg==",
    "CRC32C": "mnG7TA==",
    "CRC64NVME": "M3eFcAZSQlc=",
    "MD5": "XUFAKrxLKna5cZ2REBfFkg==",
    "SHA1": "qvTGHdzF6KLavt4PO0gs2a6pQ00=",
    "SHA256": "LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=",
}


@pytest.mark.parametrize(("algorithm", "value"), HELLO.items())
def test_published_values_of_hello(algorithm: str, value: str) -> None:
    assert to_text(digest_of(algorithm, b"hello")) == value


@pytest.mark.parametrize(
    ("algorithm", "value"),
    [
        ("CRC64NVME", "ae8b14860a799888"),
        ("CRC32C", "e3069283"),
        ("CRC32", "cbf43926"),
    ],
)
def test_check_values_of_the_catalogue_of_crcs(algorithm: str, value: str) -> None:
    assert digest_of(algorithm, b"123456789").hex() == value


def test_published_values_of_nothing() -> None:
    """XxHash's own test vectors for empty input."""
    assert digest_of("XXHASH64", b"").hex() == "ef46db3751d8e999"
    assert digest_of("XXHASH3", b"").hex() == "2d06800538d394c2"
    assert digest_of("XXHASH128", b"").hex() == "99aa06d3014798d86001c324468d497f"


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@given(parts=st.lists(st.binary(max_size=40), max_size=5))
def test_one_pass_over_pieces_is_the_same_as_over_the_whole(algorithm: str, parts: list[bytes]) -> None:
    digester = Digester(algorithm)
    for part in parts:
        digester.update(part)
    whole = b"".join(parts)
    found = digester.finish()
    assert found == (len(whole), digest_of("MD5", whole), digest_of(algorithm, whole), digest_of("CRC64NVME", whole))
    assert len(found.checksum) == digest_length(algorithm)


@pytest.mark.parametrize("algorithm", sorted(LINEAR))
@given(parts=st.lists(st.binary(max_size=40), max_size=5))
def test_the_whole_follows_from_the_parts(algorithm: str, parts: list[bytes]) -> None:
    pairs = [(digest_of(algorithm, part), len(part)) for part in parts]
    assert combine(algorithm, pairs) == digest_of(algorithm, b"".join(parts))


def test_texts_are_base64_of_the_big_endian_value() -> None:
    assert base64.b64decode(to_text(digest_of("CRC32", b"123456789"))) == bytes.fromhex("cbf43926")
