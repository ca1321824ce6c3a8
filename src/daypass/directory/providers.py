"""Identity providers that an account trusts (IAM API Reference: Get- and CreateOpenIDConnectProvider, ...SAMLProvider)."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from daypass.arns import iam_arn
from daypass.credentials import Secret  # noqa: TC001 - msgspec reads the annotations
from daypass.directory.records import Key, Record, Tags


class OidcProvider(Record, frozen=True, array_like=True):
    """An OpenID Connect provider that an account trusts. ``url`` is the issuer without ``https://``."""

    kind: ClassVar[str] = "oidc_provider"
    account: str
    url: str
    created: int
    client_ids: tuple[str, ...] = ()
    thumbprints: tuple[str, ...] = ()
    tags: Tags = ()

    @property
    def key(self) -> Key:
        return Key("oidc_provider", self.account, self.url)

    @property
    def arn(self) -> str:
        """``arn:aws:iam::A:oidc-provider/HOST/PATH``."""
        return f"arn:aws:iam::{self.account}:oidc-provider/{self.url}"


class PrivateKey(msgspec.Struct, frozen=True, array_like=True):
    """A key that decrypts assertions: PEM text, and when it was added."""

    id: str
    pem: Secret
    added: int


class SamlProvider(Record, frozen=True, array_like=True):
    """A SAML identity provider that an account trusts: its metadata document, and keys to decrypt its assertions.

    ``entity_id`` and ``signing_keys`` (public keys, PEM) are what was read from the metadata when it was stored;
    ``valid_until`` is the metadata's own end, or a hundred years on, as AWS has it.
    """

    kind: ClassVar[str] = "saml_provider"
    account: str
    name: str
    id: str
    created: int
    metadata: str
    tags: Tags = ()
    encryption_mode: str = "Allowed"
    """``Required`` refuses assertions that are not encrypted."""
    private_keys: tuple[PrivateKey, ...] = ()
    entity_id: str = ""
    signing_keys: tuple[str, ...] = ()
    valid_until: int = 0

    @property
    def key(self) -> Key:
        return Key("saml_provider", self.account, self.name)

    @property
    def arn(self) -> str:
        """``arn:aws:iam::A:saml-provider/NAME``."""
        return iam_arn(self.account, "saml-provider", "/", self.name)
