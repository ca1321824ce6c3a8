"""``daypass env``: the lines that point AWS's tools of a shell at this server.

``eval "$(daypass env)"`` works in sh, bash and zsh: values are quoted, and nothing but the lines goes to the output.
boto3 and version 1 of the AWS CLI read ``AWS_DEFAULT_REGION``, the other SDKs and version 2 ``AWS_REGION``.
"""

from __future__ import annotations

import configparser
import shlex
import sys
from typing import TYPE_CHECKING

from daypass.cli import settings
from daypass.cli.problem import CommandProblem

if TYPE_CHECKING:
    import argparse
    from pathlib import Path

    from daypass.config import Config

ENDPOINT = "endpoint"


def add(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "env", help="print export lines for AWS's tools", description='Use it as: eval "$(daypass env)"'
    )
    settings.add_flags(parser)
    parser.add_argument("--profile", default="admin", help="whose keys: admin (default) or root")
    parser.set_defaults(run=run)


def run(chosen: argparse.Namespace) -> int:
    """Print the lines."""
    config = settings.read(chosen)
    key_id, secret = keys(credentials_file(config), chosen.profile)
    values = {
        "AWS_ENDPOINT_URL": endpoint(config),
        "AWS_ACCESS_KEY_ID": key_id,
        "AWS_SECRET_ACCESS_KEY": secret,
        "AWS_REGION": config.region,
        "AWS_DEFAULT_REGION": config.region,
    }
    lines = [f"export {name}={shlex.quote(value)}\n" for name, value in values.items()]
    sys.stdout.write("".join([*lines, "unset AWS_SESSION_TOKEN\n"]))
    return 0


def credentials_file(config: Config) -> Path:
    """Where the first start leaves the keys of root and admin."""
    return config.data / "credentials"


def keys(file: Path, profile: str) -> tuple[str, str]:
    """A profile's access key from the file that the first start wrote. Raises CommandProblem."""
    parser = configparser.RawConfigParser(default_section="")
    try:
        parser.read_string(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise CommandProblem(f"there is no {file} yet: start the server first (daypass serve)") from None
    except OSError as error:
        raise CommandProblem(f"{file}: {error.strerror}") from None
    except (configparser.Error, UnicodeDecodeError):
        raise CommandProblem(f"{file} is no AWS credentials file") from None
    if not parser.has_section(profile):
        raise CommandProblem(f"{file} has no profile {profile}: it has {', '.join(parser.sections())}")
    try:
        return parser[profile]["aws_access_key_id"], parser[profile]["aws_secret_access_key"]
    except KeyError:
        raise CommandProblem(f"{file}: the profile {profile} has no access key") from None


def endpoint(config: Config) -> str:
    """Where the server of the data folder was last seen to listen, else where it would."""
    try:
        return (config.data / ENDPOINT).read_text(encoding="utf-8").strip() or config.endpoint(config.port)
    except OSError:
        return config.endpoint(config.port)
