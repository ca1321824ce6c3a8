"""Which statements of a layer can match a request: found by what they name, without asking each.

Every statement is filed under its actions, its resources or its principals: where it shares its keys with the fewest
others. A key is what a pattern begins with, up to its first wildcard or variable; of an ARN, its service and what its
last part begins with. A statement that lists what it spares (NotAction, NotResource, NotPrincipal) has the empty key,
with which everything begins. So what is found is a little too much and never too little: whoever asks still puts the
whole request to each statement that is found.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from typing import TYPE_CHECKING

from daypass.policy.patterns import ARN_PARTS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from daypass.policy.document import Statement
    from daypass.policy.principals import Principal

    Keys = tuple[str, ...]
    Drawer = dict[str, list[int]]

FEW = 3
"""So many statements about one action are asked one by one: looking for the right ones would take as long."""

_EVERYTHING: Keys = ("",)
_NOT_LITERAL = re.compile(r"[*?$]")


class Beginnings:
    """Of many texts, those that another text begins with: one binary search, and a step for each.

    In sorted order, the last text that does not come after the one asked about begins itself with all that are looked
    for. So each text knows the longest other one that it begins with, and the search follows these.
    """

    __slots__ = ("_positions", "_shorter", "_texts")

    def __init__(self, filed: Mapping[str, Sequence[int]]) -> None:
        self._texts = sorted(filed)
        self._positions = [filed[text] for text in self._texts]
        self._shorter: list[int] = []
        for number, text in enumerate(self._texts):
            at = number - 1
            while at >= 0 and not text.startswith(self._texts[at]):
                at = self._shorter[at]
            self._shorter.append(at)

    def of(self, text: str) -> list[int]:
        """What is filed under the texts that this one begins with."""
        found: list[int] = []
        at = bisect_right(self._texts, text) - 1
        while at >= 0:
            if text.startswith(self._texts[at]):
                found += self._positions[at]
            at = self._shorter[at]
        return found


class StatementIndex:
    """The statements of one layer, filed. A position counts from 0 through the statements of all its policies."""

    __slots__ = ("_actions", "_principals", "_resources", "only_by_action")

    def __init__(self, statements: Sequence[Statement]) -> None:
        actions, resources, principals = _filed(statements)
        self.only_by_action = not (resources or principals)
        """Whether :meth:`under_action` finds all of them."""
        self._actions = Beginnings(actions)
        self._resources = Beginnings(resources)
        self._principals = principals

    def under_action(self, action: str) -> list[int]:
        """Those filed under this action (in lower case), in their order."""
        return sorted(set(self._actions.of(action)))

    def elsewhere(self, resource: str, principal: Principal) -> set[int]:
        """Those filed under this resource or this caller."""
        found = set(self._resources.of(_place(resource)))
        if self._principals:
            for name in _names_of(principal):
                found.update(self._principals.get(name, ()))
        return found


def _filed(statements: Sequence[Statement]) -> tuple[Drawer, Drawer, Drawer]:
    """The drawers for actions, resources and principals. Few statements are filed by action, whatever they say."""
    by_action = [_action_keys(statement) for statement in statements]
    shared = _counted(by_action)
    crowd = [n for n, keys in enumerate(by_action) if _company(keys, shared) > FEW]
    choices = [(by_action[n], _resource_keys(statements[n]), _principal_keys(statements[n])) for n in crowd]
    counts = [_counted(keys) for keys in zip(*choices, strict=True)]
    chosen: dict[int, tuple[int, Keys]] = {n: (0, keys) for n, keys in enumerate(by_action)}
    for n, offered in zip(crowd, choices, strict=True):
        company = [_company(keys, count) for keys, count in zip(offered, counts, strict=True)]
        place = company.index(min(company))
        chosen[n] = (place, offered[place])
    drawers: tuple[Drawer, Drawer, Drawer] = ({}, {}, {})
    for n, (place, keys) in chosen.items():
        for key in keys:
            drawers[place].setdefault(key, []).append(n)
    return drawers


def _counted(every: Sequence[Keys]) -> Counter[str]:
    return Counter(key for keys in every for key in keys)


def _company(keys: Keys, shared: Counter[str]) -> int:
    return max(shared[key] for key in keys)


def _action_keys(statement: Statement) -> Keys:
    return _EVERYTHING if statement.not_action else tuple({_beginning(one.lower()) for one in statement.actions})


def _resource_keys(statement: Statement) -> Keys:
    listed = statement.resources
    return _EVERYTHING if listed is None or statement.not_resource else tuple({_place_beginning(one) for one in listed})


def _beginning(pattern: str) -> str:
    cut = _NOT_LITERAL.search(pattern)
    return pattern if cut is None else pattern[: cut.start()]


def _place_beginning(pattern: str) -> str:
    """What the places of the resources that a pattern covers begin with."""
    parts = pattern.split(":", ARN_PARTS - 1)
    if len(parts) < ARN_PARTS or _NOT_LITERAL.search(parts[2]) or "$" in "".join(parts[:-1]):
        return ""
    return f"{parts[2]}:{_beginning(parts[-1])}"


def _place(resource: str) -> str:
    """An ARN without partition, region and account, which are seldom what sets resources apart; other texts have none."""
    parts = resource.split(":", ARN_PARTS - 1)
    return f"{parts[2]}:{parts[-1]}" if len(parts) == ARN_PARTS else ""


def _principal_keys(statement: Statement) -> Keys:
    element = statement.principal
    if element is None or element.negated:
        return _EVERYTHING
    return tuple({key for name in element.names for key in _name_keys(name[1])})


def _name_keys(name: str) -> Keys:
    """Everyone is everything; the ARN of an account's root may mean the account, however its partition is called."""
    if name == "*":
        return _EVERYTHING
    return (name, name.removesuffix(":root").rpartition("::")[2]) if name.endswith(":root") else (name,)


def _names_of(principal: Principal) -> Keys:
    """All that statements which name a caller may be filed under."""
    return ("", principal.account, principal.service or "", *principal.direct, *principal.through, *principal.federated)
