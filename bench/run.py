"""``make bench``: the request path under load, beside the same load on nginx (the floor), SeaweedFS and moto.

Every server is started, furnished, stopped and started again, which is timed; then it is given the loads one by one.
Load goes to loopback only. ``--quick`` looks whether everything works, in under a minute; its figures mean little.
"""

from __future__ import annotations

import argparse
import functools
import json
import shutil
import sys
import tempfile
import time
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

import drive
import loads
import report
from loads import Scene
from processes import ServerProblem
from report import Result, Row
from servers import PEERS, Daypass, Moto, Nginx, SeaweedFS, Server, furnished

if TYPE_CHECKING:
    from collections.abc import Callable

    from drive import Measured

RESULTS = Path(__file__).parent / "results"
PATIENCE = 60.0
CONNECTIONS = (1, 32)


class Bench:
    """One run."""

    def __init__(self, folder: Path, *, quick: bool) -> None:
        self._folder = folder
        self._seconds = {1: 1.0, 32: 1.0} if quick else {1: 2.0, 32: 3.0}
        self._quick = quick
        self.floors: dict[str, list[float]] = {}
        """nginx's CPU for a request at 32 connections, by what it serves, measured before and after Daypass."""
        self.results: list[Result] = []

    def nginx(self) -> None:
        """The floor, once more."""
        folder = Path(tempfile.mkdtemp(prefix="nginx-", dir=self._folder))
        result = self._serve(Nginx(folder), (loads.BODY_FLOOR, loads.FILE_FLOOR))
        for row in result.rows[:2]:
            cpu = row.cpu(CONNECTIONS[-1])
            if cpu is None:
                raise SystemExit(f"nginx could not be measured: {result.problem or row.note}")
            self.floors.setdefault(row.load, []).append(cpu)
        if len(self.floors) != 2:
            raise SystemExit(f"nginx could not be measured: {result.problem}")
        self._keep(result)

    def server(self, make: Callable[[Path], Server]) -> None:
        """A server, under all loads."""
        server = make(self._folder)
        self._keep(self._serve(server, (*loads.SMALL, *server.more)))

    def _keep(self, result: Result) -> None:
        if result.server not in {kept.server for kept in self.results}:
            self.results.append(result)

    def _serve(self, server: Server, small: tuple[loads.Load, ...]) -> Result:
        result = Result(server.name)
        print(f"{server.name} ...", file=sys.stderr, flush=True)
        if self._quick:
            server.process.quiet = 0.1
        try:
            result.start = self._start(server)
            scene = furnished(server)
            if server.keeps and not self._quick:
                server.process.stop()
                result.start = min(result.start, self._start(server))
            self._load(server, scene, small, result)
            result.memory_large = server.process.memory()
            server.process.check_alive()
        except ServerProblem as problem:
            result.problem = str(problem)
        finally:
            server.process.stop()
        return result

    def _start(self, server: Server) -> float:
        """Start, and wait for the first answer; how long that took."""
        server.process.start()
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            scene = Scene(server.endpoint, server.first, "", [server.first])
            if drive.answers(scene, loads.get_caller_identity(scene, 0)):
                return time.perf_counter() - server.process.started
            server.process.check_alive()
            time.sleep(0.005)
        raise ServerProblem(f"no answer in {PATIENCE:.0f} s")

    def _load(self, server: Server, scene: Scene, small: tuple[loads.Load, ...], result: Result) -> None:
        for load in small:
            row = Row(load.name, note=server.missing.get(load.name, ""))
            result.rows.append(row)
            self._row(row, lambda n, load=load: drive.small(server.process, scene, load, n, self._seconds[n]))
        result.memory = server.process.memory()
        head = loads.big_get(scene)
        get = functools.partial(drive.download, head=head)
        self._big(result, loads.GET_BIG, lambda n: drive.large(server.process, scene, get, n))
        if server.name != "nginx":
            body, digest = self._body()
            put = functools.partial(drive.upload, head=loads.big_put(scene, digest), body=body)
            self._big(result, loads.PUT_BIG, lambda n: drive.large(server.process, scene, put, n))

    def _big(self, result: Result, name: str, measure: Callable[[int], Measured]) -> None:
        row = Row(name)
        result.rows.append(row)
        self._row(row, measure)

    def _row(self, row: Row, measure: Callable[[int], Measured]) -> None:
        for connections in CONNECTIONS:
            if self._quick and connections == 1 and row.load != loads.GET_BIG:
                continue
            if self._quick and connections != 1 and row.load in {loads.GET_BIG, loads.PUT_BIG}:
                continue
            try:
                row.measured.append(measure(connections))
            except ServerProblem as problem:
                row.note = "; ".join(filter(None, [row.note, f"{connections} connections: {brief(problem)}"]))

    @functools.cache  # noqa: B019 - there is one Bench
    def _body(self) -> tuple[Path, str]:
        """A file of 64 MiB, and its SHA-256."""
        file = self._folder / "body"
        data = bytes(range(256)) * (loads.BIG // 256)
        file.write_bytes(data)
        return file, sha256(data).hexdigest()


def brief(problem: ServerProblem) -> str:
    """The beginning of a problem, fit for a table."""
    return " ".join(str(problem).split())[:100].replace("|", "/")


def check_tools() -> list[Callable[[Path], Server]]:
    """The peers that are there. Ends with status 2 where a tool is missing that nothing can be measured without."""
    missing = [tool for tool in ("nginx", "wrk") if shutil.which(tool) is None]
    if missing:
        needed = " and ".join(missing)
        print(f"the benchmarks need {needed}: install the Debian packages nginx-core and wrk", file=sys.stderr)
        raise SystemExit(2)
    peers: list[Callable[[Path], Server]] = []
    for command, make in (("weed", SeaweedFS), ("moto_server", Moto)):
        if (PEERS / command).exists():
            peers.append(make)
        else:
            print(
                f"not compared with {make.name}: there is no {PEERS / command} (make bench makes it)", file=sys.stderr
            )
    return peers


def main() -> None:
    """Measure, print, keep."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="only look whether it all works, in under a minute")
    parser.add_argument("--alone", action="store_true", help="Daypass and nginx only, without the peers")
    chosen = parser.parse_args()
    peers = [] if chosen.alone else check_tools()
    if chosen.alone:
        check_tools()
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="daypass-bench-") as folder:
        bench = Bench(Path(folder), quick=chosen.quick)
        bench.nginx()
        bench.server(Daypass)
        bench.nginx()
        for peer in peers:
            bench.server(peer)
    print(report.table(bench.results, bench.floors))
    RESULTS.mkdir(exist_ok=True)
    file = RESULTS / f"{time.strftime('%Y%m%dT%H%M%S')}{'-quick' if chosen.quick else ''}.json"
    file.write_text(json.dumps(report.as_json(bench.results, bench.floors), indent=1) + "\n")
    print(f"{time.monotonic() - began:.0f} s; also in {file}", file=sys.stderr)


if __name__ == "__main__":
    main()
