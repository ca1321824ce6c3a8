"""What policy validation has to say: one finding for each problem, and the collector that the checks write to.

Source: IAM Access Analyzer API Reference, ValidatePolicyFinding. Texts stand in :mod:`daypass.analysis.codes`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from daypass.analysis.codes import CODES
from daypass.analysis.places import Location, Places

if TYPE_CHECKING:
    from daypass.analysis.codes import FindingType
    from daypass.analysis.places import Part, Spot

_PAGE: Final = "https://docs.aws.amazon.com/IAM/latest/UserGuide/access-analyzer-reference-policy-checks.html"
_ANCHOR: Final = "access-analyzer-reference-policy-checks"
_FIELD: Final = re.compile(r"\{\{(\w+)\}\}")
_LONGEST_FIELD: Final = 1024
"""Characters of the policy that a text repeats: many findings on one long text must not multiply it."""
MOST_SHOWN: Final = 20
"""Of how many alike a finding names and locates each; many findings on long lists must not multiply them."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One problem of a policy."""

    code: str
    details: str
    locations: tuple[Location, ...]

    @property
    def type(self) -> FindingType:
        """How much it weighs."""
        return CODES[self.code].type

    @property
    def link(self) -> str:
        """Where AWS describes it."""
        return f"{_PAGE}#{_ANCHOR}-{self.type.anchor}-{self.code.lower().replace('_', '-')}"

    @property
    def offset(self) -> int:
        """Where it begins."""
        return self.locations[0].start.offset if self.locations else 0


class Report:
    """Collects the findings on one text."""

    def __init__(self, text: str) -> None:
        self.places = Places(text)
        self._found: list[Finding] = []

    def add(self, code: str, *spots: Spot | Part | Location, variant: int = 0, **fields: object) -> None:
        """A finding, at the places that it is about, the first first. ``variant``: which of the code's texts."""
        template = CODES[code].texts[variant]
        details = _FIELD.sub(lambda found: _shown(fields[found[1]]), template)
        locations = tuple(spot if isinstance(spot, Location) else self.places.at(spot) for spot in spots)
        self._found.append(Finding(code, details, locations))

    def findings(self) -> tuple[Finding, ...]:
        """All findings in the order in which they stand in the text."""
        return tuple(sorted(self._found, key=lambda finding: finding.offset))


def _shown(value: object) -> str:
    if isinstance(value, (list, tuple)):
        texts = [_shown(item) for item in value[:MOST_SHOWN]]
        return ", ".join([*texts, "..."] if len(value) > MOST_SHOWN else texts)
    text = str(value)
    return text if len(text) <= _LONGEST_FIELD else f"{text[:_LONGEST_FIELD]}..."
