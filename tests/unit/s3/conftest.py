from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from s3_world import ACCOUNT, EVERYTHING, NOBODY, OTHER_ACCOUNT, S3, World

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path / "data")
    yield made
    made.objects.close()


@pytest.fixture
def s3(world: World) -> S3:
    """The administrator of an account that has a bucket called ``bucket``."""
    admin = S3(world, NOBODY).as_user("admin", EVERYTHING, ACCOUNT)
    seen = S3(world, admin.caller)
    seen.make()
    return seen


@pytest.fixture
def other(s3: S3) -> S3:
    """The administrator of another account."""
    return s3.as_user("stranger", EVERYTHING, OTHER_ACCOUNT)
