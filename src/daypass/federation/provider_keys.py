"""The keys of identity providers, kept by each worker as long as the providers allow.

A provider's keys are fetched when its first token comes, and again when they are no longer fresh (its ``Cache-Control``,
within bounds) or when a token names a key that is not among them; the latter at most every ten seconds for one provider,
whatever tokens say. All who wait for the same keys wait for one fetch. Keys that cannot be fetched again are used on until
they are ``max_age`` seconds old; a failed fetch never replaces them. Keys are kept per issuer *and* thumbprints: what one
account's thumbprints vouch for is nothing to another account.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

from daypass.federation.discovery import configuration_url, keys_url
from daypass.federation.fetching import Fetched, Verification
from daypass.federation.json_web_keys import Key, NoSuchKey, VerificationKeys, verification_keys
from daypass.federation.problems import Faulty, ProviderProblem

if TYPE_CHECKING:
    from collections.abc import Callable

REFETCH_PAUSE: Final = 10.0
"""Seconds between two fetches for the sake of keys that are not there."""
FAILURE_PAUSE: Final = 2.0
"""Seconds after a failed fetch in which the failure is answered without another."""
LEAST_FRESH: Final = 10
MOST_PROVIDERS: Final = 1000


class Documents(Protocol):
    """What documents are fetched with."""

    async def document(self, url: str, thumbprints: tuple[str, ...]) -> Fetched:
        """What stands at a URL. Raises ProviderProblem."""
        ...


class FoundKey(NamedTuple):
    """The key that a token names, and how the server was verified that it came from."""

    key: Key
    by: Verification


@dataclass(frozen=True, slots=True)
class _Kept:
    """Keys as they were fetched."""

    keys: VerificationKeys
    by: Verification
    fetched: float
    fresh_until: float


@dataclass(slots=True)
class _Provider:
    """One provider as a worker knows it."""

    issuer: str
    thumbprints: tuple[str, ...]
    kept: _Kept | None = None
    tried: float = float("-inf")
    """When the last fetch ended."""
    problem: ProviderProblem | None = None
    """Why the last fetch failed."""
    fetch: asyncio.Task[None] | None = None
    """The fetch that is under way."""


class ProviderKeys:
    """The keys of all providers that tokens came from. ``now`` is a clock that never goes back."""

    def __init__(self, documents: Documents, max_age: int, now: Callable[[], float]) -> None:
        self._documents = documents
        self._max_age = max_age
        self._now = now
        self._providers: OrderedDict[tuple[str, tuple[str, ...]], _Provider] = OrderedDict()

    async def find(self, issuer: str, thumbprints: tuple[str, ...], algorithm: str, kid: str | None) -> FoundKey:
        """The key for a token of that issuer. Raises ProviderProblem; Faulty where the provider has no such key."""
        provider = self._provider(issuer, thumbprints)
        kept = await self._current(provider)
        try:
            return FoundKey(kept.keys.find(algorithm, kid), kept.by)
        except NoSuchKey as missing:
            if self._now() - provider.tried < REFETCH_PAUSE and provider.fetch is None:
                raise Faulty(f"{missing} (fetched less than {REFETCH_PAUSE:g} s ago)") from None
        await asyncio.shield(self._fetching(provider))
        if provider.problem is not None:
            raise provider.problem.again()
        kept = provider.kept or kept
        try:
            return FoundKey(kept.keys.find(algorithm, kid), kept.by)
        except NoSuchKey as missing:
            raise Faulty(str(missing)) from None

    def _provider(self, issuer: str, thumbprints: tuple[str, ...]) -> _Provider:
        name = (issuer, thumbprints)
        provider = self._providers.get(name)
        if provider is None:
            provider = self._providers[name] = _Provider(issuer, thumbprints)
            if len(self._providers) > MOST_PROVIDERS:
                self._providers.popitem(last=False)
        else:
            self._providers.move_to_end(name)
        return provider

    async def _current(self, provider: _Provider) -> _Kept:
        """The keys, fetched if they must be. Who can do with kept ones does not wait for a provider that failed before."""
        kept = provider.kept
        if kept is not None and self._now() < kept.fresh_until:
            return kept
        kept = self._good(provider)
        pause = FAILURE_PAUSE if kept is None else REFETCH_PAUSE
        if provider.problem is None or provider.fetch is not None or self._now() - provider.tried >= pause:
            fetch = self._fetching(provider)
            if kept is None or provider.problem is None:
                await asyncio.shield(fetch)
        kept = self._good(provider)
        if kept is None:
            raise Faulty("its keys are not fetched yet") if provider.problem is None else provider.problem.again()
        return kept

    def _good(self, provider: _Provider) -> _Kept | None:
        """The keys, unless they are too old even for a provider that does not answer."""
        kept = provider.kept
        return kept if kept is not None and self._now() - kept.fetched < self._max_age else None

    def _fetching(self, provider: _Provider) -> asyncio.Task[None]:
        """The one fetch, which is everybody's: who goes away while waiting must not end it (``asyncio.shield``)."""
        if provider.fetch is None:
            provider.fetch = asyncio.create_task(self._fetch(provider))
        return provider.fetch

    async def _fetch(self, provider: _Provider) -> None:
        try:
            provider.kept = await self._documents_of(provider)
            provider.problem = None
        except ProviderProblem as problem:
            provider.problem = problem
        except Exception as error:  # noqa: BLE001 - what strangers wrote must not end the pauses, whatever it meets
            provider.problem = Faulty(f"its documents cannot be read: {type(error).__name__}: {error}"[:200])
        finally:
            provider.tried = self._now()
            provider.fetch = None

    async def _documents_of(self, provider: _Provider) -> _Kept:
        described = await self._documents.document(configuration_url(provider.issuer), provider.thumbprints)
        url = keys_url(described.body, provider.issuer)
        answer = await self._documents.document(url, provider.thumbprints)
        now = self._now()
        fresh = min(max(answer.max_age, LEAST_FRESH), self._max_age)
        by_thumbprint = Verification.THUMBPRINT in (described.by, answer.by)
        by = Verification.THUMBPRINT if by_thumbprint else Verification.TRUST_STORE
        return _Kept(verification_keys(answer.body), by, now, now + fresh)
