"""IAM User Guide, "Permissions boundaries for IAM entities"."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from iam_world import ACCOUNT, OTHER_ACCOUNT

if TYPE_CHECKING:
    from collections.abc import Callable

    from iam_world import Iam

READ_ONLY = "arn:aws:iam::aws:policy/ReadOnlyAccess"
ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"


@pytest.fixture(autouse=True)
def holders(iam: Iam, trusting: Callable[[Any], str]) -> None:
    iam("CreateUser", UserName="bob")
    iam("CreateRole", RoleName="app", AssumeRolePolicyDocument=trusting({"AWS": ACCOUNT}))


@pytest.mark.parametrize(("kind", "name"), [("User", "bob"), ("Role", "app")])
def test_a_boundary_is_put_replaced_and_taken_away(iam: Iam, kind: str, name: str) -> None:
    holder = {f"{kind}Name": name}
    for arn in (READ_ONLY, ADMINISTRATOR):
        assert iam(f"Put{kind}PermissionsBoundary", PermissionsBoundary=arn, **holder) == {}
        shown = iam(f"Get{kind}", **holder)[kind]["PermissionsBoundary"]
        assert shown == {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": arn}
    for _ in range(2):
        assert iam(f"Delete{kind}PermissionsBoundary", **holder) == {}
    assert "PermissionsBoundary" not in iam(f"Get{kind}", **holder)[kind]


def test_the_policy_must_be_there(iam: Iam, neighbour: Iam, allow: Callable[[], str]) -> None:
    neighbour("CreatePolicy", PolicyName="p", PolicyDocument=allow())
    foreign = f"arn:aws:iam::{OTHER_ACCOUNT}:policy/p"
    missing = ("NoSuchEntity", f"Scope ARN: {foreign} does not exist or is not attachable.")
    given = {"UserName": "bob", "PermissionsBoundary": foreign}
    assert iam.refusal("PutUserPermissionsBoundary", **given) == missing
    assert iam.refusal("CreateUser", UserName="eve", PermissionsBoundary=foreign) == missing
    refused = ("InvalidInput", "ARN boundary-of-everything is not valid.")
    given = {"RoleName": "app", "PermissionsBoundary": "boundary-of-everything"}
    assert iam.refusal("PutRolePermissionsBoundary", **given) == refused
