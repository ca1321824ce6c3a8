"""Coroutines begun at once, where they are made, and made a task of only if they have to wait.

Most answers that may wait do not: an object of one kibibyte lies in memory. Such an answer costs a task, a turn of the
event loop and an exchange less. Python 3.12 has eager tasks for it (``asyncio.eager_task_factory``); this does it for
3.11. Until it waits for the first time, a coroutine runs outside of any task, so it must not ask for its task before.
"""

from __future__ import annotations

from collections.abc import Awaitable, Coroutine
from types import coroutine
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Generator

T = TypeVar("T")


def begin(work: T | Awaitable[T]) -> T | Awaitable[T]:
    """What a coroutine answers if it can without waiting; else what is left to be awaited. Raises what it raises."""
    if not isinstance(work, Coroutine):
        return work
    try:
        waits_for = work.send(None)
    except StopIteration as end:
        answer: T = end.value
        return answer
    return _go_on(work, waits_for)


@coroutine
def _go_on(work: Coroutine[Any, Any, T], waits_for: Any) -> Generator[Any, Any, T]:
    """Let whoever awaits this wait for what the coroutine waits for, and pass on what comes of it."""
    while True:
        try:
            try:
                yield waits_for
            except BaseException as error:  # noqa: BLE001 - it is the coroutine's to handle, cancellation too
                waits_for = work.throw(error)
            else:
                waits_for = work.send(None)
        except StopIteration as end:
            answer: T = end.value
            return answer
