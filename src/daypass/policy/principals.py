"""Who asks, and how a Principal element names them (IAM User Guide, "AWS JSON policy elements: Principal").

*How* a caller is named decides what a grant in a resource-based policy is worth ("Policy evaluation logic": a grant to
a user or a session passes by the permissions boundary, one to a role does not, one to an account only delegates). So a
match is a :class:`Naming`, never a boolean.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, IntEnum
from typing import TYPE_CHECKING

from daypass.policy.document import EVERYONE, Effect

if TYPE_CHECKING:
    from collections.abc import Callable

    from daypass.policy.document import PrincipalElement, PrincipalName

    NamingTest = Callable[["Principal", bool], "Naming"]


class PrincipalKind(Enum):
    """What sort of caller it is."""

    ROOT = "root user"
    USER = "IAM user"
    ROLE_SESSION = "role session"
    FEDERATED_USER = "federated user"
    SERVICE = "service"
    ANONYMOUS = "anonymous"
    WEB_IDENTITY = "web identity"
    SAML = "SAML identity"


ACCOUNT_KINDS = (PrincipalKind.ROOT, PrincipalKind.USER, PrincipalKind.ROLE_SESSION, PrincipalKind.FEDERATED_USER)
"""Callers that belong to an account, and have (or could have) policies of their own."""

FEDERATED_KINDS = (PrincipalKind.WEB_IDENTITY, PrincipalKind.SAML)
"""Callers that so far are only known to their identity provider. ``{"AWS": "*"}`` does not let them in."""


class Naming(IntEnum):
    """How a statement names the caller, from not at all to directly. ``UNNAMED`` is a statement without a Principal."""

    NONE = 0
    UNNAMED = 1
    ACCOUNT = 2
    THROUGH = 3
    DIRECT = 4


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks.

    ``direct`` holds the ARNs and unique ids that name exactly this caller (a user's ARN and ``AIDA...``; a session's
    ARN and ``AROA...:session``), ``through`` those of what it acts as (the role of a session; the user behind a
    federated user), ``federated`` its identity provider. ``arn`` is for messages.
    """

    kind: PrincipalKind
    account: str
    arn: str
    direct: tuple[str, ...] = ()
    through: tuple[str, ...] = ()
    service: str | None = None
    federated: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """There is no default caller: what does not say who it is, is nobody."""
        if not isinstance(self.kind, PrincipalKind):
            raise TypeError(f"unknown kind of principal: {self.kind!r}")
        if self.kind in ACCOUNT_KINDS and not (self.account and self.arn):
            raise ValueError(f"a {self.kind.value} has an account and an ARN")
        if self.kind is PrincipalKind.SERVICE and not self.service:
            raise ValueError("a service has a name")


def compile_principal(element: PrincipalElement, effect: Effect) -> NamingTest:
    """How an element names a caller; the second argument says whether the caller has a permissions boundary."""
    names = frozenset(element.names)
    if not element.negated:
        everyone = not names.isdisjoint((EVERYONE, ("AWS", "*")))
        return lambda principal, _bounded: named(names, principal, effect, everyone=everyone)
    if effect is Effect.ALLOW:
        return lambda principal, _bounded: _allowed_by_not_principal(names, principal)
    return lambda principal, bounded: Naming.NONE if not bounded and _spared(names, principal) else Naming.DIRECT


def named(names: frozenset[PrincipalName], principal: Principal, effect: Effect, *, everyone: bool) -> Naming:
    """The closest way in which a list of names (``everyone`` if it holds ``*``) means a caller."""
    if everyone and (effect is Effect.DENY or principal.kind not in FEDERATED_KINDS):
        return Naming.DIRECT
    if principal.kind not in ACCOUNT_KINDS:
        return Naming.DIRECT if not names.isdisjoint(_provider_names(principal)) else Naming.NONE
    if _names_any(names, principal.direct):
        return Naming.DIRECT
    if _names_any(names, principal.through):
        return Naming.THROUGH
    if _names_account(names, principal.account):
        return Naming.DIRECT if principal.kind is PrincipalKind.ROOT else Naming.ACCOUNT
    return Naming.NONE


def _provider_names(principal: Principal) -> tuple[PrincipalName, ...]:
    if principal.kind is PrincipalKind.SERVICE:
        return (("Service", principal.service or ""),)
    if principal.kind in FEDERATED_KINDS:
        return tuple(("Federated", name) for name in principal.federated)
    return ()


def _names_any(names: frozenset[PrincipalName], values: tuple[str, ...]) -> bool:
    return any(("AWS", value) in names for value in values)


def _names_account(names: frozenset[PrincipalName], account: str) -> bool:
    return ("AWS", account) in names or any(
        kind == "AWS" and value.endswith(f"::{account}:root") and value.startswith("arn:") for kind, value in names
    )


def _allowed_by_not_principal(names: frozenset[PrincipalName], principal: Principal) -> Naming:
    """Allow with NotPrincipal means everyone whom no name describes in any way."""
    everyone = not names.isdisjoint((EVERYONE, ("AWS", "*")))
    if everyone or principal.kind in FEDERATED_KINDS:
        return Naming.NONE
    return Naming.NONE if named(names, principal, Effect.ALLOW, everyone=False) else Naming.DIRECT


def _spared(names: frozenset[PrincipalName], principal: Principal) -> bool:
    """Deny with NotPrincipal spares only a caller each of whose names is listed: account, role or user, and session."""
    if not names.isdisjoint((EVERYONE, ("AWS", "*"))):
        return True
    if principal.kind not in ACCOUNT_KINDS:
        return not names.isdisjoint(_provider_names(principal))
    return (
        _names_account(names, principal.account)
        and (principal.kind is PrincipalKind.ROOT or _names_any(names, principal.direct))
        and (not principal.through or _names_any(names, principal.through))
    )
