"""Tags of buckets and objects (S3 API Reference: Get-, Put-, DeleteBucketTagging, Get-, Put-, DeleteObjectTagging)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from daypass.directory import Put
from daypass.errors import ApiError
from daypass.services.s3.authorization import (
    bucket_of,
    on_bucket,
    on_found_object,
    request_tags,
)
from daypass.services.s3.bucket_settings import setting, with_setting
from daypass.services.s3.found_objects import readable, version_shown
from daypass.services.s3.integrity import check_document
from daypass.services.s3.operations import s3
from daypass.services.s3.tags import BUCKET_LIMIT, OBJECT_LIMIT, checked_tags, tag_set

if TYPE_CHECKING:
    from daypass.directory import Bucket, View
    from daypass.objects import StoredObject
    from daypass.services.registry import Call, Result, Rooms
    from daypass.services.s3.authorization import Context


@s3("GetBucketTagging", needs=on_bucket("s3:GetBucketTagging"))
def get_bucket_tagging(call: Call, view: View) -> Result:
    """The tags of a bucket."""
    bucket = bucket_of(call, view)
    found = setting(bucket, "tagging")
    if found is None:
        raise ApiError("NoSuchTagSet", "The TagSet does not exist", members={"BucketName": bucket.name})
    return {"TagSet": found["TagSet"]}, []


@s3("PutBucketTagging", needs=on_bucket("s3:PutBucketTagging"))
def put_bucket_tagging(call: Call, view: View) -> Result:
    """Tags in place of those that are there."""
    bucket = bucket_of(call, view)
    check_document(call)
    tags = checked_tags(call.input["Tagging"]["TagSet"], BUCKET_LIMIT)
    changed = with_setting(bucket, "tagging", {"TagSet": tag_set(tags)} if tags else None)
    return {"HTTPStatusCode": 204}, [Put(changed)]


@s3("DeleteBucketTagging", needs=on_bucket("s3:PutBucketTagging"))
def delete_bucket_tagging(call: Call, view: View) -> Result:
    """Take all tags away."""
    return {}, [Put(with_setting(bucket_of(call, view), "tagging", None))]


@s3.with_rooms("GetObjectTagging", needs=on_found_object, unsigned=True)
async def get_object_tagging(call: Call, view: View, rooms: Rooms) -> Result:
    """The tags of an object; none is an empty set."""
    bucket, stored = await _found(call, view, rooms, "s3:GetObject{}Tagging")
    return {"TagSet": tag_set(stored.head.tags), "VersionId": version_shown(bucket, stored.version)}, []


@s3.with_rooms("PutObjectTagging", needs=on_found_object, unsigned=True)
async def put_object_tagging(call: Call, view: View, rooms: Rooms) -> Result:
    """Tags in place of those that are there. The tags of the request belong to the question."""
    check_document(call)
    tags = checked_tags(call.input["Tagging"]["TagSet"], OBJECT_LIMIT)
    actions = "s3:PutObject{}Tagging"
    bucket, stored = await _found(call, view, rooms, actions, request_tags(tags))
    await rooms.objects.retag(stored, tags)
    return {"VersionId": version_shown(bucket, stored.version)}, []


@s3.with_rooms("DeleteObjectTagging", needs=on_found_object, unsigned=True)
async def delete_object_tagging(call: Call, view: View, rooms: Rooms) -> Result:
    """Take all tags of an object away."""
    bucket, stored = await _found(call, view, rooms, "s3:DeleteObject{}Tagging")
    await rooms.objects.retag(stored, ())
    return {"VersionId": version_shown(bucket, stored.version)}, []


async def _found(
    call: Call, view: View, rooms: Rooms, actions: str, keys: Context | None = None
) -> tuple[Bucket, StoredObject]:
    bucket, version = bucket_of(call, view), call.input.get("VersionId")
    key: str = call.input["Key"]
    return bucket, await readable(call, view, rooms.objects, bucket, key, version=version, actions=actions, keys=keys)
