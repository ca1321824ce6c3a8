"""Which identity-based policies IAM stores, and what it says about the others.

The order of the checks is IAM's, taken from recorded answers: of several faults in one document, the one checked first
is told. (IAM User Guide, "Grammar of the IAM JSON policy language", says what is right; it does not say what is told.)
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, TypeGuard

from daypass.policy import problems
from daypass.policy.conditions import DATE_OPERATORS, operator_named
from daypass.policy.document import VERSION_2008, VERSION_2012, listed
from daypass.policy.operands import instant
from daypass.policy.patterns import atoms, static_matcher
from daypass.policy.problems import PolicyProblem

if TYPE_CHECKING:
    from collections.abc import Iterable

Raw = dict[str, Any]
POLICY_ELEMENTS = frozenset({"Version", "Id", "Statement"})
STATEMENT_ELEMENTS = frozenset(
    {
        "Sid",
        "Effect",
        "Principal",
        "NotPrincipal",
        "Action",
        "NotAction",
        "Resource",
        "NotResource",
        "Condition",
    }
)
PARTITIONS = frozenset({"aws", "aws-cn", "aws-us-gov", "aws-iso", "aws-iso-b", "aws-iso-e", "aws-iso-f", "aws-eusc"})
_SID = re.compile("[0-9A-Za-z]*")
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
    if not _is_well_formed(document):
        raise _malformed(problems.SYNTAX)
    statements: tuple[Raw, ...] = listed(document["Statement"])
    if any("Principal" in s or "NotPrincipal" in s for s in statements):
        raise _malformed(problems.PRINCIPAL_FORBIDDEN)
    if document.get("Version", VERSION_2008) == VERSION_2008 and not old_version:
        raise _malformed(problems.OLD_VERSION)
    if not all(map(_passes_legacy_parsing, statements)):
        raise _malformed(problems.LEGACY_PARSING)
    resource_fault = _resource_fault(statements)
    _check_sids(statements)
    if not all(_names(s, "Action") for s in statements):
        raise _malformed(problems.NO_ACTIONS)
    if not all(_names(s, "Resource") for s in statements):
        raise _malformed(problems.NO_RESOURCES)
    if resource_fault is not None:
        raise _malformed(resource_fault)
    for statement in statements:
        for action in _names(statement, "Action"):
            _check_action(action)


def _malformed(message: str) -> PolicyProblem:
    return PolicyProblem(problems.MALFORMED_DOCUMENT, message)


def _names(statement: Raw, element: str) -> tuple[str, ...]:
    """The values of an element or of its Not form, of which a well-formed statement has one at most."""
    return listed(statement.get(element, statement.get(f"Not{element}", [])))


def _is_well_formed(document: Any) -> bool:
    """Step 1: everything that IAM calls "Syntax errors in policy."."""
    if type(document) is not dict or not document.keys() <= POLICY_ELEMENTS:
        return False
    if document.get("Version", VERSION_2012) not in (VERSION_2008, VERSION_2012) or not is_text(document.get("Id", "")):
        return False
    statements = listed(document.get("Statement", []))
    return bool(statements) and all(map(_is_well_formed_statement, statements))


def _is_well_formed_statement(statement: Any) -> bool:
    if type(statement) is not dict or not statement.keys() <= STATEMENT_ELEMENTS:
        return False
    effect = statement.get("Effect")
    return (
        is_text(statement.get("Sid", ""))
        and is_text(effect)
        and effect.lower() in ("allow", "deny")
        and not {"Action", "NotAction"} <= statement.keys()
        and not {"Resource", "NotResource"} <= statement.keys()
        and all(map(is_text, (*_names(statement, "Action"), *_names(statement, "Resource"))))
        and is_condition_block(statement.get("Condition", {}))
    )


def is_text(value: Any) -> TypeGuard[str]:
    """Whether a value is a JSON string. Numbers are read as another class."""
    return type(value) is str


def is_condition_block(block: Any) -> bool:
    """Whether a Condition element is one we can hold to. An operator without keys is no condition, whatever its name."""
    if type(block) is not dict:
        return False
    for operator, keys in block.items():
        if type(keys) is not dict or operator.count(":") > 1 or (keys and operator_named(operator) is None):
            return False
        if len({key.casefold() for key in keys}) != len(keys):
            return False
        if not all(isinstance(value, (str, bool)) for values in keys.values() for value in listed(values)):
            return False
    return True


def _passes_legacy_parsing(statement: Raw) -> bool:
    """Step 3, but for resources: effects by their exact name, dates that are dates."""
    return statement["Effect"] in ("Allow", "Deny") and has_only_dates_for_dates(statement)


def has_only_dates_for_dates(statement: Raw) -> bool:
    """Whether every value under a Date operator is a date."""
    return all(
        instant(str(value)) is not None
        for operator, keys in statement.get("Condition", {}).items()
        if keys and operator_named(operator).base in DATE_OPERATORS  # type: ignore[union-attr] # is_condition_block
        for values in keys.values()
        for value in listed(values)
    )


def _resource_fault(statements: Iterable[Raw]) -> str | None:
    """The fault told for resources: per element the last in order of the sorted list; too short an ARN, at once."""
    fault = None
    elements = [listed(s[name]) for name in ("Resource", "NotResource") for s in statements if name in s]
    for element in elements:
        for resource in sorted(element, reverse=True):
            fault = _fault_of(resource) or fault
        if fault is None and not all(map(_is_long_enough, element)):
            raise _malformed(problems.LEGACY_PARSING)
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


def _check_sids(statements: Iterable[Raw]) -> None:
    """Step 4. The empty Sid is as good as none."""
    sids = [s["Sid"] for s in statements if s.get("Sid")]
    if len(set(sids)) != len(sids):
        raise _malformed(problems.SIDS_NOT_UNIQUE)
    if not all(map(_SID.fullmatch, sids)):
        raise _malformed(problems.SID_CHARACTERS)


def _check_action(action: str) -> None:
    """Step 7: ``*`` or ``vendor:name``."""
    if action == "*":
        return
    vendor, colon, name = action.partition(":")
    if not colon:
        raise _malformed(problems.NO_VENDOR)
    if ":" in name:
        raise _malformed(problems.TWO_COLONS)
    if not _VENDOR.fullmatch(vendor):
        raise _malformed(f"Vendor {vendor} is not valid")
