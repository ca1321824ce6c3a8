"""Values of conditions as sets of what a request may have, by the type of their operator.

Two sets are only compared where the policy engine reads both sides alike: a text with a text or an ARN, numbers with
numbers. (IAM User Guide, "IAM JSON policy elements: Condition operators".)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from daypass.analysis.access_checks_patterns import Glob
from daypass.policy import operands
from daypass.policy.patterns import ARN_PARTS, arn_parts, atoms, is_static

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, slots=True)
class Text:
    """Texts that a pattern matches."""

    glob: Glob


@dataclass(frozen=True, slots=True)
class ArnText:
    """ARNs that a pattern matches part by part. No parts: no ARN."""

    parts: tuple[Glob, ...]


@dataclass(frozen=True, slots=True)
class Range:
    """Numbers or instants (``scale``) between two bounds, each in or out; None is no bound."""

    scale: str
    low: Any
    low_in: bool
    high: Any
    high_in: bool


@dataclass(frozen=True, slots=True)
class Network:
    """Addresses of one IP version."""

    version: int
    first: int
    mask: int


@dataclass(frozen=True, slots=True)
class One:
    """One value of a type that knows only equality: a truth, bytes, a text without regard to case."""

    scale: str
    value: Any


@dataclass(frozen=True, slots=True)
class Unknown:
    """A value that cannot be read, or that is not reasoned about. It is like nothing but itself."""

    written: str


ValueSet: TypeAlias = Text | ArnText | Range | Network | One | Unknown


def value_set(base: str, written: str, *, variables: bool) -> ValueSet:
    """What a value under an operator (its positive form) holds."""
    if base in ("StringEquals", "StringLike"):
        make = Glob.literal if base == "StringEquals" else Glob.of
        return Text(make(written, variables=variables))
    if base in ("ArnEquals", "ArnLike"):
        pattern = atoms(written, variables=variables)
        parts = arn_parts(pattern)
        if not all(map(is_static, parts[: ARN_PARTS - 1])):  # the colons of a variable's value part an ARN, too
            return Unknown(f"{base} {written}")
        return ArnText(tuple(map(Glob.of_atoms, parts)) if len(parts) == ARN_PARTS else ())
    if base == "Null" or (variables and "${" in written):
        return Unknown(written)
    if base == "StringEqualsIgnoreCase":
        return One("text", written.lower())
    return _typed(base, written)


_TYPES: Final[dict[str, Callable[[str], Any]]] = {
    "Numeric": operands.number,
    "Date": operands.instant,
    "Bool": operands.truth,
    "Binary": operands.binary,
    "Ip": operands.network,
}


def _typed(base: str, written: str) -> ValueSet:
    scale = next(scale for scale in _TYPES if base.startswith(scale))
    value = _TYPES[scale](written)
    if value is None:
        return Unknown(written)
    if scale == "Ip":
        return Network(*value)
    if scale in ("Bool", "Binary"):
        return One(scale, value)
    comparison = base.removeprefix(scale)
    low = None if comparison.startswith("Less") else value
    high = None if comparison.startswith("Greater") else value
    included = comparison.endswith("Equals")
    return Range(scale, low, included, high, included)


def depends(value: ValueSet) -> bool:
    """Whether what a value holds depends on the request, or is not known."""
    match value:
        case Text(glob):
            return glob.has_variables
        case ArnText(parts):
            return any(part.has_variables for part in parts)
    return isinstance(value, Unknown)


def within(mine: ValueSet, other: ValueSet) -> bool:  # noqa: PLR0911 - one per pair of types
    """Whether everything the one holds, the other holds."""
    match mine, other:
        case _ if mine == other:
            return True
        case Text(left), Text(right):
            return left.within(right)
        case (ArnText() | Text(), ArnText(right)):
            left_parts = mine.parts if isinstance(mine, ArnText) else _parts(mine.glob.text)
            return bool(left_parts and right) and all(a.within(b) for a, b in zip(left_parts, right, strict=True))
        case ArnText(parts), Text(right):
            texts = [part.text for part in parts]
            return bool(texts) and None not in texts and Glob.literal(":".join(map(str, texts))).within(right)
        case Range(), Range():
            return mine.scale == other.scale and _contains(other, mine)
        case Network(), Network():
            return mine.version == other.version and _narrows(mine, other)
        case _:
            return False


def apart(mine: ValueSet, other: ValueSet) -> bool:
    """Whether nothing that the one holds, the other holds."""
    match mine, other:
        case Text(left), Text(right):
            return not left.overlaps(right)
        case ArnText(left), ArnText(right):
            return not (left and right) or any(not a.overlaps(b) for a, b in zip(left, right, strict=True))
        case Range(), Range():
            return mine.scale == other.scale and (_below(mine, other) or _below(other, mine))
        case Network(), Network():
            mask = mine.mask & other.mask
            return mine.version != other.version or mine.first & mask != other.first & mask
        case One(scale, value), One(other_scale, other_value):
            return scale == other_scale and value != other_value
    return False


def _narrows(mine: Network, other: Network) -> bool:
    return mine.mask & other.mask == other.mask and mine.first & other.mask == other.first


def _parts(text: str | None) -> tuple[Glob, ...]:
    parts = [] if text is None else text.split(":", ARN_PARTS - 1)
    return tuple(map(Glob.literal, parts)) if len(parts) == ARN_PARTS and parts[0] == "arn" else ()


def _contains(outer: Range, inner: Range) -> bool:
    low = outer.low is None or (
        inner.low is not None
        and (inner.low > outer.low or (inner.low == outer.low and (outer.low_in or not inner.low_in)))
    )
    high = outer.high is None or (
        inner.high is not None
        and (inner.high < outer.high or (inner.high == outer.high and (outer.high_in or not inner.high_in)))
    )
    return low and high


def _below(one: Range, other: Range) -> bool:
    if one.high is None or other.low is None:
        return False
    return bool(one.high < other.low or (one.high == other.low and not (one.high_in and other.low_in)))
