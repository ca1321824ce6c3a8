"""Encoded authorization messages from refusals to DecodeAuthorizationMessage, with boto3 and both command lines."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from clientkit import BIN, REGION, Clients, Person, Server, allow, clean_environment, launch, make_user, trusting

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MARK = "Encoded authorization failure message: "
CLIS = {"v1": str(BIN / "aws"), "v2": "/usr/bin/aws"}


@pytest.fixture(scope="module")
def telling(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server whose refusals carry a message."""
    running = launch(tmp_path_factory.mktemp("telling") / "data", "--workers", "1", access_encoded_messages="true")
    yield running
    assert running.stop() == 0


@pytest.fixture(scope="module")
def boss(telling: Server) -> Clients:
    return Clients(telling.url, telling.credentials())


@pytest.fixture
def bob(boss: Clients, unique: str) -> Person:
    return make_user(boss, unique, allow("iam:GetUser", Effect="Deny", Sid="NoLooking"))


def refused(call: Callable[..., Any], **parameters: Any) -> dict[str, Any]:
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    return dict(caught.value.response["Error"])


def test_refusals_of_iam_sts_and_cloudtrail_end_with_a_message(boss: Clients, bob: Person, unique: str) -> None:
    role = boss.iam.create_role(RoleName=unique, AssumeRolePolicyDocument=trusting({"AWS": boss.account}))["Role"][
        "Arn"
    ]
    refusals = {
        "iam:ListUsers": refused(bob.clients.iam.list_users),
        "sts:AssumeRole": refused(bob.clients.sts.assume_role, RoleArn=role, RoleSessionName="session"),
        "cloudtrail:LookupEvents": refused(bob.clients.cloudtrail.lookup_events),
    }
    for action, error in refusals.items():
        text, mark, blob = error["Message"].partition(f". {MARK}")
        assert text.startswith(f"User: {bob.arn} is not authorized to perform: {action}")
        assert mark
        document = json.loads(boss.sts.decode_authorization_message(EncodedMessage=blob)["DecodedMessage"])
        assert (document["allowed"], document["explicitDeny"]) == (False, False)
        assert document["context"]["action"] == action
    assert MARK not in refused(bob.clients.s3.list_buckets)["Message"]


def test_the_trail_shows_the_text_without_the_message(boss: Clients, bob: Person) -> None:
    refused(bob.clients.iam.list_users)
    events = boss.cloudtrail.lookup_events(LookupAttributes=[{"AttributeKey": "Username", "AttributeValue": bob.name}])[
        "Events"
    ]
    record = json.loads(events[0]["CloudTrailEvent"])
    assert record["errorMessage"].endswith("because no identity-based policy allows the iam:ListUsers action")
    assert set(record) <= {
        "eventVersion", "userIdentity", "eventTime", "eventSource", "eventName", "awsRegion", "sourceIPAddress", "userAgent",
        "errorCode", "errorMessage", "requestParameters", "responseElements", "requestID", "eventID", "readOnly",
        "eventType", "managementEvent", "recipientAccountId", "eventCategory",
    }  # fmt: skip


@pytest.fixture(params=CLIS)
def aws(request: pytest.FixtureRequest, telling: Server, tmp_path: Path) -> Callable[..., tuple[int, str]]:
    program = CLIS[request.param]
    if not Path(program).exists():
        if os.environ.get("CI"):
            pytest.fail(f"{program} is not installed: .ci/run must install it")
        pytest.skip(f"{program} is not installed")

    def run(clients: Clients, *arguments: str) -> tuple[int, str]:
        environment = (
            clean_environment()
            | clients.credentials.environment()
            | {"HOME": str(tmp_path), "AWS_REGION": REGION, "AWS_DEFAULT_REGION": REGION}
        )
        done = subprocess.run(
            [program, "--endpoint-url", telling.url, *arguments],
            capture_output=True, text=True, check=False, timeout=60, env=environment,
        )  # fmt: skip
        return done.returncode, done.stdout or done.stderr

    return run


def test_the_command_line_prints_the_message_and_decodes_it(
    aws: Callable[..., tuple[int, str]], boss: Clients, bob: Person
) -> None:
    status, text = aws(bob.clients, "iam", "get-user", "--user-name", "admin")
    assert status != 0
    assert MARK in text
    blob = text.split(MARK)[1].split()[0]
    decode = (
        "sts",
        "decode-authorization-message",
        "--query",
        "DecodedMessage",
        "--output",
        "text",
        "--encoded-message",
    )
    status, printed = aws(boss, *decode, blob)
    assert status == 0, printed
    document = json.loads(printed)
    assert [statement["statementId"] for statement in document["matchedStatements"]["items"]] == ["NoLooking"]
    assert document["context"]["principal"]["name"] == bob.name
    status, text = aws(boss, *decode, blob[:-1])
    assert "(InvalidAuthorizationMessageException)" in text
    assert "Message is not valid" in text
    status, text = aws(bob.clients, *decode, blob)
    assert "(AccessDenied)" in text
