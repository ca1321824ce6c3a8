"""Session tokens (sts.md 3, 7 and 8.3; threats.md B6, B7, B11)."""

from __future__ import annotations

import base64
import json
import random
import re

import msgspec
import pytest

from daypass.credentials import (
    CannotOpen,
    ChainRoot,
    Federation,
    KeyRing,
    Purpose,
    Secret,
    Session,
    SessionKind,
    open_session,
    seal_session,
    utilization,
)

NONCE = bytes(range(12))
RING = KeyRing.generate(bytes(range(32)))
PLAIN = Session(
    access_key_id="ASIARTX3GSDSQERUKZ4J",
    secret=Secret("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
    kind=SessionKind.ROLE,
    account="111122223333",
    principal_id="AROARTX3GSDSQERUKZ4JX",
    principal_name="Deploy",
    session_name="alice",
    issued_at=1_790_000_000,
    expires_at=1_790_003_600,
    chain_root=ChainRoot("AKIARZPUZDIKCI2FM6EQ", 1_790_000_000),
    region="us-east-1",
)


def _policy(length: int) -> str:
    """A session policy of many statements, as people write them, cut to ``length``."""
    pick = random.Random(7)
    statements = [
        {
            "Sid": f"Part{number}",
            "Effect": "Allow",
            "Action": [
                f"{pick.choice(('s3', 'sqs', 'dynamodb', 'kms'))}:{pick.choice(('Get', 'Put', 'List'))}{number}*"
            ],
            "Resource": f"arn:aws:s3:::bucket-{pick.randrange(10**9)}/{pick.randrange(10**6)}/*",
        }
        for number in range(40)
    ]
    return json.dumps({"Version": "2012-10-17", "Statement": statements}, separators=(",", ":"))[:length]


TAGS = {f"Key{number}": f"value-{number * 7919:x}" for number in range(10)}
FULL = msgspec.structs.replace(
    PLAIN,
    principal_path="/teams/a/",
    source_identity="alice@example.com",
    tags=TAGS,
    transitive_tag_keys=("Key1", "Key2"),
    policy=_policy(2048),
    policy_arns=("arn:aws:iam::aws:policy/ReadOnlyAccess",),
    mfa_at=1_789_999_000,
    federation=Federation(
        "arn:aws:iam::111122223333:saml-provider/Idp", "s", "a", ("x", "y"), "persistent", "q=", "1/Idp"
    ),
    contexts={"identitystore:UserId": "u"},
    chained=True,
    token_version=1,
)


@pytest.mark.parametrize("session", [PLAIN, FULL])
def test_every_fact_comes_back(session: Session) -> None:
    assert open_session(seal_session(session, RING, NONCE), RING) == session


def test_a_token_is_safe_in_urls_and_headers() -> None:
    for session in (PLAIN, FULL):
        token = seal_session(session, RING, NONCE)
        assert re.fullmatch("IQoJ[A-Za-z0-9_-]+", token)
        assert len(token) % 4 == 0
    assert base64.b64decode(seal_session(PLAIN, RING, NONCE)[:16]) == b"!\n\tdaypass_1"


def test_a_plain_role_token_takes_less_than_600_bytes() -> None:
    assert len(seal_session(PLAIN, RING, NONCE)) < 600


def test_a_whole_session_policy_and_ten_tags_take_less_than_2500_bytes() -> None:
    assert len(seal_session(FULL, RING, NONCE)) < 1200
    noise = "".join(random.Random(1).choices("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", k=2048))
    assert len(seal_session(msgspec.structs.replace(PLAIN, policy=noise, tags=TAGS), RING, NONCE)) < 2500


def test_utilization_is_percent_of_4096_rounded_up() -> None:
    assert utilization("x" * 4096) == 100
    assert utilization("x" * 4097) == 101
    assert utilization("x" * 41) == 2
    assert utilization("") == 0


def test_a_session_too_large_for_a_token_can_be_measured_and_not_opened() -> None:
    noise = "".join(chr(random.Random(number).randrange(0x100, 0x2000)) for number in range(3000))
    token = seal_session(msgspec.structs.replace(PLAIN, policy=noise), RING, NONCE)
    assert utilization(token) > 100
    with pytest.raises(CannotOpen):
        open_session(token, RING)
    with pytest.raises(ValueError, match="64 KiB"):
        seal_session(msgspec.structs.replace(PLAIN, policy="a" * 65_536), RING, NONCE)


@pytest.mark.parametrize("size", [0, 1, 292, 293, 1000, 4093, 4094, 4095, 4096])
def test_a_minimum_size_is_reached_and_not_passed_by_more_than_a_group(size: int) -> None:
    token = seal_session(PLAIN, RING, NONCE, minimum_size=size)
    natural = len(seal_session(PLAIN, RING, NONCE))
    assert max(size, natural) <= len(token) <= max(size + 3, natural)
    assert open_session(token, RING) == PLAIN


def test_b7_any_other_spelling_of_a_token_gives_the_same_error() -> None:
    token = seal_session(PLAIN, RING, NONCE)
    letters = "ABab01-_"
    changed = [
        token[:at] + letter + token[at + 1 :] for at in range(len(token)) for letter in letters if letter != token[at]
    ]
    cut = [token[:length] for length in range(len(token))]
    others = [token + tail for tail in ("A", "AAAA", "=", "====", " ", "\n")]
    spelled = [
        token.replace("-", "+").replace("_", "/") + "",
        f" {token}",
        token[:20] + "\n" + token[20:],
        token.swapcase(),
    ]
    foreign = ["", "IQoJ", "é" * 300, "\ud800" * 300, token[:16] + "é" * 276, "A" * 10_000]
    messages = set()
    for other in (*changed, *cut, *others, *spelled, *foreign):
        if other == token:
            continue
        with pytest.raises(CannotOpen) as caught:
            open_session(other, RING)
        messages.add(str(caught.value))
    assert messages == {"cannot be opened"}


def test_b6_a_blob_of_another_purpose_is_no_session_token() -> None:
    token = seal_session(PLAIN, RING, NONCE)
    blob = base64.urlsafe_b64decode(token[16:])
    plaintext = RING.open(Purpose.SESSION_TOKEN, blob, b"")
    for purpose in Purpose:
        forged = token[:16] + base64.urlsafe_b64encode(RING.seal(purpose, plaintext, b"", NONCE)).decode()
        if purpose is Purpose.SESSION_TOKEN:
            assert open_session(forged, RING) == PLAIN
            continue
        with pytest.raises(CannotOpen):
            open_session(forged, RING)


@pytest.mark.parametrize(
    "plaintext",
    [b"", b"\0", b"\0\0\0", b"\0\0\1\x90", b"\1\0\5xxxxx", b"\2\0\1\x90", b"\0\0\2\x91\xc0", b"\0\xff\xff\x80"],
)
def test_sealed_nonsense_is_no_session(plaintext: bytes) -> None:
    plaintext += b"\0" * (-len(plaintext) % 3)
    token = (
        "IQoJZGF5cGFzc18x" + base64.urlsafe_b64encode(RING.seal(Purpose.SESSION_TOKEN, plaintext, b"", NONCE)).decode()
    )
    with pytest.raises(CannotOpen):
        open_session(token, RING)


def test_a_session_with_facts_that_this_version_does_not_know_is_refused() -> None:
    values = [*msgspec.msgpack.decode(_content(seal_session(PLAIN, RING, NONCE))), "a later fact"]
    content = msgspec.msgpack.encode(values)
    plaintext = b"\0" + len(content).to_bytes(2, "big") + content
    plaintext += b"\0" * (-(len(plaintext) + 30) % 3)
    token = (
        "IQoJZGF5cGFzc18x" + base64.urlsafe_b64encode(RING.seal(Purpose.SESSION_TOKEN, plaintext, b"", NONCE)).decode()
    )
    with pytest.raises(CannotOpen):
        open_session(token, RING)


def _content(token: str) -> bytes:
    plaintext = RING.open(Purpose.SESSION_TOKEN, base64.urlsafe_b64decode(token[16:]), b"")
    return plaintext[3 : 3 + int.from_bytes(plaintext[1:3], "big")]


def test_b11_a_token_of_another_installation_or_of_a_retired_key_is_refused() -> None:
    token = seal_session(PLAIN, RING, NONCE)
    rotated = RING.rotate(bytes(range(32, 64)))
    assert open_session(token, rotated) == PLAIN
    for ring in (KeyRing.generate(bytes(range(32, 64))), rotated.retire(RING.active)):
        with pytest.raises(CannotOpen):
            open_session(token, ring)


def test_the_secret_does_not_show() -> None:
    assert "wJalr" not in repr(PLAIN)
    with pytest.raises(TypeError):
        msgspec.json.encode(PLAIN)
    assert b"wJalr" not in base64.urlsafe_b64decode(seal_session(PLAIN, RING, NONCE)[16:])
