"""What an operation wants changed, as values. Only the store carries them out, all of them or none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from daypass.directory.records import Key, Record


@dataclass(frozen=True, slots=True)
class Put:
    """Store a record in place of what stands under its key, if anything does."""

    record: Record


@dataclass(frozen=True, slots=True)
class Delete:
    """Remove the record under a key."""

    key: Key


Change = Put | Delete
