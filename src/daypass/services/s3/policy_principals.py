"""Whom the principals of a bucket policy mean (IAM User Guide, "AWS JSON policy elements: Principal").

When a policy is saved, each user and role that it names must exist and is bound to its unique id; when it is read, ids
show as the ARN of now, or as the bare id of what was deleted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from daypass.arns import root_arn
from daypass.directory import GLOBAL, Account, all_of
from daypass.directory.naming import is_account_id
from daypass.directory.principals import UnknownPrincipal, current_names, meaning
from daypass.errors import ApiError
from daypass.policy import principals, rewrite_principals
from daypass.services.s3.owners import canonical_id

if TYPE_CHECKING:
    from daypass.directory import Bucket, View
    from daypass.policy import Policy

Bindings = tuple[tuple[str, str], ...]


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
        except UnknownPrincipal:
            members = {"Detail": f'"{kind}" : "{name}"'}
            raise ApiError("MalformedPolicy", "Invalid principal in policy", members=members) from None
        if meant is not None:
            bindings[name] = meant
        elif kind == "AWS" and is_account_id(name):
            accounts[name] = root_arn(name)
    text = rewrite_principals(policy.text, accounts) if accounts else policy.text
    return Bound(text, tuple(bindings.items()))


def shown(bucket: Bucket, view: View) -> str:
    """The policy of a bucket as it reads now."""
    text = bucket.policy or ""
    renamed = current_names(bucket.policy_bindings, view)
    return rewrite_principals(text, renamed) if renamed else text


def _named(kind: str, name: str, view: View) -> str | None:
    """What a principal of any kind is bound to, if to anything. Identity providers do not call S3."""
    match kind:
        case "AWS" if name != "*":
            return meaning(name, view)
        case "CanonicalUser":
            return _account_of(name, view)
        case "Federated":
            raise UnknownPrincipal
    return None


def _account_of(canonical: str, view: View) -> str:
    """The root ARN of the account with a canonical user id. There is no index: policies are seldom written."""
    for account in all_of(Account, view, GLOBAL):
        if canonical_id(account.id) == canonical:
            return root_arn(account.id)
    raise UnknownPrincipal
