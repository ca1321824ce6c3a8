"""Changing keys beside a running server, for ``daypass keys``: the root keys of the ring and the accounts' signing keys.

A rotation goes in steps, each of which may be cut off and is then taken up where it ended (``--resume``):

1. a new root key comes into the key file; every process of the server must have it before
2. it becomes the one that seals; every process must seal with it before
3. the secrets in the database are sealed anew under it, in batches, and
4. each account that issues identity tokens gets new signing keys, published ahead of their first use.

The former key goes on opening sessions and is retired when none can be alive that it sealed.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from daypass import clock
from daypass.audit import Recorder
from daypass.clock import iso_time
from daypass.directory import GLOBAL, Account, OutboundIssuer, Put, all_of
from daypass.directory.issuers import AHEAD, ALGORITHMS
from daypass.keyfile import RingProblem, changing, read_ring, replace_ring, wait_until_left
from daypass.provisioning import ATTEMPTS, check_started
from daypass.services.signing_keys import new_keys
from daypass.services.sts.issued_sessions import LONGEST_LIFE
from daypass.store import Conflict, SqliteStore, StoreProblem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from daypass.config import Config
    from daypass.credentials import KeyRing
    from daypass.directory import View

MARGIN = 300
"""Seconds beyond the longest life of a session: clocks may differ."""
STS = "sts.amazonaws.com"


class RootKey(NamedTuple):
    """One root key. ``state`` is ``seals``, ``waits`` (introduced, never used) or ``opens``; times are seconds.

    ``needed_until`` is when the last session that it sealed has ended; None where that cannot be told.
    """

    id: int
    state: str
    introduced: int
    superseded: int | None
    needed_until: int | None
    records: int


class SigningKey(NamedTuple):
    """One signing key of an account. ``state`` is ``signs``, ``waits`` or ``verifies``."""

    account: str
    id: str
    algorithm: str
    state: str
    signs_from: int
    published_until: int | None


class Rotation(NamedTuple):
    """What a rotation has done."""

    key_id: int
    resealed: int
    issuers: int
    retired: tuple[int, ...]


def list_keys(config: Config) -> tuple[list[RootKey], list[SigningKey]]:
    """All keys, oldest first. Raises RingProblem."""
    _require_server(config)
    try:
        ring = read_ring(config.data)
        store = _store(config, ring)
    except StoreProblem as problem:
        raise RingProblem(str(problem)) from None
    try:
        records = asyncio.run(store.count_by_key())
        return [_root_key(ring, key_id, records[key_id]) for key_id in ring.key_ids], list(_signing_keys(store.view()))
    except StoreProblem as problem:
        raise RingProblem(str(problem)) from None
    finally:
        store.close()


def unfinished(config: Config) -> str | None:
    """What a rotation that was cut off has left to do, in one line; None where there is nothing. Raises RingProblem."""
    roots, _ = list_keys(config)
    if any(key.state == "waits" for key in roots):
        return "a rotation of the keys was cut off: run `daypass keys rotate`"
    left = sum(key.records for key in roots if key.state == "opens")
    if left:
        return (
            f"{left} records hold secrets under a key that does not seal any more: run `daypass keys rotate --resume`"
        )
    return None


def rotate(config: Config, say: Callable[[str], None], *, resume: bool = False, emergency: bool = False) -> Rotation:
    """Bring in new keys, or end what an earlier rotation began. ``emergency`` ends all sessions. Raises RingProblem."""
    _require_server(config)
    try:
        with changing(config.data):
            if emergency:
                _throw_waiting_key_away(config, say)
            before = read_ring(config.data).active
            ring = _with_new_key(config, say, resume=resume)
            store = _store(config, ring)
            try:
                resealed = asyncio.run(_reseal(store, ring.active))
                say(f"{resealed} records hold secrets that are now sealed under key {ring.active}")
                since = ring.dates[ring.active].introduced if ring.active == before else None
                issuers = asyncio.run(_rotate_issuers(store, since, at_once=emergency))
            finally:
                store.close()
            former = tuple(key_id for key_id in ring.key_ids if key_id != ring.active) if emergency else ()
            for key_id in former:
                ring = _without(config, ring, key_id)
        return Rotation(ring.active, resealed, issuers, former)
    except (StoreProblem, RingProblem) as problem:
        text = str(problem)
        raise RingProblem(text.replace("--resume", "--emergency") if emergency else text) from None


def retire(config: Config, key_id: int | None, *, force: bool = False) -> list[int]:
    """Take a key out of the ring, or all that nothing can need any more. Raises RingProblem where one is needed."""
    _require_server(config)
    try:
        with changing(config.data):
            ring = read_ring(config.data)
            wanted = [key_id] if key_id is not None else [other for other in ring.key_ids if other != ring.active]
            retired = []
            for chosen in wanted:
                why = _still_needed(config, ring, chosen, force=force)
                if why is not None:
                    if key_id is not None:
                        raise RingProblem(why)
                    continue
                ring = _without(config, ring, chosen)
                retired.append(chosen)
            return retired
    except (StoreProblem, ValueError) as problem:
        raise RingProblem(str(problem)) from None


def _throw_waiting_key_away(config: Config, say: Callable[[str], None]) -> None:
    """What a rotation that was cut off has left in the key file was there to be read: whoever has the file has it, too."""
    ring = read_ring(config.data)
    if ring.waiting is not None:
        _without(config, ring, ring.waiting)
        say(f"key {ring.waiting} had never sealed and is thrown away")


def _with_new_key(config: Config, say: Callable[[str], None], *, resume: bool) -> KeyRing:
    """Steps 1 and 2. What was cut off in them is ended first, and then there is nothing to add."""
    folder = config.data
    ring = read_ring(folder)
    waiting = ring.waiting
    if waiting is not None:
        wait_until_left(folder, ring.retire(waiting))
    elif resume:
        _wait_for_the_last_change(config, ring)
        return ring
    else:
        introduced = ring.introduce(clock.random_bytes(32), int(clock.now()))
        waiting = introduced.key_ids[-1]
        replace_ring(folder, ring, introduced)
        ring = introduced
    say(f"key {waiting} is known to every process of the server")
    active = ring.activate(waiting, int(clock.now()))
    replace_ring(folder, ring, active)
    say(f"key {waiting} seals everything new; key {ring.active} goes on opening what it sealed")
    return active


def _wait_for_the_last_change(config: Config, ring: KeyRing) -> None:
    """Step 2 may have been cut off before every process had followed."""
    former = [key_id for key_id in ring.key_ids if ring.dates[key_id].superseded is not None]
    if former:
        last = max(former, key=lambda key_id: ring.dates[key_id].superseded or 0)
        wait_until_left(config.data, ring.activate(last))


async def _reseal(store: SqliteStore, active: int) -> int:
    """Step 3. Raises RingProblem at the end where records could not be opened."""
    count = 0
    unreadable: list[str] = []
    done = await store.reseal(active, None)
    while True:
        count += done.resealed
        unreadable += done.unreadable
        if done.after is None:
            break
        done = await store.reseal(active, done.after)
    if unreadable:
        raise RingProblem(f"{len(unreadable)} records cannot be sealed anew; the first: {unreadable[0]}")
    return count


async def _rotate_issuers(store: SqliteStore, since: int | None, *, at_once: bool) -> int:
    """Step 4. Where it is taken up again, ``since`` spares the accounts that have had new keys after it.

    ``at_once`` takes the former keys away.
    """
    count = 0
    for account in _accounts(store.view()):
        for _ in range(ATTEMPTS):
            view = store.view()
            issuer = view.get(OutboundIssuer, account, "")
            if issuer is None or (since is not None and _has_new_keys(issuer, since)):
                break
            now = int(clock.now())
            fresh = new_keys(now if at_once else now + AHEAD)
            kept = () if at_once else issuer.published(now)
            record = Recorder({}, clock.now, clock.random_bytes).of_operator(
                account, STS, "RotateSigningKeys", {"keyIds": [key.id for key in fresh], "atOnce": at_once}
            )
            try:
                changed = msgspec.structs.replace(issuer, keys=(*kept, *fresh))
                await store.commit(view, [Put(changed)], [record.row()])
            except Conflict:
                continue
            count += 1
            break
        else:
            raise RingProblem("the directory is changing too fast: run `daypass keys rotate --resume`")
    return count


def _has_new_keys(issuer: OutboundIssuer, since: int) -> bool:
    """Whether an account's newest keys came in after a moment. A first pair signs at once, one that follows waits."""
    signs_from = issuer.keys[-1].signs_from
    return signs_from > since if len(issuer.keys) == len(ALGORITHMS) else signs_from - AHEAD >= since


