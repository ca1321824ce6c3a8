"""How long a connection waits for its client (threats: K5, slowloris). No sockets and no clock: both are arguments."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from daypass.server.limits import Limits

NEVER = float("inf")


class Verdict(enum.Enum):
    """What a look at the connection says."""

    FINE = enum.auto()
    LATE = enum.auto()
    """What should have come by now has not: the head of a request, the next request, the end."""
    SLOW = enum.auto()
    """The body comes more slowly than it must."""
    STALLED = enum.auto()
    """The client has taken nothing of its answer for a long time."""


class Patience:
    """The clocks of one connection. ``deadline`` is when what is waited for is late."""

    __slots__ = ("_limits", "_measure_at", "_measured", "_stalled_at", "_unsent", "deadline")

    def __init__(self, limits: Limits, now: float) -> None:
        self._limits = limits
        self._measure_at = NEVER
        self._measured = 0
        self._stalled_at = NEVER
        self._unsent = 0
        self.deadline = now + limits.head_time

    def head(self, now: float) -> None:
        """The first byte of a request has come."""
        self.deadline = now + self._limits.head_time

    def body(self, now: float) -> None:
        """A body begins."""
        self.deadline = NEVER
        self._measure_at = now + self._limits.pace_window
        self._measured = 0

    def whole(self) -> None:
        """The request is whole: now the client waits for us."""
        self.deadline = self._measure_at = NEVER

    def idle(self, now: float) -> None:
        """Nothing is asked."""
        self.deadline = now + self._limits.keep_alive

    def linger(self, now: float) -> None:
        """The connection has been given up."""
        self.deadline = now + self._limits.linger
        self._measure_at = NEVER

    def look(self, now: float, *, received: int, unsent: int, waits_for_us: bool) -> Verdict:
        """Look at the connection: ``received`` bytes of the body so far, ``unsent`` bytes of answers still to be taken.

        A client that ``waits_for_us`` to take its body is not measured.
        """
        if now >= self.deadline:
            return Verdict.LATE
        if not unsent or unsent != self._unsent:
            self._unsent = unsent
            self._stalled_at = now + self._limits.stall
        elif now >= self._stalled_at:
            return Verdict.STALLED
        if self._measure_at is NEVER:
            return Verdict.FINE
        if not waits_for_us and now < self._measure_at:
            return Verdict.FINE
        least = self._limits.pace * self._limits.pace_window
        if not waits_for_us and received - self._measured < least:
            return Verdict.SLOW
        self._measure_at = now + self._limits.pace_window
        self._measured = received
        return Verdict.FINE
