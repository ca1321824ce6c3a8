"""Owners as S3 shows them: by canonical user id (S3 API Reference, data type Owner).

The id is derived from the account's, so that it is stable and needs no record; AWS's is as opaque.
"""

from __future__ import annotations

from functools import lru_cache
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from daypass.policy import PrincipalKind

if TYPE_CHECKING:
    from daypass.access.caller import Caller


@lru_cache(maxsize=1024)
def canonical_id(account: str) -> str:
    """The canonical user id of an account: 64 hexadecimal digits."""
    return sha256(f"daypass canonical user {account}".encode()).hexdigest()


def owner(account: str) -> dict[str, Any]:
    """The Owner element of what an account owns."""
    return {"ID": canonical_id(account)}


def initiator(caller: Caller) -> tuple[tuple[str, str], ...]:
    """The Initiator element of an upload: the account's canonical id for root, else the ARN."""
    if caller.kind is PrincipalKind.ROOT:
        return (("ID", canonical_id(caller.account)),)
    return (("ID", caller.arn), ("DisplayName", caller.arn.rpartition("/")[2]))
