"""``daypass doctor``: is all well with the data folder, the port and the clock? One line each; exit status 1 if not."""

from __future__ import annotations

import http.client
import os
import ssl
import stat
import sys
import time
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from daypass.cli import settings
from daypass.cli.env import credentials_file, endpoint, keys
from daypass.cli.problem import CommandProblem

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator
    from pathlib import Path
    from urllib.parse import SplitResult

    from daypass.config import Config

RELEASED = 1_764_000_000
"""No clock that is right shows less: the time this command was written, in seconds since the epoch."""
AHEAD = 60
Finding = tuple[bool, str]


def add(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = subparsers.add_parser("doctor", help="check the data folder, the port and the clock")
    settings.add_flags(parser)
    parser.set_defaults(run=run)


def run(chosen: argparse.Namespace) -> int:
    """Print what was checked and what was found."""
    config = settings.read(chosen)
    well = True
    for good, text in findings(config):
        well = well and good
        sys.stdout.write(f"{'ok  ' if good else 'BAD '} {text}\n")
    return 0 if well else 1


def findings(config: Config) -> Iterator[Finding]:
    """Everything that is checked."""
    yield clock(config.data)
    yield port(config)
    if not config.data.is_dir():
        yield False, f"{config.data} is not there: the first `daypass serve` makes it"
        return
    yield folder(config.data)
    yield credentials(config)
    yield from store(config)


def clock(data: Path) -> Finding:
    """Signatures carry the time: a clock that is wrong refuses everybody."""
    now = time.time()  # noqa: TID251 - the clock itself is looked at
    if now < RELEASED:
        return False, f"the clock shows {time.strftime('%Y-%m-%d', time.gmtime(now))}: set it"
    newest = max((file.stat().st_mtime for file in data.glob("*") if not file.is_symlink()), default=0.0)
    if newest > now + AHEAD:
        return False, f"the clock is {newest - now:.0f} s behind the last change in {data}: set it"
    return True, f"the clock shows {time.strftime('%Y-%m-%d %H:%M:%S', time.gmtime(now))} UTC"


def port(config: Config) -> Finding:
    """Either a Daypass answers there, or the port is free for one."""
    from daypass.server import ListenProblem, bind

    url = urlsplit(endpoint(config))
    try:
        said = ask(url, config.tls_certificate)
    except ssl.SSLError as error:
        return False, f"a server at {url.geturl()} has a certificate that this machine does not take: {error.reason}"
    except (OSError, http.client.HTTPException):
        said = ""
    if said in {"ready", "not ready"}:
        return said == "ready", f"the server at {url.geturl()} says: {said}"
    try:
        for listener in bind(config.host, url.port or config.port):
            listener.close()
    except ListenProblem as problem:
        return False, str(problem)
    return True, f"no server runs; port {url.port} is free"


def ask(url: SplitResult, certificate: Path | None) -> str:
    """What a server says of itself. Its own certificate is good enough, whoever signed it."""
    host = url.hostname or "localhost"
    if url.scheme == "https":
        context = ssl.create_default_context(cafile=certificate)
        connection: http.client.HTTPConnection = http.client.HTTPSConnection(host, url.port, timeout=3, context=context)
    else:
        connection = http.client.HTTPConnection(host, url.port, timeout=3)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().read(20).decode("latin-1").strip()
    finally:
        connection.close()


def folder(data: Path) -> Finding:
    """The data folder is its owner's alone."""
    found = data.stat()
    if found.st_uid != os.getuid():
        return False, f"{data} belongs to user {found.st_uid}, this is user {os.getuid()}"
    if stat.S_IMODE(found.st_mode) & 0o077:
        return False, f"{data} is open to other users (mode {stat.S_IMODE(found.st_mode):o}): run chmod 700 {data}"
    if not os.access(data, os.W_OK | os.X_OK):
        return False, f"{data} cannot be written"
    loose = [file for file in sorted(data.iterdir()) if _open_to_others(file)]
    if loose:
        return False, f"{loose[0]} is open to other users: run chmod -R go-rwx {data}"
    return True, f"{data} is its owner's alone and can be written"


def _open_to_others(file: Path) -> bool:
    return not file.is_symlink() and bool(stat.S_IMODE(file.stat().st_mode) & 0o077)


def credentials(config: Config) -> Finding:
    """The file that ``daypass env`` reads. It may have been taken away on purpose, so its absence is no fault."""
    file = credentials_file(config)
    if not file.exists():
        return True, f"{file} is not there: its keys are kept elsewhere"
    try:
        keys(file, "admin")
    except CommandProblem as problem:
        return False, str(problem)
    return True, f"{file} has the admin's keys"


def store(config: Config) -> Iterator[Finding]:
    """The key ring and the database under it."""
    from daypass.keyfile import KEY_FILE
    from daypass.provisioning import open_store
    from daypass.store import StoreProblem

    if not (config.data / KEY_FILE).exists():
        yield False, f"{config.data / KEY_FILE} is missing: without it no secret in the database opens"
        return
    try:
        opened = open_store(config)
    except StoreProblem as problem:
        yield False, str(problem)
        return
    try:
        yield True, f"{config.data / KEY_FILE} can be read"
        yield from opened.check()
    finally:
        opened.close()
    yield rotation(config)


def rotation(config: Config) -> Finding:
    """Whether the keys were rotated to the end."""
    from daypass.keyfile import RingProblem
    from daypass.rekeying import unfinished

    try:
        left = unfinished(config)
    except RingProblem as problem:
        return False, str(problem)
    return left is None, left or "all secrets are sealed under the key that seals now"
