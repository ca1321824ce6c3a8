"""The requests of each measurement, signed by botocore before the clock starts, and the accounts that they need."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

import boto3
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import BotoCoreError, ClientError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from servers import Running

REGION = "us-east-1"
KIB = b"k" * 1024
BUCKET = "bench"
VARIANTS = 64
SESSION_POLICY = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject"], "Resource": f"arn:aws:s3:::{BUCKET}/*"},
            {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": f"arn:aws:s3:::{BUCKET}"},
        ],
    }
)
TEN_STATEMENTS = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": f"dynamodb:Action{number}", "Resource": "*"} for number in range(8)]
        + [
            {
                "Effect": "Allow",
                "Action": ["sts:AssumeRole", "sts:TagSession"],
                "Resource": "arn:aws:iam::*:role/bench*",
            },
            {"Effect": "Allow", "Action": "s3:*", "Resource": ["arn:aws:s3:::bench", "arn:aws:s3:::bench/*"]},
        ],
    }
)


@dataclass(frozen=True)
class Load:
    """One kind of request, in as many variants as a user's traffic would have."""

    name: str
    requests: list[bytes]

    def write(self, path: Path) -> None:
        """For replay.lua."""
        path.write_bytes(b"".join(b"%d\n%b" % (len(request), request) for request in self.requests))


class Scene:
    """One server, made ready: a user with a ten-statement policy, a role that trusts it, a bucket with objects."""

    def __init__(self, server: Running) -> None:
        self.server = server
        self.admin = Credentials(server.keys["id"], server.keys["secret"])
        self.user, self.session = self.admin, self.admin
        self.role = ""
        self.problem = ""
        try:
            self._make_identities()
        except (BotoCoreError, ClientError, ValueError) as error:
            self.problem = str(error)[:100]
        s3 = self.client("s3", self.admin)
        s3.create_bucket(Bucket=BUCKET)
        for number in range(VARIANTS):
            s3.put_object(Bucket=BUCKET, Key=f"k{number}", Body=KIB)

    def client(self, service: str, credentials: Credentials) -> Any:
        session = boto3.Session(credentials.access_key, credentials.secret_key, credentials.token, REGION)
        return session.client(service, endpoint_url=self.server.url, config=Config(retries={"total_max_attempts": 2}))

    def _make_identities(self) -> None:
        iam = self.client("iam", self.admin)
        iam.create_user(UserName="bench")
        iam.put_user_policy(UserName="bench", PolicyName="bench", PolicyDocument=TEN_STATEMENTS)
        key = iam.create_access_key(UserName="bench")["AccessKey"]
        user = Credentials(key["AccessKeyId"], key["SecretAccessKey"])
        account = self.client("sts", self.admin).get_caller_identity()["Account"]
        statement = {
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::{account}:root"},
            "Action": ["sts:AssumeRole", "sts:TagSession"],
        }
        trust = json.dumps({"Version": "2012-10-17", "Statement": statement})
        self.role = iam.create_role(RoleName="bench", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
        iam.put_role_policy(RoleName="bench", PolicyName="bench", PolicyDocument=TEN_STATEMENTS)
        answer = self.client("sts", user).assume_role(RoleArn=self.role, RoleSessionName="bench")["Credentials"]
        self.user = user
        self.session = Credentials(answer["AccessKeyId"], answer["SecretAccessKey"], answer["SessionToken"])

    def loads(self) -> Iterator[Load]:
        """The measurements in the order of the table."""
        yield Load("GetCallerIdentity", [self._sts(self.session, Action="GetCallerIdentity")])
        if self.role:
            plain = {"Action": "AssumeRole", "RoleArn": self.role}
            names = [f"session-{number}" for number in range(VARIANTS)]
            yield Load("AssumeRole", [self._sts(self.user, **plain, RoleSessionName=name) for name in names])
            tags = {f"Tags.member.{n}.{part}": f"{part}{n}" for n in (1, 2, 3) for part in ("Key", "Value")}
            full = plain | {"Policy": SESSION_POLICY} | tags
            yield Load("AssumeRole, policy, 3 tags", [self._sts(self.user, **full, RoleSessionName=n) for n in names])
        keys = [f"k{number}" for number in range(VARIANTS)]
        yield Load("S3 GET 1 KiB", [self._s3("GET", key, b"") for key in keys])
        yield Load("S3 PUT 1 KiB", [self._s3("PUT", f"put-{key}", KIB) for key in keys])

    def _sts(self, credentials: Credentials, **parameters: str) -> bytes:
        body = urlencode(parameters | {"Version": "2011-06-15"}).encode()
        request = AWSRequest("POST", self.server.url + "/", data=body)
        request.headers["Content-Type"] = "application/x-www-form-urlencoded; charset=utf-8"
        SigV4Auth(credentials, "sts", REGION).add_auth(request)
        return _raw(request, body)

    def _s3(self, method: str, key: str, body: bytes) -> bytes:
        request = AWSRequest(method, f"{self.server.url}/{BUCKET}/{key}", data=body)
        S3SigV4Auth(self.session, "s3", REGION).add_auth(request)
        return _raw(request, body)

    def presigned(self, operation: str, key: str) -> str:
        """A URL for one large transfer by curl."""
        client = boto3.Session(self.session.access_key, self.session.secret_key, self.session.token, REGION).client(
            "s3", endpoint_url=self.server.url, config=Config(signature_version="s3v4")
        )
        url: str = client.generate_presigned_url(operation, Params={"Bucket": BUCKET, "Key": key}, ExpiresIn=900)
        return url


def plain_get(url: str) -> Load:
    """What nginx is asked: the smallest request there is."""
    return Load("fixed 1 KiB body", [f"GET / HTTP/1.1\r\nHost: {urlsplit(url).netloc}\r\n\r\n".encode()])


def _raw(request: AWSRequest, body: bytes) -> bytes:
    parts = urlsplit(request.url)
    lines = [f"{request.method} {parts.path} HTTP/1.1", f"Host: {parts.netloc}"]
    lines += [f"{name}: {value}" for name, value in request.headers.items() if name.lower() != "host"]
    if request.method != "GET":
        lines.append(f"Content-Length: {len(body)}")
    lines.append("User-Agent: Boto3/1.44.8 md/Botocore#1.44.8 ua/2.1 os/linux lang/python#3.11")
    return "\r\n".join([*lines, "", ""]).encode() + body
