"""The claims that mean something to AWS: session tags, source identity, and the roles that a token is for.

Tags come in one claim with arrays of one value, or flat, as one claim for each tag (sts.md 9.2); a token with both is
refused. What is malformed is refused, never left out: a tag may be what a policy's Deny waits for.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from daypass.errors import ApiError

if TYPE_CHECKING:
    from collections.abc import Mapping

AWS_CLAIMS: Final = "https://aws.amazon.com/"
_TAGS: Final = "https://aws.amazon.com/tags"
_FLAT_TAG: Final = "https://aws.amazon.com/tags/principal_tags/"
_FLAT_TRANSITIVE: Final = "https://aws.amazon.com/tags/transitive_tag_keys"
_SOURCE_IDENTITY: Final = "https://aws.amazon.com/source_identity"
_ROLES: Final = "https://aws.amazon.com/roles"
_NESTED: Final = frozenset({"principal_tags", "transitive_tag_keys"})

MOST_TAGS: Final = 50
_LONGEST_KEY, _LONGEST_VALUE = 128, 256
_SOURCE: Final = re.compile(r"[\w+=,.@-]{2,256}", re.ASCII)
_PUNCTUATION: Final = frozenset("_.:/=+-@")
_ROLE_ARN: Final = re.compile(r"arn:aws[a-z-]*:iam::[0-9]{12}:role/[\x21-\x7e]+")

_DUPLICATE = "Duplicate tag keys found. Please note that Tag keys are case insensitive."
_NOT_AMONG = "The specified transitive tag key must be included in the requested tags."
_RESERVED = "aws: prefixed tag key names are not allowed for external use."


class SessionClaims(NamedTuple):
    """What a token brings into the session."""

    tags: tuple[tuple[str, str], ...] = ()
    transitive: tuple[str, ...] = ()
    source_identity: str | None = None


class Roles(NamedTuple):
    """The roles that a token is for."""

    arns: frozenset[str]

    def check(self, role_arn: str) -> None:
        """Raise InvalidIdentityToken for a role that is not among them."""
        if not self.arns:
            text = "The roles claim contains no valid role ARNs"
            raise ApiError("InvalidIdentityToken", text, reason=f"{_ROLES} holds no ARN of a role")
        if role_arn not in self.arns:
            text = "The target role ARN is not present in the roles claim of the identity token"
            reason = f"{role_arn} is wanted, {_ROLES} has {', '.join(sorted(self.arns))}"
            raise ApiError("InvalidIdentityToken", text, reason=reason[:1000])


def roles_claim(claims: Mapping[str, Any]) -> Roles | None:
    """The roles claim; None where there is none. What is no ARN of a role in it is ignored, as AWS does."""
    value = claims.get(_ROLES)
    if value is None:
        return None
    listed = value.split(";") if isinstance(value, str) else value if isinstance(value, list) else []
    stripped = (one.strip() for one in listed if isinstance(one, str))
    return Roles(frozenset(one for one in stripped if _ROLE_ARN.fullmatch(one)))


def session_claims(claims: Mapping[str, Any]) -> SessionClaims:
    """Tags and source identity. Raises InvalidIdentityToken."""
    if not any(name.startswith(AWS_CLAIMS) for name in claims):
        return SessionClaims()
    tags, transitive = _given(claims)
    _check_tags(tags, transitive)
    return SessionClaims(tuple(tags), tuple(transitive), _source_identity(claims.get(_SOURCE_IDENTITY)))


def _given(claims: Mapping[str, Any]) -> tuple[list[tuple[str, str]], list[str]]:
    """The tags as the token has them, and the keys that are transitive."""
    flat = {name.removeprefix(_FLAT_TAG): value for name, value in claims.items() if name.startswith(_FLAT_TAG)}
    nested = claims.get(_TAGS)
    if nested is None:
        transitive = claims.get(_FLAT_TRANSITIVE)
    else:
        if not isinstance(nested, dict) or not nested.keys() <= _NESTED or flat or _FLAT_TRANSITIVE in claims:
            raise _malformed(_TAGS, nested)
        lists = nested.get("principal_tags", {})
        if not isinstance(lists, dict) or not all(isinstance(one, list) and len(one) == 1 for one in lists.values()):
            raise _malformed(f"{_TAGS} principal_tags", lists)
        flat, transitive = {key: value for key, [value] in lists.items()}, nested.get("transitive_tag_keys")
    if not all(isinstance(value, str) for value in flat.values()):
        raise _malformed("a tag", flat)
    if not isinstance(transitive, list | None) or not all(isinstance(key, str) for key in transitive or ()):
        raise _malformed("transitive_tag_keys", transitive)
    return list(flat.items()), list(dict.fromkeys(transitive or ()))


def _check_tags(tags: list[tuple[str, str]], transitive: list[str]) -> None:
    keys = {key.lower() for key, _ in tags}
    if len(tags) > MOST_TAGS:
        raise _refused(f"A session can have {MOST_TAGS} tags.", f"the token has {len(tags)} tags")
    if len(keys) != len(tags):
        raise _refused(_DUPLICATE, f"tags: {', '.join(key for key, _ in tags)}")
    for key, value in tags:
        if not 0 < len(key) <= _LONGEST_KEY or len(value) > _LONGEST_VALUE or not _is_tag_text(key + value):
            raise _malformed("a tag", {key: value})
        if key.lower().startswith("aws:"):
            raise _refused(_RESERVED, f"tag {key}")
    if not {key.lower() for key in transitive} <= keys:
        raise _refused(_NOT_AMONG, f"transitive: {', '.join(transitive)}; tags: {', '.join(key for key, _ in tags)}")


def _is_tag_text(text: str) -> bool:
    """Letters, blanks, digits, and some others: the pattern of tag keys and values in the service model."""
    return all(unicodedata.category(one)[0] in "LZN" or one in _PUNCTUATION for one in text)


def _source_identity(value: Any) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str) or not _SOURCE.fullmatch(value):
        raise _malformed(_SOURCE_IDENTITY, value)
    return value


def _malformed(what: str, value: Any) -> ApiError:
    return _refused(f"The identity token has a malformed claim: {what}", f"{what} is {value!r}")


def _refused(text: str, reason: str) -> ApiError:
    return ApiError("InvalidIdentityToken", text, reason=reason[:500])
