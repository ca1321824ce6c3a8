"""Fixtures of most rooms' tests: a server in this process (worldkit), and the people that most tests need."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from worldkit import ACCOUNT, Host, long_term, make_host

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    made = make_host(tmp_path)
    yield made
    made.close()


@pytest.fixture
def alice(host: Host) -> dict[str, str]:
    """The key of an IAM user without any policy."""
    return host.user("alice")


@pytest.fixture
def admin(host: Host) -> dict[str, str]:
    """The key of the account's administrator."""
    return long_term(host.accounts[ACCOUNT].admin)


@pytest.fixture
def iam(host: Host) -> Any:
    """IAM as the account's administrator sees it."""
    return host.admin("iam")
