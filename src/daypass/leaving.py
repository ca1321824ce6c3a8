"""The way out: every answer is rendered, recorded and let go here, refusals and our own bugs as well.

No answer leaves before its audit record is written; a call that cannot be recorded is refused.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from daypass.errors import ApiError
from daypass.request import Response
from daypass.store.interface import Conflict, StoreProblem
from daypass.visit import PlainRefusal

if TYPE_CHECKING:
    from daypass.audit import Journal, Recorded
    from daypass.request import Answer
    from daypass.services.registry import Output
    from daypass.visit import Visit, World

LOG = logging.getLogger("daypass")


def leave(visit: Visit, world: World, output: Output | None = None, error: Exception | None = None) -> Answer:
    """Station 7 for a call without changes: render, record, go. Refusals and our own bugs leave here too."""
    refused = None if error is None else _as_refusal(visit, error)
    try:
        response = render(visit, output or {}) if refused is None else _render_refusal(visit, refused)
    except Exception as bug:  # noqa: BLE001 - an answer that cannot be written is a bug of ours, and is recorded too
        refused = _as_refusal(visit, bug)
        response = _render_refusal(visit, refused)
    try:
        for record in records_of(visit, world, response, output, refused):
            world.journal.append(record.entry)
    except Exception as problem:  # noqa: BLE001 - whatever keeps a call from being recorded keeps it unanswered
        return _unrecorded(visit, response, problem)
    world.metrics.count(visit.service.name, visit.operation, response.status)
    if visit.call is not None and visit.call.engines_disagreed:
        LOG.critical("request %s: the two policy engines disagree; it was refused", visit.request_id)
        world.metrics.disagreements += 1
    return _when_synced(visit, response, world.journal) if world.strict else response


def journal_committed(records: tuple[Recorded, ...], world: World) -> None:
    """Tell the journal too, for the uses of keys that it counts; the records themselves are safe already."""
    try:
        for record in records:
            world.journal.append(record.entry)
    except Exception:
        LOG.exception(
            "the audit journal cannot be written"
        )  # the change is stored: its answer must not become a refusal


async def _when_synced(visit: Visit, response: Response, journal: Journal) -> Response:
    try:
        await journal.sync()
    except OSError as error:
        return _unrecorded(visit, response, error)
    return response


def _unrecorded(visit: Visit, response: Response, error: Exception) -> Response:
    """Refuse a call whose record could not be written; its answer is thrown away."""
    trace = None if isinstance(error, OSError | RecursionError) else error  # the latter's is thousands of lines
    LOG.error("request %s cannot be recorded, so it is refused: %s", visit.request_id, error, exc_info=trace)
    if not isinstance(response.body, bytes):
        response.body.close()
    return _render_refusal(visit, ApiError("ServiceUnavailable", "The call cannot be recorded."))


def _as_refusal(visit: Visit, error: Exception) -> ApiError | Response:
    """What the caller is told of an error. Bugs of ours are logged whole and told to nobody."""
    match error:
        case ApiError():
            return error
        case PlainRefusal(response=response):
            return response
        case StoreProblem() | OSError() | Conflict():
            LOG.error("request %s: %s", visit.request_id, str(error) or type(error).__name__)
            return ApiError("ServiceUnavailable", "The service cannot complete the request. Please try again.")
    LOG.error("request %s failed", visit.request_id, exc_info=error)
    internal = "InternalError" if visit.service.name == "s3" else "InternalFailure"
    return ApiError(internal, "We encountered an internal error. Please try again.", reason=type(error).__name__)


def render(visit: Visit, output: Output) -> Response:
    """An operation's output on the wire."""
    if visit.route is None:
        raise RuntimeError("an output without a route")
    return visit.service.render(visit.route, output, visit.request_id)


def _render_refusal(visit: Visit, refused: ApiError | Response) -> Response:
    if isinstance(refused, Response):
        return refused
    return visit.service.render_error(visit.route, refused, visit.request_id, head=visit.request.method == "HEAD")


def records_of(
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
        caller=visit.caller if visit.call is None else visit.call.caller,
        call=visit.call,
        owner=None if visit.call is None else visit.call.owner,
        output=output,
        error=refused if isinstance(refused, ApiError) else None,
    )
