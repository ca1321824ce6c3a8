"""The Resource and NotResource elements (IAM User Guide, "IAM JSON policy elements: Resource").

An ARN has six parts, and a wildcard stays in its part, but a ``*`` at the end of a shorter ARN covers all that follows.
Identity-based policies fill a shorter ARN up with ``*``; in resource-based policies one without a wildcard at its end
matches nothing. An action without resource types asks about the resource ``*``, which only the pattern ``*`` names.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from daypass.policy.document import Grammar
from daypass.policy.patterns import ARN_PARTS, Wild, arn_parts, atoms, context_matcher, is_static, static_matcher

if TYPE_CHECKING:
    from collections.abc import Callable

    from daypass.policy.document import Policy, Statement
    from daypass.policy.patterns import Atoms, ContextMatcher, Matcher
    from daypass.policy.variables import Context

    ResourceTest = Callable[[str, Context], bool | None]

ANY = "*"
RESOURCE_GRAMMARS = frozenset({Grammar.BUCKET, Grammar.ENDPOINT, Grammar.RESOURCE_CONTROL})
"""Documents in which a short ARN is not filled up."""


def compile_resources(statement: Statement, policy: Policy) -> ResourceTest | None:
    """The test of a statement's resource element, or None where every resource passes.

    A pattern whose variable nothing fills in matches nothing. In NotResource that leaves open what the list spares:
    the test then gives None, *it cannot be told*.
    """
    listed = statement.resources
    if listed is None:
        return None
    if ANY in listed:
        return (lambda _resource, _context: False) if statement.not_resource else None
    padded = policy.grammar not in RESOURCE_GRAMMARS
    patterns = tuple(atoms(pattern, variables=policy.has_variables) for pattern in listed)
    some = _some(patterns, padded=padded, unresolved=None if statement.not_resource else False)
    if not statement.not_resource:
        return some

    def none(resource: str, context: Context) -> bool | None:
        told = some(resource, context)
        return None if told is None else not told

    return none


def _some(patterns: tuple[Atoms, ...], *, padded: bool, unresolved: bool | None) -> ResourceTest:
    """Whether some pattern matches. The common shapes (an ARN as it is, an ARN and a star) are asked all at once."""
    exact: set[str] = set()
    prefixes: list[str] = []
    others: list[ContextMatcher] = []
    for pattern in patterns:
        match pattern:
            case (str() as text,) if _reaches_resource(text):
                exact.add(text)
            case (str() as text, Wild.RUN) if _reaches_resource(text):
                prefixes.append(text)
            case _:
                others.append(_matcher(pattern, padded=padded))
    starts = tuple(prefixes)
    if not others:
        return lambda resource, _context: resource in exact or resource.startswith(starts)

    def some(resource: str, context: Context) -> bool | None:
        if resource in exact or resource.startswith(starts):
            return True
        answer: bool | None = False
        if resource == ANY:
            return answer
        for matches in others:
            told = matches(resource, context)
            if told:
                return True
            if told is None:
                answer = unresolved
        return answer

    return some


def _reaches_resource(text: str) -> bool:
    """Whether a literal beginning holds all five colons, so that nothing after it can leave the sixth part."""
    return text.count(":") >= ARN_PARTS - 1


def _matcher(pattern: Atoms, *, padded: bool) -> ContextMatcher:
    if pattern and isinstance(pattern[0], str) and _reaches_resource(pattern[0]):
        return _one(pattern)
    parts = arn_parts(pattern)
    if len(parts) < ARN_PARTS:
        if not padded and pattern[-1:] != (Wild.RUN,):
            return lambda _resource, _context: False
        parts += ((Wild.RUN,),) * (ARN_PARTS - len(parts))
    if is_static(pattern):
        return _static_arn_matcher(parts)
    matchers = tuple(map(_one, parts))

    def matches(resource: str, context: Context) -> bool | None:
        resource_parts = resource.split(":", ARN_PARTS - 1)
        if len(resource_parts) != ARN_PARTS:
            return False
        told = [matches_part(part, context) for matches_part, part in zip(matchers, resource_parts, strict=True)]
        return None if None in told else False not in told

    return matches


def _static_arn_matcher(parts: tuple[Atoms, ...]) -> ContextMatcher:
    """The commonest shape of these, a star for region or account, made cheap: plain text is compared first."""
    plain: list[tuple[int, str]] = []
    others: list[tuple[int, Matcher]] = []
    for number, part in enumerate(parts):
        match part:
            case (Wild.RUN,):
                pass
            case () | (str(),):
                plain.append((number, "".join(map(str, part))))
            case _:
                others.append((number, static_matcher(part)))

    def matches(resource: str, _context: Context) -> bool:
        actual = resource.split(":", ARN_PARTS - 1)
        return (
            len(actual) == ARN_PARTS
            and all(actual[n] == text for n, text in plain)
            and all(fits(actual[n]) for n, fits in others)
        )

    return matches


def _one(pattern: Atoms) -> ContextMatcher:
    if not is_static(pattern):
        return context_matcher(pattern)
    matches = static_matcher(pattern)
    return lambda text, _context: matches(text)
