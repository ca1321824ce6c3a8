"""The account as a whole (IAM API Reference: GetAccountSummary, CreateAccountAlias, ListAccountAliases...)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from daypass.directory import (
    GLOBAL,
    AccessKey,
    Account,
    Group,
    InstanceProfile,
    ManagedPolicy,
    MfaDevice,
    OidcProvider,
    Put,
    Role,
    SamlProvider,
    ServerCertificate,
    User,
    all_linked,
    all_of,
)
from daypass.directory import quotas as q
from daypass.directory.naming import check_alias
from daypass.directory.quotas import Quota
from daypass.errors import ApiError
from daypass.services.iam import authorization, paging
from daypass.services.iam.entities import account_of
from daypass.services.iam.operations import iam

if TYPE_CHECKING:
    from daypass.directory import View
    from daypass.services.registry import Call, Result

_QUOTAS = {
    "AccessKeysPerUserQuota": Quota.ACCESS_KEYS_PER_USER.limit,
    "AssumeRolePolicySizeQuota": Quota.TRUST_POLICY_SIZE.limit,
    "AttachedPoliciesPerGroupQuota": Quota.POLICIES_PER_GROUP.limit,
    "AttachedPoliciesPerRoleQuota": Quota.POLICIES_PER_ROLE.limit,
    "AttachedPoliciesPerUserQuota": Quota.POLICIES_PER_USER.limit,
    "GroupPolicySizeQuota": q.INLINE_POLICY_SIZE["group"],
    "GroupsPerUserQuota": Quota.GROUPS_PER_USER.limit,
    "GroupsQuota": Quota.GROUPS.limit,
    "InstanceProfilesQuota": Quota.INSTANCE_PROFILES.limit,
    "PoliciesQuota": Quota.POLICIES.limit,
    "PolicySizeQuota": Quota.POLICY_SIZE.limit,
    "PolicyVersionsInUseQuota": q.POLICY_VERSIONS_IN_USE,
    "RolePolicySizeQuota": q.INLINE_POLICY_SIZE["role"],
    "RolesQuota": Quota.ROLES.limit,
    "ServerCertificatesQuota": Quota.SERVER_CERTIFICATES.limit,
    "SigningCertificatesPerUserQuota": Quota.CERTIFICATES_PER_USER.limit,
    "UserPolicySizeQuota": q.INLINE_POLICY_SIZE["user"],
    "UsersQuota": Quota.USERS.limit,
    "VersionsPerPolicyQuota": q.VERSIONS_PER_POLICY,
}
_NOT_KEPT = (
    "AccountPasswordPresent",
    "AccountSigningCertificatesPresent",
)
"""What the summary counts and this server has none of: there are no operations that make one."""


@iam("GetAccountSummary", needs=authorization.account_wide)
def get_account_summary(call: Call, view: View) -> Result:
    """How much of everything the account has, and may have."""
    account = call.account
    devices = list(all_of(MfaDevice, view, account))
    counts = {
        "AccountAccessKeysPresent": int(any(all_linked(AccessKey, view, GLOBAL, "owner", account))),
        "AccountMFAEnabled": int(any(device.user_id == account for device in devices)),
        "GlobalEndpointTokenVersion": 1,
        "Groups": view.count(Group, account),
        "InstanceProfiles": view.count(InstanceProfile, account),
        "MFADevices": len(devices),
        "MFADevicesInUse": sum(device.user_id is not None for device in devices),
        "Policies": view.count(ManagedPolicy, account),
        "PolicyVersionsInUse": sum(len(policy.versions) for policy in all_of(ManagedPolicy, view, account)),
        "Providers": view.count(OidcProvider, account) + view.count(SamlProvider, account),
        "Roles": view.count(Role, account),
        "ServerCertificates": view.count(ServerCertificate, account),
        "Users": view.count(User, account),
    }
    summary = _QUOTAS | counts | dict.fromkeys(_NOT_KEPT, 0)
    return {"SummaryMap": dict(sorted(summary.items()))}, []


@iam("CreateAccountAlias", needs=authorization.account_wide)
def create_account_alias(call: Call, view: View) -> Result:
    """Give the account a name that no other account of this server has, in place of the one it had."""
    alias = call.input["AccountAlias"]
    check_alias(alias)
    if any(account.alias == alias for account in all_of(Account, view, GLOBAL)):
        raise ApiError("EntityAlreadyExists", f"The account alias {alias} already exists.")
    return {}, [Put(msgspec.structs.replace(account_of(call, view), alias=alias))]


@iam("ListAccountAliases", needs=authorization.account_wide)
def list_account_aliases(call: Call, view: View) -> Result:
    """The account's alias, if it has one."""
    alias = account_of(call, view).alias
    page, end = paging.paged_in_order(call, [] if alias is None else [alias])
    return {"AccountAliases": page, **end}, []


@iam("DeleteAccountAlias", needs=authorization.account_wide)
def delete_account_alias(call: Call, view: View) -> Result:
    """Take the alias from the account."""
    account, alias = account_of(call, view), call.input["AccountAlias"]
    if account.alias != alias:
        raise ApiError("NoSuchEntity", f"The account alias with name {alias} cannot be found.")
    return {}, [Put(msgspec.structs.replace(account, alias=None))]
