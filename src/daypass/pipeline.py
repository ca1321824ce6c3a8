"""START HERE. One request, top to bottom: the stations of its way as plain calls in order.

    bytes -> server -> protocol -> authenticate -> authorize -> operation -> commit -> protocol -> bytes

A call whose body is at hand and that changes nothing takes the way in one go, without waiting for anything
(:func:`answer`). All others take the same stations as a coroutine (:func:`_answer_later`): those that read a body, move
object bytes, or have changes to commit. Refusals take the same way out. No answer leaves before its audit record is
written: in the transaction of its changes, or in the journal.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from daypass.access.authenticate import Target, authenticate, names_a_key
from daypass.access.authorize import require
from daypass.access.facts import RequestFacts
from daypass.access.principals import ANONYMOUS
from daypass.access.refusals import KeyRefusal, refusal
from daypass.access.session_limits import check_session_kind
from daypass.errors import ApiError
from daypass.leaving import journal_committed, leave, records_of, render
from daypass.protocol import Address, not_implemented
from daypass.request import Answer, BodyTooLarge, Request, Response
from daypass.services.registry import Call, Operation
from daypass.store.interface import Conflict
from daypass.visit import PlainRefusal, Visit

if TYPE_CHECKING:
    from daypass.directory import Change, View
    from daypass.protocol import Route
    from daypass.services.registry import Output, Result
    from daypass.visit import World

COMMIT_ATTEMPTS = 20
UNSIGNED_LIMIT = 256 * 1024
"""Bytes of an unsigned body: room for a SAML assertion of the largest size."""


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
        return leave(visit, world, output)
    except Conflict:
        return _answer_later(visit, world, overtaken=True)
    except Exception as error:  # noqa: BLE001 - the one place: a refusal, or a bug of ours, becomes an answer
        return _refuse(visit, world, error)


async def _answer_later(
    visit: Visit, world: World, *, identified: bool = False, overtaken: bool = False, result: Result | None = None
) -> Response:
    """The same stations for a call that waits: for its body, for object bytes, for the store.

    ``overtaken`` is a call that has read something of the directory which changed before it had read the rest.
    """
    try:
        if not (identified or overtaken):
            visit.request.body = await _whole_body(visit, _limit(visit, world))
            _identify(visit, world)
        if result is None:
            result = await (_perform_again(visit, world) if overtaken else _perform_first(visit, world))
        output, changes = result
        if changes:
            return await _commit(visit, world, output, changes)
        answer = leave(visit, world, output)
    except Exception as error:  # noqa: BLE001 - as in answer()
        answer = _refuse(visit, world, error)
    return answer if isinstance(answer, Response) else await answer


def _refuse(visit: Visit, world: World, error: Exception) -> Answer:
    """The way out of a refused call; through the store where the refusal itself must be remembered."""
    if isinstance(error, ApiError) and error.changes:
        return _commit_refusal(visit, world, error)
    return leave(visit, world, error=error)


async def _commit_refusal(visit: Visit, world: World, error: ApiError) -> Response:
    """Commit what a refusal changes, then refuse. What is not remembered is not answered as if it were."""
    async with world.writing:
        try:
            refused = await _remembered(visit, world, error)
        except Exception as problem:  # noqa: BLE001 - whatever keeps it from being remembered
            refused = ApiError("ServiceUnavailable", "Please try again.", reason=str(problem))
    left = leave(visit, world, error=refused)
    return left if isinstance(left, Response) else await left


async def _remembered(visit: Visit, world: World, error: ApiError) -> ApiError:
    """The refusal whose changes are stored. When it was overtaken the call is decided again: perhaps otherwise."""
    for _ in range(COMMIT_ATTEMPTS):
        if visit.view is None:
            raise RuntimeError("changes without a view")
        try:
            await world.store.commit(visit.view, error.changes, [])
        except Conflict:
            try:
                await _perform_again(visit, world)
            except ApiError as again:
                if not again.changes:
                    return again
                error = again
            else:
                break
        else:
            return error
    return _too_fast()


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
            raise PlainRefusal(route.refusal)
        raise route.refusal
    visit.view = world.store.view()
    name = route.operation or ""
    operation = visit.operation = world.operations[service.name].get(name)
    if operation is not None and operation.unsigned and service.name != "s3":
        visit.caller = ANONYMOUS  # the arguments are the proof: a signature sent along counts for nothing
        return
    target = Target(service.signing_name, route.streaming_input, _host_bucket(route))
    found = authenticate(request, target, visit.view, world.keys, visit.facts.now)
    visit.caller = found.caller
    region = found.signature.region if found.signature is not None else ""
    if region and region != visit.facts.region:
        visit.facts = replace(visit.facts, region=region)
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
    if visit.route is not None and not visit.route.streaming_input and not isinstance(visit.request.body, bytes):
        visit.request.body = await _whole_body(visit, visit.service.body_limit)
        _identify(visit, world)  # reading takes as long as the client likes: who calls, and may they, is decided now
    operation, view = _prepare(visit, world)
    if visit.call is None:
        raise RuntimeError("a call was performed before it was prepared")
    if operation.directory is not None:
        return operation.directory(visit.call, view)
    if operation.rooms is None:
        raise RuntimeError(f"{operation.name} has no function")
    world.journal.ensure()  # bytes that are moved cannot be taken back when the record fails
    return await operation.rooms(visit.call, view, world.rooms)


async def _perform_first(visit: Visit, world: World) -> Result:
    """As :func:`_perform_later`; a call that was overtaken runs again, unless its body is spent."""
    try:
        return await _perform_later(visit, world)
    except Conflict:
        if not isinstance(visit.request.body, bytes):
            raise
    return await _perform_again(visit, world)


async def _perform_again(visit: Visit, world: World) -> Result:
    """Stations 3 to 5 once more, on a new view, until nothing that they read changes meanwhile."""
    for _ in range(COMMIT_ATTEMPTS):
        try:
            _identify(visit, world)
            return await _perform_later(visit, world)
        except Conflict:
            continue
    raise _too_fast()


async def _commit(visit: Visit, world: World, output: Output, changes: list[Change]) -> Response:
    """Station 6: changes and audit record together. On a conflict everything from authentication on runs again."""
    async with world.writing:
        for _ in range(COMMIT_ATTEMPTS):
            response = render(visit, output)
            records = records_of(visit, world, response, output)
            if visit.view is None:
                raise RuntimeError("changes without a view")
            try:
                await world.store.commit(visit.view, changes, [record.row() for record in records])
            except Conflict:
                output, changes = await _perform_again(visit, world)
                if changes:
                    continue
                left = leave(visit, world, output)
                return left if isinstance(left, Response) else await left
            journal_committed(records, world)
            world.metrics.count(visit.service.name, visit.operation, response.status)
            return response
    raise _too_fast()


def _too_fast() -> ApiError:
    return ApiError("ServiceUnavailable", "The directory is changing too fast. Please try again.")


def _limit(visit: Visit, world: World) -> int:
    """How much of a body is read before its signature can be verified: little of one that names no good key."""
    keys, service = world.keys, visit.service
    if names_a_key(visit.request, service.signing_name, world.store.view(), keys, visit.facts.now):
        return service.body_limit
    return min(UNSIGNED_LIMIT, service.body_limit)


async def _whole_body(visit: Visit, limit: int) -> bytes:
    """The body of a call that is not a stream. Raises ApiError, or the service's own answer, when it is too long."""
    body = visit.request.body
    if isinstance(body, bytes):
        return body
    try:
        return await body.read(limit)
    except BodyTooLarge:
        too_large = visit.service.too_large
        raise (PlainRefusal(too_large) if isinstance(too_large, Response) else too_large) from None


def _host_bucket(route: Route) -> bytes:
    address = route.params
    return address.bucket.encode() if isinstance(address, Address) and address.virtual_host and address.bucket else b""
