"""The same road over HTTPS with requests that curl signs by itself, and presigned ones: no SDK and no CLI of AWS.

``curl --aws-sigv4`` signs; session tokens travel in ``X-Amz-Security-Token``. What is presigned is made by the plain rules
of Signature Version 4 below.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import struct
import subprocess
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

import pytest
from clientkit import REGION, Credentials, Server, allow, launch, trusting

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

STS, IAM = "2011-06-15", "2010-05-08"
EMPTY = hashlib.sha256(b"").hexdigest()


@dataclass(frozen=True)
class Answer:
    status: int
    body: str

    def element(self, name: str) -> str:
        found = re.search(rf"<{name}>([^<]*)</{name}>", self.body)
        assert found, f"no <{name}> in {self.body}"
        return found[1]

    @property
    def code(self) -> str:
        return self.element("Code")

    def credentials(self) -> Credentials:
        assert self.status == 200, self.body
        return Credentials(*(self.element(name) for name in ("AccessKeyId", "SecretAccessKey", "SessionToken")))


@dataclass(frozen=True)
class Curl:
    """curl, with one set of credentials."""

    server: Server
    certificate: Path
    credentials: Credentials

    def of(self, credentials: Credentials) -> Curl:
        return Curl(self.server, self.certificate, credentials)

    def request(self, service: str, path: str, *arguments: str) -> Answer:
        command = ["--aws-sigv4", f"aws:amz:{REGION}:{service}"]
        command += ["--user", f"{self.credentials.access_key_id}:{self.credentials.secret_access_key}"]
        if self.credentials.session_token:
            command += ["-H", f"X-Amz-Security-Token: {self.credentials.session_token}"]
        return self.plain(path, *command, *arguments)

    def plain(self, path: str, *arguments: str) -> Answer:
        done = subprocess.run(
            ["curl", "-sS", "-w", "\n%{http_code}", "--cacert", str(self.certificate), *arguments, self.server.url + path],
            capture_output=True, text=True, check=True, timeout=60,
        )  # fmt: skip
        body, _, status = done.stdout.rpartition("\n")
        return Answer(int(status), body)

    def query(self, service: str, version: str, action: str, **parameters: str) -> Answer:
        form = urlencode({"Action": action, "Version": version} | parameters)
        return self.request(service, "/", "-d", form)

    def sts(self, action: str, **parameters: str) -> Answer:
        return self.query("sts", STS, action, **parameters)

    def iam(self, action: str, **parameters: str) -> Answer:
        answer = self.query("iam", IAM, action, **parameters)
        assert answer.status == 200, answer.body
        return answer

    def s3(self, path: str, *arguments: str, payload: str = EMPTY) -> Answer:
        return self.request("s3", path, "-H", f"x-amz-content-sha256: {payload}", *arguments)

    def presigned(self, service: str, path: str, query: dict[str, str] | None = None) -> str:
        """Path and query of a GET that needs no further signature (SigV4 User Guide, query parameters)."""
        host = self.server.url.removeprefix("https://")
        now = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
        scope = f"{now[:8]}/{REGION}/{service}/aws4_request"
        query = (query or {}) | {
            "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
            "X-Amz-Credential": f"{self.credentials.access_key_id}/{scope}",
            "X-Amz-Date": now,
            "X-Amz-Expires": "60",
            "X-Amz-SignedHeaders": "host",
        }
        if self.credentials.session_token:
            query["X-Amz-Security-Token"] = self.credentials.session_token
        text = "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in sorted(query.items()))
        payload = "UNSIGNED-PAYLOAD" if service == "s3" else EMPTY
        request = f"GET\n{path}\n{text}\nhost:{host}\n\nhost\n{payload}"
        to_sign = f"AWS4-HMAC-SHA256\n{now}\n{scope}\n{hashlib.sha256(request.encode()).hexdigest()}"
        key = f"AWS4{self.credentials.secret_access_key}".encode()
        for part in scope.split("/"):
            key = hmac.digest(key, part.encode(), "sha256")
        return f"{path}?{text}&X-Amz-Signature={hmac.digest(key, to_sign.encode(), 'sha256').hex()}"


@pytest.fixture(scope="module")
def curl(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Curl]:
    """The administrator's curl, at a server that speaks TLS."""
    folder = tmp_path_factory.mktemp("by-hand")
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
         "-keyout", key, "-out", certificate, "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"],
        check=True, capture_output=True, timeout=30,
    )  # fmt: skip
    settings = {"tls_certificate": str(certificate), "tls_key": str(key), "sts_minimum_duration": "1"}
    server = launch(folder / "data", "--workers", "2", **settings)
    yield Curl(server, certificate, server.credentials())
    assert server.stop() == 0


