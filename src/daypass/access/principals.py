"""From a verified key or an opened session to the Caller: who it is now, by the directory of now.

The principal of a session is looked up by its unique id, never by name: a role that was deleted and made again under the
same name is another role (sts.md 18). What names a caller *directly* and what names it only *through* its role or
federating user decides how far a resource policy reaches (policy.md 4.2, 11.3).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from daypass.access.caller import Caller
from daypass.arns import assumed_role_arn, federated_user_arn, root_arn
from daypass.credentials import SessionKind
from daypass.directory import GLOBAL, Account, Role, User
from daypass.policy import Principal, PrincipalKind

if TYPE_CHECKING:
    from daypass.credentials import Session
    from daypass.directory import AccessKey, View

Tags = tuple[tuple[str, str], ...]
_NO_TAGS: Tags = ()

ANONYMOUS = Caller(
    principal=Principal(account="", arn="anonymous", kind=PrincipalKind.ANONYMOUS, direct=()),
    user_id="anonymous",
)


def caller_of_key(key: AccessKey, view: View) -> Caller | None:
    """The user or root user behind a long-term key; None when the user is gone."""
    if key.user_id is None:
        return _root(key.account, key.id, None, view)
    user = view.by_id(User, key.user_id)
    return None if user is None else _user(user, key.id, None)


def caller_of_session(session: Session, view: View) -> Caller | None:
    """The principal of a session; None when the role or user that issued it is gone.

    What a resource's policy grants to the principal by name is no grant to whom it delegated: a delegated session is
    always limited by its session policy.
    """
    caller = _of_session(session, view)
    if caller is None or session.delegate is None:
        return caller
    principal = caller.principal
    acts_for = replace(principal, direct=(), through=(*principal.direct, *principal.through))
    return replace(caller, principal=acts_for)


def _of_session(session: Session, view: View) -> Caller | None:
    match session.kind:
        case SessionKind.ROLE:
            role = view.by_id(Role, session.principal_id)
            return None if role is None else _role_session(role, session)
        case SessionKind.USER | SessionKind.ROOT:
            if session.principal_id == session.account:
                return _root(session.account, session.access_key_id, session, view)
            user = view.by_id(User, session.principal_id) if session.kind is SessionKind.USER else None
            return None if user is None else _user(user, session.access_key_id, session)
        case SessionKind.FEDERATED_USER:
            return _federated_user(session, view)
    return None


def overlay(*layers: Tags) -> Tags:
    """Tags of several layers, later ones over earlier ones; keys compare without case (sts.md 9.1)."""
    merged = {key.lower(): (key, value) for layer in layers for key, value in layer}
    return tuple(merged.values())


def _root(account: str, access_key_id: str, session: Session | None, view: View) -> Caller | None:
    if view.get(Account, GLOBAL, account) is None:
        return None
    arn = root_arn(account)
    principal = Principal(account=account, arn=arn, kind=PrincipalKind.ROOT, direct=(arn, account))
    return Caller(principal, user_id=account, access_key_id=access_key_id, session=session)


def _user(user: User, access_key_id: str, session: Session | None) -> Caller:
    principal = Principal(account=user.account, arn=user.arn, kind=PrincipalKind.USER, direct=(user.arn, user.id))
    return Caller(principal, user.id, access_key_id, user=user, session=session, tags=user.tags)


def _role_session(role: Role, session: Session) -> Caller:
    arn = assumed_role_arn(role.account, role.name, session.session_name or "")
    user_id = f"{role.id}:{session.session_name}"
    principal = Principal(
        account=role.account,
        arn=arn,
        kind=PrincipalKind.ROLE_SESSION,
        direct=(arn, user_id),
        through=(role.arn, role.id),
    )
    tags = overlay(role.tags, tuple(session.tags.items()))
    return Caller(principal, user_id, session.access_key_id, role=role, session=session, tags=tags)


def _federated_user(session: Session, view: View) -> Caller | None:
    account = session.account
    parent = view.by_id(User, session.principal_id)
    through, parent_tags = (root_arn(account), account), _NO_TAGS
    if parent is not None:
        through, parent_tags = (parent.arn, parent.id), parent.tags
    elif session.principal_id != account or view.get(Account, GLOBAL, account) is None:
        return None
    arn = federated_user_arn(account, session.session_name or "")
    user_id = f"{account}:{session.session_name}"
    principal = Principal(
        account=account, arn=arn, kind=PrincipalKind.FEDERATED_USER, direct=(arn, user_id), through=through
    )
    tags = overlay(parent_tags, tuple(session.tags.items()))
    return Caller(principal, user_id, session.access_key_id, user=parent, session=session, tags=tags)
