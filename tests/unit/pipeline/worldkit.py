"""A whole server in the test's own process: no socket, a store in memory, a clock that the test turns.

Real boto3 clients sign and parse; their HTTP requests go straight into the pipeline (botocore's ``before-send`` event).
What no client would send is signed by :mod:`signkit`. Server and signers read one clock, which stands still by itself.
"""

from __future__ import annotations

import asyncio
import functools
import hmac
import json
import os
import struct
from base64 import b32decode
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import boto3
import botocore.auth
import botocore.crt.auth
from botocore.awsrequest import AWSResponse
from botocore.config import Config as ClientConfig
from botocore.exceptions import ClientError
from defusedxml.ElementTree import fromstring
from signkit import HOST, signed

from daypass.access.authenticate import Keys
from daypass.audit import Recorder
from daypass.credentials import KeyRing
from daypass.metrics import Metrics
from daypass.objects import LocalObjects
from daypass.pipeline import answer
from daypass.protocol import Protocols
from daypass.request import Listener, Request, Response
from daypass.services.accessanalyzer import accessanalyzer
from daypass.services.iam import AccountKeys, iam, new_account
from daypass.services.mint import Mint
from daypass.services.registry import Rooms
from daypass.services.s3 import s3
from daypass.services.signin import signin
from daypass.services.sts import sts
from daypass.settings import Settings
from daypass.signing import SigningKeyCache
from daypass.store import MemoryStore
from daypass.visit import World

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

PROTOCOLS = Protocols.load()
ACCOUNT, OTHER_ACCOUNT = "111122223333", "444455556666"
START = 1_800_000_000.0
VERSIONS = {"sts": "2011-06-15", "iam": "2010-05-08"}

_SIGNING_TIME: list[float | None] = [None]
"""What botocore takes for the time while a client of a test's host signs; None is the machine's own clock."""


def _botocore_now(remove_tzinfo: bool = True) -> datetime:
    now = _SIGNING_TIME[0]
    moment = datetime.now(UTC) if now is None else datetime.fromtimestamp(now, UTC)
    return moment.replace(tzinfo=None) if remove_tzinfo else moment


for signers in (botocore.auth, botocore.crt.auth):
    signers.get_current_datetime = _botocore_now


@dataclass
class Pages:
    """A journal that keeps its lines in memory."""

    lines: list[bytes] = field(default_factory=list)
    broken: bool = False

    def append(self, line: bytes) -> None:
        self.ensure()
        self.lines.append(line)

    def ensure(self) -> None:
        if self.broken:
            raise OSError(28, "No space left on device")

    async def sync(self) -> None:
        self.ensure()

    @property
    def records(self) -> list[dict[str, Any]]:
        """The audit records, without what only the operator is told."""
        return [json.loads(line.partition(b"\t")[0]) for line in self.lines]


