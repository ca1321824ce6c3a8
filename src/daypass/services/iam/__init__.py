"""AWS Identity and Access Management (API version 2010-05-08): who is who, and who may do what.

Importing this package fills :data:`iam` with the operations that are implemented.
"""

from daypass.services.iam import (  # noqa: F401 - importing them registers their operations
    access_keys,
    account,
    account_properties,
    attachments,
    authorization_details,
    boundaries,
    context_keys,
    credential_report,
    delegation_requests,
    groups,
    inline_policies,
    instance_profiles,
    login_profiles,
    managed_policies,
    mfa_devices,
    oidc_providers,
    organizations_features,
    outbound_federation,
    password_policy,
    policy_versions,
    roles,
    saml_providers,
    server_certificates,
    service_credentials,
    service_linked_roles,
    signing_certificates,
    simulation,
    ssh_public_keys,
    tags,
    users,
)
from daypass.services.iam.operations import iam
from daypass.services.iam.provision import AccountKeys, new_account

__all__ = ["AccountKeys", "iam", "new_account"]
