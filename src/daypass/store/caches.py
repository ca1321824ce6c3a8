"""Bounded copies in memory, cheap enough for each request.

Both forget by generation: what is put or found goes into the young half; when that is full it becomes the old half,
and what nobody asked for in a whole generation is gone. A hit costs one dictionary lookup, where an exact order of use
would cost a second one and a list.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Hashable

K = TypeVar("K")
V = TypeVar("V")

MISSING: Any = object()
"""Answered for what is not there, since None is a value like any other."""


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
    """At most ``limit`` values by scope and key; those of one scope are forgotten together and at once."""

    __slots__ = ("_half", "_old", "_young", "_young_size")

    def __init__(self, limit: int) -> None:
        self._half = max(1, limit // 2)
        self._young: dict[str, dict[Hashable, Any]] = {}
        self._old: dict[str, dict[Hashable, Any]] = {}
        self._young_size = 0

    def __len__(self) -> int:
        return sum(map(len, self._young.values())) + sum(map(len, self._old.values()))

    def get(self, scope: str, key: Hashable) -> Any:
        """The value under a key of a scope, or MISSING."""
        value = self._young.get(scope, {}).get(key, MISSING)
        if value is MISSING and scope in self._old:
            value = self._old[scope].pop(key, MISSING)
            if value is not MISSING:
                self.put(scope, key, value)
        return value

    def put(self, scope: str, key: Hashable, value: Any) -> None:
        """Keep a value until its scope is dropped, or for a while."""
        if self._young_size >= self._half:
            self._old, self._young, self._young_size = self._young, {}, 0
        values = self._young.setdefault(scope, {})
        self._young_size += key not in values
        values[key] = value

    def drop(self, scope: str) -> None:
        """Forget all values of a scope."""
        self._young_size -= len(self._young.pop(scope, {}))
        self._old.pop(scope, None)

    def clear(self) -> None:
        """Forget all."""
        self._young.clear()
        self._old.clear()
        self._young_size = 0
