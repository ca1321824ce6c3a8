"""The condition keys that tell of organizations (IAM User Guide, "AWS global condition context keys").

Few policies ask for them, and they are not at hand: they are only looked up where a policy does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from daypass.directory import GLOBAL, Organization

if TYPE_CHECKING:
    from daypass.access.asking import Ask
    from daypass.access.caller import Caller
    from daypass.access.context import Context
    from daypass.directory import View
    from daypass.policy import Layers


def organization_keys(ask: Ask, caller: Caller, layers: Layers, view: View) -> Context:
    """The keys of the caller's and of the resource's organization; none where no policy asks for any."""
    if not any(layer.asks_for_organizations for layer in layers.existing()):
        return {}
    context: Context = {}
    # who is only known to an identity provider is in no organization yet
    accounts = (
        {"resource": ask.account}
        if caller.is_anonymous or caller.federation is not None
        else {
            "principal": caller.account,
            "resource": ask.account,
        }
    )
    for whose, account in accounts.items():
        organization = organization_of(account, view)
        if organization is not None:
            context[f"aws:{whose}orgid"] = organization.id
            context[f"aws:{whose}orgpaths"] = (f"{organization.id}/{organization.root_id}/",)
    return context


def organization_of(account: str, view: View) -> Organization | None:
    """The organization that an account is in, as its management account or as a member."""
    found = view.linked(Organization, GLOBAL, "organization-account", account, limit=1).records
    return found[0] if found and isinstance(found[0], Organization) else None
