"""Which operation of a rest-json service a method and a path ask for (Smithy: httpRequestUri).

The raw path is cut at its slashes and each label decoded once. Of several templates that fit, the most specific one is
meant: literal text before a label, a label before a greedy one, more query literals before fewer.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from daypass.protocol.percent import NotText, path_text

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from daypass.protocol.models import Model

_LABEL: Final = re.compile(r"\{([^}+]+)(\+?)\}")
Rank = tuple[tuple[int, ...], int]


@dataclass(frozen=True, slots=True)
class Path:
    """One operation's template: where its labels stand, and the query literals that it needs."""

    operation: str
    pattern: re.Pattern[bytes]
    labels: tuple[str, ...]
    literals: tuple[tuple[str, str], ...]
    rank: Rank

    def fits(self, query: Mapping[str, Collection[str]]) -> bool:
        """Whether the query holds the literals."""
        return all(name in query and (not value or value in query[name]) for name, value in self.literals)


class PathRoutes:
    """The routing table of one model."""

    def __init__(self, model: Model) -> None:
        self._paths: dict[str, list[Path]] = {}
        for name, operation in model.operations.items():
            self._paths.setdefault(operation.http.method, []).append(_path(name, operation.http.request_uri))
        for paths in self._paths.values():
            paths.sort(key=lambda path: path.rank)

    def find(
        self, method: str, raw_path: bytes, query: Mapping[str, Collection[str]]
    ) -> tuple[str, dict[str, str]] | None:
        """The operation and its labels. Raises NotText for a label that is no text."""
        for path in self._paths.get(method, ()):
            found = path.pattern.fullmatch(raw_path or b"/")
            if found and path.fits(query):
                return path.operation, dict(zip(path.labels, map(path_text, found.groups()), strict=True))
        return None

    def knows(self, method: str, raw_path: bytes) -> bool:
        """Whether an operation without query literals has this path."""
        try:
            return self.find(method, raw_path, {}) is not None
        except NotText:
            return False

    def literals_of(self, operation: str) -> frozenset[str]:
        """The query names that only choose the operation."""
        paths = (path for each in self._paths.values() for path in each if path.operation == operation)
        return frozenset(name for path in paths for name, _ in path.literals)


def _path(operation: str, uri: str) -> Path:
    template, _, query = uri.partition("?")
    labels: list[str] = []
    pieces: list[str] = []
    ranks: list[int] = []
    for segment in template.split("/")[1:]:
        if label := _LABEL.fullmatch(segment):
            labels.append(label[1])
            pieces.append("/(.+)" if label[2] else "/([^/]+)")
            ranks.append(2 if label[2] else 1)
        else:
            pieces.append("/" + re.escape(segment))
            ranks.append(0)
    literals = tuple((name, value) for name, _, value in (part.partition("=") for part in query.split("&")) if name)
    pattern = re.compile("".join(pieces).encode(), re.DOTALL)
    return Path(operation, pattern, tuple(labels), literals, (tuple(ranks), -len(literals)))
