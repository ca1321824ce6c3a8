"""Delegation requests (IAM API Reference: CreateDelegationRequest ... SendDelegationToken).

An account asks another for temporary access, with a policy that the other sees before it agrees (IAM User Guide, "IAM
temporary delegation").
On AWS only onboarded partners ask. Here every account of the server may, whose principals are allowed to.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from daypass.access.asking import Ask
from daypass.access.authorize import decision_on
from daypass.arns import Arn
from daypass.directory import GLOBAL, Account, DelegationRequest, Delete, ManagedPolicy, Put, all_linked
from daypass.errors import ApiError
from daypass.policy import ExplicitDeny, PrincipalKind
from daypass.services.iam import paging
from daypass.services.iam.delegation_approval import approver, is_limited, permission_check
from daypass.services.iam.delegation_messages import check_channel, deliver, exchange_token
from daypass.services.iam.delegation_templates import boundaries, rendered
from daypass.services.iam.entities import find_policy
from daypass.services.iam.operations import iam

if TYPE_CHECKING:
    from daypass.directory import Change, View
    from daypass.directory.delegations import Parameter
    from daypass.services.registry import Call, Output, Result, Rooms

MOST_OPEN = 1000
"""Requests that one account may have at a time."""
KEPT = 30 * 86_400
"""Seconds that a request is still shown after it has expired."""
LONGEST_BY_ROOT = 4 * 3600
_ROOT_LIMIT = "A root user can accept delegation requests of up to 4 hours."
_UNDELIVERED = "The exchange token could not be delivered: the requestor's notification channel takes no messages."


def _asked(call: Call, view: View) -> list[Ask]:
    """The request that the call names, in the eyes of the caller's account."""
    request = _found(call, view)
    ask = _ask(call, request, call.operation)
    by_default = call.operation in ("GetDelegationRequest", "UpdateDelegationRequest")
    return [] if by_default and _owner_may(ask, call, view, request) else [ask]


def _summarised(call: Call, view: View) -> list[Ask]:
    """Whoever may read a request may have its summary."""
    request = _found(call, view)
    ask = _ask(call, request, "GetDelegationRequest")
    return [] if _owner_may(ask, call, view, request) else [ask]


def _is_owner(call: Call, request: DelegationRequest) -> bool:
    """Whether the owner calls: not who only shows its ARN, with credentials that are limited or a delegate's."""
    return request.owner_id == call.caller.arn and not is_limited(call.caller)


def _owner_may(ask: Ask, call: Call, view: View, request: DelegationRequest) -> bool:
    """The owner may without any policy, as long as none denies it."""
    if not _is_owner(call, request):
        return False
    return not isinstance(decision_on(ask, call.caller, view, call.facts), ExplicitDeny)


def _ask(call: Call, request: DelegationRequest, operation: str) -> Ask:
    arn = _arn(request.owner_account or call.account, request.id)
    context = {} if request.owner_id is None else {"iam:delegationrequestowner": request.owner_id}
    return Ask(f"iam:{operation}", arn, call.account, context)


def _new(call: Call, _view: View) -> list[Ask]:
    context = {
        "iam:delegationduration": str(call.input["SessionDuration"]),
        "iam:notificationchannel": call.input["NotificationChannel"],
    }
    template = call.input["Permissions"].get("PolicyTemplateArn")
    if template is not None:
        context["iam:templatearn"] = template
    return [Ask("iam:CreateDelegationRequest", _arn(call.account, "*"), call.account, context)]


def _listed(call: Call, _view: View) -> list[Ask]:
    owner = call.input.get("OwnerId")
    context = {} if owner is None else {"iam:delegationrequestowner": owner}
    return [Ask("iam:ListDelegationRequests", "*", call.account, context)]


