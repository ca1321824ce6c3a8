"""``daypass version``: which Daypass this is."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from daypass import __version__

if TYPE_CHECKING:
    import argparse


def add(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = subparsers.add_parser("version", help="print the version")
    parser.set_defaults(run=run)


def run(_chosen: argparse.Namespace) -> int:
    """Print the version."""
    sys.stdout.write(f"daypass {__version__}\n")
    return 0
