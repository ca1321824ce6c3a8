"""What a request's way through the stations is made of: the world it is answered in, and what was found so far."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Mapping

    from daypass.access.authenticate import Keys
    from daypass.access.caller import Caller
    from daypass.access.facts import RequestFacts
    from daypass.audit import Journal, Recorder
    from daypass.directory import View
    from daypass.metrics import Metrics
    from daypass.protocol import Protocols, Route, Service
    from daypass.request import Request, Response
    from daypass.services.mint import Mint
    from daypass.services.registry import Call, Operation, Rooms
    from daypass.settings import Settings
    from daypass.store.interface import Store


@dataclass(slots=True)
class World:
    """What one worker process answers with. Built once by :mod:`daypass.app`."""

    protocols: Protocols
    operations: Mapping[str, Mapping[str, Operation]]
    store: Store
    keys: Keys
    recorder: Recorder
    journal: Journal
    rooms: Rooms
    mint: Mint
    settings: Settings
    strict: bool
    """Whether answers wait until the journal is on the disk (``audit.durability``)."""
    now: Callable[[], float]
    metrics: Metrics
    writing: asyncio.Lock
    """Writers of one process take turns: it spares them conflicts with one another."""


@dataclass(slots=True)
class Visit:
    """One request on its way: what the stations have found so far, for the ones that follow and for the record."""

    request: Request
    service: Service
    request_id: str
    facts: RequestFacts
    route: Route | None = None
    operation: Operation | None = None
    view: View | None = None
    caller: Caller | None = None
    """None until somebody, or nobody, has been authenticated."""
    call: Call | None = None


class PlainRefusal(Exception):
    """A refusal that no service model describes: a redirect, an empty 413."""

    def __init__(self, response: Response) -> None:
        super().__init__(response.status)
        self.response = response
