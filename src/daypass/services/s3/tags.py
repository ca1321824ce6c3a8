"""Tags of buckets and objects: what may be one (S3 User Guide, "Categorizing your objects using tags")."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from daypass.errors import ApiError
from daypass.protocol.percent import NotText, pairs_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Tags = tuple[tuple[str, str], ...]

OBJECT_LIMIT = 10
BUCKET_LIMIT = 50
_LONGEST_KEY = 128
_LONGEST_VALUE = 256
_TEXT = re.compile(r"[\w\s+\-=.:/@]*")
_BAD_HEADER = (
    "The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL query parameters without tag name "
    "duplicates."
)


def checked_tags(given: Sequence[dict[str, Any]], limit: int) -> Tags:
    """The tags of a TagSet, checked."""
    return _checked([(tag["Key"], tag.get("Value", "")) for tag in given], limit)


def header_tags(text: str) -> Tags:
    """The tags of an ``x-amz-tagging`` header, checked."""
    try:
        pairs = pairs_of(text.encode())
    except NotText:
        pairs = [("", "")]
    keys = [key for key, _ in pairs]
    if len(set(keys)) != len(keys) or "" in keys:
        members = {"ArgumentName": "x-amz-tagging", "ArgumentValue": text}
        raise ApiError("InvalidArgument", _BAD_HEADER, members=members)
    return _checked(pairs, OBJECT_LIMIT)


def tag_set(tags: Iterable[tuple[str, str]]) -> list[dict[str, str]]:
    """Tags as the API writes them."""
    return [{"Key": key, "Value": value} for key, value in tags]


def _checked(pairs: list[tuple[str, str]], limit: int) -> Tags:
    if len(pairs) > limit:
        what = "Object tags" if limit == OBJECT_LIMIT else "Bucket tag count"
        raise ApiError("BadRequest", f"{what} cannot be greater than {limit}")
    seen: set[str] = set()
    for key, value in pairs:
        if not 1 <= len(key) <= _LONGEST_KEY or not _TEXT.fullmatch(key) or key.lower().startswith("aws:"):
            raise _invalid("The TagKey you have provided is invalid", {"TagKey": key})
        if len(value) > _LONGEST_VALUE or not _TEXT.fullmatch(value):
            raise _invalid("The TagValue you have provided is invalid", {"TagValue": value})
        if key in seen:
            raise _invalid("Cannot provide multiple Tags with the same key", {"TagKey": key})
        seen.add(key)
    return tuple(pairs)


def _invalid(text: str, members: dict[str, str]) -> ApiError:
    return ApiError("InvalidTag", text, members=members)
