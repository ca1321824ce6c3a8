"""The user, group or role whose policies are simulated, and what the caller must be allowed for it.

Source: IAM API Reference, SimulatePrincipalPolicy, parameter PolicySourceArn. The entity is found by the name in its
ARN, whatever path the ARN gives (recorded).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from daypass.access.asking import Ask
from daypass.access.gather import managed_source, parsed
from daypass.arns import PARTITION, Arn
from daypass.directory import Group, Role, User
from daypass.directory.aws_managed import ARN_PREFIX
from daypass.errors import ApiError
from daypass.policy import Grammar
from daypass.services.iam.entities import find
from daypass.services.iam.simulation_documents import BOUNDARY_POLICY, IAM_POLICY, NamedPolicy, invalid_input

if TYPE_CHECKING:
    from collections.abc import Iterator

    from daypass.directory import View
    from daypass.services.iam.entities import Holder
    from daypass.services.registry import Call

KINDS: Final[dict[str, type[Holder]]] = {"user": User, "group": Group, "role": Role}


@dataclass(frozen=True, slots=True)
class EntityName:
    """What the ARN of a user, group or role says."""

    account: str
    kind: str
    name: str


def entity_name(arn: str) -> EntityName | None:
    """The account, kind and name in the ARN of a user, group or role; None for anything else."""
    try:
        parts = Arn.parse(arn)
    except ValueError:
        return None
    kind, _, rest = parts.resource.partition("/")
    name = rest.rpartition("/")[2]
    if (parts.partition, parts.service, parts.region) != (PARTITION, "iam", "") or kind not in KINDS or not name:
        return None
    if len(parts.account) != 12 or not parts.account.isdecimal():
        return None
    return EntityName(parts.account, kind, name)


def on_source(call: Call, view: View) -> list[Ask]:
    """The operation's own action, on the entity that PolicySourceArn names. Raises InvalidInput for another ARN."""
    arn = call.input["PolicySourceArn"]
    named = _name(arn)
    found = find(KINDS[named.kind], view, call.account, named.name) if named.account == call.account else None
    context: dict[str, str | tuple[str, ...]] = {}
    if isinstance(found, User | Role):
        for service in ("aws", "iam"):
            context |= {f"{service}:resourcetag/{key.lower()}": value for key, value in found.tags}
    resource = arn if found is None else found.arn
    return [Ask(f"iam:{call.operation}", resource, call.account, context, shown=arn)]


def source(call: Call, view: View) -> Holder:
    """The entity that PolicySourceArn names. Raises InvalidInput, NoSuchEntity."""
    named = _name(call.input["PolicySourceArn"])
    if named.account != call.account:
        raise invalid_input(
            f"Invalid Policy Source Arn: caller's account {call.account} does not have access to policies in account "
            f"{named.account}."
        )
    found = find(KINDS[named.kind], view, named.account, named.name)
    if found is None:
        raise ApiError("NoSuchEntity", "Unable to retrieve specified IAM entity.")
    return found


def _name(arn: str) -> EntityName:
    named = entity_name(arn)
    if named is None:
        raise invalid_input(f"Invalid ARN provided in the request: {arn}")
    return named


@dataclass(frozen=True, slots=True)
class AttachedPolicy(NamedPolicy):
    """A policy of the entity or one of its groups. ``name`` is its own, ``arn`` that of a managed policy."""

    name: str
    arn: str | None
    holder: Holder

    @property
    def is_of_aws(self) -> bool:
        """Whether it is a managed policy of AWS."""
        return self.arn is not None and self.arn.startswith(ARN_PREFIX)


def identity_policies(entity: Holder, view: View) -> list[AttachedPolicy]:
    """The identity-based policies of an entity; of a user, those of its groups too. A managed policy counts once."""
    found: dict[str, AttachedPolicy] = {}
    for holder in _holders(entity, view):
        for policy in _policies_of(holder, view):
            found.setdefault(policy.arn or policy.id, policy)
    return list(found.values())


def boundary_of(entity: Holder, view: View) -> list[NamedPolicy] | None:
    """The permissions boundary; None where there is none. Where its policy is gone it is empty, and allows nothing."""
    if isinstance(entity, Group) or entity.boundary is None:
        return None
    found = managed_source(view, entity.account, entity.boundary)
    return [] if found is None else [NamedPolicy(found.name, BOUNDARY_POLICY, found.policy)]


def _holders(entity: Holder, view: View) -> Iterator[Holder]:
    yield entity
    for name in entity.groups if isinstance(entity, User) else ():
        group = view.get(Group, entity.account, name.lower())
        if group is not None:
            yield group


def _policies_of(holder: Holder, view: View) -> Iterator[AttachedPolicy]:
    for name, text in holder.policies:
        policy = parsed(text, Grammar.IDENTITY)
        yield AttachedPolicy(f"{holder.kind}_{holder.name}_{name}", IAM_POLICY, policy, name, None, holder)
    for arn in holder.attached:
        found = managed_source(view, holder.account, arn)
        if found is not None:
            yield AttachedPolicy(found.name, IAM_POLICY, found.policy, found.name, arn, holder)
