"""Telling the requestor what became of a delegation request, and handing it the exchange token.

AWS publishes to an SNS topic. There is no SNS here: the notification channel is a bucket of the requesting account whose
policy lets ``iam.amazonaws.com`` put objects; each message is an object ``delegation-requests/ID/STATE.json``.
"""

from __future__ import annotations

import logging
from base64 import urlsafe_b64encode
from typing import TYPE_CHECKING, Any

import msgspec

from daypass.access.asking import ResourcePolicy
from daypass.access.gather import resource_layer
from daypass.clock import iso_time
from daypass.credentials import Purpose
from daypass.directory import GLOBAL, Bucket
from daypass.errors import ApiError
from daypass.objects import Head, Intake, Placing
from daypass.policy import AccessRequest, Allow, Layers, Principal, PrincipalKind, decide
from daypass.services.s3.bucket_settings import versioning

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from daypass.directory import View
    from daypass.directory.delegations import DelegationRequest
    from daypass.services.registry import Call, Rooms

LOG = logging.getLogger("daypass")
FOLDER = "delegation-requests"
IAM = "iam.amazonaws.com"
ARN_PREFIX = "arn:aws:s3:::"
LARGEST = 64 * 1024
_NO_BUCKET = (
    "The notification channel must be the ARN of an S3 bucket of the requesting account, whose policy allows "
    f"{IAM} to put objects below {FOLDER}/: this server has no SNS."
)


def exchange_token(call: Call, request: DelegationRequest) -> str:
    """The token that the requestor trades in (``sts:GetDelegatedAccessToken``). It is worth nothing to anyone else."""
    aad = request.requestor.encode()
    blob = call.keyring.seal(Purpose.TRADE_IN_TOKEN, request.id.encode(), aad, call.mint.nonce())
    return urlsafe_b64encode(blob).decode()


def check_channel(channel: str, account: str, view: View, now: float) -> None:
    """Raise InvalidInput where messages could not be put."""
    if _open_bucket(channel, account, view, now) is None:
        raise ApiError("InvalidInput", _NO_BUCKET)


async def deliver(call: Call, view: View, rooms: Rooms, request: DelegationRequest, **more: Any) -> bool:
    """Put a message about a request's new state; whether it is there."""
    bucket = _open_bucket(request.channel, request.requestor, view, call.now)
    if bucket is None:
        LOG.warning("the notification channel of delegation request %s takes no messages", request.id)
        return False
    message = {
        "delegationRequestId": request.id,
        "requestorWorkflowId": request.workflow_id,
        "state": request.state,
        "ownerAccountId": request.owner_account,
        "time": int(call.now),
        **more,
    }
    place = Placing(bucket.id, f"{FOLDER}/{request.id}/{request.state}.json", versioning(bucket))
    head = Head(headers=(("ContentType", "application/json"),))
    body = msgspec.json.encode(message)
    try:
        await rooms.objects.put(place, _pieces(body), head, Intake("CRC64NVME", LARGEST, lambda _digests: None))
    except (ApiError, OSError) as problem:
        LOG.warning("a message about delegation request %s could not be put: %s", request.id, problem)
        return False
    return True


def _open_bucket(channel: str, account: str, view: View, now: float) -> Bucket | None:
    """The bucket of a channel, if it is the account's and its policy lets IAM in."""
    name = channel.removeprefix(ARN_PREFIX)
    bucket = view.get(Bucket, GLOBAL, name) if channel.startswith(ARN_PREFIX) else None
    if bucket is None or bucket.account != account or bucket.policy is None:
        return None
    layer = resource_layer(ResourcePolicy(bucket.policy, bucket.policy_bindings))
    asked = AccessRequest(
        principal=Principal(PrincipalKind.SERVICE, "", IAM, service=IAM),
        action="s3:PutObject",
        resource=f"{bucket.arn}/{FOLDER}/message.json",
        resource_account=bucket.account,
        context={
            "aws:currenttime": iso_time(int(now)),
            "aws:epochtime": str(int(now)),
            "aws:principalisawsservice": "true",
            "aws:principalservicename": IAM,
            "aws:securetransport": "true",
            "aws:sourceaccount": account,
            "aws:resourceaccount": bucket.account,
        },
    )
    return bucket if isinstance(decide(Layers(resource=layer), asked), Allow) else None


async def _pieces(body: bytes) -> AsyncIterator[bytes]:
    yield body
