"""``daypass serve`` from the first start on: what it says, and what cannot work is one clear line and status 2."""

from __future__ import annotations

import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

DAYPASS = Path(sys.executable).with_name("daypass")
CLEAN = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "DAYPASS_"))}


class Start:
    """One ``daypass serve``, waited for until it listens."""

    def __init__(self, data: Path, *flags: str, environ: dict[str, str] | None = None) -> None:
        self.data = data
        self.process = subprocess.Popen(
            [DAYPASS, "serve", "--data", data, "--port", "0", "--workers", "1", *flags],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=CLEAN | (environ or {}),
        )  # fmt: skip
        assert self.process.stdout
        self.first_line = self.process.stdout.readline()

    def stop(self) -> str:
        """Stop it; the rest of what it said."""
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(20)
        assert self.process.stdout
        assert self.process.stderr
        with self.process.stdout, self.process.stderr:
            said, complaints = self.process.stdout.read(), self.process.stderr.read()
        assert self.process.returncode == 0, complaints
        assert complaints == ""
        return said


def daypass(*arguments: object, environ: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [DAYPASS, *map(str, arguments)], capture_output=True, text=True, timeout=30, check=False,
        env=CLEAN | (environ or {}),
    )  # fmt: skip


def assert_one_line(finished: subprocess.CompletedProcess[str], *words: str) -> None:
    assert finished.returncode == 2
    assert finished.stdout == ""
    lines = finished.stderr.splitlines()
    assert len(lines) == 1, finished.stderr
    assert lines[0].startswith("daypass: ")
    for word in words:
        assert word in lines[0]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder that was served once."""
    start = Start(tmp_path_factory.mktemp("made") / "data")
    start.stop()
    return start.data


@pytest.fixture
def data(made: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    copy = tmp_path / "data"
    subprocess.run(["cp", "-a", made, copy], check=True)
    return copy


def test_the_first_start_says_where_it_listens_where_the_keys_lie_and_three_commands(tmp_path: Path) -> None:
    start = Start(tmp_path / "my data")
    assert " listens on http://localhost:" in start.first_line
    rest = start.stop()
    assert str(tmp_path / "my data" / "credentials") in rest
    assert len([line for line in rest.splitlines() if line.startswith("  ")]) == 3
    assert f"env --data '{tmp_path}/my data'" in rest
    again = Start(tmp_path / "my data")
    assert " listens on http://localhost:" in again.first_line
    assert again.stop() == ""


def test_k2_everything_in_the_data_folder_is_its_owners_alone(made: Path) -> None:
    assert made.stat().st_mode & 0o777 == 0o700
    for path in made.rglob("*"):
        assert not path.stat().st_mode & 0o077, path


def test_env_makes_a_shell_a_client(data: Path) -> None:
    start = Start(data)
    try:
        for shell in ("sh", "bash"):
            seen = subprocess.run(
                [shell, "-c", f'AWS_SESSION_TOKEN=old; export AWS_SESSION_TOKEN; eval "$({DAYPASS} env --data {data})"; env'],
                capture_output=True, text=True, check=True, env=CLEAN,
            ).stdout.splitlines()  # fmt: skip
            values = dict(line.partition("=")[::2] for line in seen)
            assert values["AWS_ENDPOINT_URL"] in start.first_line
            assert values["AWS_REGION"] == values["AWS_DEFAULT_REGION"] == "us-east-1"
            assert f"aws_access_key_id = {values['AWS_ACCESS_KEY_ID']}" in (data / "credentials").read_text()
            assert "AWS_SESSION_TOKEN" not in values
    finally:
        start.stop()


def test_a_pipeline_gives_account_keys_and_buckets_by_variables(tmp_path: Path) -> None:
    environ = {
        "DAYPASS_ACCOUNT_ID": "123456789012",
        "DAYPASS_ADMIN_ACCESS_KEY_ID": "test",
        "DAYPASS_ADMIN_SECRET_ACCESS_KEY": "test",
        "DAYPASS_BUCKETS": "one-bucket,two-bucket",
        "DAYPASS_PORT": "tcp://10.0.0.7:4100",  # Kubernetes' own
        "DAYPASS_SERVICE_HOST": "10.0.0.7",
    }
    start = Start(tmp_path / "data", environ=environ)
    try:
        url = start.first_line.split()[4]
        client = CLEAN | {
            "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_ENDPOINT_URL": url,
            "AWS_DEFAULT_REGION": "us-east-1",
        }  # fmt: skip
        aws = [sys.executable, "-m", "awscli"]
        caller = subprocess.run(
            [*aws, "sts", "get-caller-identity"], capture_output=True, check=True, env=client
        ).stdout
        assert json.loads(caller)["Arn"] == "arn:aws:iam::123456789012:user/admin"
        listed = subprocess.run([*aws, "s3", "ls"], capture_output=True, text=True, check=True, env=client).stdout
        assert [line.split()[-1] for line in listed.splitlines()] == ["one-bucket", "two-bucket"]
    finally:
        start.stop()


def test_an_account_is_added_beside_a_running_server(data: Path) -> None:
    start = Start(data)
    try:
        made = json.loads(daypass("account", "create", "second", "--json", "--data", data).stdout)
        assert sorted(made) == ["AccessKeyId", "AccountId", "SecretAccessKey"]
        assert len(made["AccountId"]) == 12
    finally:
        start.stop()


def test_a_port_in_use_is_told(data: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert_one_line(daypass("serve", "--data", data, "--port", port), f"port {port} is in use", "--port")


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for place in (tmp_path / "file", tmp_path / "file" / "below", Path("/proc/daypass")):
        assert_one_line(daypass("serve", "--data", place, "--port", 0), str(place))


def test_a_damaged_database_is_told(data: Path) -> None:
    database = data / "daypass.sqlite3"
    content = bytearray(database.read_bytes())
    content[4096 : 4096 * 6] = b"\xff" * 4096 * 5
    database.write_bytes(content)
    assert_one_line(daypass("serve", "--data", data, "--port", 0), str(database), "damaged")
    database.write_bytes(b"not a database at all")
    assert_one_line(daypass("serve", "--data", data, "--port", 0), str(database), "damaged")


def test_a_newer_schema_is_told(data: Path) -> None:
    with sqlite3.connect(data / "daypass.sqlite3") as db:
        db.execute("INSERT INTO schema_version (version) VALUES (9999)")
    db.close()
    assert_one_line(daypass("serve", "--data", data, "--port", 0), "9999", "newer")


def test_a_lost_key_ring_is_told_and_none_is_made(data: Path) -> None:
    (data / "keyring.json").unlink()
    assert_one_line(daypass("serve", "--data", data, "--port", 0), "keyring.json")
    assert not (data / "keyring.json").exists()


def test_k3_other_machines_are_served_plain_http_only_when_asked_for(data: Path) -> None:
    assert_one_line(daypass("serve", "--data", data, "--host", "0.0.0.0", "--port", 0), "--insecure-http")


def test_k1_a_known_key_is_not_served_to_other_machines(tmp_path: Path) -> None:
    environ = {
        "DAYPASS_ADMIN_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
        "DAYPASS_ADMIN_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    }
    refused = daypass(
        "serve", "--data", tmp_path / "d", "--host", "::", "--insecure-http", "--port", 0, environ=environ
    )
    assert_one_line(refused, "admin.secret_access_key")
    assert "wJalr" not in refused.stderr
    assert not (tmp_path / "d").exists()


def test_a_misspelt_setting_is_told(tmp_path: Path) -> None:
    environ = {"DAYPASS_STS_MINIMUM_DURATIONS": "5"}
    refused = daypass("serve", "--data", tmp_path / "d", environ=environ)
    assert_one_line(refused, "DAYPASS_STS_MINIMUM_DURATIONS", "did you mean sts.minimum_duration?")


def test_doctor_finds_a_sound_folder_sound_and_says_what_is_not(data: Path) -> None:
    start = Start(data)
    try:
        sound = daypass("doctor", "--data", data)
        assert sound.returncode == 0, sound.stdout
        assert "says: ready" in sound.stdout
    finally:
        start.stop()
    data.chmod(0o755)
    loose = daypass("doctor", "--data", data)
    assert loose.returncode == 1
    assert f"BAD  {data} is open to other users (mode 755): run chmod 700 {data}" in loose.stdout
    data.chmod(0o700)
    (data / "keyring.json").unlink()
    assert "BAD  " in daypass("doctor", "--data", data).stdout


def test_it_answers_soon_after_it_is_started(data: Path) -> None:
    """The target is half a second on an idle machine (hotpath); this only finds a start that has become slow."""
    begun = time.monotonic()
    start = Start(data)
    took = time.monotonic() - begun
    start.stop()
    assert took < 5
