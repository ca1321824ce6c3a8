"""Coroutines that are begun at once."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from daypass.server.eager import begin

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine


def test_a_value_is_itself() -> None:
    assert begin(7) == 7


def test_what_does_not_wait_is_answered_without_a_loop() -> None:
    async def at_once() -> str:
        return "here"

    assert begin(at_once()) == "here"


def test_what_it_raises_at_once_comes_out() -> None:
    async def fails() -> None:
        raise LookupError("x")

    with pytest.raises(LookupError):
        begin(fails())


async def _sleeps() -> str:
    await asyncio.sleep(0)
    await asyncio.sleep(0.001)
    return "later"


async def _asks_a_thread() -> str:
    return await asyncio.to_thread(lambda: "later")


async def _waits_for_what_is_done_meanwhile() -> str:
    future = asyncio.get_running_loop().create_future()
    future.set_result("later")
    await asyncio.sleep(0)
    return await future


async def _waits_under_a_lock() -> str:
    lock = asyncio.Lock()
    async with lock:
        await asyncio.sleep(0)
    return "later"


async def _handles_what_its_work_raises() -> str:
    try:
        await asyncio.to_thread(dict[str, str]().__getitem__, "x")
    except KeyError:
        return "later"
    return "wrong"


@pytest.mark.parametrize(
    "work",
    [_sleeps, _asks_a_thread, _waits_for_what_is_done_meanwhile, _waits_under_a_lock, _handles_what_its_work_raises],
)
def test_what_waits_goes_on_as_a_task(work: Callable[[], Coroutine[Any, Any, str]]) -> None:
    async def main() -> str:
        rest = begin(work())
        assert not isinstance(rest, str)

        async def whole() -> str:
            return await rest

        return await asyncio.create_task(whole())

    assert asyncio.run(main()) == "later"


def test_what_it_raises_later_comes_out_where_it_is_awaited() -> None:
    async def fails() -> str:
        await asyncio.sleep(0)
        raise LookupError("x")

    async def main() -> None:
        rest = begin(fails())
        with pytest.raises(LookupError):
            await rest

    asyncio.run(main())


def test_a_cancellation_reaches_the_coroutine() -> None:
    cleaned = []

    async def waits() -> None:
        try:
            await asyncio.sleep(10)
        finally:
            await asyncio.sleep(0)
            cleaned.append(True)

    async def main() -> None:
        rest = begin(waits())

        async def whole() -> None:
            await rest

        task = asyncio.create_task(whole())
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    assert cleaned == [True]
