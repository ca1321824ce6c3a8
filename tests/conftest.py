"""Fixtures: a real server of this checkout, and real clients pointed at it (:mod:`clientkit`).

``server`` is one for the whole run: tests keep apart by names of their own (``unique``) or by an account of their own
(``account``). A test that must kill or configure a server starts its own with ``start_server``.
"""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING

import pytest
from clientkit import Clients, Credentials, Server, launch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The server of this run, with two workers."""
    running = launch(tmp_path_factory.mktemp("server") / "data", "--workers", "2")
    yield running
    assert running.stop() == 0


@pytest.fixture
def start_server(tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """Starts servers of a test's own; what still runs at the end is stopped."""
    started: list[Server] = []

    def start(*flags: str, data: Path | None = None, port: int | None = None, **settings: str) -> Server:
        started.append(launch(data or tmp_path / "data", *flags, port=port, **settings))
        return started[-1]

    yield start
    for running in started:
        if running.process.poll() is None:
            running.process.kill()
            running.process.wait(timeout=10)


@pytest.fixture(scope="session")
def admin(server: Server) -> Clients:
    """The administrator that the first start made."""
    return Clients(server.url, server.credentials())


@pytest.fixture
def account(server: Server) -> Clients:
    """The administrator of a fresh account."""
    made = json.loads(server.cli("account", "create", f"test-{uuid.uuid4().hex[:8]}", "--json").stdout)
    return Clients(server.url, Credentials(made["AccessKeyId"], made["SecretAccessKey"]))


@pytest.fixture
def unique() -> str:
    """A name that nothing else has."""
    return f"t{uuid.uuid4().hex[:12]}"
