"""Any text is a token or a refusal, any claims an identity or a refusal, any document keys or a fault: never an error of ours."""

from __future__ import annotations

import json
import os
from base64 import urlsafe_b64encode
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from daypass.errors import ApiError
from daypass.federation import Faulty, read, web_identity
from daypass.federation.discovery import keys_url
from daypass.federation.json_web_keys import verification_keys

EXAMPLES = int(os.environ.get("HYPOTHESIS_EXAMPLES", "100"))
NOW = 1_800_000_000
ISSUER = "https://idp.example.com"
scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from([CLIENT := "app", ISSUER, str(NOW)])
)
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4), max_leaves=8
)
CLAIMS = ["iss", "sub", "aud", "azp", "iat", "exp", "nbf", "amr", "Sub", "8443:sub", "https://aws.amazon.com/tags", "https://aws.amazon.com/roles",
          "https://aws.amazon.com/source_identity", "https://aws.amazon.com/tags/principal_tags/a", "https://aws.amazon.com/tags/transitive_tag_keys"]  # fmt: skip
HEADERS = ["alg", "kid", "typ", "crit", "b64", "jwk", "jku", "x5c"]
GOOD = {"iss": ISSUER, "sub": "someone", "aud": CLIENT, "iat": NOW, "exp": NOW + 60}


def b64(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def refused(call: Any, *arguments: Any) -> bool:
    """Whether it ends with a refusal of the operation's own; anything else that is raised fails the test."""
    try:
        call(*arguments)
    except ApiError as error:
        refusal = error
    else:
        return False
    assert refusal.code in {"InvalidIdentityToken", "ExpiredTokenException"}
    assert refusal.message
    return True


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.text() | st.text("abcAZ09-_.=", max_size=200))
@example("..")
@example("e30.e30.AA")
def test_any_text_is_taken_apart_or_refused(text: str) -> None:
    refused(read, text)


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.binary(max_size=60), st.binary(max_size=60), st.binary(max_size=8))
def test_any_three_segments_are_taken_apart_or_refused(header: bytes, payload: bytes, signature: bytes) -> None:
    refused(read, f"{b64(header)}.{b64(payload)}.{b64(signature)}")


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.dictionaries(st.sampled_from(HEADERS), values), st.dictionaries(st.sampled_from(CLAIMS), values))
def test_any_json_is_taken_apart_or_refused(header: dict[str, Any], claims: dict[str, Any]) -> None:
    parts = (b64(json.dumps(part).encode()) for part in ({"alg": "RS256"} | header, {"iss": ISSUER} | claims))
    refused(read, ".".join([*parts, "AAAA"]))


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.dictionaries(st.sampled_from(CLAIMS) | st.text(max_size=8), values, max_size=6), st.booleans())
def test_any_claims_are_an_identity_or_a_refusal(changed: dict[str, Any], good: bool) -> None:
    claims = (GOOD if good else {}) | changed
    if refused(web_identity, claims, (CLIENT,), NOW):
        return
    identity = web_identity(claims, (CLIENT,), NOW)
    assert identity.audience == CLIENT
    assert identity.keys["aud"] == CLIENT
    assert identity.keys["sub"] == identity.subject
    assert all(key == key.lower() for key in identity.keys)
    assert not any(key.startswith("https://aws.amazon.com/") for key in identity.keys)
    assert all(isinstance(value, str) or (isinstance(value, tuple) and value) for value in identity.keys.values())


@settings(max_examples=EXAMPLES, deadline=None)
@given(
    st.binary()
    | values.map(lambda value: json.dumps(value).encode())
    | st.lists(values).map(lambda keys: json.dumps({"keys": keys}).encode())
)
def test_any_document_is_a_key_set_or_a_fault(document: bytes) -> None:
    with pytest.raises(Faulty) as fault:
        verification_keys(document)
    assert len(fault.value.reason) < 3000


@settings(max_examples=EXAMPLES, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(["kty", "kid", "n", "e", "x", "y", "crv", "use", "x5c", "key_ops"]),
        values | st.sampled_from(["RSA", "EC", "P-256", "AQAB", "sig"]),
    )
)
def test_any_key_is_usable_or_dropped(jwk: dict[str, Any]) -> None:
    try:
        keys = verification_keys(json.dumps({"keys": [jwk]}).encode())
    except Faulty:
        return
    assert list(keys.keys) == [jwk["kid"]]


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.binary() | values.map(lambda value: json.dumps(value).encode()))
def test_any_document_is_a_description_or_a_fault(document: bytes) -> None:
    try:
        assert keys_url(document, ISSUER).startswith("https://")
    except Faulty:
        return
