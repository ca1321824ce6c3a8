"""Revoking sessions without editing a policy: what ``daypass sessions revoke`` puts into the directory.

AWS has no such call; its own way (IAM User Guide, "Revoking IAM role temporary security credentials") works beside it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from daypass.arns import Arn
from daypass.credentials import account_of
from daypass.directory import Delete, Put, Revocation, Role, User
from daypass.directory.naming import is_account_id
from daypass.services.sts.issued_sessions import LONGEST_LIFE

if TYPE_CHECKING:
    from daypass.directory import Change, View

PAGE = 1000


class NoSuchSessions(Exception):
    """What names no sessions that there could be; the text is one clear line for the operator."""


def of_session(name: str, view: View) -> tuple[str, str, str]:
    """Account, reach and target of one session: an access key id, or the ARN of a role session or federated user.

    Raises NoSuchSessions.
    """
    if name.startswith("ASIA"):
        account = account_of(name)
        if account is None:
            raise NoSuchSessions(f"{name} is no access key id of a session")
        return account, "session", name
    arn = _arn(name)
    kind, _, rest = arn.resource.partition("/")
    if arn.service == "sts" and kind == "federated-user" and rest:
        return arn.account, "named-session", f"{arn.account}:{rest}"
    if arn.service == "sts" and kind == "assumed-role" and rest.count("/") == 1:
        role_name, session_name = rest.split("/")
        role = view.get(Role, arn.account, role_name.lower())
        if role is None:
            raise NoSuchSessions(
                f"there is no role {role_name} in account {arn.account}: its sessions are dead already"
            )
        return arn.account, "named-session", f"{role.id}:{session_name}"
    raise NoSuchSessions(f"{name} names no session: give an ASIA... key id, or the ARN of a session")


def of_principal(name: str, view: View) -> tuple[str, str, str]:
    """Account, reach and target of all sessions of a role, user or root user, by ARN or unique id. Raises NoSuchSessions."""
    found: User | Role | None
    if name.startswith(("AROA", "AIDA")):
        found = view.by_id(Role, name) if name.startswith("AROA") else view.by_id(User, name)
    else:
        arn = _arn(name)
        kind, _, rest = arn.resource.partition("/")
        key = rest.rpartition("/")[2].lower()
        if arn.service == "iam" and arn.resource == "root":
            return arn.account, "principal", arn.account
        if arn.service != "iam" or kind not in ("role", "user"):
            raise NoSuchSessions(f"{name} is no ARN of a role, a user or a root user")
        found = view.get(Role, arn.account, key) if kind == "role" else view.get(User, arn.account, key)
        found = found if found is not None and found.arn == name else None
    if found is None:
        raise NoSuchSessions(f"there is no {name}: its sessions are dead already")
    return found.account, "principal", found.id


def revoke(where: tuple[str, str, str], until: int, now: int, view: View) -> list[Change]:
    """The changes that kill the sessions at ``where`` issued up to ``until``, and forget what can kill none any more."""
    account, reach, target = where
    if not is_account_id(account):
        raise NoSuchSessions(f"{account} is no account id")
    made = Revocation(account, reach, target, until, now + LONGEST_LIFE)
    old = view.get(Revocation, account, made.key.name)
    changes: list[Change] = [] if old is not None and old.until >= until else [Put(made)]
    kept = {change.record.key for change in changes if isinstance(change, Put)}
    changes += [
        Delete(record.key)
        for record in view.page(Revocation, account, limit=PAGE).records
        if isinstance(record, Revocation) and record.forgotten <= now and record.key not in kept
    ]
    return changes


def _arn(text: str) -> Arn:
    try:
        return Arn.parse(text)
    except ValueError:
        raise NoSuchSessions(f"{text} is no ARN") from None
