"""What the server needs of the application behind it, and nothing more: tests stand in for it with a few lines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from daypass.request import Answer, Request


class Application(Protocol):
    """One worker's application."""

    def answer(self, request: Request) -> Answer:
        """The answer, or an awaitable of it where the call waits for something. Never raises."""
        ...

    async def start(self) -> None:
        """Begin background work; the event loop runs."""
        ...

    async def stop(self) -> None:
        """End background work; no request comes after this."""
        ...

    def ready(self) -> bool:
        """Whether requests can be served: store reachable, keys loaded."""
        ...

    def metrics(self) -> str:
        """The application's own figures as Prometheus text, without names, keys or ids (threats: K16)."""
        ...
