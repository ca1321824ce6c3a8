"""START HERE. One request, top to bottom: the stations of its way as plain calls in order.

    bytes -> server -> protocol -> authenticate -> authorize -> operation -> commit -> protocol -> bytes

A call whose body is at hand and that changes nothing takes the way in one go, without waiting for anything
(:func:`answer`). All others take the same stations as a coroutine (:func:`_answer_later`): those that read a body, move
object bytes, or have changes to commit. Refusals take the same way out. No answer leaves before its audit record is
written: in the transaction of its changes, or in the journal.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from daypass.access.authenticate import Keys, Target, authenticate
from daypass.access.authorize import require
from daypass.access.facts import RequestFacts
from daypass.access.refusals import KeyRefusal, refusal
from daypass.access.session_limits import check_session_kind
from daypass.errors import ApiError
from daypass.protocol import Address, not_implemented
from daypass.request import Answer, BodyTooLarge, Request, Response
from daypass.services.registry import Call, Operation, Rooms
from daypass.store.interface import Conflict, StoreProblem

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Mapping

    from daypass.access.caller import Caller
    from daypass.audit import Journal, Recorded, Recorder
    from daypass.directory import Change, View
    from daypass.metrics import Metrics
    from daypass.protocol import Protocols, Route, Service
    from daypass.services.mint import Mint
    from daypass.services.registry import Output, Result
    from daypass.settings import Settings
    from daypass.store.interface import Store

LOG = logging.getLogger("daypass")
COMMIT_ATTEMPTS = 20


@dataclass(slots=True)
class World:
    """What one worker process answers with. Built once by :mod:`daypass.app`."""

    protocols: Protocols
    operations: Mapping[str, Mapping[str, Operation]]
    store: Store
    keys: Keys
    recorder: Recorder
    journal: Journal
    rooms: Rooms
    mint: Mint
    settings: Settings
    strict: bool
    """Whether answers wait until the journal is on the disk (``audit.durability``)."""
    now: Callable[[], float]
    metrics: Metrics
    writing: asyncio.Lock
    """Writers of one process take turns: it spares them conflicts with one another."""


@dataclass(slots=True)
class Visit:
    """One request on its way: what the stations have found so far, for the ones that follow and for the record."""

    request: Request
    service: Service
    request_id: str
    facts: RequestFacts
    route: Route | None = None
    operation: Operation | None = None
    view: View | None = None
    caller: Caller | None = None
    """None until somebody, or nobody, has been authenticated."""
    call: Call | None = None


def answer(request: Request, world: World) -> Answer:
    """Take one request through its stations. Never raises."""
    visit = _arrive(request, world)
    try:
        if visit.service.body_first and not isinstance(request.body, bytes):
            return _answer_later(visit, world)
        _identify(visit, world)
        operation = visit.operation
        if operation is None or operation.directory is None or not isinstance(request.body, bytes):
            return _answer_later(visit, world, identified=True)
        output, changes = _perform(visit, world)
        if changes:
            return _answer_later(visit, world, identified=True, result=(output, changes))
        return _leave(visit, world, output)
    except Conflict:
        return _answer_later(visit, world, overtaken=True)
    except Exception as error:  # noqa: BLE001 - the one place: a refusal, or a bug of ours, becomes an answer
        return _leave(visit, world, error=error)


async def _answer_later(
    visit: Visit, world: World, *, identified: bool = False, overtaken: bool = False, result: Result | None = None
) -> Response:
    """The same stations for a call that waits: for its body, for object bytes, for the store.

    ``overtaken`` is a call that has read something of the directory which changed before it had read the rest.
    """
    try:
        if not (identified or overtaken):
            visit.request.body = await _whole_body(visit)
            _identify(visit, world)
        if result is None:
            result = await (_perform_again(visit, world) if overtaken else _perform_later(visit, world))
        output, changes = result
        if changes:
            return await _commit(visit, world, output, changes)
        answer = _leave(visit, world, output)
    except Exception as error:  # noqa: BLE001 - as in answer()
        answer = _leave(visit, world, error=error)
    return answer if isinstance(answer, Response) else await answer


def _arrive(request: Request, world: World) -> Visit:
    """Stations 1 and 2, as far as the head of the request tells: which service."""
    service = world.protocols.service_of(request)
    request_id = world.mint.random(8).hex().upper() if service.name == "s3" else world.mint.uuid()
    facts = RequestFacts(
        now=world.now(),
        source_ip=request.peer,
        secure=request.listener.secure,
        region=world.settings.region,
        user_agent=request.header(b"user-agent"),
        referer=request.header(b"referer"),
    )
    return Visit(request, service, request_id, facts)


def _identify(visit: Visit, world: World) -> None:
    """Stations 2 and 3: which operation, and who calls."""
    service, request = visit.service, visit.request
    route = visit.route = service.route(request)
    if route.refusal is not None:
        if isinstance(route.refusal, Response):
            raise _Plain(route.refusal)
        raise route.refusal
    visit.view = world.store.view()
    target = Target(service.signing_name, route.streaming_input, _host_bucket(route))
    found = authenticate(request, target, visit.view, world.keys, visit.facts.now)
    visit.caller = found.caller
    region = found.signature.region if found.signature is not None else ""
    if region and region != visit.facts.region:
        visit.facts = replace(visit.facts, region=region)
    name = route.operation or ""
    operation = visit.operation = world.operations[service.name].get(name)
    if operation is None:
        raise not_implemented(service.name, name)
    if found.caller.is_anonymous and not operation.unsigned:
        raise refusal(KeyRefusal.UNSIGNED, service.signing_name)


def _prepare(visit: Visit, world: World) -> tuple[Operation, View]:
    """Stations 2 and 4: the arguments, and whether the caller may."""
    route, operation, view, caller = visit.route, visit.operation, visit.view, visit.caller
    if route is None or operation is None or view is None or caller is None:
        raise RuntimeError("a call was performed before it was identified")
    body = visit.request.body
    arguments = visit.service.parse(route, visit.request, body if isinstance(body, bytes) else b"")
    call = visit.call = Call(
        service=visit.service.name,
        operation=operation.name,
        input=arguments,
        caller=caller,
        request=visit.request,
        request_id=visit.request_id,
        facts=visit.facts,
        mint=world.mint,
        keyring=world.keys.ring,
        settings=world.settings,
    )
    check_session_kind(call.service, call.operation, call.caller)
    for ask in operation.needs(call, view):
        require(ask, call, view)
    return operation, view


def _perform(visit: Visit, world: World) -> Result:
    """Stations 4 and 5 for an operation of the directory."""
    operation, view = _prepare(visit, world)
    if operation.directory is None or visit.call is None:
        raise RuntimeError(f"{operation.name} does not run without waiting")
    return operation.directory(visit.call, view)


async def _perform_later(visit: Visit, world: World) -> Result:
    """Stations 4 and 5 for an operation that waits."""
    if visit.route is not None and not visit.route.streaming_input:
        visit.request.body = await _whole_body(visit)
    operation, view = _prepare(visit, world)
    if visit.call is None:
        raise RuntimeError("a call was performed before it was prepared")
    if operation.directory is not None:
        return operation.directory(visit.call, view)
    if operation.rooms is None:
        raise RuntimeError(f"{operation.name} has no function")
    world.journal.ensure()  # bytes that are moved cannot be taken back when the record fails
    return await operation.rooms(visit.call, view, world.rooms)


async def _perform_again(visit: Visit, world: World) -> Result:
    """Stations 3 to 5 once more, on a new view, until nothing that they read changes meanwhile."""
    for _ in range(COMMIT_ATTEMPTS):
        try:
            _identify(visit, world)
            return await _perform_later(visit, world)
        except Conflict:
            continue
    raise ApiError("ServiceUnavailable", "The directory is changing too fast. Please try again.")


async def _commit(visit: Visit, world: World, output: Output, changes: list[Change]) -> Response:
    """Station 6: changes and audit record together. On a conflict everything from authentication on runs again."""
    async with world.writing:
        for _ in range(COMMIT_ATTEMPTS):
            response = _render(visit, output)
            records = _record(visit, world, response, output)
            if visit.view is None:
                raise RuntimeError("changes without a view")
            try:
                await world.store.commit(visit.view, changes, [record.row() for record in records])
            except Conflict:
                output, changes = await _perform_again(visit, world)
                if changes:
                    continue
                left = _leave(visit, world, output)
                return left if isinstance(left, Response) else await left
            _journal_committed(records, world)
            world.metrics.count(visit.service.name, visit.operation, response.status)
            return response
    raise ApiError("ServiceUnavailable", "The directory is changing too fast. Please try again.")


def _leave(visit: Visit, world: World, output: Output | None = None, error: Exception | None = None) -> Answer:
    """Station 7 for a call without changes: render, record, go. Refusals and our own bugs leave here too."""
    refused = None if error is None else _as_refusal(visit, error)
    response = _render(visit, output or {}) if refused is None else _render_refusal(visit, refused)
    try:
        for record in _record(visit, world, response, output, refused):
            world.journal.append(record.line)
    except Exception as problem:  # noqa: BLE001 - whatever keeps a call from being recorded keeps it unanswered
        return _unrecorded(visit, response, problem)
    world.metrics.count(visit.service.name, visit.operation, response.status)
    if visit.call is not None and visit.call.engines_disagreed:
        LOG.critical("request %s: the two policy engines disagree; it was refused", visit.request_id)
        world.metrics.disagreements += 1
    return _when_synced(visit, response, world.journal) if world.strict else response


def _journal_committed(records: tuple[Recorded, ...], world: World) -> None:
    """Tell the journal too, for the uses of keys that it counts; the records themselves are safe already."""
    try:
        for record in records:
            world.journal.append(record.line)
    except OSError:
        LOG.exception("the audit journal cannot be written")


async def _when_synced(visit: Visit, response: Response, journal: Journal) -> Response:
    try:
        await journal.sync()
    except OSError as error:
        return _unrecorded(visit, response, error)
    return response


def _unrecorded(visit: Visit, response: Response, error: Exception) -> Response:
    """Refuse a call whose record could not be written; its answer is thrown away."""
    trace = None if isinstance(error, OSError) else error
    LOG.error("request %s cannot be recorded, so it is refused: %s", visit.request_id, error, exc_info=trace)
    if not isinstance(response.body, bytes):
        response.body.close()
    return _render_refusal(visit, ApiError("ServiceUnavailable", "The call cannot be recorded."))


async def _whole_body(visit: Visit) -> bytes:
    """The body of a call that is not a stream. Raises ApiError, or the service's own answer, when it is too long."""
    body = visit.request.body
    if isinstance(body, bytes):
        return body
    try:
        return await body.read(visit.service.body_limit)
    except BodyTooLarge:
        too_large = visit.service.too_large
        raise (_Plain(too_large) if isinstance(too_large, Response) else too_large) from None


