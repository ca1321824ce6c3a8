"""Wires the rooms of one worker process together. The only place that knows them all."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from daypass import clock
from daypass.access.authenticate import Keys
from daypass.audit import Counters, Indexer, Journal, Recorder, Trail
from daypass.federation import AllowedNetworks, Fetcher, OpenId
from daypass.metrics import Metrics
from daypass.objects import LocalObjects
from daypass.pipeline import answer
from daypass.protocol import Protocols
from daypass.protocol.regions import known_regions
from daypass.provisioning import key_ring
from daypass.services.accessanalyzer import accessanalyzer
from daypass.services.cloudtrail import cloudtrail
from daypass.services.iam import iam
from daypass.services.issuer_documents import IssuerDocuments
from daypass.services.mint import Mint
from daypass.services.registry import Operations, Rooms
from daypass.services.s3 import s3
from daypass.services.signin import signin
from daypass.services.sts import sts
from daypass.signing import SigningKeyCache
from daypass.store import SqliteStore, StoreProblem
from daypass.visit import World

if TYPE_CHECKING:
    from pathlib import Path

    from daypass.config import Config
    from daypass.keyfile import FiledKeyRing
    from daypass.request import Answer, Request

LOG = logging.getLogger("daypass")
KEY_FILE_EVERY = 0.5
"""Seconds between two looks at the key file's inode; a token under a key that is not known yet makes one look at once."""
SERVICES: tuple[Operations, ...] = (sts, iam, s3, cloudtrail, signin, accessanalyzer)


@dataclass(frozen=True, slots=True)
class Parts:
    """What one worker's application is made of: what answers requests, and what works behind them."""

    world: World
    documents: IssuerDocuments
    indexer: Indexer
    objects: LocalObjects
    counters: Counters
    ring: FiledKeyRing


class App:
    """One worker's application: it answers requests, and does the work behind them between ``start`` and ``stop``."""

    def __init__(self, parts: Parts) -> None:
        self._world = parts.world
        self._documents = parts.documents
        self._indexer = parts.indexer
        self._objects = parts.objects
        self._counters = parts.counters
        self._ring = parts.ring
        self._tasks: list[asyncio.Task[None]] = []

    @classmethod
    def open(cls, config: Config) -> Self:
        """Open everything in the data folder. Raises StoreProblem."""
        ring = key_ring(config.data)
        store = SqliteStore.open(config.data, ring, clock.random_bytes)
        ring.forget = store.forget
        counters = Counters()
        journal_folder = config.data / "journal"
        objects = LocalObjects(config.data, now=clock.now, random=clock.random_bytes)
        indexer = Indexer(journal_folder, store, counters, now=clock.now)
        domains = (config.domain,) if config.domain else ()
        protocols = Protocols.load(domains=domains, minimum_duration=config.sts_minimum_duration)
        check_operations(protocols)
        federation = _open_federation(config)
        world = World(
            protocols=protocols,
            operations={operations.service: operations.table for operations in SERVICES},
            store=store,
            keys=Keys(ring, SigningKeyCache(), known_regions() | {config.region}, config.s3_signature_v2),
            recorder=Recorder(protocols.services, clock.now, clock.random_bytes, config.audit_decisions),
            journal=_open_journal(journal_folder, counters),
            rooms=Rooms(objects, Trail(store, indexer), federation, store.view),
            mint=Mint(clock.random_bytes),
            settings=config.settings,
            strict=config.audit_durability == "strict",
            now=clock.now,
            metrics=Metrics(),
            writing=asyncio.Lock(),
        )
        documents = IssuerDocuments(store.view, config.settings, clock.now, domains)
        return cls(Parts(world, documents, indexer, objects, counters, ring))

    def answer(self, request: Request) -> Answer:
        """The answer to one request. Never raises."""
        document = self._documents.answer(request)
        return answer(request, self._world) if document is None else document

    async def start(self) -> None:
        """Begin background work: indexing the journal, following the key file, sweeping up after crashes."""
        works = (self._indexer.run(), self._follow_keys(), self._sweep())
        self._tasks = [asyncio.create_task(work) for work in works]

    async def stop(self) -> None:
        """End background work and let go of everything."""
        for task in self._tasks:
            task.cancel()
        for task in self._tasks:
            with contextlib.suppress(asyncio.CancelledError):
                await task
        await self._world.rooms.federation.close()
        self._world.journal.close()
        self._objects.close()
        self._world.store.close()

    def ready(self) -> bool:
        """Whether requests can be served: the store answers and the journal can be written."""
        try:
            self._world.journal.ensure()
        except OSError:
            return False
        return self._world.store.ready()

    def metrics(self) -> str:
        """The figures of this worker, as Prometheus text."""
        return self._world.metrics.text() + self._counters.text()

    async def _follow_keys(self) -> None:
        while True:
            await asyncio.sleep(KEY_FILE_EVERY)
            self._ring.refresh()

    async def _sweep(self) -> None:
        try:
            await self._objects.sweep()
        except OSError:
            LOG.exception("the object folder could not be swept; it is tried again at the next start")


def _open_journal(folder: Path, counters: Counters) -> Journal:
    try:
        return Journal(folder, counters, now=clock.now, random=clock.random_bytes)
    except OSError as error:
        raise StoreProblem(f"{error.filename or folder}: {error.strerror}") from None


def _open_federation(config: Config) -> OpenId:
    try:
        fetcher = Fetcher(AllowedNetworks(config.federation_allow_networks), config.federation_ca_bundle)
    except OSError as error:  # what is no certificate is an ssl.SSLError, which is one
        raise StoreProblem(f"federation.ca_bundle {config.federation_ca_bundle}: {error.strerror or error}") from None
    return OpenId(fetcher, config.federation_key_max_age, clock.steady)


def check_operations(protocols: Protocols) -> None:
    """Raise LookupError for a registered operation that its service's model does not know."""
    for operations in SERVICES:
        unknown = operations.table.keys() - protocols.services[operations.service].operation_names
        if unknown:
            raise LookupError(f"{operations.service} has no operation {', '.join(sorted(unknown))}")
