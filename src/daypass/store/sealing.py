"""Which root keys the stored secrets are sealed under, and sealing them anew under the active one.

A record that is sealed anew is the same record: nobody's copy of it is outdated, and no decision that was taken on it. So
none of this stands in the change log. Each batch is one short transaction of its own; cut off anywhere, it is taken up
again by looking at what is left.
"""

from __future__ import annotations

from collections import Counter
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from daypass.credentials import Secret
from daypass.directory import KINDS
from daypass.store import statements as sql
from daypass.store.interface import StoreProblem

if TYPE_CHECKING:
    import sqlite3

    from daypass.store.codec import RecordCodec
    from daypass.store.notes import Place

BATCH = 200


class Resealed(NamedTuple):
    """One batch: how many records were sealed anew, which could not be opened, and where to go on; None at the end."""

    resealed: int
    unreadable: tuple[str, ...]
    after: Place | None


def count_by_key(db: sqlite3.Connection, codec: RecordCodec) -> Counter[int]:
    """How many records hold secrets under each root key."""
    found: Counter[int] = Counter()
    for kind in kinds_with_secrets():
        after: tuple[str, str] | None = ("", "")
        while after is not None:
            rows = sql.bodies_of_kind(db, kind, after, BATCH)
            for _, _, body in rows:
                found.update(codec.sealed_under(kind, body))
            after = rows[-1][:2] if len(rows) == BATCH else None
    return found


def reseal(db: sqlite3.Connection, codec: RecordCodec, active: int, after: Place | None) -> Resealed:
    """Inside a transaction: the next records, sealed under the active key where they were not."""
    kinds = kinds_with_secrets()
    kind = after[0] if after is not None else kinds[0]
    rows = sql.bodies_of_kind(db, kind, after[1:] if after is not None else ("", ""), BATCH)
    count, unreadable = 0, []
    for scope, name, body in rows:
        place = (kind, scope, name)
        if codec.sealed_under(kind, body) <= {active}:
            continue
        try:
            sql.set_body(db, place, codec.encode(codec.decode(place, body)))
        except StoreProblem as problem:
            unreadable.append(str(problem))
        else:
            count += 1
    if len(rows) == BATCH:
        return Resealed(count, tuple(unreadable), (kind, *rows[-1][:2]))
    rest = kinds[kinds.index(kind) + 1 :]
    return Resealed(count, tuple(unreadable), (rest[0], "", "") if rest else None)


@cache
def kinds_with_secrets() -> tuple[str, ...]:
    """The kinds of records whose types hold a secret anywhere."""
    return tuple(kind for kind, cls in KINDS.items() if _holds_secret(msgspec.inspect.type_info(cls)))


def _holds_secret(info: Any) -> bool:
    inner: tuple[Any, ...] = ()
    match info:
        case msgspec.inspect.CustomType(cls=cls):
            return cls is Secret
        case msgspec.inspect.StructType(fields=fields):
            inner = tuple(field.type for field in fields)
        case msgspec.inspect.UnionType(types=types):
            inner = types
        case msgspec.inspect.TupleType(item_types=types):
            inner = types
        case msgspec.inspect.VarTupleType(item_type=item):
            inner = (item,)
        case msgspec.inspect.DictType(key_type=key, value_type=value):
            inner = (key, value)
    return any(map(_holds_secret, inner))
