"""The attributes that say what session the person may open. What is there and malformed refuses.

Source: IAM User Guide, "Configure SAML assertions for the authentication response". Names are compared exactly.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from daypass.federation.saml import refusals

if TYPE_CHECKING:
    from collections.abc import Mapping

    from daypass.federation.saml.assertion import Assertion

PREFIX: Final = "https://aws.amazon.com/SAML/Attributes/"
TAG_PREFIX: Final = f"{PREFIX}PrincipalTag:"
_NAME: Final = re.compile(r"[\w+=,.@-]{2,64}", re.ASCII)
_SECONDS: Final = re.compile(r"[0-9]{1,6}")
_SHORTEST, _LONGEST = 900, 43_200
_MOST_TAGS: Final = 50
_LONGEST_KEY, _LONGEST_VALUE = 128, 256
_PUNCTUATION: Final = frozenset("_.:/=+-@")
_LONGEST_SHOWN: Final = 100


@dataclass(frozen=True, slots=True)
class Claims:
    """What the assertion says of the session: its name, and what goes with it."""

    roles: frozenset[tuple[str, str]]
    """Pairs of a role's and a provider's ARN."""
    session_name: str
    duration: int | None
    source_identity: str | None
    tags: tuple[tuple[str, str], ...]
    transitive_tag_keys: tuple[str, ...]


def claims_of(assertion: Assertion) -> Claims:
    """The claims of a verified assertion. Raises ApiError."""
    said = assertion.attributes
    tags, transitive = _tags(said), tuple(dict.fromkeys(said.get(f"{PREFIX}TransitiveTagKeys", ())))
    _check_tags(tags, transitive)
    return Claims(
        roles=roles_of(said.get(f"{PREFIX}Role", ())),
        session_name=_session_name(said),
        duration=_duration(said),
        source_identity=_source_identity(said),
        tags=tags,
        transitive_tag_keys=transitive,
    )


def roles_of(values: tuple[str, ...]) -> frozenset[tuple[str, str]]:
    """Role and provider, which stand in either order. What is no pair names no role."""
    pairs = (tuple(part.strip() for part in value.split(",")) for value in values)
    return frozenset(
        (pair[1], pair[0]) if ":saml-provider/" in pair[0] else (pair[0], pair[1]) for pair in pairs if len(pair) == 2
    )


def _session_name(said: Mapping[str, tuple[str, ...]]) -> str:
    values = said.get(f"{PREFIX}RoleSessionName", ())
    if not values:
        raise refusals.invalid(refusals.NO_SESSION_NAME, f"no attribute {PREFIX}RoleSessionName")
    if len(values) != 1 or not _NAME.fullmatch(values[0]):
        raise refusals.invalid(refusals.BAD_SESSION_NAME, f"RoleSessionName is {_shown(values)}")
    return values[0]


def _source_identity(said: Mapping[str, tuple[str, ...]]) -> str | None:
    values = said.get(f"{PREFIX}SourceIdentity", ())
    if not values:
        return None
    if len(values) != 1 or not _NAME.fullmatch(values[0]):
        raise refusals.invalid(refusals.BAD_SOURCE_IDENTITY, f"SourceIdentity is {_shown(values)}")
    return values[0]


def _duration(said: Mapping[str, tuple[str, ...]]) -> int | None:
    values = said.get(f"{PREFIX}SessionDuration", ())
    if not values:
        return None
    if len(values) != 1 or not _SECONDS.fullmatch(values[0]) or not _SHORTEST <= int(values[0]) <= _LONGEST:
        raise refusals.invalid(refusals.BAD_DURATION, f"SessionDuration is {_shown(values)}")
    return int(values[0])


def _tags(said: Mapping[str, tuple[str, ...]]) -> tuple[tuple[str, str], ...]:
    tags = []
    for name, values in said.items():
        if not name.startswith(TAG_PREFIX):
            continue
        key = name[len(TAG_PREFIX) :]
        if len(values) != 1:
            raise refusals.invalid(
                refusals.BAD_TAGS, f"PrincipalTag:{key[:_LONGEST_SHOWN]} has {len(values)} values, not one"
            )
        tags.append((key, values[0]))
    return tuple(tags)


def _check_tags(tags: tuple[tuple[str, str], ...], transitive: tuple[str, ...]) -> None:
    """Session tags as they may be (IAM User Guide, "Pass session tags in AWS STS")."""
    if len(tags) > _MOST_TAGS:
        raise refusals.invalid(refusals.BAD_TAGS, f"{len(tags)} PrincipalTags; at most {_MOST_TAGS}")
    keys = {key.lower() for key, _ in tags}
    if len(keys) != len(tags):
        raise refusals.invalid(refusals.DUPLICATE_TAGS, f"PrincipalTags {_shown(tuple(key for key, _ in tags))}")
    for key, value in tags:
        if not 0 < len(key) <= _LONGEST_KEY or len(value) > _LONGEST_VALUE or not _is_tag_text(key + value):
            raise refusals.invalid(
                refusals.BAD_TAGS, f"PrincipalTag:{key[:_LONGEST_SHOWN]} is {value[:_LONGEST_SHOWN]!r}"
            )
        if key.lower().startswith("aws:"):
            raise refusals.invalid(refusals.RESERVED_TAG, f"PrincipalTag:{key}")
    if not {key.lower() for key in transitive} <= keys:
        raise refusals.invalid(
            refusals.NOT_AMONG_TAGS, f"TransitiveTagKeys {_shown(transitive)}, PrincipalTags {_shown(tuple(keys))}"
        )


def _is_tag_text(text: str) -> bool:
    """Letters, separators, numbers and ``_.:/=+-@``."""
    return all(unicodedata.category(one)[0] in "LZN" or one in _PUNCTUATION for one in text)


def _shown(values: tuple[str, ...]) -> str:
    return str(list(values))[:_LONGEST_SHOWN]
