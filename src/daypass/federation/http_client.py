"""The HTTP client of this room: one GET over verified TLS, no more. Nothing else here knows the library behind it.

Importing that library takes a fifth of a second and eleven megabytes, and a server whose accounts trust no OpenID provider
never needs it: so this module is loaded when the first document is fetched (:mod:`daypass.federation.fetching`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import aiohttp

from daypass.federation.certificates import CertificateRefused

if TYPE_CHECKING:
    import ssl

    from daypass.federation.networks import AllowedNetworks
    from daypass.federation.resolving import Resolver

OK: Final = 200
_HEADERS: Final = {"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": "Daypass"}


class Answered(NamedTuple):
    """An answer. The body is empty where the status is not 200, and one byte too long where it is longer than asked for."""

    status: int
    encoding: str
    cache_control: list[str]
    body: bytes


class HttpClient:
    """Sessions without cookies, proxies, redirects and kept connections. Made and used within one event loop."""

    def __init__(self, resolver: Resolver, networks: AllowedNetworks) -> None:
        connector = aiohttp.TCPConnector(
            resolver=resolver,  # type: ignore[arg-type] # it has all that is called
            socket_factory=networks.socket_for,
            force_close=True,
            use_dns_cache=False,
            limit=0,
        )
        self._session = aiohttp.ClientSession(
            connector=connector, cookie_jar=aiohttp.DummyCookieJar(), auto_decompress=False, headers=_HEADERS
        )

    async def close(self) -> None:
        """Let go of all connections."""
        await self._session.close()

    async def get(self, url: str, context: ssl.SSLContext, largest: int) -> Answered:
        """What a URL answers. Raises CertificateRefused, ValueError for what is no URL, OSError for all else."""
        try:
            async with self._session.get(url, ssl=context, allow_redirects=False) as answer:
                body = await _read(answer, largest) if answer.status == OK else b""
                encoding = answer.headers.get("Content-Encoding", "identity")
                return Answered(answer.status, encoding, answer.headers.getall("Cache-Control", []), body)
        except aiohttp.ClientConnectorCertificateError as error:
            raise CertificateRefused(str(error.certificate_error)) from None
        except aiohttp.InvalidURL as error:
            raise ValueError(str(error)) from None
        except aiohttp.ClientConnectorError as error:
            raise OSError(str(error.os_error)) from None
        except aiohttp.ClientError as error:
            raise OSError(f"{type(error).__name__}: {error}") from None


async def _read(answer: aiohttp.ClientResponse, largest: int) -> bytes:
    body = bytearray()
    async for piece in answer.content.iter_any():
        body += piece
        if len(body) > largest:
            break
    return bytes(body[: largest + 1])
