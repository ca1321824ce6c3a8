"""``make bench``: what a request costs, beside nginx (the floor), SeaweedFS and moto, in one run on one machine.

Requests are signed beforehand and replayed by wrk, so that the client is cheap. For each server and request: requests
per second, the server's own CPU time per request (user and system of all its processes, work in the background
included), latencies at the median and the 99th percentile, at 1 and at 32 connections. A measurement in which any
answer was no success is void and says so. Targets are multiples of nginx in the same run.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import servers
from loads import Load, Scene, plain_get

if TYPE_CHECKING:
    from collections.abc import Callable

    from servers import Running

HERE = Path(__file__).resolve().parent
CONNECTIONS = (1, 32)
LARGE = 64 * 2**20
TARGETS = {
    "AssumeRole": 4.3,
    "AssumeRole, policy, 3 tags": 5.7,
    "GetCallerIdentity": 3.4,
    "S3 GET 1 KiB": 7.7,
    "S3 PUT 1 KiB": 21.0,
}


@dataclass(frozen=True)
class Measured:
    """One line of the table. Times are in microseconds."""

    server: str
    request: str
    connections: int
    per_second: float
    cpu: float
    p50: int
    p99: int
    failed: int


def measure(server: Running, load: Load, connections: int, seconds: float, folder: Path) -> Measured:
    """Replay one load."""
    path = folder / "requests"
    load.write(path)
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds:.0f}s", "--timeout", "10s", "-s", HERE / "replay.lua",
               server.url, "--", path]  # fmt: skip
    before = server.cpu()
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=seconds + 60)
    time.sleep(0.5)  # what is owed to the background is paid by this load
    cpu = server.cpu() - before
    line = next(line for line in done.stdout.splitlines() if line.startswith("RESULT"))
    requests, duration, failed, p50, p99 = map(int, line.split()[1:])
    if not requests:
        raise RuntimeError(f"{server.name} answered nothing to {load.name}")
    rate = requests / (duration / 1e6)
    return Measured(server.name, load.name, connections, rate, cpu / requests * 1e6, p50, p99, failed)


def transfers(server: Running, scene: Scene, folder: Path, rounds: int) -> list[Measured]:
    """64 MiB up and down by curl; CPU and time for each."""
    blob = folder / "large"
    if not blob.exists():
        blob.write_bytes(b"\0" * LARGE)
    found = []
    put, get = scene.presigned("put_object", "large"), scene.presigned("get_object", "large")
    for name, command in (("64 MiB PUT", ["-T", str(blob), put]), ("64 MiB GET", ["-o", "/dev/null", get])):
        before, begun = server.cpu(), time.monotonic()
        failed = 0
        for _ in range(rounds):
            done = subprocess.run(
                ["curl", "-sS", "-w", "%{http_code}", *command],
                capture_output=True,
                text=True,
                check=False,
                timeout=120,
            )
            failed += done.stdout.strip()[-3:] != "200"
        spent = (time.monotonic() - begun) / rounds
        cpu = (server.cpu() - before) / rounds * 1e6
        found.append(Measured(server.name, name, 1, 1 / spent, cpu, int(spent * 1e6), int(spent * 1e6), failed))
    return found


def bench(server: Running, seconds: float, rounds: int, folder: Path) -> list[Measured]:
    """Every measurement of one server that keeps accounts and objects."""
    scene = Scene(server)
    if scene.problem:
        print(f"  {server.name}: no roles here ({scene.problem})", file=sys.stderr)
    found = []
    for load in scene.loads():
        for connections in CONNECTIONS:
            found.append(measure(server, load, connections, seconds, folder))
            show(found[-1])
    for measured in transfers(server, scene, folder, rounds):
        found.append(measured)
        show(measured)
    print(
        f"  {server.name}: {server.memory():.0f} MiB after the load, first answer after {server.first_answer:.2f} s\n"
    )
    return found


def show(line: Measured) -> None:
    note = f"  VOID: {line.failed} answers were no success" if line.failed else ""
    print(
        f"  {line.server:10} {line.request:27} c={line.connections:<3} {line.per_second:9.0f}/s"
        f" {line.cpu:9.1f} us CPU  p50 {line.p50 / 1000:8.2f} ms  p99 {line.p99 / 1000:8.2f} ms{note}",
        flush=True,
    )


def summary(found: list[Measured]) -> None:
    """CPU at 32 connections as multiples of nginx, against the targets and the peers."""
    at = {(line.server, line.request): line for line in found if line.connections == 32 and not line.failed}
    floor = at.get(("nginx", "fixed 1 KiB body"))
    if floor is None:
        print("nginx was not measured: no multiples")
        return
    names = list(dict.fromkeys(line.server for line in found if line.server != "nginx"))
    print(f"CPU per request at 32 connections, in multiples of nginx's {floor.cpu:.1f} us:")
    print(f"  {'':27} {'target':>7} " + " ".join(f"{name:>10}" for name in names))
    for request, target in TARGETS.items():
        cells = [at.get((name, request)) for name in names]
        shown = " ".join(f"{cell.cpu / floor.cpu:10.1f}" if cell else f"{'-':>10}" for cell in cells)
        print(f"  {request:27} {target:7.1f} {shown}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a smoke run: one second for each measurement")
    parser.add_argument("--only", metavar="NAME", help="measure one server besides nginx")
    chosen = parser.parse_args()
    if shutil.which("wrk") is None:
        print("bench needs wrk (Debian: apt-get install wrk nginx-light)", file=sys.stderr)
        return 2
    seconds, rounds = (1.0, 1) if chosen.quick else (5.0, 5)
    programs = servers.peers() if chosen.only in (None, "seaweedfs", "moto") else Path()
    starters: dict[str, Callable[[Path], Running | None]] = {
        "daypass": servers.daypass,
        "seaweedfs": lambda folder: servers.seaweedfs(folder, programs),
        "moto": lambda folder: servers.moto(folder, programs),
    }
    found: list[Measured] = []
    with tempfile.TemporaryDirectory(prefix="daypass-bench-") as name:
        folder = Path(name)
        found += floor(folder, seconds)
        for server_name, start in starters.items():
            if chosen.only not in (None, server_name):
                continue
            server = start(folder)
            if server is None:
                print(f"  {server_name} is not installed: not measured", file=sys.stderr)
                continue
            try:
                found += bench(server, seconds, rounds, folder)
            finally:
                server.stop()
    summary(found)
    results = HERE / "results"
    results.mkdir(exist_ok=True)
    (results / "last.json").write_text(json.dumps([asdict(line) for line in found], indent=1))
    return 1 if any(line.failed for line in found if line.server == "daypass") else 0


def floor(folder: Path, seconds: float) -> list[Measured]:
    server = servers.nginx(folder)
    if server is None:
        print("  nginx is not installed: no floor (Debian: apt-get install nginx-light)", file=sys.stderr)
        return []
    try:
        found = [measure(server, plain_get(server.url), connections, seconds, folder) for connections in CONNECTIONS]
    finally:
        server.stop()
    for line in found:
        show(line)
    print()
    return found


if __name__ == "__main__":
    sys.exit(main())
