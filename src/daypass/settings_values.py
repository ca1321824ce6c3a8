"""How the values of settings are read: from the text of a flag or variable, or from a TOML value.

Each reader takes the value as it was written and raises ValueError with a text that says what is expected.
"""

from __future__ import annotations

import ipaddress
import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-\d{1,2}")
DOMAIN = re.compile(r"(?=.{1,253}\Z)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*")
ACCOUNT_ID = re.compile(r"\d{12}", re.ASCII)
ACCESS_KEY_ID = re.compile(r"\w{3,128}", re.ASCII)


def text(value: object) -> str:
    """A text on one line, not empty."""
    if not isinstance(value, str) or not value or not value.isprintable():
        raise ValueError(f"expected a text, not {value!r}")
    return value


def path(value: object) -> Path:
    """A path; ``~`` is the home folder."""
    return value.expanduser() if isinstance(value, Path) else Path(text(value)).expanduser()


def number(least: int, most: int) -> Callable[[object], int]:
    """A whole number within bounds."""

    def read(value: object) -> int:
        if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 12:
            value = int(value)
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            raise ValueError(f"expected a number from {least} to {most}, not {value!r}")
        return value

    return read


def switch(value: object) -> bool:
    """True or false."""
    match value:
        case bool():
            return value
        case "true" | "1" | "yes" | "on":
            return True
        case "false" | "0" | "no" | "off":
            return False
    raise ValueError(f"expected true or false, not {value!r}")


def names(value: object) -> tuple[str, ...]:
    """Several names: separated by commas, or a TOML array."""
    parts = value.split(",") if isinstance(value, str) else value
    if not isinstance(parts, list | tuple):
        raise ValueError(f"expected names separated by commas, not {value!r}")  # noqa: TRY004 - one kind for all readers
    return tuple(text(part).strip() for part in parts if part)


def one_of(*choices: str) -> Callable[[object], str]:
    """One of a closed set of words."""

    def read(value: object) -> str:
        if value not in choices:
            raise ValueError(f"expected {' or '.join(choices)}, not {value!r}")
        return str(value)

    return read


def networks(value: object) -> tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]:
    """Networks in CIDR notation, separated by commas, or a TOML array; a single address is a network of one."""
    try:
        return tuple(ipaddress.ip_network(name) for name in names(value))
    except ValueError as error:
        raise ValueError(f"expected networks such as 127.0.0.0/8: {error}") from None


def _matching(pattern: re.Pattern[str], expected: str) -> Callable[[object], str]:
    def read(value: object) -> str:
        if not isinstance(value, str) or pattern.fullmatch(value) is None:
            raise ValueError(f"expected {expected}, not {value!r}")
        return value

    return read


region = _matching(REGION, "a region such as eu-central-1")
account_id = _matching(ACCOUNT_ID, "an account id of 12 digits")
access_key_id = _matching(ACCESS_KEY_ID, "an access key id of 3 to 128 letters, digits and underscores")


def domain(value: object) -> str:
    """A host name, or nothing."""
    if value == "":
        return ""
    return _matching(DOMAIN, "a domain such as daypass.example.org")(value.lower() if isinstance(value, str) else value)


def issuer_base(value: object) -> str:
    """An ``https`` URL of a host and perhaps a port, nothing after it; or nothing at all."""
    if value == "":
        return ""
    written = value.lower().removesuffix("/") if isinstance(value, str) else ""
    name, _, port = written.removeprefix("https://").partition(":")
    good = written.startswith("https://") and DOMAIN.fullmatch(name) and (port.isdigit() or ":" not in written[8:])
    if not good or (port and not 0 < int(port) < 65536):
        raise ValueError(f"expected a URL such as https://sts.example.org, without a path, not {value!r}")
    return written.removesuffix(":443")


def secret(value: object) -> str:
    """A secret access key. It is not repeated in the complaint."""
    if not isinstance(value, str) or not 3 <= len(value) <= 128 or not value.isascii() or not value.isprintable():
        raise ValueError("expected a secret of 3 to 128 printable ASCII characters")
    return value
