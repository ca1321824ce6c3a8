"""The road that every guide to a security token service walks, with the real command line: both aws CLIs, curl and boto3.

From `daypass env` to a refused request, step by step. It is also the README's tour.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import shutil
import struct
import subprocess
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
import pytest
from clientkit import BIN, REGION, Clients, Credentials, Server, allow, clean_environment, launch, trusting

if TYPE_CHECKING:
    from collections.abc import Iterator

CLIS = {"v1": str(BIN / "aws"), "v2": "/usr/bin/aws"}


@dataclass
class Shell:
    """A person's shell: its AWS variables, and the CLI it has."""

    aws: str
    server: Server
    home: Path
    variables: dict[str, str] = field(default_factory=dict)

    def become(self, credentials: Credentials) -> Shell:
        """The same shell with other credentials exported."""
        kept = {"AWS_ENDPOINT_URL": self.server.url, "AWS_REGION": REGION, "AWS_DEFAULT_REGION": REGION}
        return Shell(self.aws, self.server, self.home, kept | credentials.environment())

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        environment = clean_environment() | {"HOME": str(self.home)} | self.variables
        if "AWS_ENDPOINT_URL" in self.variables:  # the CLI of Debian is older than the variable
            arguments = ("--endpoint-url", self.variables["AWS_ENDPOINT_URL"], *arguments)
        return subprocess.run(
            [self.aws, *arguments], capture_output=True, text=True, check=False, timeout=120, env=environment
        )

    def ok(self, *arguments: str) -> dict[str, object]:
        done = self.run(*arguments)
        assert done.returncode == 0, f"aws {' '.join(arguments)}: {done.stderr}"
        return json.loads(done.stdout) if done.stdout.startswith("{") else {}

    def refused(self, *arguments: str) -> str:
        done = self.run(*arguments)
        assert done.returncode != 0, f"aws {' '.join(arguments)} was not refused"
        return done.stderr.strip()

    def curl(self, *arguments: str, service: str, url: str = "/") -> tuple[int, str]:
        """A request signed by curl itself."""
        command = ["curl", "-sS", "-w", "\n%{http_code}", "--aws-sigv4", f"aws:amz:{REGION}:{service}",
                   "--user", f"{self.variables['AWS_ACCESS_KEY_ID']}:{self.variables['AWS_SECRET_ACCESS_KEY']}"]  # fmt: skip
        if token := self.variables.get("AWS_SESSION_TOKEN"):
            command += ["-H", f"X-Amz-Security-Token: {token}"]
        done = subprocess.run(
            [*command, *arguments, self.server.url + url], capture_output=True, text=True, check=True, timeout=60
        )
        body, _, status = done.stdout.rpartition("\n")
        return int(status), body


