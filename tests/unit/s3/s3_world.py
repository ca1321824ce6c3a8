"""S3 without a server: operations on a directory in memory and objects in a folder, as several callers see them."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
from dataclasses import dataclass, field, replace
from functools import cache
from typing import TYPE_CHECKING, Any, cast

import pytest
from botocore.loaders import Loader
from botocore.model import ServiceModel

from daypass.access.authorize import require
from daypass.access.caller import Caller
from daypass.access.facts import RequestFacts
from daypass.credentials import KeyRing
from daypass.directory import GLOBAL, Account, Bucket, Put, User
from daypass.errors import ApiError
from daypass.objects import LocalObjects
from daypass.policy import Principal, PrincipalKind
from daypass.protocol import Protocols
from daypass.request import Request
from daypass.services.mint import Mint
from daypass.services.registry import Call, Rooms
from daypass.services.s3 import s3 as operations
from daypass.settings import Settings
from daypass.store.memory import MemoryStore

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

ACCOUNT = "111122223333"
OTHER_ACCOUNT = "444455556666"
START = 1_800_000_000
EVERYTHING = '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}'
NOBODY = Caller(Principal(PrincipalKind.ANONYMOUS, "", "anonymous"), "anonymous")


@cache
def s3_model() -> ServiceModel:
    return ServiceModel(Loader().load_service_model("s3", "service-2"), "s3")  # type: ignore[no-untyped-call]


@cache
def s3_errors() -> Any:
    return Protocols.load(minimum_duration=900).services["s3"].errors


def bytes_source() -> Callable[[int], bytes]:
    """Bytes that look random and are the same in each run."""
    drawn = 0

    def draw(count: int) -> bytes:
        nonlocal drawn
        drawn += 1
        return hashlib.shake_256(drawn.to_bytes(8, "big")).digest(count)

    return draw


class Stream:
    """A body that comes in pieces, as the server hands it on; it may break off, and have trailers."""

    def __init__(self, *parts: bytes, error: BaseException | None = None, **trailers: str) -> None:
        self._parts = parts
        self._error = error
        self._coming = {name.replace("_", "-"): value for name, value in trailers.items()}
        self.trailers: dict[str, str] = {}

    async def pieces(self) -> AsyncIterator[bytes]:
        for part in self._parts:
            yield part
        if self._error is not None:
            raise self._error
        self.trailers = self._coming

    async def read(self, limit: int) -> bytes:
        return b"".join([piece async for piece in self.pieces()])[: limit + 1]


@dataclass
class World:
    """What is the same for all callers of one test."""

    path: Path
    now: float = START
    store: MemoryStore = field(default_factory=MemoryStore)
    mint: Mint = field(default_factory=lambda: Mint(bytes_source()))
    keyring: KeyRing = field(default_factory=lambda: KeyRing.generate(hashlib.sha256(b"ring").digest()))
    region: str = "us-east-1"

    def __post_init__(self) -> None:
        self.objects = LocalObjects(self.path, now=lambda: self.now, random=bytes_source())
        for account in (ACCOUNT, OTHER_ACCOUNT):
            self.store.apply([Put(Account(account, "test", START))])

    def user(self, name: str, policy: str | None = None, account: str = ACCOUNT) -> User:
        """A user with one inline policy, if given."""
        user = User(
            account, name, "/", self.mint.unique_id("AIDA", account), START, policies=(("p", policy),) if policy else ()
        )
        self.store.apply([Put(user)])
        return user


@dataclass
class S3:
    """S3 as one caller sees it. ``s3("GetObject", Bucket="b", Key="k")`` answers the output, or raises ApiError."""

    world: World
    caller: Caller
    headers: tuple[tuple[bytes, bytes], ...] = ((b"authorization", b"AWS4-HMAC-SHA256 ..."),)
    query: bytes = b""

    def __call__(
        self, operation: str, body: Any = b"", headers: dict[str, str] | None = None, **given: Any
    ) -> dict[str, Any]:
        registered = operations.table[operation]
        call = self._call(operation, given, body, headers or {})
        assert registered.unsigned or not self.caller.is_anonymous, f"{operation} takes no anonymous callers"
        view = self.world.store.view()
        for ask in registered.needs(call, view):
            require(ask, call, view)
        if registered.directory is not None:
            output, changes = registered.directory(call, view)
        else:
            assert registered.rooms is not None
            output, changes = asyncio.run(
                _waited(
                    registered.rooms(
                        call,
                        view,
                        Rooms(self.world.objects, cast("Any", None), cast("Any", None), self.world.store.view),
                    )
                )
            )
        check_output(operation, output)
        self.world.store.apply(changes)
        return output

    def refusal(self, operation: str, **given: Any) -> ApiError:
        """The error that the call must end with, which S3's table must know."""
        with pytest.raises(ApiError) as raised:
            self(operation, **given)
        s3_errors().of(raised.value)
        return raised.value

    def code(self, operation: str, **given: Any) -> str:
        """The code of the error that the call must end with."""
        return self.refusal(operation, **given).code

    def put(self, key: str, data: bytes = b"data", bucket: str = "bucket", **given: Any) -> dict[str, Any]:
        return self("PutObject", data, Bucket=bucket, Key=key, **given)

    def get(self, key: str, bucket: str = "bucket", **given: Any) -> bytes:
        return cast("bytes", self("GetObject", Bucket=bucket, Key=key, **given)["Body"])

    def make(self, name: str = "bucket", **settings: Any) -> Bucket:
        """A bucket of the caller's account; ``settings`` are fields of its record."""
        self("CreateBucket", Bucket=name)
        bucket = self.bucket(name)
        changed = type(bucket)(**{f: settings.get(f, getattr(bucket, f)) for f in bucket.__struct_fields__})
        self.world.store.apply([Put(changed)])
        return changed

    def bucket(self, name: str = "bucket") -> Bucket:
        found = self.world.store.view().get(Bucket, GLOBAL, name)
        assert found is not None
        return found

    def open_to(self, policy: str, bucket: str = "bucket") -> None:
        """Let a bucket have this policy, whatever the public access block says."""
        self("DeletePublicAccessBlock", Bucket=bucket)
        self("PutBucketPolicy", policy.encode(), Bucket=bucket, Policy=policy)

    def as_user(self, name: str, policy: str | None = None, account: str = ACCOUNT) -> S3:
        user = self.world.user(name, policy, account)
        principal = Principal(PrincipalKind.USER, account, user.arn, direct=(user.arn, user.id))
        return replace(self, caller=Caller(principal, user.id, user=user))

    def as_root(self, account: str = ACCOUNT) -> S3:
        arn = f"arn:aws:iam::{account}:root"
        return replace(self, caller=Caller(Principal(PrincipalKind.ROOT, account, arn, direct=(arn, account)), account))

    def as_nobody(self) -> S3:
        return replace(self, caller=NOBODY, headers=())

    def presigned(self) -> S3:
        query = b"X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Date=20270115T075950Z"
        return replace(self, headers=(), query=query)

    def _call(self, operation: str, given: dict[str, Any], body: Any, headers: dict[str, str]) -> Call:
        model = s3_model().operation_model(operation)
        shape = model.input_shape
        assert shape is None or given.keys() <= shape.members.keys(), given.keys() - shape.members.keys()
        lines = [*self.headers, *((name.encode(), value.encode()) for name, value in headers.items())]
        path = f"/{given.get('Bucket', '')}/{given.get('Key', '')}".encode()
        return Call(
            service="s3",
            operation=operation,
            input=given,
            caller=self.caller,
            request=Request(model.http["method"], path, self.query, lines, body, "192.0.2.1"),
            request_id="r",
            facts=RequestFacts(now=self.world.now, source_ip="192.0.2.1", secure=False, region=self.world.region),
            mint=self.world.mint,
            keyring=self.world.keyring,
            settings=Settings(),
        )


