"""Central root access for the member accounts of an organization (IAM API Reference: EnableOrganizationsRootSessions...).

What is switched on here is what ``sts:AssumeRoot`` asks for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from daypass.directory import GLOBAL, Organization, Put
from daypass.errors import ApiError
from daypass.services.iam import authorization
from daypass.services.iam.operations import iam

if TYPE_CHECKING:
    from daypass.directory import View
    from daypass.services.registry import Call, Output, Result

IAM = "iam.amazonaws.com"
_FEATURES = {
    "RootCredentialsManagement": "OrganizationsRootCredentialsManagement",
    "RootSessions": "OrganizationsRootSessions",
}
_NO_ORGANIZATION = "The request was rejected because no organization is associated with your account."
_NOT_IN_CHARGE = (
    "The request was rejected because the account making the request is not the management account or delegated "
    "administrator account for centralized root access."
)
_NO_TRUSTED_ACCESS = "The request was rejected because trusted access is not enabled for IAM in Organizations."


@iam("ListOrganizationsFeatures", needs=authorization.account_wide)
def list_organizations_features(call: Call, view: View) -> Result:
    """What is switched on."""
    return _shown(_organization(call, view)), []


@iam("EnableOrganizationsRootSessions", needs=authorization.account_wide)
@iam("EnableOrganizationsRootCredentialsManagement", needs=authorization.account_wide)
def enable(call: Call, view: View) -> Result:
    """Switch a feature on; it may be on already."""
    organization = _organization(call, view)
    return _changed(organization, {*organization.root_features, _feature(call.operation)})


@iam("DisableOrganizationsRootSessions", needs=authorization.account_wide)
@iam("DisableOrganizationsRootCredentialsManagement", needs=authorization.account_wide)
def disable(call: Call, view: View) -> Result:
    """Switch a feature off. Sessions that are open live on, for minutes."""
    organization = _organization(call, view)
    return _changed(organization, set(organization.root_features) - {_feature(call.operation)})


def _changed(organization: Organization, features: set[str]) -> Result:
    changed = msgspec.structs.replace(organization, root_features=tuple(sorted(features)))
    return _shown(changed), [] if changed == organization else [Put(changed)]


def _feature(operation: str) -> str:
    return next(feature for feature, name in _FEATURES.items() if operation.endswith(name))


def _shown(organization: Organization) -> Output:
    return {"OrganizationId": organization.id, "EnabledFeatures": list(organization.root_features)}


def _organization(call: Call, view: View) -> Organization:
    """The organization that the caller's account is in charge of."""
    found = view.linked(Organization, GLOBAL, "organization-account", call.account, limit=1).records
    if not found or not isinstance(found[0], Organization):
        raise ApiError("OrganizationNotFoundException", _NO_ORGANIZATION)
    if not found[0].administers(call.account, IAM):
        raise ApiError("AccountNotManagementOrDelegatedAdministratorException", _NOT_IN_CHARGE)
    if IAM not in found[0].trusted_services:
        raise ApiError("ServiceAccessNotEnabledException", _NO_TRUSTED_ACCESS)
    return found[0]
