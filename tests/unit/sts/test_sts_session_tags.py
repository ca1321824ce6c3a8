"""IAM User Guide, "Passing session tags in AWS STS": rules, and chains of transitive tags.

The errors' texts, and that inherited tags need permission at every hop, were recorded from AWS.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import pytest
from sts_asking import has, not_authorized, tags
from worldkit import ACCOUNT, Host, allow, document, refusal, trusting

if TYPE_CHECKING:
    from collections.abc import Mapping

ALICE = f"arn:aws:iam::{ACCOUNT}:user/alice"
TAGGING = ("sts:AssumeRole", "sts:TagSession")

DUPLICATE = "Duplicate tag keys found. Please note that Tag keys are case insensitive."
NOT_AMONG = "The specified transitive tag key must be included in the requested tags."
CONFLICT = (
    "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key from the "
    "calling session."
)


def tag_is(host: Host, credentials: Mapping[str, Any], key: str, value: str | None) -> bool:
    if value is None:
        return has(host, credentials, {"Null": {f"aws:PrincipalTag/{key}": "true"}})
    return has(host, credentials, {"StringEquals": {f"aws:PrincipalTag/{key}": value}})


# Faults of the tags themselves


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"Tags": [*tags(Dept="a"), *tags(dept="b")]}, DUPLICATE),
        ({"Tags": [*tags(Dept="a"), *tags(Dept="a")]}, DUPLICATE),
        ({"Tags": tags(Dept="a"), "TransitiveTagKeys": ["Team"]}, NOT_AMONG),
        ({"TransitiveTagKeys": ["Team"]}, NOT_AMONG),
    ],
)
def test_faulty_tags_are_invalid_parameter_values(host: Host, sts: Any, given: dict[str, Any], text: str) -> None:
    role = host.role("R", trusting(ALICE, *TAGGING))
    told = refusal(sts.assume_role, RoleArn=role, RoleSessionName="dev", **given)
    assert told == (400, "InvalidParameterValue", text)


@pytest.mark.parametrize("key", ["aws:x", "AWS:x", "Aws:PrincipalTag"])
def test_keys_that_begin_with_aws_are_reserved(host: Host, sts: Any, key: str) -> None:
    role = host.role("R", trusting(ALICE, *TAGGING))
    told = refusal(sts.assume_role, RoleArn=role, RoleSessionName="dev", Tags=[{"Key": key, "Value": "v"}])
    assert told[:2] == (400, "InvalidParameterValue")


@pytest.mark.parametrize(
    ("tag", "clause"),
    [
        ({"Key": "k" * 129, "Value": ""}, "at 'tags.1.member.key' failed to satisfy constraint: Member must have length less than or equal to 128"),
        ({"Key": "", "Value": ""}, "at 'tags.1.member.key' failed to satisfy constraint: Member must have length greater than or equal to 1"),
        ({"Key": "k", "Value": "v" * 257}, "at 'tags.1.member.value' failed to satisfy constraint: Member must have length less than or equal to 256"),
        ({"Key": "a&b", "Value": "v"}, r"Value 'a&b' at 'tags.1.member.key' failed to satisfy constraint: Member must satisfy regular expression pattern: [\p{L}\p{Z}\p{N}_.:/=+\-@]+"),
        ({"Key": "k"}, "Value null at 'tags.1.member.value' failed to satisfy constraint: Member must not be null"),
    ],
)  # fmt: skip
def test_tags_have_limits(host: Host, sts: Any, tag: dict[str, str], clause: str) -> None:
    role = host.role("R", trusting(ALICE, *TAGGING))
    status, code, text = refusal(sts.assume_role, RoleArn=role, RoleSessionName="dev", Tags=[tag])
    assert (status, code) == (400, "ValidationError")
    assert clause in text


def test_fifty_tags_and_no_more(host: Host, sts: Any) -> None:
    role = host.role("R", trusting(ALICE, *TAGGING))
    many = tags(**{f"k{number}": "v" for number in range(51)})
    sts.assume_role(
        RoleArn=role, RoleSessionName="dev", Tags=many[:50], TransitiveTagKeys=[t["Key"] for t in many[:50]]
    )
    status, code, text = refusal(sts.assume_role, RoleArn=role, RoleSessionName="dev", Tags=many)
    assert (status, code) == (400, "ValidationError")
    assert "at 'tags' failed to satisfy constraint: Member must have length less than or equal to 50" in text


def test_lengths_count_code_points(host: Host, sts: Any) -> None:
    role = host.role("R", trusting(ALICE, *TAGGING))
    for length, status in ((256, "OK"), (257, "ValidationError")):
        tag = {"Key": "𐐨" * 128, "Value": "𐐨" * length}
        try:
            sts.assume_role(RoleArn=role, RoleSessionName="dev", Tags=[tag])
        except sts.exceptions.ClientError as error:
            assert error.response["Error"]["Code"] == status  # noqa: PT017
        else:
            assert status == "OK"


@pytest.mark.parametrize("letter", ["a", "а", "漢", "𐐨"])
def test_tags_that_no_token_holds_are_too_large_and_nothing_else(host: Host, sts: Any, letter: str) -> None:
    """Letters that compress badly, of one to four bytes: never a failure of the server's."""
    role = host.role("R", trusting(ALICE, *TAGGING))
    draw = random.Random(7)
    words = [chr(ord(letter) + draw.randrange(20)) for _ in range(50 * 384)]
    many = [{"Key": f"{number:03}" + "".join(words[number * 384 :][:125]), "Value": "".join(words[number * 384 :][:256])} for number in range(50)]  # fmt: skip
    status, code, text = refusal(sts.assume_role, RoleArn=role, RoleSessionName="dev", Tags=many)
    assert (status, code) == (400, "PackedPolicyTooLarge")
    assert text.startswith("Packed policy consumes ")
    assert text.endswith("% of allotted space, please use smaller policy.")
    assert int(text.split()[3].partition("%")[0]) > 100


