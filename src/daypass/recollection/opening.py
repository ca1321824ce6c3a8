"""The data folder, opened to be read; and the records of the calls that opened sessions."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from daypass.provisioning import existing_store
from daypass.recollection.past import CannotTell, Span
from daypass.services.sts.issued_sessions import LONGEST_LIFE
from daypass.store import StoreProblem

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from daypass.config import Config
    from daypass.recollection.callers import Opened
    from daypass.recollection.past import Trail
    from daypass.store import SqliteStore


@contextmanager
def reading(config: Config) -> Iterator[SqliteStore]:
    """The store of a data folder, also beside a running server. Raises CannotTell."""
    try:
        store = existing_store(config)
    except StoreProblem as problem:
        raise CannotTell(str(problem)) from None
    try:
        yield store
    except (StoreProblem, OSError) as problem:
        raise CannotTell(str(problem)) from None
    finally:
        store.close()


async def opened_sessions(trail: Trail, keys: Collection[str], span: Span) -> dict[str, Opened]:
    """The records of the calls that opened the sessions with these keys, all used in this time, by key."""
    if not keys:
        return {}
    opened: dict[str, Opened] = {}
    texts = tuple(f'"{key}"'.encode() for key in keys)
    async for past in trail.calls(Span(span.since - LONGEST_LIFE, span.until), having=_few(texts)):
        credentials = (past.record.get("responseElements") or {}).get("credentials")
        if isinstance(credentials, dict) and credentials.get("accessKeyId") in keys:
            opened[credentials["accessKeyId"]] = past.record
    return opened


def _few(texts: tuple[bytes, ...]) -> tuple[bytes, ...]:
    """What to look for in each line: a handful of keys, or else what all such records have."""
    return texts if len(texts) <= 4 else (b'"credentials":{',)
