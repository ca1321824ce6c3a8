"""Commands that work beside a server: what they say where there is none, and the times that they take."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from daypass.cli.main import main

if TYPE_CHECKING:
    from pathlib import Path

BESIDE = [
    ["organization", "list"],
    ["sessions", "list"],
    ["keys", "list"],
    ["policy", "replay"],
    ["explain", "0f8fad5b-d9cb-469f-a165-70867728950e"],
]


@pytest.mark.parametrize("command", BESIDE, ids=" ".join)
def test_where_no_server_was_started_a_command_says_so_and_makes_nothing(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "data"
    assert main([*command, "--data", str(folder)]) != 0
    assert "holds no server yet: start it once with `daypass serve`" in capsys.readouterr().err
    assert not folder.exists()


@pytest.mark.parametrize("written", ["yesterday", "2026-11-24", "2026-11-24T10:00:00", ""])
@pytest.mark.parametrize(
    "command", [["policy", "replay", "--since"], ["sessions", "revoke", "--all", "--issued-before"]]
)
def test_a_time_has_a_zone(command: list[str], written: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main([*command, written])
    assert "is no time with a zone" in capsys.readouterr().err


def test_the_first_time_of_all_is_a_time(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["policy", "replay", "--since", "0001-01-01T00:00:00+05:00", "--data", str(tmp_path)]) != 0
    assert "holds no server yet" in capsys.readouterr().err
