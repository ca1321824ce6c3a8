"""Policy documents on their way in: grammar, then size (IAM User Guide, "IAM and AWS STS quotas")."""

from __future__ import annotations

from typing import TYPE_CHECKING

from daypass.directory.quotas import INLINE_POLICY_SIZE, Quota
from daypass.errors import ApiError
from daypass.policy import Grammar, PolicyProblem, parse, policy_size

if TYPE_CHECKING:
    from daypass.directory.records import Documents
    from daypass.policy import Policy
    from daypass.services.iam.entities import Holder


def checked(text: str, grammar: Grammar) -> Policy:
    """The document, parsed. Raises MalformedPolicyDocument."""
    try:
        return parse(text, grammar)
    except PolicyProblem as problem:
        raise ApiError(problem.code, problem.message, reason=problem.where) from None


def checked_managed(text: str) -> str:
    """A document fit for a managed policy. Raises MalformedPolicyDocument, LimitExceeded."""
    checked(text, Grammar.IDENTITY)
    Quota.POLICY_SIZE.check(policy_size(text))
    return text


def with_inline(holder: Holder, name: str, text: str) -> Documents:
    """The inline policies of an entity with this one put in. All of them together have one size limit."""
    checked(text, Grammar.IDENTITY)
    policies = tuple(sorted({**dict(holder.policies), name: text}.items()))
    limit = INLINE_POLICY_SIZE[holder.kind]
    if sum(policy_size(document) for _, document in policies) > limit:
        message = f"Maximum policy size of {limit} bytes exceeded for {holder.kind} {holder.name}"
        raise ApiError("LimitExceeded", message)
    return policies
