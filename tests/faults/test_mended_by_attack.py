"""What an attacker and a newcomer found at a running server, so that it stays mended."""

from __future__ import annotations

import hashlib
import json
import shutil
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as Signer

sys.path.append(str(Path(__file__).resolve().parents[1] / "clients"))

from clientkit import BIN, Clients, Server, clean_environment, launch

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    running = launch(tmp_path_factory.mktemp("attacked") / "data", "--workers", "2", s3_signature_v2="false")
    yield running
    assert running.stop() == 0


@pytest.fixture(scope="module")
def admin(server: Server) -> Clients:
    clients = Clients(server.url, server.credentials())
    clients.s3.create_bucket(Bucket="attacked")
    clients.s3.put_object(Bucket="attacked", Key="k", Body=b"secret")
    return clients


@pytest.mark.parametrize("values", ["anonymous", ["x", "anonymous"], "ANONYMOUS"])
def test_h11_a_policy_for_the_id_that_every_stranger_has_is_public(admin: Clients, values: object) -> None:
    statement = {
        "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::attacked/*",
        "Condition": {"StringEqualsIgnoreCase": {"aws:userid": values}},
    }  # fmt: skip
    policy = json.dumps({"Version": "2012-10-17", "Statement": statement})
    with pytest.raises(admin.s3.exceptions.ClientError) as refused:
        admin.s3.put_bucket_policy(Bucket="attacked", Policy=policy)
    assert "BlockPublicPolicy" in refused.value.response["Error"]["Message"]
    with pytest.raises(urllib.error.HTTPError, match="403") as stranger:
        urllib.request.urlopen(f"{admin.url}/attacked/k", timeout=10)
    stranger.value.close()


def test_an_expected_continue_comes_before_a_success(admin: Clients) -> None:
    """Botocore waits for it with an empty body too, and would take the next answer for this one's."""
    host = urlsplit(admin.url).netloc
    request = AWSRequest("PUT", f"{admin.url}/attacked/empty", data=b"")
    signer = Signer(admin.credentials.access_key_id, admin.credentials.secret_access_key)
    request.headers["Expect"] = "100-continue"
    S3SigV4Auth(signer, "s3", "us-east-1").add_auth(request)
    lines = [f"{name}: {value}" for name, value in request.headers.items()]
    head = "\r\n".join([f"PUT /attacked/empty HTTP/1.1\r\nHost: {host}", *lines, "Content-Length: 0", "", ""])
    name, _, port = host.partition(":")
    with socket.create_connection((name, int(port)), timeout=10) as connection:
        connection.sendall(head.encode())
        answer = connection.recv(4096)
    assert answer.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 ")


def test_a_body_that_names_no_key_is_not_held(admin: Clients) -> None:
    name, _, port = urlsplit(admin.url).netloc.partition(":")
    head = (
        f"POST / HTTP/1.1\r\nHost: {name}:{port}\r\nContent-Type: application/x-www-form-urlencoded\r\n"
        "Content-Length: 9999999\r\n\r\n"
    )
    with socket.create_connection((name, int(port)), timeout=20) as connection:
        connection.sendall(head.encode())
        sent = 0
        try:
            while sent < 9_000_000:
                sent += connection.send(b"a" * 65536)
        except OSError:
            pass
        assert sent < 9_000_000 or connection.recv(64).startswith(b"HTTP/1.1 413")


def test_version_2_is_refused_where_a_setting_says_so(admin: Clients) -> None:
    old = admin.client("s3", signature_version="s3")
    url = old.generate_presigned_url("get_object", Params={"Bucket": "attacked", "Key": "k"})
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(url, timeout=10)
    body = refused.value.read().decode()
    assert "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256." in body
    refused.value.close()


def test_a_folder_that_lost_its_database_does_not_begin_anew(tmp_path: Path) -> None:
    first = launch(tmp_path / "data", "--workers", "1")
    keys = (tmp_path / "data" / "credentials").read_bytes()
    assert first.stop() == 0
    for name in ("daypass.sqlite3", "daypass.sqlite3-wal", "daypass.sqlite3-shm"):
        (tmp_path / "data" / name).unlink(missing_ok=True)
    done = serve(tmp_path / "data")
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)
    assert "restore the database from a backup" in done.stderr
    assert (tmp_path / "data" / "credentials").read_bytes() == keys


def test_a_key_ring_of_another_folder_is_refused_at_the_start(tmp_path: Path) -> None:
    for name in ("one", "two"):
        assert launch(tmp_path / name, "--workers", "1").stop() == 0
    before = hashlib.sha256((tmp_path / "two" / "keyring.json").read_bytes()).digest()
    shutil.copy(tmp_path / "one" / "keyring.json", tmp_path / "two" / "keyring.json")
    assert hashlib.sha256((tmp_path / "two" / "keyring.json").read_bytes()).digest() != before
    done = serve(tmp_path / "two")
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)


@pytest.mark.parametrize("name", ["", " ", "a\nb", "\x1b[31mred", "x" * 51])
def test_an_account_has_a_name_that_can_be_shown(server: Server, name: str) -> None:
    done = server.cli("account", "create", name, check=False)
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)


def serve(data: Path) -> subprocess.CompletedProcess[str]:
    command = [BIN / "daypass", "serve", "--data", str(data), "--port", "0"]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=30, env=clean_environment())
