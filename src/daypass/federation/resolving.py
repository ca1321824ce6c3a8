"""Names of providers' hosts to addresses, in threads of their own.

A name server that does not answer holds a thread for as long as the system's resolver likes. Those threads must be nobody
else's (the journal's, the objects'); one name must not hold more than one of them, however many tokens and ports ask for
it; and the names of one domain, which one silent name server may stand for, no more than a few.
"""

from __future__ import annotations

import asyncio
import socket
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final
from weakref import WeakValueDictionary

if TYPE_CHECKING:
    from aiohttp.abc import ResolveResult

    from daypass.federation.networks import AddressInfo

_THREADS: Final = 64
_SHARE: Final = 4
"""How many of them the names of one domain may hold."""


class Resolver:
    """The system's resolver, in the form that the HTTP client wants (``aiohttp.abc.AbstractResolver``). Whether an address may be connected to is asked where a socket is made for it."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="federation-dns")
        self._asked: dict[str, asyncio.Future[list[AddressInfo]]] = {}
        self._shares: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()

    async def addresses(self, host: str, port: int) -> list[AddressInfo]:
        """All addresses of a host, with the port in them. Raises OSError."""
        asked = self._asked.get(host) or await self._begun(host)
        return [
            (family, kind, protocol, name, (address[0], port, *address[2:]))
            for family, kind, protocol, name, address in await asyncio.shield(asked)
        ]

    async def _begun(self, host: str) -> asyncio.Future[list[AddressInfo]]:
        """The one lookup of a host, begun when its domain's share has a thread for it."""
        domain = _domain(host)
        share = self._shares.get(domain)
        if share is None:
            share = self._shares[domain] = asyncio.Semaphore(_SHARE)
        await share.acquire()
        asked = self._asked.get(host)
        if asked is not None:  # somebody else who waited has begun it
            share.release()
            return asked
        asked = self._asked[host] = asyncio.get_running_loop().run_in_executor(self._pool, _looked_up, host)
        asked.add_done_callback(lambda done: self._end(host, share, done))
        return asked

    def _end(self, host: str, share: asyncio.Semaphore, done: asyncio.Future[list[AddressInfo]]) -> None:
        self._asked.pop(host, None)
        share.release()
        if not done.cancelled():
            done.exception()  # whoever waited may be gone

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """The same in the form that aiohttp wants."""
        found = await self.addresses(host, port)
        return [
            {
                "hostname": host,
                "host": str(info[4][0]),
                "port": port,
                "family": info[0],
                "proto": info[2],
                "flags": socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
            }
            for info in found
            if family in (socket.AF_UNSPEC, info[0])
        ]

    async def close(self) -> None:
        """Let go of the threads."""
        self._pool.shutdown(wait=False, cancel_futures=True)


def _looked_up(host: str) -> list[AddressInfo]:
    return [*socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)]


def _domain(host: str) -> str:
    """The last two labels: near enough to who runs the name servers, for a share of threads."""
    return ".".join(host.rstrip(".").lower().split(".")[-2:])
