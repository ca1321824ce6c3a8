"""Whom an AWS principal in a resource-based policy means, and what it is called now.

IAM User Guide, "AWS JSON policy elements: Principal": when a trust or bucket policy is saved, each user and role that it
names must exist and is bound to its unique id; when it is read, ids show as the ARN of now, or as the bare id of what was
deleted. A principal that is deleted and made again is another one. Accounts, and federated users of one, have no id.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from daypass.arns import PARTITION, Arn, assumed_role_arn
from daypass.directory.naming import is_account_id
from daypass.directory.records import GLOBAL, Account, Role, User

if TYPE_CHECKING:
    from collections.abc import Iterable

    from daypass.directory.records import Bindings
    from daypass.directory.view import View

_ASSUMED_ROLE = "assumed-role"


class UnknownPrincipal(Exception):
    """There is no such principal on this server."""


def meaning(name: str, view: View) -> str | None:
    """The unique id that a principal stands for; None for an account or a federated user. Raises UnknownPrincipal.

    The ARN of a session stands for its role; the name in the policy keeps the session apart.
    """
    if is_account_id(name):
        _check_account(name, view)
        return None
    if name.startswith(("AIDA", "AROA")):
        return _id_of(_by_id(name, view))
    try:
        arn = Arn.parse(name)
    except ValueError:
        raise UnknownPrincipal from None
    if arn.partition != PARTITION or arn.region:
        raise UnknownPrincipal
    kind, _, rest = arn.resource.partition("/")
    if (arn.service, arn.resource) == ("iam", "root") or (arn.service, kind) == ("sts", "federated-user"):
        _check_account(arn.account, view)
        return None
    if (arn.service, kind) == ("sts", _ASSUMED_ROLE) and rest.count("/") == 1:
        role = view.get(Role, arn.account, rest.partition("/")[0].lower())
        return _id_of(role if role is not None and role.name == rest.partition("/")[0] else None)
    if arn.service != "iam" or kind not in ("user", "role"):
        raise UnknownPrincipal
    last = rest.rpartition("/")[2].lower()
    found = view.get(User, arn.account, last) if kind == "user" else view.get(Role, arn.account, last)
    return _id_of(found if found is not None and found.arn == name else None)


def current_names(bindings: Bindings, view: View) -> dict[str, str]:
    """What bound principals are called now, where that is not what the policy says."""
    return dict(_renamed(bindings, view))


def _renamed(bindings: Bindings, view: View) -> Iterable[tuple[str, str]]:
    for name, bound in bindings:
        current = _current(name, bound, view)
        if current != name:
            yield name, current


def _current(name: str, bound: str, view: View) -> str:
    if bound.startswith("arn:"):  # an account, which keeps its name
        return name
    found = _by_id(bound, view)
    session = name.rpartition("/")[2] if f":{_ASSUMED_ROLE}/" in name else None
    if found is None:
        return bound if session is None else f"{bound}:{session}"
    return found.arn if session is None else assumed_role_arn(found.account, found.name, session)


def _check_account(account: str, view: View) -> None:
    if view.get(Account, GLOBAL, account) is None:
        raise UnknownPrincipal


def _id_of(found: User | Role | None) -> str:
    if found is None:
        raise UnknownPrincipal
    return found.id


def _by_id(unique_id: str, view: View) -> User | Role | None:
    return view.by_id(User, unique_id) if unique_id.startswith("AIDA") else view.by_id(Role, unique_id)
