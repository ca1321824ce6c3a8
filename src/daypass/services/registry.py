"""Operations by their API name: plain functions, each with the permissions it asks for.

An operation of the directory is ``(call, view) -> (output, changes)``: it writes nothing and waits for nothing. One that
moves object bytes or reads the trail takes the :class:`Rooms` as well and is a coroutine; its changes are committed by
the pipeline like all others.

``needs`` says which questions the policy engine must answer with yes before the operation runs, in the order in which
AWS names them in a refusal. An operation that asks nothing says so by ``needs=FREE``.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from daypass.access.asking import Ask
    from daypass.access.caller import Caller
    from daypass.access.facts import RequestFacts
    from daypass.audit import Trail
    from daypass.credentials import KeyRing
    from daypass.directory import Change, View
    from daypass.federation import OpenId
    from daypass.objects import ObjectStore
    from daypass.policy import Decision
    from daypass.request import Request
    from daypass.services.mint import Mint
    from daypass.settings import Settings

Output = dict[str, Any]
Result = tuple[Output, "list[Change]"]


@dataclass(frozen=True, slots=True)
class Rooms:
    """What operations beyond the directory reach into."""

    objects: ObjectStore
    trail: Trail
    federation: OpenId
    view: Callable[[], View]
    """The directory as it is now: for a call that has waited for something outside."""


@dataclass(slots=True)
class Call:
    """One call of one operation by one caller: everything an operation may know besides the directory."""

    service: str
    operation: str
    input: dict[str, Any]
    caller: Caller
    """Who calls. An operation whose arguments are the proof (an assertion, a token) puts here whom it proves."""
    request: Request
    request_id: str
    facts: RequestFacts
    mint: Mint
    keyring: KeyRing
    settings: Settings
    owner: str | None = None
    """The account that owns what the call is about, by its first question to the policy engine."""
    decisions: list[tuple[Ask, Decision]] = field(default_factory=list)
    """What the policy engine was asked about this call, and its answers, in order: the trail remembers them."""
    engines_disagreed: bool = False
    """Whether the two policy engines did not agree on a refusal: an alarm."""
    prepared: Any = None
    """What ``needs`` worked out and the operation goes on with."""
    notes: dict[str, Any] = field(default_factory=dict)
    """Facts for the audit record that neither input nor output show (AssumeRole: ``incomingTransitiveTags``)."""
    event_data: dict[str, Any] = field(default_factory=dict)
    """What the audit record has as ``additionalEventData``."""

    @property
    def now(self) -> float:
        """The moment of this call, in seconds since the epoch."""
        return self.facts.now

    @property
    def account(self) -> str:
        """The caller's account."""
        return self.caller.account


Needs = Callable[[Call, "View"], "Iterable[Ask]"]
DirectoryOperation = Callable[[Call, "View"], Result]
RoomsOperation = Callable[[Call, "View", Rooms], Awaitable[Result]]


def FREE(_call: Call, _view: View) -> Iterable[Ask]:  # noqa: N802 - reads as a constant where it is used
    """The operation needs no permission."""
    return ()


@dataclass(frozen=True, slots=True)
class Operation:
    """One registered operation; exactly one of ``directory`` and ``rooms`` is set."""

    name: str
    needs: Needs
    directory: DirectoryOperation | None = None
    rooms: RoomsOperation | None = None
    unsigned: bool = False
    """Whether a caller without any proof may come this far (S3, AssumeRoleWithSAML...)."""


@dataclass(slots=True)
class Operations:
    """The operations of one service. ``service`` is its signing name."""

    service: str
    table: dict[str, Operation] = field(default_factory=dict)

    def __call__(
        self, name: str, *, needs: Needs, unsigned: bool = False
    ) -> Callable[[DirectoryOperation], DirectoryOperation]:
        """Register an operation of the directory under its API name."""

        def register(function: DirectoryOperation) -> DirectoryOperation:
            self._add(Operation(name, needs, directory=function, unsigned=unsigned))
            return function

        return register

    def with_rooms(
        self, name: str, *, needs: Needs, unsigned: bool = False
    ) -> Callable[[RoomsOperation], RoomsOperation]:
        """Register an operation that moves object bytes or reads the trail."""

        def register(function: RoomsOperation) -> RoomsOperation:
            self._add(Operation(name, needs, rooms=function, unsigned=unsigned))
            return function

        return register

    def _add(self, operation: Operation) -> None:
        if operation.name in self.table:
            raise LookupError(f"{self.service}:{operation.name} is registered twice")
        self.table[operation.name] = operation
