"""Service-specific credentials of users (IAM API Reference: Create-, List-, Update-, Reset- and Delete...Credential).

No service of this server takes them; they are kept for who manages them with IAM and checks them elsewhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from daypass.credentials import Secret, secret_access_key
from daypass.directory import Delete, Put, ServiceCredential, User, all_of
from daypass.directory.quotas import Quota
from daypass.errors import ApiError
from daypass.services.iam import authorization, paging
from daypass.services.iam.operations import iam
from daypass.services.iam.users_records import STATUS, owner, record_of, records_of, wanted_status
from daypass.services.mint import SECRET_ENTROPY

if TYPE_CHECKING:
    from daypass.access.asking import Ask
    from daypass.directory import View
    from daypass.services.registry import Call, Output, Result

SERVICES = {
    "codecommit.amazonaws.com": False,
    "cassandra.amazonaws.com": False,
    "bedrock.amazonaws.com": True,
    "logs.amazonaws.com": True,
}
"""The services that IAM knows such credentials of; True where they are API keys, with an alias and an end."""
DAY = 86_400


@iam("CreateServiceSpecificCredential", needs=authorization.user)
def create_service_specific_credential(call: Call, view: View) -> Result:
    """Make a user name and a password, or an API key. The secret is in this answer and in that of a reset alone."""
    user, service = owner(call, view), call.input["ServiceName"]
    is_api_key = _check_service(service)
    days = call.input.get("CredentialAgeDays")
    if days is not None and not is_api_key:
        raise ApiError("ValidationError", f"CredentialAgeDays is not supported for {service}.")
    own = [record for record in records_of(ServiceCredential, view, user) if record.service == service]
    Quota.SERVICE_CREDENTIALS_PER_USER.check(len(own) + 1)
    taken = {record.name for record in own}
    names = (f"{user.name}{suffix}-at-{call.account}" for suffix in ("", *(f"+{n}" for n in range(1, 100))))
    made = ServiceCredential(
        account=call.account,
        id=call.mint.unique_id("ACCA", call.account),
        user_id=user.id,
        uploaded=int(call.now),
        service=service,
        name=next(name for name in names if name not in taken),
        secret=_secret(call),
        is_api_key=is_api_key,
        expires=None if days is None else int(call.now) + days * DAY,
    )
    return {"ServiceSpecificCredential": _with_secret(made, user, call.now)}, [Put(made)]


def _listing(call: Call, view: View) -> list[Ask]:
    return authorization.account_wide(call, view) if call.input.get("AllUsers") else authorization.user(call, view)


@iam("ListServiceSpecificCredentials", needs=_listing)
def list_service_specific_credentials(call: Call, view: View) -> Result:
    """The credentials of a user, or of all users, without their secrets."""
    service = call.input.get("ServiceName")
    if service is not None:
        _check_service(service)
    if call.input.get("AllUsers"):
        if "UserName" in call.input:
            raise ApiError("ValidationError", "UserName and AllUsers cannot both be given.")
        users = {user.id: user for user in all_of(User, view, call.account)}
        found = [record for record in all_of(ServiceCredential, view, call.account) if record.user_id in users]
    else:
        user = owner(call, view)
        users, found = {user.id: user}, records_of(ServiceCredential, view, user)
    wanted = [record for record in found if service in (None, record.service)]
    page, end = paging.paged(call, wanted, lambda record: record.id)
    return {"ServiceSpecificCredentials": [_metadata(r, users[r.user_id], call.now) for r in page], **end}, []


@iam("UpdateServiceSpecificCredential", needs=authorization.user)
def update_service_specific_credential(call: Call, view: View) -> Result:
    """Switch a credential off or on again."""
    active = wanted_status(call)
    return {}, [Put(msgspec.structs.replace(_of(call, view), active=active))]


@iam("ResetServiceSpecificCredential", needs=authorization.user)
def reset_service_specific_credential(call: Call, view: View) -> Result:
    """Give a credential a new secret."""
    user, record = owner(call, view), _of(call, view)
    changed = msgspec.structs.replace(record, secret=_secret(call))
    return {"ServiceSpecificCredential": _with_secret(changed, user, call.now)}, [Put(changed)]


@iam("DeleteServiceSpecificCredential", needs=authorization.user)
def delete_service_specific_credential(call: Call, view: View) -> Result:
    """Delete a credential."""
    return {}, [Delete(_of(call, view).key)]


def _of(call: Call, view: View) -> ServiceCredential:
    credential_id = call.input["ServiceSpecificCredentialId"]
    missing = f"No such credential {credential_id} exists"
    return record_of(ServiceCredential, view, owner(call, view), credential_id, missing)


def _check_service(service: str) -> bool:
    if service not in SERVICES:
        raise ApiError("NoSuchEntity", f"No such service {service} is supported for Service Specific Credentials")
    return SERVICES[service]


def _secret(call: Call) -> Secret:
    return secret_access_key(call.mint.random(SECRET_ENTROPY))


def _metadata(record: ServiceCredential, user: User, now: float) -> Output:
    over = record.expires is not None and now >= record.expires
    shape: Output = {
        "UserName": user.name,
        "Status": "Expired" if over else STATUS[record.active],
        "ServiceCredentialAlias" if record.is_api_key else "ServiceUserName": record.name,
        "CreateDate": record.uploaded,
        "ServiceSpecificCredentialId": record.id,
        "ServiceName": record.service,
    }
    return shape if record.expires is None else shape | {"ExpirationDate": record.expires}


def _with_secret(record: ServiceCredential, user: User, now: float) -> Output:
    member = "ServiceCredentialSecret" if record.is_api_key else "ServicePassword"
    return _metadata(record, user, now) | {member: record.secret.reveal()}
