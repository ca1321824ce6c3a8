"""Which policies apply to a caller: from records to the compiled layers that the policy engine decides on.

Layers of a principal are compiled once and kept until anything in its account changes; a policy text is parsed once
for all who use it. Nothing is read from the session but what was sealed into it: permission policies, boundaries and
managed session policies are those of now (sts.md, "What a session carries").
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from daypass.credentials import SessionKind
from daypass.directory import Group, ManagedPolicy, View
from daypass.directory.aws_managed import aws_policy
from daypass.policy import CompiledLayer, Grammar, Layers, Policy, PrincipalKind, Source, bind, compile_layer, parse
from daypass.store.caches import MISSING, ScopedCache

if TYPE_CHECKING:
    from collections.abc import Iterator

    from daypass.access.asking import ResourcePolicy
    from daypass.access.caller import Caller
    from daypass.directory import Role, User

_KEPT_TEXTS: Final = 8192
_KEPT_CHARACTERS: Final = 2 << 20
"""Of the texts behind parsed policies, and behind compiled ones: each takes many times as many bytes as its text."""

_EVERYTHING = '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}'
_NOTHING = '{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"*","Resource":"*"}}'


def layers_of(caller: Caller, view: View, resource_policy: ResourcePolicy | None) -> Layers:
    """All layers that have a say when this caller asks for something behind ``resource_policy``."""
    resource = None if resource_policy is None else resource_layer(resource_policy)
    is_trust = resource_policy is not None and resource_policy.is_trust
    owner = caller.role or caller.user
    identity = boundary = None
    if owner is not None:
        identity, boundary = view.derived(
            owner.account, ("layers", owner.id), lambda: _of_principal(owner, view), lambda made: _text_of(*made)
        )
    elif caller.kind is PrincipalKind.FEDERATED_USER:
        identity = _allow_all()  # made by a root user: only its session policies limit it
    return Layers(
        identity=identity,
        boundary=boundary,
        session=_session_layer(caller, view),
        resource=resource,
        resource_is_trust=is_trust,
        resource_must_allow=is_trust,
    )


_PARSED: Final = ScopedCache(_KEPT_TEXTS, _KEPT_CHARACTERS)
_OF_RESOURCES: Final = ScopedCache(_KEPT_TEXTS, _KEPT_CHARACTERS)


def parsed(text: str, grammar: Grammar) -> Policy:
    """A policy that was checked when it was stored; parsed once per text."""
    policy: Policy = _PARSED.get(grammar.value, text)
    if policy is MISSING:
        policy = parse(text, grammar)
        _PARSED.put(grammar.value, text, policy, len(text))
    return policy


def resource_layer(policy: ResourcePolicy) -> CompiledLayer:
    """The compiled layer of a bucket or trust policy, its principals bound to unique ids."""
    kind = "trust policy" if policy.is_trust else "bucket policy"
    layer: CompiledLayer = _OF_RESOURCES.get(kind, policy)
    if layer is MISSING:
        grammar = Grammar.TRUST if policy.is_trust else Grammar.BUCKET
        bound = bind(parsed(policy.document, grammar), dict(policy.bindings))
        layer = compile_layer((Source(bound, kind),))
        _OF_RESOURCES.put(kind, policy, layer, len(policy.document))
    return layer


def _text_of(*layers: CompiledLayer | None) -> int:
    return sum(len(source.policy.text) for layer in layers if layer is not None for source in layer.sources)


def managed_source(view: View, account: str, arn: str) -> Source | None:
    """The default version of a managed policy of AWS or of that account; None where there is none (any more)."""
    aws = aws_policy(arn)
    if aws is not None:
        return Source(parsed(aws.document, Grammar.IDENTITY), aws.name, arn)
    policy = view.get(ManagedPolicy, account, arn.rpartition("/")[2].lower())
    if policy is None or policy.arn != arn:
        return None
    return Source(parsed(policy.document, Grammar.IDENTITY), policy.name, arn)


@lru_cache(maxsize=1)
def _allow_all() -> CompiledLayer:
    return compile_layer((Source(parsed(_EVERYTHING, Grammar.IDENTITY), "root"),))


def _of_principal(owner: User | Role, view: View) -> tuple[CompiledLayer, CompiledLayer | None]:
    identity = compile_layer(tuple(_identity_sources(owner, view)))
    if owner.boundary is None:
        return identity, None
    boundary = managed_source(view, owner.account, owner.boundary)
    return identity, compile_layer(() if boundary is None else (boundary,))


def _identity_sources(owner: User | Role, view: View) -> Iterator[Source]:
    yield from _own_sources(owner, view)
    for name in getattr(owner, "groups", ()):
        group = view.get(Group, owner.account, name.lower())
        if group is not None:
            yield from _own_sources(group, view)


def _own_sources(holder: User | Role | Group, view: View) -> Iterator[Source]:
    whose = f"{holder.kind} {holder.name}"
    for name, text in holder.policies:
        yield Source(parsed(text, Grammar.IDENTITY), name, holder=whose)
    for arn in holder.attached:
        source = managed_source(view, holder.account, arn)
        if source is not None:
            yield replace(source, holder=whose)


def _session_layer(caller: Caller, view: View) -> CompiledLayer | None:
    session = caller.session
    if session is None:
        return None
    if session.policy is None and not session.policy_arns:
        # a federated user without a session policy has nothing (sts.md 4.9); other sessions have all of their issuer's
        return compile_layer(()) if caller.kind is PrincipalKind.FEDERATED_USER else None
    if session.kind is SessionKind.ROOT:
        arns = session.policy_arns
        return view.derived(
            session.account, ("task", arns), lambda: _compile_task(session.account, arns, view), _text_of
        )
    key = ("session", session.policy, session.policy_arns)
    return view.derived(
        session.account, key, lambda: _compile_session(session.account, key[1], session.policy_arns, view), _text_of
    )


def _compile_task(account: str, arns: tuple[str, ...], view: View) -> CompiledLayer:
    """What limits an AssumeRoot session. Task policies only deny: what they leave open, the root user may do."""
    tasks = [source for arn in arns if (source := managed_source(view, account, arn)) is not None]
    all_known = tasks and len(tasks) == len(arns)
    rest = Source(parsed(_EVERYTHING if all_known else _NOTHING, Grammar.IDENTITY), "root")
    return compile_layer((rest, *tasks))


def _compile_session(account: str, text: str | None, arns: tuple[str, ...], view: View) -> CompiledLayer:
    """One layer of all session policies. Where one is gone, what it denied is unknown: the layer allows nothing."""
    sources = [] if text is None else [Source(parsed(text, Grammar.SESSION), "session policy")]
    for arn in arns:
        managed = managed_source(view, account, arn)
        if managed is None:
            return compile_layer(())
        sources.append(managed)
    return compile_layer(tuple(sources))
