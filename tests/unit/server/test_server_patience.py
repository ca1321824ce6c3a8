from __future__ import annotations

from daypass.server.limits import Limits
from daypass.server.patience import Patience, Verdict

LIMITS = Limits(head_time=10, keep_alive=60, pace=100, pace_window=15, stall=30, linger=5)


def look(patience: Patience, now: float, *, received: int = 0, unsent: int = 0, waits: bool = False) -> Verdict:
    return patience.look(now, received=received, unsent=unsent, waits_for_us=waits)


def test_a_connection_that_asks_nothing_is_late() -> None:
    patience = Patience(LIMITS, 100)
    assert look(patience, 109.9) is Verdict.FINE
    assert look(patience, 110) is Verdict.LATE


def test_a_head_has_its_own_time_and_an_answered_connection_too() -> None:
    patience = Patience(LIMITS, 0)
    patience.head(5)
    assert look(patience, 14.9) is Verdict.FINE
    assert look(patience, 15) is Verdict.LATE
    patience.idle(20)
    assert look(patience, 79) is Verdict.FINE
    assert look(patience, 80) is Verdict.LATE
    patience.linger(80)
    assert look(patience, 85) is Verdict.LATE


def test_a_request_that_is_whole_waits_for_us_for_ever() -> None:
    patience = Patience(LIMITS, 0)
    patience.body(0)
    patience.whole()
    assert look(patience, 1_000_000) is Verdict.FINE


def test_the_pace_is_measured_over_each_window() -> None:
    patience = Patience(LIMITS, 0)
    patience.body(0)
    assert look(patience, 14, received=0) is Verdict.FINE
    assert look(patience, 15, received=100_000) is Verdict.FINE
    assert look(patience, 29, received=100_000) is Verdict.FINE
    assert look(patience, 30, received=101_499) is Verdict.SLOW  # what was fast before is no credit
    assert look(patience, 30, received=101_500) is Verdict.FINE


def test_a_client_that_waits_for_us_is_not_measured() -> None:
    patience = Patience(LIMITS, 0)
    patience.body(0)
    assert look(patience, 20, waits=True) is Verdict.FINE
    assert look(patience, 34, received=0) is Verdict.FINE
    assert look(patience, 35, received=0) is Verdict.SLOW


def test_an_answer_that_is_not_taken_stalls_and_one_that_moves_does_not() -> None:
    patience = Patience(LIMITS, 0)
    patience.whole()
    for now in range(0, 100, 10):
        assert look(patience, now, unsent=1000 - now) is Verdict.FINE
    assert look(patience, 119, unsent=910) is Verdict.FINE
    assert look(patience, 120, unsent=910) is Verdict.STALLED
    assert look(patience, 121, unsent=0) is Verdict.FINE
