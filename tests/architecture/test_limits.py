"""What keeps the code readable and the dangerous things in one place: sizes, local imports, comparisons, decoding.

An exemption is written down here with its reason. A file that is not exempt any more must leave the list.
"""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

SOURCE = Path(__file__).parents[2] / "src" / "daypass"
MODULES = sorted(SOURCE.rglob("*.py"))

MODULE_LINES = 400
CLASS_LINES = 250
FUNCTION_LINES = 60

LONGER: dict[str, str] = {}
"""What may be longer, ``path`` or ``path:name``, and why."""

SECRET_NAME = re.compile(r"signature|token|mac\b|_mac|hmac|digest|secret", re.IGNORECASE)
"""Names of values whose comparison must take the same time whatever they are (threats: A16, K10)."""

COMPARED: dict[str, str] = {
    "signing/chunked.py: name == _TRAILER_SIGNATURE": "the name of a trailing header, which everybody may know",
    "services/signin/federation.py: session.secret != Secret(shown.session_key)": "Secret compares in constant time",
}
"""Modules that compare such a name with ``==`` although it is no secret, and why."""

UNQUOTING: dict[str, str] = {
    "protocol/percent.py": "path labels, queries and forms, each decoded once for the operation",
    "signing/canonical.py": "the canonical request, which is only compared and never handed on",
}
"""Modules that may undo percent-encoding (threats: A13): a path that is decoded twice is another path."""


def name_of(path: Path) -> str:
    return path.relative_to(SOURCE).as_posix()


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def definitions(path: Path) -> Iterator[ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def too_long() -> set[str]:
    found = {name_of(path) for path in MODULES if len(path.read_text(encoding="utf-8").splitlines()) > MODULE_LINES}
    for path in MODULES:
        for node in definitions(path):
            limit = CLASS_LINES if isinstance(node, ast.ClassDef) else FUNCTION_LINES
            if (node.end_lineno or node.lineno) - node.lineno + 1 > limit:
                found.add(f"{name_of(path)}:{node.name}")
    return found


def test_modules_classes_and_functions_are_short() -> None:
    assert too_long() == set(LONGER)


def local_imports() -> set[str]:
    return {
        f"{name_of(path)}:{node.name}"
        for path in MODULES
        if not name_of(path).startswith("cli/")
        for node in definitions(path)
        if not isinstance(node, ast.ClassDef)
        if any(isinstance(inner, ast.Import | ast.ImportFrom) for inner in ast.walk(node))
    }


def test_imports_stand_at_the_top() -> None:
    """A hidden import hides a cycle; only the commands import what they need when they run."""
    assert local_imports() == set()


def named(node: ast.expr) -> str:
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case ast.Call(func=function):
            return named(function)
        case ast.Await(value=value):
            return named(value)
        case _:
            return ""


def compares_secrets(path: Path) -> Iterator[str]:
    for node in ast.walk(tree_of(path)):
        if not isinstance(node, ast.Compare) or not any(isinstance(o, ast.Eq | ast.NotEq) for o in node.ops):
            continue
        sides = [node.left, *node.comparators]
        if any(isinstance(side, ast.Constant) for side in sides):
            continue  # a constant in the source is no secret
        if any(SECRET_NAME.search(named(side)) for side in sides):
            yield f"{name_of(path)}: {ast.unparse(node)}"


def test_a16_secrets_are_compared_in_constant_time() -> None:
    found = {line for path in MODULES for line in compares_secrets(path)}
    assert found == set(COMPARED)


@pytest.mark.parametrize(
    ("source", "caught"),
    [
        ("given.signature == expected", True),
        ("if hmac(key) != mac: pass", True),
        ("self._digest == other", True),
        ("(await token()) == x", True),
        ("machine == other", False),
        ("token == ''", False),
        ("compare_digest(signature, expected)", False),
    ],
)
def test_a16_the_check_itself_sees(source: str, caught: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(globals(), "tree_of", lambda _path: ast.parse(source))
    assert bool(list(compares_secrets(SOURCE / "x.py"))) is caught


def unquoting() -> set[str]:
    return {
        name_of(path)
        for path in MODULES
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.ImportFrom | ast.Import)
        if any(
            alias.name in {"unquote", "unquote_plus", "unquote_to_bytes", "parse_qs", "parse_qsl", "urllib.parse"}
            for alias in node.names
        )
    }


def test_a13_percent_encoding_is_undone_in_few_places() -> None:
    assert unquoting() == set(UNQUOTING)


def test_nothing_is_pickled_and_no_shell_is_called() -> None:
    """Threats, K17."""
    banned = {"pickle", "marshal", "shelve", "yaml", "subprocess"}
    found = {
        f"{name_of(path)}: {alias.name}"
        for path in MODULES
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.ImportFrom | ast.Import)
        for alias in node.names
        if {alias.name.partition(".")[0], (getattr(node, "module", None) or "").partition(".")[0]} & banned
    }
    assert found == set()


def test_every_module_says_what_it_is_for() -> None:
    silent = {name_of(path) for path in MODULES if not ast.get_docstring(tree_of(path))}
    assert silent == set()


def test_public_names_are_sorted_and_there() -> None:
    for path in MODULES:
        if path.name != "__init__.py" or path.parent == SOURCE:
            continue
        for node in tree_of(path).body:
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
                names = ast.literal_eval(node.value)
                assert list(names) == sorted(names, key=lambda n: (not n.isupper(), not n[0].isupper(), n)), path


def test_test_files_have_names_of_their_own() -> None:
    """Pytest imports them all into one space of names."""
    names: dict[str, Path] = {}
    for path in sorted((SOURCE.parents[1] / "tests").rglob("*.py")):
        if path.name != "conftest.py":
            assert path.name not in names, f"{path} and {names.get(path.name)}"
            names[path.name] = path
