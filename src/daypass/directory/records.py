"""What IAM knows, as frozen records. The store keeps them as they are; operations make new ones and never change one.

A record is found by its :class:`Key`: kind, scope and name. The scope is the account id, or ``""`` for what is unique
on the whole server (accounts, access keys, buckets). :meth:`Record.links` says what a record points at, so that the
store can answer the question backwards (who is in this group, where is this policy attached) without a second truth.

Sources: IAM API Reference (the data types), :mod:`daypass.credentials` for the secret type.
"""

from __future__ import annotations

from typing import ClassVar, NamedTuple

import msgspec

from daypass.arns import iam_arn
from daypass.credentials import Secret  # noqa: TC001 - msgspec reads the annotations

GLOBAL = ""
"""The scope of records whose names are unique on the whole server."""

Tags = tuple[tuple[str, str], ...]
Documents = tuple[tuple[str, str], ...]
"""Inline policies: (policy name, document text), by name."""
Bindings = tuple[tuple[str, str], ...]
"""Principals of a trust or bucket policy as written, and the unique ids they meant when it was stored."""


class Key(NamedTuple):
    """Where a record stands. ``name`` is in lower case where AWS compares without case."""

    kind: str
    scope: str
    name: str


class Link(NamedTuple):
    """That a record points at something: ``kind`` says how (``group``, ``policy``, ``boundary``...)."""

    kind: str
    target: str


class Record(msgspec.Struct, frozen=True, array_like=True, omit_defaults=False):
    """What all records share."""

    kind: ClassVar[str]

    @property
    def key(self) -> Key:
        """Where this record stands."""
        raise NotImplementedError

    @property
    def unique_id(self) -> str | None:
        """The id by which this entity is found whatever it is called (``AIDA...``), if it has one."""
        return None

    def links(self) -> tuple[Link, ...]:
        """What this record points at."""
        return ()


class Account(Record, frozen=True, array_like=True):
    """One account. Its root user is not a record: root keys are access keys without a user."""

    kind: ClassVar[str] = "account"
    id: str
    name: str
    created: int
    email: str = ""
    alias: str | None = None

    @property
    def key(self) -> Key:
        return Key("account", GLOBAL, self.id)


class User(Record, frozen=True, array_like=True):
    """An IAM user with what is attached to it."""

    kind: ClassVar[str] = "user"
    account: str
    name: str
    path: str
    id: str
    created: int
    tags: Tags = ()
    groups: tuple[str, ...] = ()
    policies: Documents = ()
    attached: tuple[str, ...] = ()
    boundary: str | None = None

    @property
    def key(self) -> Key:
        return Key("user", self.account, self.name.lower())

    @property
    def arn(self) -> str:
        """``arn:aws:iam::A:user/path/NAME``."""
        return iam_arn(self.account, "user", self.path, self.name)

    @property
    def unique_id(self) -> str:
        return self.id

    def links(self) -> tuple[Link, ...]:
        return (*(Link("group", name.lower()) for name in self.groups), *_policy_links(self.attached, self.boundary))


class Group(Record, frozen=True, array_like=True):
    """An IAM group. Who is in it stands in the users."""

    kind: ClassVar[str] = "group"
    account: str
    name: str
    path: str
    id: str
    created: int
    policies: Documents = ()
    attached: tuple[str, ...] = ()

    @property
    def key(self) -> Key:
        return Key("group", self.account, self.name.lower())

    @property
    def arn(self) -> str:
        """``arn:aws:iam::A:group/path/NAME``."""
        return iam_arn(self.account, "group", self.path, self.name)

    @property
    def unique_id(self) -> str:
        return self.id

    def links(self) -> tuple[Link, ...]:
        return _policy_links(self.attached, None)


class Role(Record, frozen=True, array_like=True):
    """An IAM role with its trust policy (bound to unique ids) and what is attached to it."""

    kind: ClassVar[str] = "role"
    account: str
    name: str
    path: str
    id: str
    created: int
    trust: str
    trust_bindings: Bindings = ()
    description: str | None = None
    max_session_duration: int = 3600
    tags: Tags = ()
    policies: Documents = ()
    attached: tuple[str, ...] = ()
    boundary: str | None = None

    @property
    def key(self) -> Key:
        return Key("role", self.account, self.name.lower())

    @property
    def arn(self) -> str:
        """``arn:aws:iam::A:role/path/NAME``."""
        return iam_arn(self.account, "role", self.path, self.name)

    @property
    def unique_id(self) -> str:
        return self.id

    def links(self) -> tuple[Link, ...]:
        return _policy_links(self.attached, self.boundary)


class PolicyVersion(msgspec.Struct, frozen=True, array_like=True):
    """One version of a managed policy. Numbers are never used again."""

    number: int
    document: str
    created: int


