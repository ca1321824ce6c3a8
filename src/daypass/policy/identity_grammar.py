"""Which identity-based policies IAM stores, and what it says about the others.

The order of the checks is IAM's, taken from recorded answers: of several faults in one document, the one checked first
is told. (IAM User Guide, "Grammar of the IAM JSON policy language", says what is right; it does not say what is told.)
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from daypass.policy import problems
from daypass.policy.document import VERSION_2008, VERSION_2012, listed
from daypass.policy.patterns import atoms, static_matcher
from daypass.policy.problems import PolicyProblem
from daypass.policy.statement_grammar import (
    POLICY_ELEMENTS,
    SID,
    STATEMENT_ELEMENTS,
    Raw,
    check_unique_sids,
    condition_fault,
    date_fault,
    is_text,
)

if TYPE_CHECKING:
    from daypass.policy.json_text import Path

    Statements = tuple[Raw, ...]
    Fault = tuple[str, Path]

PARTITIONS = frozenset({"aws", "aws-cn", "aws-us-gov", "aws-iso", "aws-iso-b", "aws-iso-e", "aws-iso-f", "aws-eusc"})
_VENDOR = re.compile("[A-Za-z0-9.*?-]+")
_REGIONAL_S3 = ("accesspoint/", "access-grants/", "async-request/", "job/", "storage-lens/", "storage-lens-group/", "*")
_IAM_PATHS = (
    "user/",
    "federated-user/",
    "role/",
    "group/",
    "instance-profile/",
    "mfa/",
    "server-certificate/",
    "policy/",
    "sms-mfa/",
    "saml-provider/",
    "oidc-provider/",
    "report/",
    "access-report/",
)


def check(document: Any, *, old_version: bool = False) -> None:
    """Raises PolicyProblem for a document that IAM would refuse. ``old_version``: Version 2008-10-17 may pass."""
    ill_formed = _ill_formed(document)
    if ill_formed is not None:
        raise _malformed(problems.SYNTAX, ill_formed)
    statements: Statements = listed(document["Statement"])
    _check_no_principal(statements)
    if document.get("Version", VERSION_2008) == VERSION_2008 and not old_version:
        raise _malformed(problems.OLD_VERSION, ("Version",))
    _check_legacy_parsing(statements)
    resource_fault = _resource_fault(statements)
    _check_sids(statements)
    _check_presence(statements, "Action", problems.NO_ACTIONS)
    _check_presence(statements, "Resource", problems.NO_RESOURCES)
    if resource_fault is not None:
        raise _malformed(*resource_fault)
    for index, statement in enumerate(statements):
        for path, action in _named(statement, "Action", index):
            _check_action(action, path)


def _malformed(message: str, path: Path) -> PolicyProblem:
    return PolicyProblem(problems.MALFORMED_DOCUMENT, message, path=path)


def _form_of(statement: Raw, element: str) -> str | None:
    """Which of an element and its Not form a statement has; a well-formed one has one at most."""
    return next((form for form in (element, f"Not{element}") if form in statement), None)


def _named(statement: Raw, element: str, index: int) -> list[tuple[Path, Any]]:
    """The values of an element or of its Not form, each with the way to it."""
    form = _form_of(statement, element)
    if form is None:
        return []
    return [(("Statement", index, form, place), value) for place, value in enumerate(listed(statement[form]))]


def _ill_formed(document: Any) -> Path | None:
    """Step 1: where there is what IAM calls "Syntax errors in policy."."""
    if type(document) is not dict:
        return ()
    for name in document:
        if name not in POLICY_ELEMENTS:
            return (name,)
    if document.get("Version", VERSION_2012) not in (VERSION_2008, VERSION_2012):
        return ("Version",)
    if not is_text(document.get("Id", "")):
        return ("Id",)
    statements = listed(document.get("Statement", []))
    if not statements:
        return ("Statement",)
    faults = (_ill_formed_statement(statement, index) for index, statement in enumerate(statements))
    return next((fault for fault in faults if fault is not None), None)


def _ill_formed_statement(statement: Any, index: int) -> Path | None:
    here: Path = ("Statement", index)
    if type(statement) is not dict:
        return here
    for name in statement:
        if name not in STATEMENT_ELEMENTS:
            return (*here, name)
    if not is_text(statement.get("Sid", "")):
        return (*here, "Sid")
    effect = statement.get("Effect")
    if not is_text(effect) or effect.lower() not in ("allow", "deny"):
        return (*here, "Effect")
    fault = condition_fault(statement.get("Condition", {}))
    return _ill_formed_lists(statement, index) if fault is None else (*here, "Condition", *fault)


def _ill_formed_lists(statement: Raw, index: int) -> Path | None:
    for element in ("Action", "Resource"):
        if {element, f"Not{element}"} <= statement.keys():
            return ("Statement", index, f"Not{element}")
        for path, value in _named(statement, element, index):
            if not is_text(value):
                return path
    return None


def _check_no_principal(statements: Statements) -> None:
    for index, statement in enumerate(statements):
        form = _form_of(statement, "Principal")
        if form is not None:
            raise _malformed(problems.PRINCIPAL_FORBIDDEN, ("Statement", index, form))


def _check_legacy_parsing(statements: Statements) -> None:
    """Step 3, but for resources: effects by their exact name, dates that are dates."""
    for index, statement in enumerate(statements):
        if statement["Effect"] not in ("Allow", "Deny"):
            raise _malformed(problems.LEGACY_PARSING, ("Statement", index, "Effect"))
        fault = date_fault(statement)
        if fault is not None:
            raise _malformed(problems.LEGACY_PARSING, ("Statement", index, "Condition", *fault))


def _check_presence(statements: Statements, element: str, problem: str) -> None:
    for index, statement in enumerate(statements):
        if not _named(statement, element, index):
            raise _malformed(problem, ("Statement", index, _form_of(statement, element) or element))


def _resource_fault(statements: Statements) -> Fault | None:
    """The fault told for resources: per element the last in order of the sorted list; too short an ARN, at once."""
    fault = None
    for element in ("Resource", "NotResource"):
        for index, statement in enumerate(statements):
            if element not in statement:
                continue
            named = _named(statement, "Resource", index)
            for path, resource in sorted(named, key=lambda one: str(one[1]), reverse=True):
                text = _fault_of(resource)
                fault = fault if text is None else (text, path)
            too_short = [path for path, resource in named if fault is None and not _is_long_enough(resource)]
            if too_short:
                raise _malformed(problems.LEGACY_PARSING, too_short[0])
    return fault


def _is_long_enough(resource: str) -> bool:
    """IAM pads a short ARN, but not one with an empty part; and variables only belong behind the fifth colon."""
    if resource == "*":
        return True
    parts = resource.split(":", 5)
    if "${" in "".join(parts[:5]) or parts[2] == "":
        return False
    return len(parts) == 6 or "::" not in resource or resource.endswith("*")


def _fault_of(resource: str) -> str | None:
    if resource == "*":
        return None
    scheme, colon, rest = resource.partition(":")
    if not colon:
        return f'Resource {resource} must be in ARN format or "*".'
    parts = rest.split(":", 4)
    if scheme != "arn" or not is_partition(parts[0]):
        shown = ":".join((*parts, *"****")[: max(5, len(parts))])
        return f'Partition "{parts[0]}" is not valid for resource "arn:{shown}".'
    if len(parts) < 2 or "*" in parts[1] or "?" in parts[1]:
        return problems.RESOURCE_VENDOR
    return _service_fault(resource, parts[1], parts[2:])


def is_partition(pattern: str) -> bool:
    """Whether the second part of an ARN can be a partition; AWS's own managed policies write ``arn:*:...``."""
    return pattern in PARTITIONS or any(map(static_matcher(atoms(pattern, variables=False)), PARTITIONS))