# Effect


def test_session_tags_are_principal_tags_over_the_role_s_own_whatever_their_case(
    host: Host, alice: dict[str, str]
) -> None:
    role = host.role("R", trusting(ALICE, *TAGGING), Tags=tags(Dept="role", Site="role"))
    session = host.assume(alice, role, Tags=tags(DEPT="session", Extra="1"))
    assert tag_is(host, session, "dept", "session")
    assert tag_is(host, session, "Site", "role")
    assert tag_is(host, session, "extra", "1")
    assert tag_is(host, session, "absent", None)


def test_the_role_s_tags_are_those_of_now_and_the_session_s_those_of_issue(
    host: Host, alice: dict[str, str], iam: Any
) -> None:
    role = host.role("R", trusting(ALICE, *TAGGING), Tags=tags(Dept="old", Site="old"))
    session = host.assume(alice, role, Tags=tags(Dept="session"))
    iam.tag_role(RoleName="R", Tags=tags(Dept="new", Site="new"))
    assert tag_is(host, session, "Dept", "session")
    assert tag_is(host, session, "Site", "new")


def test_an_empty_value_is_a_value(host: Host, alice: dict[str, str]) -> None:
    role = host.role("R", trusting(ALICE, *TAGGING), Tags=tags(Dept="role"))
    assert tag_is(host, host.assume(alice, role, Tags=tags(Dept="")), "Dept", "")


def test_tags_of_any_script_compare_without_case(host: Host, alice: dict[str, str]) -> None:
    role = host.role("R", trusting(ALICE, *TAGGING))
    session = host.assume(alice, role, Tags=[{"Key": "Höhe", "Value": "L"}])
    assert tag_is(host, session, "HÖHE", "L")


@pytest.mark.parametrize("foreign", ["claß", "claſs"])
def test_f3_what_merely_looks_like_a_tag_key_is_another_key(host: Host, alice: dict[str, str], foreign: str) -> None:
    """Keys are folded as StringEqualsIgnoreCase folds values: what a guard can name is all that counts as the key."""
    guard = {"ForAnyValue:StringEqualsIgnoreCase": {"aws:TagKeys": "class"}}
    trust = document(
        {"Effect": "Allow", "Principal": {"AWS": ALICE}, "Action": ["sts:AssumeRole", "sts:TagSession"]},
        {"Effect": "Deny", "Principal": {"AWS": ALICE}, "Action": "sts:TagSession", "Condition": guard},
    )
    role = host.role("R", trust, Tags=[{"Key": "class", "Value": "restricted"}])
    session = host.assume(alice, role, Tags=[{"Key": foreign, "Value": "open"}])
    assert tag_is(host, session, "class", "restricted")
    told = refusal(host.client("sts", alice).assume_role, RoleArn=role, RoleSessionName="dev", Tags=tags(CLASS="open"))
    assert told[1] == "AccessDenied"


def test_a_value_with_wildcards_means_itself_in_a_policy_variable(host: Host, alice: dict[str, str]) -> None:
    """F10: variables expand to literals; a tag cannot hold an asterisk at all."""
    role = host.role("R", trusting(ALICE, *TAGGING), allow("iam:GetUser", resource="arn:aws:iam::*:user/${aws:PrincipalTag/who}"))  # fmt: skip
    for who, status in (("alice", 200), ("alic", 403), ("al/ce", 403)):
        session = host.assume(alice, role, Tags=tags(who=who))
        assert host.query(session, "GetUser", "iam", UserName="alice").status == status
    assert host.query(host.assume(alice, role), "GetUser", "iam", UserName="alice").status == 403
    assert host.query(alice, "AssumeRole", RoleArn=role, RoleSessionName="dev", **{"Tags.member.1.Key": "who", "Tags.member.1.Value": "*"}).code == "ValidationError"  # fmt: skip


