"""Times as the commands' flags take them."""

from __future__ import annotations

import argparse
from datetime import datetime


def moment(written: str) -> int:
    """A time with a zone, in seconds since the epoch. Raises ArgumentTypeError."""
    try:
        found = datetime.fromisoformat(written)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise argparse.ArgumentTypeError(f"{written!r} is no time with a zone, such as 2026-11-24T10:00:00Z")
    return int(found.timestamp())
