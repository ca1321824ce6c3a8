"""What the tests of IAM over the wire share: how a refusal reads."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def refused(code: str, text: str | None = None, status: int | None = None) -> Iterator[None]:
    """The call in the block must end with this error: its code, the end of its text, its HTTP status."""
    with pytest.raises(ClientError) as raised:
        yield
    answer = raised.value.response
    assert answer["Error"]["Code"] == code, answer["Error"]
    if text is not None:
        assert answer["Error"]["Message"].endswith(text), answer["Error"]
    if status is not None:
        assert answer["ResponseMetadata"]["HTTPStatusCode"] == status
