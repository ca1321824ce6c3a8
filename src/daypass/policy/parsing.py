"""Text to :class:`~daypass.policy.document.Policy`: the only door.

Each kind of document has its own grammar and its own words; what a grammar does not know, it refuses. Parsing costs
what the text is long, never more, and any text gives a policy or a PolicyProblem.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from daypass.policy import identity_grammar, json_text, problems, resource_grammar
from daypass.policy.document import Effect, Grammar, Policy, build, listed
from daypass.policy.problems import PolicyProblem

if TYPE_CHECKING:
    from collections.abc import Callable


def parse(text: str, grammar: Grammar) -> Policy:
    """The policy a text stands for. Raises PolicyProblem, with AWS's code and text for that kind of document."""
    try:
        document = json_text.read(text)
    except json_text.NotJson as error:
        problem = _not_json(text, grammar)
        problem.position = None if error.offset is None else json_text.line_and_column(text, error.offset)
        raise problem from None
    try:
        _CHECKS[grammar](document)
    except PolicyProblem as problem:
        problem.position = json_text.position_of(text, problem.path)
        if problem.message == problems.SYNTAX_AT:
            problem.message %= problem.position
        raise
    return build(text, grammar, document)


def _not_json(text: str, grammar: Grammar) -> PolicyProblem:
    match grammar:
        case Grammar.IDENTITY:
            return PolicyProblem(problems.MALFORMED_DOCUMENT, problems.SYNTAX)
        case Grammar.SESSION:
            return PolicyProblem(problems.MALFORMED_DOCUMENT, problems.SESSION_NOT_JSON)
        case Grammar.BUCKET:
            first_byte = problems.NOT_JSON if text.startswith("{") else problems.FIRST_BYTE
            return PolicyProblem(problems.MALFORMED_BUCKET_POLICY, first_byte)
        case Grammar.TRUST | Grammar.ENDPOINT:
            return PolicyProblem(problems.MALFORMED_DOCUMENT, problems.NOT_JSON)
        case Grammar.SERVICE_CONTROL | Grammar.RESOURCE_CONTROL:
            return _wrong_organization_policy()


def _wrong_organization_policy(path: tuple[str | int, ...] = ()) -> PolicyProblem:
    return PolicyProblem(problems.MALFORMED_ORGANIZATION_POLICY, problems.ORGANIZATION_TYPE, path=path)


def _check_identity(document: Any) -> None:
    identity_grammar.check(document)


def _check_session(document: Any) -> None:
    """STS takes session policies without a Version, which then have no variables."""
    identity_grammar.check(document, old_version=True)


def _check_bucket(document: Any) -> None:
    if type(document) is not dict:
        raise PolicyProblem(problems.MALFORMED_BUCKET_POLICY, problems.FIRST_BYTE)
    resource_grammar.check(document, resource_grammar.BUCKET)


def _check_trust(document: Any) -> None:
    resource_grammar.check(document, resource_grammar.TRUST)


def _check_endpoint(document: Any) -> None:
    resource_grammar.check(document, resource_grammar.ENDPOINT)


def _check_service_control(document: Any) -> None:
    """Organizations has one text for all faults."""
    try:
        identity_grammar.check(document)
    except PolicyProblem as problem:
        raise _wrong_organization_policy(problem.path) from None
    _check_whole_arns(document)


def _check_resource_control(document: Any) -> None:
    """A resource control policy denies a service's actions, for everyone; its one possible Allow is that of everything."""
    try:
        resource_grammar.check(document, resource_grammar.RESOURCE_CONTROL)
    except PolicyProblem as problem:
        raise _wrong_organization_policy(problem.path) from None
    for index, statement in enumerate(listed(document["Statement"])):
        everything = statement.get("Resource") in ("*", ["*"]) and "Condition" not in statement
        denies = statement["Effect"] == Effect.DENY
        if statement["Principal"] != "*" or not (denies or everything):
            raise _wrong_organization_policy(("Statement", index))
        if denies and "*" in listed(statement["Action"]):
            raise _wrong_organization_policy(("Statement", index, "Action"))
    _check_whole_arns(document)


def _check_whole_arns(document: Any) -> None:
    """Control policies take no ARN that is cut short, other than by a ``*``."""
    for index, statement in enumerate(listed(document["Statement"])):
        for element in ("Resource", "NotResource"):
            for place, resource in enumerate(listed(statement.get(element, []))):
                if resource.count(":") < 5 and not resource.endswith("*"):
                    raise _wrong_organization_policy(("Statement", index, element, place))


_CHECKS: dict[Grammar, Callable[[Any], None]] = {
    Grammar.IDENTITY: _check_identity,
    Grammar.SESSION: _check_session,
    Grammar.BUCKET: _check_bucket,
    Grammar.TRUST: _check_trust,
    Grammar.ENDPOINT: _check_endpoint,
    Grammar.SERVICE_CONTROL: _check_service_control,
    Grammar.RESOURCE_CONTROL: _check_resource_control,
}
