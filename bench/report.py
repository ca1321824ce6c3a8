"""What was measured, as a table to read and as JSON to keep."""

from __future__ import annotations

import os
import platform
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from drive import Measured

Floors = dict[str, list[float]]

MANY = 32
TIMES_NGINX = {
    "AssumeRole": 4.3,
    "AssumeRole, policy and 3 tags": 5.7,
    "GetCallerIdentity, session": 3.4,
    "S3 GET 1 KiB, session": 7.7,
    "S3 PUT 1 KiB, session": 21.0,
}
"""Targets: CPU of a request at 32 connections, as a multiple of nginx's for a fixed 1 KiB body in the same
run. Whether that body stood in a file or in nginx's configuration is not known, so both multiples are told."""
GET_64_MIB_CPU = 0.025
START = 0.5
LARGE = ("S3 GET 64 MiB, session", "S3 PUT 64 MiB, session")
MEMORY = 100 << 20


@dataclass
class Row:
    """One load on one server, at some numbers of connections; or why there is nothing."""

    load: str
    measured: list[Measured] = field(default_factory=list)
    note: str = ""

    def cpu(self, connections: int) -> float | None:
        return next((one.cpu for one in self.measured if one.connections == connections), None)


@dataclass
class Result:
    """Everything about one server."""

    server: str
    rows: list[Row] = field(default_factory=list)
    start: float | None = None
    """Seconds from the command to the first answer, with a data folder that is there already."""
    memory: int | None = None
    """Bytes that its largest process holds after the small calls."""
    memory_large: int | None = None
    """The same after the transfers of 64 MiB, 32 of them at once."""
    problem: str = ""


def as_json(results: list[Result], floors: Floors) -> dict[str, Any]:
    """All of it."""
    return {
        "machine": machine(),
        "nginx_cpu_seconds": floors,
        "results": [asdict(result) for result in results],
        "targets": list(targets(results, floors)),
    }


def machine() -> dict[str, Any]:
    """What it was measured on."""
    model = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    return {
        "processors": os.cpu_count(),
        "model": model[0].partition(":")[2].strip() if model else platform.machine(),
        "python": platform.python_version(),
        "load": os.getloadavg()[0],
    }


def table(results: list[Result], floors: Floors) -> str:
    """The table, in Markdown."""
    about = machine()
    lines = [
        "{processors} processors ({model}), Python {python}, load average {load:.1f}".format(**about),
        "",
        "| load | server | conn. | requests/s | per CPU second | CPU µs | × body | × file | p50 ms | p99 ms |",
        "|---|---|--:|--:|--:|--:|--:|--:|--:|--:|",
    ]
    names = list(dict.fromkeys(row.load for result in results for row in result.rows))
    for name in names:
        for result in results:
            lines += [line for row in result.rows if row.load == name for line in _lines(result.server, row, floors)]
    lines += ["", "| server | start to first answer, s | memory, MiB | after 32 uploads at once |", "|---|--:|--:|--:|"]
    for result in results:
        start = "-" if result.start is None else f"{result.start:.2f}"
        lines.append(f"| {result.server} | {start} | {_mebibytes(result.memory)} | {_mebibytes(result.memory_large)} |")
    lines += ["", "| target | measured | target | |", "|---|--:|--:|---|"]
    lines += [
        f"| {name} | {value:.3g} | {most:.3g} | {verdict} |" for name, value, most, verdict in _targets(results, floors)
    ]
    lines += ["", *(f"{result.server}: {result.problem}" for result in results if result.problem)]
    return "\n".join(lines).rstrip() + "\n"


def _mebibytes(size: int | None) -> str:
    return "-" if size is None else f"{size / (1 << 20):.0f}"


def _lines(server: str, row: Row, floors: Floors) -> Iterator[str]:
    note = f" ({row.note})" if row.note else ""
    if not row.measured:
        yield f"| {row.load} | {server}{note} | | | | | | | | |"
    for one in row.measured:
        small = one.connections == MANY and row.load not in LARGE
        times = " | ".join(f"{one.cpu / _mean(floor):.1f}" if small else "" for floor in floors.values())
        cpu = one.cpu * 1e6
        yield (
            f"| {row.load} | {server}{note} | {one.connections} | {one.per_second:,.{0 if one.per_second >= 100 else 1}f} | "
            f"{1 / one.cpu if one.cpu else 0:,.0f} | {cpu:,.{1 if cpu < 100 else 0}f} | {times} | "
            f"{one.p50 * 1e3:.2f} | {one.p99 * 1e3:.2f} |"
        )


def targets(results: list[Result], floors: Floors) -> Iterator[dict[str, Any]]:
    for name, value, most, verdict in _targets(results, floors):
        yield {"name": name, "measured": value, "target": most, "verdict": verdict}


def _targets(results: list[Result], floors: Floors) -> Iterator[tuple[str, float, float, str]]:
    ours = next((result for result in results if result.server == "Daypass"), None)
    if ours is None:
        return
    rows = {row.load: row for row in ours.rows}
    found: list[tuple[str, float | None, float]] = []
    for name, most in TIMES_NGINX.items():
        cpu = rows[name].cpu(MANY) if name in rows else None
        for floor, values in floors.items():
            found.append((f"{name}, × {floor}", None if cpu is None else cpu / _mean(values), most))
    big = rows.get("S3 GET 64 MiB, session")
    cpu = None if big is None else big.cpu(1)
    found.append(("S3 GET 64 MiB, CPU ms", None if cpu is None else cpu * 1e3, GET_64_MIB_CPU * 1e3))
    found.append(("start to first answer, s", ours.start, START))
    for when, size in (("small calls", ours.memory), ("32 uploads at once", ours.memory_large)):
        found.append((f"memory after {when}, MiB", None if size is None else size / (1 << 20), MEMORY / (1 << 20)))
    for name, value, most in found:
        if value is not None:
            yield name, value, most, "reached" if value <= most else "MISSED"


def _mean(values: list[float]) -> float:
    return sum(values) / len(values)
