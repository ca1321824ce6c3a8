"""Names of providers' hosts to addresses, in threads of their own.

A name server that does not answer holds a thread for as long as the system's resolver likes. Those threads must be nobody
else's (the journal's, the objects'), and one name must not hold more than one of them, however many tokens ask for it.
"""

from __future__ import annotations

import asyncio
import socket
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from aiohttp.abc import ResolveResult

    from daypass.federation.networks import AddressInfo

_THREADS: Final = 8


class Resolver:
    """The system's resolver, in the form that the HTTP client wants (``aiohttp.abc.AbstractResolver``). Whether an address may be connected to is asked where a socket is made for it."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="federation-dns")
        self._asked: dict[tuple[str, int], asyncio.Future[list[AddressInfo]]] = {}

    async def addresses(self, host: str, port: int) -> list[AddressInfo]:
        """All addresses of a host. Raises OSError."""
        asked = self._asked.get((host, port))
        if asked is None:
            asked = self._asked[host, port] = asyncio.get_running_loop().run_in_executor(
                self._pool, _looked_up, host, port
            )
            asked.add_done_callback(lambda done: self._end((host, port), done))
        return await asyncio.shield(asked)

    def _end(self, name: tuple[str, int], done: asyncio.Future[list[AddressInfo]]) -> None:
        self._asked.pop(name, None)
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


def _looked_up(host: str, port: int) -> list[AddressInfo]:
    return [*socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
