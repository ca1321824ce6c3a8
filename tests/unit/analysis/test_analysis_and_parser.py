"""What validation says and what this server stores belong together.

A document that IAM refuses has an ERROR finding, and one without is stored. The exceptions are AWS's own: what its
validation only warns of, and IAM refuses all the same; they are listed once, here.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from analysiskit import BUCKET, IDENTITY, RESOURCE, TRUST, codes, validate
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from daypass.analysis.codes import FindingType
from daypass.policy import Grammar, PolicyProblem, parse

CASES = Path(__file__).parents[2] / "cases" / "policy"
ALLOW = {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::b"}

ONLY_WARNED_OF = {
    "EMPTY_ARRAY_ACTION",
    "EMPTY_ARRAY_PRINCIPAL",
    "EMPTY_ARRAY_RESOURCE",
    "EMPTY_OBJECT_PRINCIPAL",
    "MISSING_VERSION",
    "TYPE_MISMATCH_DATE",
    "WILDCARD_IN_SERVICE_NAME",
}
"""Codes that are no ERROR with AWS, of documents that IAM refuses."""


def is_stored(text: str, grammar: Grammar) -> bool:
    try:
        parse(text, grammar)
    except PolicyProblem:
        return False
    return True


def is_told(text: str, policy_type: str, resource_type: str | None = None) -> bool:
    """Whether validation says that this cannot work."""
    findings = validate(text, policy_type, resource_type)
    return any(f.type is FindingType.ERROR for f in findings) or bool(codes(findings) & ONLY_WARNED_OF)


def is_old(text: str) -> bool:
    """Whether a document says that it is of the old version, which AWS's validation takes and IAM does not."""
    document = json.loads(text)
    return isinstance(document, dict) and document.get("Version") == "2008-10-17"


def text_of(case: dict[str, Any]) -> str:
    if "raw" in case:
        return str(case["raw"])
    if "document" in case:
        return json.dumps(case["document"])
    statement = {name: value for name, value in (ALLOW | case.get("statement", {})).items() if value is not None}
    document = {"Version": "2012-10-17", "Statement": statement} | case.get("over", {})
    return json.dumps({name: value for name, value in document.items() if value is not None})


REFUSED = json.loads((CASES / "identity_refused.json").read_text("utf-8"))["cases"]


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case["text"][:40])
def test_a_document_that_iam_refuses_has_a_finding(case: dict[str, Any]) -> None:
    text = text_of(case)
    assert is_told(text, IDENTITY) or is_old(text)


WORDS = st.sampled_from(
    [
        "*", "", "s3:GetObject", "s3:*", "iam:PassRole", "sts:AssumeRole", "sts:*", "x:y", "a:b:c", "S3:get*", "s*:Get",
        "arn:aws:s3:::b", "arn:aws:s3:::b/*", "arn:aws:s3:::b/${aws:username}", "arn:aws:s3:us-east-1::b", "arn:aws:s3*",
        "arn:aws:s3:::", "arn:aws::x", "arn:aws:iam::111122223333:user/a", "arn:aws:iam::*:role/*", "arn:aws:iam::1:x/y",
        "arn:aws:iam:us-east-1:111122223333:user/a", "arn:x:s3:::b", "arn:aws:S3:::b", "arn:aws:s3:*:*:b", "arn:*:s3:::b",
        "arn:aws:sqs:us-east-1:111122223333:q", "arn:${a}:s3:::b", "arn:aws:iam::111122223333:root", "arn:aws",
        "111122223333", "arn:aws:iam::111122223333:role/r", "arn:aws:iam::111122223333:group/g", "AROAJQABLZS4A3QDU576Q",
        "ec2.amazonaws.com", "ec2", "arn:aws:iam::111122223333:saml-provider/p", "accounts.google.com", "a" * 64, "true",
        "2026-11-24", "tomorrow", "10.0.0.0/8", "203.0.113.1", "5", "Allow", "allow", "a b", "${}", "${aws:username", "é",
    ]
)  # fmt: skip
SCALARS = WORDS | st.integers(-5, 5) | st.booleans() | st.none()
ANYTHING = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(WORDS, inner, max_size=2), max_leaves=4)  # fmt: skip
TEXTS = WORDS | st.lists(WORDS, max_size=3)
OPERATORS = st.sampled_from(
    ["StringEquals", "StringLike", "ForAnyValue:StringLike", "StringEqualsIfExists", "Bool", "Null", "NullIfExists", "IpAddress",
     "DateLessThan", "NumericEquals", "ArnLike", "BinaryEquals", "stringequals", "ForAnyValue::StringEquals", "Nope"]
)  # fmt: skip
KEYS = st.sampled_from(
    ["aws:username", "aws:UserName", "aws:SourceIp", "aws:TagKeys", "s3:prefix", "aws:CurrentTime", "k", "saml:aud"]
)
CONDITIONS = st.dictionaries(
    OPERATORS, st.dictionaries(KEYS, TEXTS | SCALARS | ANYTHING, max_size=2) | ANYTHING, max_size=2
)
PRINCIPALS = st.just("*") | st.dictionaries(
    st.sampled_from(["AWS", "Service", "Federated", "CanonicalUser", "aws"]), TEXTS, max_size=2
)


