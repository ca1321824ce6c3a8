"""CheckNoNewAccess and CheckAccessNotGranted: what can be said of a policy's grants without any request.

Source: IAM Access Analyzer API Reference; IAM User Guide, "Validate policies with IAM Access Analyzer custom policy
checks". PASS is a proof: no request is allowed that should not be. What cannot be proven is FAIL. The proof goes statement
by statement: what an Allow grants, less what Denies take back, must lie in one Allow of the other policy.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import product
from typing import TYPE_CHECKING, Any, Final

from daypass.analysis.access_checks_patterns import EVERYTHING, Glob, arn_glob
from daypass.analysis.access_checks_regions import EACH, Effort, Part, Piece, Region, TooManyPieces, remainder
from daypass.analysis.subject import PolicyType

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from daypass.policy import Policy, Statement

PASS: Final = "PASS"  # noqa: S105 - the API's word for the outcome
FAIL: Final = "FAIL"
MOST_COMPARISONS: Final = 100_000
"""Pieces that are compared for one statement, at most. What would take more is not proven."""

_NEW: Final = (
    "The modified permissions do not grant new access compared to your existing policy.",
    "The modified permissions grant new access compared to your existing policy.",
    "New access in the statement with",
)
_GRANTED: Final = (
    "The policy document does not grant access to perform the listed actions or resources.",
    "The policy document grants access to perform one or more of the listed actions or resources.",
    "One or more of the listed actions or resources in the statement with",
)


@dataclass(frozen=True, slots=True)
class Reason:
    """A statement because of which a check fails. ``statement_id`` is its Sid, if it has one."""

    description: str
    statement_index: int
    statement_id: str | None


@dataclass(frozen=True, slots=True)
class Verdict:
    """The outcome of a check: ``result`` is PASS, or FAIL for ``reasons``."""

    result: str
    message: str
    reasons: tuple[Reason, ...] = field(default=())


def check_no_new_access(new: Policy, existing: Policy, *, kind: PolicyType) -> Verdict:
    """Whether everything that ``new`` allows, ``existing`` allows."""
    effort = Effort()
    mine, theirs = _Regions(new, kind, effort), _Regions(existing, kind, effort)
    lifted = [deny for deny in theirs.denies if not _is_repeated(deny, mine.denies)]
    return verdict(_NEW, (allow.statement for allow in mine.allows if not _is_old(allow, mine, theirs, lifted)))


def check_access_not_granted(policy: Policy, access: Iterable[Mapping[str, Any]], *, kind: PolicyType) -> Verdict:
    """Whether ``policy`` allows none of the accesses.

    Each is any of its ``actions`` on any of its ``resources``; a list that is missing or empty means all of them.
    """
    regions = _Regions(policy, kind, Effort())
    wanted = list(dict.fromkeys(piece for one in access for piece in _accesses(one)))
    return verdict(_GRANTED, (allow.statement for allow in regions.allows if _grants(allow, wanted, regions.denies)))


def verdict(texts: tuple[str, str, str], statements: Iterable[Statement]) -> Verdict:
    """PASS without statements to blame; ``texts`` are the messages of PASS and FAIL, and how a reason begins."""
    passed, failed, begin = texts
    reasons = tuple(_reason(begin, statement) for statement in statements)
    return Verdict(FAIL, failed, reasons) if reasons else Verdict(PASS, passed)


def _reason(begin: str, statement: Statement) -> Reason:
    which = f"sid: {statement.sid}" if statement.sid else f"index: {statement.index}"
    return Reason(f"{begin} {which}.", statement.index, statement.sid or None)


class _Regions:
    """A policy's statements, taken apart by effect.

    In a resource-based policy only an Allow that names callers grants anything; in an identity-based one there are none
    to name.
    """

    def __init__(self, policy: Policy, kind: PolicyType, effort: Effort) -> None:
        by_name = kind is PolicyType.RESOURCE
        regions = [Region(statement, policy, effort, names_callers=by_name) for statement in policy.statements]
        self.denies = [region for region in regions if region.denies]
        self.allows = [
            region
            for region in regions
            if not region.denies and (not by_name or region.statement.principal is not None)
        ]


def allowing(policy: Policy) -> tuple[list[Region], list[Region]]:
    """The Allows and the Denies of a resource-based policy."""
    regions = _Regions(policy, PolicyType.RESOURCE, Effort())
    return regions.allows, regions.denies


def pieces_of(region: Region, denies: Iterable[Region]) -> Iterator[Piece]:
    """What an Allow grants when the Denies have had their say. Raises TooManyPieces."""
    denies = list(denies)
    for piece in region.pieces():
        if not piece.is_empty:
            yield from remainder(piece, denies)


def _is_old(allow: Region, mine: _Regions, theirs: _Regions, lifted: list[Region]) -> bool:
    """Whether all that an Allow of the new policy grants is granted by the existing one, too."""
    if allow.size * (1 + sum(deny.size for deny in lifted)) > MOST_COMPARISONS:
        return False
    try:
        return all(
            any(old.covers(piece) for old in theirs.allows)
            and all(_is_still_denied(piece, deny, mine.denies) for deny in lifted)
            for piece in pieces_of(allow, mine.denies)
        )
    except TooManyPieces:
        return False


def _is_repeated(deny: Region, denies: list[Region]) -> bool:
    """Whether Denies are about all that a Deny is about."""
    try:
        return all(any(other.covers(piece) for other in denies) for piece in deny.pieces())
    except TooManyPieces:
        return False


def _is_still_denied(piece: Piece, deny: Region, denies: list[Region]) -> bool:
    """Whether nothing of a piece is what the existing policy denied: it has no part in it, or Denies take that back."""
    if deny.misses(piece):
        return True
    shared = (piece.and_in(denied) for denied in deny.pieces())
    return all(one.is_empty or any(other.covers(one) for other in denies) for one in shared)


def _accesses(access: Mapping[str, Any]) -> Iterator[Piece]:
    actions = [Glob.of(action.lower()) for action in access.get("actions") or ("*",)]
    resources = [arn_glob(text, variables=False, padded=True) for text in access.get("resources") or ("*",)]
    for action, resource in product(actions, resources):
        yield Piece(Part((action,)), Part((resource or EVERYTHING,)), ())


def _grants(allow: Region, wanted: list[Piece], denies: list[Region]) -> bool:
    """Whether something wanted may be left of what an Allow grants."""
    starts = [(access.actions.matching[0].beginning, access) for access in wanted]
    near: dict[str, list[Piece]] = {}
    try:
        for granted in allow.pieces():
            own = granted.actions.matching[0].beginning
            if own not in near:
                allow.effort.spend(len(starts) // EACH)
                near[own] = [access for start, access in starts if start.startswith(own) or own.startswith(start)]
            allow.effort.spend(EACH * len(near[own]))
            for access in near[own]:
                both = granted.and_in(access)
                if not both.is_empty and remainder(both, denies):
                    return True
    except TooManyPieces:
        return True
    return False
