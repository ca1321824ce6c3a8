"""Identifiers and sealed sessions come back as they went in, and nothing else does."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daypass.credentials import (
    CannotOpen,
    ChainRoot,
    Federation,
    KeyRing,
    Purpose,
    Secret,
    Session,
    SessionKind,
    access_key_id,
    account_of,
    open_session,
    seal_session,
    secret_access_key,
    unique_id,
)

RING = KeyRing.generate(bytes(range(32)))
accounts = st.integers(0, 999_999_999_999).map(lambda number: f"{number:012d}")
texts = st.text(max_size=60)
seconds = st.integers(0, 2**40)
sessions = st.builds(
    Session,
    access_key_id=texts,
    secret=st.binary(min_size=30, max_size=30).map(secret_access_key),
    kind=st.sampled_from(SessionKind),
    account=accounts,
    principal_id=texts,
    principal_name=texts,
    issued_at=seconds,
    expires_at=seconds,
    chain_root=st.builds(ChainRoot, credential=texts, at=seconds),
    region=texts,
    principal_path=texts,
    session_name=st.none() | texts,
    source_identity=st.none() | texts,
    tags=st.dictionaries(texts, texts, max_size=4),
    transitive_tag_keys=st.lists(texts, max_size=3).map(tuple),
    policy=st.none() | st.text(max_size=400),
    policy_arns=st.lists(texts, max_size=3).map(tuple),
    mfa_at=st.none() | seconds,
    federation=st.none() | st.builds(Federation, provider=texts, subject=texts, audience=st.none() | texts),
    contexts=st.dictionaries(texts, texts, max_size=2),
    chained=st.booleans(),
)


@given(accounts, st.binary(min_size=8, max_size=16), st.sampled_from(["AKIA", "ASIA"]))
def test_a_key_id_always_gives_its_account_back(account: str, entropy: bytes, kind: str) -> None:
    key = access_key_id(account, "AKIA" if kind == "AKIA" else "ASIA", entropy)
    assert (len(key), key[:4], account_of(key)) == (20, kind, account)
    assert unique_id("AROA", account, entropy)[4:12] == key[4:12]


@given(st.text(max_size=24))
def test_any_text_has_an_account_or_none(text: str) -> None:
    account = account_of(text)
    assert account is None or len(account) == 12


@given(sessions, st.binary(min_size=12, max_size=12), st.integers(0, 4096))
def test_every_session_comes_back_from_its_token(session: Session, nonce: bytes, minimum: int) -> None:
    token = seal_session(session, RING, nonce, minimum)
    assert len(token) >= minimum
    if len(token) <= 4096:
        assert open_session(token, RING) == session


@given(st.text(max_size=400), st.booleans())
def test_no_text_is_a_token_by_chance(text: str, prefixed: bool) -> None:
    with pytest.raises(CannotOpen):
        open_session("IQoJZGF5cGFzc18x" * prefixed + text, RING)


@given(st.binary(max_size=200), st.binary(max_size=20), st.sampled_from(Purpose), st.binary(min_size=12, max_size=12))
def test_every_blob_opens_for_its_purpose_and_data(text: bytes, aad: bytes, purpose: Purpose, nonce: bytes) -> None:
    blob = RING.seal(purpose, text, aad, nonce)
    assert RING.open(purpose, blob, aad) == text
    with pytest.raises(CannotOpen):
        RING.open(purpose, blob, aad + b"\0")


@given(texts, texts)
def test_secrets_are_equal_where_their_texts_are(first: str, second: str) -> None:
    assert (Secret(first) == Secret(second)) is (first == second)
