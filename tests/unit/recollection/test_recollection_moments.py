"""Others may change the directory while it is read: what is told is of one moment, or nothing is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from witnesskit import Witness
from worldkit import Host, allow

from daypass.recollection.past import ATTEMPTS, CannotTell, of_one_moment
from daypass.recollection.replaying import _Replay
from daypass.store import Conflict

if TYPE_CHECKING:
    from daypass.directory import View


class Restless:
    """A store whose first views are overtaken at once."""

    def __init__(self, host: Host, overtaken: int) -> None:
        self._store = host.store
        self.left = overtaken

    def view(self) -> Any:
        self.left -= 1
        return self._store.view() if self.left < 0 else Overtaken()


class Overtaken:
    """A view of which nothing can be read any more."""

    def __getattr__(self, name: str) -> Any:
        raise Conflict


def test_what_was_overtaken_is_read_again(host: Host) -> None:
    def accounts(view: View) -> int:
        return view.count(type(next(iter(host.store.records.values()))), "")

    assert of_one_moment(Restless(host, 3), accounts) == of_one_moment(host.store, accounts)  # type: ignore[arg-type]


def test_what_never_keeps_still_is_not_told(host: Host) -> None:
    with pytest.raises(CannotTell, match="changing too fast"):
        of_one_moment(Restless(host, ATTEMPTS + 1), lambda view: view.revision(""))  # type: ignore[arg-type]


def test_a_question_that_was_overtaken_counts_once(host: Host) -> None:
    witness = Witness(host)
    host.client("iam", host.user("bob", allow("iam:*"))).list_users()
    run = _Replay(Restless(host, 2), (), {})  # type: ignore[arg-type]
    run.take(witness.past())
    assert (run.replayed, run.differences, +run.not_replayed) == (1, [], {})
