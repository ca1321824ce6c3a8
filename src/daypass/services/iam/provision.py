"""A new account: its root user, and a user ``admin`` who may do everything, each with a long-term key."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from daypass.credentials import Secret
from daypass.directory import AccessKey, Account, Put, User

if TYPE_CHECKING:
    from daypass.directory import Change
    from daypass.services.mint import Mint

ADMIN = "admin"
ADMINISTRATOR_ACCESS = "arn:aws:iam::aws:policy/AdministratorAccess"

KeyPair = tuple[str, Secret]
"""An access key id and its secret."""


@dataclass(frozen=True, slots=True)
class AccountKeys:
    """The keys that open a new account. This is the only time that the secrets are seen."""

    account_id: str
    root: KeyPair
    admin: KeyPair


def new_account(
    account_id: str, name: str, email: str, mint: Mint, now: float, *, admin_key: KeyPair | None = None
) -> tuple[AccountKeys, list[Change]]:
    """The keys of a new account and the changes that make it. ``admin_key`` is a key that was chosen beforehand.

    Whether the account id and the key id are free is the caller's to check: it knows the view to decide on.
    """
    created = int(now)
    admin = User(
        account=account_id,
        name=ADMIN,
        path="/",
        id=mint.unique_id("AIDA", account_id),
        created=created,
        attached=(ADMINISTRATOR_ACCESS,),
    )
    keys = AccountKeys(account_id, mint.long_term_key(account_id), admin_key or mint.long_term_key(account_id))
    changes: list[Change] = [
        Put(Account(id=account_id, name=name, created=created, email=email)),
        Put(admin),
        Put(_key(account_id, keys.root, created, None)),
        Put(_key(account_id, keys.admin, created, admin)),
    ]
    return keys, changes


def _key(account_id: str, pair: KeyPair, created: int, user: User | None) -> AccessKey:
    return AccessKey(
        id=pair[0],
        account=account_id,
        secret=pair[1],
        created=created,
        user_name=user.name if user is not None else None,
        user_id=user.id if user is not None else None,
    )
