"""Bounded copies in memory, cheap enough for each request.

Both forget by generation: what is put or found goes into the young half; when that is full it becomes the old half,
and what nobody asked for in a whole generation is gone. A hit costs one dictionary lookup, where an exact order of use
would cost a second one and a list.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

K = TypeVar("K")
V = TypeVar("V")

MISSING: Any = object()
"""Answered for what is not there, since None is a value like any other."""

_NOTHING: Final[Mapping[Hashable, tuple[Any, int]]] = MappingProxyType({})


class BoundedCache(Generic[K, V]):
    """At most ``limit`` values by key."""

    __slots__ = ("_half", "_old", "_young")

    def __init__(self, limit: int) -> None:
        self._half = max(1, limit // 2)
        self._young: dict[K, V] = {}
        self._old: dict[K, V] = {}

    def __len__(self) -> int:
        return len(self._young) + len(self._old)

    def get(self, key: K) -> V:
        """The value under a key, or MISSING."""
        value: V = self._young.get(key, MISSING)
        if value is MISSING and self._old:
            value = self._old.pop(key, MISSING)
            if value is not MISSING:
                self.put(key, value)
        return value

    def put(self, key: K, value: V) -> None:
        """Keep a value for a while."""
        if len(self._young) >= self._half and key not in self._young:
            self._old, self._young = self._young, {}
        self._old.pop(key, None)
        self._young[key] = value

    def drop(self, key: K) -> None:
        """Forget one value."""
        self._young.pop(key, None)
        self._old.pop(key, None)

    def clear(self) -> None:
        """Forget all."""
        self._young.clear()
        self._old.clear()


class ScopedCache:
    """At most ``limit`` values by scope and key, that weigh ``room`` at most; those of one scope are forgotten at once.

    A half is full when it holds half of either. What weighs more than half of the room is alone in its generation.
    """

    __slots__ = ("_half", "_half_room", "_old", "_young", "_young_size", "_young_weight")

    def __init__(self, limit: int, room: int) -> None:
        self._half = max(1, limit // 2)
        self._half_room = room // 2
        self._young: dict[str, dict[Hashable, tuple[Any, int]]] = {}
        self._old: dict[str, dict[Hashable, tuple[Any, int]]] = {}
        self._young_size = 0
        self._young_weight = 0

    def __len__(self) -> int:
        return sum(map(len, self._young.values())) + sum(map(len, self._old.values()))

    @property
    def weight(self) -> int:
        """What all of it weighs."""
        return sum(_weight(values) for half in (self._young, self._old) for values in half.values())

    def get(self, scope: str, key: Hashable) -> Any:
        """The value under a key of a scope, or MISSING."""
        kept = self._young.get(scope, _NOTHING).get(key)
        if kept is None and scope in self._old:
            kept = self._old[scope].pop(key, None)
            if kept is not None:
                self.put(scope, key, *kept)
        return MISSING if kept is None else kept[0]

    def put(self, scope: str, key: Hashable, value: Any, weight: int = 0) -> None:
        """Keep a value until its scope is dropped, or for a while."""
        if self._young_size >= self._half or self._young_weight + weight > self._half_room:
            self._old, self._young, self._young_size, self._young_weight = self._young, {}, 0, 0
        values = self._young.setdefault(scope, {})
        before = values.get(key)
        self._young_size += before is None
        self._young_weight += weight - (0 if before is None else before[1])
        values[key] = (value, weight)

    def drop(self, scope: str) -> None:
        """Forget all values of a scope."""
        values = self._young.pop(scope, {})
        self._young_size -= len(values)
        self._young_weight -= _weight(values)
        self._old.pop(scope, None)

    def clear(self) -> None:
        """Forget all."""
        self._young.clear()
        self._old.clear()
        self._young_size = self._young_weight = 0


def _weight(values: Mapping[Hashable, tuple[Any, int]]) -> int:
    return sum(weight for _, weight in values.values())
