"""``daypass explain`` and ``daypass policy replay`` beside a running server, on calls that boto3 made."""

from __future__ import annotations

import io
import json
import re
from contextlib import redirect_stderr, redirect_stdout
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from clientkit import Clients, Credentials, Person, Server, allow, launch, make_user, trusting

from daypass.cli.main import main

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

BUCKET = "arn:aws:s3:::reports"
FILE = f"{BUCKET}/q3.csv"


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of this file's own: replay reads the whole trail."""
    running = launch(tmp_path_factory.mktemp("explain") / "data", "--workers", "2")
    yield running
    assert running.stop() == 0


@pytest.fixture(scope="module")
def boss(own: Server) -> Clients:
    clients = Clients(own.url, own.credentials())
    clients.s3.create_bucket(Bucket="reports")
    clients.s3.put_object(Bucket="reports", Key="q3.csv", Body=b"x")
    return clients


@pytest.fixture
def person(boss: Clients, unique: str) -> Person:
    return make_user(
        boss, unique, allow("s3:GetObject", "sts:AssumeRole", resource=[f"{BUCKET}/*", "arn:aws:iam::*:role/*"])
    )


@pytest.fixture
def reader(boss: Clients, person: Person, unique: str) -> str:
    """A role that may read the bucket's objects, and that the person may open with tags and policies."""
    arn = boss.iam.create_role(
        RoleName=unique, AssumeRolePolicyDocument=trusting({"AWS": person.arn}, "sts:AssumeRole", "sts:TagSession")
    )["Role"]["Arn"]
    boss.iam.put_role_policy(
        RoleName=unique,
        PolicyName="reports",
        PolicyDocument=allow("s3:GetObject", "s3:ListBucket", resource=[BUCKET, f"{BUCKET}/*"]),
    )
    return str(arn)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where a proposed policy is written."""
    return tmp_path / "proposed.json"


def refused(call: Callable[..., Any], **parameters: Any) -> str:
    """The request id of a call that must be refused."""
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    return str(caught.value.response["ResponseMetadata"]["RequestId"])


def command(own: Server, *arguments: str) -> tuple[int, str, str]:
    """The command beside the server, in this process: starting one for each takes longer than what it does."""
    printed, complained = io.StringIO(), io.StringIO()
    with redirect_stdout(printed), redirect_stderr(complained):
        status = main([*arguments, "--data", str(own.data)])
    return status, printed.getvalue(), complained.getvalue()


def explain(own: Server, *arguments: str) -> dict[str, Any]:
    status, printed, complained = command(own, "explain", *arguments, "--json")
    assert (status, complained) == (0, "")
    return dict(json.loads(printed))


def replay(own: Server, *arguments: str) -> tuple[int, dict[str, Any]]:
    status, printed, complained = command(own, "policy", "replay", *arguments, "--json")
    assert complained == ""
    return status, json.loads(printed)


# explain: a request that might be made


def test_a_request_that_would_be_allowed_says_by_which_statement(own: Server, reader: str) -> None:
    told = explain(own, "--principal", reader, "--action", "s3:GetObject", "--resource", FILE)
    assert told["Decision"] == "allow"
    (statement,) = told["Layers"][0]["Statements"]
    assert (statement["Policy"], statement["Index"], statement["Line"], statement["Matches"]) == ("reports", 0, 1, True)
    assert told["Changes"] == []


def test_a_request_that_would_be_refused_says_what_is_missing_and_that_is_enough(
    own: Server, boss: Clients, reader: str, unique: str
) -> None:
    asked = ("--principal", reader, "--action", "s3:DeleteObject", "--resource", FILE)
    told = explain(own, *asked)
    assert told["Decision"] == "implicitDeny"
    assert told["Because"] == "because no identity-based policy allows the s3:DeleteObject action"
    (change,) = told["Changes"]
    assert change["To"] == f"an identity-based policy of role {unique}"
    document = json.dumps({"Version": "2012-10-17", "Statement": change["Statement"]})
    boss.iam.put_role_policy(RoleName=unique, PolicyName="more", PolicyDocument=document)
    assert explain(own, *asked)["Decision"] == "allow"


def test_context_keys_are_given_and_missing_ones_are_told(own: Server, boss: Clients, person: Person) -> None:
    policy = allow("iam:ListUsers", Condition={"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}})
    boss.iam.put_user_policy(UserName=person.name, PolicyName="office", PolicyDocument=policy)
    asked = ("--principal", person.arn, "--action", "iam:ListUsers")
    told = explain(own, *asked)
    assert told["MissingContextKeys"] == ["aws:SourceIp"]
    (near,) = told["Changes"][0]["OrMeet"]
    assert near["Failures"][0] == {
        "Part": "Condition", "Operator": "IpAddress", "Key": "aws:SourceIp", "Wanted": ["203.0.113.0/24"],
        "Actual": None, "MissingKeys": ["aws:SourceIp"],
    }  # fmt: skip
    assert explain(own, *asked, "--context", "aws:SourceIp=203.0.113.9")["Decision"] == "allow"
    assert explain(own, *asked, "--context", "aws:SourceIp=198.51.100.1")["Decision"] == "implicitDeny"


def test_bucket_policies_and_trust_policies_have_their_say(
    own: Server, boss: Clients, person: Person, reader: str
) -> None:
    told = explain(own, "--principal", person.arn, "--action", "sts:AssumeRole", "--resource", reader)
    assert told["Decision"] == "allow"
    assert [layer["Layer"] for layer in told["Layers"]] == ["role trust policy", "identity-based policy"]
    boss.s3.create_bucket(Bucket=f"{person.name}-bucket")
    arn = f"arn:aws:s3:::{person.name}-bucket"
    statement = {"Sid": "No", "Effect": "Deny", "Principal": "*", "Action": "s3:GetObject", "Resource": f"{arn}/*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": statement})
    boss.s3.put_bucket_policy(Bucket=f"{person.name}-bucket", Policy=policy)
    asked = ("--principal", "anonymous", "--action", "s3:GetObject", "--resource", f"{arn}/k")
    told = explain(own, *asked)
    assert told["Because"].startswith("because RestrictPublicBuckets keeps strangers out of the bucket")
    assert (told["Decision"], told["Changes"]) == ("explicitDeny", [])
    boss.s3.delete_public_access_block(Bucket=f"{person.name}-bucket")
    told = explain(own, *asked)
    assert told["Because"] == "with an explicit deny in a resource-based policy"
    assert told["Changes"][0]["Sid"] == "No"


def test_a_session_policy_may_be_tried(own: Server, reader: str, tmp_path: Path) -> None:
    file = tmp_path / "session.json"
    file.write_text(allow("s3:ListBucket"))
    told = explain(
        own, "--principal", reader, "--action", "s3:GetObject", "--resource", FILE, "--session-policy", str(file)
    )
    assert told["Because"] == "because no session policy allows the s3:GetObject action"


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ((), "give either the request id of a recorded call, or --principal and --action"),
        (("x", "--action", "s3:GetObject"), "give either the request id of a recorded call, or --principal and --action"),
        (("--action", "s3:GetObject"), "--principal and --action go together"),
        (("--principal", "bob", "--action", "s3:GetObject"), "bob is no ARN of a user, a role, a role's session, a root user or an identity provider"),
        (("--principal", "arn:aws:iam::111122223333:user/bob", "--action", "s3:GetObject"), "there is no arn:aws:iam::111122223333:user/bob here"),
        (("--principal", "anonymous", "--action", "s3:*"), "s3:* is no action: give one such as s3:GetObject"),
        (("--principal", "anonymous", "--action", "s3:GetObject", "--resource", "b/k"), "b/k is no ARN"),
        (("0123456789ABCDEF",), "there is no request 0123456789ABCDEF in the trail"),
    ],
)  # fmt: skip
def test_what_cannot_be_explained_is_said_in_one_line(own: Server, arguments: tuple[str, ...], complaint: str) -> None:
    assert command(own, "explain", *arguments) == (2, "", f"daypass: {complaint}\n")


# explain: a request that was made


def test_a_refused_call_is_explained_by_the_id_that_its_client_saw(own: Server, person: Person) -> None:
    told = explain(own, refused(person.clients.s3.list_objects_v2, Bucket="reports", Prefix="a/"))
    assert (told["EventName"], told["ErrorCode"], told["Principal"]) == ("ListObjects", "AccessDenied", person.arn)
    (question,) = told["Questions"]
    assert question["Then"] == {"Decision": "implicitDeny", "DeniedBy": [], "SilentLayers": ["identity-based policy"]}
    assert question["Now"]["Decision"] == "implicitDeny"
    assert question["Now"]["Context"]["s3:prefix"] == "a/"
    text = own.cli("explain", told["RequestId"]).stdout
    assert "Then: REFUSED  s3:ListBucket on arn:aws:s3:::reports\n  no identity-based policy allowed it\n" in text
    assert '  {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::reports"}\n' in text


def test_then_and_now_are_told_apart(own: Server, boss: Clients, person: Person) -> None:
    request_id = refused(person.clients.iam.list_users)
    boss.iam.put_user_policy(UserName=person.name, PolicyName="more", PolicyDocument=allow("iam:ListUsers"))
    (question,) = explain(own, request_id)["Questions"]
    assert (question["Then"]["Decision"], question["Now"]["Decision"]) == ("implicitDeny", "allow")


def test_what_a_session_brought_along_counts(own: Server, person: Person, reader: str) -> None:
    session = person.clients.assume(reader, Policy=allow("s3:ListBucket"), Tags=[{"Key": "team", "Value": "red"}])
    (question,) = explain(own, refused(session.s3.get_object, Bucket="reports", Key="q3.csv"))["Questions"]
    assert question["Now"]["Because"] == "because no session policy allows the s3:GetObject action"
    assert question["Now"]["Context"]["aws:PrincipalTag/team"] == "red"


def test_what_a_role_hides_from_its_caller_is_told_the_operator(own: Server, boss: Clients, unique: str) -> None:
    stranger = make_user(boss, unique, allow("sts:AssumeRole"))
    account = boss.account
    absent = f"arn:aws:iam::{account}:role/absent"
    told = explain(own, refused(stranger.clients.sts.assume_role, RoleArn=absent, RoleSessionName="session"))
    assert told["Reason"] == f"there is no role {absent}"
    assert told["Questions"] == []


def test_a_call_with_a_wrong_key_is_found_too(own: Server) -> None:
    nobody = Clients(own.url, Credentials("AKIAIOSFODNN7EXAMPLE", "x"))
    told = explain(own, refused(nobody.sts.get_caller_identity))
    assert (told["ErrorCode"], told["Reason"], told["Questions"]) == ("InvalidClientTokenId", "unknown key", [])


def test_who_is_gone_cannot_be_asked_again(own: Server, boss: Clients, unique: str) -> None:
    gone = make_user(boss, unique)
    request_id = refused(gone.clients.iam.list_users)
    boss.iam.delete_access_key(UserName=unique, AccessKeyId=gone.clients.credentials.access_key_id)
    boss.iam.delete_user(UserName=unique)
    (question,) = explain(own, request_id)["Questions"]
    assert (question["Now"], question["NotNow"]) == (None, f"{gone.arn} is gone")


# replay


def test_unchanged_policies_decide_as_before(own: Server, person: Person, reader: str) -> None:
    person.clients.s3.get_object(Bucket="reports", Key="q3.csv")
    session = person.clients.assume(reader, Tags=[{"Key": "team", "Value": "red"}], Policy=allow("s3:*"))
    session.s3.list_objects_v2(Bucket="reports")
    refused(session.iam.list_users)
    for principal in (person.arn, reader):
        status, told = replay(own, "--principal", principal)
        assert (status, told["Differences"], told["NotReplayed"]) == (0, [], {})
        assert told["Replayed"] >= 2


def test_a_changed_policy_shows_exactly_what_differs_in_both_directions(
    own: Server, boss: Clients, person: Person, reader: str, unique: str
) -> None:
    session = person.clients.assume(reader)
    session.s3.get_object(Bucket="reports", Key="q3.csv")
    session.s3.list_objects_v2(Bucket="reports")
    refused(session.s3.delete_object, Bucket="reports", Key="q3.csv")
    refused(session.iam.list_users)
    policy = allow("s3:ListBucket", "s3:DeleteObject", resource=[BUCKET, f"{BUCKET}/*"])
    boss.iam.put_role_policy(RoleName=unique, PolicyName="reports", PolicyDocument=policy)
    status, told = replay(own, "--principal", reader)
    differences = [(each["Action"], each["Then"], each["Now"]) for each in told["Differences"]]
    assert status == 1
    assert sorted(differences) == [
        ("s3:DeleteObject", "implicitDeny", "allow"),
        ("s3:GetObject", "allow", "implicitDeny"),
    ]
    text = own.cli("policy", "replay", "--principal", reader, check=False).stdout
    assert re.search(
        r"allowed then, refused now: s3:GetObject on arn:aws:s3:::reports/q3\.csv\n  by .*/test, at ", text
    )
    assert f"{told['Replayed']} decisions made again, 2 of them differ\n" in text


def test_a_proposed_policy_is_tried_without_being_stored(
    own: Server, boss: Clients, person: Person, reader: str, file: Path
) -> None:
    session = person.clients.assume(reader)
    session.s3.get_object(Bucket="reports", Key="q3.csv")
    refused(session.iam.list_users)
    file.write_text(allow("iam:ListUsers"))
    where = ("--principal", reader)
    status, told = replay(own, *where, "--policy", str(file), reader)
    assert [(each["Action"], each["Now"], each["WithoutProposal"]) for each in told["Differences"]] == [
        ("s3:GetObject", "implicitDeny", "allow"),
        ("iam:ListUsers", "allow", "implicitDeny"),
    ]
    assert status == 1
    status, told = replay(own, *where, "--add-policy", str(file), reader)
    assert [each["Action"] for each in told["Differences"]] == ["iam:ListUsers"]
    assert boss.iam.list_role_policies(RoleName=reader.rpartition("/")[2])["PolicyNames"] == ["reports"]
    assert replay(own, *where)[0] == 0


def test_proposals_reach_groups_managed_policies_buckets_and_trust(
    own: Server, boss: Clients, person: Person, reader: str, file: Path
) -> None:
    def differing(flag: str, text: str, target: str) -> list[tuple[str, str]]:
        file.write_text(text)
        told = replay(own, "--principal", person.arn, flag, str(file), target)[1]
        return [(each["Action"], each["Now"]) for each in told["Differences"]]

    unique = person.name
    group = boss.iam.create_group(GroupName=unique)["Group"]["Arn"]
    boss.iam.add_user_to_group(GroupName=unique, UserName=person.name)
    managed = boss.iam.create_policy(PolicyName=unique, PolicyDocument=allow("iam:GetUser"))["Policy"]["Arn"]
    boss.iam.attach_user_policy(UserName=person.name, PolicyArn=managed)
    person.clients.s3.get_object(Bucket="reports", Key="q3.csv")
    person.clients.assume(reader)
    refused(person.clients.iam.list_users)
    assert differing("--policy", allow("iam:ListUsers"), group) == [("iam:ListUsers", "allow")]
    assert differing("--policy", allow("iam:List*"), managed) == [("iam:ListUsers", "allow")]
    deny = {"Effect": "Deny", "Principal": {"AWS": person.arn}, "Action": "s3:*", "Resource": f"{BUCKET}/*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": deny})
    assert differing("--policy", document, "reports") == [("s3:GetObject", "explicitDeny")]
    assert differing("--trust-policy", trusting({"AWS": person.arn}, "sts:TagSession"), reader) == [
        ("sts:AssumeRole", "implicitDeny")
    ]


def test_a_policy_that_looks_at_what_was_not_kept_is_not_decided_again(own: Server, boss: Clients, unique: str) -> None:
    policy = allow("iam:ListUsers", Condition={"StringLike": {"aws:Referer": "https://console.example.com/*"}})
    user = make_user(boss, unique, policy)
    client = user.clients.client("iam", user_agent="x")
    client.meta.events.register(
        "before-sign", lambda request, **_: request.headers.add_header("Referer", "https://a.example/?s3cret")
    )
    refused(client.list_users)
    status, told = replay(own, "--principal", user.arn)
    assert (status, told["Replayed"]) == (0, 0)
    assert told["NotReplayed"] == {"a policy looks at aws:referer, whose value is not kept": 1}
    assert not any(b"s3cret" in file.read_bytes() for file in own.data.glob("journal/*.jsonl"))


def test_a_time_bounds_what_is_replayed(own: Server, person: Person) -> None:
    person.clients.s3.get_object(Bucket="reports", Key="q3.csv")
    assert replay(own, "--principal", person.arn, "--until", "2020-01-01T00:00:00Z")[1]["Replayed"] == 0
    assert replay(own, "--principal", person.arn, "--since", "2020-01-01T00:00:00Z")[1]["Replayed"] == 1


@pytest.mark.parametrize(
    "case",
    [
        ("{", "arn:aws:iam::{a}:user/admin", "the policy for arn:aws:iam::{a}:user/admin is refused"),
        (allow("s3:*"), "arn:aws:iam::{a}:user/absent", "there is no arn:aws:iam::{a}:user/absent here"),
        (allow("s3:*"), "no-such-bucket", "no-such-bucket is no bucket here, and no ARN of a user, group, role or managed policy"),
    ],
)  # fmt: skip
def test_a_proposal_that_could_not_be_stored_is_refused(
    own: Server, boss: Clients, file: Path, case: tuple[str, str, str]
) -> None:
    text, target, complaint = case
    file.write_text(text)
    account = boss.account
    status, _, complained = command(own, "policy", "replay", "--policy", str(file), target.replace("{a}", account))
    assert status == 2
    assert complained.startswith("daypass: " + complaint.replace("{a}", account))


def test_what_was_not_kept_is_counted(start_server: Callable[..., Server]) -> None:
    quiet = start_server("--workers", "1", audit_decisions="off")
    admin = Clients(quiet.url, quiet.credentials())
    admin.iam.list_users()
    status, told = replay(quiet)
    assert (status, told["Replayed"]) == (0, 0)
    assert list(told["NotReplayed"]) == ["nothing was kept of how it was decided (audit.decisions)"]
