"""The encoded authorization message (STS API Reference, DecodeAuthorizationMessage; threats B6)."""

from __future__ import annotations

import json
import os
from typing import Any

import pytest
from worldkit import ACCOUNT, OTHER_ACCOUNT, START, Host, allow, deny, document, refusal, trusting

from daypass.access.asking import Ask
from daypass.access.authorization_message import LIFETIME, LONGEST, Seal, decoded, encoded
from daypass.access.authorize import request_of
from daypass.access.caller import Caller
from daypass.access.facts import RequestFacts
from daypass.credentials import CannotOpen, ChainRoot, KeyRing, Secret, Session, SessionKind, open_session, seal_session
from daypass.directory import User
from daypass.policy import Grammar, Layers, Principal, PrincipalKind, Source, compile_layer, decide, parse

RING = KeyRing.generate(bytes(range(32)))
NONCE = bytes(12)
ARN = f"arn:aws:iam::{ACCOUNT}:user/alice"
ALICE = Caller(
    Principal(PrincipalKind.USER, ACCOUNT, ARN, direct=(ARN,)),
    "AIDAALICE",
    "AKIAALICE",
    user=User(ACCOUNT, "alice", "/", "AIDAALICE", 0),
)
DENYING = document(
    {"Sid": "No", "Effect": "Deny", "Action": ["iam:Get*", "iam:List*"], "Resource": "*",
     "Condition": {"StringEquals": {"aws:RequestedRegion": ["us-east-1"]}}},
)  # fmt: skip


def message(policy: str | None = None, now: float = START, caller: Caller = ALICE, **ask: Any) -> str:
    """What is sealed when alice asks for something that this policy (or none) lets her not do."""
    sources = () if policy is None else (Source(parse(policy, Grammar.IDENTITY), "p"),)
    asked = Ask(**({"action": "iam:GetUser", "resource": "*", "account": ACCOUNT} | ask))
    request = request_of(asked, caller, RequestFacts(now, "192.0.2.7", secure=True, region="us-east-1"))
    decision = decide(Layers(identity=compile_layer(sources)), request)
    return encoded(decision, request, caller, Seal(RING, NONCE, now))  # type: ignore[arg-type]


def opened(text: str, now: float = START) -> dict[str, Any]:
    return dict(json.loads(decoded(text, RING, ACCOUNT, now)))


def test_an_explicit_deny_shows_the_statement_as_it_is_written() -> None:
    assert opened(message(DENYING))["matchedStatements"] == {
        "items": [
            {
                "statementId": "No",
                "effect": "DENY",
                "principals": {"items": [{"value": "AIDAALICE"}]},
                "principalGroups": {"items": []},
                "actions": {"items": [{"value": "iam:Get*"}, {"value": "iam:List*"}]},
                "resources": {"items": [{"value": "*"}]},
                "conditions": {
                    "items": [{"key": "aws:RequestedRegion", "values": {"items": [{"value": "us-east-1"}]}}]
                },
            }
        ]
    }


def test_the_members_stand_in_the_order_of_aws() -> None:
    content = opened(message(DENYING))
    assert list(content) == ["allowed", "explicitDeny", "matchedStatements", "failures", "context"]
    assert (content["allowed"], content["explicitDeny"], content["failures"]) == (False, True, {"items": []})
    assert list(content["context"]) == ["principal", "action", "resource", "conditions"]
    assert content["context"]["principal"] == {"id": "AIDAALICE", "name": "alice", "arn": ARN}
    assert (content["context"]["action"], content["context"]["resource"]) == ("iam:GetUser", "*")


def test_an_implicit_deny_shows_no_statement() -> None:
    content = opened(message(allow("iam:ListUsers")))
    assert content["explicitDeny"] is False
    assert content["matchedStatements"] == {"items": []}


def test_condition_keys_are_spelled_as_aws_spells_them_and_what_is_the_callers_own_is_left_out() -> None:
    text = message(context={"aws:resourcetag/Team": "red", "aws:sourceidentity": "x", "iam:policyarn": ("a", "b")})
    found = {
        item["key"]: [each["value"] for each in item["values"]["items"]]
        for item in opened(text)["context"]["conditions"]["items"]
    }
    assert found["aws:ResourceTag/Team"] == ["red"]
    assert found["iam:PolicyARN"] == ["a", "b"]
    assert found["aws:PrincipalType"] == ["User"]
    assert not {"aws:SourceIp", "aws:SourceIdentity"} & {*found}


