"""Names and paths of IAM's entities (IAM User Guide, "IAM identifiers" and "IAM and AWS STS quotas").

The service model's patterns are checked before an operation runs. Here stands what they do not say: what is reserved,
how an ARN is taken apart, and which names are one name.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from daypass.arns import PARTITION, Arn
from daypass.errors import ApiError

AWS_ACCOUNT = "aws"
"""What stands in place of the account in the ARN of a policy of AWS."""
LONGEST_SERIAL = 256

_NAME = re.compile(r"[A-Za-z0-9_+=,.@-]+")
_PATH = re.compile(r"/|/[!-~]+/")
_ALIAS = re.compile(r"[a-z0-9](?:[a-z0-9]|-(?!-)){1,61}[a-z0-9]")
_ACCOUNT_ID = re.compile(r"[0-9]{12}")
SERVICE_LINKED_PATH = "/aws-service-role/"
_RESERVED_PATHS = (SERVICE_LINKED_PATH, "/aws-reserved/")
_POLICY = "policy/"


class PolicyName(NamedTuple):
    """The ARN of a managed policy, taken apart. ``account`` is ``aws`` for policies of AWS."""

    account: str
    path: str
    name: str


def check_name(name: str, member: str) -> None:
    """Raise ValidationError for a name that could not stand in an ARN. ``member`` is the parameter's name."""
    if not _NAME.fullmatch(name):
        text = "It must contain only alphanumeric characters and/or the following: +=,.@_-"
        raise ApiError("ValidationError", f"The specified value for {_lower(member)} is invalid. {text}")


def check_path(path: str, member: str = "Path") -> None:
    """Raise ValidationError for what is no path."""
    if not _PATH.fullmatch(path):
        text = "It must begin and end with / and contain only alphanumeric characters and/or / characters."
        raise ApiError("ValidationError", f"The specified value for {_lower(member)} is invalid. {text}")


def check_role_path(path: str) -> None:
    """Raise ValidationError for a path under which only AWS's services make roles."""
    check_path(path)
    if path.startswith(_RESERVED_PATHS):
        raise ApiError("ValidationError", f"The specified value for path is invalid. Paths under {path} are reserved.")


def is_protected(path: str) -> bool:
    """Whether the roles under a path are AWS's services' own, and nobody else changes them."""
    return path.startswith(_RESERVED_PATHS)


def check_alias(alias: str) -> None:
    """Raise ValidationError for what is no account alias. Twelve digits would be somebody's account id."""
    if not _ALIAS.fullmatch(alias) or _ACCOUNT_ID.fullmatch(alias):
        text = "It must contain only digits, lowercase letters, and hyphens, and must not be an account id."
        raise ApiError("ValidationError", f"The specified value for accountAlias is invalid. {text}")


def same_name(name: str) -> str:
    """What two spellings of one name share: entities of one kind are unique in their account ignoring case."""
    return name.lower()


def is_account_id(text: str) -> bool:
    """Whether that is the form of an account id."""
    return _ACCOUNT_ID.fullmatch(text) is not None


def policy_name(arn: str) -> PolicyName | None:
    """The parts of a managed policy's ARN, or None where it is another resource's. Raises ValueError: not an ARN."""
    parsed = Arn.parse(arn)
    if parsed.partition != PARTITION or parsed.service != "iam" or parsed.region:
        return None
    if not parsed.resource.startswith(_POLICY):
        return None
    path, _, name = parsed.resource[len(_POLICY) - 1 :].rpartition("/")
    return PolicyName(parsed.account, path + "/", name)


def _lower(member: str) -> str:
    return member[:1].lower() + member[1:]
