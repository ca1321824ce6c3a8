"""Session policies of the issuing calls: the inline document and the managed policies named by ARN (sts.md 8)."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from daypass.access.gather import managed_source
from daypass.directory.aws_managed import aws_policy
from daypass.errors import ApiError
from daypass.policy import Grammar, PolicyProblem, parse

if TYPE_CHECKING:
    from daypass.directory import View
    from daypass.services.registry import Call

INLINE_LIMIT = 2048
MANAGED_LIMIT = 10


class SessionPolicies(NamedTuple):
    """What limits a session: the inline text, and the ARNs of managed policies, read whenever they are used."""

    inline: str | None
    arns: tuple[str, ...]

    @property
    def given(self) -> bool:
        """Whether there is any."""
        return self.inline is not None or bool(self.arns)


def session_policies(call: Call, view: View, account: str) -> SessionPolicies:
    """The session policies that a call passes, checked. ``account`` owns the managed ones: the role's or the user's.

    Raises ValidationError for length, number and unknown ARNs, MalformedPolicyDocument for the text.
    """
    text: str | None = call.input.get("Policy")
    arns = tuple(item.get("arn", "") for item in call.input.get("PolicyArns", ()))
    if text is not None:
        _check_inline(text)
    if len(arns) > MANAGED_LIMIT:
        raise _invalid("policyArns", f"length less than or equal to {MANAGED_LIMIT}", "[" + ", ".join(arns) + "]")
    for arn in arns:
        aws = aws_policy(arn)
        if (aws is not None and not aws.attachable) or managed_source(view, account, arn) is None:
            raise ApiError("ValidationError", f"ARN {arn} is not valid.")
    return SessionPolicies(text, arns)


@lru_cache(maxsize=256)  # an application passes the same few; a refusal is not kept
def _check_inline(text: str) -> None:
    if len(text) > INLINE_LIMIT:
        raise _invalid("policy", f"length less than or equal to {INLINE_LIMIT}", text)
    try:
        parse(text, Grammar.SESSION)
    except PolicyProblem as problem:
        raise ApiError(problem.code, problem.message) from None


def _invalid(member: str, constraint: str, value: str) -> ApiError:
    clause = f"Value '{value}' at '{member}' failed to satisfy constraint: Member must have {constraint}"
    return ApiError("ValidationError", f"1 validation error detected: {clause}")
