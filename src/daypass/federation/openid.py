"""OpenID Connect as the operations see it: tokens verified by their provider's keys, and thumbprints looked up."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from daypass.federation.discovery import configuration_url, keys_url
from daypass.federation.problems import ProviderProblem
from daypass.federation.provider_keys import ProviderKeys
from daypass.federation.web_tokens import verified_claims

if TYPE_CHECKING:
    from collections.abc import Callable

    from daypass.directory import OidcProvider
    from daypass.federation.fetching import Fetcher, Verification
    from daypass.federation.web_tokens import UnverifiedToken

_THUMBPRINTS_KEPT: Final = 60.0
_MOST_KEPT: Final = 100


class Verified(NamedTuple):
    """What a token claims, and how the server of its provider was verified."""

    claims: dict[str, Any]
    by: Verification


class OpenId:
    """One worker's dealings with OpenID providers. ``now`` is a clock that never goes back."""

    def __init__(self, fetcher: Fetcher, max_age: int, now: Callable[[], float]) -> None:
        self._fetcher = fetcher
        self._keys = ProviderKeys(fetcher, max_age, now)
        self._now = now
        self._thumbprints: OrderedDict[str, tuple[float, tuple[str, ...]]] = OrderedDict()

    async def verified(self, token: UnverifiedToken, provider: OidcProvider) -> Verified:
        """What a token of that provider claims. Raises ProviderProblem where no key is to be had, ApiError for a forgery."""
        found = await self._keys.find(f"https://{provider.url}", provider.thumbprints, token.algorithm, token.kid)
        return Verified(verified_claims(token, found.key), found.by)

    async def thumbprints(self, issuer: str) -> tuple[str, ...]:
        """The thumbprints to register for a provider: of the servers of its description and of its keys.

        Kept for a minute, so that a call that has to be decided again does not fetch again. Raises Unreachable.
        """
        kept = self._thumbprints.get(issuer)
        if kept is not None and self._now() < kept[0]:
            return kept[1]
        first = await self._fetcher.thumbprint_of(issuer)
        found = dict.fromkeys([*await self._of_keys(issuer, first), first])
        self._thumbprints[issuer] = (self._now() + _THUMBPRINTS_KEPT, tuple(found))
        if len(self._thumbprints) > _MOST_KEPT:
            self._thumbprints.popitem(last=False)
        return tuple(found)

    async def close(self) -> None:
        """Let go of all connections."""
        await self._fetcher.close()

    async def _of_keys(self, issuer: str, thumbprint: str) -> list[str]:
        """The thumbprint of the server of the keys, if the provider is there already and tells where that is."""
        try:
            described = await self._fetcher.document(configuration_url(issuer), (thumbprint,))
            return [await self._fetcher.thumbprint_of(keys_url(described.body, issuer))]
        except ProviderProblem:
            return []
