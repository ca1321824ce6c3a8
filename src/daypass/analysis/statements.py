"""Statements as they were written, with the place of everything in them: what the checks read.

A statement here may be wrong in every way that JSON allows; what is missing is empty. Only texts of the right type are in
it, so a check never meets a value that :mod:`daypass.analysis.reading` has told of.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from daypass.policy.conditions import NEGATED, operator_named

if TYPE_CHECKING:
    from collections.abc import Iterator

    from daypass.analysis.places import Spot
    from daypass.policy.conditions import Operator


@dataclass(frozen=True, slots=True)
class Use:
    """One key under one operator, with its values."""

    operator_spot: Spot
    key_spot: Spot
    value_spot: Spot
    values: tuple[Spot, ...]

    @property
    def written_operator(self) -> str:
        """The operator with its qualifier and suffix."""
        return self.operator_spot.text

    @property
    def operator(self) -> Operator | None:
        """The operator taken apart, or None where there is none of this name."""
        return operator_named(self.operator_spot.text)

    @property
    def base(self) -> str:
        """The operator alone; empty where there is none of this name."""
        return self.operator.base if self.operator else ""

    @property
    def written_key(self) -> str:
        """The key as it was written."""
        return self.key_spot.text

    @property
    def key(self) -> str:
        """The key in lower case: AWS compares keys so."""
        return self.key_spot.text.lower()

    @property
    def restricts(self) -> bool:
        """Whether only requests that have the key, with one of the values, pass."""
        operator = self.operator
        if operator is None or operator.if_exists or operator.base in NEGATED or not self.values:
            return False
        if operator.base == "Null":
            return all(value.text.lower() == "false" for value in self.values)
        return operator.qualifier != "ForAllValues"


@dataclass(frozen=True, slots=True)
class PrincipalUse:
    """One name in a Principal element; ``kind`` is ``*`` for the bare ``"Principal": "*"``."""

    kind: str
    spot: Spot

    @property
    def name(self) -> str:
        """The name."""
        return self.spot.text


@dataclass(slots=True)
class Element:
    """Action, Resource or Principal, or the Not form. ``key`` is None where the statement has neither."""

    key: Spot | None = None
    value: Spot | None = None
    entries: tuple[Spot, ...] = ()
    negated: bool = False

    def __bool__(self) -> bool:
        return self.key is not None


@dataclass(slots=True)
class Statement:
    """One statement."""

    spot: Spot
    effect: str | None = None
    sid: Spot | None = None
    actions: Element = field(default_factory=Element)
    resources: Element = field(default_factory=Element)
    principals: Element = field(default_factory=Element)
    names: tuple[PrincipalUse, ...] = ()
    uses: tuple[Use, ...] = ()
    condition: Spot | None = None

    @property
    def allows(self) -> bool:
        """Whether it allows."""
        return self.effect == "Allow"

    @property
    def denies(self) -> bool:
        """Whether it denies."""
        return self.effect == "Deny"

    def keys(self) -> frozenset[str]:
        """The condition keys, in lower case."""
        return frozenset(use.key for use in self.uses)

    def of_key(self, key: str) -> Iterator[Use]:
        """The uses of one key (given in lower case)."""
        return (use for use in self.uses if use.key == key)

    @property
    def trusts(self) -> bool:
        """Whether it can only be a trust policy's: it names STS actions, and no resource."""
        actions = self.actions.entries
        return bool(actions) and not self.resources and all(a.text.lower().startswith("sts:") for a in actions)


@dataclass(slots=True)
class Document:
    """A whole policy."""

    text: str
    root: Spot
    version: Spot | None = None
    statements: tuple[Statement, ...] = ()

    @property
    def has_variables(self) -> bool:
        """Whether its version knows policy variables."""
        return self.version is not None and self.version.text == "2012-10-17"
