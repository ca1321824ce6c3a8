"""Which policies have a say in one decision (IAM User Guide, "Policy evaluation logic")."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from daypass.policy.compiled import CompiledLayer


@dataclass(frozen=True, slots=True)
class Layers:
    """The layers that apply. None is a layer that does not exist; an empty one exists and allows nothing.

    ``resource_is_trust``: the resource's policy is a role's trust policy. ``resource_must_allow``: identity-based
    policies alone are not enough (trust policies, KMS keys). ``service_control`` has one layer per level, from the root
    of the caller's organization down to its account, ``resource_control`` the same for the account of the resource.
    """

    identity: CompiledLayer | None = None
    boundary: CompiledLayer | None = None
    session: CompiledLayer | None = None
    resource: CompiledLayer | None = None
    resource_is_trust: bool = False
    resource_must_allow: bool = False
    endpoint: CompiledLayer | None = None
    service_control: tuple[CompiledLayer, ...] = ()
    resource_control: tuple[CompiledLayer, ...] = ()

    def existing(self) -> Iterator[CompiledLayer]:
        """All of them that exist."""
        single = (self.endpoint, self.resource, self.identity, self.boundary, self.session)
        yield from (layer for layer in single if layer is not None)
        yield from self.service_control
        yield from self.resource_control
