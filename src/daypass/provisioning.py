"""The first start, and new accounts: what is made when there is nothing yet. Runs once, before any worker.

Each step may be cut off and taken again: the key file is made before the store, and the credentials file is written
before the account is committed, so an account never exists whose keys nobody has.
"""

from __future__ import annotations

import asyncio
import configparser
import io
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from daypass import clock
from daypass.credentials import Secret
from daypass.directory import GLOBAL, AccessKey, Account, Bucket, Put
from daypass.errors import ApiError
from daypass.keyfile import KEY_FILE, FiledKeyRing, make_ring, write_private
from daypass.services.iam import AccountKeys, new_account
from daypass.services.mint import Mint
from daypass.services.s3.buckets import check_name
from daypass.store import Conflict, SqliteStore, StoreProblem

if TYPE_CHECKING:
    from pathlib import Path

    from daypass.config import Config
    from daypass.directory import Change, View

CREDENTIALS_FILE = "credentials"
DATABASE = "daypass.sqlite3"
OBJECTS = "objects.sqlite3"
ACCOUNT_NAME = re.compile(r"[\w.:/=+@-][\w.:/=+@ -]{0,49}", re.ASCII)
ATTEMPTS = 20
"""How often a change is decided anew because others changed the directory meanwhile."""


@dataclass(frozen=True, slots=True)
class Provisioned:
    """What the first start made, or found."""

    account_id: str
    fresh: bool
    credentials: Path


def provision(config: Config) -> Provisioned:
    """Make the data folder, its keys, the first account and the first buckets, whatever is missing of them.

    Raises StoreProblem with one clear line for the operator.
    """
    _check_whole(config.data)
    store = open_store(config)
    try:
        return asyncio.run(_first_account(config, store))
    finally:
        store.close()


def _check_whole(folder: Path) -> None:
    """Raise StoreProblem for a folder that has lost its directory: it must not quietly begin anew."""
    database = folder / DATABASE
    if database.exists() and database.stat().st_size:
        return
    left = [name for name in (CREDENTIALS_FILE, OBJECTS, "journal") if (folder / name).exists()]
    if left:
        raise StoreProblem(
            f"{database} is missing or empty, but {folder / left[0]} is there: restore the database from a backup, or "
            "move the whole folder away to begin anew"
        )


def create_account(config: Config, name: str, email: str = "") -> AccountKeys:
    """Add an account, also beside a running server: the next request sees it. Raises StoreProblem."""
    if not ACCOUNT_NAME.fullmatch(name):
        raise StoreProblem("an account's name has 1 to 50 letters, digits, blanks and characters of _.:/=+@-")
    store = existing_store(config)
    try:
        return asyncio.run(_add_account(store, _Wanted(name, email)))
    finally:
        store.close()


def check_started(config: Config) -> None:
    """Raise StoreProblem for a data folder in which no server was started yet."""
    if not (config.data / KEY_FILE).exists():
        raise StoreProblem(f"{config.data} holds no server yet: start it once with `daypass serve`")


def existing_store(config: Config) -> SqliteStore:
    """The store of a server that was started before, for commands beside it. Raises StoreProblem."""
    check_started(config)
    return open_store(config)


def open_store(config: Config) -> SqliteStore:
    """The store of a data folder, under the key ring beside it. Raises StoreProblem."""
    return SqliteStore.open(config.data, key_ring(config.data), clock.random_bytes)


def key_ring(folder: Path) -> FiledKeyRing:
    """The key ring of a data folder, made when there is neither a ring nor a database that was sealed under one."""
    path = folder / KEY_FILE
    if not path.exists():
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise StoreProblem(f"{error.filename or folder}: {error.strerror}") from None
        if (folder / DATABASE).exists():
            raise StoreProblem(f"{path} is missing: without it the secrets in {folder} cannot be opened")
        make_ring(folder)
    return FiledKeyRing(folder)


async def _first_account(config: Config, store: SqliteStore) -> Provisioned:
    path = config.data / CREDENTIALS_FILE
    found = store.view().page(Account, GLOBAL, limit=1).records
    if found:
        account = found[0]
        if not isinstance(account, Account):
            raise TypeError("the store gave something else than an account")
        store.view().page(AccessKey, GLOBAL, limit=1)  # opens a secret: the key ring is this folder's, or it says so
        return Provisioned(account.id, fresh=False, credentials=path)
    admin = None
    if config.admin_access_key_id is not None and config.admin_secret_access_key is not None:
        admin = (config.admin_access_key_id, Secret(config.admin_secret_access_key))
    wanted = _Wanted(config.account_name, "", config.account_id, admin, config)
    keys = await _add_account(store, wanted)
    return Provisioned(keys.account_id, fresh=True, credentials=path)


@dataclass(frozen=True, slots=True)
class _Wanted:
    """An account to be made. With ``first``, it is the server's first one, and its keys go to the credentials file."""

    name: str
    email: str
    account_id: str | None = None
    admin_key: tuple[str, Secret] | None = None
    first: Config | None = None


async def _add_account(store: SqliteStore, wanted: _Wanted) -> AccountKeys:
    mint = Mint(clock.random_bytes)
    for _ in range(ATTEMPTS):
        view = store.view()
        account_id = wanted.account_id or _free_account_id(view)
        keys, changes = new_account(
            account_id, wanted.name, wanted.email, mint, clock.now(), admin_key=wanted.admin_key
        )
        if view.get(AccessKey, GLOBAL, keys.admin[0]) is not None:
            raise StoreProblem(f"the access key id {keys.admin[0]} is taken")
        if wanted.first is not None:
            changes += _first_buckets(wanted.first, account_id, mint)
            write_private(wanted.first.data / CREDENTIALS_FILE, credentials_text(keys))
        try:
            await store.commit(view, changes, [])
        except Conflict:
            continue
        return keys
    raise StoreProblem("the directory is changing too fast to add an account: try again")


def _free_account_id(view: View) -> str:
    while True:
        number = int.from_bytes(clock.random_bytes(8)) % 10**12
        account_id = f"{number:012d}"
        if number >= 10**11 and view.get(Account, GLOBAL, account_id) is None:
            return account_id


def _first_buckets(config: Config, account: str, mint: Mint) -> list[Change]:
    for name in config.buckets:
        try:
            check_name(name)
        except ApiError:
            raise StoreProblem(f"buckets: S3 knows no bucket name like {name!r}") from None
    return [
        Put(
            Bucket(name=name, account=account, region=config.region, created=int(clock.now()), id=mint.random(16).hex())
        )
        for name in config.buckets
    ]


def credentials_text(keys: AccountKeys) -> str:
    """An AWS credentials file with the profiles ``root`` and ``admin``."""
    file = configparser.ConfigParser(interpolation=None)
    for profile, (key_id, secret) in (("root", keys.root), ("admin", keys.admin)):
        file[profile] = {"aws_access_key_id": key_id, "aws_secret_access_key": secret.reveal()}
    text = io.StringIO()
    file.write(text)
    return text.getvalue()
