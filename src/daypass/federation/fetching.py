"""Fetching the documents of identity providers: over verified HTTPS, from allowed addresses, bounded in size and time.

No redirect is followed, no proxy or cookie used, nothing unpacked, no connection kept. Source: OpenID Connect Discovery
1.0, section 4; the IAM User Guide on thumbprints (:mod:`daypass.federation.certificates`).
"""

from __future__ import annotations

import asyncio
import re
from enum import StrEnum
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import urlsplit

import aiohttp

from daypass.federation.certificates import anchored_at, known_cas, shown_chain, thumbprint
from daypass.federation.problems import Faulty, Unreachable, Untrusted
from daypass.federation.resolving import Resolver

if TYPE_CHECKING:
    import ssl
    from pathlib import Path

    from daypass.federation.networks import AllowedNetworks

LARGEST_DOCUMENT: Final = 64 * 1024
SECONDS: Final = 3.0
"""For one document, from the name's resolution to its last byte."""
MAX_AGE: Final = 300
"""How long a document is good whose answer does not say it."""

_HEADERS: Final = {"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": "Daypass"}
_MAX_AGE: Final = re.compile(r"\s*max-age\s*=\s*\"?(\d{1,9})\"?\s*", re.IGNORECASE)
_OK, _TOO_MANY, _SERVER_FAULT = 200, 429, 500


class Verification(StrEnum):
    """How a server was verified, in CloudTrail's words (``identityProviderConnectionVerificationMethod``)."""

    TRUST_STORE = "IAMTrustStore"
    THUMBPRINT = "Thumbprint"


class Fetched(NamedTuple):
    """A document, how many seconds it is good, and how its server was verified."""

    body: bytes
    max_age: int
    by: Verification


class Fetcher:
    """Fetches for one worker process. Used within one event loop."""

    def __init__(self, networks: AllowedNetworks, ca_bundle: Path | None = None) -> None:
        self._networks = networks
        self._known = known_cas(ca_bundle)
        self._resolver = Resolver()
        self._session: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        """Let go of all connections."""
        if self._session is not None:
            await self._session.close()
        await self._resolver.close()

    async def document(self, url: str, thumbprints: tuple[str, ...]) -> Fetched:
        """What stands at a URL. Raises Unreachable, Untrusted, Faulty."""
        if not url.startswith("https://"):
            raise Faulty(f"{url} is not https")
        try:
            async with asyncio.timeout(SECONDS):
                return await self._verified(url, thumbprints)
        except TimeoutError:
            raise Unreachable(f"{url} did not answer within {SECONDS:g} seconds") from None

    async def thumbprint_of(self, url: str) -> str:
        """The thumbprint of the server at a URL: of the last certificate that it shows. Raises Unreachable."""
        try:
            async with asyncio.timeout(SECONDS):
                return thumbprint((await self._chain(url))[-1])
        except TimeoutError:
            raise Unreachable(f"{url} did not answer within {SECONDS:g} seconds") from None

    async def _verified(self, url: str, thumbprints: tuple[str, ...]) -> Fetched:
        try:
            return await self._get(url, self._known, Verification.TRUST_STORE)
        except aiohttp.ClientConnectorCertificateError as error:
            distrust = str(error.certificate_error)
        anchor = (await self._chain(url))[-1]
        if thumbprint(anchor) not in map(str.lower, thumbprints):
            raise Untrusted(
                f"{url}: no known CA vouches for its certificate ({distrust}), and the thumbprint of the last one that it"
                f" shows, {thumbprint(anchor)}, is not among the registered {', '.join(thumbprints) or '(none)'}"
            )
        try:
            return await self._get(url, anchored_at(anchor), Verification.THUMBPRINT)
        except aiohttp.ClientConnectorCertificateError as error:
            detail = f"its chain does not hold up to the certificate with the registered thumbprint: {error.certificate_error}"
            raise Untrusted(f"{url}: {detail}") from None

    async def _chain(self, url: str) -> list[bytes]:
        try:
            parts = urlsplit(url)
            host = parts.hostname or ""
            addresses = await self._resolver.addresses(host, parts.port or 443)
            return await shown_chain(host, addresses, self._networks)
        except (OSError, ValueError) as error:
            raise Unreachable(f"{url}: {error}") from None

    async def _get(self, url: str, context: ssl.SSLContext, by: Verification) -> Fetched:
        try:
            async with self._opened().get(url, ssl=context, allow_redirects=False) as answer:
                _check_status(url, answer.status)
                if answer.headers.get("Content-Encoding", "identity") != "identity":
                    raise Faulty(f"{url} answers packed")
                return Fetched(await _read(url, answer), _max_age(answer.headers.getall("Cache-Control", [])), by)
        except aiohttp.ClientConnectorCertificateError:
            raise
        except (aiohttp.InvalidURL, ValueError) as error:
            raise Faulty(f"{url} is no URL: {error}") from None
        except aiohttp.ClientConnectorError as error:
            raise Unreachable(f"{url}: {error.os_error}") from None
        except (aiohttp.ClientError, OSError) as error:
            raise Unreachable(f"{url}: {error}") from None

    def _opened(self) -> aiohttp.ClientSession:
        """The session. It belongs to the running loop, so it is opened when it is first needed."""
        if self._session is None:
            connector = aiohttp.TCPConnector(
                resolver=self._resolver,
                socket_factory=self._networks.socket_for,
                force_close=True,
                use_dns_cache=False,
                limit=0,
            )
            self._session = aiohttp.ClientSession(
                connector=connector, cookie_jar=aiohttp.DummyCookieJar(), auto_decompress=False, headers=_HEADERS
            )
        return self._session


def _check_status(url: str, status: int) -> None:
    if status >= _SERVER_FAULT or status == _TOO_MANY:
        raise Unreachable(f"{url} answers {status}")
    if status != _OK:
        raise Faulty(f"{url} answers {status}, not 200 (redirects are not followed)")


async def _read(url: str, answer: aiohttp.ClientResponse) -> bytes:
    body = bytearray()
    async for piece in answer.content.iter_any():
        body += piece
        if len(body) > LARGEST_DOCUMENT:
            raise Faulty(f"{url} is larger than {LARGEST_DOCUMENT} bytes")
    return bytes(body)


def _max_age(headers: list[str]) -> int:
    """The seconds of ``Cache-Control`` (RFC 9111)."""
    directives = [directive for header in headers for directive in header.split(",")]
    if any(directive.strip().lower().startswith(("no-store", "no-cache")) for directive in directives):
        return 0
    ages = [int(found[1]) for directive in directives if (found := _MAX_AGE.fullmatch(directive))]
    return min(ages, default=MAX_AGE)
