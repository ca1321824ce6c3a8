"""Principal elements as sets of callers, and how strongly they name them.

A grant to an account only delegates, one to a user goes past boundaries: so one set is only within another if each caller
of it is named there at least as directly (IAM User Guide, "Policy evaluation logic"; daypass.policy.principals).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

from daypass.policy import Effect
from daypass.policy.document import EVERYONE

if TYPE_CHECKING:
    from daypass.policy.document import PrincipalElement, PrincipalName

_ACCOUNT: Final = re.compile(r"[0-9]{12}|arn:aws[a-z-]*:iam::([0-9]{12}):root")
_IN_ACCOUNT: Final = re.compile(r"arn:aws[a-z-]*:(?:iam|sts)::([0-9]{12}):(user|role|assumed-role|federated-user)/.+")
_ALL: Final = frozenset({EVERYONE, ("AWS", "*")})


@dataclass(frozen=True, slots=True)
class Everyone:
    """Every caller, anonymous ones too; strangers who are only known to an identity provider only where it is a Deny."""


@dataclass(frozen=True, slots=True)
class Name:
    """The callers that one name describes."""

    kind: str
    value: str

    @property
    def account(self) -> str | None:
        """The account that all of them belong to, where the name says it."""
        if self.kind != "AWS":
            return None
        whole, part = _ACCOUNT.fullmatch(self.value), _IN_ACCOUNT.fullmatch(self.value)
        if whole is not None:
            return whole[1] or self.value
        return part[1] if part is not None else None

    @property
    def is_account(self) -> bool:
        """Whether it means an account as a whole."""
        return self.kind == "AWS" and _ACCOUNT.fullmatch(self.value) is not None


@dataclass(frozen=True, slots=True)
class Others:
    """Allow with NotPrincipal: all callers whom no name describes."""

    names: frozenset[PrincipalName]


@dataclass(frozen=True, slots=True)
class NotSpared:
    """Deny with NotPrincipal: all callers but those each of whose names is listed."""

    names: frozenset[PrincipalName]


@dataclass(frozen=True, slots=True)
class Spared:
    """The callers whom a Deny with NotPrincipal spares: they belong to a listed account, or are a listed service."""

    names: frozenset[PrincipalName]


Callers: TypeAlias = Everyone | Name | Others | NotSpared | Spared


def callers_of(element: PrincipalElement | None, effect: Effect) -> tuple[Callers, ...]:
    """The sets whose union an element is. A statement without one is about every caller."""
    if element is None:
        return (Everyone(),)
    names = frozenset(element.names)
    if not element.negated:
        return (Everyone(),) if names & _ALL else tuple(_name(name) for name in element.names)
    if effect is Effect.DENY:
        return (NotSpared(names),)
    return () if names & _ALL else (Others(names),)


def _name(name: PrincipalName) -> Name:
    kind, value = name
    whole = _ACCOUNT.fullmatch(value) if kind == "AWS" else None
    return Name(kind, value if whole is None else whole[1] or value)


def granted_within(mine: Callers, other: Callers) -> bool:
    """Whether each caller of ``mine`` is named by the Allow ``other`` at least as directly."""
    match mine, other:
        case (Everyone() | Others(), Everyone()):
            return True
        case Name(kind, _), Everyone():
            return kind != "Federated"
        case Others(names), Others(fewer):
            return fewer <= names
        case Name(), Others(names):
            return mine.kind != "Federated" and all(_apart(mine, _name(name)) for name in names)
    return mine == other and not isinstance(mine, NotSpared | Spared)


def denied_within(mine: Callers, other: Callers) -> bool:
    """Whether the Deny ``other`` is about each caller of ``mine``."""
    if isinstance(other, Everyone) or mine == other:
        return True
    match mine, other:
        case Name(), Name():
            return other.is_account and mine.account == other.value
        case NotSpared(names), NotSpared(fewer):
            return fewer <= names
        case Name(), NotSpared(names):
            return not _may_spare(names, mine)
    return False


def _may_spare(names: frozenset[PrincipalName], name: Name) -> bool:
    if names & _ALL:
        return True
    if name.kind == "AWS" and name.account is not None:
        return any(_name(listed) == Name("AWS", name.account) for listed in names)
    if name.kind == "Service":
        return ("Service", name.value) in names
    return name.kind != "Federated" or any(kind == "Federated" for kind, _ in names)


def apart(mine: Callers, other: Callers) -> bool:
    """Whether no caller can be in both."""
    match mine, other:
        case Name(), Name():
            return _apart(mine, other)
        case (Others(names), Name()) | (Name(), Others(names)):
            name = mine if isinstance(mine, Name) else other
            return any(_name(listed) == name for listed in names)
    return False


def _apart(mine: Name, other: Name) -> bool:
    if mine.kind != other.kind:
        return "Service" in (mine.kind, other.kind) or {mine.kind, other.kind} == {"AWS", "Federated"}
    if mine.kind == "Service":
        return mine.value != other.value
    if mine.account is None or other.account is None:
        return False
    if mine.account != other.account:
        return True
    sorts = {sort for sort in (_sort(mine), _sort(other)) if sort is not None}
    return len(sorts) == 1 and None not in (_sort(mine), _sort(other)) and mine.value != other.value


def _sort(name: Name) -> str | None:
    found = _IN_ACCOUNT.fullmatch(name.value)
    return None if found is None else found[2]


def is_stranger(callers: Callers) -> bool:
    """Whether people are among these callers whom nobody has chosen: not accounts, not services, not by name."""
    match callers:
        case Name(kind, _):
            return kind == "Federated"
        case Spared(names):
            return bool(names & _ALL) or any(kind == "Federated" for kind, _ in names)
    return True
