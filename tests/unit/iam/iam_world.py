"""IAM without a server: operations run on records in memory, one account, inputs and outputs held to the service model."""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import dataclass, field, replace
from functools import cache
from typing import TYPE_CHECKING, Any, cast

import pytest
from botocore.loaders import Loader
from botocore.model import ServiceModel
from botocore.validate import ParamValidator

from daypass.access.authorize import require
from daypass.access.caller import Caller
from daypass.access.facts import RequestFacts
from daypass.credentials import KeyRing
from daypass.directory import Role, User
from daypass.errors import ApiError
from daypass.policy import Principal, PrincipalKind
from daypass.request import Request
from daypass.services.iam import iam as operations
from daypass.services.iam import new_account
from daypass.services.mint import Mint
from daypass.services.registry import Call
from daypass.settings import Settings
from daypass.store.memory import MemoryStore

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from daypass.access.asking import Ask
    from daypass.services.registry import Result, Rooms

ACCOUNT = "111122223333"
OTHER_ACCOUNT = "444455556666"
START = 1_764_000_000


@cache
def iam_model() -> ServiceModel:
    return ServiceModel(Loader().load_service_model("iam", "service-2"), "iam")  # type: ignore[no-untyped-call]


def bytes_source() -> Callable[[int], bytes]:
    """Bytes that look random and are the same in each run."""
    drawn = 0

    def draw(count: int) -> bytes:
        nonlocal drawn
        drawn += 1
        return hashlib.shake_256(drawn.to_bytes(8, "big")).digest(count)

    return draw


@dataclass
class World:
    """What is the same for all callers of one test."""

    store: MemoryStore = field(default_factory=MemoryStore)
    now: float = START
    mint: Mint = field(default_factory=lambda: Mint(bytes_source()))
    keyring: KeyRing = field(default_factory=lambda: KeyRing.generate(hashlib.sha256(b"ring").digest()))

    def add_account(self, account: str) -> None:
        _, changes = new_account(account, "test", "", self.mint, self.now)
        self.store.apply(changes)


@dataclass
class Iam:
    """IAM as one caller sees it. ``iam("GetUser", UserName="bob")`` answers the output, or raises ApiError."""

    world: World
    caller: Caller
    checks_input: bool = True

    def __call__(self, operation: str, **given: Any) -> dict[str, Any]:
        registered, call = operations.table[operation], self._call(operation, given)
        view = self.world.store.view()
        list(registered.needs(call, view))
        if registered.directory is not None:
            output, changes = registered.directory(call, view)
        else:
            assert registered.rooms is not None
            output, changes = asyncio.run(_waited(registered.rooms(call, view, cast("Rooms", None))))
        check_output(iam_model().operation_model(operation).output_shape, output, operation)
        self.world.store.apply(changes)
        return output

    def asks(self, operation: str, **given: Any) -> list[Ask]:
        """What the policy engine would be asked."""
        return list(operations.table[operation].needs(self._call(operation, given), self.world.store.view()))

    def asked(self, operation: str, **given: Any) -> None:
        """Put the questions to the policy engine, which raises ApiError, and go no further."""
        call, view = self._call(operation, given), self.world.store.view()
        for ask in operations.table[operation].needs(call, view):
            require(ask, call, view)

    def denial(self, operation: str, **given: Any) -> str:
        """The text of the access-denied error that the questions must end with."""
        with pytest.raises(ApiError) as raised:
            self.asked(operation, **given)
        assert raised.value.code == "AccessDenied"
        return str(raised.value.message)

    def refusal(self, operation: str, **given: Any) -> tuple[str, str | None]:
        """Code and text of the error that the call must end with."""
        with pytest.raises(ApiError) as raised:
            self(operation, **given)
        return raised.value.code, raised.value.message

    def pages(self, operation: str, member: str, **given: Any) -> Iterable[list[Any]]:
        """All pages of a listing."""
        while True:
            output = self(operation, **given)
            yield output[member]
            if not output["IsTruncated"]:
                assert "Marker" not in output
                return
            given["Marker"] = output["Marker"]

    def user(self, name: str, account: str = ACCOUNT) -> User:
        found = self.world.store.view().get(User, account, name.casefold())
        assert found is not None
        return found

    def role(self, name: str) -> Role:
        found = self.world.store.view().get(Role, ACCOUNT, name.casefold())
        assert found is not None
        return found

    def as_user(self, name: str, account: str = ACCOUNT) -> Iam:
        user = self.user(name, account)
        principal = Principal(PrincipalKind.USER, account, user.arn, direct=(user.arn, user.id))
        return replace(self, caller=Caller(principal, user.id, user=user, tags=user.tags))

    def as_role(self, name: str) -> Iam:
        role, arn = self.role(name), f"arn:aws:sts::{ACCOUNT}:assumed-role/{name}/s"
        principal = Principal(PrincipalKind.ROLE_SESSION, ACCOUNT, arn, direct=(arn,), through=(role.arn, role.id))
        return replace(self, caller=Caller(principal, f"{role.id}:s", role=role))

    def as_root(self) -> Iam:
        arn = f"arn:aws:iam::{ACCOUNT}:root"
        return replace(self, caller=Caller(Principal(PrincipalKind.ROOT, ACCOUNT, arn, direct=(arn,)), ACCOUNT))

    def _call(self, operation: str, given: dict[str, Any]) -> Call:
        shape = iam_model().operation_model(operation).input_shape
        if shape is not None and self.checks_input:
            report = ParamValidator().validate(given, shape)  # type: ignore[no-untyped-call]
            assert not report.has_errors(), report.generate_report()
        return Call(
            service="iam",
            operation=operation,
            input=given,
            caller=self.caller,
            request=Request("POST", b"/", b"", [], b"", "192.0.2.1"),
            request_id="r",
            facts=RequestFacts(now=self.world.now, source_ip="192.0.2.1", secure=False, region="us-east-1"),
            mint=self.world.mint,
            keyring=self.world.keyring,
            settings=Settings(),
        )