@iam("CreateDelegationRequest", needs=_new)
def create_delegation_request(call: Call, view: View) -> Result:
    """Ask. The template is a customer managed policy of the caller's account."""
    asked, now = call.input, int(call.now)
    check_channel(asked["NotificationChannel"], call.account, view, call.now)
    open_ones, changes = _others(call, view)
    if len(open_ones) >= MOST_OPEN:
        raise ApiError("LimitExceeded", f"Cannot exceed quota for DelegationRequestsPerAccount: {MOST_OPEN}")
    if any(other.workflow_id == asked["RequestorWorkflowId"] for other in open_ones):
        text = f"Delegation request with workflow id {asked['RequestorWorkflowId']} already exists."
        raise ApiError("EntityAlreadyExists", text)
    parameters = _parameters(asked["Permissions"])
    template = _template(call, view)
    account = view.get(Account, GLOBAL, call.account)
    request = DelegationRequest(
        id=call.mint.uuid(),
        requestor=call.account,
        requestor_name=("" if account is None else account.name)[:30],
        workflow_id=asked["RequestorWorkflowId"],
        description=asked["Description"],
        template_arn=template.arn,
        parameters=parameters,
        policy=rendered(template.document, parameters),
        channel=asked["NotificationChannel"],
        duration=int(asked["SessionDuration"]),
        only_send_by_owner=bool(asked.get("OnlySendByOwner", False)),
        created=now,
        updated=now,
        owner_account=asked.get("OwnerAccountId"),
        message=asked.get("RequestMessage"),
        redirect_url=asked.get("RedirectUrl"),
    )
    return {"DelegationRequestId": request.id}, [*changes, Put(request)]


@iam("GetDelegationRequest", needs=_asked)
def get_delegation_request(call: Call, view: View) -> Result:
    """One request, with the policy that is asked for."""
    request = _found(call, view)
    output: Output = {"DelegationRequest": _shape(request, call.now)}
    if call.input.get("DelegationPermissionCheck"):
        output |= permission_check(call, view, request.policy)
    return output, []


@iam("ListDelegationRequests", needs=_listed)
def list_delegation_requests(call: Call, view: View) -> Result:
    """The requests that identities of the caller's account own."""
    owner = call.input.get("OwnerId")
    found = all_linked(DelegationRequest, view, GLOBAL, "delegation-owner", call.account)
    page, end = paging.paged(call, [r for r in found if owner in (None, r.owner_id)], lambda request: request.id)
    output: Output = {"DelegationRequests": [_shape(request, call.now) for request in page]}
    output["isTruncated"] = end.pop("IsTruncated")
    return output | end, []


@iam("AssociateDelegationRequest", needs=_asked)
def associate_delegation_request(call: Call, view: View) -> Result:
    """Make the request the caller's to decide on, or to pass on."""
    request = _in_state(call, view, "UNASSIGNED")
    changed = _moved(request, call, "ASSIGNED", owner_account=call.account, owner_id=call.caller.arn)
    return {}, [Put(changed)]


@iam.with_rooms("UpdateDelegationRequest", needs=_asked)
async def update_delegation_request(call: Call, view: View, rooms: Rooms) -> Result:
    """Pass the request on to somebody who may accept it."""
    request = _in_state(call, view, "ASSIGNED", "PENDING_APPROVAL")
    changed = _moved(request, call, "PENDING_APPROVAL", notes=call.input.get("Notes", request.notes))
    await deliver(call, view, rooms, changed)
    return {}, [Put(changed)]


@iam.with_rooms("AcceptDelegationRequest", needs=_asked)
async def accept_delegation_request(call: Call, view: View, rooms: Rooms) -> Result:
    """Agree. What is delegated is never more than the accepting identity has."""
    request = _in_state(call, view, "ASSIGNED", "PENDING_APPROVAL")
    if call.caller.kind is PrincipalKind.ROOT and request.duration > LONGEST_BY_ROOT:
        raise ApiError("InvalidInput", _ROOT_LIMIT)
    changed = _moved(request, call, "ACCEPTED", approver=approver(call.caller))
    await deliver(call, view, rooms, changed)
    return {}, [Put(changed)]


@iam.with_rooms("RejectDelegationRequest", needs=_asked)
async def reject_delegation_request(call: Call, view: View, rooms: Rooms) -> Result:
    """Refuse, or take back what was accepted, before the exchange token has been sent."""
    request = _in_state(call, view, "ASSIGNED", "PENDING_APPROVAL", "ACCEPTED")
    changed = _moved(request, call, "REJECTED", rejection_reason=call.input.get("Notes"))
    await deliver(call, view, rooms, changed, reason=changed.rejection_reason)
    return {}, [Put(changed)]


@iam.with_rooms("SendDelegationToken", needs=_asked)
async def send_delegation_token(call: Call, view: View, rooms: Rooms) -> Result:
    """Hand the exchange token to the requestor: the delegation begins now, and there is no way back."""
    request = _in_state(call, view, "ACCEPTED")
    if request.only_send_by_owner and not _is_owner(call, request):
        arn = _arn(call.account, request.id)
        text = f"User: {call.caller.arn} is not authorized to perform: iam:SendDelegationToken on resource: {arn}"
        raise ApiError("AccessDenied", text, reason="only the owner of the request sends its token")
    changed = _moved(request, call, "FINALIZED")
    until = changed.updated + changed.duration
    if not await deliver(call, view, rooms, changed, exchangeToken=exchange_token(call, changed), expiration=until):
        raise ApiError("InvalidInput", _UNDELIVERED)
    return {}, [Put(changed)]


