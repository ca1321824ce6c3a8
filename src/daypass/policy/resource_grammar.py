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
from daypass.policy.identity_grammar import is_partition
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
    from collections.abc import Callable

    from daypass.policy.json_text import Path


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
    bad_syntax: str
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
    bad_syntax=problems.SYNTAX_AT,
    resource=_is_arn_or_star,
    sid=SID,
    bad_principal=_principal_in_the_text,
)
BUCKET = Rules(
    code=problems.MALFORMED_BUCKET_POLICY,
    forbidden=frozenset(),
    action=_S3_ACTION,
    bad_action=problems.INVALID_ACTION,
    bad_syntax=problems.INVALID_SYNTAX,
    resource=_is_bucket_arn,
    sid=re.compile("[^\0]*"),
    bad_principal=_principal_in_the_detail,
)
ENDPOINT = Rules(
    code=problems.MALFORMED_DOCUMENT,
    forbidden=frozenset(),
    action=_ANY_ACTION,
    bad_action=problems.INVALID_ACTION,
    bad_syntax=problems.SYNTAX_AT,
    resource=_is_arn_or_star,
    sid=SID,
    bad_principal=_principal_in_the_text,
)
RESOURCE_CONTROL = Rules(
    code=problems.MALFORMED_ORGANIZATION_POLICY,
    forbidden=frozenset({"NotPrincipal", "NotAction"}),
    action=_ANY_ACTION,
    bad_action=problems.INVALID_ACTION,
    bad_syntax=problems.SYNTAX_AT,
    resource=_is_arn_or_star,
    sid=SID,
    bad_principal=_principal_in_the_text,
)


def check(document: Any, rules: Rules) -> None:
    """Raises PolicyProblem for a document that would be refused."""
    if type(document) is not dict:
        raise PolicyProblem(rules.code, rules.bad_syntax)
    _refuse_unknown(document, POLICY_ELEMENTS, rules, ())
    if document.get("Version", VERSION_2012) not in (VERSION_2008, VERSION_2012):
        raise PolicyProblem(rules.code, problems.BAD_VERSION, path=("Version",))
    if not is_text(document.get("Id", "")):
        raise PolicyProblem(rules.code, rules.bad_syntax, path=("Id",))
    if "Statement" not in document:
        raise PolicyProblem(rules.code, "Missing required field Statement")
    statements = listed(document["Statement"])
    if not statements:
        raise PolicyProblem(rules.code, problems.EMPTY_STATEMENT, path=("Statement",))
    for index, statement in enumerate(statements):
        _check_statement(statement, rules, ("Statement", index))
    if rules.sid is SID:
        check_unique_sids(statements, rules.code)


def _refuse_unknown(raw: Raw, known: frozenset[str], rules: Rules, path: Path) -> None:
    for name in raw:
        if name not in known:
            raise PolicyProblem(rules.code, f"Unknown field {name}", path=(*path, name))


def _check_statement(statement: Any, rules: Rules, path: Path) -> None:
    if type(statement) is not dict:
        raise PolicyProblem(rules.code, rules.bad_syntax, path=path)
    _refuse_unknown(statement, STATEMENT_ELEMENTS, rules, path)
    for name in statement:
        if name in rules.forbidden:
            raise PolicyProblem(rules.code, f"Has prohibited field {name}", path=(*path, name))
    _check_effect_and_sid(statement, rules, path)
    form = _form_of("Principal", statement, rules, path)
    _check_principal(statement[form], rules, (*path, form))
    _check_texts("Action", statement, rules, path)
    if "Resource" not in rules.forbidden:
        _check_texts("Resource", statement, rules, path)
    fault = condition_fault(statement.get("Condition", {}))
    if fault is None:
        fault = date_fault(statement)
    if fault is not None:
        raise PolicyProblem(rules.code, rules.bad_syntax, path=(*path, "Condition", *fault))


def _check_effect_and_sid(statement: Raw, rules: Rules, path: Path) -> None:
    if "Effect" not in statement:
        raise PolicyProblem(rules.code, "Missing required field Effect", path=path)
    effect, sid = statement["Effect"], statement.get("Sid", "")
    if effect not in ("Allow", "Deny"):
        message = f"Invalid effect: {effect}" if is_text(effect) else rules.bad_syntax
        raise PolicyProblem(rules.code, message, path=(*path, "Effect"))
    if not is_text(sid):
        raise PolicyProblem(rules.code, rules.bad_syntax, path=(*path, "Sid"))
    if not rules.sid.fullmatch(sid):
        raise PolicyProblem(rules.code, problems.SID_CHARACTERS, path=(*path, "Sid"))


def _form_of(name: str, statement: Raw, rules: Rules, path: Path) -> str:
    """The one of an element and its Not form that a statement must have."""
    present = [form for form in (name, f"Not{name}") if form in statement]
    if not present:
        raise PolicyProblem(rules.code, f"Missing required field {name}", path=path)
    if len(present) == 2:
        raise PolicyProblem(rules.code, rules.bad_syntax, path=(*path, present[1]))
    return present[0]


def _check_texts(name: str, statement: Raw, rules: Rules, path: Path) -> None:
    form = _form_of(name, statement, rules, path)
    values = listed(statement[form])
    if not values:
        raise PolicyProblem(rules.code, f"Missing required field {name}", path=(*path, form))
    for place, value in enumerate(values):
        if not is_text(value):
            raise PolicyProblem(rules.code, rules.bad_syntax, path=(*path, form, place))
    for place, value in enumerate(values):
        if name == "Action" and not rules.action.fullmatch(value):
            raise PolicyProblem(rules.code, rules.bad_action, path=(*path, form, place))
        if name == "Resource" and not rules.resource(value):
            raise PolicyProblem(rules.code, problems.INVALID_RESOURCE, path=(*path, form, place))


def _check_principal(element: Any, rules: Rules, path: Path) -> None:
    if is_text(element) and element == "*":
        return
    if type(element) is not dict:
        raise PolicyProblem(rules.code, problems.INVALID_PRINCIPAL, path=path)
    names = [(kind, place, value) for kind, values in element.items() for place, value in enumerate(listed(values))]
    if not names:
        raise PolicyProblem(rules.code, problems.EMPTY_PRINCIPAL, path=path)
    for kind, place, value in names:
        here = (*path, kind, place)
        if not is_text(value):
            raise PolicyProblem(rules.code, rules.bad_syntax, path=here)
        if kind == "Federated" and not _names_provider(value):
            raise PolicyProblem(rules.code, problems.FEDERATED_FORM, path=here)
        if not _names_principal(kind, value):
            detail = f'"{kind}" : "{value}"'
            raise PolicyProblem(rules.code, rules.bad_principal(kind, value), detail=detail, path=here)


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
