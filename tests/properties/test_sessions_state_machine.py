"""Any order of people, roles, sessions, deletions, revocations and time: exactly the right sessions live, and may.

A model of a few sets decides what is right: it knows nothing of tokens, keys, policies' language or records. After each
step every credential ever handed out is shown to the server, for who it is and for whether it may list users.
``HYPOTHESIS_EXAMPLES`` sets how many histories are tried (25 by default; the slow suite runs many more).
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    precondition,
    rule,
)
from worldkit import ACCOUNT, Answer, Host, make_host, trusting

from daypass.services.sts.revoking import of_principal, of_session, revoke

EXAMPLES = int(os.environ.get("HYPOTHESIS_EXAMPLES", "25"))
STEPS = 40
ROOT = f"arn:aws:iam::{ACCOUNT}:root"
NAMES = ("ann", "ben")
ALLOWED = '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":["iam:ListUsers","sts:*"],"Resource":"*"}}'
SPARING = '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"iam:ListUsers","Resource":"*"}}'
NARROW = '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sts:*","Resource":"*"}}'


@dataclass(eq=False)
class Entity:
    """A user or role as it lives once; made again under its name it is another one."""

    name: str
    kind: str
    alive: bool = True
    allowed: bool = True
    revoked_before: float = 0.0
    killed_until: int = -1


@dataclass(eq=False)
class Credential:
    """Something that signs: a long-term key (no end), or a session."""

    keys: dict[str, str]
    issuer: Entity
    kind: str
    issued: float = 0.0
    ends: float = float("inf")
    narrow: bool = False
    active: bool = True
    label: str = ""

    def state(self, now: float) -> str | None:
        """None while it lives, or the code of its refusal."""
        if now >= self.ends:
            return "ExpiredToken"
        killed = self.kind != "key" and self.issued <= self.issuer.killed_until
        return None if self.active and self.issuer.alive and not killed else "InvalidClientTokenId"

    def may_list_users(self) -> bool:
        """Of one that lives: whether policies let it, and IAM takes its kind."""
        if self.kind in ("user session", "federated user"):  # without MFA: IAM takes neither
            return False
        revoked = self.kind == "role session" and int(self.issued) < self.issuer.revoked_before
        return self.issuer.allowed and not self.narrow and not revoked

    def may_assume(self) -> bool:
        """Of one that lives: roles trust the account, so identity policies must allow."""
        revoked = self.kind == "role session" and int(self.issued) < self.issuer.revoked_before
        return self.issuer.allowed and not revoked and self.kind != "federated user"


@dataclass
class Model:
    users: dict[str, Entity] = field(default_factory=dict)
    roles: dict[str, Entity] = field(default_factory=dict)
    credentials: list[Credential] = field(default_factory=list)


def keys_of(answer: Answer) -> dict[str, str]:
    return {name: answer.text(name) or "" for name in ("AccessKeyId", "SecretAccessKey", "SessionToken")}


class Sessions(RuleBasedStateMachine):
    """One account; the administrator acts, and whoever has credentials opens sessions with them."""

    held = Bundle("held")

    @initialize(target=held)
    def begin(self) -> Any:
        """A user and a role of each name, and a session of each kind."""
        self.host: Host = make_host()
        self.model = Model()
        self.iam = self.host.admin("iam")
        keys = []
        for name in NAMES:
            self.create_role(name)
            keys.append(self._create_user(name))
        opened = (self._open(key, name, 3600) for key, name in zip(keys, NAMES, strict=True))
        return multiple(*keys, *opened)

    # People and roles

    @rule(target=held, name=st.sampled_from(NAMES))
    def create_user(self, name: str) -> Any:
        return multiple() if name in self.model.users else self._create_user(name)

    def _create_user(self, name: str) -> Credential:
        user = self.model.users[name] = Entity(name, "user")
        self.iam.create_user(UserName=name)
        self.iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=ALLOWED)
        return self._new_key(user)

    @rule(target=held, name=st.sampled_from(NAMES))
    def create_access_key(self, name: str) -> Any:
        user = self.model.users.get(name)
        mine = [one for one in self.model.credentials if one.issuer is user and one.kind == "key"]
        if user is None or len(mine) >= 2:
            return multiple()
        return self._new_key(user)

    @rule(name=st.sampled_from(NAMES))
    def create_role(self, name: str) -> None:
        if name in self.model.roles:
            return
        self.model.roles[name] = Entity(name, "role")
        self.iam.create_role(RoleName=name, AssumeRolePolicyDocument=trusting(ROOT))
        self.iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=ALLOWED)

    @rule(target=held, name=st.sampled_from(NAMES), again=st.booleans())
    def delete_user(self, name: str, again: bool) -> Any:
        user = self.model.users.pop(name, None)
        if user is None:
            return multiple()
        for key in self.iam.list_access_keys(UserName=name)["AccessKeyMetadata"]:
            self.iam.delete_access_key(UserName=name, AccessKeyId=key["AccessKeyId"])
        if user.allowed:
            self.iam.delete_user_policy(UserName=name, PolicyName="p")
        self.iam.delete_user(UserName=name)
        user.alive = False
        return self._create_user(name) if again else multiple()

    @rule(name=st.sampled_from(NAMES), again=st.booleans())
    def delete_role(self, name: str, again: bool) -> None:
        role = self.model.roles.pop(name, None)
        if role is None:
            return
        for policy in self.iam.list_role_policies(RoleName=name)["PolicyNames"]:
            self.iam.delete_role_policy(RoleName=name, PolicyName=policy)
        self.iam.delete_role(RoleName=name)
        role.alive = False
        if again:
            self.create_role(name)

    # Rights

    @rule(name=st.sampled_from(NAMES), allowed=st.booleans(), kind=st.sampled_from(["user", "role"]))
    def change_policy(self, name: str, allowed: bool, kind: str) -> None:
        entity = (self.model.users if kind == "user" else self.model.roles).get(name)
        if entity is None or entity.allowed == allowed:
            return
        entity.allowed = allowed
        names = {f"{kind.title()}Name": name, "PolicyName": "p"}
        verb = "put" if allowed else "delete"
        document = {"PolicyDocument": ALLOWED} if allowed else {}
        getattr(self.iam, f"{verb}_{kind}_policy")(**names, **document)

    @rule(name=st.sampled_from(NAMES), later=st.sampled_from([0, 1]))
    def revoke_older_sessions(self, name: str, later: int) -> None:
        role = self.model.roles.get(name)
        if role is None:
            return
        self.host.at(later)
        role.revoked_before = int(self.host.now)
        self.iam.put_role_policy(RoleName=name, PolicyName="AWSRevokeOlderSessions", PolicyDocument=revocation(role.revoked_before))  # fmt: skip

    @rule(name=st.sampled_from(NAMES), kind=st.sampled_from(["user", "role"]))
    def kill_sessions(self, name: str, kind: str) -> None:
        """The operator ends all sessions of a user or role; unlike AWS's way, also those of this second."""
        entity = (self.model.users if kind == "user" else self.model.roles).get(name)
        if entity is not None:
            entity.killed_until = int(self.host.now)
            self._kill(of_principal(f"arn:aws:iam::{ACCOUNT}:{kind}/{name}", self.host.store.view()))

    @rule(credential=held)
    def kill_session(self, credential: Credential) -> None:
        """The operator ends one session by its key."""
        if credential.kind != "key":
            credential.active = False
            self._kill(of_session(credential.keys["AccessKeyId"], self.host.store.view()))

    def _kill(self, where: tuple[str, str, str]) -> None:
        now = int(self.host.now)
        self.host.store.apply(revoke(where, now, now, self.host.store.view()))

    @rule(name=st.sampled_from(NAMES))
    def change_trust(self, name: str) -> None:
        """Live sessions do not mind; who is not trusted opens none (trust is set back before the next step)."""
        if name not in self.model.roles:
            return
        self.iam.update_assume_role_policy(RoleName=name, PolicyDocument=trusting({"Service": "ec2.amazonaws.com"}))
        self.sessions_are_right()
        self.iam.update_assume_role_policy(RoleName=name, PolicyDocument=trusting(ROOT))

    # Keys and time

    @rule(credential=held, active=st.booleans())
    def switch_key(self, credential: Credential, active: bool) -> None:
        if credential.kind != "key" or not credential.issuer.alive or credential.label == "deleted":
            return
        key = credential.keys["AccessKeyId"]
        status = "Active" if active else "Inactive"
        self.iam.update_access_key(UserName=credential.issuer.name, AccessKeyId=key, Status=status)
        credential.active = active

    @rule(credential=consumes(held))
    def delete_key(self, credential: Credential) -> None:
        if credential.kind != "key" or not credential.issuer.alive:
            return
        key = credential.keys["AccessKeyId"]
        self.iam.delete_access_key(UserName=credential.issuer.name, AccessKeyId=key)
        credential.active, credential.label = False, "deleted"
        self.model.credentials = [one for one in self.model.credentials if one is not credential]
        assert self._code(credential, "GetCallerIdentity", "sts") == "InvalidClientTokenId"

    @rule(seconds=st.sampled_from([0.5, 1, 899, 900, 1800]))
    def wait(self, seconds: float) -> None:
        self.host.at(seconds)

    # Sessions

    @rule(
        target=held,
        by=held,
        name=st.sampled_from(NAMES),
        seconds=st.sampled_from([900, 3600, 3600]),
        narrow=st.booleans(),
    )
    def assume_role(self, by: Credential, name: str, seconds: int, narrow: bool) -> Any:
        given = {"RoleArn": f"arn:aws:iam::{ACCOUNT}:role/{name}", "RoleSessionName": "session", "DurationSeconds": str(seconds)}  # fmt: skip
        answer = self.host.query(by.keys, "AssumeRole", **given, **({"Policy": NARROW} if narrow else {}))
        role = self.model.roles.get(name)
        refused = by.state(self.host.now)
        if refused is None and (role is None or not by.may_assume()):
            refused = "AccessDenied"
        assert answer.code == refused, answer.body
        if refused is not None or role is None:
            return multiple()
        return self._add(keys_of(answer), role, "role session", seconds, narrow=narrow)

    @rule(target=held, by=held, seconds=st.sampled_from([900, 43200]))
    def get_session_token(self, by: Credential, seconds: int) -> Any:
        answer = self.host.query(by.keys, "GetSessionToken", DurationSeconds=str(seconds))
        refused = by.state(self.host.now) or (None if by.kind == "key" else "AccessDenied")
        assert answer.code == refused, answer.body
        return multiple() if refused else self._add(keys_of(answer), by.issuer, "user session", seconds)

    @rule(target=held, by=held, seconds=st.sampled_from([900, 43200]))
    def get_federation_token(self, by: Credential, seconds: int) -> Any:
        answer = self.host.query(
            by.keys, "GetFederationToken", Name="Bob", Policy=SPARING, DurationSeconds=str(seconds)
        )
        refused = by.state(self.host.now)
        if refused is None and (by.kind != "key" or not by.issuer.allowed):
            refused = "AccessDenied"
        assert answer.code == refused, answer.body
        return multiple() if refused else self._add(keys_of(answer), by.issuer, "federated user", seconds)

    @rule(one=held, other=held)
    def mix(self, one: Credential, other: Credential) -> None:
        """Parts of two credentials never make a third."""
        if one is other or one.keys["AccessKeyId"] == other.keys["AccessKeyId"]:
            return
        mixed = one.keys | {"SessionToken": other.keys.get("SessionToken")}
        if mixed != one.keys and (one.kind != "key" or other.kind != "key"):
            told = self.host.query({k: v for k, v in mixed.items() if v is not None}, "GetCallerIdentity")
            assert told.code in ("InvalidClientTokenId", "SignatureDoesNotMatch")
        stolen = self.host.query(one.keys | {"SecretAccessKey": other.keys["SecretAccessKey"]}, "GetCallerIdentity")
        assert stolen.code == (one.state(self.host.now) or "SignatureDoesNotMatch")

    @precondition(lambda self: self.model.credentials)
    @invariant()
    def sessions_are_right(self) -> None:
        for credential in self.model.credentials:
            state = credential.state(self.host.now)
            assert self._code(credential, "GetCallerIdentity", "sts") == state
            may = state or (None if credential.may_list_users() else "AccessDenied")
            if state is None and credential.kind in ("user session", "federated user"):
                may = "InvalidClientTokenId"
            assert self._code(credential, "ListUsers", "iam") == may, credential

    def _open(self, by: Credential, name: str, seconds: int) -> Credential:
        """A session of a role that lives, by a key that may."""
        answer = self.host.query(by.keys, "AssumeRole", RoleArn=f"arn:aws:iam::{ACCOUNT}:role/{name}", RoleSessionName="session")  # fmt: skip
        return self._add(keys_of(answer), self.model.roles[name], "role session", seconds)

    def _code(self, credential: Credential, operation: str, service: str) -> str | None:
        return self.host.query(credential.keys, operation, service).code

    def _new_key(self, user: Entity) -> Credential:
        key = self.iam.create_access_key(UserName=user.name)["AccessKey"]
        keys = {name: key[name] for name in ("AccessKeyId", "SecretAccessKey")}
        credential = Credential(keys, user, "key", label=user.name)
        self.model.credentials.append(credential)
        return credential

    def _add(self, keys: dict[str, str], issuer: Entity, kind: str, seconds: int, **facts: bool) -> Credential:
        issued = int(self.host.now)
        credential = Credential(keys, issuer, kind, issued, issued + seconds, **facts)
        self.model.credentials.append(credential)
        return credential


def revocation(second: float) -> str:
    """AWSRevokeOlderSessions for a moment."""
    moment = datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    return (
        '{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":["*"],"Resource":["*"],'
        f'"Condition":{{"DateLessThan":{{"aws:TokenIssueTime":"{moment}"}}}}}}]}}'
    )


TestSessions = Sessions.TestCase
TestSessions.settings = settings(
    max_examples=EXAMPLES, stateful_step_count=STEPS, deadline=None, suppress_health_check=list(HealthCheck)
)
