"""Where object bytes and their index live: one narrow interface; a local folder behind it."""

from daypass.objects.digests import ALGORITHMS, DEFAULT_ALGORITHM
from daypass.objects.interface import (
    NULL_VERSION,
    Checksum,
    Condition,
    Digests,
    Head,
    Intake,
    ObjectStore,
    Placing,
    Replaced,
    Search,
    StoredObject,
    Upload,
)
from daypass.objects.local import LocalObjects

__all__ = [
    "ALGORITHMS",
    "DEFAULT_ALGORITHM",
    "NULL_VERSION",
    "Checksum",
    "Condition",
    "Digests",
    "Head",
    "Intake",
    "LocalObjects",
    "ObjectStore",
    "Placing",
    "Replaced",
    "Search",
    "StoredObject",
    "Upload",
]
