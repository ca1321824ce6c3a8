"""Every kind of record, wherever it is described."""

from __future__ import annotations

from daypass.directory import records
from daypass.directory.certificates import ServerCertificate, ServiceCredential, SigningCertificate, SshPublicKey
from daypass.directory.delegations import DelegationRequest
from daypass.directory.ended import Revocation, UsedProof
from daypass.directory.issuers import OutboundIssuer
from daypass.directory.organizations import Organization
from daypass.directory.passwords import LoginProfile, PasswordPolicy
from daypass.directory.providers import OidcProvider, SamlProvider
from daypass.directory.reports import CredentialReport, DeletionTask

KINDS: dict[str, type[records.Record]] = records.KINDS | {
    cls.kind: cls
    for cls in (
        OidcProvider,
        SamlProvider,
        Revocation,
        UsedProof,
        OutboundIssuer,
        Organization,
        DelegationRequest,
        LoginProfile,
        PasswordPolicy,
        ServerCertificate,
        SigningCertificate,
        SshPublicKey,
        ServiceCredential,
        CredentialReport,
        DeletionTask,
    )
}
"""Every kind of record, by its name in the store."""
