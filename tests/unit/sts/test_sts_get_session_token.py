"""STS API Reference, GetSessionToken: a user's or root user's own permissions as temporary credentials."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from worldkit import ACCOUNT, START, Host, allow, deny, refusal, trusting

if TYPE_CHECKING:
    from collections.abc import Mapping

ALICE = f"arn:aws:iam::{ACCOUNT}:user/alice"


@pytest.fixture
def sts(host: Host, alice: dict[str, str]) -> Any:
    return host.client("sts", alice)


def buckets(host: Host, credentials: Mapping[str, Any]) -> bool:
    """Whether these credentials may list buckets."""
    try:
        host.client("s3", credentials).list_buckets()
    except Exception as error:  # noqa: BLE001 - boto3 makes its classes per client
        assert "AccessDenied" in str(error)  # noqa: PT017
        return False
    return True


def test_the_answer_holds_credentials_and_their_size(sts: Any) -> None:
    answer = sts.get_session_token()
    assert answer.keys() == {"Credentials", "SessionTokenSize", "SessionTokenUtilization", "ResponseMetadata"}
    assert answer["Credentials"]["Expiration"].timestamp() == START + 43200


@pytest.mark.parametrize("seconds", [900, 43200, 129600])
def test_a_user_s_session_lives_from_15_minutes_to_36_hours(sts: Any, seconds: int) -> None:
    answer = sts.get_session_token(DurationSeconds=seconds)
    assert answer["Credentials"]["Expiration"].timestamp() == START + seconds


@pytest.mark.parametrize(("asked", "given"), [(None, 3600), (900, 900), (3600, 3600), (3601, 3600), (129600, 3600)])
def test_a_root_user_s_session_lives_an_hour_at_most_without_an_error(
    host: Host, asked: int | None, given: int
) -> None:
    parameters = {} if asked is None else {"DurationSeconds": asked}
    answer = host.root("sts").get_session_token(**parameters)
    assert answer["Credentials"]["Expiration"].timestamp() == START + given


@pytest.mark.parametrize("who", ["user", "root"])
@pytest.mark.parametrize(("seconds", "text"), [(899, "greater than or equal to 900"), (129601, "less than or equal to 129600")])  # fmt: skip
def test_durations_outside_the_range_are_an_error_for_everybody(host: Host, sts: Any, who: str, seconds: int, text: str) -> None:  # fmt: skip
    client = sts if who == "user" else host.root("sts")
    message = (
        f"1 validation error detected: Value '{seconds}' at 'durationSeconds' failed to satisfy constraint: "
        f"Member must have value {text}"
    )
    assert refusal(client.get_session_token, DurationSeconds=seconds) == (400, "ValidationError", message)


def test_the_session_is_its_user(host: Host, alice: dict[str, str], sts: Any) -> None:
    session = sts.get_session_token()["Credentials"]
    mine, its = (host.client("sts", credentials).get_caller_identity() for credentials in (alice, session))
    assert [mine[name] for name in ("Arn", "UserId", "Account")] == [its[name] for name in ("Arn", "UserId", "Account")]
    root = host.client("sts", host.root("sts").get_session_token()["Credentials"]).get_caller_identity()
    assert (root["Arn"], root["UserId"]) == (f"arn:aws:iam::{ACCOUNT}:root", ACCOUNT)


def test_no_policy_is_needed_and_none_can_deny_it(host: Host, sts: Any, iam: Any) -> None:
    sts.get_session_token()
    iam.put_user_policy(UserName="alice", PolicyName="p", PolicyDocument=deny("*"))
    boundary = iam.create_policy(PolicyName="b", PolicyDocument=deny("*"))["Policy"]["Arn"]
    iam.put_user_permissions_boundary(UserName="alice", PermissionsBoundary=boundary)
    sts.get_session_token()


def test_its_permissions_are_those_of_the_user_at_each_moment(host: Host, sts: Any, iam: Any) -> None:
    session = sts.get_session_token()["Credentials"]
    assert not buckets(host, session)
    iam.put_user_policy(UserName="alice", PolicyName="p", PolicyDocument=allow("s3:ListAllMyBuckets"))
    assert buckets(host, session)
    iam.delete_user_policy(UserName="alice", PolicyName="p")
    assert not buckets(host, session)


def test_aws_username_and_the_user_s_tags_are_there_as_for_the_user(host: Host, sts: Any, iam: Any) -> None:
    iam.tag_user(UserName="alice", Tags=[{"Key": "Dept", "Value": "a"}])
    condition = {"StringEquals": {"aws:username": "alice", "aws:PrincipalTag/dept": "a"}}
    iam.put_user_policy(UserName="alice", PolicyName="p", PolicyDocument=allow("s3:*", Condition=condition))
    assert buckets(host, sts.get_session_token()["Credentials"])


def test_minimum_session_token_size_pads_the_token(sts: Any) -> None:
    assert sts.get_session_token(MinimumSessionTokenSize=4096)["SessionTokenSize"] == 4096


@pytest.mark.parametrize(
    ("operation", "parameters"),
    [
        ("GetSessionToken", {}),
        ("GetFederationToken", {"Name": "Bob"}),
        ("GetAccessKeyInfo", {"AccessKeyId": "AKIAIOSFODNN7EXAMPLE"}),
    ],
)
@pytest.mark.parametrize("root", [False, True])
def test_a_session_may_call_nothing_else_of_sts_but_assume_role_and_get_caller_identity(
    host: Host, sts: Any, iam: Any, *, operation: str, parameters: dict[str, str], root: bool
) -> None:
    iam.put_user_policy(UserName="alice", PolicyName="p", PolicyDocument=allow("*"))
    session = (host.root("sts") if root else sts).get_session_token()["Credentials"]
    told = (403, "AccessDenied", f"Cannot call {operation} with session credentials")
    assert host.query(session, operation, **parameters).refusal == told
    assert host.query(session, "GetCallerIdentity").status == 200


def test_b9_no_session_prolongs_itself(host: Host, alice: dict[str, str], iam: Any) -> None:
    """A role's session may not call it either."""
    role = host.role("R", trusting(ALICE), allow("*"))
    session = host.assume(alice, role)
    told = (403, "AccessDenied", "Cannot call GetSessionToken with session credentials")
    assert host.query(session, "GetSessionToken").refusal == told
    told = (403, "AccessDenied", "Cannot call GetFederationToken with session credentials")
    assert host.query(session, "GetFederationToken", Name="Bob").refusal == told
