"""Whatever is done to a response, it is refused by an ApiError, or it says what the provider signed: nothing else happens.

``HYPOTHESIS_EXAMPLES`` sets how many examples each property gets (300 by default).
"""

from __future__ import annotations

import os
from base64 import b64encode
from copy import deepcopy
from functools import cache
from typing import TYPE_CHECKING, Any

from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from samlkit import ROLE, Encrypting, Idp, private_pem, response, rsa_key
from worldkit import START

from daypass.credentials import Secret
from daypass.errors import ApiError
from daypass.federation import saml

if TYPE_CHECKING:
    from collections.abc import Callable

EXAMPLES = int(os.environ.get("HYPOTHESIS_EXAMPLES", "300"))
KINDS = ("assertion", "response", "both", "encrypted")
IDP = Idp()


@cache
def trusted() -> saml.Trusted:
    read = saml.read_metadata(IDP.metadata())
    return saml.Trusted(read.entity_id, read.signing_keys, (Secret(private_pem(rsa_key("decryption"))),))


@cache
def good(kind: str) -> bytes:
    encrypt = Encrypting(rsa_key("decryption")) if kind == "encrypted" else None
    signed = "response" if kind == "encrypted" else kind
    data: bytes = etree.tostring(response(IDP, signed=signed, encrypt=encrypt))
    return data


def check(data: bytes) -> None:
    """The invariant."""
    try:
        presented = saml.assertion_of(b64encode(data).decode(), trusted(), "request-id")
        saml.check_conditions(presented, "SAMLSPX", START)
        claims = saml.claims_of(presented.assertion)
    except ApiError as refused:
        assert refused.reason  # noqa: PT017 - one of two outcomes
        return
    assert presented.assertion.subject == "ada"
    assert claims.session_name == "ada@example.com"
    assert [role for role, _ in claims.roles] == [ROLE]


def test_the_invariant_is_not_empty() -> None:
    for kind in KINDS:
        assert saml.assertion_of(b64encode(good(kind)).decode(), trusted(), "x").assertion.subject == "ada"


@settings(max_examples=EXAMPLES, deadline=None)
@given(kind=st.sampled_from(KINDS), place=st.floats(0, 1), gone=st.integers(0, 40), put=st.binary(max_size=20))
def test_bytes_changed_anywhere(kind: str, place: float, gone: int, put: bytes) -> None:
    data = good(kind)
    at = int(place * len(data))
    check(data[:at] + put + data[at + gone :])


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.binary(max_size=400) | st.text(max_size=400).map(str.encode))
def test_any_bytes(data: bytes) -> None:
    check(data)


def moved(root: Any, one: Any, other: Any) -> None:
    if one is not other and one not in other.iterancestors() and one.getparent() is not None:
        other.append(one)


def copied(root: Any, one: Any, other: Any) -> None:
    other.insert(0, deepcopy(one))


def doubled(root: Any, one: Any, other: Any) -> None:
    if one.getparent() is not None:
        one.addnext(deepcopy(one))


def removed(root: Any, one: Any, other: Any) -> None:
    if one.getparent() is not None:
        one.getparent().remove(one)


def renamed(root: Any, one: Any, other: Any) -> None:
    one.tag = other.tag


def retold(root: Any, one: Any, other: Any) -> None:
    one.text = other.text


def recast(root: Any, one: Any, other: Any) -> None:
    for name, value in other.attrib.items():
        one.set(name, value)


def commented(root: Any, one: Any, other: Any) -> None:
    one.insert(0, etree.Comment("x"))


CHANGES: tuple[Callable[[Any, Any, Any], None], ...] = (
    moved, copied, doubled, removed, renamed, retold, recast, commented,
)  # fmt: skip


@settings(max_examples=EXAMPLES, deadline=None)
@given(
    kind=st.sampled_from(KINDS),
    steps=st.lists(
        st.tuples(st.sampled_from(CHANGES), st.floats(0, 0.999), st.floats(0, 0.999)), min_size=1, max_size=4
    ),
)
def test_elements_moved_copied_and_taken_away(kind: str, steps: list[Any]) -> None:
    """Signature wrapping in every form that a few steps can make."""
    root = etree.fromstring(good(kind))
    for change, first, second in steps:
        elements = [element for element in root.iter(etree.Element) if element is not root]
        if not elements:
            break
        change(root, elements[int(first * len(elements))], elements[int(second * len(elements))])
    check(etree.tostring(root))


@settings(max_examples=EXAMPLES, deadline=None)
@given(place=st.floats(0, 1), gone=st.integers(0, 40), put=st.text(max_size=20))
def test_metadata_changed_anywhere(place: float, gone: int, put: str) -> None:
    """It is read, or refused as no metadata: by nothing else does storing it fail."""
    text = IDP.metadata()
    at = int(place * len(text))
    try:
        read = saml.read_metadata(text[:at] + put + text[at + gone :])
    except saml.UnusableMetadata as refused:
        assert str(refused)  # noqa: PT017 - one of two outcomes
    else:
        assert read.entity_id
        assert read.signing_keys == trusted().signing_keys or put or gone