def _still_needed(config: Config, ring: KeyRing, key_id: int, *, force: bool) -> str | None:
    """Why a key cannot go. Secrets in the database are never given up: by force they are sealed anew before."""
    if key_id not in ring.key_ids:
        return f"the ring has no key {key_id}"
    if key_id == ring.active:
        return f"key {key_id} seals: run `daypass keys rotate` first"
    if key_id == ring.waiting:
        return None
    store = _store(config, ring)
    try:
        records = asyncio.run(store.count_by_key())[key_id]
        if records and not force:
            return (
                f"{records} records hold secrets that are sealed under key {key_id}: run `daypass keys rotate --resume`"
            )
        if records:
            asyncio.run(_reseal(store, ring.active))
    finally:
        store.close()
    until = needed_until(ring, key_id)
    if force or (until is not None and until <= clock.now()):
        return None
    when = "an unknown time" if until is None else iso_time(until)
    return f"sessions that key {key_id} sealed may be alive until {when}; --force ends them now"


def needed_until(ring: KeyRing, key_id: int) -> int | None:
    """When the last session that a key sealed has ended; None where that is not known."""
    superseded = ring.dates[key_id].superseded
    return None if superseded is None else superseded + LONGEST_LIFE + MARGIN


def _without(config: Config, ring: KeyRing, key_id: int) -> KeyRing:
    smaller = ring.retire(key_id)
    replace_ring(config.data, ring, smaller)
    return smaller


def _root_key(ring: KeyRing, key_id: int, records: int) -> RootKey:
    dates = ring.dates[key_id]
    state = "seals" if key_id == ring.active else "waits" if key_id == ring.waiting else "opens"
    return RootKey(key_id, state, dates.introduced, dates.superseded, needed_until(ring, key_id), records)


def _signing_keys(view: View) -> Iterator[SigningKey]:
    now = clock.now()
    for account in _accounts(view):
        issuer = view.get(OutboundIssuer, account, "")
        for key in issuer.published(now) if issuer is not None else ():
            signing = issuer is not None and issuer.signing(key.algorithm, now) == key
            state = "signs" if signing else "waits" if key.signs_from > now else "verifies"
            until = None if issuer is None else issuer.published_until(key)
            yield SigningKey(account, key.id, key.algorithm, state, key.signs_from, until)


def _accounts(view: View) -> list[str]:
    return [account.id for account in all_of(Account, view, GLOBAL)]


def _require_server(config: Config) -> None:
    try:
        check_started(config)
    except StoreProblem as problem:
        raise RingProblem(str(problem)) from None


def _store(config: Config, ring: KeyRing) -> SqliteStore:
    """The store under a ring that this process alone changes: it is not held, for nobody is to wait for ourselves."""
    return SqliteStore.open(config.data, ring, clock.random_bytes)
