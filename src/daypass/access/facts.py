"""What the request itself tells the policy engine, whoever calls and whatever is asked."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RequestFacts:
    """Facts of one request. ``source_ip`` is the peer as the listener saw it, never a header of the client's."""

    now: float
    source_ip: str
    secure: bool
    region: str
    user_agent: str | None = None
    referer: str | None = None
