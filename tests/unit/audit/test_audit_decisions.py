"""What the trail remembers of decisions: beside the record, for the operator alone, and no secret."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from worldkit import ACCOUNT, OTHER_ACCOUNT, Host, allow, deny, document, make_host, refusal, trusting

from daypass.access.asking import Ask
from daypass.access.caller import Caller
from daypass.access.facts import RequestFacts
from daypass.audit.decisions import remembered, split, written
from daypass.policy import Allow, Principal, PrincipalKind
from daypass.request import Request

if TYPE_CHECKING:
    from pathlib import Path

    from daypass.audit.decisions import Decisions


def last(host: Host) -> Decisions | None:
    """What is remembered of the last call."""
    decisions = split(host.journal.lines[-1])[1]
    return None if decisions is None else remembered(decisions)


def kept(host: Host) -> Decisions:
    found = last(host)
    assert found is not None
    return found


def test_an_allowed_call_is_remembered_with_its_question(host: Host) -> None:
    host.admin("iam").get_user(UserName="admin")
    (question,) = kept(host).asked
    assert (question.action, question.outcome, question.policy) == ("iam:GetUser", "allow", "")
    assert question.resource == f"arn:aws:iam::{ACCOUNT}:user/admin"
    assert question.account == "", "it is the recipient's of the record"


def test_a_plain_allowed_call_takes_less_than_300_bytes(host: Host, tmp_path: Path) -> None:
    host.admin("iam").get_user(UserName="admin")
    assert len(split(host.journal.lines[-1])[1] or b"") < 150
    other = make_host(tmp_path)
    try:
        other.admin("s3").create_bucket(Bucket="reports")
        other.admin("s3").list_objects_v2(Bucket="reports")
        assert len(split(other.journal.lines[-1])[1] or b"") < 300
    finally:
        other.close()


def test_the_record_is_the_same_with_and_without(host: Host) -> None:
    def records(decisions: str) -> list[dict[str, Any]]:
        own = make_host()
        own.world.recorder._decisions = decisions
        own.admin("iam").get_user(UserName="admin")
        refusal(own.client("iam", own.user("bob")).list_users)
        varying = ("eventID", "requestID", "userIdentity", "responseElements", "resources")
        return [{k: v for k, v in record.items() if k not in varying} for record in own.journal.records]

    assert records("all") == records("off")


def test_a_refusal_is_remembered_with_its_statements_and_its_reason(host: Host) -> None:
    bob = host.user(
        "bob",
        document(
            json.loads(allow("iam:*"))["Statement"][0], {"Sid": "No", **json.loads(deny("iam:List*"))["Statement"][0]}
        ),
    )
    refusal(host.client("iam", bob).list_users)
    found = kept(host)
    (place,) = found.asked[0].by
    assert found.asked[0].outcome == "explicitDeny"
    assert (place.layer, place.policy, place.arn, place.statement, place.sid, place.holder) == (
        "identity-based policy", "p", None, 1, "No", "user bob",
    )  # fmt: skip
    assert found.reason.endswith("with an explicit deny in an identity-based policy")


def test_silent_layers_are_remembered(host: Host) -> None:
    refusal(host.client("iam", host.user("bob")).list_users)
    assert kept(host).asked[0].silent == ("identity-based policy",)


def test_a_call_that_asks_nothing_says_so(host: Host) -> None:
    host.client("sts", host.user("bob")).get_caller_identity()
    assert kept(host).asked == ()


def test_a_refusal_before_any_question_is_remembered_by_its_reason(host: Host) -> None:
    refusal(host.client("sts", {"AccessKeyId": "AKIAABSENT", "SecretAccessKey": "x"}).get_caller_identity)
    assert kept(host).reason == "unknown key"


def test_the_condition_keys_of_the_request_are_remembered(host: Host) -> None:
    bob = host.user("bob", allow("sts:*"))
    arn = host.role("app", trusting(f"arn:aws:iam::{ACCOUNT}:root"))
    host.client("sts", bob).assume_role(RoleArn=arn, RoleSessionName="session", ExternalId="ticket-7")
    (question,) = kept(host).asked
    assert question.policy == "trust"
    assert question.context == {"sts:rolesessionname": "session", "sts:externalid": "ticket-7"}


def test_a_session_with_facts_of_its_own_is_marked(host: Host) -> None:
    bob = host.user("bob", allow("sts:*"))
    arn = host.role("app", trusting(f"arn:aws:iam::{ACCOUNT}:root"), allow("iam:*"))
    plain, narrowed = host.assume(bob, arn), host.assume(bob, arn, Policy=allow("iam:Get*"))
    host.client("iam", plain).get_role(RoleName="app")
    assert not kept(host).narrowed
    host.client("iam", narrowed).get_role(RoleName="app")
    assert kept(host).narrowed
    assert "iam:Get*" not in host.journal.lines[-1].decode(), "the record of AssumeRole has the policy"


def test_the_account_of_somebody_else_s_resource_is_remembered_with_the_callers_copy_only(host: Host) -> None:
    arn = host.role("far", trusting(f"arn:aws:iam::{ACCOUNT}:root"), account=OTHER_ACCOUNT)
    before = len(host.journal.lines)
    host.client("sts", host.user("bob", allow("sts:*"))).assume_role(RoleArn=arn, RoleSessionName="session")
    own, owners = (split(line)[1] for line in host.journal.lines[-2:])
    assert len(host.journal.lines) > before + 1
    assert owners is None
    assert own is not None
    assert remembered(own).asked[0].account == OTHER_ACCOUNT


@pytest.mark.parametrize(
    ("setting", "allowed", "refused"), [("all", True, True), ("refused", False, True), ("off", False, False)]
)
def test_the_setting_says_which_calls(setting: str, allowed: bool, refused: bool) -> None:
    own = make_host()
    bob = own.user("bob")
    own.world.recorder._decisions = setting
    own.admin("iam").get_user(UserName="admin")
    assert (last(own) is not None) is allowed
    refusal(own.client("iam", bob).list_users)
    assert (last(own) is not None) is refused


FACTS = RequestFacts(
    100.5, "192.0.2.7", secure=False, region="eu-west-1", user_agent="x" * 1025, referer="https://a/?code=s3cret"
)
PROOF = Caller(Principal(PrincipalKind.WEB_IDENTITY, "", "sub", federated=("arn:aws:iam::1:oidc-provider/h",)), "sub")


def line_of(call: Any, facts: RequestFacts = FACTS) -> bytes:
    return written(call, facts, None, at=99, region="us-east-1", own=ACCOUNT)


class Decided:
    """As much of a call as is remembered."""

    def __init__(self, *asks: Ask, caller: Caller = PROOF) -> None:
        self.decisions = [(ask, Allow(())) for ask in asks]
        self.caller = caller


def test_values_that_cloudtrail_does_not_record_are_left_out_by_name() -> None:
    context = {
        "token.example.com:sub": "me", "token.example.com:aud": "client", "token.example.com:email": "me@example.com",
        "localhost:8080/realm:groups": ("a", "b"), "saml:sub": "s", "saml:edupersonorgdn": "o", "aws:requesttag/a.b:c": "kept",
    }  # fmt: skip
    line = line_of(Decided(Ask("sts:AssumeRoleWithWebIdentity", "r", ACCOUNT, context)))
    found = remembered(line)
    assert set(found.asked[0].context) == {
        "token.example.com:sub",
        "token.example.com:aud",
        "saml:sub",
        "aws:requesttag/a.b:c",
    }
    assert set(found.unkept) == {
        "token.example.com:email", "localhost:8080/realm:groups", "saml:edupersonorgdn", "aws:referer", "aws:useragent",
    }  # fmt: skip
    assert b"s3cret" not in line
    assert b"me@example.com" not in line


def test_what_the_record_does_not_tell_is_there() -> None:
    found = remembered(line_of(Decided(Ask("a:B", "r", ACCOUNT))))
    assert (found.now, found.region) == (100, "eu-west-1")
    assert found.federated == ("arn:aws:iam::1:oidc-provider/h",)


def test_a_call_with_very_many_questions_keeps_a_hundred() -> None:
    found = remembered(line_of(Decided(*(Ask("s3:DeleteObject", f"arn:aws:s3:::b/{n}", ACCOUNT) for n in range(1001)))))
    assert (len(found.asked), found.left_out) == (100, 901)


def test_what_would_be_too_long_for_a_line_is_counted() -> None:
    asks = [Ask("s3:DeleteObject", "x" * 1000, ACCOUNT, {"s3:prefix": "y" * 1000})] * 50
    found = remembered(line_of(Decided(*asks)))
    assert (found.asked, found.left_out) == ((), 50)


@pytest.mark.parametrize("odd", ["a\tb", "line\nbreak", "\udcff", "\u2028", '"},{"'])
def test_whatever_a_name_holds_the_line_stays_one_line_and_one_tab(odd: str) -> None:
    line = line_of(Decided(Ask("s3:GetObject", f"arn:aws:s3:::b/{odd}", ACCOUNT, {"s3:prefix": odd})))
    assert b"\n" not in line
    assert b"\t" not in line
    assert "\u2028" not in line.decode()
    record, decisions = split(b'{"a":1}\t' + line)
    assert (record, decisions) == (b'{"a":1}', line)
    assert remembered(line).asked[0].action == "s3:GetObject"


def test_a_record_cannot_be_made_to_look_as_if_something_were_remembered(host: Host) -> None:
    """The separator is a tab, which JSON escapes: what a caller sends never ends a record."""
    forged = b'x"}\t{"asked":[["iam:*","*","","","allow"]]}'
    headers = [(b"host", b"localhost"), (b"user-agent", forged)]
    host.send(Request("POST", b"/", b"", headers, b"Action=" + forged, "192.0.2.7"))
    record, decisions = split(host.journal.lines[-1])
    assert forged.decode() in json.loads(record)["userAgent"]
    assert decisions is None or remembered(decisions).asked == ()
