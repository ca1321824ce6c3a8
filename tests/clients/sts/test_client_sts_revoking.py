"""``daypass sessions`` beside a running server: what it lists, and that the next request of a revoked session is refused."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from clientkit import Clients, Credentials, Server, allow, make_user, trusting
from test_client_sts_sessions import Crowd, crowd  # noqa: F401 - a fixture

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor


def listed(server: Server, *flags: str) -> dict[str, dict[str, Any]]:
    lines = server.cli("sessions", "list", "--json", *flags).stdout.splitlines()
    return {session["AccessKeyId"]: session for session in map(json.loads, lines)}


def test_a_session_is_listed_revoked_and_dead_in_every_worker_at_once(
    server: Server, account: Clients, unique: str, crowd: ThreadPoolExecutor  # noqa: F811
) -> None:  # fmt: skip
    account_id = account.sts.get_caller_identity()["Account"]
    user = make_user(account, unique, allow("sts:AssumeRole", "sts:SetSourceIdentity"))
    account.iam.create_role(RoleName=unique, AssumeRolePolicyDocument=trusting({"AWS": account_id}, "sts:AssumeRole", "sts:SetSourceIdentity"))  # fmt: skip
    role = f"arn:aws:iam::{account_id}:role/{unique}"
    sts = user.clients.sts
    first = sts.assume_role(RoleArn=role, RoleSessionName="first", SourceIdentity="anna")["Credentials"]
    second = sts.assume_role(RoleArn=role, RoleSessionName="second")["Credentials"]
    voices = Crowd(Clients(server.url, Credentials.of(first)), crowd)
    assert voices.answers() == {"OK"}

    found = listed(server, "--account", account_id)
    assert found.keys() == {first["AccessKeyId"], second["AccessKeyId"]}
    session = found[first["AccessKeyId"]]
    assert session["Arn"] == f"arn:aws:sts::{account_id}:assumed-role/{unique}/first"
    assert session["OpenedBy"] == f"arn:aws:iam::{account_id}:user/{unique}"
    assert session["ExpiresAt"] == first["Expiration"].strftime("%Y-%m-%dT%H:%M:%SZ")
    assert (session["Operation"], session["SourceIdentity"], session["State"]) == ("AssumeRole", "anna", "alive")
    assert listed(server, "--principal", role).keys() == found.keys()
    assert listed(server, "--source-identity", "anna").keys() == {first["AccessKeyId"]}

    said = server.cli("sessions", "revoke", "--source-identity", "anna", "--account", account_id).stdout
    assert said.startswith(f"revoked in account {account_id}: source identity anna, issued up to ")
    assert voices.answers() == {"InvalidClientTokenId"}
    assert Crowd(Clients(server.url, Credentials.of(second)), crowd).answers() == {"OK"}
    assert listed(server, "--account", account_id).keys() == {second["AccessKeyId"]}
    assert listed(server, "--account", account_id, "--all")[first["AccessKeyId"]]["State"] == "revoked"

    trail = account.client("cloudtrail").lookup_events(
        LookupAttributes=[{"AttributeKey": "EventName", "AttributeValue": "RevokeSessions"}]
    )["Events"]
    asked = json.loads(trail[0]["CloudTrailEvent"])["requestParameters"]
    assert (asked["reach"], asked["target"]) == ("source-identity", "anna")


def test_what_cannot_be_revoked_is_said_in_one_line(server: Server) -> None:
    for flags in (["--session", "AKIANOSESSION"], ["--principal", "arn:aws:iam::111122223333:role/nobody"], ["--all", "--account", "1"],
                  ["--all", "--issued-before", "2999-01-01T00:00:00Z"], ["--session", "ASIAX", "--account", "1"]):  # fmt: skip
        done = server.cli("sessions", "revoke", *flags, check=False)
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
        assert done.stderr.startswith("daypass: ")
