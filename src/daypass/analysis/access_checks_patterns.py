"""Patterns as sets of texts: whether one holds all of another, and whether two have a text in common.

A pattern is what the policy engine makes of it (:mod:`daypass.policy.patterns`), so both say the same. What is in doubt
counts for the careful answer: *not within*, *overlapping*. A policy variable stands for one text that nobody knows:
it is within a star and within itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import takewhile
from typing import TYPE_CHECKING, Final, TypeAlias

from daypass.policy.patterns import ARN_PARTS, Wild, arn_parts, atoms
from daypass.policy.resources import ANY, RESOURCE_GRAMMARS
from daypass.policy.variables import Variable

if TYPE_CHECKING:
    from daypass.policy import Policy
    from daypass.policy.patterns import Atoms

Symbol: TypeAlias = "str | Wild | Variable"
Symbols: TypeAlias = "tuple[Symbol, ...]"
_KEPT: Final = 4096


@dataclass(frozen=True, slots=True)
class Glob:
    """Texts that a pattern matches as a whole: actions (in lower case), values of conditions."""

    symbols: Symbols

    @classmethod
    def of(cls, text: str, *, variables: bool = False) -> Glob:
        """The set of a pattern."""
        return cls.of_atoms(atoms(text, variables=variables))

    @classmethod
    def of_atoms(cls, pattern: Atoms) -> Glob:
        """The set of a pattern that was taken apart."""
        return cls(_symbols(pattern))

    @classmethod
    def literal(cls, text: str, *, variables: bool = False) -> Glob:
        """The set of a text in which stars and question marks are themselves; only its variables are not."""
        if variables and "${" in text:
            return cls(tuple(_characters(text)))
        return cls(tuple(text))

    @property
    def has_variables(self) -> bool:
        """Whether it depends on the request."""
        return any(isinstance(symbol, Variable) for symbol in self.symbols)

    @property
    def text(self) -> str | None:
        """The one text it holds, if it holds one."""
        return "".join(map(str, self.symbols)) if all(isinstance(symbol, str) for symbol in self.symbols) else None

    @property
    def cost(self) -> int:
        """What a comparison with it costs: a step for each character of one side, of which several cost as one call."""
        return 1 + len(self.symbols) // 8

    @property
    def beginning(self) -> str:
        """What all its texts begin with."""
        return "".join(map(str, takewhile(_is_character, self.symbols)))

    def within(self, other: Glob) -> bool:
        """Whether every text of this set is in the other."""
        return self == other or _within(self.symbols, other.symbols)

    def overlaps(self, other: Glob) -> bool:
        """Whether some text may be in both."""
        return self == other or _overlap(self.symbols, other.symbols)


@dataclass(frozen=True, slots=True)
class ArnGlob:
    """Resources that a pattern matches: part by part, or (``parts`` None) all of them and no resource at all."""

    parts: tuple[Glob, ...] | None

    @classmethod
    def of(cls, text: str, policy: Policy) -> ArnGlob | None:
        """The set of a pattern in a Resource element; None for one that matches nothing (see policy.resources)."""
        return arn_glob(text, variables=policy.has_variables, padded=policy.grammar not in RESOURCE_GRAMMARS)

    @property
    def has_variables(self) -> bool:
        """Whether it depends on the request."""
        return any(part.has_variables for part in self.parts or ())

    @property
    def cost(self) -> int:
        """What a comparison with it costs."""
        return sum(part.cost for part in self.parts or ())

    def within(self, other: ArnGlob) -> bool:
        """Whether every resource of this set is in the other."""
        if self.parts is None or other.parts is None:
            return other.parts is None
        return all(mine.within(others) for mine, others in zip(self.parts, other.parts, strict=True))

    def overlaps(self, other: ArnGlob) -> bool:
        """Whether some resource may be in both."""
        if self.parts is None or other.parts is None:
            return True
        return all(mine.overlaps(others) for mine, others in zip(self.parts, other.parts, strict=True))


def _is_character(symbol: Symbol) -> bool:
    return isinstance(symbol, str)


EVERYTHING: Final = ArnGlob(None)
_ANY_RUN: Final = Glob((Wild.RUN,))


def arn_glob(text: str, *, variables: bool, padded: bool) -> ArnGlob | None:
    """The set of a resource pattern. A short one is ``padded`` with stars, or holds nothing unless a star ends it."""
    if text == ANY:
        return EVERYTHING
    pattern = atoms(text, variables=variables)
    parts = [Glob.of_atoms(part) for part in arn_parts(pattern)]
    if len(parts) < ARN_PARTS and not padded and pattern[-1:] != (Wild.RUN,):
        return None
    return ArnGlob((*parts, *[_ANY_RUN] * (ARN_PARTS - len(parts))))


def _symbols(pattern: Atoms) -> Symbols:
    """One symbol a character. Wildcards that stand together come in one order: all ``?``, then the ``*``."""
    found: list[Symbol] = []
    run = False
    for atom in pattern:
        if atom is Wild.RUN:
            run = True
        elif atom is Wild.ONE:
            found.append(atom)
        else:
            if run:
                found.append(Wild.RUN)
                run = False
            found += tuple(atom) if isinstance(atom, str) else (atom,)
    return (*found, Wild.RUN) if run else tuple(found)


def _characters(text: str) -> list[Symbol]:
    """A text with variables and without wildcards: what the pattern's stars and question marks were, they are not."""
    found: list[Symbol] = []
    for atom in atoms(text, variables=True):
        if isinstance(atom, Wild):
            found.append(atom.value)
        else:
            found += tuple(atom) if isinstance(atom, str) else (atom,)
    return found


