"""Callers and calls for the tests of the audit: one of every kind, with canaries where secrets would be."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import msgspec

from daypass.access.caller import Caller
from daypass.access.facts import RequestFacts
from daypass.arns import assumed_role_arn, federated_user_arn, root_arn
from daypass.audit import Recorder
from daypass.credentials import ChainRoot, KeyRing, Secret, Session, SessionKind
from daypass.directory import Role, User
from daypass.policy import Principal, PrincipalKind
from daypass.protocol.errors import ErrorTable
from daypass.protocol.models import load_model
from daypass.request import Request
from daypass.services.mint import Mint
from daypass.services.registry import Call
from daypass.settings import Settings

if TYPE_CHECKING:
    from daypass.errors import ApiError

ACCOUNT, OTHER = "111122223333", "777788889999"
NOW = datetime(2026, 11, 24, 15, 7, 39, 250_000, tzinfo=UTC).timestamp()
BEGAN = int(datetime(2026, 11, 24, 15, 0, tzinfo=UTC).timestamp())
CANARY = "canary-that-must-never-be-recorded"

ALICE = User(ACCOUNT, "alice", "/team/", "AIDAQRSTUVWXYZEXAMPLE", 0)
DEV = Role(ACCOUNT, "dev", "/team/", "AROAQRSTUVWXYZEXAMPLE", 0, trust="{}")

_counter = itertools.count()


def random(count: int) -> bytes:
    """Different bytes each time, and never a secret."""
    return (next(_counter) << 8).to_bytes(count)


def _service(name: str) -> Any:
    model = load_model(name)
    return SimpleNamespace(name=name, model=model, errors=ErrorTable(name, model))


SERVICES = {name: _service(name) for name in ("sts", "iam", "s3", "cloudtrail")}


def recorder(now: float = NOW) -> Recorder:
    return Recorder(SERVICES, lambda: now, random)


def session(kind: SessionKind, **more: Any) -> Session:
    facts = {
        "access_key_id": "ASIAQRSTUVWXYZEXAMPLE",
        "secret": Secret(CANARY),
        "kind": kind,
        "account": ACCOUNT,
        "principal_id": DEV.id,
        "principal_name": "dev",
        "issued_at": BEGAN,
        "expires_at": BEGAN + 3600,
        "chain_root": ChainRoot("AKIAQRSTUVWXYZEXAMPLE", BEGAN),
        "region": "us-east-1",
        "session_name": "s1",
    }
    return Session(**(facts | more))


def principal(kind: PrincipalKind, arn: str, account: str = ACCOUNT) -> Principal:
    return Principal(kind=kind, account=account, arn=arn)


def user(account: str = ACCOUNT, with_session: Session | None = None) -> Caller:
    record = msgspec.structs.replace(ALICE, account=account)
    key = with_session.access_key_id if with_session else "AKIAQRSTUVWXYZEXAMPLE"
    return Caller(principal(PrincipalKind.USER, record.arn, account), record.id, key, user=record, session=with_session)


def root(with_session: Session | None = None) -> Caller:
    return Caller(
        principal(PrincipalKind.ROOT, root_arn(ACCOUNT)), ACCOUNT, "AKIAQRSTUVWXYZROOTKEY", session=with_session
    )


def role_session(**more: Any) -> Caller:
    held = session(SessionKind.ROLE, **more)
    arn = assumed_role_arn(ACCOUNT, "dev", "s1")
    return Caller(
        principal(PrincipalKind.ROLE_SESSION, arn), f"{DEV.id}:s1", held.access_key_id, role=DEV, session=held
    )


def federated_user(parent: User | None = ALICE) -> Caller:
    held = session(SessionKind.FEDERATED_USER, session_name="Bob")
    arn = federated_user_arn(ACCOUNT, "Bob")
    return Caller(
        principal(PrincipalKind.FEDERATED_USER, arn), f"{ACCOUNT}:Bob", held.access_key_id, user=parent, session=held
    )


ANONYMOUS = Caller(principal(PrincipalKind.ANONYMOUS, "anonymous", ""), "anonymous")


def request(**more: Any) -> Request:
    facts = {
        "method": "POST",
        "raw_path": b"/",
        "raw_query": b"",
        "headers": [(b"host", b"localhost:4100"), (b"authorization", b"AWS4-HMAC-SHA256 Signature=" + CANARY.encode())],
        "body": b"",
        "peer": "192.0.2.1",
    }
    return Request(**(facts | more))


def call(service: str, operation: str, parameters: dict[str, Any], caller: Caller | None = None, **more: Any) -> Call:
    facts = {
        "request": request(),
        "request_id": "req-1",
        "facts": RequestFacts(NOW, "192.0.2.1", secure=False, region="us-east-1", user_agent="boto3"),
        "mint": Mint(random),
        "keyring": KeyRing.generate(bytes(range(32))),
        "settings": Settings(),
    }
    return Call(service, operation, parameters, caller or user(), **(facts | more))


def records_of(
    made: Call,
    output: dict[str, Any] | None = None,
    error: ApiError | None = None,
    *,
    owner: str | None = ACCOUNT,
    status: int = 200,
    now: float = NOW,
) -> list[dict[str, Any]]:
    """The records of a call, decoded."""
    recorded = recorder(now).of(
        service=made.service,
        operation=made.operation,
        request_id=made.request_id,
        request=made.request,
        facts=made.facts,
        status=status,
        caller=made.caller,
        call=made,
        owner=owner,
        output=output,
        error=error,
    )
    for one in recorded:
        assert CANARY.encode() not in one.line
        assert b"\n" not in one.line
    return [msgspec.json.decode(one.line) for one in recorded]


def record_of(made: Call, output: dict[str, Any] | None = None, error: ApiError | None = None, **more: Any) -> Any:
    """The only record of a call, decoded."""
    (record,) = records_of(made, output, error, **more)
    return record
