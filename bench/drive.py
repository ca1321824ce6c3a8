"""Load on a server: wrk for small calls, sockets of our own for transfers of 64 MiB. Loopback only.

An answer that is no success is never counted: a run in which one came is thrown away and says so.
"""

from __future__ import annotations

import json
import shutil
import socket
import statistics
import subprocess
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from loads import BIG, VARIANTS
from processes import ServerProblem

if TYPE_CHECKING:
    from collections.abc import Callable

    from loads import Load, Scene
    from processes import Process

SCRIPT = Path(__file__).with_name("replay.lua")
WARM_UP = 0.5
PIECE = 1 << 20


@dataclass(frozen=True)
class Measured:
    """One load at one number of connections. Times in seconds."""

    connections: int
    requests: int
    per_second: float
    cpu: float
    """Of the whole process tree, for one request."""
    p50: float
    p99: float


def small(process: Process, scene: Scene, load: Load, connections: int, seconds: float) -> Measured:
    """Replay a load with wrk. Raises ServerProblem where an answer is not a success."""
    file = process.log.with_suffix(".requests")
    prepared = [load.make(scene, number) for number in range(VARIANTS)]
    file.write_bytes(b"".join(b"%d\n%b" % (len(request), request) for request in prepared))
    check(scene, prepared[0], load.tell)
    _wrk(scene, file, connections, WARM_UP)
    process.settle()
    before = process.cpu()
    result = _wrk(scene, file, connections, seconds)
    process.settle()
    check(scene, prepared[1], load.tell)
    requests, took = result["requests"], result["microseconds"] / 1e6
    if result["refused"] or result["broken"] or not requests:
        raise ServerProblem(f"{result['refused']} of {requests} refused, {result['broken']} broken")
    return Measured(
        connections=connections,
        requests=requests,
        per_second=requests / took,
        cpu=(process.cpu() - before) / requests,
        p50=result["p50"] / 1e6,
        p99=result["p99"] / 1e6,
    )


def _wrk(scene: Scene, file: Path, connections: int, seconds: float) -> dict[str, int]:
    wrk = shutil.which("wrk") or "wrk"
    command = [wrk, "-t1", f"-c{connections}", f"-d{max(1, round(seconds))}s", "-s", str(SCRIPT), scene.endpoint]
    done = subprocess.run([*command, "--", str(file)], capture_output=True, text=True, timeout=120, check=False)
    lines = [line for line in done.stdout.splitlines() if line.startswith("RESULT ")]
    if not lines:
        raise ServerProblem(f"wrk: {done.stderr.strip() or done.stdout.strip()}")
    found: dict[str, int] = json.loads(lines[0].removeprefix("RESULT "))
    return found


def large(process: Process, scene: Scene, transfer: Callable[[socket.socket], None], connections: int) -> Measured:
    """Move 64 MiB a few times: one after the other, or one on each of many connections."""
    times: list[float] = []
    problems: list[Exception] = []
    each = 8 if connections == 1 else 1

    def work() -> None:
        try:
            for _ in range(each):
                began = time.perf_counter()
                with _connected(scene) as connection:
                    transfer(connection)
                times.append(time.perf_counter() - began)
        except (OSError, ServerProblem) as problem:
            problems.append(problem)

    process.settle()
    before, began = process.cpu(), time.perf_counter()
    threads = [threading.Thread(target=work) for _ in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took = time.perf_counter() - began
    process.settle()
    if problems:
        raise ServerProblem(f"{len(problems)} of {connections} connections failed: {problems[0]}")
    count = len(times)
    cpu = (process.cpu() - before) / count
    return Measured(connections, count, count / took, cpu, statistics.median(times), max(times))


def download(connection: socket.socket, head: bytes) -> None:
    """Ask for the large object, and throw it away as it comes."""
    connection.sendall(head)
    length, rest = _answer(connection)
    if length != BIG:
        raise ServerProblem(f"{length} bytes in place of {BIG}")
    missing, buffer = BIG - len(rest), bytearray(PIECE)
    while missing:
        received = connection.recv_into(buffer, min(PIECE, missing))
        if not received:
            raise ServerProblem("the answer was cut off")
        missing -= received


def upload(connection: socket.socket, head: bytes, body: Path) -> None:
    """Send the large object."""
    connection.sendall(head)
    with body.open("rb") as file:
        connection.sendfile(file)
    length, rest = _answer(connection)
    _rest_of(connection, rest, length)


def check(scene: Scene, request: bytes, tell: bytes) -> None:
    """Ask once, and look at the whole answer. Raises ServerProblem unless it is the right one."""
    with _connected(scene) as connection:
        connection.sendall(request)
        length, rest = _answer(connection)
        body = _rest_of(connection, rest, length)
    if tell not in body:
        raise ServerProblem(f"a wrong answer: {body[:200]!r}")


def answers(scene: Scene, request: bytes) -> bool:
    """Whether the server answers a request yet."""
    try:
        check(scene, request, b"")
    except (OSError, ServerProblem):
        return False
    return True


def _connected(scene: Scene) -> socket.socket:
    at = urlsplit(scene.endpoint)
    if at.hostname != "127.0.0.1":
        raise ServerProblem("load goes to loopback only")
    connection = socket.create_connection((at.hostname, at.port or 80), timeout=20)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def _answer(connection: socket.socket) -> tuple[int, bytes]:
    """The length that a successful answer announces, and what of its body has come."""
    data = b""
    while b"\r\n\r\n" not in data:
        piece = connection.recv(65536)
        if not piece:
            raise ServerProblem("closed without an answer")
        data += piece
    head, _, rest = data.partition(b"\r\n\r\n")
    if head.split(None, 2)[1] not in {b"200", b"204"}:
        first = head.split(b"\r\n")[0].decode(errors="replace")
        raise ServerProblem(f"{first} {rest[:300].decode(errors='replace')}")
    fields = (line.partition(b":") for line in head.split(b"\r\n")[1:])
    lengths = [int(value) for name, _, value in fields if name.lower() == b"content-length"]
    return (lengths or [0])[0], rest


def _rest_of(connection: socket.socket, rest: bytes, length: int) -> bytes:
    while len(rest) < length:
        piece = connection.recv(PIECE)
        if not piece:
            raise ServerProblem("the answer was cut off")
        rest += piece
    return rest
