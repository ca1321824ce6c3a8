"""A whole server in the test's own process: no socket, a store in memory, a clock that the test turns.

Real boto3 clients sign and parse; their HTTP requests go straight into the pipeline (botocore's ``before-send`` event).
"""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore.awsrequest import AWSResponse
from botocore.config import Config as ClientConfig

from daypass.access.authenticate import Keys
from daypass.audit import Recorder
from daypass.credentials import KeyRing
from daypass.metrics import Metrics
from daypass.pipeline import World, answer
from daypass.protocol import Protocols
from daypass.request import Request, Response
from daypass.services.iam import AccountKeys, iam, new_account
from daypass.services.mint import Mint
from daypass.services.registry import Rooms
from daypass.services.sts import sts
from daypass.settings import Settings
from daypass.signing import SigningKeyCache
from daypass.store import MemoryStore

PROTOCOLS = Protocols.load(minimum_duration=1)
ACCOUNT, OTHER_ACCOUNT = "111122223333", "444455556666"
START = 1_800_000_000.0


@dataclass
class Pages:
    """A journal that keeps its lines in memory."""

    lines: list[bytes] = field(default_factory=list)
    broken: bool = False

    def append(self, line: bytes) -> None:
        if self.broken:
            raise OSError(28, "No space left on device")
        self.lines.append(line)

    def ensure(self) -> None:
        if self.broken:
            raise OSError(28, "No space left on device")


class Raw:
    """What botocore reads a body from."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self, *_args: Any, **_kwargs: Any) -> Any:
        yield self._body

    def read(self, *_args: Any) -> bytes:
        body, self._body = self._body, b""
        return body


@dataclass
class Host:
    """The server under test."""

    world: World
    journal: Pages
    store: MemoryStore
    accounts: dict[str, AccountKeys]
    clock: list[float]

    def at(self, seconds: float) -> None:
        """Turn the clock forward."""
        self.clock[0] += seconds

    def send(self, request: Request) -> Response:
        """Through the pipeline, waiting or not."""
        answered = answer(request, self.world)
        return answered if isinstance(answered, Response) else asyncio.run(_waited(answered))

    def client(self, service: str, credentials: dict[str, str], region: str = "us-east-1", **config: Any) -> Any:
        """A boto3 client of this server."""
        session = boto3.Session(
            aws_access_key_id=credentials["AccessKeyId"],
            aws_secret_access_key=credentials["SecretAccessKey"],
            aws_session_token=credentials.get("SessionToken"),
            region_name=region,
        )
        settings = ClientConfig(retries={"total_max_attempts": 1}, parameter_validation=False, **config)
        client = session.client(service, endpoint_url="http://localhost:4100", config=settings)
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

    def _before_send(self, request: Any, **_kwargs: Any) -> AWSResponse:
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
        assert isinstance(response.body, bytes)
        answered = {name.decode(): value.decode("latin-1") for name, value in response.headers}
        return AWSResponse(request.url, response.status, answered, Raw(response.body))


async def _waited(answered: Any) -> Response:
    response: Response = await answered
    return response


def _bytes(value: str | bytes) -> bytes:
    return value if isinstance(value, bytes) else value.encode("latin-1")


def long_term(pair: tuple[str, Any]) -> dict[str, str]:
    """An access key as boto3 takes it."""
    return {"AccessKeyId": pair[0], "SecretAccessKey": pair[1].reveal()}


def make_host(**settings: Any) -> Host:
    """A server with two accounts."""
    # boto3 signs with the real clock, so the server's begins there; tests move it on from it
    clock = [0.0]

    def now() -> float:
        return REAL() + clock[0]

    mint = Mint(os.urandom)
    store = MemoryStore()
    accounts = {}
    for account in (ACCOUNT, OTHER_ACCOUNT):
        accounts[account], changes = new_account(account, f"account-{account}", "", mint, now())
        store.apply(changes)
    journal = Pages()
    ring = KeyRing.generate(os.urandom(32))
    world = World(
        protocols=PROTOCOLS,
        operations={"sts": sts.table, "iam": iam.table, "s3": {}, "cloudtrail": {}},
        store=store,
        keys=Keys(ring, SigningKeyCache(), frozenset({"us-east-1", "eu-west-1"})),
        recorder=Recorder(PROTOCOLS.services, now, os.urandom),
        journal=journal,  # type: ignore[arg-type]
        rooms=Rooms(None, None),  # type: ignore[arg-type]
        mint=mint,
        settings=Settings(**settings),
        strict=False,
        now=now,
        metrics=Metrics(),
        writing=asyncio.Lock(),
    )
    return Host(world, journal, store, accounts, clock)


def REAL() -> float:  # noqa: N802 - the one real clock
    """The machine's clock, which the clients sign with."""
    import time  # noqa: PLC0415 - the test's only use of it

    return time.time()
