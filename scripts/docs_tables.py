"""Writes the tables of the documentation that are made from the program itself: settings, and operations by service.

``python scripts/docs_tables.py`` writes them; a test compares them with what stands in ``docs/``.
"""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

from daypass.app import SERVICES
from daypass.config import Config
from daypass.protocol import Protocols

DOCS = Path(__file__).resolve().parents[1] / "docs"
TITLES = {
    "sts": "Security Token Service",
    "iam": "Identity and Access Management",
    "s3": "Simple Storage Service",
    "cloudtrail": "CloudTrail",
    "access-analyzer": "IAM Access Analyzer",
    "signin": "Sign-in (the federation endpoint and the console)",
}


def settings_page() -> str:
    """``docs/settings.md``."""
    lines = [
        "# Settings",
        "",
        "Each setting can be given as a flag of `daypass serve` (where there is one), as an environment variable, or in a",
        "TOML file named by `--config FILE` or `DAYPASS_CONFIG`; in this order of precedence. In the file, `a.b` is the key",
        "`b` in the table `[a]`. A setting that does not exist is refused by its name.",
        "",
        "| setting | variable | default | |",
        "|---|---|---|---|",
    ]
    for setting in fields(Config):
        name = setting.metadata["name"]
        variable = "DAYPASS_" + name.replace(".", "_").upper()
        lines.append(f"| `{name}` | `{variable}` | {_default(setting.default)} | {setting.metadata['text']} |")
    return "\n".join(lines) + "\n"


def _default(value: object) -> str:
    match value:
        case None | "" | ():
            return ""
        case bool():
            return f"`{str(value).lower()}`"
        case _:
            return f"`{value}`"


def operations_page() -> str:
    """``docs/operations.md``."""
    protocols = Protocols.load()
    tables = {operations.service: operations.table for operations in SERVICES}
    known = {name: sorted(protocols.services[name].operation_names) for name in TITLES}
    done = sum(len(table) for table in tables.values())
    lines = [
        "# Operations",
        "",
        f"What is implemented: {done} of {sum(len(names) for names in known.values())} operations in the service models.",
        "An operation that is not implemented yet answers `NotImplemented` in the form of its own service, after the caller",
        "has been authenticated; it never answers a made-up success. This page is made from the program.",
    ]
    for service, title in TITLES.items():
        table = tables[service]
        rest = [name for name in known[service] if name not in table]
        lines += ["", f"## {title}: {len(table)} of {len(known[service])}", "", "Implemented: "]
        lines[-1] += ", ".join(f"`{name}`" for name in sorted(table)) + "."
        if rest:
            lines += ["", "Not yet: " + ", ".join(f"`{name}`" for name in rest) + "."]
    return "\n".join(lines) + "\n"


PAGES = {"settings.md": settings_page, "operations.md": operations_page}

if __name__ == "__main__":
    for page, text in PAGES.items():
        (DOCS / page).write_text(text(), encoding="utf-8")
