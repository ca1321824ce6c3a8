"""Buckets (S3 API Reference: ListBuckets, CreateBucket, HeadBucket, DeleteBucket, GetBucketLocation).

Names follow the S3 User Guide, "General purpose bucket naming rules", and leave out those of the server's own paths.
"""

from __future__ import annotations

import base64
import binascii
import ipaddress
import json
import re
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from daypass.access.asking import Ask
from daypass.access.authorize import require
from daypass.directory import GLOBAL, Bucket, Delete, Put
from daypass.errors import ApiError
from daypass.services.s3.authorization import (
    GRANTS,
    ask_bucket,
    bucket_of,
    create_bucket_arn,
    header_context,
    on_bucket,
    on_found_object,
    request_context,
)
from daypass.services.s3.bucket_settings import with_setting
from daypass.services.s3.operations import s3
from daypass.services.s3.owners import owner
from daypass.services.s3.tags import BUCKET_LIMIT, checked_tags, tag_set
from daypass.services.s3.unsupported import not_implemented

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from daypass.directory import View
    from daypass.services.registry import Call, Result, Rooms

GLOBAL_REGION = "us-east-1"
RESERVED_NAMES = frozenset({"console", "healthz", "latest", "metrics", "readyz"})
MOST_BUCKETS = 10_000
_NAME = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_RESERVED_PREFIXES = ("xn--", "sthree-", "amzn-s3-demo-")
_RESERVED_SUFFIXES = ("-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3")


def _list_all(call: Call, _view: View) -> Iterable[Ask]:
    return (Ask("s3:ListAllMyBuckets", "*", call.account, request_context(call)),)


@s3("ListBuckets", needs=_list_all)
def list_buckets(call: Call, view: View) -> Result:
    """The caller's account's buckets by name."""
    most: int = call.input.get("MaxBuckets", MOST_BUCKETS)
    prefix: str = call.input.get("Prefix", "")
    region = call.input.get("BucketRegion")
    token = call.input.get("ContinuationToken")
    after = "" if token is None else _after(token)
    shown: list[dict[str, Any]] = []
    more = False
    for bucket in _buckets(call.account, after, view):
        if not bucket.name.startswith(prefix) or region not in {None, bucket.region}:
            continue
        if len(shown) == most:
            more = True
            break
        shown.append(
            {
                "Name": bucket.name,
                "CreationDate": bucket.created,
                "BucketRegion": bucket.region,
                "BucketArn": bucket.arn,
            }
        )
    output: dict[str, Any] = {"Buckets": shown, "Owner": owner(call.account)}
    if "Prefix" in call.input:
        output["Prefix"] = prefix
    if more:
        output["ContinuationToken"] = base64.urlsafe_b64encode(shown[-1]["Name"].encode()).decode("ascii")
    return output, []


def _buckets(account: str, after: str, view: View) -> Iterator[Bucket]:
    position: str | None = after
    while position is not None:
        page = view.linked(Bucket, GLOBAL, "account", account, after=position)
        for record in page.records:
            if isinstance(record, Bucket):
                yield record
        position = page.next


def _after(token: str) -> str:
    try:
        return base64.b64decode(token, altchars=b"-_", validate=True).decode("ascii")
    except (binascii.Error, ValueError):
        members = {"ArgumentName": "continuation-token", "ArgumentValue": token}
        text = "The continuation token provided is incorrect"
        raise ApiError("InvalidArgument", text, members=members) from None


def _create(call: Call, _view: View) -> Iterable[Ask]:
    arn = create_bucket_arn(call.input["Bucket"])
    context = request_context(call) | header_context(call.input)
    configuration = call.input.get("CreateBucketConfiguration") or {}
    if configuration.get("LocationConstraint"):
        context["s3:locationconstraint"] = configuration["LocationConstraint"]
    tags = configuration.get("Tags") or []
    context |= {f"aws:requesttag/{tag['Key'].lower()}": tag["Value"] for tag in tags}
    if tags:
        context["aws:tagkeys"] = tuple(tag["Key"] for tag in tags)
    yield Ask("s3:CreateBucket", arn, call.account, context)
    if not GRANTS.isdisjoint(call.input) or call.input.get("ACL", "private") != "private":
        yield Ask("s3:PutBucketAcl", arn, call.account, context)
    if call.input.get("ObjectLockEnabledForBucket"):
        yield Ask("s3:PutBucketObjectLockConfiguration", arn, call.account, context)
        yield Ask("s3:PutBucketVersioning", arn, call.account, context)
    if "ObjectOwnership" in call.input:
        yield Ask("s3:PutBucketOwnershipControls", arn, call.account, context)
    if tags:
        yield Ask("s3:TagResource", arn, call.account, context)


