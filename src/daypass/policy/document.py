"""A policy document as a frozen value (IAM User Guide, "IAM JSON policy elements reference").

A :class:`Policy` is only made by :func:`daypass.policy.parse`, so whoever holds one holds a document that was checked
whole: nothing in it is unknown, and nothing that was in the text is missing from it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import Enum, StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

VERSION_2008 = "2008-10-17"
VERSION_2012 = "2012-10-17"


class Grammar(Enum):
    """Which kind of document a text is meant to be. Each kind has its own rules and its own words for breaking them."""

    IDENTITY = "identity-based policy or permissions boundary"
    SESSION = "session policy"
    BUCKET = "S3 bucket policy"
    TRUST = "role trust policy"
    ENDPOINT = "VPC endpoint policy"
    SERVICE_CONTROL = "service control policy"
    RESOURCE_CONTROL = "resource control policy"


class Effect(StrEnum):
    """What a statement does to the requests it matches."""

    ALLOW = "Allow"
    DENY = "Deny"


PrincipalName = tuple[str, str]
"""One name in a Principal element: its kind (``AWS``, ``Service``, ``Federated``, ``CanonicalUser``; ``*`` for the bare
``"Principal": "*"``) and its value."""

EVERYONE: PrincipalName = ("*", "*")


@dataclass(frozen=True, slots=True)
class PrincipalElement:
    """``Principal`` or, negated, ``NotPrincipal``."""

    names: tuple[PrincipalName, ...]
    negated: bool


@dataclass(frozen=True, slots=True)
class Condition:
    """One key under one operator of a Condition block, with the values it is compared with."""

    operator: str
    key: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement. ``resources`` is None where the grammar knows no Resource (trust policies): it then covers all."""

    index: int
    sid: str | None
    effect: Effect
    principal: PrincipalElement | None
    actions: tuple[str, ...]
    not_action: bool
    resources: tuple[str, ...] | None
    not_resource: bool
    conditions: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Policy:
    """A parsed document. ``text`` is the document as it was sent, byte for byte."""

    text: str
    grammar: Grammar
    version: str
    id: str | None
    statements: tuple[Statement, ...]

    @property
    def has_variables(self) -> bool:
        """Version 2008-10-17 knows no policy variables: ``${aws:username}`` is plain text in it."""
        return self.version == VERSION_2012


@dataclass(frozen=True, slots=True)
class Source:
    """A policy and where it stands: the ARN of a managed policy, the name of an inline one.

    ``holder`` is who has it, in words (``group devs``): inline policies of several holders may have one name.
    """

    policy: Policy
    name: str
    arn: str | None = field(default=None)
    holder: str | None = None


def build(text: str, grammar: Grammar, raw: dict[str, Any]) -> Policy:
    """The value of a document whose grammar has been checked."""
    statements = raw["Statement"]
    return Policy(
        text=text,
        grammar=grammar,
        version=raw.get("Version", VERSION_2008),
        id=raw.get("Id"),
        statements=tuple(map(_statement, range(len(statements)), statements))
        if type(statements) is list
        else (_statement(0, statements),),
    )


def _statement(index: int, raw: dict[str, Any]) -> Statement:
    not_action = "NotAction" in raw
    not_resource = "NotResource" in raw
    resources = raw.get("NotResource" if not_resource else "Resource")
    return Statement(
        index=index,
        sid=raw.get("Sid"),
        effect=Effect(raw["Effect"]),
        principal=_principal(raw),
        actions=listed(raw["NotAction" if not_action else "Action"]),
        not_action=not_action,
        resources=None if resources is None else listed(resources),
        not_resource=not_resource,
        conditions=tuple(
            Condition(operator, key, tuple(map(_plain, listed(values))))
            for operator, keys in raw.get("Condition", {}).items()
            for key, values in keys.items()
        ),
    )


def _principal(raw: dict[str, Any]) -> PrincipalElement | None:
    negated = "NotPrincipal" in raw
    element = raw.get("NotPrincipal" if negated else "Principal")
    if element is None:
        return None
    if element == "*":
        return PrincipalElement((EVERYONE,), negated)
    return PrincipalElement(tuple((kind, name) for kind, names in element.items() for name in listed(names)), negated)


def listed(value: Any) -> tuple[Any, ...]:
    """A list where one was written, else the one value: AWS takes either everywhere."""
    return tuple(value) if type(value) is list else (value,)


def _plain(value: Any) -> str:
    if type(value) is bool:
        return "true" if value else "false"
    return str(value)


def principals(policy: Policy) -> tuple[PrincipalName, ...]:
    """What the Principal and NotPrincipal elements name, each once, in order: for checking that they exist."""
    names = (name for s in policy.statements if s.principal is not None for name in s.principal.names)
    return tuple(dict.fromkeys(names))


def bind(policy: Policy, ids: Mapping[str, str]) -> Policy:
    """The policy with its principals replaced by what they are bound to when it is saved.

    ``ids`` gives the unique id of each user's and role's ARN (IAM User Guide, "AWS JSON policy elements: Principal":
    the ARN of a deleted principal never matches its successor). A session's ARN may be given its role's id, or
    ``AROA...:session``. A canonical user may be given the ARN of its account's root. What ``ids`` lacks stays.
    """
    return replace(policy, statements=tuple(_bind_statement(s, ids) for s in policy.statements))


def _bind_statement(statement: Statement, ids: Mapping[str, str]) -> Statement:
    if statement.principal is None:
        return statement
    names = tuple(_bind_name(name, ids) for name in statement.principal.names)
    return replace(statement, principal=replace(statement.principal, names=names))


def _bind_name(name: PrincipalName, ids: Mapping[str, str]) -> PrincipalName:
    kind, value = name
    bound = ids.get(value) if kind in ("AWS", "CanonicalUser") else None
    if bound is None:
        return name
    if ":assumed-role/" in value and ":" not in bound:
        bound = f"{bound}:{value.rpartition('/')[2]}"
    return "AWS", bound
