"""A real server of this checkout on a free port, and real clients pointed at it: what the fixtures are made of."""

from __future__ import annotations

import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

BIN = Path(sys.executable).parent
REGION = "us-east-1"
START_SECONDS = 30


@dataclass(frozen=True)
class Credentials:
    """What a client signs with."""

    access_key_id: str
    secret_access_key: str
    session_token: str | None = None

    @classmethod
    def of(cls, answer: dict[str, Any]) -> Credentials:
        """From the ``Credentials`` member of an STS answer."""
        return cls(answer["AccessKeyId"], answer["SecretAccessKey"], answer["SessionToken"])

    def environment(self) -> dict[str, str]:
        """As the variables that every SDK and CLI reads."""
        variables = {"AWS_ACCESS_KEY_ID": self.access_key_id, "AWS_SECRET_ACCESS_KEY": self.secret_access_key}
        return variables | ({"AWS_SESSION_TOKEN": self.session_token} if self.session_token else {})


@dataclass
class Server:
    """A running server process."""

    process: subprocess.Popen[bytes]
    url: str
    data: Path
    environment: dict[str, str] = field(default_factory=dict)

    def cli(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run the ``daypass`` command beside the server."""
        return subprocess.run(
            [BIN / "daypass", *arguments, "--data", str(self.data)],
            capture_output=True, text=True, check=check, timeout=60, env=clean_environment() | self.environment,
        )  # fmt: skip

    def credentials(self, profile: str = "admin") -> Credentials:
        """The long-term keys that the first start wrote."""
        lines = self.cli("env", "--profile", profile).stdout
        script = f'{lines}\nprintf "%s\\n%s" "$AWS_ACCESS_KEY_ID" "$AWS_SECRET_ACCESS_KEY"'
        shell = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True, timeout=10)
        return Credentials(*shell.stdout.split("\n"))

    def stop(self) -> int:
        """SIGTERM, and the exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=30)


def clean_environment() -> dict[str, str]:
    """This process's environment without anything that would lead a client elsewhere."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "DAYPASS_"))}
    return kept | {"AWS_CONFIG_FILE": "/nonexistent", "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent",
                   "AWS_EC2_METADATA_DISABLED": "true", "AWS_PAGER": ""}  # fmt: skip


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def launch(data: Path, *flags: str, port: int | None = None, **settings: str) -> Server:
    """Start ``daypass serve`` and wait until it takes requests. ``settings`` are ``DAYPASS_*`` variables."""
    port = port or free_port()
    environment = {f"DAYPASS_{name.upper()}": value for name, value in settings.items()}
    log = (data.parent / f"{data.name}.log").open("ab")
    process = subprocess.Popen(
        [BIN / "daypass", "serve", "--data", str(data), "--port", str(port), *flags],
        stdout=log, stderr=subprocess.STDOUT, env=clean_environment() | environment,
    )  # fmt: skip
    log.close()
    scheme = "https" if "tls_certificate" in settings else "http"
    context = ssl.create_default_context(cafile=settings.get("tls_certificate"))
    server = Server(process, f"{scheme}://localhost:{port}", data, environment)
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        try:
            with urllib.request.urlopen(f"{server.url}/readyz", timeout=2, context=context) as answer:
                if answer.status == 200:
                    return server
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.05)
    process.kill()
    raise AssertionError(f"the server did not start:\n{(data.parent / f'{data.name}.log').read_text()}")


def make_client(url: str, credentials: Credentials, service: str, **config: Any) -> Any:
    """A boto3 client. Retries are off: each answer is the server's first word."""
    session = boto3.Session(
        aws_access_key_id=credentials.access_key_id,
        aws_secret_access_key=credentials.secret_access_key,
        aws_session_token=credentials.session_token,
        region_name=REGION,
    )
    settings = Config(retries={"total_max_attempts": 1}, **config)
    return session.client(service, endpoint_url=url, config=settings)


kept_client = lru_cache(maxsize=256)(make_client)


@dataclass(frozen=True)
class Clients:
    """boto3 clients that sign with one set of credentials."""

    url: str
    credentials: Credentials

    def client(self, service: str, **config: Any) -> Any:
        """A boto3 client; a plain one is kept for each service, since making it takes far longer than a call."""
        if config:
            return make_client(self.url, self.credentials, service, **config)
        return kept_client(self.url, self.credentials, service)

    @property
    def sts(self) -> Any:
        return self.client("sts")

    @property
    def iam(self) -> Any:
        return self.client("iam")

    @property
    def s3(self) -> Any:
        return self.client("s3")

    @property
    def cloudtrail(self) -> Any:
        return self.client("cloudtrail")

    def with_credentials(self, credentials: Credentials) -> Clients:
        """Clients of the same server for somebody else."""
        return Clients(self.url, credentials)

    def assume(self, role_arn: str, name: str = "test", **parameters: Any) -> Clients:
        """Clients of a session of that role."""
        answer = self.sts.assume_role(RoleArn=role_arn, RoleSessionName=name, **parameters)
        return self.with_credentials(Credentials.of(answer["Credentials"]))

    @property
    def account(self) -> str:
        """The account these credentials belong to."""
        return str(self.sts.get_caller_identity()["Account"])


def allow(*actions: str, resource: str | list[str] = "*", **extra: Any) -> str:
    """A policy document with one Allow statement."""
    statement = {"Effect": "Allow", "Action": list(actions), "Resource": resource} | extra
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def trusting(principal: dict[str, Any] | str, *actions: str, **extra: Any) -> str:
    """A trust policy with one Allow statement."""
    statement = {"Effect": "Allow", "Principal": principal, "Action": list(actions) or ["sts:AssumeRole"]} | extra
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


@dataclass(frozen=True)
class Person:
    """An IAM user with a long-term key."""

    name: str
    arn: str
    clients: Clients


def make_user(admin: Clients, name: str, policy: str | None = None) -> Person:
    """An IAM user with an access key, and one inline policy if given."""
    user = admin.iam.create_user(UserName=name)["User"]
    if policy is not None:
        admin.iam.put_user_policy(UserName=name, PolicyName="inline", PolicyDocument=policy)
    key = admin.iam.create_access_key(UserName=name)["AccessKey"]
    return Person(name, user["Arn"], admin.with_credentials(Credentials(key["AccessKeyId"], key["SecretAccessKey"])))
