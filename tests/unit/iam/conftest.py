"""Fixtures of IAM's unit tests."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import pytest
from iam_world import ACCOUNT, OTHER_ACCOUNT, Iam, World

from daypass.access.caller import Caller
from daypass.policy import Principal, PrincipalKind

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def world() -> World:
    world = World()
    world.add_account(ACCOUNT)
    world.add_account(OTHER_ACCOUNT)
    return world


@pytest.fixture
def iam(world: World) -> Iam:
    """IAM as the account's user ``admin`` sees it."""
    return Iam(world, Caller(Principal(PrincipalKind.ANONYMOUS, "", ""), "")).as_user("admin")


@pytest.fixture
def neighbour(iam: Iam) -> Iam:
    """IAM as the admin of another account sees it."""
    return iam.as_user("admin", OTHER_ACCOUNT)


@pytest.fixture
def allow() -> Callable[..., str]:
    """The text of an identity-based policy that allows an action."""

    def text(action: str = "s3:*", resource: str = "*") -> str:
        statement = {"Effect": "Allow", "Action": action, "Resource": resource}
        return json.dumps({"Version": "2012-10-17", "Statement": [statement]})

    return text


@pytest.fixture
def trusting() -> Callable[[Any], str]:
    """The text of a trust policy with a Principal element."""

    def text(principal: Any) -> str:
        statement = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
        return json.dumps({"Version": "2012-10-17", "Statement": [statement]})

    return text


@pytest.fixture
def decoded() -> Callable[[str], Any]:
    """A document out of an answer, as clients decode it."""
    return lambda document: json.loads(unquote(document))


@pytest.fixture
def code() -> Callable[[str, float], str]:
    """What an authenticator with that seed shows at that time (RFC 6238, written a second time)."""

    def shown(seed: str, now: float) -> str:
        digest = hashlib.sha1
        key = base64.b32decode(seed)
        block = (key if len(key) <= 64 else digest(key).digest()).ljust(64, b"\0")
        inner = digest(bytes(b ^ 0x36 for b in block) + int(now // 30).to_bytes(8, "big")).digest()
        mac = digest(bytes(b ^ 0x5C for b in block) + inner).digest()
        at = mac[-1] & 15
        return f"{(int.from_bytes(mac[at : at + 4], 'big') & 0x7FFFFFFF) % 1_000_000:06d}"

    return shown
