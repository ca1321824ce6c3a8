"""Organizations of accounts as the operator makes them, for ``daypass organization``, beside a running server.

There is no AWS Organizations API here yet; these are the few things that other operations read of an organization.
"""

from __future__ import annotations

import asyncio
from base64 import b32encode
from typing import TYPE_CHECKING

import msgspec

from daypass import clock
from daypass.audit import Recorder
from daypass.directory import GLOBAL, Account, Organization, Put, all_of
from daypass.provisioning import ATTEMPTS, existing_store
from daypass.store import Conflict, StoreProblem

if TYPE_CHECKING:
    from collections.abc import Callable

    from daypass.config import Config
    from daypass.directory import View

    Decide = Callable[[View], tuple[Organization, str, dict[str, str]]]
    """What the organization becomes, and the event with its parameters."""

IAM = "iam.amazonaws.com"
SOURCE = "organizations.amazonaws.com"


class OrganizationProblem(Exception):
    """What was asked cannot be done; the text is one clear line for the operator."""


def list_organizations(config: Config) -> list[Organization]:
    """All organizations. Raises OrganizationProblem."""
    try:
        store = existing_store(config)
    except StoreProblem as problem:
        raise OrganizationProblem(str(problem)) from None
    try:
        return list(all_of(Organization, store.view(), GLOBAL))
    finally:
        store.close()


def create(config: Config, management: str) -> Organization:
    """A new organization with its management account; IAM may act in all its accounts."""

    def decide(view: View) -> tuple[Organization, str, dict[str, str]]:
        _require_account(view, management)
        if _organization_of(view, management) is not None:
            raise OrganizationProblem(f"account {management} is in an organization already")
        made = Organization(
            id="o-" + _letters(10),
            management=management,
            root_id="r-" + _letters(4),
            created=int(clock.now()),
            trusted_services=(IAM,),
        )
        return made, "CreateOrganization", {"featureSet": "ALL"}

    return _decided(config, decide)


def add_account(config: Config, account: str, organization_id: str | None = None) -> Organization:
    """Make an account a member."""

    def decide(view: View) -> tuple[Organization, str, dict[str, str]]:
        _require_account(view, account)
        if _organization_of(view, account) is not None:
            raise OrganizationProblem(f"account {account} is in an organization already")
        found = _chosen(view, organization_id)
        changed = msgspec.structs.replace(found, members=(*found.members, account))
        return changed, "InviteAccountToOrganization", {"target": account}

    return _decided(config, decide)


def remove_account(config: Config, account: str) -> Organization:
    """Let a member go; what it was delegated goes with it."""

    def decide(view: View) -> tuple[Organization, str, dict[str, str]]:
        found = _of_member(view, account)
        members = tuple(member for member in found.members if member != account)
        delegated = tuple(pair for pair in found.delegated if pair[0] != account)
        changed = msgspec.structs.replace(found, members=members, delegated=delegated)
        return changed, "RemoveAccountFromOrganization", {"accountId": account}

    return _decided(config, decide)


def delegate(config: Config, account: str) -> Organization:
    """Make a member the delegated administrator for IAM, in place of another."""

    def decide(view: View) -> tuple[Organization, str, dict[str, str]]:
        found = _of_member(view, account)
        others = tuple(pair for pair in found.delegated if pair[1] != IAM)
        changed = msgspec.structs.replace(found, delegated=(*others, (account, IAM)))
        return changed, "RegisterDelegatedAdministrator", {"accountId": account, "servicePrincipal": IAM}

    return _decided(config, decide)


def _decided(config: Config, decide: Decide) -> Organization:
    """Decide and commit, with a record in the management account's trail."""
    try:
        store = existing_store(config)
    except StoreProblem as problem:
        raise OrganizationProblem(str(problem)) from None
    recorder = Recorder({}, clock.now, clock.random_bytes)
    try:
        for _ in range(ATTEMPTS):
            view = store.view()
            organization, event, parameters = decide(view)
            record = recorder.of_operator(organization.management, SOURCE, event, parameters)
            try:
                asyncio.run(store.commit(view, [Put(organization)], [record.row()]))
            except Conflict:
                continue
            return organization
    except StoreProblem as problem:
        raise OrganizationProblem(str(problem)) from None
    finally:
        store.close()
    raise OrganizationProblem("the directory is changing too fast: try again")


def _organization_of(view: View, account: str) -> Organization | None:
    found = view.linked(Organization, GLOBAL, "organization-account", account, limit=1).records
    return found[0] if found and isinstance(found[0], Organization) else None


def _of_member(view: View, account: str) -> Organization:
    found = _organization_of(view, account)
    if found is None or account not in found.members:
        raise OrganizationProblem(f"account {account} is no member of an organization")
    return found


def _chosen(view: View, organization_id: str | None) -> Organization:
    if organization_id is not None:
        found = view.get(Organization, GLOBAL, organization_id)
        if found is None:
            raise OrganizationProblem(f"there is no organization {organization_id}")
        return found
    all_of_them = view.page(Organization, GLOBAL, limit=2).records
    if len(all_of_them) != 1 or not isinstance(all_of_them[0], Organization):
        raise OrganizationProblem(
            "there is no organization yet: `daypass organization create`"
            if not all_of_them
            else "there are several organizations: say which with --organization"
        )
    return all_of_them[0]


def _require_account(view: View, account: str) -> None:
    if view.get(Account, GLOBAL, account) is None:
        raise OrganizationProblem(f"there is no account {account} here")


def _letters(count: int) -> str:
    return b32encode(clock.random_bytes(count)).decode("ascii").lower()[:count]
