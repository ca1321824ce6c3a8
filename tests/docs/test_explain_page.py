"""The page about explain and replay runs as it stands, in a fresh folder with a server of its own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
sys.path.append(str(ROOT / "tests" / "clients"))

from clientkit import clean_environment, launch  # noqa: E402 - the kit of the client tests

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE = (ROOT / "docs" / "explain.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)
MARK = "-- end of block --"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder in which a server runs."""
    place = tmp_path_factory.mktemp("explain-page")
    (place / ".venv").symlink_to(BIN.parent)
    server = launch(place / ".daypass")
    yield place
    assert server.stop() == 0


def test_the_page_prints_what_it_says(folder: Path) -> None:
    assert len(BLOCKS) == 4
    script = "set -e\n" + f"\necho '{MARK}'\n".join(BLOCKS)
    path = f"{BIN}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["sh", "-c", script], cwd=folder, text=True, timeout=120, check=False,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=clean_environment() | {"PATH": path, "HOME": str(folder)},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    printed = done.stdout.split(MARK)
    assert len(printed) == len(BLOCKS)
    for block, output in zip(BLOCKS, printed, strict=True):
        for expected in re.findall(r"^# => (.*)$", block, re.MULTILINE):
            assert expected in output, f"{expected!r} is not in:\n{output}"


def test_the_changelog_says_how_changes_of_decisions_are_marked() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert "`[decision]`" in changelog.partition("## ")[0], "the convention stands above the first version"
    assert re.search(r"^- \[decision\] ", changelog, re.MULTILINE)
    assert "`[decision]`" in PAGE
