"""Fetching the documents of identity providers: over verified HTTPS, from allowed addresses, bounded in size and time.

No redirect is followed, no proxy or cookie used, nothing unpacked, no connection kept. Source: OpenID Connect Discovery
1.0, section 4; the IAM User Guide on thumbprints (:mod:`daypass.federation.certificates`).
"""

from __future__ import annotations

import asyncio
import re
from enum import StrEnum
from importlib import import_module
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import urlsplit

from daypass.federation.certificates import CertificateRefused, anchored_at, known_cas, shown_chain, thumbprint
from daypass.federation.problems import Faulty, Unreachable, Untrusted
from daypass.federation.resolving import Resolver

if TYPE_CHECKING:
    import ssl
    from pathlib import Path

    from daypass.federation.http_client import Answered, HttpClient
    from daypass.federation.networks import AllowedNetworks

LARGEST_DOCUMENT: Final = 64 * 1024
SECONDS: Final = 3.0
"""For one document, from the name's resolution to its last byte."""
MAX_AGE: Final = 300
"""How long a document is good whose answer does not say it."""

_CLIENT: Final = "daypass.federation.http_client"
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
    """Fetches for one worker process. Used within one event loop. Raises OSError for a bundle that cannot be read."""

    def __init__(self, networks: AllowedNetworks, ca_bundle: Path | None = None) -> None:
        self._networks = networks
        self._known = None if ca_bundle is None else known_cas(ca_bundle)
        self._resolver = Resolver()
        self._client: HttpClient | None = None

    async def close(self) -> None:
        """Let go of all connections."""
        if self._client is not None:
            await self._client.close()
        await self._resolver.close()

    async def document(self, url: str, thumbprints: tuple[str, ...]) -> Fetched:
        """What stands at a URL. Raises Unreachable, Untrusted, Faulty."""
        if not url.startswith("https://"):
            raise Faulty(f"{url} is not https")
        client, known = await self._opened()
        try:
            async with asyncio.timeout(SECONDS):
                return await self._verified(url, thumbprints, client, known)
        except TimeoutError:
            raise Unreachable(f"{url} did not answer within {SECONDS:g} seconds") from None

    async def thumbprint_of(self, url: str) -> str:
        """The thumbprint of the server at a URL: of the last certificate that it shows. Raises Unreachable."""
        try:
            async with asyncio.timeout(SECONDS):
                return thumbprint((await self._chain(url))[-1])
        except TimeoutError:
            raise Unreachable(f"{url} did not answer within {SECONDS:g} seconds") from None

    async def _verified(
        self, url: str, thumbprints: tuple[str, ...], client: HttpClient, known: ssl.SSLContext
    ) -> Fetched:
        try:
            return _document(url, await _answer(url, known, client), Verification.TRUST_STORE)
        except CertificateRefused as refused:
            distrust = str(refused)
        anchor = (await self._chain(url))[-1]
        if thumbprint(anchor) not in map(str.lower, thumbprints):
            raise Untrusted(
                f"{url}: no known CA vouches for its certificate ({distrust}), and the thumbprint of the last one that it"
                f" shows, {thumbprint(anchor)}, is not among the registered {', '.join(thumbprints) or '(none)'}"
            )
        try:
            return _document(url, await _answer(url, anchored_at(anchor), client), Verification.THUMBPRINT)
        except CertificateRefused as refused:
            detail = f"its chain does not hold up to the certificate with the registered thumbprint: {refused}"
            raise Untrusted(f"{url}: {detail}") from None

    async def _chain(self, url: str) -> list[bytes]:
        try:
            parts = urlsplit(url)
            host = parts.hostname or ""
            addresses = await self._resolver.addresses(host, parts.port or 443)
            return await shown_chain(host, addresses, self._networks)
        except (OSError, ValueError) as error:
            raise Unreachable(f"{url}: {error}") from None

    async def _opened(self) -> tuple[HttpClient, ssl.SSLContext]:
        """What is needed to fetch. It takes a while to load, belongs to the running loop, and most servers never need it."""
        if self._known is None:
            self._known = await asyncio.to_thread(known_cas, None)
        if self._client is None:
            await asyncio.to_thread(import_module, _CLIENT)
        if self._client is None:  # nobody else who waited has made it
            made: HttpClient = import_module(_CLIENT).HttpClient(self._resolver, self._networks, LARGEST_DOCUMENT)
            self._client = made
        return self._client, self._known


async def _answer(url: str, context: ssl.SSLContext, client: HttpClient) -> Answered:
    try:
        return await client.get(url, context)
    except ValueError as error:
        raise Faulty(f"{url} is no URL: {error}") from None
    except OSError as error:
        raise Unreachable(f"{url}: {error}") from None


def _document(url: str, answer: Answered, by: Verification) -> Fetched:
    _check_status(url, answer.status)
    if answer.encoding != "identity":
        raise Faulty(f"{url} answers packed")
    if len(answer.body) > LARGEST_DOCUMENT:
        raise Faulty(f"{url} is larger than {LARGEST_DOCUMENT} bytes")
    return Fetched(answer.body, _max_age(answer.cache_control), by)


def _check_status(url: str, status: int) -> None:
    if status >= _SERVER_FAULT or status == _TOO_MANY:
        raise Unreachable(f"{url} answers {status}")
    if status != _OK:
        raise Faulty(f"{url} answers {status}, not 200 (redirects are not followed)")


def _max_age(headers: list[str]) -> int:
    """The seconds of ``Cache-Control`` (RFC 9111)."""
    directives = [directive for header in headers for directive in header.split(",")]
    if any(directive.strip().lower().startswith(("no-store", "no-cache")) for directive in directives):
        return 0
    ages = [int(found[1]) for directive in directives if (found := _MAX_AGE.fullmatch(directive))]
    return min(ages, default=MAX_AGE)
