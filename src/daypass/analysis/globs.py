"""Two patterns compared: does one text match both, does one match all that the other matches.

Both questions are asked of what stands in a policy, where a variable may become any text.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from daypass.policy.patterns import atoms, static_matcher

if TYPE_CHECKING:
    from collections.abc import Callable

VARIABLE: Final = re.compile(r"\$\{[^}]{0,512}\}")
"""A policy variable. Bounded, so that text full of openings does not take time in proportion to its square."""


def loosened(text: str) -> str:
    """A pattern with a star in place of each policy variable."""
    return VARIABLE.sub("*", text) if "${" in text else text


def intersect(left: str, right: str) -> bool:
    """Whether some text matches both patterns. Takes time in proportion to both lengths multiplied."""
    left, right = _short(left), _short(loosened(right))
    reached = _through_stars({0}, right)
    for character in left:
        if not reached:
            return False
        reached = _step(reached, right, character)
    return len(right) in reached


def _step(reached: set[int], right: str, character: str) -> set[int]:
    """The places in ``right`` that are reached when ``left`` goes one further."""
    if character == "*":  # any run of what right demands, from each place on
        first = min(reached)
        return set(range(first, len(right) + 1))
    after: set[int] = set()
    for place in reached:
        if place == len(right):
            continue
        other = right[place]
        if other == "*":
            after.add(place)
        elif other in ("?", character) or character == "?":
            after.add(place + 1)
    return _through_stars(after, right)


def _through_stars(places: set[int], right: str) -> set[int]:
    """The places and those behind the stars that stand there, for a star may be empty."""
    found = set(places)
    for place in places:
        following = place
        while following < len(right) and right[following] == "*":
            following += 1
            found.add(following)
    return found


def _short(pattern: str) -> str:
    return re.sub(r"\*+", "*", pattern)


def coverer(pattern: str) -> Callable[[str], bool]:
    """A test whether ``pattern`` matches everything that another pattern matches; where it cannot be told, no.

    The other pattern is taken as a text: its own star can then only be matched by a star. A question mark of ours would
    match that star as a character, so with one in it nothing but a text without wildcards is compared.
    """
    matches = static_matcher(atoms(pattern, variables=False))
    if "?" not in pattern:
        return matches
    return lambda other: "*" not in other and "?" not in other and matches(other)
