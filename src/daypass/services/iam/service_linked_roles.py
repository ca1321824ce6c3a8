"""Service-linked roles (IAM API Reference: CreateServiceLinkedRole, DeleteServiceLinkedRole and its status).

Which services have one, and what it is called, stands in ``service_linked_roles.toml``. No service of this server uses
them; tools make them, and policies name them. Nobody changes one but by these calls. A deletion is done when it is
answered; its task is kept a day, for those who ask what became of it.
"""

from __future__ import annotations

import json
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Final

from daypass.arns import iam_arn
from daypass.directory import Delete, DeletionTask, Put, Role, all_of
from daypass.directory.aws_managed import ARN_PREFIX
from daypass.directory.naming import SERVICE_LINKED_PATH, is_protected, same_name
from daypass.directory.quotas import Quota
from daypass.errors import ApiError
from daypass.services.iam import authorization, shapes
from daypass.services.iam.entities import find, named
from daypass.services.iam.operations import iam

if TYPE_CHECKING:
    from daypass.access.asking import Ask
    from daypass.directory import Change, View
    from daypass.services.registry import Call, Result

PREFIX: Final = "AWSServiceRoleFor"
LONGEST_NAME: Final = 64
TASK_KEPT: Final = 86_400


@dataclass(frozen=True, slots=True)
class LinkedRole:
    """What a service's role is called, which policy of AWS it has, and whether it may have a suffix."""

    name: str
    policy: str
    suffix: bool = False

    @property
    def policy_arn(self) -> str:
        """``arn:aws:iam::aws:policy/aws-service-role/...``."""
        return f"{ARN_PREFIX}aws-service-role/{self.policy}"


@cache
def linked_roles() -> dict[str, LinkedRole]:
    """The services that have such a role, by service principal."""
    text = files("daypass.services.iam").joinpath("service_linked_roles.toml").read_text("utf-8")
    return {service: LinkedRole(**row) for service, row in tomllib.loads(text).items()}


def _new(call: Call, _view: View) -> list[Ask]:
    service = call.input["AWSServiceName"]
    known = linked_roles().get(service)
    name = _name(known, call) if known is not None else "*"
    arn = iam_arn(call.account, "role", f"{SERVICE_LINKED_PATH}{service}/", name)
    return [authorization.of_service_role(call, arn, service)]


def _existing(call: Call, view: View) -> list[Ask]:
    name = call.input["RoleName"]
    found = find(Role, view, call.account, name)
    arn = found.arn if found is not None else iam_arn(call.account, "role", SERVICE_LINKED_PATH, name)
    return [authorization.of_service_role(call, arn, _service(found.path) if found is not None else "")]


def _task(call: Call, _view: View) -> list[Ask]:
    parts = call.input["DeletionTaskId"].split("/")
    path, name = (f"/{'/'.join(parts[1:3])}/", parts[3]) if len(parts) == 5 else (SERVICE_LINKED_PATH, "*")
    return [
        authorization.of_service_role(
            call, iam_arn(call.account, "role", path, name), parts[2] if len(parts) == 5 else ""
        )
    ]


@iam("CreateServiceLinkedRole", needs=_new)
def create_service_linked_role(call: Call, view: View) -> Result:
    """Make the role of a service."""
    service = call.input["AWSServiceName"]
    known = linked_roles().get(service)
    if known is None:
        raise ApiError("InvalidInput", f"{service} is no service that has service-linked roles.")
    if "CustomSuffix" in call.input and not known.suffix:
        raise ApiError("InvalidInput", f"Custom suffix is not allowed for {service}")
    name = _name(known, call)
    if len(name) > LONGEST_NAME:
        raise ApiError("InvalidInput", f"The name {name} has more than {LONGEST_NAME} characters.")
    if view.get(Role, call.account, same_name(name)) is not None:
        text = f"Service role name {name} has been taken in this account, please try a different suffix."
        raise ApiError("InvalidInput", text)
    Quota.ROLES.check(view.count(Role, call.account) + 1)
    role = Role(
        account=call.account,
        name=name,
        path=f"{SERVICE_LINKED_PATH}{service}/",
        id=call.mint.unique_id("AROA", call.account),
        created=int(call.now),
        trust=_trust(service),
        description=call.input.get("Description"),
        attached=(known.policy_arn,),
    )
    return {"Role": shapes.created_role(role, view)}, [Put(role)]


@iam("DeleteServiceLinkedRole", needs=_existing)
def delete_service_linked_role(call: Call, view: View) -> Result:
    """Delete the role of a service. No service here uses one, so nothing stands in the way."""
    role = named(Role, view, call.account, call.input["RoleName"])
    if not is_protected(role.path):
        raise ApiError("NoSuchEntity", f"The role with name {role.name} cannot be found.")
    task = DeletionTask(call.account, f"task{role.path}{role.name}/{call.mint.uuid()}", int(call.now))
    old: list[Change] = [
        Delete(other.key) for other in all_of(DeletionTask, view, call.account) if other.ended + TASK_KEPT <= call.now
    ]
    return {"DeletionTaskId": task.id}, [*old, Delete(role.key), Put(task)]


@iam("GetServiceLinkedRoleDeletionStatus", needs=_task)
def get_service_linked_role_deletion_status(call: Call, view: View) -> Result:
    """What became of a deletion."""
    task_id = call.input["DeletionTaskId"]
    if view.get(DeletionTask, call.account, task_id) is None:
        raise ApiError("NoSuchEntity", f"Deletion task {task_id} cannot be found.")
    return {"Status": "SUCCEEDED"}, []


def _name(known: LinkedRole, call: Call) -> str:
    suffix = call.input.get("CustomSuffix")
    return f"{PREFIX}{known.name}" if suffix is None else f"{PREFIX}{known.name}_{suffix}"


def _service(path: str) -> str:
    return path.removeprefix(SERVICE_LINKED_PATH).rstrip("/")


def _trust(service: str) -> str:
    statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})