class _Plain(Exception):
    """A refusal that no service model describes: a redirect, an empty 413."""

    def __init__(self, response: Response) -> None:
        super().__init__(response.status)
        self.response = response


def _as_refusal(visit: Visit, error: Exception) -> ApiError | Response:
    """What the caller is told of an error. Bugs of ours are logged whole and told to nobody."""
    match error:
        case ApiError():
            return error
        case _Plain(response=response):
            return response
        case StoreProblem() | OSError() | Conflict():
            LOG.error("request %s: %s", visit.request_id, str(error) or type(error).__name__)
            return ApiError("ServiceUnavailable", "The service cannot complete the request. Please try again.")
    LOG.error("request %s failed", visit.request_id, exc_info=error)
    internal = "InternalError" if visit.service.name == "s3" else "InternalFailure"
    return ApiError(internal, "We encountered an internal error. Please try again.", reason=type(error).__name__)


def _render(visit: Visit, output: Output) -> Response:
    if visit.route is None:
        raise RuntimeError("an output without a route")
    return visit.service.render(visit.route, output, visit.request_id)


def _render_refusal(visit: Visit, refused: ApiError | Response) -> Response:
    if isinstance(refused, Response):
        return refused
    return visit.service.render_error(visit.route, refused, visit.request_id, head=visit.request.method == "HEAD")


def _record(
    visit: Visit,
    world: World,
    response: Response,
    output: Output | None = None,
    refused: ApiError | Response | None = None,
) -> tuple[Recorded, ...]:
    """The audit records of this call: one, or one for each account that is told of it."""
    return world.recorder.of(
        service=visit.service.name,
        operation=None if visit.route is None else visit.route.operation,
        request_id=visit.request_id,
        request=visit.request,
        facts=visit.facts,
        status=response.status,
        caller=visit.caller,
        call=visit.call,
        owner=None if visit.call is None else visit.call.owner,
        output=output,
        error=refused if isinstance(refused, ApiError) else None,
    )


def _host_bucket(route: Route) -> bytes:
    address = route.params
    return address.bucket.encode() if isinstance(address, Address) and address.virtual_host and address.bucket else b""
