"""Amazon Resource Names as values (IAM User Guide, "IAM identifiers")."""

from __future__ import annotations

from dataclasses import dataclass

PARTITION = "aws"


@dataclass(frozen=True, slots=True)
class Arn:
    """One resource name, taken apart. ``resource`` may itself hold colons and slashes."""

    partition: str
    service: str
    region: str
    account: str
    resource: str

    @classmethod
    def parse(cls, text: str) -> Arn:
        """Take an ARN apart. Raises ValueError where the text is none."""
        scheme, *parts = text.split(":", 5)
        if scheme != "arn" or len(parts) != 5 or not (parts[0] and parts[1] and parts[4]):
            raise ValueError(f"not an ARN: {text!r}")
        return cls(*parts)

    def __str__(self) -> str:
        return f"arn:{self.partition}:{self.service}:{self.region}:{self.account}:{self.resource}"


def iam_arn(account: str, kind: str, path: str, name: str) -> str:
    """The ARN of an IAM entity with a path, ``kind`` being ``user``, ``role``, ``group``, ``policy``..."""
    return f"arn:{PARTITION}:iam::{account}:{kind}{path}{name}"


def root_arn(account: str) -> str:
    """The ARN that means both an account and its root user."""
    return f"arn:{PARTITION}:iam::{account}:root"


def assumed_role_arn(account: str, role_name: str, session_name: str) -> str:
    """The ARN of one role session: without the role's path, as AWS writes it."""
    return f"arn:{PARTITION}:sts::{account}:assumed-role/{role_name}/{session_name}"


def federated_user_arn(account: str, name: str) -> str:
    """The ARN of a GetFederationToken session."""
    return f"arn:{PARTITION}:sts::{account}:federated-user/{name}"
