"""Stores to test, and the records that the tests put into them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from storekit import RING

from daypass.store import MemoryStore, SqliteStore

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from daypass.store import Store


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """Each engine in turn: what holds for one holds for all."""
    opened = MemoryStore() if request.param == "memory" else SqliteStore.open(tmp_path / "data", RING, os.urandom)
    yield opened
    opened.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def sqlite(folder: Path) -> Iterator[SqliteStore]:
    opened = SqliteStore.open(folder, RING, os.urandom)
    yield opened
    opened.close()
