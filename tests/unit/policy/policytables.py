"""Reads the tables of worked examples in tests/cases/policy/examples; the README beside them explains the notation."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[2] / "cases" / "policy" / "examples"
A, B, MANAGEMENT = "111122223333", "444455556666", "777788889999"
NAMES: dict[str, tuple[str, str]] = {
    "*": ("*", "*"),
    "AWS:*": ("AWS", "*"),
    "A": ("AWS", A),
    "B": ("AWS", f"arn:aws:iam::{B}:root"),
    "alice": ("AWS", f"arn:aws:iam::{A}:user/alice"),
    "bob": ("AWS", f"arn:aws:iam::{A}:user/bob"),
    "app": ("AWS", f"arn:aws:iam::{A}:role/app"),
    "app/s1": ("AWS", f"arn:aws:sts::{A}:assumed-role/app/s1"),
    "id of app": ("AWS", "AROAAPPAPPAPPAPPAPPAP"),
    "old app": ("AWS", "AROAOLDOLDOLDOLDOLDOL"),
    "federated": ("AWS", f"arn:aws:sts::{A}:federated-user/alice"),
    "B.x": ("AWS", f"arn:aws:iam::{B}:user/x"),
    "B.r": ("AWS", f"arn:aws:iam::{B}:role/r"),
    "B.r/s1": ("AWS", f"arn:aws:sts::{B}:assumed-role/r/s1"),
    "cloudtrail": ("Service", "cloudtrail.amazonaws.com"),
    "oidc": ("Federated", f"arn:aws:iam::{A}:oidc-provider/host"),
}
LAYERS = ("ID", "PB", "SP", "VPCE", "RP", "KP", "TP", "SCP", "RCP")
_LAYER = re.compile(rf"({'|'.join(LAYERS)})(?:/(\w+))?(?:\((.*)\))?")
_BUCKET = ["arn:aws:s3:::box", "arn:aws:s3:::box/*"]


@dataclass(frozen=True)
class Written:
    """One policy of a row: ``RP(alice) +s3:GetObject``."""

    layer: str
    level: str | None
    document: dict[str, Any]


@dataclass(frozen=True)
class Example:
    """One row."""

    table: str
    number: int
    policies: tuple[Written, ...]
    caller: str
    action: str
    resource: str
    context: dict[str, str | tuple[str, ...]]
    result: str
    why: str

    def of(self, layer: str) -> list[Written]:
        return [written for written in self.policies if written.layer == layer]

    def __str__(self) -> str:
        return f"{self.number} {self.why}"


@cache
def examples() -> tuple[Example, ...]:
    """All rows of all tables, by number."""
    rows = [_row(path.stem, line) for path in sorted(FOLDER.glob("*.md")) for line in _lines(path)]
    return tuple(sorted(rows, key=lambda row: row.number))


def _lines(path: Path) -> list[str]:
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if line.startswith("| ")]
    return lines[1:]  # after the head; the line under it has no blank behind its bar


def _row(table: str, line: str) -> Example:
    cells = [cell.strip().strip("`") for cell in line.removeprefix("| ").removesuffix(" |").split(" | ")]
    if len(cells) != 7:
        raise ValueError(f"{table}: a row has seven cells: {line}")
    number, policies, caller, asks, context, result, why = cells
    action, _, resource = (asks or "s3:GetObject box/k").partition(" ")
    return Example(
        table=table,
        number=int(number),
        policies=tuple(_written(text) for text in policies.split(" ; ") if text),
        caller=caller or "alice",
        action=action,
        resource=arn(resource),
        context=dict(_context(item) for item in context.split("; ") if item),
        result=result,
        why=why,
    )


def _context(item: str) -> tuple[str, str | tuple[str, ...]]:
    key, _, value = item.partition("=")
    if value.startswith("[") and value.endswith("]"):
        return key, tuple(part for part in value[1:-1].split(", ") if part)
    return key, value


def arn(short: str) -> str:
    """``box/k`` is an object, ``user/x`` one of IAM in account A."""
    if short == "*" or short.startswith("arn:"):
        return short
    if short.startswith(("user/", "role/", "group/", "policy/")):
        return f"arn:aws:iam::{A}:{short}"
    return f"arn:aws:s3:::{short}"


def _tokens(text: str) -> list[str]:
    """Words, where blanks within braces and parentheses part nothing."""
    words, depth = [""], 0
    for character in text:
        depth += {"{": 1, "(": 1, "}": -1, ")": -1}.get(character, 0)
        if character == " " and depth == 0:
            words.append("")
        else:
            words[-1] += character
    return [word for word in words if word]


def _written(text: str) -> Written:
    head, *words = _tokens(text)
    found = _LAYER.fullmatch(head)
    if found is None:
        raise ValueError(f"no layer is called {head}")
    layer, level, names = found.groups()
    document: dict[str, Any] = {"Version": "2012-10-17", "Statement": []}
    if words[:1] == ["V2008"]:
        document["Version"] = "2008-10-17"
        del words[0]
    for word in words:
        if word[0] in "+-":
            document["Statement"].append(_begun(word, layer, names))
        else:
            _add(document["Statement"][-1], word)
    return Written(layer, level, document)


def _begun(word: str, layer: str, names: str | None) -> dict[str, Any]:
    negated = word[1:2] == "!"
    statement: dict[str, Any] = {
        "Effect": "Allow" if word[0] == "+" else "Deny",
        "NotAction" if negated else "Action": word[2:] if negated else word[1:],
    }
    if layer != "TP":
        statement["Resource"] = _BUCKET if layer == "RP" else "*"
    if layer in ("RP", "KP", "TP", "VPCE", "RCP"):
        names = names or "*"
        statement["NotPrincipal" if names[0] == "!" else "Principal"] = _principals(names.removeprefix("!"))
    return statement


def _add(statement: dict[str, Any], word: str) -> None:
    match word[0], word[1:2]:
        case "@", "!":
            statement.pop("Resource")
            statement["NotResource"] = arn(word[2:])
        case "@", _:
            statement["Resource"] = arn(word[1:])
        case "#", _:
            statement["Sid"] = word[1:]
        case "{", _:
            statement["Condition"] = _conditions(word[1:-1])
        case _:
            raise ValueError(f"what does {word} mean?")


def _principals(names: str) -> Any:
    if names == "*":
        return "*"
    element: dict[str, list[str]] = {}
    for name in names.split(", "):
        kind, value = NAMES[name]
        element.setdefault(kind, []).append(value)
    return element


def _conditions(text: str) -> dict[str, Any]:
    block: dict[str, Any] = {}
    for part in text.split("; ") if text else ():
        operator, key, values = part.split(" ", 2)
        listed = [] if values == "[]" else ["" if value == '""' else value for value in values.split(" or ")]
        block.setdefault(operator, {})[key] = listed
    return block


def text_of(document: dict[str, Any]) -> str:
    """A document as it is sent."""
    return json.dumps(document)
