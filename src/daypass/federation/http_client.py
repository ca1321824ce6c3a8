"""The HTTP client of this room: one GET over verified TLS, no more. Nothing else here knows the library behind it.

Importing that library takes a fifth of a second and eleven megabytes, and a server whose accounts trust no OpenID provider
never needs it: so this module is loaded when the first document is fetched (:mod:`daypass.federation.fetching`).
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import aiohttp
from aiohttp.client_proto import ResponseHandler
from aiohttp.helpers import set_exception

from daypass.federation.certificates import CertificateRefused
from daypass.federation.problems import Faulty

if TYPE_CHECKING:
    import asyncio
    import ssl

    from daypass.federation.networks import AllowedNetworks
    from daypass.federation.resolving import Resolver

OK: Final = 200
LARGEST_HEADS: Final = 32 * 1024
"""What an answer may have beside its document: its head, interim answers (RFC 9110, section 15.2), the framing of pieces."""
_HEADERS: Final = {"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": "Daypass"}


class Answered(NamedTuple):
    """An answer. The body is empty where the status is not 200, and one byte too long where it is longer than asked for."""

    status: int
    encoding: str
    cache_control: list[str]
    body: bytes


class _TooMuch(aiohttp.ClientPayloadError):
    """A server sends more than an answer may have."""


class _Bounded(ResponseHandler):
    """A connection that ends when more comes over it than was agreed, whatever it is.

    The library reads interim answers without end and without a pause, in which no time limit can strike: so what comes is
    counted before anything is made of it.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, most: int) -> None:
        super().__init__(loop)
        self._left = most

    def data_received(self, data: bytes) -> None:
        """Take what came, unless it is too much."""
        self._left -= len(data)
        if self._left >= 0:
            super().data_received(data)
            return
        too_much = _TooMuch()
        self.set_exception(too_much)
        if self._payload is not None:
            set_exception(self._payload, too_much)  # else the end of the connection is the end of the document
        self.abort()


class _Connector(aiohttp.TCPConnector):
    """Makes such connections."""

    def __init__(self, most: int, **settings: Any) -> None:
        super().__init__(**settings)
        self._factory = partial(_Bounded, self._loop, most)  # type: ignore[assignment] # a kind of it


class HttpClient:
    """Sessions without cookies, proxies, redirects and kept connections. Made and used within one event loop."""

    def __init__(self, resolver: Resolver, networks: AllowedNetworks, largest: int) -> None:
        self._largest = largest
        connector = _Connector(
            largest + LARGEST_HEADS,
            resolver=resolver,
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

    async def get(self, url: str, context: ssl.SSLContext) -> Answered:
        """What a URL answers.

        Raises CertificateRefused, ValueError for what is no URL, Faulty for what is far too large, OSError for all else.
        """
        try:
            async with self._session.get(url, ssl=context, allow_redirects=False) as answer:
                body = await _read(answer, self._largest) if answer.status == OK else b""
                encoding = answer.headers.get("Content-Encoding", "identity")
                return Answered(answer.status, encoding, answer.headers.getall("Cache-Control", []), body)
        except _TooMuch:
            detail = f"larger than {self._largest} bytes, or answers with more than {LARGEST_HEADS} bytes beside it"
            raise Faulty(f"{url} is {detail}") from None
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
