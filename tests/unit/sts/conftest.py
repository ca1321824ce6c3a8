"""Fixtures of STS's unit tests, beside those of all rooms."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from worldkit import Host


@pytest.fixture
def sts(host: Host, alice: dict[str, str]) -> Any:
    """STS as alice sees it."""
    return host.client("sts", alice)
