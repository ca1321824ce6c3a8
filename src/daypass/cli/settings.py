"""The settings of a command, from its flags, the environment and a file."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from daypass.config import Config, load

if TYPE_CHECKING:
    import argparse


def add_flags(parser: argparse.ArgumentParser) -> None:
    """The flags of every command that reads the configuration."""
    parser.add_argument("--data", metavar="DIR", help="the data folder (DAYPASS_DATA; .daypass)")
    parser.add_argument("--config", metavar="FILE", type=Path, help="a TOML file with settings (DAYPASS_CONFIG)")


def read(chosen: argparse.Namespace, **more: object) -> Config:
    """The configuration. ``more`` are further flags, by setting name with ``__`` for the dot. Raises ConfigProblem."""
    flags = {"data": chosen.data, **{name.replace("__", "."): value for name, value in more.items()}}
    return load(flags, os.environ, chosen.config)
