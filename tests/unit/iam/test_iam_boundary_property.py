"""Whatever a bounded user does with IAM, its own rights stay within its boundary (threat B2)."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from iam_world import ACCOUNT, Iam, World

from daypass.access.caller import Caller
from daypass.errors import ApiError
from daypass.policy import Principal, PrincipalKind

ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"
WALL = f"arn:aws:iam::{ACCOUNT}:policy/wall"
OWN = f"arn:aws:iam::{ACCOUNT}:policy/own"
NOT_BEHIND_THE_WALL: tuple[tuple[str, dict[str, Any]], ...] = (
    ("DeleteUserPermissionsBoundary", {"UserName": "limited"}),
    ("PutUserPermissionsBoundary", {"UserName": "limited", "PermissionsBoundary": ADMINISTRATOR}),
    ("CreatePolicyVersion", {"PolicyArn": WALL, "PolicyDocument": "{}", "SetAsDefault": True}),
    ("CreateAccessKey", {"UserName": "admin"}),
    ("GetAccountSummary", {}),
)


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


EVERYTHING = document({"Effect": "Allow", "Action": "*", "Resource": "*"})
BEHIND_THE_WALL = document(
    {"Effect": "Allow", "Action": ["iam:*UserPolicy", "iam:*Group*", "iam:CreatePolicy"], "Resource": "*"},
    {
        "Effect": "Allow",
        "Action": ["iam:*PolicyVersion", "iam:Tag*", "iam:UpdateUser"],
        "Resource": [OWN, f"arn:aws:iam::{ACCOUNT}:user/*"],
    },
)


class BoundedUser(RuleBasedStateMachine):
    """A user who may do everything within a wall, and tries to get over it."""

    @initialize()
    def begin(self) -> None:
        self.world = World()
        self.world.add_account(ACCOUNT)
        self.admin = Iam(self.world, Caller(Principal(PrincipalKind.ANONYMOUS, "", ""), "")).as_user("admin")
        self.admin("CreatePolicy", PolicyName="wall", PolicyDocument=BEHIND_THE_WALL)
        self.admin("CreateUser", UserName="limited", PermissionsBoundary=WALL)
        self.admin("PutUserPolicy", UserName="limited", PolicyName="p", PolicyDocument=EVERYTHING)

    def attempt(self, operation: str, **given: Any) -> None:
        limited = self.admin.as_user("limited")
        try:
            limited.asked(operation, **given)
            limited(operation, **given)
        except ApiError:
            return

    @rule(
        operation=st.sampled_from(["AttachUserPolicy", "DetachUserPolicy"]),
        arn=st.sampled_from([OWN, WALL, ADMINISTRATOR]),
    )
    def attach(self, operation: str, arn: str) -> None:
        self.attempt(operation, UserName="limited", PolicyArn=arn)

    @rule(name=st.sampled_from(["p", "q"]), put=st.booleans())
    def inline(self, name: str, put: bool) -> None:
        if put:
            self.attempt("PutUserPolicy", UserName="limited", PolicyName=name, PolicyDocument=EVERYTHING)
        else:
            self.attempt("DeleteUserPolicy", UserName="limited", PolicyName=name)

    @rule(arn=st.sampled_from([OWN, WALL]), version=st.sampled_from(["v1", "v2", "v3"]), what=st.integers(0, 3))
    def versions(self, arn: str, version: str, what: int) -> None:
        match what:
            case 0:
                self.attempt("CreatePolicy", PolicyName=arn.rpartition("/")[2], PolicyDocument=EVERYTHING)
            case 1:
                self.attempt("CreatePolicyVersion", PolicyArn=arn, PolicyDocument=EVERYTHING, SetAsDefault=True)
            case 2:
                self.attempt("SetDefaultPolicyVersion", PolicyArn=arn, VersionId=version)
            case _:
                self.attempt("DeletePolicy", PolicyArn=arn)

    @rule(inline=st.booleans())
    def group(self, inline: bool) -> None:
        self.attempt("CreateGroup", GroupName="mine")
        if inline:
            self.attempt("PutGroupPolicy", GroupName="mine", PolicyName="p", PolicyDocument=EVERYTHING)
        else:
            self.attempt("AttachGroupPolicy", GroupName="mine", PolicyArn=ADMINISTRATOR)
        self.attempt("AddUserToGroup", GroupName="mine", UserName="limited")

    @rule(operation=st.sampled_from(NOT_BEHIND_THE_WALL))
    def climb(self, operation: tuple[str, dict[str, str]]) -> None:
        self.attempt(operation[0], **operation[1])

    @rule(path=st.sampled_from(["/", "/x/"]))
    def move(self, path: str) -> None:
        self.attempt("UpdateUser", UserName="limited", NewPath=path)
        self.attempt("TagUser", UserName="limited", Tags=[{"Key": "k", "Value": path}])

    @invariant()
    def the_wall_stands(self) -> None:
        limited = self.admin.as_user("limited")
        assert limited.caller.user is not None
        assert limited.caller.user.boundary == WALL
        for operation, given in NOT_BEHIND_THE_WALL:
            limited.denial(operation, **given)


TestBoundedUser = BoundedUser.TestCase
TestBoundedUser.settings = settings(max_examples=25, stateful_step_count=20, deadline=None)
