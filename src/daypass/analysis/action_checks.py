"""Checks of Action and NotAction: that the services and actions exist (Service Authorization Reference)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from daypass.analysis.subject import ATTACHED, TRUST_POLICY

if TYPE_CHECKING:
    from daypass.analysis.places import Spot
    from daypass.analysis.review import Review
    from daypass.analysis.statements import Statement

TRUST_ACTIONS: Final = frozenset(
    {"assumerole", "assumerolewithsaml", "assumerolewithwebidentity", "tagsession", "setsourceidentity", "setcontext"}
)
_SERVICE: Final = re.compile("[A-Za-z0-9.*?-]+")
_WILD: Final = re.compile("[*?]")

_API_ACTIONS: Final = {
    "lambda:invoke": "lambda:InvokeFunction",
    "s3:completemultipartupload": "s3:PutObject",
    "s3:copyobject": "s3:PutObject",
    "s3:createmultipartupload": "s3:PutObject",
    "s3:deleteobjects": "s3:DeleteObject",
    "s3:headbucket": "s3:ListBucket",
    "s3:headobject": "s3:GetObject",
    "s3:listbuckets": "s3:ListAllMyBuckets",
    "s3:listmultipartuploads": "s3:ListBucketMultipartUploads",
    "s3:listobjects": "s3:ListBucket",
    "s3:listobjectsv2": "s3:ListBucket",
    "s3:listobjectversions": "s3:ListBucketVersions",
    "s3:listparts": "s3:ListMultipartUploadParts",
    "s3:uploadpart": "s3:PutObject",
    "s3:uploadpartcopy": "s3:PutObject",
}
"""APIs whose action has another name (S3 User Guide, "Required permissions for Amazon S3 API operations")."""


def split_action(text: str) -> tuple[str, str] | None:
    """Service in lower case and name of an entry; None for ``*`` and for what has not exactly one colon."""
    service, colon, name = text.partition(":")
    return (service.lower(), name) if colon and ":" not in name else None


def has_wildcard(text: str) -> bool:
    """Whether a pattern matches more than itself."""
    return _WILD.search(text) is not None


def check_actions(statement: Statement, review: Review) -> None:
    """Each entry: service, name, and whether this kind of policy takes it."""
    if review.subject.is_trust and statement.actions.negated and statement.actions.key is not None:
        review.report.add("INVALID_POLICY_ELEMENT", statement.actions.key, element="NotAction")
    for entry in statement.actions.entries:
        if entry.text == "*":
            if review.subject.is_trust:
                _tell_unsupported(entry, review)
            continue
        parts = split_action(entry.text)
        if parts is None:
            review.report.add("INVALID_ACTION", entry, action=entry.text)
        elif _check_service(entry, parts[0], review):
            _check_name(entry, *parts, statement, review)


def _check_service(entry: Spot, service: str, review: Review) -> bool:
    """Whether the entry's service is one, and only one."""
    if _WILD.search(service) and _SERVICE.fullmatch(service):
        review.report.add("WILDCARD_IN_SERVICE_NAME", entry)
        return False
    if service in review.knowledge.catalog.services():
        return True
    meant = _service_meant(service, review)
    variant = 1 if meant else 0
    review.report.add("INVALID_SERVICE_IN_ACTION", entry, variant=variant, service=entry.text, service2=meant)
    return False


def _service_meant(service: str, review: Review) -> str | None:
    """The service of that name with a hyphen more or less."""
    bare = service.replace("-", "")
    return next((name for name in sorted(review.knowledge.catalog.services()) if name.replace("-", "") == bare), None)


def _check_name(entry: Spot, service: str, name: str, statement: Statement, review: Review) -> None:
    matches = review.knowledge.matching(service, name)
    if not matches:
        _tell_unknown(entry, service, name, review)
        return
    if review.is_trust(statement):
        supported = service == "sts" and any(action.name.lower() in TRUST_ACTIONS for action in matches)
    elif attached := review.subject.attached:
        kinds = {kind for action in matches for kind, _ in action.resource_types}
        supported = service == attached.service and bool(kinds & attached.resources)
    else:
        return
    if not supported:
        _tell_unsupported(entry, review)


def _tell_unsupported(entry: Spot, review: Review) -> None:
    attached = review.subject.attached or ATTACHED[TRUST_POLICY]
    review.report.add("UNSUPPORTED_ACTION_IN_POLICY", entry, action=entry.text, resourceType=attached.shown)


def _tell_unknown(entry: Spot, service: str, name: str, review: Review) -> None:
    api = _API_ACTIONS.get(entry.text.lower())
    if api is not None:
        review.report.add("INVALID_ACTION", entry, variant=2, action=entry.text, valid_action=api, api=name)
        return
    other = name[:-1] if name.endswith("s") else f"{name}s"
    meant = review.knowledge.matching(service, other) if not has_wildcard(name) else ()
    valid = f"{service}:{meant[0].name}" if meant else ""
    review.report.add("INVALID_ACTION", entry, variant=1 if meant else 0, action=entry.text, valid_action=valid)