@pytest.fixture(scope="module")
def short_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that gives out sessions of a few seconds."""
    running = launch(tmp_path_factory.mktemp("walk") / "data", "--workers", "2", sts_minimum_duration="1")
    yield running
    assert running.stop() == 0


@pytest.fixture(params=CLIS)
def shell(request: pytest.FixtureRequest, short_server: Server, tmp_path: Path) -> Shell:
    aws = CLIS[request.param]
    if not Path(aws).exists():
        if os.environ.get("CI"):
            pytest.fail(f"{aws} is not installed: .ci/run must install it")
        pytest.skip(f"{aws} is not installed")
    return Shell(aws, short_server, tmp_path)


def totp(seed: str, now: float | None = None) -> str:
    """The code that an authenticator shows (RFC 6238), written here a second time to be independent of the server."""
    counter = int((time.time() if now is None else now) // 30)
    digest = hmac.new(base64.b32decode(seed), struct.pack(">Q", counter), hashlib.sha1).digest()
    start = digest[-1] & 15
    return f"{(int.from_bytes(digest[start : start + 4], 'big') & 0x7FFFFFFF) % 10**6:06d}"


@dataclass
class Scene:
    """What the steps of one walk share."""

    admin: Shell
    account: str
    name: str
    alice: Shell
    key_id: str

    @property
    def role_arn(self) -> str:
        return f"arn:aws:iam::{self.account}:role/reader-{self.name}"

    @property
    def bucket(self) -> str:
        return f"reports-{self.name}"

    @property
    def object(self) -> str:
        return f"s3://{self.bucket}/q3.csv"

    def assume(self, *arguments: str, role: str | None = None, session: str = "dev") -> Credentials:
        answer = self.alice.ok(
            "sts", "assume-role", "--role-arn", role or self.role_arn, "--role-session-name", session, *arguments
        )
        return Credentials.of(answer["Credentials"])  # type: ignore[arg-type]


def test_the_walk(shell: Shell, unique: str) -> None:
    """Every step of the tour, in order: each one stands on those before it."""
    scene = step_1_who_am_i(shell, unique)
    step_2_a_role_a_bucket_and_a_file(scene)
    session = step_3_assume_the_role_and_download(scene)
    step_4_refusals_of_tokens(scene, session)
    step_4_expiry(scene)
    step_4_session_policy(scene)
    step_5_mfa(scene)
    step_6_the_other_operations(scene)
    step_8_by_hand(scene)
    step_4_revocation(scene)
    step_4_trust_and_deletion(scene)
    step_7_the_trail(scene, session)


def step_1_who_am_i(shell: Shell, unique: str) -> Scene:
    printed = shell.server.cli("env").stdout
    script = f"{printed}\nenv | grep ^AWS_"
    lines = subprocess.run(
        ["sh", "-c", script], capture_output=True, text=True, check=True, timeout=10, env={"PATH": os.environ["PATH"]}
    )
    shell.variables = dict(line.split("=", 1) for line in lines.stdout.splitlines())
    assert shell.variables["AWS_ENDPOINT_URL"] == shell.server.url

    who = shell.ok("sts", "get-caller-identity")
    assert who["Arn"] == f"arn:aws:iam::{who['Account']}:user/admin"

    user = f"alice-{unique}"
    shell.ok("iam", "create-user", "--user-name", user)
    key = shell.ok("iam", "create-access-key", "--user-name", user)["AccessKey"]
    assert isinstance(key, dict)
    alice = shell.become(Credentials(key["AccessKeyId"], key["SecretAccessKey"]))
    return Scene(shell, str(who["Account"]), unique, alice, key["AccessKeyId"])


def step_2_a_role_a_bucket_and_a_file(scene: Scene) -> None:
    aws, role = scene.admin, f"reader-{scene.name}"
    aws.ok(
        "iam", "create-role", "--role-name", role,
        "--assume-role-policy-document", trusting({"AWS": f"arn:aws:iam::{scene.account}:root"}),
    )  # fmt: skip
    both = [f"arn:aws:s3:::{scene.bucket}", f"arn:aws:s3:::{scene.bucket}/*"]
    aws.ok(
        "iam", "put-role-policy", "--role-name", role, "--policy-name", "s3",
        "--policy-document", allow("s3:*", resource=both),
    )  # fmt: skip
    aws.ok("s3", "mb", f"s3://{scene.bucket}")
    report = aws.home / "q3.csv"
    report.write_text("region,revenue\nemea,41\n")
    aws.ok("s3", "cp", str(report), scene.object)


def step_3_assume_the_role_and_download(scene: Scene) -> Credentials:
    # not allowed by her own side yet
    text = scene.alice.refused("sts", "assume-role", "--role-arn", scene.role_arn, "--role-session-name", "dev")
    arn = f"arn:aws:iam::{scene.account}:user/alice-{scene.name}"
    assert text.endswith(
        "An error occurred (AccessDenied) when calling the AssumeRole operation: "
        f"User: {arn} is not authorized to perform: sts:AssumeRole on resource: {scene.role_arn}"
    )
    # a role that does not exist refuses in the same words
    absent = f"{scene.role_arn}-absent"
    text = scene.alice.refused("sts", "assume-role", "--role-arn", absent, "--role-session-name", "dev")
    assert text.endswith(f"User: {arn} is not authorized to perform: sts:AssumeRole on resource: {absent}")

    scene.admin.ok(
        "iam", "put-user-policy", "--user-name", f"alice-{scene.name}", "--policy-name", "assume",
        "--policy-document", allow("sts:AssumeRole", resource=f"arn:aws:iam::{scene.account}:role/*"),
    )  # fmt: skip
    assert "(403)" in scene.alice.refused("s3", "cp", scene.object, str(scene.admin.home / "no.csv"))

    session = scene.assume()
    shell = scene.alice.become(session)
    who = shell.ok("sts", "get-caller-identity")
    assert who["Arn"] == f"arn:aws:sts::{scene.account}:assumed-role/reader-{scene.name}/dev"
    target = scene.admin.home / "downloaded.csv"
    shell.ok("s3", "cp", scene.object, str(target))
    assert target.read_text() == "region,revenue\nemea,41\n"
    big = scene.admin.home / "big.bin"
    big.write_bytes(os.urandom(9 * 2**20))  # over 8 MB: the CLI uploads it in parts
    shell.ok("s3", "cp", str(big), f"s3://{scene.bucket}/big.bin")
    shell.ok("s3", "cp", f"s3://{scene.bucket}/big.bin", str(target))
    assert target.read_bytes() == big.read_bytes()
    return session


def step_4_refusals_of_tokens(scene: Scene, session: Credentials) -> None:
    download = ("s3", "cp", scene.object, str(scene.admin.home / "no.csv"))
    without = Credentials(session.access_key_id, session.secret_access_key)
    assert (
        scene.alice.become(without)
        .refused(*download)
        .endswith("An error occurred (403) when calling the HeadObject operation: Forbidden")
    )
    api = ("s3api", "get-object", "--bucket", scene.bucket, "--key", "q3.csv", str(scene.admin.home / "no.csv"))
    text = scene.alice.become(without).refused(*api)
    assert "(InvalidAccessKeyId)" in text

    other = scene.assume(session="other")
    mixed = Credentials(session.access_key_id, session.secret_access_key, other.session_token)
    assert "(InvalidToken)" in scene.alice.become(mixed).refused(*api)
    assert "(InvalidClientTokenId)" in scene.alice.become(mixed).refused("sts", "get-caller-identity")

    token = session.session_token or ""
    for place in (20, len(token) // 2, len(token) - 1):
        changed = token[:place] + ("A" if token[place] != "A" else "B") + token[place + 1 :]
        forged = Credentials(session.access_key_id, session.secret_access_key, changed)
        assert "(InvalidToken)" in scene.alice.become(forged).refused(*api)
        text = scene.alice.become(forged).refused("sts", "get-caller-identity")
        assert text.endswith(
            "An error occurred (InvalidClientTokenId) when calling the GetCallerIdentity operation: "
            "The security token included in the request is invalid."
        )
    wrong_secret = Credentials(session.access_key_id, other.secret_access_key, session.session_token)
    assert "(SignatureDoesNotMatch)" in scene.alice.become(wrong_secret).refused(*api)
    long_term = Credentials(scene.key_id, scene.alice.variables["AWS_SECRET_ACCESS_KEY"], session.session_token)
    assert "(InvalidToken)" in scene.alice.become(long_term).refused(*api)


def step_4_expiry(scene: Scene) -> None:
    # SDKs check AWS's least duration themselves, so this one is asked for by hand
    form = f"Action=AssumeRole&Version=2011-06-15&RoleArn={scene.role_arn}&RoleSessionName=short&DurationSeconds=2"
    status, body = scene.alice.curl("-H", "Accept: application/json", "-d", form, service="sts")
    assert status == 200, body
    answer = json.loads(body)["AssumeRoleResponse"]["AssumeRoleResult"]["Credentials"]
    shell = scene.alice.become(Credentials.of(answer))
    assert answer["Expiration"] > time.time() - 1
    time.sleep(max(0.0, answer["Expiration"] - time.time()) + 0.1)
    text = shell.refused("sts", "get-caller-identity")
    assert text.endswith(
        "An error occurred (ExpiredToken) when calling the GetCallerIdentity operation: "
        "The security token included in the request is expired"
    )
    api = ("s3api", "get-object", "--bucket", scene.bucket, "--key", "q3.csv", str(scene.admin.home / "no.csv"))
    assert "(ExpiredToken)" in shell.refused(*api)
    assert "(ExpiredToken)" in shell.refused("iam", "list-users")


def step_4_session_policy(scene: Scene) -> None:
    narrow = scene.assume("--policy", allow("sts:*"))
    api = ("s3api", "get-object", "--bucket", scene.bucket, "--key", "q3.csv", str(scene.admin.home / "no.csv"))
    text = scene.alice.become(narrow).refused(*api)
    who = f"arn:aws:sts::{scene.account}:assumed-role/reader-{scene.name}/dev"
    assert text.endswith(
        "An error occurred (AccessDenied) when calling the GetObject operation: "
        f'User: {who} is not authorized to perform: s3:GetObject on resource: "arn:aws:s3:::{scene.bucket}/q3.csv" '
        "because no session policy allows the s3:GetObject action"
    )


def step_5_mfa(scene: Scene) -> None:
    user = f"alice-{scene.name}"
    seed_file = scene.admin.home / "seed"
    device = scene.admin.ok(
        "iam", "create-virtual-mfa-device", "--virtual-mfa-device-name", user,
        "--outfile", str(seed_file), "--bootstrap-method", "Base32StringSeed",
    )["VirtualMFADevice"]  # fmt: skip
    assert isinstance(device, dict)
    serial, seed = device["SerialNumber"], seed_file.read_text().strip()
    now = time.time()
    scene.admin.ok(
        "iam", "enable-mfa-device", "--user-name", user, "--serial-number", serial,
        "--authentication-code1", totp(seed, now - 30), "--authentication-code2", totp(seed, now),
    )  # fmt: skip
    statement = {
        "Effect": "Allow", "Action": "s3:ListAllMyBuckets", "Resource": "*",
        "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}},
    }  # fmt: skip
    scene.admin.ok(
        "iam", "put-user-policy", "--user-name", user, "--policy-name", "with-mfa",
        "--policy-document", json.dumps({"Version": "2012-10-17", "Statement": statement}),
    )  # fmt: skip

    def boto(credentials: Credentials) -> Clients:
        return Clients(scene.admin.server.url, credentials)

    key = Credentials(scene.key_id, scene.alice.variables["AWS_SECRET_ACCESS_KEY"])
    sts = boto(key).sts
    code = totp(seed, now + 30)  # the codes that enabled the device are used; the next one is taken a step early
    with pytest.raises(sts.exceptions.ClientError) as wrong:
        sts.get_session_token(SerialNumber=serial, TokenCode=f"{(int(code) + 1) % 10**6:06d}")
    assert wrong.value.response["Error"]["Message"] == (
        "MultiFactorAuthentication failed with invalid MFA one time pass code. "
    )
    with_mfa = Credentials.of(sts.get_session_token(SerialNumber=serial, TokenCode=code)["Credentials"])
    assert scene.bucket in [bucket["Name"] for bucket in boto(with_mfa).s3.list_buckets()["Buckets"]]
    with pytest.raises(sts.exceptions.ClientError) as again:
        sts.get_session_token(SerialNumber=serial, TokenCode=code)
    assert again.value.response["Error"]["Code"] == "AccessDenied"

    without_mfa = Credentials.of(sts.get_session_token()["Credentials"])
    for credentials in (key, without_mfa):
        s3 = boto(credentials).s3
        with pytest.raises(s3.exceptions.ClientError) as refused:
            s3.list_buckets()
        assert refused.value.response["Error"] == {
            "Code": "AccessDenied",
            "Message": f"User: arn:aws:iam::{scene.account}:user/{user} is not authorized to perform: "
            "s3:ListAllMyBuckets because no identity-based policy allows the s3:ListAllMyBuckets action",
        }


def step_6_the_other_operations(scene: Scene) -> None:
    answer = scene.alice.ok("sts", "get-session-token")["Credentials"]
    shell = scene.alice.become(Credentials.of(answer))  # type: ignore[arg-type]
    assert str(shell.ok("sts", "get-caller-identity")["Arn"]).endswith(f":user/alice-{scene.name}")
    assert "(InvalidClientTokenId)" in shell.refused("iam", "get-user")

    answer = scene.admin.ok("sts", "get-federation-token", "--name", "bob", "--policy", allow("s3:GetObject"))
    assert answer["FederatedUser"] == {
        "FederatedUserId": f"{scene.account}:bob",
        "Arn": f"arn:aws:sts::{scene.account}:federated-user/bob",
    }
    bob = scene.admin.become(Credentials.of(answer["Credentials"]))  # type: ignore[arg-type]
    target = scene.admin.home / "bob.csv"
    bob.ok("s3api", "get-object", "--bucket", scene.bucket, "--key", "q3.csv", str(target))
    assert target.read_text().startswith("region")
    assert "(AccessDenied)" in bob.refused("s3api", "list-objects-v2", "--bucket", scene.bucket)
    text = scene.alice.refused("sts", "get-federation-token", "--name", "eve")
    assert text.endswith(
        f"User: arn:aws:iam::{scene.account}:user/alice-{scene.name} is not authorized to perform: "
        f"sts:GetFederationToken on resource: arn:aws:sts::{scene.account}:federated-user/eve "
        "because no identity-based policy allows the sts:GetFederationToken action"
    )

    info = scene.admin.ok("sts", "get-access-key-info", "--access-key-id", scene.key_id)
    assert info == {"Account": scene.account}
    assert scene.admin.ok("sts", "get-access-key-info", "--access-key-id", "ASIAQNZGKIQY56JQ7WML") == {
        "Account": "029608264753"
    }


def step_8_by_hand(scene: Scene) -> None:
    session = scene.alice.become(scene.assume())
    status, body = session.curl("-d", "Action=GetCallerIdentity&Version=2011-06-15", service="sts")
    assert (status, f"assumed-role/reader-{scene.name}/dev</Arn>" in body) == (200, True), body
    empty = hashlib.sha256(b"").hexdigest()
    path = f"/{scene.bucket}/q3.csv"
    status, body = session.curl("-H", f"x-amz-content-sha256: {empty}", service="s3", url=path)
    assert (status, body) == (200, "region,revenue\nemea,41\n")
    long_term = Shell(session.aws, session.server, session.home, dict(session.variables))
    del long_term.variables["AWS_SESSION_TOKEN"]
    status, body = long_term.curl("-H", f"x-amz-content-sha256: {empty}", service="s3", url=path)
    assert (status, "<Code>InvalidAccessKeyId</Code>" in body) == (403, True), body

    # presigned: made by boto3, fetched by a client that holds no keys
    signer = boto3.Session(
        aws_access_key_id=session.variables["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=session.variables["AWS_SECRET_ACCESS_KEY"],
        aws_session_token=session.variables["AWS_SESSION_TOKEN"],
        region_name=REGION,
    )
    for version in ("s3v4", "s3"):
        config = boto3.session.Config(signature_version=version)
        client = signer.client("s3", endpoint_url=session.server.url, config=config)
        url = client.generate_presigned_url("get_object", Params={"Bucket": scene.bucket, "Key": "q3.csv"})
        assert fetch(url) == (200, "region,revenue\nemea,41\n")
        status, body = fetch(url.replace("q3.csv", "big.bin"))
        assert (status, "<Code>SignatureDoesNotMatch</Code>" in body) == (403, True), body
    printed = session.run("s3", "presign", scene.object).stdout.strip()
    assert fetch(printed) == (200, "region,revenue\nemea,41\n")
    sts = signer.client("sts", endpoint_url=session.server.url)
    url = sts.generate_presigned_url("get_caller_identity", HttpMethod="GET")
    status, body = fetch(url)
    assert (status, f"reader-{scene.name}/dev</Arn>" in body) == (200, True), body


def fetch(url: str) -> tuple[int, str]:
    done = subprocess.run(
        ["curl", "-sS", "-w", "\n%{http_code}", url], capture_output=True, text=True, check=True, timeout=30
    )
    body, _, status = done.stdout.rpartition("\n")
    return int(status), body


def step_4_revocation(scene: Scene) -> None:
    """AWS's own way to revoke sessions: a deny on aws:TokenIssueTime."""
    before = scene.alice.become(scene.assume(session="before"))
    api = ("s3api", "get-object", "--bucket", scene.bucket, "--key", "q3.csv", str(scene.admin.home / "r.csv"))
    before.ok(*api)
    time.sleep(1.1)
    moment = datetime.now(UTC)
    revoke = {
        "Version": "2012-10-17",
        "Statement": [{
            "Effect": "Deny", "Action": ["*"], "Resource": ["*"],
            "Condition": {"DateLessThan": {"aws:TokenIssueTime": moment.strftime("%Y-%m-%dT%H:%M:%S.000Z")}},
        }],
    }  # fmt: skip
    role = f"reader-{scene.name}"
    scene.admin.ok(
        "iam", "put-role-policy", "--role-name", role, "--policy-name", "AWSRevokeOlderSessions",
        "--policy-document", json.dumps(revoke),
    )  # fmt: skip
    text = before.refused(*api)
    assert "with an explicit deny in an identity-based policy" in text
    scene.alice.become(scene.assume(session="after")).ok(*api)
    assert moment + timedelta(minutes=5) > datetime.now(UTC)


