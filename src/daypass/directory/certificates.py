"""Certificates, SSH keys and service-specific credentials (IAM API Reference: the data types of these names).

Nothing on this server takes any of them as proof. They are kept for tools that manage them, and for who reads them here.
"""

from __future__ import annotations

from typing import ClassVar

from daypass.arns import iam_arn
from daypass.credentials import Secret  # noqa: TC001 - msgspec reads the annotations
from daypass.directory.records import Key, Link, Record, Tags


class ServerCertificate(Record, frozen=True, array_like=True):
    """A certificate of a server with its private key. ``expires`` is the certificate's own end (seconds)."""

    kind: ClassVar[str] = "server_certificate"
    account: str
    name: str
    path: str
    id: str
    body: str
    chain: str | None
    private_key: Secret
    uploaded: int
    expires: int
    tags: Tags = ()

    @property
    def key(self) -> Key:
        return Key("server_certificate", self.account, self.name.lower())

    @property
    def arn(self) -> str:
        """``arn:aws:iam::A:server-certificate/path/NAME``."""
        return iam_arn(self.account, "server-certificate", self.path, self.name)

    @property
    def unique_id(self) -> str:
        return self.id


class UsersRecord(Record, frozen=True, array_like=True):
    """What belongs to one user and has an id of its own."""

    account: str
    id: str
    user_id: str
    uploaded: int

    @property
    def key(self) -> Key:
        return Key(self.kind, self.account, self.id)

    def links(self) -> tuple[Link, ...]:
        return (Link(f"owner-of-{self.kind}", self.user_id),)


class SigningCertificate(UsersRecord, frozen=True, array_like=True):
    """An X.509 certificate by which a user once signed. ``fingerprint`` is the SHA-256 of its DER form, in hex."""

    kind: ClassVar[str] = "signing_certificate"
    body: str
    fingerprint: str
    active: bool = True


class SshPublicKey(UsersRecord, frozen=True, array_like=True):
    """A public key of a user for SSH. ``body`` is the key as it was uploaded, ``fingerprint`` IAM's MD5 of it."""

    kind: ClassVar[str] = "ssh_public_key"
    body: str
    fingerprint: str
    active: bool = True


class ServiceCredential(UsersRecord, frozen=True, array_like=True):
    """A user name and password, or an alias and a secret, for one service. ``expires`` None is never."""

    kind: ClassVar[str] = "service_credential"
    service: str
    name: str
    secret: Secret
    is_api_key: bool
    expires: int | None = None
    active: bool = True
