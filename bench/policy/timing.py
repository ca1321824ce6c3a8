"""How one thing is timed. Nothing but the standard library: the peers' environment imports it, too."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

ROUNDS = 5
SECONDS = 0.03


def timed(work: Callable[[], object]) -> float:
    """Microseconds of processor time for one call: of some batches the quickest, for a disturbance only adds to it."""
    work()
    best, calls = float("inf"), 1
    for _ in range(ROUNDS):
        while True:
            began = time.process_time()
            for _ in range(calls):
                work()
            took = time.process_time() - began
            if took >= SECONDS or took / calls > SECONDS:
                break
            calls = max(calls * 2, int(calls * SECONDS / max(took, 1e-9)))
        best = min(best, took / calls)
    return best * 1e6