class ManagedPolicy(Record, frozen=True, array_like=True):
    """A customer managed policy with its versions, oldest first.

    Policies of AWS are data of the program and no records (:mod:`daypass.directory.aws_managed`).
    """

    kind: ClassVar[str] = "policy"
    account: str
    name: str
    path: str
    id: str
    created: int
    updated: int
    versions: tuple[PolicyVersion, ...]
    default_version: int
    next_version: int
    description: str | None = None
    tags: Tags = ()

    @property
    def key(self) -> Key:
        return Key("policy", self.account, self.name.lower())

    @property
    def arn(self) -> str:
        """``arn:aws:iam::A:policy/path/NAME``."""
        return iam_arn(self.account, "policy", self.path, self.name)

    @property
    def unique_id(self) -> str:
        return self.id

    @property
    def document(self) -> str:
        """The text of the default version: the one that is in force."""
        return next(v.document for v in self.versions if v.number == self.default_version)


class AccessKey(Record, frozen=True, array_like=True):
    """A long-term access key of a user, or of an account's root user (``user_id`` None)."""

    kind: ClassVar[str] = "access_key"
    id: str
    account: str
    secret: Secret
    created: int
    user_name: str | None
    user_id: str | None
    active: bool = True

    @property
    def key(self) -> Key:
        return Key("access_key", GLOBAL, self.id)

    def links(self) -> tuple[Link, ...]:
        return (Link("owner", self.user_id or self.account),)


class MfaDevice(Record, frozen=True, array_like=True):
    """A virtual MFA device. ``user_id`` says whom it is enabled for: a user's id, the account id for root, or None.

    ``last_step`` is the newest time step that was used: no step up to it is taken again.
    """

    kind: ClassVar[str] = "mfa_device"
    account: str
    name: str
    path: str
    seed: Secret
    created: int
    user_name: str | None = None
    user_id: str | None = None
    enabled: int | None = None
    drift: int = 0
    last_step: int = 0
    tags: Tags = ()
    failures: tuple[tuple[str, int], ...] = ()
    """Wrong codes of late: the long-term key that stands behind the call, and when (seconds)."""

    @property
    def key(self) -> Key:
        return Key("mfa_device", self.account, self.arn)

    @property
    def arn(self) -> str:
        """The serial number: ``arn:aws:iam::A:mfa/path/NAME``."""
        return iam_arn(self.account, "mfa", self.path, self.name)

    def links(self) -> tuple[Link, ...]:
        return (Link("owner", self.user_id),) if self.user_id else ()


class InstanceProfile(Record, frozen=True, array_like=True):
    """An instance profile: the container in which EC2 takes a role. ``role`` is the name of the one role in it."""

    kind: ClassVar[str] = "instance_profile"
    account: str
    name: str
    path: str
    id: str
    created: int
    role: str | None = None
    tags: Tags = ()

    @property
    def key(self) -> Key:
        return Key("instance_profile", self.account, self.name.lower())

    @property
    def arn(self) -> str:
        """``arn:aws:iam::A:instance-profile/path/NAME``."""
        return iam_arn(self.account, "instance-profile", self.path, self.name)

    @property
    def unique_id(self) -> str:
        return self.id

    def links(self) -> tuple[Link, ...]:
        return (Link("profile-role", self.role.lower()),) if self.role else ()


class Bucket(Record, frozen=True, array_like=True):
    """An S3 bucket: who owns it and how it is set. Its objects are in the object store.

    ``settings`` holds further settings of the bucket by sub-resource name (``versioning``, ``tagging``...) as JSON
    text in the API's own member names.
    """

    kind: ClassVar[str] = "bucket"
    name: str
    account: str
    region: str
    created: int
    id: str
    policy: str | None = None
    policy_bindings: Bindings = ()
    public_access_block: tuple[bool, bool, bool, bool] | None = (True, True, True, True)
    settings: Documents = ()

    @property
    def key(self) -> Key:
        return Key("bucket", GLOBAL, self.name)

    @property
    def arn(self) -> str:
        """``arn:aws:s3:::NAME``."""
        return f"arn:aws:s3:::{self.name}"

    @property
    def unique_id(self) -> str:
        return self.id

    def links(self) -> tuple[Link, ...]:
        return (Link("account", self.account),)


def _policy_links(attached: tuple[str, ...], boundary: str | None) -> tuple[Link, ...]:
    links = tuple(Link("policy", arn) for arn in attached)
    return (*links, Link("boundary", boundary)) if boundary else links


KINDS: dict[str, type[Record]] = {
    cls.kind: cls
    for cls in (
        Account,
        User,
        Group,
        Role,
        ManagedPolicy,
        AccessKey,
        MfaDevice,
        InstanceProfile,
        Bucket,
    )
}
"""Every kind of record, by its name in the store."""

__all__ = [
    "GLOBAL",
    "KINDS",
    "AccessKey",
    "Account",
    "Bindings",
    "Bucket",
    "Documents",
    "Group",
    "InstanceProfile",
    "Key",
    "Link",
    "ManagedPolicy",
    "MfaDevice",
    "PolicyVersion",
    "Record",
    "Role",
    "Tags",
    "User",
]
