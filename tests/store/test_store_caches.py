"""Bounded copies: what is asked for stays, what is dropped is gone, and the bound holds."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from daypass.store.caches import MISSING, BoundedCache, ScopedCache


def test_a_value_that_is_asked_for_outlives_others() -> None:
    cache: BoundedCache[str, int] = BoundedCache(10)
    cache.put("wanted", 1)
    for n in range(100):
        cache.put(f"other{n}", n)
        assert cache.get("wanted") == 1
    assert cache.get("other0") is MISSING
    assert len(cache) <= 10


def test_none_is_a_value() -> None:
    cache = ScopedCache(10, 100)
    cache.put("s", "k", None)
    assert cache.get("s", "k") is None
    assert cache.get("s", "other") is MISSING


OPERATIONS = st.lists(
    st.tuples(st.sampled_from(["put", "get", "drop", "clear"]), st.sampled_from("ab"), st.integers(0, 9)), max_size=200
)


@given(OPERATIONS)
def test_a_bounded_cache_answers_what_was_put_last_or_nothing(operations: list[tuple[str, str, int]]) -> None:
    cache: BoundedCache[tuple[str, int], int] = BoundedCache(6)
    truth: dict[tuple[str, int], int] = {}
    for step, (what, scope, key) in enumerate(operations):
        if what == "put":
            cache.put((scope, key), step)
            truth[scope, key] = step
        elif what == "drop":
            cache.drop((scope, key))
            truth.pop((scope, key), None)
        elif what == "clear":
            cache.clear()
            truth.clear()
        assert cache.get((scope, key)) in (MISSING, truth.get((scope, key), MISSING))
        assert len(cache) <= 6
        if what == "put":
            assert cache.get((scope, key)) == step


@given(OPERATIONS)
def test_a_scoped_cache_answers_what_was_put_last_or_nothing(operations: list[tuple[str, str, int]]) -> None:
    cache = ScopedCache(6, 100)
    truth: dict[tuple[str, int], int] = {}
    for step, (what, scope, key) in enumerate(operations):
        if what == "put":
            cache.put(scope, key, step)
            truth[scope, key] = step
        elif what == "drop":
            cache.drop(scope)
            truth = {place: value for place, value in truth.items() if place[0] != scope}
        elif what == "clear":
            cache.clear()
            truth.clear()
        assert cache.get(scope, key) in (MISSING, truth.get((scope, key), MISSING))
        assert len(cache) <= 6
        if what == "put":
            assert cache.get(scope, key) == step


def test_heavy_values_are_bounded_by_what_they_weigh() -> None:
    cache = ScopedCache(1000, 100)
    for n in range(200):
        cache.put(f"s{n % 3}", n, n, weight=20)
        assert cache.get(f"s{n % 3}", n) == n
        assert cache.weight <= 100
        assert 0 < len(cache) <= 5


def test_what_is_dropped_weighs_nothing_more() -> None:
    cache = ScopedCache(1000, 100)
    cache.put("kept", 1, 1, weight=10)
    for n in range(50):
        cache.put("s", n, n, weight=30)
        cache.drop("s")
    assert cache.get("kept", 1) == 1
    assert cache.weight == 10
