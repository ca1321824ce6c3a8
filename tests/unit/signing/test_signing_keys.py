"""Signing keys and their cache (sts.md 1.7; IAM User Guide's example of key derivation)."""

from __future__ import annotations

import hmac

import pytest
from botocore.auth import HmacV1Auth
from signed_requests import NOW, SECRET, Sent, by_botocore, s3_get

from daypass.signing import Signature, SigningKey, SigningKeyCache, signing_key


@pytest.mark.parametrize("length", [0, 1, 20, 32, 63, 64, 65, 200])
@pytest.mark.parametrize("name", ["sha1", "sha256"])
def test_a_key_makes_the_macs_of_rfc_2104(length: int, name: str) -> None:
    material = bytes(range(200))[:length]
    key = SigningKey(material, name)
    for message in (b"", b"x", b"y" * 1000):
        expected = hmac.digest(material, message, name)
        assert key.mac(message) == expected
        assert key.hexmac(message) == expected.hex()


def test_the_published_signing_key() -> None:
    """IAM User Guide: 20150830, us-east-1, iam."""
    material = bytes.fromhex("c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9")
    key = signing_key("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "20150830", "us-east-1", "iam")
    assert key.mac(b"x") == SigningKey(material).mac(b"x")


def test_a_key_shows_nothing_of_itself() -> None:
    assert "wJalr" not in repr(SigningKey(SECRET.encode()))


def signature(region: str = "us-east-1") -> Signature:
    sent = s3_get()
    value = sent.header(b"authorization").replace(b"us-east-1", region.encode())
    return sent.with_header(b"authorization", value).signature()


def test_a_key_is_derived_once() -> None:
    cache = SigningKeyCache()
    assert cache.get(SECRET, signature()) is cache.get(SECRET, signature())
    assert len(cache) == 1


def test_a_changed_secret_never_meets_an_old_entry() -> None:
    cache = SigningKeyCache()
    old = cache.get(SECRET, signature())
    new = cache.get(SECRET + "x", signature())
    assert old.mac(b"x") != new.mac(b"x")


def test_a_cache_is_bounded_and_keeps_what_is_used() -> None:
    cache = SigningKeyCache(generation=4)
    kept = cache.get(SECRET, signature())
    for number in range(30):
        cache.get(SECRET, signature(f"r-{number}"))
        assert cache.get(SECRET, signature()) is kept
        assert len(cache) <= 8


def test_a_cache_can_be_emptied() -> None:
    cache = SigningKeyCache(generation=1)
    first = cache.get(SECRET, signature())
    cache.get(SECRET, signature("r"))
    cache.clear()
    assert len(cache) == 0
    assert cache.get(SECRET, signature()) is not first


def test_version_2_signs_with_the_secret_itself() -> None:
    sent = by_botocore(HmacV1Auth, "GET", "http://localhost/b/k")
    cache = SigningKeyCache()
    key = cache.get(SECRET, sent.signature())
    assert key.mac(b"x") == hmac.digest(SECRET.encode(), b"x", "sha1")
    assert len(cache) == 0
    assert isinstance(sent, Sent)
    assert sent.signature().epoch > NOW
