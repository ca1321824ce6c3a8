"""What was decided on a directory that has changed since is not committed (optimistic concurrency)."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from storekit import A, B, access_key, commit, event, put, user

from daypass.directory import GLOBAL, AccessKey, Account, Bucket, Delete, Put, User
from daypass.store import Conflict, EventQuery

if TYPE_CHECKING:
    from collections.abc import Callable

    from daypass.directory import View
    from daypass.store import Store


def bucket(name: str, account: str = A) -> Bucket:
    return Bucket(name, account, "us-east-1", 1, f"b-{name}")


READS: dict[str, Callable[[View], object]] = {
    "get": lambda view: view.get(User, A, "x"),
    "get of what is not there": lambda view: view.get(User, A, "nobody"),
    "by_id": lambda view: view.by_id(User, "AIDA1X"),
    "page": lambda view: view.page(User, A),
    "count": lambda view: view.count(User, A),
    "linked": lambda view: view.linked(User, A, "group", "g"),
    "count_linked": lambda view: view.count_linked(A, "policy", "arn:p"),
    "revision": lambda view: view.revision(A),
    "derived": lambda view: view.derived(A, "k", lambda: 1),
}


@pytest.mark.parametrize("read", READS.values(), ids=READS.keys())
def test_whatever_was_read_of_an_account_must_not_have_changed(store: Store, read: Callable[[View], object]) -> None:
    put(store, user("x"))
    view = store.view()
    read(view)
    put(store, user("y"))
    with pytest.raises(Conflict):
        commit(store, Put(user("z", account=B)), view=view)
    assert store.view().get(User, B, "z") is None


@pytest.mark.parametrize("read", READS.values(), ids=READS.keys())
def test_a_change_in_another_account_disturbs_nothing(store: Store, read: Callable[[View], object]) -> None:
    put(store, user("x"))
    view = store.view()
    read(view)
    put(store, user("y", account=B))
    commit(store, Put(user("z")), view=view)
    assert store.view().get(User, A, "z") is not None


def test_a_derived_value_from_memory_counts_as_read(store: Store) -> None:
    put(store, user("x"))
    store.view().derived(A, "k", lambda: 1)
    view = store.view()
    view.derived(A, "k", lambda: 1)
    put(store, user("y"))
    with pytest.raises(Conflict):
        commit(store, Put(user("z", account=B)), view=view)


def test_a_scope_that_changes_touch_counts_as_read(store: Store) -> None:
    view = store.view()
    put(store, user("y"))
    with pytest.raises(Conflict):
        commit(store, Put(user("z")), view=view)
    with pytest.raises(Conflict):
        commit(store, Delete(user("z").key), view=view)


def test_of_two_decisions_on_one_view_of_an_account_the_second_is_refused(store: Store) -> None:
    first, second = store.view(), store.view()
    for view in (first, second):
        assert view.count(User, A) == 0
    commit(store, Put(user("x")), view=first)
    with pytest.raises(Conflict):
        commit(store, Put(user("y")), view=second)
    assert store.view().count(User, A) == 1


def test_keys_of_others_disturb_nobody_in_the_global_scope(store: Store) -> None:
    put(store, access_key("AKIA1", owner="AIDA1"))
    view = store.view()
    view.get(AccessKey, GLOBAL, "AKIA1")
    view.get(AccessKey, GLOBAL, "AKIA2")
    view.linked(AccessKey, GLOBAL, "owner", "AIDA1")
    put(store, access_key("AKIA3", owner="AIDA3"))
    put(store, bucket("other"))
    commit(store, Put(access_key("AKIA2", owner="AIDA1")), view=view)
    assert store.view().count_linked(GLOBAL, "owner", "AIDA1") == 2


GLOBAL_READS: dict[str, Callable[[View], object]] = {
    "get": lambda view: view.get(AccessKey, GLOBAL, "AKIA1"),
    "get of what is not there": lambda view: view.get(AccessKey, GLOBAL, "AKIA9"),
    "linked": lambda view: view.linked(AccessKey, GLOBAL, "owner", "AIDA1"),
    "linked with what was put": lambda view: view.linked(AccessKey, GLOBAL, "owner", "AIDA9"),
    "count_linked": lambda view: view.count_linked(GLOBAL, "owner", "AIDA1"),
    "page": lambda view: view.page(AccessKey, GLOBAL),
    "count": lambda view: view.count(Account, GLOBAL),
    "revision": lambda view: view.revision(GLOBAL),
    "derived": lambda view: view.derived(GLOBAL, "k", lambda: 1),
}


@pytest.mark.parametrize("read", GLOBAL_READS.values(), ids=GLOBAL_READS.keys())
def test_what_was_read_of_the_global_scope_must_not_have_changed(store: Store, read: Callable[[View], object]) -> None:
    put(store, access_key("AKIA1", owner="AIDA1"))
    view = store.view()
    read(view)
    commit(store, Delete(access_key("AKIA1").key), Put(access_key("AKIA9", owner="AIDA9")))
    with pytest.raises(Conflict):
        commit(store, Put(user("z")), view=view)
    assert store.view().get(User, A, "z") is None


def test_of_two_that_take_one_global_name_the_second_is_refused(store: Store) -> None:
    first, second = store.view(), store.view()
    for view in (first, second):
        assert view.get(Bucket, GLOBAL, "reports") is None
    commit(store, Put(bucket("reports", A)), view=first)
    with pytest.raises(Conflict):
        commit(store, Put(bucket("reports", B)), view=second)
    taken = store.view().get(Bucket, GLOBAL, "reports")
    assert taken is not None
    assert taken.account == A


def test_a_refused_commit_leaves_no_event(store: Store) -> None:
    view = store.view()
    view.count(User, A)
    put(store, user("x"))
    with pytest.raises(Conflict):
        commit(store, Put(user("y")), view=view, events=(event(1),))
    assert asyncio.run(store.find_events(EventQuery(A, "us-east-1", 0, 9_999, None, None, 10))) == []


def test_many_writers_that_run_again_on_conflict_lose_no_change(store: Store) -> None:
    async def add_one() -> None:
        while True:
            view = store.view()
            number = view.count(User, A)
            try:
                await store.commit(view, [Put(user(f"u{number}"))], ())
            except Conflict:
                continue
            return

    async def all_at_once() -> None:
        await asyncio.gather(*(add_one() for _ in range(20)))

    asyncio.run(all_at_once())
    assert store.view().count(User, A) == 20


def test_commits_that_share_a_transaction_are_each_kept_or_refused(store: Store) -> None:
    """Group commit: what waits together is synced together, and one that conflicts takes no other with it."""

    async def together() -> list[BaseException | None]:
        views = [store.view() for _ in range(6)]
        for view in views[::2]:
            view.count(User, A)
        changes = [Put(user(f"u{n}", account=A if n % 2 == 0 else f"{n:012}")) for n in range(6)]
        waiting = (
            store.commit(view, [change], [event(n)])
            for n, (view, change) in enumerate(zip(views, changes, strict=True))
        )
        return await asyncio.gather(*waiting, return_exceptions=True)

    outcomes = asyncio.run(together())
    assert [type(outcome) for outcome in outcomes] == [
        type(None),
        type(None),
        Conflict,
        type(None),
        Conflict,
        type(None),
    ]
    found = asyncio.run(store.find_events(EventQuery(A, "us-east-1", 0, 9_999, None, None, 10)))
    assert [row.id for row in found] == ["e0005", "e0003", "e0001", "e0000"]
    assert store.view().count(User, A) == 1