def step_4_trust_and_deletion(scene: Scene) -> None:
    live = scene.alice.become(scene.assume(session="live"))
    api = ("s3api", "get-object", "--bucket", scene.bucket, "--key", "q3.csv", str(scene.admin.home / "d.csv"))
    role = f"reader-{scene.name}"
    narrowed = trusting(
        {"AWS": f"arn:aws:iam::{scene.account}:root"}, Condition={"Bool": {"aws:SecureTransport": "true"}}
    )
    scene.admin.ok("iam", "update-assume-role-policy", "--role-name", role, "--policy-document", narrowed)
    assert "(AccessDenied)" in scene.alice.refused(
        "sts", "assume-role", "--role-arn", scene.role_arn, "--role-session-name", "late"
    )
    live.ok(*api)  # a narrowed trust policy does not touch sessions that live

    assert "(DeleteConflict)" in scene.admin.refused("iam", "delete-role", "--role-name", role)
    for policy in ("s3", "AWSRevokeOlderSessions"):
        scene.admin.ok("iam", "delete-role-policy", "--role-name", role, "--policy-name", policy)
    scene.admin.ok("iam", "delete-role", "--role-name", role)
    assert "(InvalidAccessKeyId)" in live.refused(*api)
    assert "(InvalidClientTokenId)" in live.refused("sts", "get-caller-identity")
    # made again under the same name, it is another role
    scene.admin.ok(
        "iam", "create-role", "--role-name", role,
        "--assume-role-policy-document", trusting({"AWS": f"arn:aws:iam::{scene.account}:root"}),
    )  # fmt: skip
    assert "(InvalidClientTokenId)" in live.refused("sts", "get-caller-identity")