def test_b6_a_message_is_no_session_token_and_a_session_token_no_message() -> None:
    session = Session(
        access_key_id="ASIA", secret=Secret("s"), kind=SessionKind.USER, account=ACCOUNT, principal_id="AIDA",
        principal_name="alice", issued_at=0, expires_at=1, chain_root=ChainRoot("AKIA", 0), region="us-east-1",
    )  # fmt: skip
    token = seal_session(session, RING, NONCE)
    with pytest.raises(CannotOpen):
        open_session(message(), RING)
    for text in (token, token[16:]):
        with pytest.raises(CannotOpen):
            decoded(text, RING, ACCOUNT, START)


@pytest.mark.parametrize("cut", [slice(0, -4), slice(4, None), slice(0, 0)])
def test_a_message_that_was_cut_does_not_open(cut: slice) -> None:
    with pytest.raises(CannotOpen):
        decoded(message()[cut], RING, ACCOUNT, START)


def test_a_message_has_one_spelling_and_no_character_of_it_can_be_changed() -> None:
    text = message(DENYING)
    for place in range(0, len(text), 7):
        changed = text[:place] + ("A" if text[place] != "A" else "B") + text[place + 1 :]
        with pytest.raises(CannotOpen):
            decoded(changed, RING, ACCOUNT, START)
    for other in (text + "=", text + "\n", " " + text, text + "AAAA", text.replace("-", "+"), "é"):
        if other != text:
            with pytest.raises(CannotOpen):
                decoded(other, RING, ACCOUNT, START)


def test_another_account_and_another_server_cannot_read_it() -> None:
    with pytest.raises(CannotOpen):
        decoded(message(), RING, OTHER_ACCOUNT, START)
    with pytest.raises(CannotOpen):
        decoded(message(), KeyRing.generate(bytes(range(1, 33))), ACCOUNT, START)


def test_a_message_can_be_read_for_a_day() -> None:
    text = message()
    assert opened(text, START + LIFETIME - 1)
    with pytest.raises(CannotOpen):
        decoded(text, RING, ACCOUNT, START + LIFETIME)


def test_the_longest_policy_fits_and_loses_only_from_its_lists() -> None:
    noise = [f"s3:{os.urandom(12).hex()}" for _ in range(600)]
    statements = [
        {"Effect": "Deny", "Action": ["iam:*", *noise[i : i + 100]], "Resource": "*"} for i in range(0, 600, 100)
    ]
    text = message(document(*statements))
    assert len(text) <= LONGEST
    content = opened(text)
    assert content["matchedStatements"]["items"]
    assert content["context"]["principal"]["name"] == "alice"


def test_the_longest_tags_fit_too() -> None:
    tags = {f"aws:requesttag/{os.urandom(64).hex()}": os.urandom(128).hex() for _ in range(50)}
    text = message(context=tags)
    assert len(text) <= LONGEST
    assert opened(text)["context"]["conditions"] == {"items": []}


def test_a_message_of_ordinary_policies_is_far_below_its_limit() -> None:
    assert len(message(DENYING)) < 1200


# At the server.


@pytest.fixture
def talkative(host: Host) -> Host:
    host.world.settings = type(host.world.settings)(access_encoded_messages=True)
    return host


MARK = ". Encoded authorization failure message: "


def test_aws_has_no_message_in_its_texts_by_default(host: Host) -> None:
    text = refusal(host.client("iam", host.user("bob")).list_users)[2]
    assert text.endswith("because no identity-based policy allows the iam:ListUsers action")


def test_a_refusal_can_be_decoded_by_whoever_may(talkative: Host) -> None:
    bob = talkative.user("bob", deny("iam:*"))
    text, _, blob = refusal(talkative.client("iam", bob).get_user, UserName="admin")[2].partition(MARK)
    assert text.endswith("with an explicit deny in an identity-based policy")
    sts = talkative.admin("sts")
    content = json.loads(sts.decode_authorization_message(EncodedMessage=blob)["DecodedMessage"])
    assert content["explicitDeny"] is True
    assert content["context"]["principal"]["name"] == "bob"
    assert content["context"]["resource"] == f"arn:aws:iam::{ACCOUNT}:user/admin"


