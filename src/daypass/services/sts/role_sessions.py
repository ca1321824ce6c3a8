"""The session of a role that the AssumeRole* calls open: what it asks the trust policy, and how it is opened and answered.

Each call has a proof of its own (a signature, an assertion, a token), and keys of its own; from there on they are alike.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from daypass.access.asking import Ask, ResourcePolicy
from daypass.access.authorize import refused_unseen
from daypass.access.trust import role_tag_context, trust_questions
from daypass.arns import Arn, assumed_role_arn
from daypass.credentials import SessionKind
from daypass.directory import Role
from daypass.errors import ApiError
from daypass.services.sts.issuing import issue
from daypass.services.sts.session_policies import session_policies
from daypass.services.sts.session_tags import tag_context

if TYPE_CHECKING:
    from collections.abc import Iterable

    from daypass.directory import View
    from daypass.services.registry import Call, Output
    from daypass.services.sts.session_tags import SessionTags

Context = dict[str, str | tuple[str, ...]]

_NO_TRUST: Final = ResourcePolicy("", is_trust=True)


class RoleSession(NamedTuple):
    """What a call, or its proof, wants the session to be."""

    name: str
    tags: SessionTags
    source_identity: str | None

    def keys(self) -> Context:
        """The condition keys that it brings."""
        context: Context = {**tag_context(self.tags.passed), "sts:rolesessionname": self.name}
        if self.tags.transitive:
            context["sts:transitivetagkeys"] = self.tags.transitive
        if self.source_identity is not None:
            context["sts:sourceidentity"] = self.source_identity
        return context

    def actions(self, action: str) -> list[str]:
        """What is asked of the trust policy, in AWS's order; ``action`` is the call's own."""
        return [
            *(["sts:SetSourceIdentity"] if self.source_identity is not None else []),
            *(["sts:TagSession"] if self.tags.all else []),
            action,
        ]

    def note(self, call: Call) -> None:
        """Put what a proof has brought into the record of the call, whose arguments do not say it."""
        if self.source_identity is not None:
            call.notes["sourceIdentity"] = self.source_identity
        if self.tags.all:
            call.notes["principalTags"] = dict(self.tags.all)
        if self.tags.transitive:
            call.notes["transitiveTagKeys"] = list(self.tags.transitive)


def arn_of(text: str) -> Arn:
    """An ARN that a call names. Raises ValidationError."""
    try:
        return Arn.parse(text)
    except ValueError:
        raise ApiError("ValidationError", f"{text} is invalid") from None


def role_named(call: Call, view: View, actions: list[str], context: Context, *, within: str | None = None) -> Role:
    """The role that the call names, in the account ``within`` where one is given.

    Raises AccessDenied where there is none, in the words for a role whose trust policy does not allow the first action.
    """
    role_arn: str = call.input["RoleArn"]
    arn = arn_of(role_arn)
    role = view.get(Role, arn.account, arn.resource.rpartition("/")[2].lower())
    if role is None or role.arn != role_arn or within not in (None, role.account):
        wanted = Ask(actions[0], role_arn, arn.account, context, _NO_TRUST)
        where = "" if within is None else f" in account {within}"
        raise refused_unseen(wanted, call, f"there is no role {role_arn}{where}")
    return role


def trust_asks(role: Role, wanted: RoleSession, actions: list[str], context: Context) -> Iterable[Ask]:
    """The questions to the role's trust policy."""
    return trust_questions(role, actions, role_tag_context(role, wanted.tags.inherited) | context)


def open_role_session(
    call: Call, view: View, role: Role, wanted: RoleSession, duration: int, *, chained: bool = False
) -> Output:
    """The session, ``duration`` seconds long, and what every answer says of it. Checks the call's session policies first."""
    policies = session_policies(call, view, role.account)
    tags = dict(wanted.tags.all)
    issued = issue(
        call,
        role.account,
        duration,
        kind=SessionKind.ROLE,
        principal_id=role.id,
        principal_name=role.name,
        principal_path=role.path,
        session_name=wanted.name,
        source_identity=wanted.source_identity,
        tags=tags,
        transitive_tag_keys=wanted.tags.transitive,
        policy=policies.inline,
        policy_arns=policies.arns,
        chained=chained,
        federation=call.caller.federation,
    )
    output: Output = {
        "AssumedRoleUser": {
            "AssumedRoleId": f"{role.id}:{wanted.name}",
            "Arn": assumed_role_arn(role.account, role.name, wanted.name),
        },
        "Credentials": issued.credentials,
        **issued.sizes(packed=policies.given or bool(tags)),
    }
    if wanted.source_identity is not None:
        output["SourceIdentity"] = wanted.source_identity
    return output
