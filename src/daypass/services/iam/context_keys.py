"""GetContextKeysForPrincipalPolicy, GetContextKeysForCustomPolicy: what a simulation of policies would have to be told.

Source: IAM API Reference. A policy's keys are those of its Condition blocks and its policy variables, in the order in
which they stand (a statement's resources before its conditions, as in AWS's examples).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from daypass.policy.mentioned import mentioned_keys
from daypass.services.iam import authorization
from daypass.services.iam.operations import iam
from daypass.services.iam.simulation_aside import aside
from daypass.services.iam.simulation_bounds import check_texts
from daypass.services.iam.simulation_documents import given_policies
from daypass.services.iam.simulation_source import boundary_of, identity_policies, on_source, source

if TYPE_CHECKING:
    from collections.abc import Sequence

    from daypass.directory import View
    from daypass.services.iam.simulation_documents import NamedPolicy
    from daypass.services.registry import Call, Output, Result, Rooms


@iam.with_rooms("GetContextKeysForCustomPolicy", needs=authorization.account_wide)
async def get_context_keys_for_custom_policy(call: Call, _view: View, _rooms: Rooms) -> Result:
    """The context keys of the policies given."""
    return await aside(_keys, call, []), []


@iam.with_rooms("GetContextKeysForPrincipalPolicy", needs=on_source)
async def get_context_keys_for_principal_policy(call: Call, view: View, _rooms: Rooms) -> Result:
    """The context keys of an entity's policies: its own, its groups', its boundary, and those given with the call."""
    entity = source(call, view)
    found = [*identity_policies(entity, view), *(boundary_of(entity, view) or ())]
    return await aside(_keys, call, found), []


def _keys(call: Call, found: Sequence[NamedPolicy]) -> Output:
    """Each key once, in the spelling that came first: names of keys ignore case."""
    check_texts(call)
    names: dict[str, str] = {}
    for named in (*found, *given_policies(call)):
        for name in mentioned_keys(named.policy):
            names.setdefault(name.lower(), name)
    return {"ContextKeyNames": list(names.values())}
