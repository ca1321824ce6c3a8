"""Tags on IAM's entities (IAM User Guide, "Tags for IAM resources"): how they are checked, merged and taken away.

Keys of users and roles are one key whatever their case; those of managed policies and MFA devices are not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from daypass.directory.quotas import TAGS_PER_RESOURCE
from daypass.errors import ApiError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from daypass.directory.records import Tags

_DUPLICATE = "Duplicate tag keys found."
_DUPLICATE_IGNORING_CASE = "Duplicate tag keys found. Please note that Tag keys are case insensitive."
_RESERVED = "aws: prefixed tag key names are not allowed for external use."


def given_tags(tags: Iterable[dict[str, str]], *, ignoring_case: bool) -> Tags:
    """The tags of a call. Raises InvalidInput for a key given twice and for AWS's own keys."""
    given = tuple((tag["Key"], tag["Value"]) for tag in tags)
    if len({_same(key, ignoring_case) for key, _ in given}) != len(given):
        raise ApiError("InvalidInput", _DUPLICATE_IGNORING_CASE if ignoring_case else _DUPLICATE)
    if any(key.lower().startswith("aws:") for key, _ in given):
        raise ApiError("InvalidInput", _RESERVED)
    return given


def merged(old: Tags, new: Tags, *, ignoring_case: bool) -> Tags:
    """Tags with others put over them: new values for known keys, in their old place and spelling. Raises LimitExceeded."""
    values = {_same(key, ignoring_case): (key, value) for key, value in old}
    for key, value in new:
        same = _same(key, ignoring_case)
        values[same] = (values[same][0] if same in values else key, value)
    if len(values) > TAGS_PER_RESOURCE:
        raise ApiError("LimitExceeded", "The number of tags has reached the maximum limit.")
    return tuple(values.values())


def without(tags: Tags, keys: Iterable[str], *, ignoring_case: bool) -> Tags:
    """Tags less those with these keys. Keys that are not there are no fault."""
    gone = {_same(key, ignoring_case) for key in keys}
    return tuple((key, value) for key, value in tags if _same(key, ignoring_case) not in gone)


def shown(tags: Tags) -> list[dict[str, str]]:
    """Tags as answers carry them."""
    return [{"Key": key, "Value": value} for key, value in tags]


def _same(key: str, ignoring_case: bool) -> str:
    return key.lower() if ignoring_case else key
