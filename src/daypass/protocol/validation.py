"""Constraints of the service models (length, range, pattern, enum, required) as AWS checks and words them.

One refusal names every fault: ``2 validation errors detected: Value '...' at 'roleArn' failed to satisfy constraint:
...; Value ...`` (recorded from STS; IAM leaves the value out and has sentences of its own for names and paths, which
stand in ``corrections.toml``). Each shape is compiled once into a closure; a shape without constraints compiles to
nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from daypass.errors import ApiError

if TYPE_CHECKING:
    from daypass.protocol.models import Model, Shape

LONGEST_MESSAGE = 65_536
"""Characters of a refusal's text: it echoes what was sent, and must not multiply it."""

MOST_FAULTS = 1000
"""Faults after which the rest of a list is not looked at: the call is refused, and strangers may send millions."""

_BLANKS = "\\u0020\\u00A0\\u1680\\u2000-\\u200A\\u2028\\u2029\\u202F\\u205F\\u3000"
_ALL_ASTRAL = "\\uD800\\uDC00-\\uDBFF\\uDFFF"


@dataclass(frozen=True, slots=True)
class Wording:
    """How one service words its faults."""

    code: str = "ValidationError"
    echo: bool = True
    """Whether values, and the members of enumerations, are named."""
    sentences: Mapping[tuple[str, str | None], str] = field(default_factory=dict)
    """(pattern, member or None for all) -> a sentence that replaces the constraint."""


@dataclass(slots=True)
class Faults:
    """What is wrong with one call's arguments."""

    clauses: list[str] = field(default_factory=list)
    sentences: list[str] = field(default_factory=list)


Check = Callable[[Any, str, Faults], None]
Test = tuple[Callable[[Any], bool], str]


def java_pattern(pattern: str) -> re.Pattern[str]:
    r"""A model's pattern, which is Java's, for ``re``.

    ``\w`` and ``\d`` are ASCII (recorded: a letter with an accent fails). Python has no ``\p{L}``, but its Unicode
    ``\w`` is exactly letters, numbers and the underscore, which stands in all the classes that use ``\p{L}``.
    """
    flags = re.ASCII
    if "\\p{L}" in pattern:
        flags = re.UNICODE
        pattern = pattern.replace("\\p{L}", "\\w").replace("\\p{N}", "").replace("\\p{Z}", _BLANKS)
    return re.compile(pattern.replace(_ALL_ASTRAL, "\\U00010000-\\U0010FFFF"), flags)


