"""Fixtures of the pipeline's tests: a server in this process (worldkit), and the people that most tests need."""

from __future__ import annotations

from typing import Any

import pytest
from worldkit import ACCOUNT, Host, long_term, make_host


@pytest.fixture
def host() -> Host:
    return make_host()


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
