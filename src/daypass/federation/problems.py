"""What can be wrong with an identity provider, as those who call for it must tell it apart.

STS answers each kind with its own error, IAM with another; ``reason`` is for the operator and never leaves the server.
"""

from __future__ import annotations

from typing import Any, Final, Self

_LONGEST: Final = 100


class ProviderProblem(Exception):
    """The keys of an identity provider cannot be had."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason

    def again(self) -> Self:
        """The same once more: one that is raised for many would gather the frames of them all."""
        return type(self)(self.reason)


class Unreachable(ProviderProblem):
    """It does not answer, or not in time, or stands at an address that may not be fetched from. May be over soon."""


class Untrusted(ProviderProblem):
    """Its certificate is vouched for by no CA that this server knows, and has none of the registered thumbprints."""


class Faulty(ProviderProblem):
    """It answers, but not with what the protocol asks for."""


def shown(value: Any) -> str:
    """What a stranger wrote, for the operator: quoted, and no longer than a line can bear."""
    text = repr(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."
