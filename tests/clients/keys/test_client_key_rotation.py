"""Keys are rotated, retired and thrown away beside a running server of two workers (threats: K13)."""

from __future__ import annotations

import json
import subprocess
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError
from clientkit import BIN, Clients, Credentials, allow, clean_environment, make_client, trusting

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from clientkit import Server

INVALID = "InvalidClientTokenId"


@contextmanager
def under_load(*calls: Callable[[], object]) -> Iterator[list[Exception]]:
    """Each call again and again on a thread of its own; what any of them raised."""
    stop, refused = threading.Event(), list[Exception]()
    done = [0] * len(calls)

    def run(number: int) -> None:
        while not stop.is_set():
            try:
                calls[number]()
            except Exception as error:  # noqa: BLE001 - whatever it is, it must not happen
                refused.append(error)
            done[number] += 1

    threads = [threading.Thread(target=run, args=(number,)) for number in range(len(calls))]
    for thread in threads:
        thread.start()
    try:
        yield refused
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert all(done)


def session_of(admin: Clients, name: str) -> Clients:
    """A session of a role that may do everything."""
    arn = f"arn:aws:iam::{admin.account}:role/{name}"
    try:
        admin.iam.get_role(RoleName=name)
    except admin.iam.exceptions.NoSuchEntityException:
        admin.iam.create_role(RoleName=name, AssumeRolePolicyDocument=trusting({"AWS": admin.account}))
        admin.iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=allow("*"))
    return admin.assume(arn)


def fresh(clients: Clients, service: str) -> object:
    """A client with connections of its own: they reach both workers."""
    return make_client(clients.url, clients.credentials, service)


def keys_of(server: Server) -> dict[int, dict[str, object]]:
    listed = json.loads(server.cli("keys", "list", "--json").stdout)
    return {key["KeyId"]: key for key in listed["RootKeys"]}


def test_k13_keys_rotate_under_load_and_nobody_is_refused(start_server: Callable[..., Server]) -> None:
    server = start_server("--workers", "2")
    admin = Clients(server.url, server.credentials())
    before = session_of(admin, "worker")
    sts, sts_two, iam = fresh(before, "sts"), fresh(before, "sts"), fresh(before, "iam")
    issuing = fresh(admin, "sts")
    role = f"arn:aws:iam::{admin.account}:role/worker"

    def sign_in() -> None:
        answer = issuing.assume_role(RoleArn=role, RoleSessionName="new")
        make_client(server.url, Credentials.of(answer["Credentials"]), "sts").get_caller_identity()

    def make_and_use_a_key() -> None:
        made = admin.iam.create_access_key(UserName="admin")["AccessKey"]
        pair = Credentials(made["AccessKeyId"], made["SecretAccessKey"])
        make_client(server.url, pair, "sts").get_caller_identity()
        admin.iam.delete_access_key(UserName="admin", AccessKeyId=made["AccessKeyId"])

    calls = (sts.get_caller_identity, sts_two.get_caller_identity, iam.list_users, sign_in, make_and_use_a_key)
    with under_load(*calls) as refused:
        for _ in range(2):
            server.cli("keys", "rotate")
    assert refused == []
    keys = keys_of(server)
    assert [key["State"] for key in keys.values()] == ["opens", "opens", "seals"]
    assert [key["Records"] for key in keys.values()] == [0, 0, keys[3]["Records"]]
    assert keys[3]["Records"]
    assert json.loads(server.cli("keys", "retire", "--json").stdout) == {"RetiredKeyIds": []}
    refusal = server.cli("keys", "retire", "1", check=False)
    assert refusal.returncode == 2
    assert "may be alive until" in refusal.stderr
    assert before.sts.get_caller_identity()


def test_a_key_retired_by_force_ends_its_sessions_in_every_worker_and_no_others(
    start_server: Callable[..., Server],
) -> None:
    server = start_server("--workers", "2")
    admin = Clients(server.url, server.credentials())
    old = session_of(admin, "worker")
    connections = [fresh(old, "sts") for _ in range(8)]
    for client in connections:
        client.get_caller_identity()
    server.cli("keys", "rotate")
    new = session_of(admin, "worker")
    assert json.loads(server.cli("keys", "retire", "1", "--force", "--json").stdout) == {"RetiredKeyIds": [1]}
    for client in (*connections, *(fresh(old, "sts") for _ in range(8))):
        with pytest.raises(ClientError) as caught:
            client.get_caller_identity()
        assert caught.value.response["Error"]["Code"] == INVALID
    assert new.sts.get_caller_identity()
    assert admin.sts.get_caller_identity()


def test_k13_an_emergency_ends_all_sessions_and_keeps_all_long_term_keys(start_server: Callable[..., Server]) -> None:
    server = start_server("--workers", "2")
    admin = Clients(server.url, server.credentials())
    old = session_of(admin, "worker")
    connections = [fresh(old, "sts") for _ in range(8)]
    for client in connections:
        client.get_caller_identity()
    done = json.loads(server.cli("keys", "rotate", "--emergency", "--json").stdout)
    assert done == {"KeyId": 2, "ResealedRecords": 2, "RotatedIssuers": 0, "RetiredKeyIds": [1]}
    for client in connections:
        with pytest.raises(ClientError) as caught:
            client.get_caller_identity()
        assert caught.value.response["Error"]["Code"] == INVALID
    assert admin.sts.get_caller_identity()
    assert session_of(admin, "worker").sts.get_caller_identity()
    server.stop()
    assert admin.with_credentials(start_server(data=server.data).credentials())


def test_a_rotation_that_was_killed_is_taken_up(start_server: Callable[..., Server]) -> None:
    server = start_server("--workers", "2")
    admin = Clients(server.url, server.credentials())
    session = session_of(admin, "worker")
    for wait in (0.35, 0.5, 0.7, 0.9, 1.1):
        command = subprocess.Popen(
            [BIN / "daypass", "keys", "rotate", "--data", str(server.data)],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=clean_environment(),
        )  # fmt: skip
        time.sleep(wait)
        command.kill()
        command.wait()
        assert session.sts.get_caller_identity()
        assert admin.sts.get_caller_identity()
    server.cli("keys", "rotate", "--resume")
    keys = keys_of(server)
    assert {key["State"] for key in keys.values()} <= {"opens", "seals"}
    newest = list(keys.values())[-1]
    assert newest["State"] == "seals"
    assert newest["Records"] == 2
    assert sum(key["Records"] for key in keys.values()) == 2
    assert session.sts.get_caller_identity()
    assert admin.sts.get_caller_identity()


def test_keys_rotate_without_a_running_server_too(start_server: Callable[..., Server], tmp_path: Path) -> None:
    server = start_server()
    admin = Clients(server.url, server.credentials())
    session = session_of(admin, "worker")
    server.stop()
    server.cli("keys", "rotate")
    again = start_server(data=server.data)
    for clients in (session, admin):
        assert Clients(again.url, clients.credentials).sts.get_caller_identity()
    missing = subprocess.run(
        [BIN / "daypass", "keys", "rotate", "--data", str(tmp_path / "none")],
        capture_output=True, text=True, check=False, env=clean_environment(), timeout=30,
    )  # fmt: skip
    assert missing.returncode == 2
    assert "holds no server yet" in missing.stderr
