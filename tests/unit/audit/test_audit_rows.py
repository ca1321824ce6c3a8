"""What the index holds of a record, and what a record says of keys and roles used (LookupEvents, the Event data type)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from audit_calls import ACCOUNT, ANONYMOUS, NOW, call, federated_user, recorder, role_session, root, session, user

from daypass.audit.rows import read_head
from daypass.credentials import SessionKind
from daypass.store.interface import Use

if TYPE_CHECKING:
    from daypass.access.caller import Caller
    from daypass.audit import Recorded
    from daypass.services.registry import Call


def recorded(made: Call, output: dict[str, Any] | None = None) -> Recorded:
    return recorder().of(
        service=made.service,
        operation=made.operation,
        request_id="r",
        request=made.request,
        facts=made.facts,
        status=200,
        caller=made.caller,
        call=made,
        owner=ACCOUNT,
        output=output,
    )[0]


def test_a_row_has_what_an_event_is_looked_up_by() -> None:
    one = recorded(call("iam", "CreateUser", {"UserName": "bob"}))
    row = one.row()
    assert (row.account, row.region, row.time, row.name) == (ACCOUNT, "us-east-1", int(NOW), "CreateUser")
    assert (row.source, row.username, row.access_key_id) == ("iam.amazonaws.com", "alice", "AKIAQRSTUVWXYZEXAMPLE")
    assert (row.read_only, row.category) == (False, "Management")
    assert row.record == one.line
    assert row.id in one.line.decode()


@pytest.mark.parametrize(
    ("caller", "username"),
    [(user(), "alice"), (root(), "root"), (role_session(), "s1"), (federated_user(), "Bob"), (ANONYMOUS, None)],
)
def test_callers_are_looked_up_by_these_names(caller: Caller, username: str | None) -> None:
    assert recorded(call("s3", "GetBucketPolicy", {"Bucket": "b"}, caller)).row().username == username


@pytest.mark.parametrize(
    ("service", "operation", "parameters", "output", "expected"),
    [
        (
            "iam",
            "CreateUser",
            {"UserName": "bob"},
            {"User": {"UserName": "bob", "UserId": "AIDABOB", "Arn": "arn:aws:iam::111122223333:user/bob"}},
            {
                ("AWS::IAM::User", "bob"),
                ("AWS::IAM::User", "AIDABOB"),
                ("AWS::IAM::User", "arn:aws:iam::111122223333:user/bob"),
            },
        ),
        (
            "iam",
            "AttachRolePolicy",
            {"RoleName": "dev", "PolicyArn": "arn:p"},
            {},
            {("AWS::IAM::Role", "dev"), ("AWS::IAM::Policy", "arn:p")},
        ),
        (
            "sts",
            "AssumeRole",
            {"RoleArn": "arn:aws:iam::111122223333:role/dev"},
            {
                "Credentials": {"AccessKeyId": "ASIANEW"},
                "AssumedRoleUser": {"AssumedRoleId": "AROA:x", "Arn": "arn:sts"},
            },
            {
                ("AWS::IAM::Role", "arn:aws:iam::111122223333:role/dev"),
                ("AWS::IAM::AccessKey", "ASIANEW"),
                ("AWS::STS::AssumedRole", "AROA:x"),
                ("AWS::STS::AssumedRole", "arn:sts"),
            },
        ),
        (
            "s3",
            "CreateBucket",
            {"Bucket": "b"},
            {},
            {("AWS::S3::Bucket", "b"), ("AWS::S3::Bucket", "arn:aws:s3:::b")},
        ),
        ("sts", "GetCallerIdentity", {}, {}, set()),
    ],
)
def test_resources_come_from_parameters_and_answer(
    service: str, operation: str, parameters: dict[str, Any], output: dict[str, Any], expected: set[tuple[str, str]]
) -> None:
    resources = recorded(call(service, operation, parameters), output).row().resources
    assert set(resources) == expected
    assert len(resources) == len(expected)


def uses(made: Call) -> list[Use]:
    return read_head(recorded(made).line).uses()


def test_a_call_uses_the_long_term_key_that_signed_it() -> None:
    assert uses(call("s3", "ListBuckets", {})) == [Use("AKIAQRSTUVWXYZEXAMPLE", int(NOW), "s3", "us-east-1")]


def test_a_role_session_uses_its_role() -> None:
    made = call("s3", "GetObject", {"Bucket": "b", "Key": "k"}, role_session())
    assert uses(made) == [Use("AROAQRSTUVWXYZEXAMPLE", int(NOW), "s3", "us-east-1")]


def test_other_sessions_use_neither_key_nor_role() -> None:
    assert uses(call("s3", "ListBuckets", {}, federated_user())) == []
    held = user(with_session=session(SessionKind.USER))
    assert uses(call("s3", "ListBuckets", {}, held)) == []


def test_a_caller_who_proved_nothing_uses_nothing() -> None:
    """A key id that was only claimed must not look used."""
    line = recorded(call("s3", "ListBuckets", {})).line
    claimed = line.replace(b'"recipientAccountId":"111122223333"', b'"recipientAccountId":""')
    assert read_head(claimed).uses() == []
