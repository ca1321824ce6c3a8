"""What every store answers about records, whatever engine is behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from storekit import A, B, access_key, commit, put, user

from daypass.credentials import Secret
from daypass.directory import (
    GLOBAL,
    AccessKey,
    Account,
    Bucket,
    Delete,
    Group,
    ManagedPolicy,
    MfaDevice,
    PolicyVersion,
    Put,
    Record,
    Role,
    User,
)

if TYPE_CHECKING:
    from daypass.directory import Page
    from daypass.store import Store

DOCUMENT = '{"Version":"2012-10-17","Statement":[]}'
ONE_OF_EACH: tuple[Record, ...] = (
    Account(A, "main", 1, "root@example.org", "acme"),
    user(
        "Alice",
        tags=(("team", "é"),),
        groups=("Ops",),
        policies=(("p", DOCUMENT),),
        attached=("arn:x",),
        boundary="arn:b",
    ),
    Group(A, "Ops", "/staff/", "AGPA1", 1, (("p", DOCUMENT),), ("arn:x",)),
    Role(A, "R", "/", "AROA1", 1, DOCUMENT, (("arn:aws:iam::1:user/x", "AIDA1"),), "d", 7200, boundary="arn:b"),
    ManagedPolicy(A, "P", "/", "ANPA1", 1, 2, (PolicyVersion(1, DOCUMENT, 1), PolicyVersion(3, "{}", 2)), 3, 4),
    AccessKey("AKIA1", A, Secret("hush"), 1, "Alice", "AIDA1ALICE", active=False),
    MfaDevice(A, "phone", "/", Secret("seed"), 1, "Alice", "AIDA1ALICE", 2, 1, 99),
    Bucket("reports", A, "us-east-1", 1, "b-1", DOCUMENT, (), None, (("versioning", "{}"),)),
)


def names(page: Page) -> list[str]:
    return [record.key.name for record in page.records]


@pytest.mark.parametrize("record", ONE_OF_EACH, ids=lambda record: record.kind)
def test_a_record_comes_back_as_it_was_put(store: Store, record: Record) -> None:
    put(store, record)
    assert store.view().get(type(record), record.key.scope, record.key.name) == record


def test_what_is_not_there_is_none_until_it_is_put(store: Store) -> None:
    assert store.view().get(AccessKey, GLOBAL, "AKIA1") is None
    assert store.view().get(AccessKey, GLOBAL, "AKIA1") is None
    put(store, access_key("AKIA1"))
    assert store.view().get(AccessKey, GLOBAL, "AKIA1") == access_key("AKIA1")


def test_kinds_and_scopes_are_apart(store: Store) -> None:
    put(store, user("x"), Group(A, "x", "/", "AGPA1", 1), user("x", account=B))
    commit(store, Delete(user("x").key))
    view = store.view()
    assert view.get(User, A, "x") is None
    assert view.get(Group, A, "x") is not None
    assert view.get(User, B, "x") == user("x", account=B)


def test_a_record_is_found_by_its_id_after_a_rename(store: Store) -> None:
    put(store, user("old", id_="AIDA7"))
    assert store.view().by_id(User, "AIDA7") == user("old", id_="AIDA7")
    commit(store, Put(user("new", id_="AIDA7")), Delete(user("old").key))
    assert store.view().by_id(User, "AIDA7") == user("new", id_="AIDA7")
    assert store.view().get(User, A, "old") is None


def test_an_id_of_another_kind_is_not_found(store: Store) -> None:
    put(store, user("x", id_="AIDA7"))
    assert store.view().by_id(Role, "AIDA7") is None


def test_a_record_of_the_same_name_does_not_answer_to_the_id_of_the_one_before(store: Store) -> None:
    put(store, user("x", id_="AIDA7"))
    assert store.view().by_id(User, "AIDA7") is not None
    commit(store, Delete(user("x").key))
    put(store, user("x", id_="AIDA8"))
    assert store.view().by_id(User, "AIDA7") is None
    assert store.view().by_id(User, "AIDA8") is not None


def test_an_id_never_comes_back(store: Store) -> None:
    put(store, user("x", id_="AIDA7"), user("y", id_="AIDA8"))
    commit(store, Delete(user("x").key))
    put(store, user("y", id_="AIDA9"))
    for spent in ("AIDA7", "AIDA8"):
        with pytest.raises(ValueError, match="never again"):
            put(store, user("z", id_=spent))
    assert store.view().get(User, A, "z") is None


def test_an_id_stands_for_one_record(store: Store) -> None:
    put(store, user("x", id_="AIDA7"))
    with pytest.raises(ValueError, match="unique"):
        put(store, user("y", id_="AIDA7"), user("z"))
    assert store.view().get(User, A, "y") is None
    assert store.view().get(User, A, "z") is None


def test_the_last_change_to_a_key_wins(store: Store) -> None:
    key = user("x").key
    commit(store, Put(user("x", path="/a/")), Put(user("x", path="/b/")))
    found = store.view().get(User, A, "x")
    assert found is not None
    assert found.path == "/b/"
    commit(store, Delete(key), Put(user("x", path="/c/")))
    assert store.view().count(User, A) == 1
    commit(store, Put(user("x", path="/d/")), Delete(key))
    assert store.view().count(User, A) == 0


def test_deleting_what_is_not_there_changes_nothing(store: Store) -> None:
    put(store, user("x"))
    commit(store, Delete(user("y").key))
    assert names(store.view().page(User, A)) == ["x"]


# --- listings --------------------------------------------------------------------------------------------------------


def test_listings_page_by_key_name(store: Store) -> None:
    put(store, *(user(name) for name in ("Delta", "alpha", "charlie", "Bravo")), user("other", account=B))
    first = store.view().page(User, A, limit=3)
    assert names(first) == ["alpha", "bravo", "charlie"]
    assert first.next == "charlie"
    second = store.view().page(User, A, limit=3, after=first.next)
    assert names(second) == ["delta"]
    assert second.next is None


def test_a_full_last_page_has_no_next(store: Store) -> None:
    put(store, user("a"), user("b"))
    assert store.view().page(User, A, limit=2).next is None


def test_listing_goes_on_after_a_name_that_has_gone(store: Store) -> None:
    put(store, user("a"), user("b"), user("c"))
    page = store.view().page(User, A, limit=2)
    commit(store, Delete(user("b").key))
    assert names(store.view().page(User, A, after=page.next or "")) == ["c"]


def test_an_empty_listing(store: Store) -> None:
    assert store.view().page(User, A) == ((), None)
    assert store.view().page(User, A, path_prefix="/x/") == ((), None)
    assert store.view().page(User, A, path_prefix="/x") == ((), None)


@pytest.mark.parametrize(
    ("prefix", "expected"),
    [
        ("/", ["a", "b", "c", "d", "e", "f"]),
        ("/eng/", ["b", "c", "e"]),
        ("/eng", ["b", "c", "d", "e"]),
        ("/eng/ops/", ["c", "e"]),
        ("/eng/o", ["c", "e"]),
        ("/e", ["b", "c", "d", "e"]),
        ("/engine/", ["d"]),
        ("/s", ["f"]),
        ("/z", []),
    ],
)
def test_a_path_prefix_is_any_beginning_of_a_path(store: Store, prefix: str, expected: list[str]) -> None:
    paths = {"a": "/", "b": "/eng/", "c": "/eng/ops/", "d": "/engine/", "e": "/eng/ops/night/", "f": "/sales/"}
    put(store, *(user(name, path=path) for name, path in paths.items()), user("x", account=B, path="/eng/"))
    for size in (1, 2, 10):
        found, after = [], ""
        while True:
            page = store.view().page(User, A, limit=size, after=after, path_prefix=prefix)
            found += names(page)
            if page.next is None:
                break
            after = page.next
        assert found == expected


def test_a_moved_record_is_listed_below_its_new_path_only(store: Store) -> None:
    put(store, user("a", path="/x/y/"))
    put(store, user("a", path="/z/"))
    view = store.view()
    assert names(view.page(User, A, path_prefix="/x/")) == []
    assert names(view.page(User, A, path_prefix="/z/")) == ["a"]
    put(store, user("a"))
    assert names(store.view().page(User, A, path_prefix="/z/")) == []


def test_kinds_without_a_path_are_listed_whatever_the_prefix(store: Store) -> None:
    put(store, access_key("AKIA1"))
    assert names(store.view().page(AccessKey, GLOBAL, path_prefix="/x/")) == ["AKIA1"]


# --- links and counts ------------------------------------------------------------------------------------------------


def test_links_are_followed_backwards(store: Store) -> None:
    put(store, user("a", groups=("Ops",)), user("b", groups=("ops", "dev")), user("c", groups=("dev",)))
    put(store, user("x", account=B, groups=("ops",)))
    view = store.view()
    assert names(view.linked(User, A, "group", "ops")) == ["a", "b"]
    assert names(view.linked(User, A, "group", "dev")) == ["b", "c"]
    assert names(view.linked(Role, A, "group", "ops")) == []
    assert view.count_linked(A, "group", "ops") == 2
    assert view.count_linked(A, "group", "none") == 0


def test_linked_records_page_by_name(store: Store) -> None:
    put(store, *(user(name, groups=("g",)) for name in "abc"))
    page = store.view().linked(User, A, "group", "g", limit=2)
    assert (names(page), page.next) == (["a", "b"], "b")
    assert names(store.view().linked(User, A, "group", "g", limit=2, after="b")) == ["c"]


def test_links_follow_their_record(store: Store) -> None:
    put(store, user("a", groups=("g", "h"), attached=("arn:p",)))
    put(store, user("a", groups=("h",), attached=("arn:p", "arn:q")))
    view = store.view()
    assert [view.count_linked(A, "group", group) for group in ("g", "h")] == [0, 1]
    assert [view.count_linked(A, "policy", arn) for arn in ("arn:p", "arn:q")] == [1, 1]
    commit(store, Delete(user("a").key))
    view = store.view()
    assert view.count_linked(A, "group", "h") == 0
    assert names(view.linked(User, A, "policy", "arn:q")) == []


def test_linked_counts_take_all_kinds(store: Store) -> None:
    role = Role(A, "r", "/", "AROA1", 1, DOCUMENT, attached=("arn:p",))
    put(store, user("a", attached=("arn:p",)), role, Group(A, "g", "/", "AGPA1", 1, (), ("arn:p",)))
    assert store.view().count_linked(A, "policy", "arn:p") == 3


def test_keys_are_found_by_their_owner(store: Store) -> None:
    put(store, access_key("AKIA2", owner="AIDA1"), access_key("AKIA1", owner="AIDA1"), access_key("AKIA3"))
    view = store.view()
    assert names(view.linked(AccessKey, GLOBAL, "owner", "AIDA1")) == ["AKIA1", "AKIA2"]
    assert view.count_linked(GLOBAL, "owner", A) == 1


def test_counts_follow_puts_and_deletes(store: Store) -> None:
    assert store.view().count(User, A) == 0
    put(store, user("a"), user("b"), user("x", account=B))
    put(store, user("a", path="/new/"))
    assert store.view().count(User, A) == 2
    commit(store, Delete(user("a").key))
    assert store.view().count(User, A) == 1
    assert store.view().count(User, B) == 1
    assert store.view().count(Role, A) == 0


# --- revisions and derived values ------------------------------------------------------------------------------------


def test_a_revision_grows_with_each_change_in_its_scope_only(store: Store) -> None:
    assert store.view().revision(A) == 0
    put(store, user("a"))
    first, other = store.view().revision(A), store.view().revision(B)
    put(store, user("a", path="/x/"))
    assert store.view().revision(A) > first > 0
    assert store.view().revision(B) == other == 0


def test_a_derived_value_is_made_once_and_again_after_a_change(store: Store) -> None:
    made: list[int] = []

    def make() -> int | None:
        made.append(1)
        return None

    for _ in range(3):
        assert store.view().derived(A, ("policies", "x"), make) is None
    assert len(made) == 1
    put(store, user("x", account=B))
    store.view().derived(A, ("policies", "x"), make)
    assert len(made) == 1
    put(store, user("x"))
    store.view().derived(A, ("policies", "x"), make)
    assert len(made) == 2


def test_derived_values_are_apart_by_scope_and_key(store: Store) -> None:
    view = store.view()
    assert [view.derived(scope, key, lambda s=scope, k=key: s + k) for scope in (A, B) for key in "kl"] == [
        A + "k",
        A + "l",
        B + "k",
        B + "l",
    ]


def test_a_derived_value_that_cannot_be_made_is_not_kept(store: Store) -> None:
    def fail() -> int:
        raise LookupError

    with pytest.raises(LookupError):
        store.view().derived(A, "k", fail)
    assert store.view().derived(A, "k", lambda: 1) == 1
