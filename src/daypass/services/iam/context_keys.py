"""GetContextKeysForPrincipalPolicy, GetContextKeysForCustomPolicy: what a simulation of policies would have to be told.

Source: IAM API Reference. A policy's keys are those of its Condition blocks and its policy variables, in the order in
which they stand (a statement's resources before its conditions, as in AWS's examples).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from daypass.policy.variables import Variable, pieces
from daypass.services.iam import authorization
from daypass.services.iam.operations import iam
from daypass.services.iam.simulation_documents import given_policies
from daypass.services.iam.simulation_source import boundary_of, identity_policies, on_source, source

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from daypass.directory import View
    from daypass.policy import Policy, Statement
    from daypass.services.registry import Call, Result


@iam("GetContextKeysForCustomPolicy", needs=authorization.account_wide)
def get_context_keys_for_custom_policy(call: Call, _view: View) -> Result:
    """The context keys of the policies given."""
    return _answer(one.policy for one in given_policies(call)), []


@iam("GetContextKeysForPrincipalPolicy", needs=on_source)
def get_context_keys_for_principal_policy(call: Call, view: View) -> Result:
    """The context keys of an entity's policies: its own, its groups', its boundary, and those given with the call."""
    entity = source(call, view)
    found = [*identity_policies(entity, view), *(boundary_of(entity, view) or ()), *given_policies(call)]
    return _answer(one.policy for one in found), []


def _answer(policies: Iterable[Policy]) -> dict[str, list[str]]:
    """Each key once, in the spelling that came first: names of keys ignore case."""
    names: dict[str, str] = {}
    for policy in policies:
        for name in keys_of(policy):
            names.setdefault(name.casefold(), name)
    return {"ContextKeyNames": list(names.values())}


def keys_of(policy: Policy) -> Iterator[str]:
    """The context keys that a policy asks for, as they are written; some of them more than once."""
    for statement in policy.statements:
        yield from _variables_in(statement.resources or (), policy)
        yield from _condition_keys(statement, policy)


def _condition_keys(statement: Statement, policy: Policy) -> Iterator[str]:
    for condition in statement.conditions:
        yield condition.key
        yield from _variables_in(condition.values, policy)


def _variables_in(texts: Iterable[str], policy: Policy) -> Iterator[str]:
    if policy.has_variables:
        yield from (piece.name for text in texts for piece in pieces(text) if isinstance(piece, Variable))
