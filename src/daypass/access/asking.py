"""What an operation asks to be allowed: one action on one resource, with the condition keys that only it knows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

ContextValues = Mapping[str, str | tuple[str, ...]]
NOTHING: ContextValues = MappingProxyType({})
"""No condition keys."""


@dataclass(frozen=True, slots=True)
class ResourcePolicy:
    """The policy that stands at the resource: a bucket policy, or a role's trust policy.

    ``bindings`` are its principals as written and the unique ids they meant when it was stored.
    """

    document: str
    bindings: tuple[tuple[str, str], ...] = ()
    is_trust: bool = False


@dataclass(frozen=True, slots=True)
class Ask:
    """One question to the policy engine.

    ``action`` is ``service:Action`` in AWS's spelling, ``resource`` an ARN or ``*``, ``account`` the owner of the
    resource. ``context`` holds the request's own condition keys, in lower case, over those that
    :mod:`daypass.access.context` supplies for each request. ``shown`` is what the denied text prints after
    ``on resource:`` where that is not the ARN (IAM: ``user NAME``); an empty string leaves the clause out.
    """

    action: str
    resource: str
    account: str
    context: ContextValues = field(default_factory=lambda: NOTHING)
    resource_policy: ResourcePolicy | None = None
    shown: str | None = None
