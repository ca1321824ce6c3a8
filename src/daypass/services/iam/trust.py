"""Trust policies as IAM keeps them: principals must exist, and are bound to the unique ids that they mean at that time.

IAM User Guide, "AWS JSON policy elements: Principal": when a trust policy is saved, the ARN of a user or role turns into
its unique id, and back when it is read; a principal that is deleted and made again is another one. The text is stored as
it was sent, the ids beside it; evaluation binds them (:mod:`daypass.access.trust`), reading goes through :func:`shown`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from daypass.arns import PARTITION, Arn, assumed_role_arn, root_arn
from daypass.directory import GLOBAL, Account, Role, User
from daypass.directory.naming import is_account_id
from daypass.directory.quotas import Quota
from daypass.errors import ApiError
from daypass.policy import (
    Grammar,
    PolicyProblem,
    check_provider_controls,
    policy_size,
    principals,
    rewrite_principals,
)
from daypass.services.iam.documents import checked
from daypass.services.iam.entities import find

if TYPE_CHECKING:
    from daypass.directory import View
    from daypass.directory.records import Bindings

_SERVICE = re.compile(r"[a-z0-9][a-z0-9-]*(\.[a-z0-9][a-z0-9-]*)*\.(amazonaws\.com|amazonaws\.com\.cn|amazon\.com)")
_IDENTITY_PROVIDERS = frozenset(
    {"cognito-identity.amazonaws.com", "accounts.google.com", "graph.facebook.com", "www.amazon.com"}
)
_ASSUMED_ROLE = "assumed-role"


class Trust(NamedTuple):
    """A trust policy that may be stored."""

    text: str
    bindings: Bindings


class _Meant(NamedTuple):
    """The unique id that a principal stands for; None for an account, and for a federated user of it."""

    id: str | None


def trust(text: str, view: View) -> Trust:
    """A trust policy, checked. Raises MalformedPolicyDocument, LimitExceeded."""
    policy = checked(text, Grammar.TRUST)
    try:
        check_provider_controls(policy)
    except PolicyProblem as problem:
        raise ApiError(problem.code, problem.message) from None
    Quota.TRUST_POLICY_SIZE.check(policy_size(text))
    bindings: dict[str, str] = {}
    accounts: dict[str, str] = {}
    for kind, name in principals(policy):
        if kind == "AWS" and name != "*":
            bound = _meant(name, view)
            if bound.id is not None:
                bindings[name] = bound.id
            elif is_account_id(name):
                accounts[name] = root_arn(name)
        elif (kind == "Service" and not _SERVICE.fullmatch(name)) or (
            kind == "Federated" and name not in _IDENTITY_PROVIDERS
        ):
            raise _invalid(kind, name)
    return Trust(rewrite_principals(text, accounts) if accounts else text, tuple(bindings.items()))


def shown(role: Role, view: View) -> str:
    """The trust policy as it reads now: renamed principals under their new ARN, deleted ones as the bare id."""
    mapping = {name: _current(name, bound, view) for name, bound in role.trust_bindings}
    return rewrite_principals(role.trust, mapping) if any(a != b for a, b in mapping.items()) else role.trust


def _meant(name: str, view: View) -> _Meant:
    """Whom an AWS principal means. Raises MalformedPolicyDocument where there is no such principal."""
    if is_account_id(name):
        return _in_account(name, name, view)
    if name.startswith(("AIDA", "AROA")):
        return _existing(_by_id(name, view), name)
    try:
        arn = Arn.parse(name)
    except ValueError:
        raise _invalid("AWS", name) from None
    if arn.partition != PARTITION or arn.region:
        raise _invalid("AWS", name)
    return _meant_by_arn(name, arn, view)


def _meant_by_arn(name: str, arn: Arn, view: View) -> _Meant:
    kind, _, rest = arn.resource.partition("/")
    if (arn.service, arn.resource) == ("iam", "root") or (arn.service, kind) == ("sts", "federated-user"):
        return _in_account(arn.account, name, view)
    if (arn.service, kind) == ("sts", _ASSUMED_ROLE) and rest.count("/") == 1:
        return _existing(find(Role, view, arn.account, rest.partition("/")[0]), name)
    if arn.service != "iam" or kind not in ("user", "role"):
        raise _invalid("AWS", name)
    last = rest.rpartition("/")[2]
    found = find(User, view, arn.account, last) if kind == "user" else find(Role, view, arn.account, last)
    return _existing(found if found is not None and found.arn == name else None, name)


def _in_account(account: str, name: str, view: View) -> _Meant:
    if view.get(Account, GLOBAL, account) is None:
        raise _invalid("AWS", name)
    return _Meant(None)


def _existing(found: User | Role | None, name: str) -> _Meant:
    if found is None:
        raise _invalid("AWS", name)
    return _Meant(found.id)


def _by_id(unique_id: str, view: View) -> User | Role | None:
    return view.by_id(User, unique_id) if unique_id.startswith("AIDA") else view.by_id(Role, unique_id)


def _current(name: str, bound: str, view: View) -> str:
    found = _by_id(bound, view)
    session = name.rpartition("/")[2] if f":{_ASSUMED_ROLE}/" in name else None
    if found is None:
        return bound if session is None else f"{bound}:{session}"
    return found.arn if session is None else assumed_role_arn(found.account, found.name, session)


def _invalid(kind: str, name: str) -> ApiError:
    return ApiError("MalformedPolicyDocument", f'Invalid principal in policy: "{kind.upper()}":"{name}"')
