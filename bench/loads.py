"""What is asked, made in advance: requests signed by botocore's signers, as bytes for the wire.

Each load is a few dozen requests that differ as they would from clients (session, session name, key), so that no answer
can be one that was kept. A signature lives 15 minutes: loads are made right before they are used.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit

from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

if TYPE_CHECKING:
    from collections.abc import Callable

REGION = "us-east-1"
BUCKET = "bench-bucket"
OBJECTS = 16
SESSIONS = 8
VARIANTS = 64
KIB = bytes(range(256)) * 4
BIG = 64 << 20
AGENT = "Boto3/1.44.8 md/Botocore#1.44.8 ua/2.1 os/linux md/arch#x86_64 lang/python#3.11.7"
SESSION_POLICY = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": ["s3:GetObject", "s3:PutObject"],
                "Resource": f"arn:aws:s3:::{BUCKET}/team-a/*",
            },
            {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": f"arn:aws:s3:::{BUCKET}"},
        ],
    }
)
TAGS = {"team": "blue", "project": "falcon", "cost-center": "4711"}


@dataclass(frozen=True)
class Keys:
    """An access key, with the token of a session or without."""

    id: str
    secret: str
    token: str | None = None

    @property
    def signer(self) -> Credentials:
        return Credentials(self.id, self.secret, self.token)


@dataclass(frozen=True)
class Scene:
    """What a server was furnished with: a role, who may assume it, sessions of it, a bucket with objects in it."""

    endpoint: str
    caller: Keys
    role_arn: str
    sessions: list[Keys]
    web_role_arn: str = ""
    """A role for the bearers of tokens; empty where the server takes none."""
    tokens: tuple[str, ...] = ()


@dataclass(frozen=True)
class Load:
    """One kind of request. ``tell`` is what a right answer's body holds."""

    name: str
    make: Callable[[Scene, int], bytes]
    tell: bytes = b""


def get_caller_identity(scene: Scene, number: int) -> bytes:
    return _query(scene, _session(scene, number), {"Action": "GetCallerIdentity"})


def assume_role(scene: Scene, number: int) -> bytes:
    return _query(scene, scene.caller, _assume_role(scene, number))


def assume_role_with_policy(scene: Scene, number: int) -> bytes:
    form = {**_assume_role(scene, number), "Policy": SESSION_POLICY}
    for index, (key, value) in enumerate(TAGS.items(), 1):
        form |= {f"Tags.member.{index}.Key": key, f"Tags.member.{index}.Value": value}
    return _query(scene, scene.caller, form)


def assume_role_with_web_identity(scene: Scene, number: int) -> bytes:
    form = {
        "Action": "AssumeRoleWithWebIdentity",
        "RoleArn": scene.web_role_arn,
        "RoleSessionName": f"session-{number}",
        "WebIdentityToken": scene.tokens[number % len(scene.tokens)],
    }
    return _query(scene, None, form)


def get_small(scene: Scene, number: int) -> bytes:
    return _s3(scene, _session(scene, number), "GET", f"small-{number % OBJECTS}", b"")


def get_fixed(scene: Scene, number: int) -> bytes:
    return _s3(scene, _session(scene, number), "GET", "fixed", b"")


def put_small(scene: Scene, number: int) -> bytes:
    return _s3(scene, _session(scene, number), "PUT", f"put-{number}", KIB)


SMALL = (
    Load("GetCallerIdentity, session", get_caller_identity, b"assumed-role/bench-role/"),
    Load("AssumeRole", assume_role, b"<SessionToken>"),
    Load("AssumeRole, policy and 3 tags", assume_role_with_policy, b"<SessionToken>"),
    Load("S3 GET 1 KiB, session", get_small, KIB),
    Load("S3 PUT 1 KiB, session", put_small),
)
WEB_IDENTITY = Load("AssumeRoleWithWebIdentity, RS256", assume_role_with_web_identity, b"<SessionToken>")
FILE_FLOOR = Load("nginx: file of 1 KiB", get_small, KIB)
BODY_FLOOR = Load("nginx: fixed body of 1 KiB", get_fixed, b"x" * len(KIB))
GET_BIG = "S3 GET 64 MiB, session"
PUT_BIG = "S3 PUT 64 MiB, session"


def big_get(scene: Scene) -> bytes:
    """The head of a request for the large object."""
    return _s3(scene, scene.sessions[0], "GET", "big", b"")


def big_put(scene: Scene, digest: str) -> bytes:
    """The head of a request whose body has that SHA-256; the body follows it on the wire."""
    return _signed(scene, scene.sessions[0], Wire("PUT", f"/{BUCKET}/put-big", digest=digest, length=BIG))


def _session(scene: Scene, number: int) -> Keys:
    return scene.sessions[number % len(scene.sessions)]


def _assume_role(scene: Scene, number: int) -> dict[str, str]:
    return {"Action": "AssumeRole", "RoleArn": scene.role_arn, "RoleSessionName": f"session-{number}"}


def _query(scene: Scene, keys: Keys | None, form: dict[str, str]) -> bytes:
    body = urlencode({**form, "Version": "2011-06-15"}).encode()
    return _signed(scene, keys, Wire("POST", "/", "sts", body, length=len(body)))


def _s3(scene: Scene, keys: Keys, method: str, key: str, body: bytes) -> bytes:
    return _signed(scene, keys, Wire(method, f"/{BUCKET}/{key}", "s3", body, sha256(body).hexdigest(), len(body)))


@dataclass(frozen=True)
class Wire:
    """A request that is to be signed."""

    method: str
    path: str
    service: str = "s3"
    body: bytes = b""
    digest: str = ""
    length: int = 0


def _signed(scene: Scene, keys: Keys | None, wire: Wire) -> bytes:
    """A request on the wire; without keys it is not signed."""
    form = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"} if wire.service == "sts" else {}
    request = AWSRequest(wire.method, scene.endpoint + wire.path, headers=form, data=wire.body)
    request.context["digest"] = wire.digest
    if keys is not None:
        signer = _S3Signer if wire.service == "s3" else SigV4Auth
        signer(keys.signer, wire.service, REGION).add_auth(request)
    host = urlsplit(scene.endpoint).netloc
    lines = [
        f"{wire.method} {wire.path} HTTP/1.1",
        f"Host: {host}",
        "Accept-Encoding: identity",
        f"User-Agent: {AGENT}",
    ]
    lines += [f"{name}: {value}" for name, value in request.headers.items()]
    if wire.length:
        lines.append(f"Content-Length: {wire.length}")
    return "\r\n".join([*lines, "", ""]).encode() + wire.body


class _S3Signer(S3SigV4Auth):
    """S3's signer, told the payload's hash: a body of 64 MiB is hashed once, and not held in memory."""

    def payload(self, request: AWSRequest) -> str:
        return str(request.context["digest"])
