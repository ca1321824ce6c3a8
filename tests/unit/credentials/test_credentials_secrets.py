"""Secrets are a type: they do not show, travel or compare by accident (threats.md, habit 4)."""

from __future__ import annotations

import copy
import json
import pickle
import re

import msgspec
import pytest

from daypass.credentials import Secret, secret_access_key


def test_a_secret_access_key_has_forty_characters_of_aws_alphabet() -> None:
    secret = secret_access_key(bytes(range(30)))
    assert re.fullmatch("[A-Za-z0-9+/]{40}", secret.reveal())


def test_too_little_randomness_is_refused() -> None:
    with pytest.raises(ValueError, match="random"):
        secret_access_key(b"\x00" * 29)


def test_a_secret_shows_itself_in_no_text() -> None:
    secret = Secret("hunter2hunter2")
    for text in (str(secret), repr(secret), f"{secret}", f"{secret!r}", "%s" % secret, f"{[secret]} { {1: secret} }"):  # noqa: UP031
        assert "hunter2" not in text


def test_a_secret_is_not_pickled_copied_or_encoded() -> None:
    secret = Secret("hunter2hunter2")
    for way in (pickle.dumps, copy.copy, copy.deepcopy, json.dumps, msgspec.json.encode, msgspec.msgpack.encode):
        with pytest.raises(TypeError):
            way(secret)


def test_secrets_compare_by_their_text_and_with_secrets_only() -> None:
    assert Secret("a") == Secret("a")
    assert Secret("a") != Secret("b")
    assert Secret("a") != "a"
    assert Secret("é") == Secret("é")
    assert len({Secret("a"), Secret("a"), Secret("b")}) == 2
