"""S3 as people type it: ``aws s3`` of both command lines."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from clientkit import BIN, REGION, Clients, Server, clean_environment

if TYPE_CHECKING:
    from collections.abc import Callable

CLIS = {"v1": str(BIN / "aws"), "v2": "/usr/bin/aws"}


@pytest.fixture(params=CLIS)
def aws(request: pytest.FixtureRequest, admin: Clients, server: Server, tmp_path: Path) -> Callable[..., str]:
    program = CLIS[request.param]
    if not Path(program).exists():
        if os.environ.get("CI"):
            pytest.fail(f"{program} is not installed: .ci/run must install it")
        pytest.skip(f"{program} is not installed")
    environment = clean_environment() | admin.credentials.environment() | {"HOME": str(tmp_path), "AWS_REGION": REGION}

    def run(*arguments: str) -> str:
        command = [program, "--endpoint-url", server.url, *arguments]
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=120, env=environment, cwd=tmp_path
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


def test_a_day_at_work(aws: Callable[..., str], unique: str, tmp_path: Path) -> None:
    large = bytes(range(256)) * 40_000  # 10 MB: more than one part
    (tmp_path / "tree" / "sub").mkdir(parents=True)
    (tmp_path / "tree" / "small.txt").write_text("hello")
    (tmp_path / "tree" / "sub" / "large.bin").write_bytes(large)
    aws("s3", "mb", f"s3://{unique}")
    assert unique in aws("s3", "ls")
    aws("s3", "cp", "tree/small.txt", f"s3://{unique}/")
    aws("s3", "sync", "tree", f"s3://{unique}/tree")
    assert aws("s3", "sync", "tree", f"s3://{unique}/tree") == ""
    listed = aws("s3", "ls", "--recursive", f"s3://{unique}")
    assert [line.split()[-1] for line in listed.splitlines()] == ["small.txt", "tree/small.txt", "tree/sub/large.bin"]
    assert "PRE tree/" in aws("s3", "ls", f"s3://{unique}/")
    aws("s3", "cp", f"s3://{unique}/tree/sub/large.bin", "back.bin")
    assert (tmp_path / "back.bin").read_bytes() == large
    assert aws("s3", "cp", f"s3://{unique}/small.txt", "-") == "hello"
    aws("s3", "cp", f"s3://{unique}/tree/sub/large.bin", f"s3://{unique}/copy.bin")
    aws("s3", "mv", f"s3://{unique}/copy.bin", f"s3://{unique}/moved.bin")
    aws("s3", "rm", "--recursive", f"s3://{unique}/tree")
    assert [line.split()[-1] for line in aws("s3", "ls", f"s3://{unique}").splitlines()] == ["moved.bin", "small.txt"]
    aws("s3", "rb", "--force", f"s3://{unique}")
    assert unique not in aws("s3", "ls")
