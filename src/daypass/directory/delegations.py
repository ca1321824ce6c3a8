"""Delegation requests: an account asks another for temporary access (IAM User Guide, "IAM temporary delegation").

The requestor is what AWS calls a partner, the owner is who answers for the account that is asked.
"""

from __future__ import annotations

from typing import ClassVar

import msgspec

from daypass.credentials import Federation  # noqa: TC001 - msgspec reads the annotations
from daypass.directory.records import GLOBAL, Key, Link, Record, Tags

DAY = 86_400
UNASSIGNED_LIFE = DAY
LIFE = 7 * DAY
"""Seconds that a request stays in any state but the first, unless something is done with it."""

Parameter = tuple[str, tuple[str, ...], str]
"""A template's parameter: name, values, ``string`` or ``stringList``."""


class Approver(msgspec.Struct, frozen=True, array_like=True):
    """Who accepted a request, as it was then: what a delegated session acts as."""

    arn: str
    """The ARN that the caller was known by."""
    principal_arn: str
    principal_id: str
    principal_name: str
    principal_path: str
    session_name: str | None = None
    """None for users and root users."""
    source_identity: str | None = None
    tags: Tags = ()
    transitive_tag_keys: tuple[str, ...] = ()
    federation: Federation | None = None


class DelegationRequest(Record, frozen=True, array_like=True):
    """One request. ``state`` is as it was last changed: it may have expired since. Times are seconds."""

    kind: ClassVar[str] = "delegation_request"
    id: str
    requestor: str
    requestor_name: str
    workflow_id: str
    description: str
    template_arn: str
    parameters: tuple[Parameter, ...]
    policy: str
    """The template with its parameters filled in: what is asked for."""
    channel: str
    duration: int
    only_send_by_owner: bool
    created: int
    updated: int
    state: str = "UNASSIGNED"
    owner_account: str | None = None
    owner_id: str | None = None
    message: str | None = None
    redirect_url: str | None = None
    notes: str | None = None
    rejection_reason: str | None = None
    approver: Approver | None = None

    @property
    def key(self) -> Key:
        return Key("delegation_request", GLOBAL, self.id)

    @property
    def unique_id(self) -> str:
        return self.id

    def links(self) -> tuple[Link, ...]:
        links = [Link("delegation-requestor", self.requestor)]
        links.append(Link("delegation-workflow", f"{self.requestor}/{self.workflow_id}"))
        if self.owner_account is not None and self.owner_id is not None:
            links.append(Link("delegation-owner", self.owner_account))
        return tuple(links)

    @property
    def expires(self) -> int:
        """When the request is over, unless something is done with it before."""
        return self.updated + (UNASSIGNED_LIFE if self.state == "UNASSIGNED" else LIFE)

    def state_at(self, now: float) -> str:
        """The state at a moment."""
        return "EXPIRED" if now >= self.expires else self.state
