# ruff: noqa: T201 - a script: no package, and it says what it did
"""Make ``src/daypass/directory/data/aws_managed_policies-DATE.zip`` anew from the newest release of moto.

    python scripts/refresh_aws_managed_policies.py [MOTO.whl]

Without a wheel, pip downloads one. moto (Apache-2.0) collects AWS's published managed policies; only that data is read,
none of its code runs. The same wheel gives the same bytes: the ZIP's own dates are fixed.
"""

from __future__ import annotations

import ast
import json
import subprocess
import sys
import tempfile
from datetime import datetime
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

DATA = Path(__file__).resolve().parent.parent / "src" / "daypass" / "directory" / "data"
MODULE = "moto/iam/aws_managed_policies.py"
VARIABLE = "aws_managed_policies_data"
ORDER = ("Version", "Id", "Statement", "Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Condition")
"""moto sorts the elements; AWS writes them in this order."""


def main() -> None:
    """Read, then write beside the NOTICE."""
    with tempfile.TemporaryDirectory() as folder:
        wheel = Path(sys.argv[1]) if len(sys.argv) > 1 else download(Path(folder))
        policies = read(wheel)
    date = max(policy["UpdateDate"] for policy in policies.values())[:10]
    for old in DATA.glob("aws_managed_policies-*.zip"):
        old.unlink()
    target = DATA / f"aws_managed_policies-{date}.zip"
    write(target, policies)
    print(f"{target.name}: {len(policies)} policies, {target.stat().st_size} bytes")


def download(folder: Path) -> Path:
    """The newest wheel of moto."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(folder), "moto"]
    subprocess.run(command, check=True)  # noqa: S603 - the command is all ours
    (wheel,) = folder.glob("moto-*.whl")
    return wheel


def read(wheel: Path) -> dict[str, dict[str, Any]]:
    """The policies by name, out of the one assignment of the module that holds them as JSON."""
    module = ast.parse(ZipFile(wheel).read(MODULE))
    (text,) = (
        node.value.value
        for node in module.body
        if isinstance(node, ast.Assign)
        and isinstance(node.value, ast.Constant)
        and [target.id for target in node.targets if isinstance(target, ast.Name)] == [VARIABLE]
    )
    policies: dict[str, dict[str, Any]] = json.loads(str(text))
    return dict(sorted(policies.items()))


def write(target: Path, policies: dict[str, dict[str, Any]]) -> None:
    """The index (name, path, version, created, updated) and one file per document."""
    index = [
        (name, p["Path"], int(p["DefaultVersionId"][1:]), seconds(p["CreateDate"]), seconds(p["UpdateDate"]))
        for name, p in policies.items()
    ]
    with ZipFile(target, "w") as archive:
        add(archive, "index.json", json.dumps(index, indent=0))
        for name, policy in policies.items():
            add(archive, f"policies/{name}.json", json.dumps(in_order(policy["Document"]), indent=4))


def in_order(document: dict[str, Any]) -> dict[str, Any]:
    """The document with its elements as AWS writes them."""
    statements = document["Statement"]
    listed = statements if isinstance(statements, list) else [statements]
    ordered = [dict(sorted(statement.items(), key=lambda item: ORDER.index(item[0]))) for statement in listed]
    document = {**document, "Statement": ordered if isinstance(statements, list) else ordered[0]}
    return dict(sorted(document.items(), key=lambda item: ORDER.index(item[0])))


def add(archive: ZipFile, name: str, text: str) -> None:
    """One file of the archive, without a date of its own."""
    archive.writestr(ZipInfo(name), text, ZIP_DEFLATED, 9)


def seconds(date: str) -> int:
    """Seconds since the epoch."""
    return int(datetime.fromisoformat(date).timestamp())


if __name__ == "__main__":
    main()