def test_the_walk_by_hand(curl: Curl, tmp_path: Path) -> None:
    """Every step of the tour without a line of AWS's own software."""
    who = curl.sts("GetCallerIdentity")
    account = who.element("Account")
    assert who.element("Arn") == f"arn:aws:iam::{account}:user/admin"
    role = f"arn:aws:iam::{account}:role/reader"

    curl.iam(
        "CreateRole", RoleName="reader", AssumeRolePolicyDocument=trusting({"AWS": f"arn:aws:iam::{account}:root"})
    )
    both = ["arn:aws:s3:::reports", "arn:aws:s3:::reports/*"]
    curl.iam("PutRolePolicy", RoleName="reader", PolicyName="s3", PolicyDocument=allow("s3:*", resource=both))
    assert curl.s3("/reports", "-X", "PUT").status == 200
    report = tmp_path / "q3.csv"
    report.write_text("region,revenue\n")
    payload = hashlib.sha256(report.read_bytes()).hexdigest()
    assert curl.s3("/reports/q3.csv", "-T", str(report), payload=payload).status == 200

    curl.iam("CreateUser", UserName="alice")
    curl.iam("PutUserPolicy", UserName="alice", PolicyName="p", PolicyDocument=allow("sts:AssumeRole", resource=role))
    key = curl.iam("CreateAccessKey", UserName="alice")
    alice = curl.of(Credentials(key.element("AccessKeyId"), key.element("SecretAccessKey")))
    assert alice.s3("/reports/q3.csv").code == "AccessDenied"

    dev = alice.sts("AssumeRole", RoleArn=role, RoleSessionName="dev").credentials()
    session = alice.of(dev)
    assert session.sts("GetCallerIdentity").element("Arn") == f"arn:aws:sts::{account}:assumed-role/reader/dev"
    assert session.s3("/reports/q3.csv") == Answer(200, "region,revenue\n")

    refusals_of_tokens(alice, session, role)
    session_policy_and_expiry(alice, role)
    mfa(curl, alice, account)
    other_operations(curl, alice, account)
    presigned(session)
    revocation_and_deletion(curl, alice, session, role)
    trail(curl, alice, dev)


def refusals_of_tokens(alice: Curl, session: Curl, role: str) -> None:
    mine = session.credentials
    bare = alice.of(Credentials(mine.access_key_id, mine.secret_access_key))
    assert (bare.sts("GetCallerIdentity").status, bare.sts("GetCallerIdentity").code) == (403, "InvalidClientTokenId")
    assert (bare.s3("/reports/q3.csv").status, bare.s3("/reports/q3.csv").code) == (403, "InvalidAccessKeyId")
    other = alice.sts("AssumeRole", RoleArn=role, RoleSessionName="other").credentials()
    token = mine.session_token or ""
    for wrong in (other.session_token, token[:-4] + "AAAA", token + "AAAA", token[:-4]):
        forged = alice.of(Credentials(mine.access_key_id, mine.secret_access_key, wrong))
        assert forged.sts("GetCallerIdentity").code == "InvalidClientTokenId"
        assert forged.s3("/reports/q3.csv").code == "InvalidToken"
    stolen = alice.of(Credentials(mine.access_key_id, other.secret_access_key, token))
    assert stolen.sts("GetCallerIdentity").code == "SignatureDoesNotMatch"


def session_policy_and_expiry(alice: Curl, role: str) -> None:
    answer = alice.sts("AssumeRole", RoleArn=role, RoleSessionName="narrow", Policy=allow("sts:*"))
    refused = alice.of(answer.credentials()).s3("/reports/q3.csv")
    assert refused.code == "AccessDenied"
    assert refused.element("Message").endswith("because no session policy allows the s3:GetObject action")

    answer = alice.sts("AssumeRole", RoleArn=role, RoleSessionName="short", DurationSeconds="1")
    session = alice.of(answer.credentials())
    end = datetime.fromisoformat(answer.element("Expiration")).timestamp()
    time.sleep(max(0.0, end - time.time()) + 0.1)
    for expired in (session.sts("GetCallerIdentity"), session.s3("/reports/q3.csv")):
        assert expired.code == "ExpiredToken"
    assert session.plain(session.presigned("s3", "/reports/q3.csv")).code == "ExpiredToken"


def mfa(curl: Curl, alice: Curl, account: str) -> None:
    device = curl.iam("CreateVirtualMFADevice", VirtualMFADeviceName="alice")
    serial, seed = device.element("SerialNumber"), base64.b64decode(device.element("Base32StringSeed"))
    now = time.time()
    codes = {"AuthenticationCode1": totp(seed, now - 30), "AuthenticationCode2": totp(seed, now)}
    curl.iam("EnableMFADevice", UserName="alice", SerialNumber=serial, **codes)
    condition = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
    policy = allow("s3:ListAllMyBuckets", Condition=condition)
    curl.iam("PutUserPolicy", UserName="alice", PolicyName="mfa", PolicyDocument=policy)

    code = totp(seed, now + 30)
    with_mfa = alice.sts("GetSessionToken", SerialNumber=serial, TokenCode=code).credentials()
    assert "<Name>reports</Name>" in alice.of(with_mfa).s3("/").body
    again = alice.sts("GetSessionToken", SerialNumber=serial, TokenCode=code)
    assert again.code == "AccessDenied"
    assert again.element("Message") == "MultiFactorAuthentication failed with invalid MFA one time pass code. "
    without = alice.sts("GetSessionToken").credentials()
    assert alice.of(without).s3("/").code == "AccessDenied"
    assert alice.s3("/").code == "AccessDenied"
    assert alice.of(without).sts("GetCallerIdentity").element("Arn") == f"arn:aws:iam::{account}:user/alice"


