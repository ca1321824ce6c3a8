"""Names with placeholders, ``${Something}``: resource ARNs and condition keys of the Service Authorization Reference."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from daypass.policy.patterns import ARN_PARTS, Wild, static_matcher

if TYPE_CHECKING:
    from daypass.policy.patterns import Atoms, Matcher

_PLACEHOLDER: Final = re.compile(r"\$\{([^}]*)\}")
_WITHOUT_SLASH: Final = "BucketName"
"""The one placeholder that must end at a slash: without this rule, an object's ARN would be a bucket's, too."""


def is_template(text: str) -> bool:
    """Whether a name has placeholders."""
    return "${" in text


@lru_cache(maxsize=4096)
def matcher(template: str) -> Matcher:
    """A test whether a text is the template with something in place of each placeholder."""
    return static_matcher(_atoms(template))


def _atoms(template: str) -> Atoms:
    """A placeholder stands for one character or more."""
    found: list[str | Wild] = []
    position = 0
    for placeholder in _PLACEHOLDER.finditer(template):
        if placeholder.start() > position:
            found.append(template[position : placeholder.start()])
        found += (Wild.ONE, Wild.RUN)
        position = placeholder.end()
    if position < len(template):
        found.append(template[position:])
    return tuple(found)


def literal_length(template: str) -> int:
    """How much of a template is fixed: the more, the more it says of what it matches."""
    return len(_PLACEHOLDER.sub("", template))


def arn_matches_template(template: str, arn: str) -> bool:
    """Whether an ARN (without wildcards) is one of a template's. Parts are compared one by one, as in policies."""
    wanted, parts = _parts(template), arn.split(":", ARN_PARTS - 1)
    if len(wanted) != ARN_PARTS or len(parts) != ARN_PARTS:
        return arn == template
    if not all(matcher(one)(part) for one, part in zip(wanted, parts, strict=True)):
        return False
    last = _PLACEHOLDER.search(wanted[-1])
    if last is not None and last[1] == _WITHOUT_SLASH and last.end() == len(wanted[-1]):
        return "/" not in parts[-1][last.start() :]
    return True


def _parts(template: str) -> list[str]:
    """The six parts of an ARN template. Nothing in the Reference has a colon inside a placeholder."""
    return template.split(":", ARN_PARTS - 1)
