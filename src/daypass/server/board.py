"""Figures of all workers, in memory they share: whichever worker is asked for /metrics answers for the whole server.

Each worker owns one slot and writes its figures there as Prometheus text about once a second; a reader takes the slots
of the others and marks every figure with the worker's number. There are no locks: a slot says how often it has been
written before and after its text, and a reader that meets a writer reads again.
"""

from __future__ import annotations

import mmap
import os
import resource
import struct
import sys
from pathlib import Path

SLOT = 256 * 1024
HEADER = struct.Struct("<QQI")
TRIES = 5
STATM = Path("/proc/self/statm")


class Board:
    """The slots of all workers; made before the workers are, so that they share its memory."""

    def __init__(self, workers: int) -> None:
        self._memory = mmap.mmap(-1, SLOT * workers)
        self._workers = workers
        self._mine = 0
        self._writes = 0
        self.requests = 0
        self.refused = 0
        self.connections = 0

    def take(self, slot: int) -> None:
        """Own a slot; the worker that had it is gone."""
        self._mine = slot
        self._writes = HEADER.unpack_from(self._memory, slot * SLOT)[1] + 1

    def post(self, application: str) -> None:
        """Write this worker's figures, and the application's with them, for all to read."""
        text = (self._own() + application).encode()
        if len(text) > SLOT - HEADER.size:
            text = text[: text.rindex(b"\n", 0, SLOT - HEADER.size) + 1]  # the last figures, never half a line
        start = self._mine * SLOT
        self._writes += 1
        HEADER.pack_into(self._memory, start, self._writes, self._writes - 1, len(text))
        self._memory[start + HEADER.size : start + HEADER.size + len(text)] = text
        HEADER.pack_into(self._memory, start, self._writes, self._writes, len(text))

    def render(self) -> str:
        """All workers' figures as one Prometheus text."""
        families: dict[str, list[str]] = {}
        comments: dict[str, list[str]] = {}
        for worker in range(self._workers):
            for line in self._read(worker).splitlines():
                if line.startswith("#"):
                    family = line.split(" ", 3)[2]
                    lines = comments.setdefault(family, [])
                    if line not in lines:
                        lines.append(line)
                elif line:
                    families.setdefault(_family(line, comments), []).append(_labelled(line, worker))
        return "".join("\n".join([*comments.get(family, ()), *samples]) + "\n" for family, samples in families.items())

    def _read(self, worker: int) -> str:
        start = worker * SLOT
        for _ in range(TRIES):
            before, after, length = HEADER.unpack_from(self._memory, start)
            text = self._memory[start + HEADER.size : start + HEADER.size + length]
            if before == after == HEADER.unpack_from(self._memory, start)[0]:
                return text.decode(errors="replace")
        return ""

    def _own(self) -> str:
        usage = resource.getrusage(resource.RUSAGE_SELF)
        figures = (
            ("daypass_requests_total", "counter", "Requests handed to the application.", self.requests),
            ("daypass_refused_requests_total", "counter", "Requests refused before that.", self.refused),
            ("daypass_connections", "gauge", "Open connections.", self.connections),
            ("process_cpu_seconds_total", "counter", "User and system time.", usage.ru_utime + usage.ru_stime),
            ("process_resident_memory_bytes", "gauge", "Resident memory.", _resident(usage.ru_maxrss)),
        )
        return "".join(
            f"# HELP {name} {text}\n# TYPE {name} {kind}\n{name} {value}\n" for name, kind, text, value in figures
        )


def _resident(peak: int) -> int:
    """Resident memory in bytes: now, where the system tells it, else at its peak."""
    try:
        return int(STATM.read_bytes().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return peak if sys.platform == "darwin" else peak * 1024


def _family(line: str, comments: dict[str, list[str]]) -> str:
    """The family of a sample: a histogram's samples have the suffixes of their kind (Prometheus text format)."""
    name = line.partition("{")[0].partition(" ")[0]
    for suffix in ("_bucket", "_sum", "_count"):
        base = name.removesuffix(suffix)
        if base != name and base in comments:
            return base
    return name


def _labelled(line: str, worker: int) -> str:
    """A sample with the label ``worker``."""
    name, blank, value = line.rpartition(" ")
    if name.endswith("}"):
        return f'{name[:-1]},worker="{worker}"}}{blank}{value}'
    return f'{name}{{worker="{worker}"}}{blank}{value}'
