"""What the tests of policy validation share: the cases, and a validation with all that is known of AWS."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from daypass.analysis.knowledge import Knowledge
from daypass.analysis.subject import PolicyType, Subject
from daypass.analysis.validate import validate_policy
from daypass.catalog import catalog
from daypass.protocol.regions import known_regions

if TYPE_CHECKING:
    from daypass.analysis.findings import Finding

CASES = Path(__file__).parents[2] / "cases" / "analysis"
DEFAULT = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/k"}
IDENTITY, RESOURCE = "IDENTITY_POLICY", "RESOURCE_POLICY"
BUCKET, TRUST = "AWS::S3::Bucket", "AWS::IAM::AssumeRolePolicyDocument"


@cache
def knowledge() -> Knowledge:
    return Knowledge(catalog, known_regions())


def validate(text: str, policy_type: str = IDENTITY, resource_type: str | None = None) -> tuple[Finding, ...]:
    return validate_policy(text, Subject(PolicyType(policy_type), resource_type), knowledge())


def policy_of(case: Any) -> str:
    """A case's policy: a text as it is, a whole document, or what one statement has otherwise than the default one.

    ``null`` takes an element away; ``{"letters": n}`` stands for that many letters.
    """
    if isinstance(case, str):
        return case
    if "Statement" in case:
        return json.dumps(case, indent=1)
    statement = {name: _spelled(value) for name, value in (DEFAULT | case).items() if value is not None}
    return json.dumps({"Version": "2012-10-17", "Statement": statement}, indent=1)


def _spelled(value: Any) -> Any:
    return "x" * value["letters"] if isinstance(value, dict) and set(value) == {"letters"} else value


def codes(findings: tuple[Finding, ...]) -> set[str]:
    return {finding.code for finding in findings}
