"""AssumeRoot (STS API Reference): minutes as the root user of a member account, for one privileged task.

Who may: users and roles of the organization's management account, or of the delegated administrator for IAM, once central
root access is on. The task policy is a managed policy of AWS that denies all else; it limits the session like a session
policy, whatever policies in the member account allow its root user. On AWS's own answers to those who may not nothing is
known, so all of them get the one text of access denied; the operator's log has the reason.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from daypass.access.asking import Ask
from daypass.arns import root_arn
from daypass.credentials import SessionKind
from daypass.directory import GLOBAL, Account, Organization
from daypass.directory.naming import is_account_id
from daypass.errors import ApiError
from daypass.policy import PrincipalKind
from daypass.services.sts.global_endpoint import refuse_global_endpoint
from daypass.services.sts.issuing import issue
from daypass.services.sts.operations import sts

if TYPE_CHECKING:
    from collections.abc import Iterable

    from daypass.directory import View
    from daypass.services.registry import Call, Output, Result

IAM = "iam.amazonaws.com"
LONGEST = 900
ROOT_SESSIONS = "RootSessions"
CREDENTIALS_MANAGEMENT = "RootCredentialsManagement"
TASKS = {
    "arn:aws:iam::aws:policy/root-task/IAMAuditRootUserCredentials": (ROOT_SESSIONS, CREDENTIALS_MANAGEMENT),
    "arn:aws:iam::aws:policy/root-task/IAMCreateRootUserPassword": (ROOT_SESSIONS, CREDENTIALS_MANAGEMENT),
    "arn:aws:iam::aws:policy/root-task/IAMDeleteRootUserCredentials": (ROOT_SESSIONS, CREDENTIALS_MANAGEMENT),
    "arn:aws:iam::aws:policy/root-task/S3UnlockBucketPolicy": (ROOT_SESSIONS,),
    "arn:aws:iam::aws:policy/root-task/SQSUnlockQueuePolicy": (ROOT_SESSIONS,),
}
"""The tasks, and the features of central root access of which one opens them."""

_NO_ARN = "1 validation error detected: Value null at 'taskPolicyArn.arn' failed to satisfy constraint: Member must not be null"


def _needs(call: Call, view: View) -> Iterable[Ask]:
    refuse_global_endpoint(call)
    member, task = _member(call.input["TargetPrincipal"]), _task(call)
    target = root_arn(member)
    if call.caller.kind not in (PrincipalKind.USER, PrincipalKind.ROLE_SESSION):
        raise _denied(call, target, "only users and roles may")
    # decided in the caller's account: there is no policy on a root user that could allow it from outside
    yield Ask("sts:AssumeRoot", target, call.account, {"sts:taskpolicyarn": task, "aws:resourceaccount": member})
    why = _obstacle(call, view, member, task)
    if why is not None:
        raise _denied(call, target, why)


@sts("AssumeRoot", needs=_needs)
def assume_root(call: Call, _view: View) -> Result:
    """Open a session of a member account's root user."""
    member, task = _member(call.input["TargetPrincipal"]), _task(call)
    call.owner = member  # which is told of it, like the owner of a role
    asked = call.input.get("DurationSeconds")
    session = call.caller.session
    source_identity = None if session is None else session.source_identity
    issued = issue(
        call,
        member,
        LONGEST if asked is None else int(asked),
        kind=SessionKind.ROOT,
        principal_id=member,
        principal_name="root",
        source_identity=source_identity,
        policy_arns=(task,),
    )
    output: Output = {"Credentials": issued.credentials, **issued.sizes(packed=False)}
    if source_identity is not None:
        output["SourceIdentity"] = source_identity
    return output, []


def _member(target: str) -> str:
    """The account of the target: its id, or its root user's ARN."""
    account = target if is_account_id(target) else target.removeprefix("arn:aws:iam::").removesuffix(":root")
    if not is_account_id(account) or target not in (account, root_arn(account)):
        raise ApiError("ValidationError", f"{target} is invalid")
    return account


def _task(call: Call) -> str:
    task: str | None = call.input["TaskPolicyArn"].get("arn")
    if task is None:
        raise ApiError("ValidationError", _NO_ARN)
    if task not in TASKS:
        raise ApiError("ValidationError", f"ARN {task} is not valid.")
    return task


def _obstacle(call: Call, view: View, member: str, task: str) -> str | None:
    """What stands against it besides permission."""
    found = view.linked(Organization, GLOBAL, "organization-account", call.account, limit=1).records
    if not found or not isinstance(found[0], Organization):
        return "the caller's account is in no organization"
    organization = found[0]
    if not organization.administers(call.account, IAM):
        return "the caller's account is neither the management account nor the delegated administrator for IAM"
    if member not in organization.members or view.get(Account, GLOBAL, member) is None:
        return "the target is no member account of the organization"
    if not set(TASKS[task]) & set(organization.root_features):
        return "central root access is not switched on for this task"
    return None


def _denied(call: Call, target: str, why: str) -> ApiError:
    text = f"User: {call.caller.arn} is not authorized to perform: sts:AssumeRoot on resource: {target}"
    return ApiError("AccessDenied", text, reason=why)