@lru_cache(maxsize=_KEPT)
def _places(symbols: Symbols) -> tuple[int, dict[Symbol, int]]:
    """Per symbol, the places where it stands, as bits; and those of the stars."""
    places: dict[Symbol, int] = {}
    for place, symbol in enumerate(symbols):
        places[symbol] = places.get(symbol, 0) | 1 << place
    return places.get(Wild.RUN, 0), places


def _within(mine: Symbols, other: Symbols) -> bool:
    """Whether the other pattern takes this one symbol by symbol: only a star takes a star, only a wildcard a ``?``."""
    runs, places = _places(other)
    ones = places.get(Wild.ONE, 0)
    reached = _through(1, runs)
    for symbol in mine:
        takes = 0 if symbol is Wild.RUN else places.get(symbol, 0)
        if isinstance(symbol, str):
            takes |= ones
        reached = _through(reached & runs | (reached & takes) << 1, runs)
        if not reached:
            return False
    return bool(reached >> len(other) & 1)


def _overlap(mine: Symbols, other: Symbols) -> bool:
    """Whether both can be walked through with one text. A variable may be any text, as a star may."""
    other = _loose(other)
    runs, places = _places(other)
    ones, everywhere = places.get(Wild.ONE, 0), (1 << len(other) + 1) - 1
    reached = _through(1, runs)
    for symbol in _loose(mine):
        if symbol is Wild.RUN:  # any run of what the other demands, from the first place on
            lowest = reached & -reached
            reached = everywhere & ~(lowest - 1)
            continue
        takes = everywhere & ~runs if symbol is Wild.ONE else places.get(symbol, 0) | ones
        reached = _through(reached & runs | (reached & takes) << 1, runs) & everywhere
        if not reached:
            return False
    return bool(reached >> len(other) & 1)


@lru_cache(maxsize=_KEPT)
def _loose(symbols: Symbols) -> Symbols:
    """The pattern with a star for each variable, in the same order of wildcards as any."""
    if not any(isinstance(symbol, Variable) for symbol in symbols):
        return symbols
    return _symbols(tuple(Wild.RUN if isinstance(symbol, Variable) else symbol for symbol in symbols))


def _through(reached: int, runs: int) -> int:
    """The places reached, and those behind the stars among them: a star may be empty."""
    return reached | (reached & runs) << 1
