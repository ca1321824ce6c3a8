"""Which S3 operation: method, path and the *names* in the query, from the request URIs of the model.

A request that asks for something the table lacks is refused and never taken for a plain GetObject, PutObject or
CreateBucket: an unknown sub-resource, a sub-resource with a method it does not have, two sub-resources at once, and on
writes any parameter that nobody reads (Amazon S3 API Reference; s3.md 4.3 and 4.4).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from daypass.errors import ApiError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from daypass.protocol.models import Model
    from daypass.protocol.percent import Pairs
    from daypass.protocol.service import Address

_IGNORED = frozenset({"AWSAccessKeyId", "Signature", "Expires", "x-id"})
"""Authentication's own parameters and the SDKs' hint; all other ``x-`` names are read as headers or by nobody, as on AWS."""


@dataclass(frozen=True, slots=True)
class _Candidate:
    """One operation's claim on requests."""

    operation: str
    literals: tuple[tuple[str, str], ...]
    """Names, and values where the URI gives one, that the query must hold."""
    needed: frozenset[str]
    """Further query names, and choosing headers, that must be there."""
    arguments: frozenset[str]
    """Query names that the operation reads."""

    @property
    def weight(self) -> int:
        """How much it asks for: the most specific claim wins."""
        return len(self.literals) + len(self.needed)

    def fits(self, query: Mapping[str, str], headers: Collection[str]) -> bool:
        """Whether the request holds what the operation needs."""
        if any(name not in query or (value and query[name] != value) for name, value in self.literals):
            return False
        return all(name in query or name in headers for name in self.needed)


class S3Routes:
    """The routing table of S3."""

    def __init__(self, model: Model, *, unroutable: Collection[str], choosing_headers: Collection[str]) -> None:
        self._choosing = frozenset(choosing_headers)
        self._table: dict[tuple[str, str], list[_Candidate]] = {}
        self._literals: set[str] = set()
        needed: set[str] = set()
        for name, operation in model.operations.items():
            if name in unroutable:
                continue
            path, _, query = operation.http.request_uri.partition("?")
            level = "key" if "{Key+}" in path else "bucket" if "{Bucket}" in path else "service"
            literals = tuple(_literal(part) for part in query.split("&") if part and not part.startswith("x-id"))
            candidate = _candidate(model, name, literals, self._choosing)
            self._literals.update(literal for literal, _ in literals)
            needed |= candidate.needed - self._choosing
            self._table.setdefault((operation.http.method, level), []).append(candidate)
        self._named = frozenset(needed)
        self._plain: dict[tuple[str, str], str] = {}
        for place, candidates in self._table.items():
            candidates.sort(key=lambda candidate: -candidate.weight)
            if candidates[-1].weight == 0:
                self._plain[place] = candidates[-1].operation

    def find(self, method: str, address: Address, headers: Collection[str]) -> str | ApiError:
        """The operation's name, or the refusal of a request that asks for none."""
        level = "key" if address.key else "bucket" if address.bucket is not None else "service"
        if not address.query and not headers and (plain := self._plain.get((method, level))):
            return plain
        query: dict[str, str] = {}
        for name, value in address.query:
            query.setdefault(name, value)
        for candidate in self._table.get((method, level), ()):
            if candidate.fits(query, headers):
                return self._leftover(method, level, candidate, address.query) or candidate.operation
        return self._unmatched(method, level, address.query)

    def _leftover(self, method: str, level: str, candidate: _Candidate, query: Pairs) -> ApiError | None:
        """The refusal that a parameter asks for which the operation does not read."""
        literals = {name for name, _ in candidate.literals}
        for name, value in query:
            if name in literals or name in candidate.arguments or name in _IGNORED or name[:2].lower() == "x-":
                continue
            if name in self._literals:
                return self._sub_resource(method, level, name, value, literals)
            if name == "versionId":
                return _argument(name, value, "This operation does not accept a version-id.")
            if name in self._named and method != "GET":
                return _argument(name, value, f"This operation does not accept {name} without what belongs to it.")
            if not value or method not in ("GET", "HEAD"):
                return ApiError("NotImplemented", None, members={"Parameter": name})
        return None

    def _sub_resource(self, method: str, level: str, name: str, value: str, literals: set[str]) -> ApiError:
        if literals:
            conflict = f"Conflicting query string parameters: {', '.join(sorted({*literals, name}))}"
            return _argument("ResourceType", name, conflict)
        if name.endswith("-type"):
            return _argument(name, value, None)
        return self._not_allowed(method, level, name)

    def _unmatched(self, method: str, level: str, query: Pairs) -> ApiError:
        if method == "POST" and level == "bucket" and not any(name in self._literals for name, _ in query):
            condition = "Bucket POST must be of the enclosure-type multipart/form-data"
            return ApiError("PreconditionFailed", None, members={"Condition": condition})
        return self._not_allowed(method, level, next((name for name, _ in query if name in self._literals), None))

    def _not_allowed(self, method: str, level: str, sub: str | None) -> ApiError:
        """405, with the methods that the resource has."""
        allowed = sorted(
            {
                verb
                for (verb, at), candidates in self._table.items()
                if at == level
                for candidate in candidates
                if sub in {name for name, _ in candidate.literals} or (sub is None and not candidate.literals)
            }
        )
        kind = sub.upper() if sub else {"key": "OBJECT"}.get(level, level.upper())
        return ApiError(
            "MethodNotAllowed",
            None,
            members={"Method": method, "ResourceType": kind},
            headers={"Allow": ", ".join(allowed)} if allowed else None,
        )


def _candidate(model: Model, name: str, literals: tuple[tuple[str, str], ...], choosing: frozenset[str]) -> _Candidate:
    shape = model.input_of(name)
    members = shape.members if shape else {}
    required = shape.required if shape else []
    arguments = {use.location_name or member for member, use in members.items() if use.location == "querystring"}
    needed = {members[member].location_name or member for member in required}
    return _Candidate(name, literals, frozenset(needed & (arguments | choosing)), frozenset(arguments))


def _literal(part: str) -> tuple[str, str]:
    name, _, value = part.partition("=")
    return name, value


def _argument(name: str, value: str, message: str | None) -> ApiError:
    return ApiError("InvalidArgument", message, members={"ArgumentName": name, "ArgumentValue": value})