class Raw:
    """What botocore reads a body from."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self, *_args: Any, **_kwargs: Any) -> Any:
        yield self._body

    def read(self, *_args: Any) -> bytes:
        body, self._body = self._body, b""
        return body


@dataclass(frozen=True)
class Answer:
    """An answer on the wire."""

    status: int
    headers: dict[str, str]
    body: str

    def text(self, element: str) -> str | None:
        """The text of the first element of that name, whatever its namespace."""
        for found in fromstring(self.body).iter():
            if found.tag.rpartition("}")[2] == element:
                return found.text or ""
        return None

    @property
    def code(self) -> str | None:
        return self.text("Code")

    @property
    def message(self) -> str | None:
        return self.text("Message")

    @property
    def refusal(self) -> tuple[int, str | None, str | None]:
        """Status, code and text."""
        return self.status, self.code, self.message


@dataclass
class Host:
    """The server under test."""

    world: World
    journal: Pages
    store: MemoryStore
    accounts: dict[str, AccountKeys]
    clock: list[float]

    @property
    def now(self) -> float:
        return self.clock[0]

    def close(self) -> None:
        """Let go of the object folder, where there is one."""
        if isinstance(self.world.rooms.objects, LocalObjects):
            self.world.rooms.objects.close()

    def at(self, seconds: float) -> None:
        """Turn the clock forward."""
        self.clock[0] += seconds

    def send(self, request: Request) -> Response:
        """Through the pipeline, waiting or not."""
        answered = answer(request, self.world)
        return answered if isinstance(answered, Response) else asyncio.run(_waited(answered))

    def ask(self, request: Request) -> Answer:
        """The same, read as a client reads it."""
        response = self.send(request)
        headers = {name.decode(): value.decode("latin-1") for name, value in response.headers}
        return Answer(response.status, headers, body_of(response).decode())

    def query(self, credentials: Mapping[str, str], action: str, service: str = "sts", **parameters: str) -> Answer:
        """One signed Query call, with parameters as they stand on the wire."""
        form = {"Action": action, "Version": VERSIONS[service]} | parameters
        return self.ask(signed(credentials, form, now=self.now, service=service))

    def client(self, service: str, credentials: Mapping[str, Any], region: str = "us-east-1", **config: Any) -> Any:
        """A boto3 client of this server."""
        client = _session().client(
            service,
            aws_access_key_id=credentials["AccessKeyId"],
            aws_secret_access_key=credentials["SecretAccessKey"],
            aws_session_token=credentials.get("SessionToken"),
            region_name=region,
            endpoint_url=f"http://{HOST}",
            config=ClientConfig(retries={"total_max_attempts": 1}, parameter_validation=False, **config),
        )
        client.meta.events.register_first("before-sign", self._before_sign)
        client.meta.events.register_first("before-send", self._before_send)
        return client

    def admin(self, service: str, account: str = ACCOUNT) -> Any:
        """A client of an account's administrator."""
        return self.client(service, long_term(self.accounts[account].admin))

    def root(self, service: str, account: str = ACCOUNT) -> Any:
        """A client of an account's root user."""
        return self.client(service, long_term(self.accounts[account].root))

    def user(self, name: str, policy: str | None = None, account: str = ACCOUNT) -> dict[str, str]:
        """A new IAM user's access key."""
        iam_client = self.admin("iam", account)
        iam_client.create_user(UserName=name)
        if policy is not None:
            iam_client.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=policy)
        return dict(iam_client.create_access_key(UserName=name)["AccessKey"])

    def role(self, name: str, trust: str, policy: str | None = None, account: str = ACCOUNT, **more: Any) -> str:
        """A new role's ARN."""
        iam_client = self.admin("iam", account)
        made = iam_client.create_role(RoleName=name, AssumeRolePolicyDocument=trust, **more)
        if policy is not None:
            iam_client.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=policy)
        return str(made["Role"]["Arn"])

    def assume(self, by: Mapping[str, Any], role: str, name: str = "session", **parameters: Any) -> dict[str, Any]:
        """Credentials of a session of that role."""
        answered = self.client("sts", by).assume_role(RoleArn=role, RoleSessionName=name, **parameters)
        return dict(answered["Credentials"])

    def device(self, user: str, name: str = "", account: str = ACCOUNT) -> Device:
        """A virtual MFA device of a user, enabled; both codes that it took are used."""
        iam_client = self.admin("iam", account)
        made = iam_client.create_virtual_mfa_device(VirtualMFADeviceName=name or user)["VirtualMFADevice"]
        device = Device(self, made["SerialNumber"], b32decode(made["Base32StringSeed"]))
        codes = {"AuthenticationCode1": device.code(-1), "AuthenticationCode2": device.code()}
        iam_client.enable_mfa_device(UserName=user, SerialNumber=device.serial, **codes)
        self.at(60)
        return device

    def _before_sign(self, **_kwargs: Any) -> None:
        _SIGNING_TIME[0] = self.now

    def _before_send(self, request: Any, **_kwargs: Any) -> AWSResponse:
        _SIGNING_TIME[0] = None
        parts = urlsplit(request.url)
        body = request.body or b""
        headers = [(name.lower().encode(), _bytes(value)) for name, value in request.headers.items()]
        if not any(name == b"host" for name, _ in headers):
            headers.append((b"host", parts.netloc.encode()))
        response = self.send(
            Request(
                method=request.method,
                raw_path=(parts.path or "/").encode(),
                raw_query=parts.query.encode(),
                headers=headers,
                body=body if isinstance(body, bytes) else body.encode() if isinstance(body, str) else body.read(),
                peer="192.0.2.7",
            )
        )
        answered = {name.decode(): value.decode("latin-1") for name, value in response.headers}
        return AWSResponse(request.url, response.status, answered, Raw(body_of(response)))


