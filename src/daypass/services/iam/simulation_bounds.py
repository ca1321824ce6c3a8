"""How much one simulation may ask, and how much one page of its answer holds.

AWS documents no bounds but those of its members' lengths, with which one call could ask for minutes of work and gigabytes
of answer. A page that is full ends early, as the API Reference allows; what does not fit a page of its own is refused.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from daypass.services.iam.simulation_documents import invalid_input

if TYPE_CHECKING:
    from daypass.services.iam.simulation_context import Context
    from daypass.services.iam.simulation_documents import Policies
    from daypass.services.registry import Call

MOST_CHARACTERS: Final = 1_000_000
"""Of all documents that a call gives."""
MOST_DECISIONS: Final = 1_000
MOST_SERVICES: Final = 32
"""Services whose actions are asked about: the data of each may have to be loaded first."""
MOST_STATEMENTS: Final = 2_500
"""Entries of MatchedStatements, in all their lists together."""
MOST_KEYS: Final = 20_000
"""Entries of MissingContextValues, in all their lists together."""
MOST_WORK: Final = 30_000_000
"""Characters of policy that are held against something: those of all policies, per resource, per value of a context key
that has many."""


def check_texts(call: Call) -> None:
    """Raises InvalidInput where the documents of a call are too long to be read at all."""
    given = call.input
    levels = given.get("OrderedOrganizationPolicyInputList", ())
    texts = [
        *given.get("PolicyInputList", ()),
        *given.get("PermissionsBoundaryPolicyInputList", ()),
        *(text for level in levels for text in level.get("ServiceControlPolicyInputList", ())),
        given.get("ResourcePolicy", ""),
    ]
    if sum(map(len, texts)) > MOST_CHARACTERS:
        raise invalid_input(f"All policies together cannot exceed {MOST_CHARACTERS} characters.")


def work_of(policies: Policies, context: Context, resources: int) -> int:
    """What deciding one action takes at most."""
    named = [*policies.identity, *(policies.boundary or ()), *((policies.resource,) if policies.resource else ())]
    characters = sum(len(one.policy.text) for one in named)
    characters += sum(len(policy.text) for level in policies.organization for policy in level)
    widest = max((len(value) for value in context.values() if isinstance(value, tuple)), default=1)
    return characters * resources * max(widest, 1)


def check_work(work: int) -> None:
    """Raises InvalidInput where a single action is too much."""
    if work > MOST_WORK:
        raise invalid_input(
            f"The characters of all policies, times the number of resources, cannot exceed {MOST_WORK}; where a context "
            "key has several values, times their number."
        )


def check_told(statements: int, keys: int) -> None:
    """Raises InvalidInput where the statements that decide a single action, or the keys it lacks, are too many to be told."""
    if statements > MOST_STATEMENTS:
        raise invalid_input(f"The matched statements of all resources cannot exceed {MOST_STATEMENTS} items.")
    if keys > MOST_KEYS:
        raise invalid_input(f"The missing context values of all resources cannot exceed {MOST_KEYS} items.")


@dataclass(slots=True)
class Page:
    """A page of results: it takes one action always, and others while there is room."""

    most: int
    resources: int
    work: int
    results: list[dict[str, Any]] = field(default_factory=list)
    _services: set[str] = field(default_factory=set)
    _statements: int = 0
    _keys: int = 0

    def has_room_for(self, action: str) -> bool:
        """Whether the page takes this action, too."""
        following = len(self.results) + 1
        return following == 1 or (
            following <= self.most
            and following * self.resources <= MOST_DECISIONS
            and following * self.work <= MOST_WORK
            and len(self._services | {_service(action)}) <= MOST_SERVICES
            and self._statements < MOST_STATEMENTS
            and self._keys < MOST_KEYS
        )

    def add(self, action: str, result: dict[str, Any]) -> None:
        """Take the result of an action."""
        self.results.append(result)
        self._services.add(_service(action))
        lists = [result, *result.get("ResourceSpecificResults", ())]
        self._statements += sum(len(one.get("MatchedStatements", ())) for one in lists)
        self._keys += sum(len(one.get("MissingContextValues", ())) for one in lists)


def _service(action: str) -> str:
    return action.partition(":")[0].lower()
