"""The settings of a bucket that are kept as JSON under their sub-resource's name (``versioning``, ``tagging``)."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from daypass.directory import Bucket


def setting(bucket: Bucket, name: str) -> dict[str, Any] | None:
    """What is set under a name, in the API's member names; None where nothing is."""
    for key, text in bucket.settings:
        if key == name:
            return _decoded(text)
    return None


def with_setting(bucket: Bucket, name: str, value: dict[str, Any] | None) -> Bucket:
    """The bucket with something set, or with nothing set under that name."""
    settings = {key: text for key, text in bucket.settings if key != name}
    if value is not None:
        settings[name] = json.dumps(value, separators=(",", ":"))
    return msgspec.structs.replace(bucket, settings=tuple(sorted(settings.items())))


def versioning(bucket: Bucket) -> str:
    """``""`` (never), ``Enabled`` or ``Suspended``."""
    found = setting(bucket, "versioning")
    return "" if found is None else str(found["Status"])


@lru_cache(maxsize=4096)
def _decoded(text: str) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(text)
    return value