class Validator:
    """The constraints of one service's shapes, compiled where they are first used."""

    def __init__(self, model: Model, wording: Wording) -> None:
        self._model = model
        self._wording = wording
        self._compiled: dict[str, Check | None] = {}

    def check(self, shape: str, arguments: Mapping[str, Any]) -> None:
        """Refuse arguments that break a constraint of ``shape`` (a structure)."""
        check = self._check_of(shape)
        if check is None:
            return
        faults = Faults()
        check(arguments, "", faults)
        if faults.clauses:
            count = len(faults.clauses)
            head = f"{count} validation error{'s' if count > 1 else ''} detected: "
            raise ApiError(self._wording.code, (head + "; ".join(faults.clauses))[:LONGEST_MESSAGE])
        if faults.sentences:
            raise ApiError(self._wording.code, faults.sentences[0])

    def _check_of(self, name: str) -> Check | None:
        if name not in self._compiled:
            # A recursive shape meets itself here, and looks itself up again when it runs.
            self._compiled[name] = lambda value, path, faults: self._again(name, value, path, faults)
            self._compiled[name] = self._compile(self._model.shapes[name])
        return self._compiled[name]

    def _again(self, name: str, value: Any, path: str, faults: Faults) -> None:
        check = self._compiled[name]
        if check is not None:
            check(value, path, faults)

    def _compile(self, shape: Shape) -> Check | None:
        match shape.type:
            case "structure":
                return self._structure(shape)
            case "list":
                return self._list(shape)
            case "map":
                return self._map(shape)
        return self._scalar(shape)

    def _structure(self, shape: Shape) -> Check | None:
        plan = []
        for name, member in shape.members.items():
            check, required = self._check_of(member.shape), name in shape.required
            if check or required:
                plan.append((name, name[0].lower() + name[1:], check, required))
        if not plan:
            return None
        missing = "Value null at '" if self._wording.echo else "Value at '"

        def check_structure(value: Mapping[str, Any], path: str, faults: Faults) -> None:
            for name, shown, check, required in plan:
                item = value.get(name)
                if item is not None:
                    if check:
                        check(item, f"{path}.{shown}" if path else shown, faults)
                elif required:
                    place = f"{path}.{shown}" if path else shown
                    faults.clauses.append(f"{missing}{place}' failed to satisfy constraint: Member must not be null")

        return check_structure

    def _list(self, shape: Shape) -> Check | None:
        if shape.member is None:
            return None
        tests = _size_tests(shape)
        element = self._model.shapes[shape.member.shape]
        if element.type in ("structure", "list", "map"):
            return self._list_of_shapes(tests, self._check_of(shape.member.shape))
        if inner := self._tests_of(element):
            texts = sorted((text for _, text in inner), key=lambda text: "must satisfy" in text)
            everything = ", ".join([*texts, "Member must not be null"])
            fits = [test for test, _ in inner]
            whole = f"Member must satisfy constraint: [{everything}]"
            tests = [*tests, (lambda value: all(test(item) for item in value for test in fits), whole)]
        return self._check_tests(tests, sensitive=shape.sensitive or element.sensitive) if tests else None

    def _list_of_shapes(self, tests: list[Test], check: Check | None) -> Check | None:
        own = self._check_tests(tests, sensitive=False) if tests else None
        if check is None:
            return own
        each = check

        def check_list(value: list[Any], path: str, faults: Faults) -> None:
            if own:
                own(value, path, faults)
            for index, item in enumerate(value, 1):
                if len(faults.clauses) >= MOST_FAULTS:
                    break
                each(item, f"{path}.{index}.member", faults)

        return check_list

    def _map(self, shape: Shape) -> Check | None:
        if shape.key is None or shape.value is None:
            return None
        tests = _size_tests(shape)
        keys = [test for test, _ in self._tests_of(self._model.shapes[shape.key.shape])]
        if keys:
            texts = ", ".join(text for _, text in self._tests_of(self._model.shapes[shape.key.shape]))
            whole = f"Map keys must satisfy constraint: [{texts}]"
            tests = [*tests, (lambda value: all(test(key) for key in value for test in keys), whole)]
        check = self._check_of(shape.value.shape)
        own = self._check_tests(tests, sensitive=shape.sensitive) if tests else None
        if check is None:
            return own
        each = check

        def check_map(value: dict[str, Any], path: str, faults: Faults) -> None:
            if own:
                own(value, path, faults)
            for key, item in value.items():
                each(item, f"{path}.{key}.member", faults)

        return check_map

    def _scalar(self, shape: Shape) -> Check | None:
        tests = self._tests_of(shape)
        return self._check_tests(tests, sensitive=shape.sensitive, pattern=shape.pattern) if tests else None

    def _tests_of(self, shape: Shape) -> list[Test]:
        """A scalar's constraints, in the order in which faults are named: pattern, enum, then length or range."""
        tests: list[Test] = []
        if shape.pattern is not None:
            fits = java_pattern(shape.pattern).fullmatch
            text = f"Member must satisfy regular expression pattern: {shape.pattern}"
            tests.append((lambda value: fits(value) is not None, text))
        if shape.enum:
            members = frozenset(shape.enum)
            named = f": [{', '.join(shape.enum)}]" if self._wording.echo else ""
            tests.append((members.__contains__, f"Member must satisfy enum value set{named}"))
        return [*tests, *_size_tests(shape)]

    def _check_tests(self, tests: list[Test], *, sensitive: bool, pattern: str | None = None) -> Check:
        echo, sentences = self._wording.echo, self._wording.sentences

        def check(value: Any, path: str, faults: Faults) -> None:
            for test, text in tests:
                if test(value):
                    continue
                sentence = pattern and (sentences.get((pattern, path)) or sentences.get((pattern, None)))
                if sentence and text.endswith(pattern or ""):
                    faults.sentences.append(sentence.format(path))
                    continue
                shown = f" '{'***' if sensitive else _shown(value)}'" if echo else ""
                faults.clauses.append(f"Value{shown} at '{path}' failed to satisfy constraint: {text}")

        return check


def _size_tests(shape: Shape) -> list[Test]:
    """Length of texts, lists, maps and blobs; value of numbers."""
    numeric = shape.type in ("integer", "long", "float", "double")
    what = "value" if numeric else "length"
    size: Callable[[Any], float] = float if numeric else len
    tests: list[Test] = []
    if shape.max is not None:
        most = shape.max
        text = f"Member must have {what} less than or equal to {int(most)}"
        tests.append((lambda value: size(value) <= most, text))
    if shape.min is not None and (shape.min or numeric):
        least = shape.min
        text = f"Member must have {what} greater than or equal to {int(least)}"
        tests.append((lambda value: size(value) >= least, text))
    return tests


def _shown(value: Any) -> str:
    """A value as AWS's Java prints it."""
    if isinstance(value, list):
        return f"[{', '.join(map(_shown, value))}]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name[0].lower()}{name[1:]}={_shown(item)}" for name, item in value.items()) + "}"
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
