"""Checks of Principal and NotPrincipal (IAM User Guide, "AWS JSON policy elements: Principal")."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from daypass.analysis.findings import MOST_SHOWN
from daypass.analysis.subject import PolicyType

if TYPE_CHECKING:
    from daypass.analysis.review import Review
    from daypass.analysis.statements import PrincipalUse, Statement

SERVICE_FORM: Final = "service-name.amazonaws.com"
_AWS: Final = re.compile(
    r"[0-9]{12}|A(?:IDA|ROA)[0-9A-Z]{12,124}(?::[\w+=,.@-]{2,64})?"
    r"|arn:aws[a-z-]*:iam::[0-9]{12}:(?:root|(?:user|role)/[^*?:\s]+)"
    r"|arn:aws[a-z-]*:iam::cloudfront:user/.+"
    r"|arn:aws[a-z-]*:sts::[0-9]{12}:(?:assumed-role/[^*?:/\s]+/[^*?:/\s]+|federated-user/[^*?:/\s]+)"
)
_SERVICE: Final = re.compile(r"(?:[a-z0-9_-]+\.)+(?:amazonaws\.com(?:\.cn)?|amazon\.com|aws\.internal|aws)")
_CANONICAL: Final = re.compile("[0-9a-f]{64}")
_PROVIDER: Final = re.compile(r"arn:aws[a-z-]*:iam::[0-9]{12}:(?:oidc|saml)-provider/[^*?\s]+")
_DOMAIN: Final = re.compile(r"(?:[A-Za-z0-9-]+\.)+[A-Za-z]{2,}")
_ROLE_ID, _USER_ID = re.compile("AROA[0-9A-Z]{12,124}(?::.*)?"), re.compile("AIDA[0-9A-Z]{12,124}")

SOURCES: Final = frozenset({"aws:sourcearn", "aws:sourceaccount", "aws:sourceorgid", "aws:sourceorgpaths"})
"""Condition keys that say for whom a service principal acts."""

_OF_PRINCIPALS: Final = frozenset(
    {
        "aws:principalaccount",
        "aws:principalarn",
        "aws:principalorgid",
        "aws:principalorgpaths",
        "aws:userid",
        "aws:username",
    }
)
"""Condition keys that no service principal has."""

_WEAKER: Final = frozenset({"aws:referer", "aws:useragent"})


def is_service_principal(name: str) -> bool:
    """Whether a text has the form of a service principal."""
    return _SERVICE.fullmatch(name) is not None


def check_principals(statement: Statement, review: Review) -> None:
    """Whether the kind of policy takes principals, and each name."""
    key = statement.principals.key
    if key is None:
        return
    match review.subject.type:
        case PolicyType.IDENTITY:
            review.report.add("UNSUPPORTED_PRINCIPAL", key, policy_type=review.subject.type)
            return
        case PolicyType.SERVICE_CONTROL:
            review.report.add("SCP_SYNTAX_ERROR_PRINCIPAL", key)
            return
        case PolicyType.RESOURCE_CONTROL:
            if [use.kind for use in statement.names] != ["*"] or statement.principals.negated:
                review.report.add("RCP_SYNTAX_ERROR_PRINCIPAL", statement.principals.value or key)
            return
        case PolicyType.RESOURCE:
            pass
    if statement.principals.negated:
        if review.is_trust(statement):
            review.report.add("ROLE_TRUST_POLICY_SYNTAX_ERROR_NOTPRINCIPAL", key)
        elif statement.allows:
            review.report.add("ALLOW_WITH_NOT_PRINCIPAL", key)
    for use in statement.names:
        _check_name(use, statement, review)
    _check_service_principals(statement, review)


def _check_name(use: PrincipalUse, statement: Statement, review: Review) -> None:
    trust = review.is_trust(statement)
    match use.kind:
        case "*":
            if trust:
                review.report.add("ROLE_TRUST_POLICY_UNSUPPORTED_WILDCARD_IN_PRINCIPAL", use.spot)
        case "AWS":
            _check_aws(use, review)
        case "Service":
            if "*" in use.name or "?" in use.name:
                review.report.add("UNSUPPORTED_WILDCARD_IN_PRINCIPAL", use.spot, principal_key=use.kind)
            elif not is_service_principal(use.name):
                review.report.add("INVALID_SERVICE_PRINCIPAL_FORMAT", use.spot, expectedFormat=SERVICE_FORM)
        case "Federated":
            _check_federated(use, review, trust=trust)
        case _:
            if "*" in use.name or "?" in use.name:
                review.report.add("UNSUPPORTED_WILDCARD_IN_PRINCIPAL", use.spot, principal_key=use.kind)
            elif not _CANONICAL.fullmatch(use.name):
                review.report.add("INVALID_PRINCIPAL_FORMAT", use.spot)


def _check_aws(use: PrincipalUse, review: Review) -> None:
    if use.name == "*":
        return
    if "*" in use.name or "?" in use.name:
        review.report.add("UNSUPPORTED_WILDCARD_IN_PRINCIPAL", use.spot, principal_key=use.kind)
    elif not _AWS.fullmatch(use.name):
        review.report.add("INVALID_PRINCIPAL_FORMAT", use.spot)
    elif _ROLE_ID.fullmatch(use.name):
        review.report.add("INVALID_ROLE_REFERENCE", use.spot, roleid=use.name)
    elif _USER_ID.fullmatch(use.name):
        review.report.add("INVALID_USER_REFERENCE", use.spot, userid=use.name)


def _check_federated(use: PrincipalUse, review: Review, *, trust: bool) -> None:
    if review.subject.attached is not None and not trust:
        review.report.add("FEDERATED_PRINCIPAL_NOT_SUPPORTED", use.spot)
    elif "*" in use.name or "?" in use.name:
        review.report.add("UNSUPPORTED_WILDCARD_IN_PRINCIPAL", use.spot, principal_key=use.kind)
    elif not (_PROVIDER.fullmatch(use.name) or _DOMAIN.fullmatch(use.name)):
        review.report.add("INVALID_FEDERATED_PRINCIPAL_SYNTAX_IN_ROLE_TRUST_POLICY", use.spot)


def _check_service_principals(statement: Statement, review: Review) -> None:
    """The confused deputy (IAM User Guide, "The confused deputy problem"). A role's trust in a service is no such case."""
    services = [use for use in statement.names if use.kind == "Service"]
    if not services or not statement.allows or statement.principals.negated:
        return
    if len(services) == len(statement.names):
        wrong = [use for use in statement.uses if use.key in _OF_PRINCIPALS and use.restricts]
        if wrong:
            review.report.add(
                "UNSUPPORTED_CONDITION_KEY_FOR_SERVICE_PRINCIPAL",
                *(use.key_spot for use in wrong[:MOST_SHOWN]),
                conditionKeys=[use.written_key for use in wrong],
            )
    if review.is_trust(statement) or statement.keys() & SOURCES:
        return
    weaker = next((use for use in statement.uses if use.key in _WEAKER), None)
    if weaker is None:
        review.report.add("RESTRICT_ACCESS_TO_SERVICE_PRINCIPAL", *(use.spot for use in services[:MOST_SHOWN]))
        return
    for use in services:
        review.report.add(
            "RECOMMENDED_CONDITION_KEY_FOR_SERVICE_PRINCIPAL",
            weaker.key_spot,
            use.spot,
            servicePrincipalPrefix=use.name.partition(".")[0],
            key=weaker.written_key,
        )
