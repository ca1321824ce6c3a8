"""Trust policies as IAM keeps them: principals must exist, and are bound to the unique ids that they mean at that time.

IAM User Guide, "AWS JSON policy elements: Principal": when a trust policy is saved, the ARN of a user or role turns into
its unique id, and back when it is read; a principal that is deleted and made again is another one. The text is stored as
it was sent, the ids beside it; evaluation binds them (:mod:`daypass.access.trust`), reading goes through :func:`shown`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from daypass.arns import PARTITION, Arn, root_arn
from daypass.directory import OidcProvider, SamlProvider
from daypass.directory.naming import is_account_id
from daypass.directory.principals import UnknownPrincipal, current_names, meaning
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

if TYPE_CHECKING:
    from daypass.directory import Role, View
    from daypass.directory.records import Bindings

_SERVICE = re.compile(r"[a-z0-9][a-z0-9-]*(\.[a-z0-9][a-z0-9-]*)*\.(amazonaws\.com|amazonaws\.com\.cn|amazon\.com)")
_IDENTITY_PROVIDERS = frozenset(
    {"cognito-identity.amazonaws.com", "accounts.google.com", "graph.facebook.com", "www.amazon.com"}
)


class Trust(NamedTuple):
    """A trust policy that may be stored."""

    text: str
    bindings: Bindings


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
            try:
                unique_id = meaning(name, view)
            except UnknownPrincipal:
                raise _invalid(kind, name) from None
            if unique_id is not None:
                bindings[name] = unique_id
            elif is_account_id(name):
                accounts[name] = root_arn(name)
        elif (kind == "Service" and not _SERVICE.fullmatch(name)) or (
            kind == "Federated" and not _is_provider(name, view)
        ):
            raise _invalid(kind, name)
    return Trust(rewrite_principals(text, accounts) if accounts else text, tuple(bindings.items()))


def shown(role: Role, view: View) -> str:
    """The trust policy as it reads now: renamed principals under their new ARN, deleted ones as the bare id."""
    renamed = current_names(role.trust_bindings, view)
    return rewrite_principals(role.trust, renamed) if renamed else role.trust


def _is_provider(name: str, view: View) -> bool:
    """Whether that is an identity provider: one that everybody has, or one that is registered in the account it names."""
    if name in _IDENTITY_PROVIDERS:
        return True
    try:
        arn = Arn.parse(name)
    except ValueError:
        return False
    if (arn.partition, arn.service, arn.region) != (PARTITION, "iam", ""):
        return False
    kind, _, rest = arn.resource.partition("/")
    match kind:
        case "oidc-provider":
            return view.get(OidcProvider, arn.account, rest) is not None
        case "saml-provider":
            return view.get(SamlProvider, arn.account, rest) is not None
        case _:
            return False


def _invalid(kind: str, name: str) -> ApiError:
    return ApiError("MalformedPolicyDocument", f'Invalid principal in policy: "{kind.upper()}":"{name}"')