def test_decoding_needs_a_permission_of_its_own(talkative: Host) -> None:
    bob = talkative.client("sts", talkative.user("bob"))
    status, code, text = refusal(bob.decode_authorization_message, EncodedMessage="x")
    assert (status, code) == (403, "AccessDenied")
    assert text.startswith(
        f"User: arn:aws:iam::{ACCOUNT}:user/bob is not authorized to perform: sts:DecodeAuthorizationMessage because no "
        "identity-based policy allows the sts:DecodeAuthorizationMessage action"
    )


def test_what_is_no_message_of_this_account_and_day_is_refused_alike(talkative: Host) -> None:
    bob = talkative.client("iam", talkative.user("bob"))
    blob = refusal(bob.list_users)[2].partition(MARK)[2]
    invalid = (400, "InvalidAuthorizationMessageException", "Message is not valid")
    foreign = talkative.admin("sts", OTHER_ACCOUNT)
    assert refusal(foreign.decode_authorization_message, EncodedMessage=blob) == invalid
    own = talkative.admin("sts")
    for text in (" ", "\n", "nonsense", blob[:-4], blob + "\n"):
        assert refusal(own.decode_authorization_message, EncodedMessage=text) == invalid
    talkative.at(LIFETIME)
    assert refusal(own.decode_authorization_message, EncodedMessage=blob) == invalid


def test_a_role_that_is_not_there_refuses_like_one_that_does_not_trust(talkative: Host) -> None:
    there = talkative.role("there", trusting(f"arn:aws:iam::{ACCOUNT}:user/admin"))
    sts, admin = talkative.client("sts", talkative.user("bob")), talkative.admin("sts")
    contents = []
    for arn in (there, there.replace("there", "absent")):
        text, _, blob = refusal(sts.assume_role, RoleArn=arn, RoleSessionName="session")[2].partition(MARK)
        assert text.endswith(f"sts:AssumeRole on resource: {arn}")
        content = json.loads(admin.decode_authorization_message(EncodedMessage=blob)["DecodedMessage"])
        assert content["context"].pop("resource") == arn
        contents.append(content)
    assert contents[0] == contents[1]


def test_neither_length_nor_content_tells_a_tagged_role_from_one_that_is_not_there(talkative: Host) -> None:
    sts, admin = talkative.client("sts", talkative.user("bob")), talkative.admin("sts")
    arn = f"arn:aws:iam::{ACCOUNT}:role/there"
    trust = trusting(
        f"arn:aws:iam::{ACCOUNT}:user/admin", Condition={"StringEquals": {"aws:PrincipalOrgID": "o-abcdefghij"}}
    )

    def asked() -> tuple[int, str]:
        blob = refusal(sts.assume_role, RoleArn=arn, RoleSessionName="session")[2].partition(MARK)[2]
        return len(blob), admin.decode_authorization_message(EncodedMessage=blob)["DecodedMessage"]

    missing = asked()
    assert talkative.role("there", trust) == arn
    untagged = asked()
    tags = [{"Key": f"secret-{n}", "Value": os.urandom(30).hex()} for n in range(20)]
    talkative.admin("iam").tag_role(RoleName="there", Tags=tags)
    assert missing == untagged == asked()
    assert "secret-" not in missing[1]


def test_messages_have_few_lengths() -> None:
    assert {len(message(context={"iam:policyarn": os.urandom(n).hex()})) % 256 for n in range(1, 90, 4)} == {0}


def test_strangers_and_s3_get_no_message(talkative: Host) -> None:
    arn = talkative.role("far", trusting(f"arn:aws:iam::{ACCOUNT}:root"), account=OTHER_ACCOUNT)
    text = refusal(talkative.client("sts", talkative.user("bob")).assume_role, RoleArn=arn, RoleSessionName="session")[
        2
    ]
    assert MARK not in text
    assert MARK not in refusal(talkative.client("s3", talkative.user("ann")).list_buckets)[2]


def test_neither_the_message_nor_what_it_says_is_in_the_trail(talkative: Host) -> None:
    blob = refusal(talkative.client("iam", talkative.user("bob")).list_users)[2].partition(MARK)[2]
    talkative.admin("sts").decode_authorization_message(EncodedMessage=blob)
    lines = b"".join(talkative.journal.lines)
    assert blob.encode() not in lines
    assert b"Encoded authorization" not in lines
    assert b"matchedStatements" not in lines
