"""A parameter that an operation does not have changes nothing, whatever record field it names (threat B4)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from iam_world import ACCOUNT

from daypass.directory import AccessKey, Group, ManagedPolicy, MfaDevice, Role, User

if TYPE_CHECKING:
    from collections.abc import Callable

    from iam_world import Iam

    from daypass.directory import Record

ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"


def spelled(field: str) -> str:
    return "".join(part.capitalize() for part in field.split("_"))


@pytest.mark.parametrize(
    ("cls", "operation"),
    [
        (User, "CreateUser"),
        (Group, "CreateGroup"),
        (Role, "CreateRole"),
        (ManagedPolicy, "CreatePolicy"),
        (MfaDevice, "CreateVirtualMFADevice"),
        (AccessKey, "CreateAccessKey"),
    ],
)
def test_record_fields_given_as_parameters_are_not_merged(
    iam: Iam, trusting: Callable[[Any], str], allow: Callable[[], str], cls: type[Record], operation: str
) -> None:
    given: dict[str, dict[str, Any]] = {
        "CreateUser": {"UserName": "eve"},
        "CreateGroup": {"GroupName": "eve"},
        "CreateRole": {"RoleName": "eve", "AssumeRolePolicyDocument": trusting({"AWS": ACCOUNT})},
        "CreatePolicy": {"PolicyName": "eve", "PolicyDocument": allow()},
        "CreateVirtualMFADevice": {"VirtualMFADeviceName": "eve"},
        "CreateAccessKey": {"UserName": "admin"},
    }
    legitimate = {"Path", "Tags", "PermissionsBoundary", "Description", "MaxSessionDuration", "UserName"}
    smuggled = {
        name: "smuggled"
        for field in cls.__struct_fields__
        for name in (field, spelled(field))
        if name not in legitimate
    }
    records = iam.world.store.records
    before = set(records)
    replace(iam, checks_input=False)(operation, **smuggled, **given[operation])
    (key,) = set(records) - before
    assert "smuggled" not in repr(records[key])


def test_a_second_name_does_not_turn_an_operation_on_somebody_else(iam: Iam) -> None:
    """AttachGroupPolicy with a UserName beside is asked for, and done, on the group."""
    iam("CreateGroup", GroupName="staff")
    iam("CreateUser", UserName="bob")
    smuggling = replace(iam, checks_input=False)
    given = {"GroupName": "staff", "UserName": "bob", "RoleName": "x", "PolicyArn": ADMINISTRATOR}
    (ask,) = smuggling.asks("AttachGroupPolicy", **given)
    assert ask.resource == f"arn:aws:iam::{ACCOUNT}:group/staff"
    smuggling("AttachGroupPolicy", **given)
    assert iam.user("bob").attached == ()
