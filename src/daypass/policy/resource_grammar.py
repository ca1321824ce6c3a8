"""Which resource-based documents are stored: bucket policies, trust policies, endpoint and resource control policies.

They share a newer parser on AWS, which names the element it stumbles over (Amazon S3 API Reference, "Error responses";
IAM User Guide, "Troubleshoot IAM roles"). Whether a named principal, action or bucket *exists* is for those who know
them; what is checked here is all that the text alone can tell.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from daypass.policy import problems
from daypass.policy.document import VERSION_2008, VERSION_2012, listed
from daypass.policy.identity_grammar import (
    POLICY_ELEMENTS,
    STATEMENT_ELEMENTS,
    has_only_dates_for_dates,
    is_condition_block,
    is_partition,
    is_text,
)
from daypass.policy.problems import PolicyProblem

if TYPE_CHECKING:
    from collections.abc import Callable

Raw = dict[str, Any]
_SID = re.compile("[0-9A-Za-z]*")
_AWS_PRINCIPAL = re.compile(
    r"\*|[0-9]{12}|A(?:IDA|ROA)[0-9A-Z]{12,124}(?::[\w+=,.@-]{2,64})?"
    r"|arn:aws[a-z-]*:iam::[0-9]{12}:(?:root|(?:user|role)/[^*?:\s]+)"
    r"|arn:aws[a-z-]*:sts::[0-9]{12}:(?:assumed-role/[^*?:/\s]+/[^*?:/\s]+|federated-user/[^*?:/\s]+)"
)
_SERVICE_PRINCIPAL = re.compile(r"(?:[a-z0-9_-]+\.)+(?:amazonaws\.com(?:\.cn)?|amazon\.com|aws\.internal|aws)")
_CANONICAL_USER = re.compile("[0-9a-f]{64}")
_PROVIDER_ARN = re.compile(r"arn:aws[a-z-]*:iam::[0-9]{12}:(?:oidc|saml)-provider/[^*?\s]+")
_DOMAIN = re.compile(r"(?:[A-Za-z0-9-]+\.)+[A-Za-z]{2,}")
_STS_ACTION = re.compile("sts:[A-Za-z*?]+", re.IGNORECASE)
_S3_ACTION = re.compile(r"\*|s3[a-z-]*:[A-Za-z0-9*?]+", re.IGNORECASE)
_ANY_ACTION = re.compile(r"\*|[A-Za-z0-9.*?-]+:[^:]+")


@dataclass(frozen=True, slots=True)
class Rules:
    """What sets one kind of document apart."""

    code: str
    forbidden: frozenset[str]
    action: re.Pattern[str]
    bad_action: str
    resource: Callable[[str], bool]
    sid: re.Pattern[str]
    bad_principal: Callable[[str, str], str]


def _principal_in_the_text(kind: str, value: str) -> str:
    return f'{problems.INVALID_PRINCIPAL}: "{kind.upper()}":"{value}"'


def _principal_in_the_detail(_kind: str, _value: str) -> str:
    return problems.INVALID_PRINCIPAL


def _is_bucket_arn(resource: str) -> bool:
    parts = resource.split(":", 5)
    return (
        len(parts) == 6
        and parts[0] == "arn"
        and is_partition(parts[1])
        and parts[2] == "s3"
        and bool(parts[5])
        and "${" not in "".join(parts[:5])
    )


def _is_arn_or_star(resource: str) -> bool:
    parts = resource.split(":", 5)
    return resource == "*" or (len(parts) > 2 and parts[0] == "arn" and "${" not in "".join(parts[:5]))


TRUST = Rules(
    code=problems.MALFORMED_DOCUMENT,
    forbidden=frozenset({"Resource", "NotResource", "NotPrincipal", "NotAction"}),
    action=_STS_ACTION,
    bad_action=problems.ASSUME_ROLE_ACTIONS,
    resource=_is_arn_or_star,
    sid=_SID,
    bad_principal=_principal_in_the_text,
)
BUCKET = Rules(
    code=problems.MALFORMED_BUCKET_POLICY,
    forbidden=frozenset(),
    action=_S3_ACTION,
    bad_action=problems.INVALID_ACTION,
    resource=_is_bucket_arn,
    sid=re.compile("[^\0]*"),
    bad_principal=_principal_in_the_detail,
)
ENDPOINT = Rules(
    code=problems.MALFORMED_DOCUMENT,
    forbidden=frozenset(),
    action=_ANY_ACTION,
    bad_action=problems.INVALID_ACTION,
    resource=_is_arn_or_star,
    sid=_SID,
    bad_principal=_principal_in_the_text,
)
RESOURCE_CONTROL = Rules(
    code=problems.MALFORMED_ORGANIZATION_POLICY,
    forbidden=frozenset({"NotPrincipal", "NotAction"}),
    action=_ANY_ACTION,
    bad_action=problems.INVALID_ACTION,
    resource=_is_arn_or_star,
    sid=_SID,
    bad_principal=_principal_in_the_text,
)


def check(document: Any, rules: Rules) -> None:
    """Raises PolicyProblem for a document that would be refused."""
    if type(document) is not dict:
        raise PolicyProblem(rules.code, problems.INVALID_SYNTAX)
    _refuse_unknown(document, POLICY_ELEMENTS, rules)
    if document.get("Version", VERSION_2012) not in (VERSION_2008, VERSION_2012):
        raise PolicyProblem(rules.code, problems.BAD_VERSION)
    if not is_text(document.get("Id", "")):
        raise PolicyProblem(rules.code, problems.INVALID_SYNTAX)
    if "Statement" not in document:
        raise PolicyProblem(rules.code, "Missing required field Statement")
    statements = listed(document["Statement"])
    if not statements:
        raise PolicyProblem(rules.code, problems.EMPTY_STATEMENT)
    for statement in statements:
        _check_statement(statement, rules)
    sids = [s["Sid"] for s in statements if s.get("Sid")]
    if rules.sid is _SID and len(set(sids)) != len(sids):
        raise PolicyProblem(rules.code, problems.SIDS_NOT_UNIQUE)


def _refuse_unknown(raw: Raw, known: frozenset[str], rules: Rules) -> None:
    for name in raw:
        if name not in known:
            raise PolicyProblem(rules.code, f"Unknown field {name}")


def _check_statement(statement: Any, rules: Rules) -> None:
    if type(statement) is not dict:
        raise PolicyProblem(rules.code, problems.INVALID_SYNTAX)
    _refuse_unknown(statement, STATEMENT_ELEMENTS, rules)
    for name in statement:
        if name in rules.forbidden:
            raise PolicyProblem(rules.code, f"Has prohibited field {name}")
    _check_effect_and_sid(statement, rules)
    _check_principal(_element(statement, "Principal", rules), rules)
    _check_texts(statement, "Action", rules, lambda action: bool(rules.action.fullmatch(action)), rules.bad_action)
    if "Resource" not in rules.forbidden:
        _check_texts(statement, "Resource", rules, rules.resource, problems.INVALID_RESOURCE)
    if not is_condition_block(statement.get("Condition", {})) or not has_only_dates_for_dates(statement):
        raise PolicyProblem(rules.code, problems.INVALID_SYNTAX)


def _check_effect_and_sid(statement: Raw, rules: Rules) -> None:
    if "Effect" not in statement:
        raise PolicyProblem(rules.code, "Missing required field Effect")
    effect, sid = statement["Effect"], statement.get("Sid", "")
    if effect not in ("Allow", "Deny"):
        raise PolicyProblem(rules.code, f"Invalid effect: {effect}" if is_text(effect) else problems.INVALID_SYNTAX)
    if not is_text(sid):
        raise PolicyProblem(rules.code, problems.INVALID_SYNTAX)
    if not rules.sid.fullmatch(sid):
        raise PolicyProblem(rules.code, problems.SID_CHARACTERS)


def _element(statement: Raw, name: str, rules: Rules) -> Any:
    """The one of an element and its Not form that a statement must have."""
    present = [form for form in (name, f"Not{name}") if form in statement]
    if not present:
        raise PolicyProblem(rules.code, f"Missing required field {name}")
    if len(present) == 2:
        raise PolicyProblem(rules.code, problems.INVALID_SYNTAX)
    return statement[present[0]]


def _check_texts(statement: Raw, name: str, rules: Rules, fits: Callable[[str], bool], problem: str) -> None:
    values = listed(_element(statement, name, rules))
    if not values:
        raise PolicyProblem(rules.code, f"Missing required field {name}")
    if not all(map(is_text, values)):
        raise PolicyProblem(rules.code, problems.INVALID_SYNTAX)
    if not all(map(fits, values)):
        raise PolicyProblem(rules.code, problem)


def _check_principal(element: Any, rules: Rules) -> None:
    if is_text(element) and element == "*":
        return
    if type(element) is not dict:
        raise PolicyProblem(rules.code, problems.INVALID_PRINCIPAL)
    names = [(kind, value) for kind, values in element.items() for value in listed(values)]
    if not names:
        raise PolicyProblem(rules.code, problems.EMPTY_PRINCIPAL)
    for kind, value in names:
        if not is_text(value):
            raise PolicyProblem(rules.code, problems.INVALID_SYNTAX)
        if kind == "Federated" and not _names_provider(value):
            raise PolicyProblem(rules.code, problems.FEDERATED_FORM)
        if not _names_principal(kind, value):
            raise PolicyProblem(rules.code, rules.bad_principal(kind, value), detail=f'"{kind}" : "{value}"')


def _names_provider(value: str) -> bool:
    return bool(_PROVIDER_ARN.fullmatch(value) or _DOMAIN.fullmatch(value))


def _names_principal(kind: str, value: str) -> bool:
    """Whether a name has a form that can name someone. Groups never do, and no ARN with a wildcard."""
    match kind:
        case "AWS":
            return bool(_AWS_PRINCIPAL.fullmatch(value))
        case "Service":
            return bool(_SERVICE_PRINCIPAL.fullmatch(value))
        case "CanonicalUser":
            return bool(_CANONICAL_USER.fullmatch(value))
        case "Federated":
            return _names_provider(value)
        case _:
            return False