# Permission


def test_passing_tags_needs_sts_tag_session(host: Host, sts: Any) -> None:
    role = host.role("R", trusting(ALICE))
    told = refusal(sts.assume_role, RoleArn=role, RoleSessionName="dev", Tags=tags(Dept="a"))
    assert told == not_authorized(ALICE, "sts:TagSession", role)
    sts.assume_role(RoleArn=role, RoleSessionName="dev")


def test_sts_tag_session_alone_opens_nothing(host: Host, sts: Any) -> None:
    role = host.role("R", trusting(ALICE, "sts:TagSession", "sts:SetSourceIdentity"))
    for given in ({}, {"Tags": tags(a="1")}, {"SourceIdentity": "alice"}):
        told = refusal(sts.assume_role, RoleArn=role, RoleSessionName="dev", **given)
        assert told == not_authorized(ALICE, "sts:AssumeRole", role)


def test_request_tags_and_tag_keys_are_condition_keys(host: Host, sts: Any) -> None:
    condition = {
        "StringEquals": {"aws:RequestTag/Dept": ["a", "b"]},
        "ForAllValues:StringEquals": {"aws:TagKeys": ["Dept", "Team"]},
    }
    role = host.role("R", trusting(ALICE, *TAGGING, Condition=condition))
    sts.assume_role(RoleArn=role, RoleSessionName="dev", Tags=tags(Dept="a", Team="x"))
    for wrong in (tags(Dept="c"), tags(Dept="a", Other="x"), tags(Team="x")):
        told = refusal(sts.assume_role, RoleArn=role, RoleSessionName="dev", Tags=wrong)
        assert told == not_authorized(ALICE, "sts:TagSession", role)


def test_transitive_tag_keys_are_a_condition_key(host: Host, sts: Any) -> None:
    condition = {"ForAllValues:StringEquals": {"sts:TransitiveTagKeys": ["Dept"]}}
    role = host.role("R", trusting(ALICE, *TAGGING, Condition=condition))
    given = {"RoleArn": role, "RoleSessionName": "dev", "Tags": tags(Dept="a", Team="x")}
    sts.assume_role(**given, TransitiveTagKeys=["Dept"])
    assert refusal(sts.assume_role, **given, TransitiveTagKeys=["Team"])[1] == "AccessDenied"


def test_a_user_s_own_tags_are_not_handed_on(host: Host, alice: dict[str, str], iam: Any) -> None:
    iam.tag_user(UserName="alice", Tags=tags(Dept="user"))
    session = host.assume(alice, host.role("R", trusting(ALICE)))
    assert tag_is(host, session, "Dept", None)


# Chains


def test_the_worked_chain_of_three_roles(host: Host, alice: dict[str, str]) -> None:
    one = host.role("Role1", trusting(ALICE, *TAGGING), Tags=tags(Heart="1"))
    two = host.role("Role2", trusting(one, *TAGGING), Tags=tags(Sun="2"))
    star = {"StringEquals": {"aws:ResourceTag/Star": "1", "iam:ResourceTag/star": "1"}}
    three = host.role("Role3", trusting(two, *TAGGING, Condition=star), Tags=tags(Lightning="3", Star="3"))

    session1 = host.assume(alice, one, Tags=tags(Star="1", Heart="1"), TransitiveTagKeys=["Star", "Heart"])
    assert all(tag_is(host, session1, *tag) for tag in (("Star", "1"), ("Heart", "1"), ("Sun", None)))
    session2 = host.assume(session1, two)
    assert all(tag_is(host, session2, *tag) for tag in (("Star", "1"), ("Heart", "1"), ("Sun", "2")))
    session3 = host.assume(session2, three)
    assert all(
        tag_is(host, session3, *tag) for tag in (("Star", "1"), ("Heart", "1"), ("Lightning", "3"), ("Sun", None))
    )

    for key in ("Star", "star", "HEART"):
        for session, role in ((session1, two), (session2, three)):
            told = refusal(host.client("sts", session).assume_role, RoleArn=role, RoleSessionName="xx", Tags=tags(**{key: "9"}))  # fmt: skip
            assert told == (400, "InvalidParameterValue", CONFLICT)


def test_tags_that_are_not_transitive_end_with_their_session(host: Host, alice: dict[str, str]) -> None:
    one = host.role("Role1", trusting(ALICE, *TAGGING))
    two = host.role("Role2", trusting(one))
    session = host.assume(host.assume(alice, one, Tags=tags(Star="1")), two)
    assert tag_is(host, session, "Star", None)


