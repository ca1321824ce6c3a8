"""Processes of the servers under load: started, asked what they have used, stopped. Linux: it is all in /proc.

"CPU" is user and system time of the whole process tree, so that workers, helpers and what is done behind the answers
are in it.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
QUIET = 1.3
"""Seconds without work after which a server has done what it owed: Daypass indexes its journal once a second."""


class ServerProblem(Exception):
    """A server cannot be measured; the text says why."""


@dataclass
class Process:
    """A server that was started here, with all of its children."""

    command: list[str]
    log: Path
    environment: dict[str, str] = field(default_factory=dict)
    folder: Path | None = None
    quiet: float = QUIET
    started: float = 0.0
    _child: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        if shutil.which(self.command[0]) is None:
            raise ServerProblem(f"{self.command[0]} is not there")
        self.started = time.perf_counter()
        with self.log.open("ab") as log:
            self._child = subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.folder,
                env={**os.environ, **self.environment},
                start_new_session=True,
            )

    def stop(self) -> None:
        """Ask it to stop; what has not stopped then is killed, by its own id."""
        if self._child is None:
            return
        tree = self.tree()
        self._child.terminate()
        try:
            self._child.wait(10)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()
        for pid in tree[1:]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._child = None

    def check_alive(self) -> None:
        if self._child is None or self._child.poll() is not None:
            last = self.log.read_text(errors="replace").strip().splitlines()[-1:]
            raise ServerProblem(f"{Path(self.command[0]).name} ended: {' '.join(last) or 'it said nothing'}")

    def tree(self) -> list[int]:
        """The process and its descendants."""
        root = 0 if self._child is None else self._child.pid
        children: dict[int, list[int]] = {}
        for pid in (int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()):
            fields = _stat(pid)
            if fields:
                children.setdefault(int(fields[1]), []).append(pid)
        found = [root]
        for pid in found:
            found += children.get(pid, [])
        return found

    def cpu(self) -> float:
        """Seconds of CPU that the tree has used, with children that have ended."""
        ticks = 0
        for pid in self.tree():
            fields = _stat(pid)
            ticks += sum(int(value) for value in fields[11:15])
        return ticks / TICKS

    def memory(self) -> int:
        """Bytes that the largest process of the tree holds (VmRSS): of Daypass and nginx, a worker."""
        return max(_resident(pid) for pid in self.tree())

    def settle(self, longest: float = 8.0) -> None:
        """Wait until the server has done what it owes behind its answers."""
        deadline = time.monotonic() + longest
        used, since = self.cpu(), time.monotonic()
        while time.monotonic() < min(since + self.quiet, deadline):
            time.sleep(0.1)
            now = self.cpu()
            if now - used > 2 / TICKS:
                used, since = now, time.monotonic()


def _stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat behind the name: state, parent... Empty when the process has gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    except OSError:
        return []


def _resident(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmRSS:"))


def free_ports(count: int) -> list[int]:
    """Ports of loopback that nobody listens on, nor 10,000 above them (SeaweedFS's second ports)."""
    found: list[int] = []
    with contextlib.ExitStack() as held:
        while len(found) < count:
            one = held.enter_context(socket.socket())
            one.bind(("127.0.0.1", 0))
            port = one.getsockname()[1]
            two = held.enter_context(socket.socket())
            with contextlib.suppress(OSError, OverflowError):
                two.bind(("127.0.0.1", port + 10000))
                found.append(port)
    return found
