"""The global condition keys, which the Service Authorization Reference does not list but for the tag keys.

They are those of :mod:`daypass.policy.condition_keys`, as the entries of this room.
"""

from __future__ import annotations

from typing import Final

from daypass.catalog.entries import ConditionKey
from daypass.policy.condition_keys import CONDITION_KEYS

GLOBAL_KEYS: Final[dict[str, ConditionKey]] = {
    key.name.casefold(): ConditionKey(key.name, key.type.value, multivalued=key.multivalued)
    for key in CONDITION_KEYS
    if key.name.startswith("aws:")
}
"""All of them by their name in lower case; ``aws:EpochTime`` may be compared as a number, too."""
