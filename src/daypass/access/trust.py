"""Where the trust policy of a role is put to the policy engine: the questions of the AssumeRole family.

Each feature of a session is an action of its own on the role: its tags (``sts:TagSession``), its source identity
(``sts:SetSourceIdentity``), also when they are only inherited. The trust policy must allow each of them; whether the
caller's own policies must allow it too is decided in the engine by how the trust policy names the caller (sts.md 5.3).
A feature's question comes before ``sts:AssumeRole``: that is the one AWS names (sts.md 5.4, recorded).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from daypass.access.asking import Ask, ResourcePolicy

if TYPE_CHECKING:
    from collections.abc import Iterable

    from daypass.access.asking import ContextValues
    from daypass.directory import Role

Tags = tuple[tuple[str, str], ...]


def trust_questions(role: Role, actions: Iterable[str], context: ContextValues) -> tuple[Ask, ...]:
    """The questions that decide on assuming ``role``, one per action, all with the same condition keys."""
    policy = ResourcePolicy(role.trust, role.trust_bindings, is_trust=True)
    return tuple(Ask(action, role.arn, role.account, context, policy) for action in actions)


def role_tag_context(role: Role, inherited: Tags) -> dict[str, str | tuple[str, ...]]:
    """The role's own tags as condition keys; inherited transitive tags stand in for those of the same key (9.1)."""
    tags = {key.lower(): value for key, value in (*role.tags, *inherited)}
    context: dict[str, str | tuple[str, ...]] = {}
    for key, value in tags.items():
        context[f"aws:resourcetag/{key}"] = value
        context[f"iam:resourcetag/{key}"] = value
    return context
