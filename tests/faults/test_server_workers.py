"""Worker processes: announced when they accept, replaced when they die, and gone when they should be."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from server_on_a_port import read_all, read_answer

from daypass.server import ListenProblem, bind

if TYPE_CHECKING:
    from collections.abc import Iterator

PROGRAM = Path(__file__).with_name("serve_echo.py")
BOTH = pytest.mark.parametrize("workers", [1, 2])


def get(target: bytes) -> bytes:
    return b"GET " + target + b" HTTP/1.1\r\nHost: localhost\r\n\r\n"


class Server:
    def __init__(self, workers: int, mode: str = "plain") -> None:
        self.process = subprocess.Popen(
            [sys.executable, PROGRAM, str(workers), mode], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert self.process.stdout
        self.port = int(self.process.stdout.readline().split()[1])

    def wait_until_it_listens(self) -> None:
        assert self.process.stdout
        assert self.process.stdout.readline() == "listens\n"

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=10)

    def ask(self, target: bytes) -> bytes:
        with self.connect() as connection:
            connection.sendall(get(target))
            return read_answer(connection).partition(b"\r\n\r\n")[2]

    def pids(self) -> set[int]:
        """The processes that answer, as far as some connections show."""
        return {int(self.ask(b"/pid")) for _ in range(30)}


@contextlib.contextmanager
def serving(workers: int, mode: str = "plain") -> Iterator[Server]:
    server = Server(workers, mode)
    try:
        yield server
    finally:
        server.process.kill()
        server.process.communicate()


def is_alive(pid: int) -> bool:
    """Whether a process runs; one that nobody has waited for does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


@BOTH
def test_it_says_that_it_listens_when_it_does(workers: int) -> None:
    with serving(workers, "slow") as server:
        with pytest.raises(ConnectionRefusedError):
            server.connect()
        server.wait_until_it_listens()
        assert server.ask(b"/a") == b"GET /a? "


@BOTH
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_stopping_finishes_running_requests_and_is_a_success(workers: int, number: signal.Signals) -> None:
    with serving(workers) as server:
        server.wait_until_it_listens()
        with server.connect() as connection:
            connection.sendall(get(b"/gated"))
            time.sleep(0.2)
            server.process.send_signal(number)
            assert read_all(connection).endswith(b"through the gate")
        assert server.process.wait(10) == 0
        with pytest.raises(ConnectionRefusedError):
            server.connect()


def test_a_worker_that_dies_is_replaced() -> None:
    with serving(2) as server:
        server.wait_until_it_listens()
        victim = int(server.ask(b"/pid"))
        os.kill(victim, signal.SIGKILL)
        deadline = time.monotonic() + 10
        while len(pids := server.pids() - {victim}) < 2:
            assert time.monotonic() < deadline
        assert server.process.pid not in pids
        assert server.process.poll() is None


@BOTH
def test_an_application_that_cannot_be_opened_is_one_line_and_status_2(workers: int) -> None:
    with serving(workers, "broken") as server:
        assert server.process.wait(10) == 2
        assert server.process.stdout
        assert server.process.stderr
        assert server.process.stdout.read() == ""
        assert set(server.process.stderr.read().splitlines()) == {"daypass: the store is broken"}


def test_workers_end_when_their_supervisor_is_killed() -> None:
    with serving(2) as server:
        server.wait_until_it_listens()
        pids = server.pids()
        server.process.kill()
        deadline = time.monotonic() + 10
        while any(is_alive(pid) for pid in pids):
            assert time.monotonic() < deadline
            time.sleep(0.1)


def test_a_port_in_use_is_refused_also_beside_a_server_of_the_same_user() -> None:
    with serving(2) as server:
        server.wait_until_it_listens()
        for count in (1, 2):
            with pytest.raises(ListenProblem, match=f"port {server.port} is in use on 127.0.0.1"):
                bind("127.0.0.1", server.port, count)


def test_few_connections_are_spread_over_the_workers() -> None:
    with serving(2) as server:
        server.wait_until_it_listens()
        with contextlib.ExitStack() as stack:
            connections = [stack.enter_context(server.connect()) for _ in range(16)]
            for connection in connections:
                connection.sendall(get(b"/pid"))
            assert len({read_answer(connection).partition(b"\r\n\r\n")[2] for connection in connections}) == 2


def test_metrics_speak_for_all_workers() -> None:
    with serving(2) as server:
        server.wait_until_it_listens()
        for _ in range(20):
            server.ask(b"/a")
        time.sleep(1.5)
        lines = server.ask(b"/metrics").decode().splitlines()
        served = [float(line.split()[1]) for line in lines if line.startswith("daypass_requests_total{")]
        assert len(served) == 2
        assert sum(served) >= 21
        assert lines.count("# TYPE daypass_requests_total counter") == 1
        assert 'daypass_fake{worker="1"} 1' in lines


def test_no_worker_leaves_a_core_dump() -> None:
    """Threats, K15: a core dump holds keys."""
    with serving(2) as server:
        server.wait_until_it_listens()
        limits = Path(f"/proc/{int(server.ask(b'/pid'))}/limits").read_text()
        core = next(line for line in limits.splitlines() if line.startswith("Max core file size"))
        assert core.split()[4:6] == ["0", "0"]