def _service_fault(resource: str, service: str, parts: list[str]) -> str | None:
    """What IAM knows about the ARNs of IAM and S3: neither has a Region, and IAM's resources have a kind."""
    region, target = "".join(parts[:1]), "".join(parts[2:])
    if service == "iam" and region not in ("", "*"):
        return f"IAM resource {resource} cannot contain region information."
    if service == "s3" and region and not target.startswith(_REGIONAL_S3) and not resource.endswith(":*"):
        return f"Resource {resource} can not contain region information."
    if service == "iam" and len(parts) == 3 and target != "root" and not target.startswith(("*", *_IAM_PATHS)):
        return problems.IAM_RESOURCE_PATH
    return None


def _check_sids(statements: Statements) -> None:
    """Step 4. The empty Sid is as good as none."""
    check_unique_sids(statements, problems.MALFORMED_DOCUMENT)
    for index, statement in enumerate(statements):
        if not SID.fullmatch(statement.get("Sid", "")):
            raise _malformed(problems.SID_CHARACTERS, ("Statement", index, "Sid"))


def _check_action(action: str, path: Path) -> None:
    """Step 7: ``*`` or ``vendor:name``."""
    if action == "*":
        return
    vendor, colon, name = action.partition(":")
    if not colon:
        raise _malformed(problems.NO_VENDOR, path)
    if ":" in name:
        raise _malformed(problems.TWO_COLONS, path)
    if not _VENDOR.fullmatch(vendor):
        raise _malformed(f"Vendor {vendor} is not valid", path)
