"""Each issue code: a policy that has the problem, the finding on it, and a policy that only nearly has it.

The cases are data: tests/cases/analysis/findings.json. ``found`` has the problem, ``at`` is the text that the finding
points at first, ``says`` its details; ``missed`` must not have that finding.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from analysiskit import CASES, IDENTITY, codes, policy_of, validate

from daypass.analysis.codes import CODES, FindingType

ROWS = json.loads((CASES / "findings.json").read_text("utf-8"))
PAGE = "https://docs.aws.amazon.com/IAM/latest/UserGuide/access-analyzer-reference-policy-checks.html"


def named(row: dict[str, Any]) -> str:
    return str(row["code"])


def kind(row: dict[str, Any]) -> tuple[str, str | None]:
    return row.get("policyType", IDENTITY), row.get("resourceType")


@pytest.mark.parametrize("row", ROWS, ids=named)
def test_a_policy_with_the_problem_has_the_finding(row: dict[str, Any]) -> None:
    text = policy_of(row["found"])
    found = [finding for finding in validate(text, *kind(row)) if finding.code == row["code"]]
    assert found, codes(validate(text, *kind(row)))
    assert found[0].details == row["says"]
    first = found[0].locations[0]
    if "at" in row:
        assert text[first.start.offset : first.end.offset] == row["at"]


@pytest.mark.parametrize("row", ROWS, ids=named)
def test_a_policy_that_nearly_has_the_problem_has_not_the_finding(row: dict[str, Any]) -> None:
    assert row["code"] not in codes(validate(policy_of(row["missed"]), *kind(row)))


def test_every_code_that_is_checked_has_a_case_and_no_other_has_one() -> None:
    assert {row["code"] for row in ROWS} == {code for code, entry in CODES.items() if entry.unchecked is None}


def test_a_code_that_is_not_checked_says_why() -> None:
    assert [code for code, entry in CODES.items() if entry.unchecked == ""] == []


@pytest.mark.parametrize(
    ("policy", "code", "type_", "anchor"),
    [
        ({"Sid": "a b"}, "UNSUPPORTED_SID", FindingType.ERROR, "error-unsupported-sid"),
        ('{"Statement": {}}', "MISSING_VERSION", FindingType.WARNING, "general-warning-missing-version"),
        (
            {"Action": "iam:PassRole", "Resource": "*"},
            "PASS_ROLE_WITH_STAR_IN_RESOURCE",
            FindingType.SECURITY_WARNING,
            "security-warning-pass-role-with-star-in-resource",
        ),
        ({"Sid": ""}, "EMPTY_SID_VALUE", FindingType.SUGGESTION, "suggestion-empty-sid-value"),
    ],
)
def test_a_finding_has_its_weight_and_its_place_on_the_page_of_aws(
    policy: Any, code: str, type_: FindingType, anchor: str
) -> None:
    (found,) = [finding for finding in validate(policy_of(policy)) if finding.code == code]
    assert (found.type, found.link) == (type_, f"{PAGE}#access-analyzer-reference-policy-checks-{anchor}")


def test_each_of_several_problems_is_told_in_the_order_of_the_text() -> None:
    text = policy_of({"Sid": "a b", "Effect": "allow", "Action": ["nope:Get", "s3:Nope"], "Resource": "b", "Extra": 1})
    assert [finding.code for finding in validate(text)] == [
        "INVALID_EFFECT",
        "INVALID_SERVICE_IN_ACTION",
        "INVALID_ACTION",
        "INVALID_ARN_PREFIX",
        "UNSUPPORTED_SID",
        "INVALID_POLICY_ELEMENT",
    ]


def test_a_long_value_and_a_long_list_are_cut_in_the_text() -> None:
    (found,) = validate(policy_of({"Action": "s3:" + "x" * 5_000}))
    assert len(found.details) < 1_200
    actions = [f"s3:{name}" for name in ("GetObject", "PutObject", "DeleteObject")] * 20
    text = policy_of({"Action": actions, "Condition": {"StringEquals": {"s3:prefix": "a"}}})
    (found,) = [each for each in validate(text) if each.code == "UNSUPPORTED_ACTION_FOR_CONDITION_KEY"]
    assert ", ... are not supported" in found.details
    assert len(found.locations) <= 21
