"""CheckNoNewAccess, CheckAccessNotGranted, CheckNoPublicAccess (IAM Access Analyzer API Reference): verdicts on access.

A document that no policy of its kind may be is not judged: 422, with the reason for which the policy engine refuses it.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from daypass.analysis.access_checks import check_access_not_granted, check_no_new_access
from daypass.analysis.access_checks_public import check_no_public_access
from daypass.analysis.subject import PolicyType
from daypass.errors import ApiError
from daypass.policy import Grammar, PolicyProblem, parse
from daypass.services.accessanalyzer.operations import accessanalyzer, aside, on_policy

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from daypass.analysis.access_checks import Reason, Verdict
    from daypass.directory import View
    from daypass.policy import Policy
    from daypass.services.registry import Call, Output, Result, Rooms

_TRUST_POLICY: Final = "AWS::IAM::AssumeRolePolicyDocument"
_IDENTITY: Final = (Grammar.SESSION,)
"""An identity-based policy of any version, as there still are: the grammar is the same but for that."""
_RESOURCE: Final = (Grammar.ENDPOINT, Grammar.BUCKET)
"""A policy of any service's resources; a bucket's statements may have names of any characters."""
_ANY_RESOURCE: Final = (*_RESOURCE, Grammar.TRUST)
_NO_RESOURCE: Final = "Missing required field Resource"
_WILDCARDS: Final = frozenset("*?")


@accessanalyzer.with_rooms("CheckNoNewAccess", needs=on_policy)
async def no_new_access(call: Call, _view: View, _rooms: Rooms) -> Result:
    """Whether a new policy allows nothing that the existing one does not."""
    return _told(await aside(_texts(call), _no_new_access, call.input)), []


@accessanalyzer.with_rooms("CheckAccessNotGranted", needs=on_policy)
async def access_not_granted(call: Call, _view: View, _rooms: Rooms) -> Result:
    """Whether a policy allows none of the accesses."""
    for access in call.input["access"]:
        _check_access(access)
    if not call.input["access"]:
        raise _nothing_named()
    return _told(await aside(_texts(call), _access_not_granted, call.input)), []


@accessanalyzer.with_rooms("CheckNoPublicAccess", needs=on_policy)
async def no_public_access(call: Call, _view: View, _rooms: Rooms) -> Result:
    """Whether the policy of a resource keeps strangers out."""
    return _told(await aside(_texts(call), _no_public_access, call.input)), []


def _no_new_access(asked: Mapping[str, Any]) -> Verdict:
    kind = PolicyType(asked["policyType"])
    new, existing = (_read(asked, name, _grammars(kind)) for name in ("newPolicyDocument", "existingPolicyDocument"))
    return check_no_new_access(new, existing, kind=kind)


def _access_not_granted(asked: Mapping[str, Any]) -> Verdict:
    kind = PolicyType(asked["policyType"])
    return check_access_not_granted(_read(asked, "policyDocument", _grammars(kind)), asked["access"], kind=kind)


def _no_public_access(asked: Mapping[str, Any]) -> Verdict:
    resource_type = asked["resourceType"]
    grammars = (Grammar.TRUST,) if resource_type == _TRUST_POLICY else _RESOURCE
    return check_no_public_access(_read(asked, "policyDocument", grammars), resource_type)


def _grammars(kind: PolicyType) -> tuple[Grammar, ...]:
    return _ANY_RESOURCE if kind is PolicyType.RESOURCE else _IDENTITY


def _read(asked: Mapping[str, Any], name: str, grammars: Iterable[Grammar]) -> Policy:
    """The policy in a parameter, in the first grammar that takes it.

    What is told of none is what the first says; of a text without Resource, as trust policies are, what the last says.
    """
    problems = []
    for grammar in grammars:
        try:
            return parse(asked[name], grammar)
        except PolicyProblem as problem:
            problems.append(problem)
    told = problems[-1 if problems[0].message == _NO_RESOURCE else 0]
    where = f" ({told.where})" if told.where else ""
    raise ApiError("UnprocessableEntityException", f"The {name} could not be processed: {told.message}{where}")


def _check_access(access: Mapping[str, Any]) -> None:
    """Refuses what could not stand in a policy, and wildcards where the API takes none."""
    actions, resources = access.get("actions") or [], access.get("resources") or []
    if not actions and not resources:
        raise _nothing_named()
    for resource in resources:
        if resource != "*" and _WILDCARDS & set("".join(resource.split(":", 5)[:5])):
            raise _invalid(f"The resource {resource} has a wildcard outside of the resource ID.")
    statement = {"Effect": "Deny", "Action": actions or "*", "Resource": resources or "*"}
    try:
        parse(json.dumps({"Statement": statement}), Grammar.SESSION)
    except PolicyProblem as problem:
        raise _invalid(f"The access is not valid: {problem.message}") from None


def _nothing_named() -> ApiError:
    return _invalid("The access must name an action or a resource.")


def _invalid(message: str) -> ApiError:
    return ApiError("InvalidParameterException", message)


def _texts(call: Call) -> str:
    """All that is to be read, by whose length it is judged where to read it."""
    return "".join(value for name, value in call.input.items() if name.endswith("olicyDocument"))


def _told(verdict: Verdict) -> Output:
    return {
        "result": verdict.result,
        "message": verdict.message,
        "reasons": [_reason(reason) for reason in verdict.reasons],
    }


def _reason(reason: Reason) -> dict[str, Any]:
    told: dict[str, Any] = {"description": reason.description, "statementIndex": reason.statement_index}
    if reason.statement_id is not None:
        told["statementId"] = reason.statement_id
    return told
