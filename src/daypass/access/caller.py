"""Who makes a call: the principal that authentication found, with the facts of its session."""

from __future__ import annotations

from dataclasses import dataclass

from daypass.credentials import Federation, Session  # noqa: TC001 - part of the public value
from daypass.directory import Role, User  # noqa: TC001 - part of the public value
from daypass.policy import Principal, PrincipalKind


@dataclass(frozen=True, slots=True)
class Caller:
    """One authenticated (or anonymous) caller.

    ``arn`` and ``user_id`` are what GetCallerIdentity answers. ``user`` is the IAM user behind a long-term key, a
    GetSessionToken session or a federated user; ``role`` the role of a role session; both as they are now, not as
    they were when the session began. ``tags`` are the effective principal tags: the record's, overlaid by the
    session's. ``federation`` is what an identity provider said of a caller whom so far only that knows: the operations
    whose arguments are the proof (AssumeRoleWithSAML, AssumeRoleWithWebIdentity) put such a caller in the call.
    """

    principal: Principal
    user_id: str
    access_key_id: str | None = None
    user: User | None = None
    role: Role | None = None
    session: Session | None = None
    tags: tuple[tuple[str, str], ...] = ()
    federation: Federation | None = None

    @property
    def account(self) -> str:
        """The account the caller belongs to."""
        return self.principal.account

    @property
    def arn(self) -> str:
        """The ARN the caller is known by: the session's for sessions of roles."""
        return self.principal.arn

    @property
    def kind(self) -> PrincipalKind:
        """What kind of principal this is."""
        return self.principal.kind

    @property
    def is_anonymous(self) -> bool:
        """Whether the request carried no proof of identity."""
        return self.principal.kind is PrincipalKind.ANONYMOUS
