"""Whom the principals of a bucket policy mean (IAM User Guide, "AWS JSON policy elements: Principal").

When a policy is saved, each user and role that it names must exist and is bound to its unique id; when it is read, ids
show as the ARN of now, or as the bare id of what was deleted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from daypass.arns import PARTITION, Arn, assumed_role_arn, root_arn
from daypass.directory import GLOBAL, Account, Role, User
from daypass.errors import ApiError
from daypass.policy import principals, rewrite_principals
from daypass.services.s3.owners import canonical_id

if TYPE_CHECKING:
    from daypass.directory import Bucket, View
    from daypass.policy import Policy

Bindings = tuple[tuple[str, str], ...]
_ACCOUNT_DIGITS = 12


class _Absent(Exception):
    """There is no such principal."""


class Bound(NamedTuple):
    """A policy fit to be stored."""

    text: str
    bindings: Bindings


def bound(policy: Policy, view: View) -> Bound:
    """The policy's text and what its principals mean. Raises MalformedPolicy for one that does not exist."""
    bindings: dict[str, str] = {}
    accounts: dict[str, str] = {}
    for kind, name in principals(policy):
        try:
            meant = _named(kind, name, view)
        except _Absent:
            members = {"Detail": f'"{kind}" : "{name}"'}
            raise ApiError("MalformedPolicy", "Invalid principal in policy", members=members) from None
        if meant is not None:
            bindings[name] = meant
        elif kind == "AWS" and _is_account(name):
            accounts[name] = root_arn(name)
    text = rewrite_principals(policy.text, accounts) if accounts else policy.text
    return Bound(text, tuple(bindings.items()))


def shown(bucket: Bucket, view: View) -> str:
    """The policy of a bucket as it reads now."""
    text = bucket.policy or ""
    mapping = {name: _current(name, meant, view) for name, meant in bucket.policy_bindings}
    return rewrite_principals(text, mapping) if any(name != now for name, now in mapping.items()) else text


def _is_account(name: str) -> bool:
    return len(name) == _ACCOUNT_DIGITS and name.isascii() and name.isdigit()


def _named(kind: str, name: str, view: View) -> str | None:
    """What a principal of any kind is bound to, if to anything. Identity providers do not call S3."""
    match kind:
        case "AWS" if name != "*":
            return _meant(name, view)
        case "CanonicalUser":
            return _account_of(name, view)
        case "Federated":
            raise _Absent
    return None


def _meant(name: str, view: View) -> str | None:
    """The unique id that a name stands for; None for an account and its federated users."""
    if _is_account(name):
        _check_account(name, view)
        return None
    if name.startswith(("AIDA", "AROA")):
        return _existing(_by_id(name, view))
    try:
        arn = Arn.parse(name)
    except ValueError:
        raise _Absent from None
    kind, _, rest = arn.resource.partition("/")
    if arn.partition != PARTITION or arn.region:
        raise _Absent
    match arn.service, kind:
        case ("iam", "root") | ("sts", "federated-user"):
            _check_account(arn.account, view)
            return None
        case ("sts", "assumed-role"):
            return _existing(view.get(Role, arn.account, rest.partition("/")[0].casefold()))
        case ("iam", "user"):
            return _existing(view.get(User, arn.account, rest.rpartition("/")[2].casefold()), name)
        case ("iam", "role"):
            return _existing(view.get(Role, arn.account, rest.rpartition("/")[2].casefold()), name)
    raise _Absent


def _check_account(account: str, view: View) -> None:
    if view.get(Account, GLOBAL, account) is None:
        raise _Absent


def _existing(found: User | Role | None, arn: str | None = None) -> str:
    if found is None or (arn is not None and found.arn != arn):
        raise _Absent
    return found.id


def _by_id(unique_id: str, view: View) -> User | Role | None:
    return view.by_id(User, unique_id) if unique_id.startswith("AIDA") else view.by_id(Role, unique_id)


def _account_of(canonical: str, view: View) -> str:
    """The root ARN of the account with a canonical user id. There is no index: policies are seldom written."""
    after: str | None = ""
    while after is not None:
        page = view.page(Account, GLOBAL, after=after)
        for record in page.records:
            if isinstance(record, Account) and canonical_id(record.id) == canonical:
                return root_arn(record.id)
        after = page.next
    raise _Absent


def _current(name: str, meant: str, view: View) -> str:
    if meant.startswith("arn:"):
        return name
    found = _by_id(meant, view)
    session = name.rpartition("/")[2] if ":assumed-role/" in name else None
    if found is None:
        return meant if session is None else f"{meant}:{session}"
    return found.arn if session is None else assumed_role_arn(found.account, found.name, session)