def statements(shape: dict[str, st.SearchStrategy[Any]], optional: dict[str, st.SearchStrategy[Any]]) -> Any:
    """Statements that are nearly right: each element is right, odd or anything at all; some are missing."""
    sometimes = {name: values | ANYTHING for name, values in {**shape, **optional, "Extra": ANYTHING}.items()}
    return st.fixed_dictionaries(shape, optional=optional) | st.fixed_dictionaries({}, optional=sometimes)


EFFECTS = st.sampled_from(["Allow", "Deny"])
OPTIONAL = {"Sid": st.sampled_from(["a", "b", "", "a b"]), "Condition": CONDITIONS}
IDENTITY_STATEMENTS = statements(
    {"Effect": EFFECTS, "Action": TEXTS, "Resource": TEXTS}, OPTIONAL | {"NotAction": TEXTS}
)
BUCKET_STATEMENTS = statements(
    {"Effect": EFFECTS, "Principal": PRINCIPALS, "Action": TEXTS, "Resource": TEXTS},
    OPTIONAL | {"NotPrincipal": PRINCIPALS},
)
TRUST_STATEMENTS = statements(
    {"Effect": EFFECTS, "Principal": PRINCIPALS, "Action": TEXTS}, OPTIONAL | {"Resource": TEXTS, "NotAction": TEXTS}
)


def documents(statement: Any) -> Any:
    body = statement | st.lists(statement, max_size=2)
    versions = st.sampled_from(["2012-10-17"] * 6 + ["2008-10-17", "2013-01-01"])
    whole = st.fixed_dictionaries({"Version": versions, "Statement": body}, optional={"Id": WORDS | ANYTHING})
    return (whole | st.fixed_dictionaries({}, optional={"Version": ANYTHING, "Statement": ANYTHING | body})).map(
        json.dumps
    )


def check(text: str, grammar: Grammar, policy_type: str, resource_type: str | None = None) -> None:
    findings = validate(text, policy_type, resource_type)
    assert all(0 <= place.start.offset <= place.end.offset <= len(text) for f in findings for place in f.locations)
    if not is_told(text, policy_type, resource_type):
        assert is_stored(text, grammar) or (grammar is not Grammar.BUCKET and is_old(text)), codes(findings)


SEARCH = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much]
)


@SEARCH
@given(text=documents(IDENTITY_STATEMENTS))
@example(
    text='{"Version": "2012-10-17", "Statement": {"Effect": "Deny", "Action": ":x", "Resource": "arn:aws:s3:::b"}}'
)
def test_an_identity_policy_without_errors_is_stored(text: str) -> None:
    check(text, Grammar.IDENTITY, IDENTITY)


@SEARCH
@given(text=documents(IDENTITY_STATEMENTS))
def test_a_service_control_policy_without_errors_is_stored(text: str) -> None:
    check(text, Grammar.SERVICE_CONTROL, "SERVICE_CONTROL_POLICY")


@SEARCH
@given(text=documents(BUCKET_STATEMENTS))
def test_a_resource_control_policy_without_errors_is_stored(text: str) -> None:
    check(text, Grammar.RESOURCE_CONTROL, "RESOURCE_CONTROL_POLICY")


@SEARCH
@given(text=documents(BUCKET_STATEMENTS))
def test_a_bucket_policy_without_errors_is_stored(text: str) -> None:
    check(text, Grammar.BUCKET, RESOURCE, BUCKET)


@SEARCH
@given(text=documents(TRUST_STATEMENTS))
def test_a_trust_policy_without_errors_is_stored(text: str) -> None:
    check(text, Grammar.TRUST, RESOURCE, TRUST)


@SEARCH
@given(text=st.text(max_size=40) | st.text('{}[]",:\\u0123456789abStatementAction \n', max_size=60))
@example(text="[" * 100_000)
@example(text='{"Version":' * 50_000)
@example(text='{"a": ' + "[" * 50_000 + "]" * 50_000 + "}")
def test_any_text_has_findings_or_none_and_never_an_accident(text: str) -> None:
    for policy_type, resource_type in ((IDENTITY, None), (RESOURCE, None), (RESOURCE, TRUST), (RESOURCE, BUCKET)):
        validate(text, policy_type, resource_type)