@iam("GetHumanReadableSummary", needs=_summarised)
def get_human_readable_summary(call: Call, view: View) -> Result:
    """AWS has a language model write one. This server has none, and says so in the operation's own words."""
    _found(call, view)
    return {"Locale": call.input.get("Locale", "en"), "SummaryState": "NOT_SUPPORTED"}, []


def _found(call: Call, view: View) -> DelegationRequest:
    """The request, if the caller's account may know of it. Raises NoSuchEntity."""
    request_id = call.input.get("DelegationRequestId") or _id_of(call.input["EntityArn"])
    request = view.get(DelegationRequest, GLOBAL, request_id)
    expired = request is not None and call.now >= request.expires + KEPT
    if request is None or expired or request.owner_account not in (None, call.account):
        raise ApiError("NoSuchEntity", f"The delegation request with id {request_id} cannot be found.")
    return request


def _id_of(arn: str) -> str:
    try:
        kind, _, request_id = Arn.parse(arn).resource.partition("/")
    except ValueError:
        kind, request_id = "", ""
    if kind != "delegation-request" or not request_id:
        raise ApiError("InvalidInput", f"ARN {arn} is not that of a delegation request.")
    return request_id


def _in_state(call: Call, view: View, *states: str) -> DelegationRequest:
    request = _found(call, view)
    state = request.state_at(call.now)
    if state not in states:
        raise ApiError("InvalidInput", f"The delegation request {request.id} is in state {state}.")
    return request


def _moved(request: DelegationRequest, call: Call, state: str, **more: Any) -> DelegationRequest:
    return msgspec.structs.replace(request, state=state, updated=int(call.now), **more)


def _others(call: Call, view: View) -> tuple[list[DelegationRequest], list[Change]]:
    """The account's other requests, and the changes that forget those which nobody is shown any more."""
    found = list(all_linked(DelegationRequest, view, GLOBAL, "delegation-requestor", call.account))
    kept = [request for request in found if call.now < request.expires + KEPT]
    return kept, [Delete(request.key) for request in found if request not in kept]


def _template(call: Call, view: View) -> ManagedPolicy:
    arn = call.input["Permissions"].get("PolicyTemplateArn")
    try:
        found = None if arn is None else find_policy(view, call.account, arn)
    except ValueError:
        found = None
    if not isinstance(found, ManagedPolicy):
        text = "The policy template must be the ARN of a customer managed policy of the requesting account."
        raise ApiError("InvalidInput", text)
    return found


def _parameters(permissions: dict[str, Any]) -> tuple[Parameter, ...]:
    given = permissions.get("Parameters", ())
    if any(not parameter.get("Name") for parameter in given):
        raise ApiError("InvalidInput", "A parameter has no name.")
    return tuple((p["Name"], tuple(p.get("Values", ())), p.get("Type", "string")) for p in given)


def _arn(account: str, request_id: str) -> str:
    return f"arn:aws:iam::{account}:delegation-request/{request_id}"


def _shape(request: DelegationRequest, now: float) -> Output:
    """The request in the service model's member names; what is not known yet is absent."""
    shape = {
        "DelegationRequestId": request.id,
        "OwnerAccountId": request.owner_account,
        "Description": request.description,
        "RequestMessage": request.message,
        "Permissions": {
            "PolicyTemplateArn": request.template_arn,
            "Parameters": [
                {"Name": name, "Values": list(values), "Type": kind} for name, values, kind in request.parameters
            ],
        },
        "PermissionPolicy": request.policy,
        "RolePermissionRestrictionArns": boundaries(request.policy),
        "OwnerId": request.owner_id,
        "ApproverId": None if request.approver is None else request.approver.arn,
        "State": request.state_at(now),
        "ExpirationTime": request.expires,
        "RequestorId": request.requestor,
        "RequestorName": request.requestor_name,
        "CreateDate": request.created,
        "SessionDuration": request.duration,
        "RedirectUrl": request.redirect_url,
        "Notes": request.notes,
        "RejectionReason": request.rejection_reason,
        "OnlySendByOwner": request.only_send_by_owner,
        "UpdatedTime": request.updated,
    }
    return {name: value for name, value in shape.items() if value is not None}
