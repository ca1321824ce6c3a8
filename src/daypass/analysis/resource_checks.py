"""Checks of Resource and NotResource: that each entry is an ARN of its service's form (AWS General Reference, "ARNs")."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from daypass.analysis.action_checks import has_wildcard
from daypass.analysis.globs import VARIABLE, loosened
from daypass.analysis.knowledge import PARTITIONS
from daypass.policy.identity_grammar import is_partition

if TYPE_CHECKING:
    from daypass.analysis.knowledge import Template
    from daypass.analysis.places import Spot
    from daypass.analysis.review import Review
    from daypass.analysis.statements import Statement

FIELDS: Final = 6
_ACCOUNT: Final = re.compile("[0-9]{12}")
_NAMED_ACCOUNTS: Final = frozenset({"aws", "aws-managed", "amazon", "cloudfront"})
"""What AWS's own resources have in place of an account."""

_PUBLIC: Final = frozenset({"resource-explorer-2", "ssm"})
"""Services of which AWS itself owns resources that have no account: documents, public parameters, views."""


def arn_fields(text: str) -> list[str]:
    """The parts of an ARN; a colon inside of a policy variable parts nothing."""
    masked = VARIABLE.sub(lambda found: found[0].replace(":", "\0"), text)
    return [part.replace("\0", ":") for part in masked.split(":", FIELDS - 1)]


def check_resources(statement: Statement, review: Review) -> None:
    """Each entry."""
    for entry in statement.resources.entries:
        if entry.text != "*":
            _check_arn(entry, review)
        _check_attached(entry, review)


def _check_arn(entry: Spot, review: Review) -> None:
    parts = arn_fields(entry.text)
    if parts[0] != "arn" or len(parts) == 1:
        review.report.add("INVALID_ARN_PREFIX", entry)
        return
    if len(parts) < FIELDS and not (entry.text.endswith("*") and "" not in parts):
        review.report.add("MISSING_ARN_FIELD", entry, fields=FIELDS)
    _check_partition(entry, parts, review)
    known = _check_service(entry, parts, review)
    if len(parts) < FIELDS or not known:
        return
    candidates = review.knowledge.candidates(parts[2], parts[5])
    if candidates == ():
        review.report.add("INVALID_ARN_RESOURCE", entry)
    _check_region(entry, parts[2], parts[3], candidates or (), review)
    _check_account(entry, parts[2], parts[4], candidates or (), review)


def _check_partition(entry: Spot, parts: list[str], review: Review) -> None:
    if not is_partition(parts[1]):
        service = parts[2] if len(parts) > 2 else ""
        review.report.add("INVALID_PARTITION", entry, service=service, partition=parts[1], partitions=PARTITIONS)


def _check_service(entry: Spot, parts: list[str], review: Review) -> bool:
    """Whether the third part names a service whose ARNs can be looked at."""
    service = parts[2] if len(parts) > 2 else ""
    if has_wildcard(service):
        review.report.add("WILDCARD_IN_SERVICE_NAME", entry)
        return False
    if service.lower() != service and review.knowledge.is_arn_service(service.lower()):
        review.report.add("INVALID_ARN_SERVICE_CASE", entry, service=service)
        return False
    if not review.knowledge.is_arn_service(service):
        if len(parts) > 2:
            review.report.add("INVALID_SERVICE", entry, service=service)
        return False
    return True


def _check_region(entry: Spot, service: str, region: str, candidates: tuple[Template, ...], review: Review) -> None:
    if region == "":
        if candidates and all(template.has_region for template in candidates):
            review.report.add("MISSING_ARN_REGION", entry, service=service)
    elif (region != "*" or service == "s3") and candidates and not any(template.has_region for template in candidates):
        review.report.add("ARN_REGION_NOT_ALLOWED", entry, service=service)
    elif "${" in region or not (has_wildcard(region) or region in review.knowledge.regions):
        review.report.add("INVALID_ARN_REGION", entry, region=region)


def _check_account(entry: Spot, service: str, account: str, candidates: tuple[Template, ...], review: Review) -> None:
    if account == "":
        if candidates and service not in _PUBLIC and all(template.has_account for template in candidates):
            review.report.add("MISSING_ARN_ACCOUNT", entry, resourceName=candidates[0].name)
    elif account != "*" and candidates and not any(template.has_account for template in candidates):
        review.report.add("ARN_ACCOUNT_NOT_ALLOWED", entry, service=service)
    elif "${" in account or not (has_wildcard(account) or _ACCOUNT.fullmatch(account) or account in _NAMED_ACCOUNTS):
        review.report.add("INVALID_ARN_ACCOUNT", entry, account=account)


def _check_attached(entry: Spot, review: Review) -> None:
    """Whether the policy of a bucket names a bucket or its objects, and so on."""
    attached = review.subject.attached
    if attached is None or review.subject.is_trust:
        return
    parts = arn_fields(entry.text)
    fits = (
        len(parts) == FIELDS
        and parts[2] == attached.service
        and any(
            template.name in attached.resources and template.fits(loosened(parts[5]))
            for template in review.knowledge.templates(attached.service)
        )
    )
    if not fits:
        review.report.add("UNSUPPORTED_RESOURCE_ARN_IN_POLICY", entry, resourceType=attached.shown)
