"""How many of everything an account may have (IAM User Guide, "IAM and AWS STS quotas"): AWS's defaults.

A quota is told under the name that stands in AWS's refusals: ``Cannot exceed quota for UsersPerAccount: 5000``.
"""

from __future__ import annotations

from enum import Enum

from daypass.errors import ApiError


class Quota(Enum):
    """A number that an account, or one of its entities, may not exceed. The value is AWS's name and the number."""

    USERS = ("UsersPerAccount", 5000)
    GROUPS = ("GroupsPerAccount", 300)
    ROLES = ("RolesPerAccount", 1000)
    POLICIES = ("PoliciesPerAccount", 1500)
    INSTANCE_PROFILES = ("InstanceProfilesPerAccount", 1000)
    MFA_DEVICES = ("MFADevicesPerAccount", 5000)
    """Virtual devices, assigned or not: as many as users."""
    ACCESS_KEYS_PER_USER = ("AccessKeysPerUser", 2)
    CERTIFICATES_PER_USER = ("CertificatesPerUser", 2)
    SSH_KEYS_PER_USER = ("SSHPublicKeysPerUser", 5)
    SERVICE_CREDENTIALS_PER_USER = ("ServiceSpecificCredentialsPerUser", 2)
    """For each service."""
    SERVER_CERTIFICATES = ("ServerCertificatesPerAccount", 20)
    SAML_PROVIDERS = ("SAMLProvidersPerAccount", 100)
    KEYS_PER_SAML_PROVIDER = ("KeysPerSAMLProvider", 10)
    OIDC_PROVIDERS = ("OpenIdConnectProvidersPerAccount", 100)
    CLIENT_IDS_PER_OIDC_PROVIDER = ("ClientIdsPerOpenIdConnectProvider", 100)
    GROUPS_PER_USER = ("GroupsPerUser", 10)
    MFA_DEVICES_PER_USER = ("MFADevicesPerUser", 8)
    POLICIES_PER_USER = ("PoliciesPerUser", 10)
    POLICIES_PER_GROUP = ("PoliciesPerGroup", 10)
    POLICIES_PER_ROLE = ("PoliciesPerRole", 10)
    ROLES_PER_INSTANCE_PROFILE = ("InstanceSessionsPerInstanceProfile", 1)
    POLICY_SIZE = ("PolicySize", 6144)
    """Characters of a managed policy without white space."""
    TRUST_POLICY_SIZE = ("ACLSizePerRole", 2048)
    """Characters of a role's trust policy without white space."""

    @property
    def limit(self) -> int:
        """The number itself."""
        return self.value[1]

    def check(self, amount: int) -> None:
        """Raise LimitExceeded where ``amount``, as it would be after the change, is over the quota."""
        if amount > self.limit:
            raise ApiError("LimitExceeded", f"Cannot exceed quota for {self.value[0]}: {self.limit}")


VERSIONS_PER_POLICY = 5
POLICY_VERSIONS_IN_USE = 10_000
TAGS_PER_RESOURCE = 50
INLINE_POLICY_SIZE = {"user": 2048, "role": 10_240, "group": 5120}
"""Characters without white space of all inline policies of one entity together."""