def totp(seed: bytes, now: float) -> str:
    digest = hmac.digest(base64.b32decode(seed), struct.pack(">Q", int(now // 30)), "sha1")
    start = digest[-1] & 15
    return f"{(int.from_bytes(digest[start : start + 4], 'big') & 0x7FFFFFFF) % 10**6:06d}"


def other_operations(curl: Curl, alice: Curl, account: str) -> None:
    bob = curl.sts("GetFederationToken", Name="bob", Policy=allow("s3:GetObject"))
    assert bob.element("FederatedUserId") == f"{account}:bob"
    federated = curl.of(bob.credentials())
    assert federated.s3("/reports/q3.csv") == Answer(200, "region,revenue\n")
    assert federated.s3("/reports?list-type=2").code == "AccessDenied"
    assert alice.sts("GetFederationToken", Name="eve").code == "AccessDenied"
    info = curl.sts("GetAccessKeyInfo", AccessKeyId=alice.credentials.access_key_id)
    assert info.element("Account") == account


def presigned(session: Curl) -> None:
    assert session.plain(session.presigned("s3", "/reports/q3.csv")) == Answer(200, "region,revenue\n")
    identity = session.presigned("sts", "/", {"Action": "GetCallerIdentity", "Version": STS})
    assert session.plain(identity).element("Arn").endswith(":assumed-role/reader/dev")
    changed = session.plain(session.presigned("s3", "/reports/q3.csv").replace("q3.csv", "q4.csv", 1))
    assert (changed.status, changed.code) == (403, "SignatureDoesNotMatch")


def revocation_and_deletion(curl: Curl, alice: Curl, session: Curl, role: str) -> None:
    link = session.presigned("s3", "/reports/q3.csv")
    time.sleep(1.1)
    moment = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    deny = {
        "Effect": "Deny",
        "Action": "*",
        "Resource": "*",
        "Condition": {"DateLessThan": {"aws:TokenIssueTime": moment}},
    }
    revoke = json.dumps({"Version": "2012-10-17", "Statement": deny})
    curl.iam("PutRolePolicy", RoleName="reader", PolicyName="AWSRevokeOlderSessions", PolicyDocument=revoke)
    assert session.s3("/reports/q3.csv").code == "AccessDenied"
    assert session.plain(link).code == "AccessDenied"
    later = alice.of(alice.sts("AssumeRole", RoleArn=role, RoleSessionName="later").credentials())
    assert later.s3("/reports/q3.csv").status == 200

    nobody = trusting({"Service": "ec2.amazonaws.com"})
    curl.iam("UpdateAssumeRolePolicy", RoleName="reader", PolicyDocument=nobody)
    assert alice.sts("AssumeRole", RoleArn=role, RoleSessionName="late").code == "AccessDenied"
    assert later.s3("/reports/q3.csv").status == 200
    for policy in ("s3", "AWSRevokeOlderSessions"):
        curl.iam("DeleteRolePolicy", RoleName="reader", PolicyName=policy)
    curl.iam("DeleteRole", RoleName="reader")
    assert later.s3("/reports/q3.csv").code == "InvalidAccessKeyId"
    assert later.sts("GetCallerIdentity").code == "InvalidClientTokenId"


def trail(curl: Curl, alice: Curl, dev: Credentials) -> None:
    def look_up(key: str, value: str) -> list[dict[str, str]]:
        answer = curl.request(
            "cloudtrail", "/",
            "-H", "Content-Type: application/x-amz-json-1.1",
            "-H", "X-Amz-Target: com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.LookupEvents",
            "-d", json.dumps({"LookupAttributes": [{"AttributeKey": key, "AttributeValue": value}]}),
        )  # fmt: skip
        assert answer.status == 200, answer.body
        events: list[dict[str, str]] = json.loads(answer.body)["Events"]
        return events

    events = look_up("Username", "alice")
    records = [json.loads(event["CloudTrailEvent"]) for event in events]
    outcomes = {(record["eventName"], record.get("errorCode")) for record in records}
    assert {("AssumeRole", None), ("AssumeRole", "AccessDenied"), ("GetFederationToken", "AccessDenied")} <= outcomes
    with_session = look_up("AccessKeyId", dev.access_key_id)
    assert {event["EventName"] for event in with_session} == {"GetCallerIdentity"}
    everything = json.dumps(events + with_session)
    for secret in (dev.secret_access_key, dev.session_token, alice.credentials.secret_access_key):
        assert secret not in everything