@s3("CreateBucket", needs=_create)
def create_bucket(call: Call, view: View) -> Result:
    """Make a bucket. In us-east-1 making one's own again succeeds, as on AWS."""
    name: str = call.input["Bucket"]
    check_name(name)
    _refuse_unsupported(call)
    configuration = call.input.get("CreateBucketConfiguration") or {}
    region = _region(call, configuration.get("LocationConstraint"))
    tags = checked_tags(configuration.get("Tags") or [], BUCKET_LIMIT)
    output = {"Location": f"/{name}", "BucketArn": create_bucket_arn(name)}
    standing = view.get(Bucket, GLOBAL, name)
    if standing is not None:
        if standing.account == call.account and region == standing.region == GLOBAL_REGION:
            return output, []
        code = "BucketAlreadyOwnedByYou" if standing.account == call.account else "BucketAlreadyExists"
        raise ApiError(code, None, members={"BucketName": name})
    if view.count_linked(GLOBAL, "account", call.account) >= MOST_BUCKETS:
        raise ApiError("TooManyBuckets", "You have attempted to create more buckets than allowed")
    bucket = Bucket(name, call.account, region, int(call.now), call.mint.uuid())
    if tags:
        bucket = with_setting(bucket, "tagging", {"TagSet": tag_set(tags)})
    return output, [Put(bucket)]


@s3("HeadBucket", needs=on_found_object, unsigned=True)
def head_bucket(call: Call, view: View) -> Result:
    """Whether a bucket is there and may be listed. A refusal says the region too, by which clients find their way."""
    bucket = bucket_of(call, view)
    try:
        require(ask_bucket(call, bucket, "s3:ListBucket"), call, view)
    except ApiError as refusal:
        refusal.headers = {**refusal.headers, "x-amz-bucket-region": bucket.region}
        raise
    return {"BucketRegion": bucket.region, "BucketArn": bucket.arn, "AccessPointAlias": False}, []


@s3.with_rooms("DeleteBucket", needs=on_bucket("s3:DeleteBucket"))
async def delete_bucket(call: Call, view: View, rooms: Rooms) -> Result:
    """Delete a bucket that holds nothing.

    The object store takes no more objects for it first: what is uploaded meanwhile is refused rather than lost.
    """
    bucket = bucket_of(call, view)
    try:
        await rooms.objects.retire(bucket.id)
    except ApiError as refusal:
        refusal.members.setdefault("BucketName", bucket.name)
        raise
    return {}, [Delete(bucket.key)]


@s3("GetBucketLocation", needs=on_bucket("s3:GetBucketLocation"), unsigned=True)
def get_bucket_location(call: Call, view: View) -> Result:
    """The region; nothing stands for us-east-1."""
    region = bucket_of(call, view).region
    return {"LocationConstraint": None if region == GLOBAL_REGION else region}, []


def check_name(name: str) -> None:
    """Raise InvalidBucketName for what S3, or this server, does not take for a bucket's name."""
    legal = (
        _NAME.fullmatch(name)
        and ".." not in name
        and not name.startswith(_RESERVED_PREFIXES)
        and not name.endswith(_RESERVED_SUFFIXES)
        and name not in RESERVED_NAMES
        and not _is_address(name)
    )
    if not legal:
        raise ApiError("InvalidBucketName", "The specified bucket is not valid.", members={"BucketName": name})


def _is_address(name: str) -> bool:
    try:
        ipaddress.IPv4Address(name)
    except ValueError:
        return False
    return True


def _refuse_unsupported(call: Call) -> None:
    configuration = call.input.get("CreateBucketConfiguration") or {}
    if not GRANTS.isdisjoint(call.input) or call.input.get("ACL", "private") != "private":
        text = "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting"
        raise ApiError("InvalidBucketAclWithObjectOwnership", text, status=400)
    if call.input.get("ObjectOwnership", "BucketOwnerEnforced") != "BucketOwnerEnforced":
        raise not_implemented("x-amz-object-ownership", "Access control lists are not supported.")
    if call.input.get("ObjectLockEnabledForBucket"):
        raise not_implemented("x-amz-bucket-object-lock-enabled")
    if call.input.get("BucketNamespace", "global") != "global":
        raise not_implemented("x-amz-bucket-namespace")
    if configuration.get("Location") or configuration.get("Bucket"):
        text = "Directory buckets are not supported."
        raise ApiError("InvalidRequest", text)


def _region(call: Call, constraint: str | None) -> str:
    """The region of a new bucket: S3 API Reference, CreateBucket, LocationConstraint."""
    endpoint = call.facts.region
    if not constraint:
        if endpoint == GLOBAL_REGION:
            return GLOBAL_REGION
        text = "The unspecified location constraint is incompatible for the region specific endpoint this request was "
        raise ApiError("IllegalLocationConstraintException", f"{text}sent to.")
    region = "eu-west-1" if constraint == "EU" else constraint
    if region == GLOBAL_REGION or region not in _regions():
        members = {"LocationConstraint": constraint}
        text = "The specified location-constraint is not valid"
        raise ApiError("InvalidLocationConstraint", text, members=members)
    if endpoint not in {GLOBAL_REGION, region}:
        text = (
            f"The {constraint} location constraint is incompatible for the region specific endpoint this request was "
        )
        raise ApiError("IllegalLocationConstraintException", f"{text}sent to.")
    return region


@lru_cache(maxsize=1)
def _regions() -> frozenset[str]:
    """The regions of the partition, as botocore's data names them."""
    partitions = json.loads(files("botocore").joinpath("data/partitions.json").read_text("utf-8"))["partitions"]
    return frozenset(next(part["regions"] for part in partitions if part["id"] == "aws"))