async def _waited(result: Any) -> Any:
    """The operation's result, a download read to its end."""
    output, changes = await result
    body = output.get("Body")
    if body is not None and not isinstance(body, bytes):
        output["Body"] = b"".join([piece async for piece in body.pieces()])
        body.close()
    return output, changes


def check_output(operation: str, output: dict[str, Any]) -> None:
    """Nothing but what the model knows leaves an operation."""
    shape = s3_model().operation_model(operation).output_shape
    known = set() if shape is None else set(shape.members)
    assert output.keys() - {"HTTPStatusCode"} <= known, output.keys() - known


def policy(*statements: dict[str, Any]) -> str:
    """A policy document; what a statement leaves out is an Allow for everybody on everything in ``bucket``."""
    default = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::bucket/*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [default | statement for statement in statements]})


def allow(*actions: str, resource: str | list[str] = "*", **extra: Any) -> str:
    """An identity policy with one Allow statement."""
    statement = {"Effect": "Allow", "Action": list(actions), "Resource": resource} | extra
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def md5(data: bytes) -> str:
    return base64.b64encode(hashlib.md5(data, usedforsecurity=False).digest()).decode()


def etag(data: bytes) -> str:
    return f'"{hashlib.md5(data, usedforsecurity=False).hexdigest()}"'
