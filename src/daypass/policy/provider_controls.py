"""What a trust policy must say about an identity provider that strangers share.

Everybody's jobs get their tokens from the same issuer at GitHub, GitLab and others: a role that trusts the issuer without
looking at the subject trusts everybody. IAM refuses such a document when it is written, and leaves alone what it has
stored before (IAM User Guide, "Identity-provider controls for shared OIDC providers"); so this is no part of parsing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from daypass.policy import problems
from daypass.policy.conditions import operator_named
from daypass.policy.document import Effect
from daypass.policy.patterns import atoms, static_matcher
from daypass.policy.problems import PolicyProblem

if TYPE_CHECKING:
    from daypass.policy.document import Condition, Policy, Statement

_ACTION = "sts:assumerolewithwebidentity"
_GITHUB = "token.actions.githubusercontent.com"
_SHARED_ISSUERS = frozenset(
    {
        _GITHUB,
        "agent.buildkite.com",
        "app.terraform.io",
        "gitlab.com",
        "oidc-configuration.audit-log.githubusercontent.com",
        "oidc.codefresh.io",
        "proidc.upbound.io",
        "scalr.io",
        "vstoken.actions.githubusercontent.com",
    }
)
_OPERATORS = frozenset({"StringEquals", "StringLike", "StringEqualsIgnoreCase"})


def check_provider_controls(policy: Policy) -> None:
    """To be asked when a trust policy is written. Raises PolicyProblem where it lets in all who share an issuer."""
    for statement in policy.statements:
        if statement.effect is Effect.DENY or statement.principal is None or not _lets_tokens_in(statement):
            continue
        for kind, name in statement.principal.names:
            if kind == "Federated":
                _check_provider(name, statement.conditions)


def shared_claims(name: str) -> tuple[str, ...]:
    """The condition keys of which one must tell the people of a shared provider apart; none for other providers."""
    issuer = name.partition(":oidc-provider/")[2] or name
    host = issuer.partition("/")[0]
    if host not in _SHARED_ISSUERS:
        return ()
    return (f"{issuer}:sub", f"{issuer}:job_workflow_ref") if host == _GITHUB else (f"{issuer}:sub",)


def _lets_tokens_in(statement: Statement) -> bool:
    return any(static_matcher(atoms(action.lower(), variables=False))(_ACTION) for action in statement.actions)


def _check_provider(name: str, conditions: tuple[Condition, ...]) -> None:
    claims = shared_claims(name)
    if not claims:
        return
    wanted = {claim.lower() for claim in claims}
    if not any(c.key.lower() in wanted and _narrows(c) for c in conditions):
        raise PolicyProblem(
            problems.MALFORMED_DOCUMENT,
            f"Trust policy with trusted principal {name} must evaluate, using StringEquals, StringLike or "
            f"StringEqualsIgnoreCase, {' or '.join(claims)} which is not scoped to all.",
        )


def _narrows(condition: Condition) -> bool:
    """IAM looks at the form alone: ``*`` is everybody, ``repo:*`` passes, and one narrow value among others is enough."""
    operator = operator_named(condition.operator)
    return (
        operator is not None
        and operator.base in _OPERATORS
        and not operator.if_exists
        and any(value.strip("*") for value in condition.values)
    )
