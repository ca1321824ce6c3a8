"""Which control policies have a say: an organization as a value, and AWS's exemptions from it.

Service control policies bind the principals of a member account, its root user too; resource control policies guard the
resources of a member account, whoever asks. Neither binds the management account, nor service-linked roles (AWS
Organizations User Guide, "Service control policies", "Resource control policies").
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from daypass.policy.compiled import CompiledLayer
    from daypass.policy.principals import Principal

Levels = tuple["CompiledLayer", ...]
"""One layer for each level from the organization's root down to an account. Each of them must allow."""

_SERVICE_LINKED = ":role/aws-service-role/"


@dataclass(frozen=True, slots=True)
class ControlPolicies:
    """The control policies of an organization, by account. An account that is not in it has none."""

    management_account: str
    service_control: Mapping[str, Levels]
    resource_control: Mapping[str, Levels]

    def over(self, principal: Principal, resource_account: str) -> tuple[Levels, Levels]:
        """The levels of service control and of resource control that decide on what ``principal`` asks for."""
        if any(_SERVICE_LINKED in name for name in principal.through):
            return (), ()
        return self._of(self.service_control, principal.account), self._of(self.resource_control, resource_account)

    def _of(self, levels: Mapping[str, Levels], account: str) -> Levels:
        return () if account == self.management_account else levels.get(account, ())