@dataclass(frozen=True)
class Device:
    """A virtual MFA device (RFC 6238, written a second time)."""

    host: Host
    serial: str
    seed: bytes

    def code(self, steps: int = 0) -> str:
        """What it shows now, or that many steps of 30 seconds later."""
        mac = hmac.digest(self.seed, struct.pack(">Q", int(self.host.now // 30) + steps), "sha1")
        at = mac[-1] & 15
        return f"{(int.from_bytes(mac[at : at + 4], 'big') & 0x7FFFFFFF) % 10**6:06d}"


@functools.cache
def _session() -> boto3.Session:
    return boto3.Session()


async def _waited(answered: Any) -> Response:
    response: Response = await answered
    return response


def body_of(response: Response) -> bytes:
    """The body of an answer, read to its end."""
    body = response.body
    if isinstance(body, bytes):
        return body

    async def read() -> bytes:
        return b"".join([piece async for piece in body.pieces()])

    return asyncio.run(read())


def _bytes(value: str | bytes) -> bytes:
    return value if isinstance(value, bytes) else value.encode("latin-1")


def long_term(pair: tuple[str, Any]) -> dict[str, str]:
    """An access key as boto3 takes it."""
    return {"AccessKeyId": pair[0], "SecretAccessKey": pair[1].reveal()}


def refusal(call: Callable[..., Any], **parameters: Any) -> tuple[int, str, str]:
    """Status, code and text of the error that a boto3 call must end with."""
    try:
        answered = call(**parameters)
    except ClientError as error:
        answer_ = error.response
        return (
            answer_["ResponseMetadata"]["HTTPStatusCode"],
            answer_["Error"]["Code"],
            answer_["Error"].get("Message", ""),
        )
    raise AssertionError(f"answered {answered}")


def allow(*actions: str, resource: str | list[str] = "*", **extra: Any) -> str:
    """A policy document with one Allow statement."""
    return document({"Effect": "Allow", "Action": list(actions), "Resource": resource} | extra)


def deny(*actions: str, resource: str | list[str] = "*", **extra: Any) -> str:
    """A policy document with one Deny statement."""
    return document({"Effect": "Deny", "Action": list(actions), "Resource": resource} | extra)


def trusting(principal: Any, *actions: str, **extra: Any) -> str:
    """A trust policy with one Allow statement."""
    named = {"AWS": principal} if isinstance(principal, (list, str)) and principal != "*" else principal
    return document({"Effect": "Allow", "Principal": named, "Action": list(actions) or ["sts:AssumeRole"]} | extra)


def document(*statements: dict[str, Any]) -> str:
    """A policy document."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def make_host(folder: Path | None = None, **settings: Any) -> Host:
    """A server with two accounts; with a ``folder`` for object bytes it speaks S3 too."""
    clock = [START]

    def now() -> float:
        return clock[0]

    mint = Mint(os.urandom)
    store = MemoryStore()
    accounts = {}
    for account in (ACCOUNT, OTHER_ACCOUNT):
        accounts[account], changes = new_account(account, f"account-{account}", "", mint, now())
        store.apply(changes)
    journal = Pages()
    objects = None if folder is None else LocalObjects(folder, now=now, random=os.urandom)
    world = World(
        protocols=PROTOCOLS,
        operations={
            "sts": sts.table,
            "iam": iam.table,
            "s3": s3.table,
            "cloudtrail": {},
            "signin": signin.table,
            "access-analyzer": accessanalyzer.table,
        },
        store=store,
        keys=Keys(KeyRing.generate(os.urandom(32)), SigningKeyCache(), frozenset({"us-east-1", "eu-west-1"})),
        recorder=Recorder(PROTOCOLS.services, now, os.urandom),
        journal=journal,  # type: ignore[arg-type]
        rooms=Rooms(objects, None, None, store.view),  # type: ignore[arg-type]
        mint=mint,
        settings=Settings(**settings),
        strict=False,
        now=now,
        metrics=Metrics(),
        writing=asyncio.Lock(),
    )
    return Host(world, journal, store, accounts, clock)


SECURE = Listener("public", secure=True)
"""The door that speaks TLS."""