def test_transitive_keys_are_named_without_case(host: Host, alice: dict[str, str]) -> None:
    one = host.role("Role1", trusting(ALICE, *TAGGING))
    two = host.role("Role2", trusting(one, *TAGGING))
    session = host.assume(host.assume(alice, one, Tags=tags(Star="1"), TransitiveTagKeys=["STAR"]), two)
    assert tag_is(host, session, "star", "1")


def test_inherited_tags_need_sts_tag_session_at_every_hop_though_nothing_is_passed(
    host: Host, alice: dict[str, str]
) -> None:
    one = host.role("Role1", trusting(ALICE, *TAGGING))
    two = host.role("Role2", trusting(one))
    session = host.assume(alice, one, Tags=tags(Star="1"), TransitiveTagKeys=["Star"])
    told = refusal(host.client("sts", session).assume_role, RoleArn=two, RoleSessionName="dev")
    assert told == not_authorized(f"arn:aws:sts::{ACCOUNT}:assumed-role/Role1/session", "sts:TagSession", two)


def test_inherited_tags_need_the_caller_s_permission_too_where_trust_only_delegates(
    host: Host, alice: dict[str, str]
) -> None:
    one = host.role("Role1", trusting(ALICE, *TAGGING), allow("sts:AssumeRole"))
    two = host.role("Role2", trusting(f"arn:aws:iam::{ACCOUNT}:root", *TAGGING))
    session = host.assume(alice, one, Tags=tags(Star="1"), TransitiveTagKeys=["Star"])
    assert host.query(session, "AssumeRole", RoleArn=two, RoleSessionName="dev").code == "AccessDenied"
    host.admin("iam").put_role_policy(RoleName="Role1", PolicyName="p", PolicyDocument=allow("sts:AssumeRole", "sts:TagSession"))  # fmt: skip
    host.assume(session, two)


def test_new_keys_may_join_a_chain(host: Host, alice: dict[str, str]) -> None:
    one = host.role("Role1", trusting(ALICE, *TAGGING))
    two = host.role("Role2", trusting(one, *TAGGING))
    three = host.role("Role3", trusting(two, *TAGGING))
    session = host.assume(alice, one, Tags=tags(Star="1"), TransitiveTagKeys=["Star"])
    session = host.assume(session, two, Tags=tags(Moon="2"), TransitiveTagKeys=["Moon"])
    session = host.assume(session, three)
    assert tag_is(host, session, "Star", "1")
    assert tag_is(host, session, "Moon", "2")


def test_tag_keys_as_a_condition_let_the_plain_chain_pass_and_refuse_new_keys(
    host: Host, alice: dict[str, str]
) -> None:
    one = host.role("Role1", trusting(ALICE, *TAGGING))
    narrow = {"ForAllValues:StringEquals": {"aws:TagKeys": ["Star"]}}
    two = host.role("Role2", trusting(one, *TAGGING, Condition=narrow))
    session = host.assume(alice, one, Tags=tags(Star="1"), TransitiveTagKeys=["Star"])
    host.assume(session, two)
    told = refusal(host.client("sts", session).assume_role, RoleArn=two, RoleSessionName="dev", Tags=tags(Moon="2"))
    assert told[1] == "AccessDenied"


def test_a_get_session_token_session_hands_no_tags_on(host: Host, alice: dict[str, str], iam: Any) -> None:
    iam.tag_user(UserName="alice", Tags=tags(Dept="user"))
    role = host.role("R", trusting(ALICE, Condition={"StringEquals": {"aws:PrincipalTag/Dept": "user"}}))
    session = host.assume(host.client("sts", alice).get_session_token()["Credentials"], role)
    assert tag_is(host, session, "Dept", None)


def test_packed_policy_size_is_there_where_tags_are_passed_or_inherited(
    host: Host, alice: dict[str, str], sts: Any
) -> None:
    one = host.role("Role1", trusting(ALICE, *TAGGING))
    two = host.role("Role2", trusting(one, *TAGGING))
    answer = sts.assume_role(RoleArn=one, RoleSessionName="a1", Tags=tags(Star="1"), TransitiveTagKeys=["Star"])
    assert answer["PackedPolicySize"] == answer["SessionTokenUtilization"]
    chained = host.client("sts", answer["Credentials"]).assume_role(RoleArn=two, RoleSessionName="a2")
    assert "PackedPolicySize" in chained


def test_the_audit_record_names_what_was_inherited(host: Host, alice: dict[str, str]) -> None:
    one = host.role("Role1", trusting(ALICE, *TAGGING))
    two = host.role("Role2", trusting(one, *TAGGING))
    host.assume(host.assume(alice, one, Tags=tags(Star="1"), TransitiveTagKeys=["Star"]), two)
    assert host.journal.records[-1]["requestParameters"]["incomingTransitiveTags"] == {"Star": "1"}
