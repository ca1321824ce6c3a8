"""Commands that need no server."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from daypass import __version__
from daypass.cli.main import main, one_line
from daypass.cli.serve import banner
from daypass.config import Config

if TYPE_CHECKING:
    from pathlib import Path

KEYS = "[root]\naws_access_key_id = AKIAROOT\naws_secret_access_key = r%s't\n\n[admin]\naws_access_key_id = AKIAADMIN\naws_secret_access_key = a+/b\n"


@pytest.fixture(autouse=True)
def _no_settings_around(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DAYPASS_CONFIG", raising=False)
    monkeypatch.delenv("DAYPASS_DATA", raising=False)


def test_the_command_alone_prints_its_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    said = capsys.readouterr().out
    for command in ("serve", "env", "account", "doctor", "version"):
        assert command in said


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["version"]) == 0
    assert capsys.readouterr().out == f"daypass {__version__}\n"


def test_env_quotes_what_it_prints(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "credentials").write_text(KEYS)
    (tmp_path / "endpoint").write_text("http://localhost:7\n")
    assert main(["env", "--data", str(tmp_path), "--profile", "root"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "export AWS_ENDPOINT_URL=http://localhost:7",
        "export AWS_ACCESS_KEY_ID=AKIAROOT",
        """export AWS_SECRET_ACCESS_KEY='r%s'"'"'t'""",
        "export AWS_REGION=us-east-1",
        "export AWS_DEFAULT_REGION=us-east-1",
        "unset AWS_SESSION_TOKEN",
    ]


def test_env_without_a_server_seen_says_where_one_would_be(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "credentials").write_text(KEYS)
    assert main(["env", "--data", str(tmp_path)]) == 0
    assert "export AWS_ENDPOINT_URL=http://localhost:4100\n" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("credentials", "profile", "words"),
    [
        (None, "admin", "start the server first"),
        (KEYS, "alice", "has no profile alice: it has root, admin"),
        ("[admin]\n", "admin", "has no access key"),
        ("\x1b[31m\n]", "admin", "is no AWS credentials file"),
    ],
)
def test_env_says_in_one_line_what_is_missing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], credentials: str | None, profile: str, words: str
) -> None:
    if credentials is not None:
        (tmp_path / "credentials").write_text(credentials)
    assert main(["env", "--data", str(tmp_path), "--profile", profile]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("daypass: ")
    assert words in said.err
    assert said.err.count("\n") == 1


def test_j5_a_problem_cannot_steer_the_terminal() -> None:
    assert one_line(ValueError("a\x1b[31m\r\nb\u2028c\x00d")) == "a [31m b c d"


def test_the_banner_of_a_first_start_is_made_to_be_copied(tmp_path: Path) -> None:
    said = banner(Config(data=tmp_path / "a b", workers=1), "http://localhost:1", ".venv/bin/daypass", first=True)
    assert f"""  eval "$(.venv/bin/daypass env --data '{tmp_path}/a b')"\n""" in said
    assert "1 worker)" in said
    assert '  eval "$(daypass env)"\n' in banner(Config(), "http://localhost:1", "daypass", first=True)
    assert banner(Config(workers=2), "http://localhost:1", "daypass", first=False).count("\n") == 1
