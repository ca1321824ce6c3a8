"""Session tags: what a call passes, what a chain inherits, and the condition keys of both (sts.md 9)."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from daypass.errors import ApiError

if TYPE_CHECKING:
    from daypass.credentials import Session
    from daypass.services.registry import Call

Tags = tuple[tuple[str, str], ...]

_DUPLICATE = "Duplicate tag keys found. Please note that Tag keys are case insensitive."
_NOT_AMONG = "The specified transitive tag key must be included in the requested tags."
_CONFLICT = (
    "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key from the "
    "calling session."
)
_RESERVED = "aws: prefixed tag key names are not allowed for external use."


class SessionTags(NamedTuple):
    """The tags of a session to be: passed with the call, and inherited from the calling session's transitive ones."""

    passed: Tags
    inherited: Tags
    transitive: tuple[str, ...]

    @property
    def all(self) -> Tags:
        """Every tag that the new session carries."""
        return self.inherited + self.passed


def session_tags(call: Call) -> SessionTags:
    """The tags of a call, checked. Raises InvalidParameterValue for duplicates, conflicts and unknown transitive keys."""
    passed = tuple((tag["Key"], tag["Value"]) for tag in call.input.get("Tags", ()))
    wanted: tuple[str, ...] = tuple(call.input.get("TransitiveTagKeys", ()))
    inherited = inherited_tags(call.caller.session)
    if not (passed or wanted or inherited):
        return SessionTags((), (), ())
    keys = {key.lower() for key, _ in passed}
    if len(keys) != len(passed):
        raise ApiError("InvalidParameterValue", _DUPLICATE)
    if any(key.startswith("aws:") for key in keys):
        raise ApiError("InvalidParameterValue", _RESERVED)
    if keys & {key.lower() for key, _ in inherited}:
        raise ApiError("InvalidParameterValue", _CONFLICT)
    if not {key.lower() for key in wanted} <= keys:
        raise ApiError("InvalidParameterValue", _NOT_AMONG)
    transitive = {key.lower(): key for key in (*(key for key, _ in inherited), *wanted)}
    return SessionTags(passed, inherited, tuple(transitive.values()))


def inherited_tags(session: Session | None) -> Tags:
    """The transitive tags of a calling session: they go with every role it assumes."""
    if session is None or not session.transitive_tag_keys:
        return ()
    transitive = {key.lower() for key in session.transitive_tag_keys}
    return tuple((key, value) for key, value in session.tags.items() if key.lower() in transitive)


def tag_context(tags: Tags) -> dict[str, str | tuple[str, ...]]:
    """``aws:RequestTag/...`` and ``aws:TagKeys`` of the tags that a call passes."""
    if not tags:
        return {}
    context: dict[str, str | tuple[str, ...]] = {f"aws:requesttag/{key.lower()}": value for key, value in tags}
    context["aws:tagkeys"] = tuple(key for key, _ in tags)
    return context