async def _waited(result: Awaitable[Result]) -> Result:
    return await result


READ_ONLY = "arn:aws:iam::aws:policy/ReadOnlyAccess"
KNOWN_VALUES = {
    "PolicyArn": READ_ONLY,
    "PermissionsBoundary": READ_ONLY,
    "PolicySourceArn": f"arn:aws:iam::{ACCOUNT}:role/someone-else",
    "SerialNumber": f"arn:aws:iam::{ACCOUNT}:mfa/d",
    "AuthenticationCode1": "000000",
    "AuthenticationCode2": "000001",
    "VersionId": "v1",
    "AccessKeyId": "AKIAIOSFODNN7EXAMPLE",
    "OpenIDConnectProviderArn": f"arn:aws:iam::{ACCOUNT}:oidc-provider/idp.example.com",
    "SAMLProviderArn": f"arn:aws:iam::{ACCOUNT}:saml-provider/idp",
}
OF_WHAT_IS_THERE = frozenset(
    {
        "AcceptDelegationRequest",
        "AssociateDelegationRequest",
        "GetDelegationRequest",
        "GetHumanReadableSummary",
        "RejectDelegationRequest",
        "SendDelegationToken",
        "UpdateDelegationRequest",
    }
)
"""Operations whose question is about a request that must be there: they are asked where requests are tested."""


def least_input(operation: str) -> dict[str, Any]:
    """Values for what the model requires of an operation, as far as asking for permission needs them."""
    shape = iam_model().operation_model(operation).input_shape
    kinds: dict[str, Any] = {"list": [], "map": {}, "structure": {}, "boolean": True}
    required = shape.required_members if shape is not None else []

    def value(name: str) -> Any:
        member = shape.members[name]
        if member.type_name == "integer":
            return KNOWN_VALUES.get(name, member.metadata.get("min", 1))
        text = "someone-else" if member.metadata.get("min", 0) <= len("someone-else") else "X" * member.metadata["min"]
        return KNOWN_VALUES.get(name, kinds.get(member.type_name, text))

    return {name: value(name) for name in required}


def check_output(shape: Any, value: Any, where: str) -> None:
    """Hold an output to its shape: no member that the model lacks, none missing that it requires, types as it says."""
    if shape is None:
        assert value == {}, f"{where} has no output"
    elif shape.type_name == "structure":
        unknown = set(value) - set(shape.members)
        assert not unknown, f"{where}: {unknown}"
        missing = set(shape.required_members) - set(value) - ROOT_HAS_NONE
        assert not missing, f"{where}: {missing}"
        for name, item in value.items():
            check_output(shape.members[name], item, f"{where}.{name}")
    elif shape.type_name == "list":
        for item in value:
            check_output(shape.member, item, f"{where}[]")
    elif shape.type_name != "map":
        kinds = {"string": str, "timestamp": int, "integer": int, "boolean": bool, "blob": bytes}
        assert type(value) is kinds[shape.type_name], f"{where}: {value!r}"


ROOT_HAS_NONE = {"Path", "UserName"}
"""Members that the model requires and AWS leaves out of what it says about the root user."""
