"""IAM User Guide, "Identity-provider controls for shared OIDC providers"; which forms pass was tried on AWS in 2026."""

from __future__ import annotations

import json
from typing import Any

import pytest

from daypass.policy import Grammar, PolicyProblem, check_provider_controls, parse

GITHUB = "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com"
AUD = {"token.actions.githubusercontent.com:aud": "sts.amazonaws.com"}
SUB, WORKFLOW = (f"token.actions.githubusercontent.com:{claim}" for claim in ("sub", "job_workflow_ref"))


def check(
    condition: dict[str, Any],
    *,
    provider: str = GITHUB,
    effect: str = "Allow",
    action: str = "sts:AssumeRoleWithWebIdentity",
) -> None:
    statement = {"Effect": effect, "Principal": {"Federated": provider}, "Action": action, "Condition": condition}
    check_provider_controls(parse(json.dumps({"Version": "2012-10-17", "Statement": statement}), Grammar.TRUST))


@pytest.mark.parametrize(
    "condition",
    [
        {},
        {"StringEquals": AUD},
        {"StringEquals": {**AUD, "token.actions.githubusercontent.com:repository": "o/r"}},
        {"StringLike": {SUB: "*"}},
        {"StringLike": {SUB: []}},
        {"StringLikeIfExists": {SUB: "repo:o/r:*"}},
        {"StringNotEquals": {SUB: "repo:o/r:x"}},
    ],
)
def test_trusting_github_without_looking_at_the_subject_is_refused(condition: dict[str, Any]) -> None:
    with pytest.raises(PolicyProblem) as refused:
        check(condition)
    assert refused.value.code == "MalformedPolicyDocument"
    assert refused.value.message == (
        f"Trust policy with trusted principal {GITHUB} must evaluate, using StringEquals, StringLike or "
        f"StringEqualsIgnoreCase, {SUB} or {WORKFLOW} which is not scoped to all."
    )


@pytest.mark.parametrize(
    "condition",
    [
        {"StringLike": {SUB: "repo:*"}},
        {"StringLike": {SUB: ["repo:acme/x", "*"]}},
        {"StringEquals": AUD, "StringEqualsIgnoreCase": {SUB.upper(): "repo:o/r:ref:refs/heads/main"}},
        {"ForAnyValue:StringLike": {WORKFLOW: "o/r/.github/workflows/*"}},
    ],
)
def test_a_condition_on_the_subject_or_the_workflow_is_enough(condition: dict[str, Any]) -> None:
    check(condition)


def test_other_shared_issuers_are_held_to_their_subject_only() -> None:
    gitlab = "arn:aws:iam::111122223333:oidc-provider/gitlab.com"
    with pytest.raises(PolicyProblem, match=r"gitlab\.com:sub which is not scoped"):
        check({"StringEquals": {"gitlab.com:job_workflow_ref": "x"}}, provider=gitlab)
    check({"StringLike": {"gitlab.com:sub": "project_path:g/p:*"}}, provider=gitlab)


def test_a_private_issuer_a_deny_and_other_actions_need_no_control() -> None:
    check({}, provider="arn:aws:iam::111122223333:oidc-provider/idp.example.com")
    check({}, provider="cognito-identity.amazonaws.com")
    check({}, effect="Deny")
    check({}, action="sts:TagSession")
    statement = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:*"}
    check_provider_controls(parse(json.dumps({"Statement": statement}), Grammar.TRUST))
    with pytest.raises(PolicyProblem):
        check({}, action="sts:AssumeRole*")


def test_an_identity_policy_has_nothing_to_control() -> None:
    text = json.dumps({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}})
    check_provider_controls(parse(text, Grammar.IDENTITY))
