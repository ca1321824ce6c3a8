"""An organization: accounts that one account, the management account, looks after (AWS Organizations User Guide)."""

from __future__ import annotations

from typing import ClassVar

from daypass.directory.records import GLOBAL, Key, Link, Record


class Organization(Record, frozen=True, array_like=True):
    """One organization of accounts of this server. ``members`` are all of its accounts but the management account."""

    kind: ClassVar[str] = "organization"
    id: str
    management: str
    root_id: str
    created: int
    members: tuple[str, ...] = ()
    trusted_services: tuple[str, ...] = ()
    """Services that may act in all its accounts (``iam.amazonaws.com``)."""
    delegated: tuple[tuple[str, str], ...] = ()
    """Delegated administrators: account and service principal."""
    root_features: tuple[str, ...] = ()
    """What of central root access is on: ``RootCredentialsManagement``, ``RootSessions``."""

    @property
    def key(self) -> Key:
        return Key("organization", GLOBAL, self.id)

    @property
    def unique_id(self) -> str:
        return self.id

    def links(self) -> tuple[Link, ...]:
        return tuple(Link("organization-account", account) for account in (self.management, *self.members))

    def administers(self, account: str, service: str) -> bool:
        """Whether an account is the management account, or the delegated administrator for a service."""
        return account == self.management or (account, service) in self.delegated