def step_7_the_trail(scene: Scene, session: Credentials) -> None:
    def events(attribute: str, value: str) -> list[dict[str, object]]:
        found = scene.admin.ok(
            "cloudtrail", "lookup-events", "--lookup-attributes", f"AttributeKey={attribute},AttributeValue={value}"
        )["Events"]
        assert isinstance(found, list)
        return [json.loads(event["CloudTrailEvent"]) for event in found]

    by_alice = events("Username", f"alice-{scene.name}")
    assumed = [event for event in by_alice if event["eventName"] == "AssumeRole"]
    refused = [event for event in assumed if "errorCode" in event]
    assert refused
    assert {event["errorCode"] for event in refused} == {"AccessDenied"}
    granted = next(event for event in assumed if "errorCode" not in event)
    identity = granted["userIdentity"]
    assert isinstance(identity, dict)
    assert identity["arn"] == f"arn:aws:iam::{scene.account}:user/alice-{scene.name}"
    assert identity["accessKeyId"] == scene.key_id

    with_session = events("AccessKeyId", session.access_key_id)
    assert {event["eventName"] for event in with_session} == {"GetCallerIdentity"}
    created = events("EventName", "CreateAccessKey")
    assert scene.name in json.dumps(created)
    everything = json.dumps(by_alice + with_session + created)
    secrets = [session.secret_access_key, session.session_token, scene.alice.variables["AWS_SECRET_ACCESS_KEY"]]
    assert all(secret not in everything for secret in secrets if secret)


def test_the_tour_needs_curl() -> None:
    """The steps by hand are signed by curl itself, not by a library of ours."""
    assert shutil.which("curl")
