"""``daypass serve``: the server.

In this order, so that what cannot work is told before anything is changed: the settings, the port, the data folder
(made on the first start), the workers; the line that says where it listens comes when it does.
"""

from __future__ import annotations

import logging
import os
import shlex
import ssl
import sys
from typing import TYPE_CHECKING

from daypass import __version__
from daypass.cli import settings
from daypass.cli.env import ENDPOINT, credentials_file
from daypass.cli.problem import CommandProblem

if TYPE_CHECKING:
    import argparse
    from pathlib import Path

    from daypass.config import Config
    from daypass.server import Application


def add(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = subparsers.add_parser("serve", help="run the server", description="Run the server until it is stopped.")
    settings.add_flags(parser)
    parser.add_argument("--host", metavar="H", help="the address to listen on (DAYPASS_HOST; 127.0.0.1)")
    parser.add_argument("--port", metavar="N", help="the port to listen on (DAYPASS_PORT; 4100)")
    parser.add_argument("--workers", metavar="N", help="worker processes (DAYPASS_WORKERS; one per processor)")
    parser.add_argument("--account-id", metavar="ID", help="the first account's id, on the first start")
    parser.add_argument("--insecure-http", action="store_const", const=True, help="serve plain HTTP to other machines")
    parser.set_defaults(run=run)


def run(chosen: argparse.Namespace) -> int:
    """Serve until told to stop."""
    from daypass.app import App
    from daypass.provisioning import provision
    from daypass.server import ListenProblem, Plan, StartProblem, bind
    from daypass.server import run as run_server
    from daypass.store import StoreProblem

    logging.basicConfig(level=logging.WARNING, format="daypass: %(message)s", stream=sys.stderr)
    os.umask(0o077)
    config = settings.read(
        chosen,
        host=chosen.host,
        port=chosen.port,
        workers=chosen.workers,
        account__id=chosen.account_id,
        insecure_http=chosen.insecure_http,
    )

    def open_app() -> Application:
        try:
            return App.open(config)
        except StoreProblem as problem:
            raise StartProblem(str(problem)) from None

    check_tls(config)
    try:
        listeners = bind(config.host, config.port, config.processes)
        provisioned = provision(config)
        endpoint = config.endpoint(listeners[0].getsockname()[1])
        write_endpoint(config.data, endpoint)
        text = banner(config, endpoint, sys.argv[0], first=provisioned.fresh)
        return run_server(Plan(config, open_app, listeners, lambda: _print(text)))
    except (ListenProblem, StartProblem, StoreProblem) as problem:
        raise CommandProblem(str(problem)) from None


def check_tls(config: Config) -> None:
    """Load certificate and key once, so that a wrong file is told in one line. Raises CommandProblem."""
    if config.tls_certificate is None:
        return
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(config.tls_certificate, config.tls_key)
    except (OSError, ssl.SSLError) as error:
        raise CommandProblem(f"tls.certificate, tls.key: {error.strerror or error}") from None


def _print(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


def write_endpoint(data: Path, endpoint: str) -> None:
    """Leave where the server listens for ``daypass env``."""
    temporary = data / f".{ENDPOINT}.{os.getpid()}"
    try:
        temporary.write_text(endpoint + "\n", encoding="utf-8")
        temporary.replace(data / ENDPOINT)
    except OSError as error:
        raise CommandProblem(f"{data / ENDPOINT}: {error.strerror}") from None


def banner(config: Config, endpoint: str, command: str, *, first: bool) -> str:
    """What the operator reads when the server listens."""
    lines = [f"Daypass {__version__} listens on {endpoint} (data in {config.data}, {_workers(config.processes)})"]
    if first:
        daypass = shlex.quote(command) if "/" in command else "daypass"
        here = "" if str(config.data) == ".daypass" else f" --data {shlex.quote(str(config.data))}"
        lines += [
            f"The keys of root and of the user admin lie in {credentials_file(config)}. Three commands to try:",
            f'  eval "$({daypass} env{here})"',
            "  aws sts get-caller-identity",
            "  aws s3 mb s3://my-first-bucket",
        ]
    return "\n".join(lines) + "\n"


def _workers(count: int) -> str:
    return "1 worker" if count == 1 else f"{count} workers"
