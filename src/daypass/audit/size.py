"""Keeping records small without hiding what was done.

CloudTrail cuts ``requestParameters`` and ``responseElements`` at 100 KB; intruders have used that to push a policy out of
the record that would show it. Here the long texts go first, each leaving its beginning, its length and its SHA-256, so
that the names around them stay and the text can be recognised.
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable

LARGEST_PART: Final = 100 * 1024
"""Bytes of JSON that each of the two parts may take."""
_KEPT_TEXT: Final = 512
_KEPT_ITEMS: Final = 100
_KEPT_LEVELS: Final = 20
"""How deep a value is looked into. What AWS's operations take is less deep by far, a policy included."""


def shortened(part: dict[str, Any] | None) -> tuple[dict[str, Any] | None, bool]:
    """A part of a record within its size, and whether anything was left out."""
    if part is None or len(_encoded(part)) <= LARGEST_PART:
        return part, False
    cut = _cut(part, items=None)
    if len(_encoded(cut)) > LARGEST_PART:
        cut = _cut(part, items=_KEPT_ITEMS)
    if len(_encoded(cut)) > LARGEST_PART:
        cut = {name: value if isinstance(value, str | int) else _stand_in(value) for name, value in cut.items()}
    if len(_encoded(cut)) > LARGEST_PART:
        cut = {"leftOut": _stand_in(part)}
    return cut, True


def deeper_than_kept(value: Any) -> bool:
    """Whether lists and maps stand in each other too deep to be recorded as they are."""
    level = [value]
    for _ in range(_KEPT_LEVELS):
        level = [item for holder in level for item in _held_by(holder)]
    return any(isinstance(item, dict | list) for item in level)


def _held_by(value: Any) -> Iterable[Any]:
    match value:
        case dict():
            return value.values()
        case list():
            return value
        case _:
            return ()


def _cut(value: Any, items: int | None, levels: int = _KEPT_LEVELS) -> Any:
    match value:
        case str() if len(value) > _KEPT_TEXT:
            return f"{value[:_KEPT_TEXT]}... {_note(len(value), 'characters', value.encode(errors='backslashreplace'))}"
        case dict() | list() if levels == 0:
            return "[left out: too deep]"
        case dict():
            return {name: _cut(item, items, levels - 1) for name, item in value.items()}
        case list() if items is not None and len(value) > items:
            note = _note(len(value), "items", _encoded(value))
            return [*(_cut(item, items, levels - 1) for item in value[:items]), note]
        case list():
            return [_cut(item, items, levels - 1) for item in value]
        case _:
            return value


def _stand_in(value: Any) -> str:
    encoded = _encoded(value)
    return _note(len(encoded), "bytes", encoded)


def _note(count: int, unit: str, content: bytes) -> str:
    return f"[left out: all {count} {unit} have SHA-256 {sha256(content).hexdigest()}]"


def _encoded(value: Any) -> bytes:
    return msgspec.json.encode(value)
