"""Every page with commands runs as it stands, in a fresh folder with a server of its own, and prints what it says."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from clientkit import clean_environment, launch

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
PAGES = ("README.md", "docs/access-analyzer.md", "docs/explain.md", "docs/sessions.md", "docs/simulators.md")
ALL_PAGES = sorted([ROOT / "README.md", *ROOT.glob("docs/**/*.md")])
MARK = "-- end of block --"


def blocks_of(page: Path) -> list[str]:
    return re.findall(r"```sh\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)


def test_every_page_with_commands_is_run() -> None:
    assert {str(page.relative_to(ROOT)) for page in ALL_PAGES if blocks_of(page)} == set(PAGES)


@pytest.mark.parametrize("page", PAGES)
def test_a_page_prints_what_it_says(page: str, tmp_path: Path) -> None:
    (tmp_path / ".venv").symlink_to(BIN.parent)
    server = launch(tmp_path / ".daypass")
    blocks = blocks_of(ROOT / page)
    script = "set -e\n" + f"\necho '{MARK}'\n".join(blocks)
    path = f"{BIN}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["sh", "-c", script], cwd=tmp_path, text=True, timeout=180, check=False,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=clean_environment() | {"PATH": path, "HOME": str(tmp_path)},
    )  # fmt: skip
    assert server.stop() == 0
    assert done.returncode == 0, done.stdout
    printed = done.stdout.split(MARK)
    assert len(printed) == len(blocks)
    for block, output in zip(blocks, printed, strict=True):
        for expected in re.findall(r"^# => (.*)$", block, re.MULTILINE):
            assert expected in output, f"{expected!r} is not in:\n{output}"


@pytest.mark.parametrize("page", ALL_PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    assert [link for link in links if "://" not in link and not (page.parent / link).exists()] == []


def test_the_changelog_says_how_changes_of_decisions_are_marked() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert "`[decision]`" in changelog.partition("## ")[0], "the convention stands above the first version"
    assert re.search(r"^- \[decision\] ", changelog, re.MULTILINE)
    assert "`[decision]`" in (ROOT / "docs" / "explain.md").read_text(encoding="utf-8")
