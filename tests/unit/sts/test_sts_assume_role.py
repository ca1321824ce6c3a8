"""STS API Reference, AssumeRole: parameters, answer, durations, and the errors of its page.

What AWS's page does not say was recorded from AWS; the order in which faults are named is tested in
``test_sts_order_of_checks``.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from signkit import signed
from worldkit import ACCOUNT, OTHER_ACCOUNT, START, Host, allow, refusal, trusting

if TYPE_CHECKING:
    from collections.abc import Mapping

ALICE = f"arn:aws:iam::{ACCOUNT}:user/alice"
REGEX = r"[\u0009\u000A\u000D\u0020-\u007E\u0085\u00A0-\uD7FF\uE000-\uFFFD\u10000-\u10FFFF]+"


@pytest.fixture
def role(host: Host, alice: dict[str, str]) -> str:
    return host.role("Deploy", trusting(ALICE))


@pytest.fixture
def sts(host: Host, alice: dict[str, str]) -> Any:
    return host.client("sts", alice)


def test_the_answer_holds_the_assumed_role_user_and_credentials(sts: Any, role: str, iam: Any) -> None:
    answer = sts.assume_role(RoleArn=role, RoleSessionName="dev@example.com")
    role_id = iam.get_role(RoleName="Deploy")["Role"]["RoleId"]
    assert answer["AssumedRoleUser"] == {
        "AssumedRoleId": f"{role_id}:dev@example.com",
        "Arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/Deploy/dev@example.com",
    }
    credentials = answer["Credentials"]
    assert credentials.keys() == {"AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration"}
    assert re.fullmatch(r"ASIA[A-Z2-7]{16}", credentials["AccessKeyId"])
    assert re.fullmatch(r"[A-Za-z0-9+/]{40}", credentials["SecretAccessKey"])
    assert credentials["Expiration"] == datetime.fromtimestamp(START + 3600, UTC)
    assert "SourceIdentity" not in answer
    assert "PackedPolicySize" not in answer


def test_the_token_says_how_large_it_is(sts: Any, role: str) -> None:
    answer = sts.assume_role(RoleArn=role, RoleSessionName="dev")
    size = len(answer["Credentials"]["SessionToken"])
    assert answer["SessionTokenSize"] == size
    assert answer["SessionTokenUtilization"] == -(-size * 100 // 4096)
    assert size < 1024


@pytest.mark.parametrize("least", [0, 1, 1000, 2047, 4094, 4095, 4096])
def test_minimum_session_token_size_pads_the_token(host: Host, sts: Any, role: str, least: int) -> None:
    answer = sts.assume_role(RoleArn=role, RoleSessionName="dev", MinimumSessionTokenSize=least)
    assert least <= answer["SessionTokenSize"] == len(answer["Credentials"]["SessionToken"]) <= 4096
    assert host.client("sts", answer["Credentials"]).get_caller_identity()["Arn"].endswith("assumed-role/Deploy/dev")


def test_a_token_is_safe_in_headers_and_query_strings(sts: Any, role: str) -> None:
    token = sts.assume_role(RoleArn=role, RoleSessionName="dev")["Credentials"]["SessionToken"]
    assert re.fullmatch(r"[A-Za-z0-9_-]+", token)


def test_no_two_sessions_share_a_secret(sts: Any, role: str) -> None:
    answers = [sts.assume_role(RoleArn=role, RoleSessionName="dev")["Credentials"] for _ in range(20)]
    assert len({answer["SecretAccessKey"] for answer in answers}) == 20
    assert len({answer["SessionToken"] for answer in answers}) == 20


def test_the_arn_of_a_session_leaves_the_role_s_path_out(host: Host, sts: Any) -> None:
    role = host.role("R", trusting(ALICE), Path="/a/b/")
    assert role == f"arn:aws:iam::{ACCOUNT}:role/a/b/R"
    answer = sts.assume_role(RoleArn=role, RoleSessionName="dev")
    assert answer["AssumedRoleUser"]["Arn"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/R/dev"
    without_path = f"arn:aws:iam::{ACCOUNT}:role/R"
    assert refusal(sts.assume_role, RoleArn=without_path, RoleSessionName="dev") == denied(without_path)


def test_aws_principal_arn_has_the_path_of_the_role(host: Host, sts: Any) -> None:
    role = host.role("R", trusting(ALICE), allow("iam:ListUsers", Condition={"ArnEquals": {"aws:PrincipalArn": f"arn:aws:iam::{ACCOUNT}:role/a/b/R"}}), Path="/a/b/")  # fmt: skip
    credentials = sts.assume_role(RoleArn=role, RoleSessionName="dev")["Credentials"]
    assert host.client("iam", credentials).list_users()["Users"]


def test_the_wire_is_as_recorded(host: Host, alice: dict[str, str], role: str) -> None:
    answer = host.query(alice, "AssumeRole", RoleArn=role, RoleSessionName="dev")
    assert answer.status == 200
    assert answer.headers["content-type"] == "text/xml"
    assert answer.headers["x-amzn-requestid"] == answer.text("RequestId")
    assert answer.body.startswith('<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">\n  <Assume')
    assert answer.body.endswith("</AssumeRoleResponse>\n")
    order = [answer.body.index(f"<{name}>") for name in ("AssumedRoleId", "Arn", "AccessKeyId", "SessionToken")]
    assert order == sorted(order)
    assert answer.text("Expiration") == "2027-01-15T09:00:00Z"


# Durations


@pytest.mark.parametrize("limit", [3600, 7200, 43200])
def test_without_duration_seconds_a_session_lives_an_hour_whatever_the_role_allows(
    host: Host, sts: Any, limit: int
) -> None:
    role = host.role("Long", trusting(ALICE), MaxSessionDuration=limit)
    answer = sts.assume_role(RoleArn=role, RoleSessionName="dev")
    assert answer["Credentials"]["Expiration"].timestamp() == START + 3600


@pytest.mark.parametrize("seconds", [900, 3600, 43200])
def test_duration_seconds_from_15_minutes_to_the_role_s_maximum(host: Host, sts: Any, seconds: int) -> None:
    role = host.role("Long", trusting(ALICE), MaxSessionDuration=43200)
    answer = sts.assume_role(RoleArn=role, RoleSessionName="dev", DurationSeconds=seconds)
    assert answer["Credentials"]["Expiration"].timestamp() == START + seconds


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (899, "greater than or equal to 900"),
        (0, "greater than or equal to 900"),
        (-1, "greater than or equal to 900"),
        (43201, "less than or equal to 43200"),
    ],
)
def test_the_range_of_the_shape_comes_before_the_role(sts: Any, role: str, seconds: int, text: str) -> None:
    message = (
        f"1 validation error detected: Value '{seconds}' at 'durationSeconds' failed to satisfy constraint: "
        f"Member must have value {text}"
    )
    assert refusal(sts.assume_role, RoleArn=role, RoleSessionName="dev", DurationSeconds=seconds) == (
        400, "ValidationError", message,
    )  # fmt: skip


OVER_ROLE = "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
OVER_CHAIN = "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining."


def test_more_than_the_role_s_maximum_is_an_error(host: Host, sts: Any, role: str) -> None:
    given = {"RoleArn": role, "RoleSessionName": "dev", "DurationSeconds": 3601}
    assert refusal(sts.assume_role, **given) == (400, "ValidationError", OVER_ROLE)


def test_the_role_s_maximum_comes_before_the_hour_of_chains(host: Host, alice: dict[str, str]) -> None:
    first = host.role("First", trusting(ALICE))
    short, long = (
        host.role(name, trusting(first), MaxSessionDuration=seconds) for name, seconds in (("Short", 3600), ("Long", 43200))
    )  # fmt: skip
    chained = host.client("sts", host.assume(alice, first))
    assert refusal(chained.assume_role, RoleArn=short, RoleSessionName="dev", DurationSeconds=3601)[2] == OVER_ROLE
    assert refusal(chained.assume_role, RoleArn=long, RoleSessionName="dev", DurationSeconds=3601)[2] == OVER_CHAIN
    assert refusal(chained.assume_role, RoleArn=long, RoleSessionName="dev", DurationSeconds=43200)[2] == OVER_CHAIN
    chained.assume_role(RoleArn=long, RoleSessionName="dev", DurationSeconds=3600)


def test_chaining_is_decided_by_the_caller_s_kind_of_credentials_not_by_its_account(host: Host) -> None:
    key = host.user("carol", allow("sts:*"), account=OTHER_ACCOUNT)
    role = host.role("Long", trusting(f"arn:aws:iam::{OTHER_ACCOUNT}:user/carol"), MaxSessionDuration=43200)
    host.assume(key, role, DurationSeconds=43200)


def test_a_get_session_token_session_is_no_chain(host: Host, sts: Any) -> None:
    role = host.role("Long", trusting(ALICE), MaxSessionDuration=43200)
    host.assume(sts.get_session_token()["Credentials"], role, DurationSeconds=43200)


def test_a_session_may_outlive_the_session_that_opened_it(host: Host, sts: Any) -> None:
    role = host.role("Long", trusting(ALICE), MaxSessionDuration=43200)
    parent = sts.get_session_token(DurationSeconds=900)["Credentials"]
    child = host.assume(parent, role, DurationSeconds=43200)
    host.at(1000)
    assert refusal(host.client("sts", parent).get_caller_identity)[1] == "ExpiredToken"
    host.client("sts", child).get_caller_identity()


# Refusals of its page


def denied(role: str, action: str = "sts:AssumeRole", who: str = ALICE) -> tuple[int, str, str]:
    return 403, "AccessDenied", f"User: {who} is not authorized to perform: {action} on resource: {role}"


def test_a_role_that_does_not_exist_is_refused_like_one_that_does_not_trust(host: Host, sts: Any) -> None:
    closed = host.role("Closed", trusting({"Service": "ec2.amazonaws.com"}))
    for role in (closed, closed + "x", f"arn:aws:iam::{OTHER_ACCOUNT}:role/Closed", "arn:aws:iam::999999999999:role/x"):
        assert refusal(sts.assume_role, RoleArn=role, RoleSessionName="dev") == denied(role)
        told = refusal(sts.assume_role, RoleArn=role, RoleSessionName="dev", DurationSeconds=43200, Policy="no JSON")
        assert told == denied(role)
        told = refusal(sts.assume_role, RoleArn=role, RoleSessionName="dev", SourceIdentity="alice")
        assert told == denied(role, "sts:SetSourceIdentity")


@pytest.mark.parametrize(
    "text", ["not-an-arn-but-long-enough", "arn:aws:iam::111122223333:", "arn:aws:iam:role/Deploy"]
)
def test_what_is_no_arn_is_invalid(sts: Any, text: str) -> None:
    assert refusal(sts.assume_role, RoleArn=text, RoleSessionName="dev") == (
        400,
        "ValidationError",
        f"{text} is invalid",
    )


@pytest.mark.parametrize(
    "arn",
    [ALICE, f"arn:aws:iam::{ACCOUNT}:root", f"arn:aws:sts::{ACCOUNT}:assumed-role/Deploy/dev", "arn:aws:s3:::some-bucket",
     f"arn:aws:iam::{ACCOUNT}:role/deploy", f"arn:aws-cn:iam::{ACCOUNT}:role/Deploy", f"arn:aws:iam::{ACCOUNT}:group/Deploy"],
)  # fmt: skip
def test_an_arn_of_anything_else_is_a_matter_of_permission(sts: Any, role: str, arn: str) -> None:
    assert refusal(sts.assume_role, RoleArn=arn, RoleSessionName="dev") == denied(arn)


@pytest.mark.parametrize(
    ("given", "clauses"),
    [
        ({}, ["Value null at 'roleArn' failed to satisfy constraint: Member must not be null",
              "Value null at 'roleSessionName' failed to satisfy constraint: Member must not be null"]),
        ({"RoleArn": ""}, [f"Value '' at 'roleArn' failed to satisfy constraint: Member must satisfy regular expression pattern: {REGEX}",
                           "Value '' at 'roleArn' failed to satisfy constraint: Member must have length greater than or equal to 20",
                           "Value null at 'roleSessionName' failed to satisfy constraint: Member must not be null"]),
        ({"RoleArn": "a" * 20, "RoleSessionName": "bad/name"},
         [r"Value 'bad/name' at 'roleSessionName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\w+=,.@-]*"]),
        ({"RoleArn": "a" * 20, "RoleSessionName": "é" * 2},
         [r"Value 'éé' at 'roleSessionName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\w+=,.@-]*"]),
        ({"RoleArn": "a" * 20, "RoleSessionName": "s" * 65},
         [f"Value '{'s' * 65}' at 'roleSessionName' failed to satisfy constraint: Member must have length less than or equal to 64"]),
        ({"RoleArn": "a" * 20, "RoleSessionName": "s"},
         ["Value 's' at 'roleSessionName' failed to satisfy constraint: Member must have length greater than or equal to 2"]),
        ({"RoleArn": "𐐨" * 20, "RoleSessionName": "ss"},
         [f"Value '{'𐐨' * 20}' at 'roleArn' failed to satisfy constraint: Member must satisfy regular expression pattern: {REGEX}"]),
        ({"RoleArn": "a" * 20, "RoleSessionName": "ss", "Policy": ""},
         [r"Value '' at 'policy' failed to satisfy constraint: Member must satisfy regular expression pattern: [\u0009\u000A\u000D\u0020-\u00FF]+",
          "Value '' at 'policy' failed to satisfy constraint: Member must have length greater than or equal to 1"]),
        ({"RoleArn": "a" * 20, "RoleSessionName": "ss", "ExternalId": "x"},
         ["Value 'x' at 'externalId' failed to satisfy constraint: Member must have length greater than or equal to 2"]),
        ({"RoleArn": "a" * 20, "RoleSessionName": "ss", "SourceIdentity": "aws:x"},
         [r"Value 'aws:x' at 'sourceIdentity' failed to satisfy constraint: Member must satisfy regular expression pattern: [\w+=,.@-]*"]),
        ({"RoleArn": "a" * 20, "RoleSessionName": "ss", "TokenCode": "12345"},
         ["Value '12345' at 'tokenCode' failed to satisfy constraint: Member must have length greater than or equal to 6"]),
        ({"RoleArn": "a" * 20, "RoleSessionName": "ss", "MinimumSessionTokenSize": "4097"},
         ["Value '4097' at 'minimumSessionTokenSize' failed to satisfy constraint: Member must have value less than or equal to 4096"]),
    ],
)  # fmt: skip
def test_every_broken_constraint_is_named(
    host: Host, alice: dict[str, str], given: Mapping[str, str], clauses: list[str]
) -> None:
    head = f"{len(clauses)} validation error{'s' if len(clauses) > 1 else ''} detected: "
    answer = host.query(alice, "AssumeRole", **given)
    assert answer.refusal == (400, "ValidationError", head + "; ".join(clauses))


def test_source_identities_of_256_characters_are_accepted(host: Host, alice: dict[str, str]) -> None:
    role = host.role("R", trusting(ALICE, "sts:AssumeRole", "sts:SetSourceIdentity"))
    assert host.query(alice, "AssumeRole", RoleArn=role, RoleSessionName="ss", SourceIdentity="s" * 256).status == 200
    assert host.query(alice, "AssumeRole", RoleArn=role, RoleSessionName="ss", SourceIdentity="s" * 257).status == 400


@pytest.mark.parametrize(
    ("value", "message"),
    [("abc", None), ("900.0", None), ("2147483648", None), ("9" * 40, None), ("", "missing value for decimal type")],
)
def test_a_number_that_is_none_is_malformed_input(
    host: Host, alice: dict[str, str], role: str, value: str, message: str | None
) -> None:
    answer = host.query(alice, "AssumeRole", RoleArn=role, RoleSessionName="dev", DurationSeconds=value)
    assert answer.refusal == (400, "MalformedInput", message)
    assert ("<Message>" in answer.body) == (message is not None)


@pytest.mark.parametrize("value", ["+900", "0900"])
def test_numbers_may_have_a_sign_and_zeros(host: Host, alice: dict[str, str], role: str, value: str) -> None:
    answer = host.query(alice, "AssumeRole", RoleArn=role, RoleSessionName="dev", DurationSeconds=value)
    assert answer.text("Expiration") == "2027-01-15T08:15:00Z"


def test_the_first_of_duplicate_parameters_counts_and_unknown_ones_are_ignored(
    host: Host, alice: dict[str, str], role: str
) -> None:
    form = (
        f"Action=AssumeRole&Version=2011-06-15&RoleArn={role}&RoleSessionName=first&RoleSessionName=second&Colour=red"
    )
    answer = host.ask(signed(alice, form, now=host.now))
    assert answer.text("Arn") == f"arn:aws:sts::{ACCOUNT}:assumed-role/Deploy/first"


@pytest.mark.parametrize(
    "name", ["RoleArn.x", "Tags.x.Key", "Tags.member.x.Key", "Policy.member.1", "ProvidedContexts.1"]
)
def test_a_known_parameter_is_never_ignored(host: Host, alice: dict[str, str], role: str, name: str) -> None:
    answer = host.query(alice, "AssumeRole", RoleArn=role, RoleSessionName="dev", **{name: "v"})
    assert answer.code in ("MalformedInput", "ValidationError")


def test_provided_contexts_are_refused_because_there_is_no_context_provider(sts: Any, role: str) -> None:
    contexts = [{"ProviderArn": "arn:aws:iam::aws:contextProvider/IdentityCenter", "ContextAssertion": "assertion"}]
    code, text = refusal(sts.assume_role, RoleArn=role, RoleSessionName="dev", ProvidedContexts=contexts)[1:]
    assert (code, "context" in text) == ("ValidationError", True)


# Who may not call it


def test_root_may_not_assume_roles(host: Host, role: str) -> None:
    told = refusal(host.root("sts").assume_role, RoleArn=role, RoleSessionName="dev")
    assert told == (403, "AccessDenied", "Roles may not be assumed by root accounts.")
    session = host.root("sts").get_session_token()["Credentials"]
    assert refusal(host.client("sts", session).assume_role, RoleArn=role, RoleSessionName="dev") == told


def test_federated_users_may_not_assume_roles(host: Host, admin: dict[str, str]) -> None:
    role = host.role("Open", trusting("*"))
    bob = host.client("sts", admin).get_federation_token(Name="Bob", Policy=allow("*"))["Credentials"]
    who = f"arn:aws:sts::{ACCOUNT}:federated-user/Bob"
    assert refusal(host.client("sts", bob).assume_role, RoleArn=role, RoleSessionName="dev") == denied(role, who=who)


def test_a_role_assumes_itself_only_where_its_trust_policy_names_it(
    host: Host, alice: dict[str, str], iam: Any
) -> None:
    role = host.role("Self", trusting(ALICE), allow("sts:AssumeRole"))
    session = host.client("sts", host.assume(alice, role))
    who = f"arn:aws:sts::{ACCOUNT}:assumed-role/Self/session"
    assert refusal(session.assume_role, RoleArn=role, RoleSessionName="dev") == denied(role, who=who)
    iam.update_assume_role_policy(RoleName="Self", PolicyDocument=trusting([ALICE, role]))
    session.assume_role(RoleArn=role, RoleSessionName="dev")


def test_a_new_role_and_a_new_trust_policy_count_at_once(host: Host, sts: Any, iam: Any) -> None:
    role = host.role("New", trusting({"Service": "ec2.amazonaws.com"}))
    assert refusal(sts.assume_role, RoleArn=role, RoleSessionName="dev")[1] == "AccessDenied"
    iam.update_assume_role_policy(RoleName="New", PolicyDocument=trusting(ALICE))
    sts.assume_role(RoleArn=role, RoleSessionName="dev")


# ExternalId


def test_an_external_id_is_compared_by_the_policy_and_not_echoed(host: Host, sts: Any) -> None:
    role = host.role("Vendor", trusting(ALICE, Condition={"StringEquals": {"sts:ExternalId": "customer-7"}}))
    given = {"RoleArn": role, "RoleSessionName": "dev"}
    assert "customer-7" not in str(sts.assume_role(**given, ExternalId="customer-7"))
    for wrong in ({}, {"ExternalId": "customer-8"}, {"ExternalId": "CUSTOMER-7"}):
        assert refusal(sts.assume_role, **given, **wrong) == denied(role)


def test_an_external_id_that_nobody_asks_for_does_no_harm(sts: Any, role: str) -> None:
    sts.assume_role(RoleArn=role, RoleSessionName="dev", ExternalId="customer-7:/x")


def test_sts_role_session_name_is_a_condition_key(host: Host, sts: Any) -> None:
    role = host.role("Named", trusting(ALICE, Condition={"StringLike": {"sts:RoleSessionName": "${aws:username}"}}))
    sts.assume_role(RoleArn=role, RoleSessionName="alice")
    assert refusal(sts.assume_role, RoleArn=role, RoleSessionName="bob") == denied(role)


def test_sts_duration_seconds_is_no_condition_key_of_this_operation(host: Host, sts: Any) -> None:
    role = host.role("Timed", trusting(ALICE, Condition={"Null": {"sts:DurationSeconds": "true"}}))
    sts.assume_role(RoleArn=role, RoleSessionName="dev", DurationSeconds=900)
