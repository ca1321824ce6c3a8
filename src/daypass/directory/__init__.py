"""What IAM knows: frozen records, changes as values, and the view through which they are read.

Nothing here writes or waits: records and changes are values, :class:`View` is an interface that the store implements.
"""

from daypass.directory.certificates import (
    ServerCertificate,
    ServiceCredential,
    SigningCertificate,
    SshPublicKey,
    UsersRecord,
)
from daypass.directory.changes import Change, Delete, Put
from daypass.directory.delegations import DelegationRequest
from daypass.directory.ended import Revocation, UsedProof, revocation_key, use_once
from daypass.directory.issuers import IssuerKey, OutboundIssuer
from daypass.directory.kinds import KINDS
from daypass.directory.listing import all_linked, all_of
from daypass.directory.organizations import Organization
from daypass.directory.passwords import LoginProfile, PasswordPolicy
from daypass.directory.providers import OidcProvider, PrivateKey, SamlProvider
from daypass.directory.records import (
    GLOBAL,
    AccessKey,
    Account,
    Bucket,
    Group,
    InstanceProfile,
    Key,
    Link,
    ManagedPolicy,
    MfaDevice,
    PolicyVersion,
    Record,
    Role,
    User,
)
from daypass.directory.reports import CredentialReport, DeletionTask
from daypass.directory.view import LastUse, Page, View

__all__ = [
    "GLOBAL",
    "KINDS",
    "AccessKey",
    "Account",
    "Bucket",
    "Change",
    "CredentialReport",
    "DelegationRequest",
    "Delete",
    "DeletionTask",
    "Group",
    "InstanceProfile",
    "IssuerKey",
    "Key",
    "LastUse",
    "Link",
    "LoginProfile",
    "ManagedPolicy",
    "MfaDevice",
    "OidcProvider",
    "Organization",
    "OutboundIssuer",
    "Page",
    "PasswordPolicy",
    "PolicyVersion",
    "PrivateKey",
    "Put",
    "Record",
    "Revocation",
    "Role",
    "SamlProvider",
    "ServerCertificate",
    "ServiceCredential",
    "SigningCertificate",
    "SshPublicKey",
    "UsedProof",
    "User",
    "UsersRecord",
    "View",
    "all_linked",
    "all_of",
    "revocation_key",
    "use_once",
]
