"""What the store's tests share: short ways to records, to commits and to events."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from daypass.credentials import KeyRing, Secret
from daypass.directory import AccessKey, Put, User
from daypass.store import EventRow

if TYPE_CHECKING:
    from daypass.directory import Change, View
    from daypass.store import Store

RING = KeyRing.generate(bytes(range(32)))
A = "111122223333"
B = "444455556666"


def user(name: str, *, account: str = A, path: str = "/", id_: str | None = None, **members: Any) -> User:
    return User(account, name, path, id_ or f"AIDA{account[0]}{name.upper()}", 1, **members)


def access_key(id_: str, *, account: str = A, owner: str | None = None, secret: str = "wJalrXUtnFEMI") -> AccessKey:
    return AccessKey(id_, account, Secret(secret), 1, None, owner)


def commit(store: Store, *changes: Change, view: View | None = None, events: tuple[EventRow, ...] = ()) -> None:
    """Commit, on a new view unless told otherwise."""
    asyncio.run(store.commit(view or store.view(), changes, events))


def put(store: Store, *records: Any) -> None:
    commit(store, *map(Put, records))


def event(number: int, **members: Any) -> EventRow:
    """An event of account A, one each second."""
    told: dict[str, Any] = {
        "id": f"e{number:04}",
        "account": A,
        "region": "us-east-1",
        "time": 1_000 + number,
        "name": "GetUser",
        "source": "iam.amazonaws.com",
        "username": "alice",
        "access_key_id": "AKIAALICE",
        "read_only": True,
        "category": "Management",
        "resources": (),
        "record": b'{"n":%d}' % number,
    }
    return EventRow(**(told | members))
