"""One statement, as the obvious engine reads it: principal, action, resource and conditions, in this order.

The first part that does not fit is told with what it wanted and what there was; all conditions that fail are told.
(IAM User Guide, "IAM JSON policy elements reference".)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from daypass.policy.decision import Failure
from daypass.policy.document import Effect, Grammar
from daypass.policy.obvious_conditions import Answer, Token, expand_arn, glob, holds, wildcards
from daypass.policy.principals import Naming, PrincipalKind
from daypass.policy.variables import Variable, pieces

if TYPE_CHECKING:
    from daypass.policy.decision import AccessRequest
    from daypass.policy.document import Policy, PrincipalName, Statement
    from daypass.policy.principals import Principal


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked of a statement: the request, the document it stands in, whether the caller has a boundary."""

    request: AccessRequest
    policy: Policy
    bounded: bool


def failures_of(statement: Statement, asked: Asked) -> tuple[Failure, ...]:
    """What does not fit; nothing if the statement matches. What cannot be told fits a Deny and fails an Allow."""
    request = asked.request
    if not _action_fits(statement, request.action):
        return (Failure("NotAction" if statement.not_action else "Action", statement.actions, request.action),)
    if not _counts(_resource_fits(statement, asked), statement):
        part = "NotResource" if statement.not_resource else "Resource"
        wanted = statement.resources or ()
        return (Failure(part, wanted, request.resource, unresolved=_unresolved(wanted, asked)),)
    if naming_of(statement, asked) is Naming.NONE:
        element = statement.principal
        names = () if element is None else tuple(f"{kind}:{value}" for kind, value in element.names)
        part = "NotPrincipal" if element is not None and element.negated else "Principal"
        return (Failure(part, names, request.principal.arn),)
    return tuple(
        Failure(
            "Condition",
            c.values,
            request.context.get(c.key.lower()),
            c.operator,
            c.key,
            _unresolved(c.values, asked),
        )
        for c in statement.conditions
        if not _counts(holds(c, request.context, variables=asked.policy.has_variables), statement)
    )


def _unresolved(wanted: tuple[str, ...], asked: Asked) -> tuple[str, ...]:
    """The variables in some texts of a policy that nothing in the request stands for."""
    if not asked.policy.has_variables:
        return ()
    texts = (text for text in wanted if "${" in text)
    variables = (piece for text in texts for piece in pieces(text) if isinstance(piece, Variable))
    context = asked.request.context
    return tuple(dict.fromkeys(each.name for each in variables if each.value(context) is None))


def _counts(answer: Answer, statement: Statement) -> bool:
    return answer is Answer.YES or (answer is Answer.CANNOT_BE_TOLD and statement.effect is Effect.DENY)


def _action_fits(statement: Statement, action: str) -> bool:
    action = action.lower()
    listed = any(glob(wildcards(each.lower()), action) for each in statement.actions)
    return not listed if statement.not_action else listed


def _resource_fits(statement: Statement, asked: Asked) -> Answer:
    if statement.resources is None:
        return Answer.YES
    answers = [_one_resource_fits(pattern, asked) for pattern in statement.resources]
    if Answer.YES in answers:
        return Answer.NO if statement.not_resource else Answer.YES
    if not statement.not_resource:
        return Answer.NO  # a pattern with a variable that nothing fills in matches nothing
    return Answer.CANNOT_BE_TOLD if Answer.CANNOT_BE_TOLD in answers else Answer.YES


def _one_resource_fits(pattern: str, asked: Asked) -> Answer:
    resource = asked.request.resource
    if pattern == "*":
        return Answer.YES
    if resource == "*":
        return Answer.NO
    actual = resource.split(":", 5)
    wanted = expand_arn(pattern, asked.request.context, variables=asked.policy.has_variables)
    if wanted is None:
        return Answer.CANNOT_BE_TOLD
    if len(wanted) < 6:
        resource_based = asked.policy.grammar in (Grammar.BUCKET, Grammar.ENDPOINT, Grammar.RESOURCE_CONTROL)
        if resource_based and wanted[-1][-1:] != [Token.ANY_RUN]:
            return Answer.NO
        wanted += [[Token.ANY_RUN]] * (6 - len(wanted))
    if len(actual) < 6:
        return Answer.NO
    return Answer.of(all(map(glob, wanted, actual)))


def naming_of(statement: Statement, asked: Asked) -> Naming:
    """How the Principal element names the caller, if it does."""
    element, principal = statement.principal, asked.request.principal
    if element is None:
        return Naming.UNNAMED
    ways = {_describes(name, principal) for name in element.names}
    everyone = any(value == "*" and kind in ("*", "AWS") for kind, value in element.names)
    from_outside = principal.kind in (PrincipalKind.WEB_IDENTITY, PrincipalKind.SAML)
    allows = statement.effect is Effect.ALLOW
    if not element.negated:
        if everyone and not (from_outside and allows):
            return Naming.DIRECT
        return max(ways)
    if allows:
        # NotPrincipal with Allow: everyone but those whom a name describes, however loosely.
        return Naming.NONE if everyone or from_outside or max(ways) is not Naming.NONE else Naming.DIRECT
    # NotPrincipal with Deny: it spares only callers all of whose names are listed, and nobody who has a boundary.
    spared = everyone or _names_of(principal) <= ways
    return Naming.NONE if spared and not asked.bounded else Naming.DIRECT


def _names_of(principal: Principal) -> set[Naming]:
    """The ways in which a caller would have to be named to be named completely."""
    match principal.kind:
        case PrincipalKind.USER:
            names = {Naming.ACCOUNT, Naming.DIRECT}
        case PrincipalKind.ROLE_SESSION | PrincipalKind.FEDERATED_USER:
            names = {Naming.ACCOUNT, Naming.DIRECT}
        case _:
            return {Naming.DIRECT}
    return names | {Naming.THROUGH} if principal.through else names


def _describes(name: PrincipalName, principal: Principal) -> Naming:
    """How one name, other than ``*``, describes the caller."""
    kind, value = name
    match principal.kind, kind:
        case PrincipalKind.SERVICE, "Service":
            return Naming.DIRECT if value == principal.service else Naming.NONE
        case PrincipalKind.WEB_IDENTITY | PrincipalKind.SAML, "Federated":
            return Naming.DIRECT if value in principal.federated else Naming.NONE
        case PrincipalKind.ROOT | PrincipalKind.USER | PrincipalKind.ROLE_SESSION | PrincipalKind.FEDERATED_USER, "AWS":
            if value in principal.direct:
                return Naming.DIRECT
            if value in principal.through:
                return Naming.THROUGH
            if _account_named(value) == principal.account:
                return Naming.DIRECT if principal.kind is PrincipalKind.ROOT else Naming.ACCOUNT
    return Naming.NONE


def _account_named(value: str) -> str:
    """The account that a name means as a whole: its number, or the ARN of its root."""
    match value.split(":"):
        case [account]:
            return account
        case ["arn", _, "iam", "", account, "root"]:
            return account
        case _:
            return ""
