"""Owners and access control lists, which are off.

S3 API Reference: GetBucketAcl, GetObjectAcl, GetBucketOwnershipControls, PutBucketOwnershipControls; S3 User Guide,
"Controlling ownership of objects and disabling ACLs".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from daypass.services.s3.authorization import bucket_of, on_bucket, on_found_object
from daypass.services.s3.found_objects import readable
from daypass.services.s3.operations import s3
from daypass.services.s3.owners import owner

if TYPE_CHECKING:
    from daypass.directory import Bucket, View
    from daypass.services.registry import Call, Result, Rooms


@s3("GetBucketOwnershipControls", needs=on_bucket("s3:GetBucketOwnershipControls"))
def get_bucket_ownership_controls(call: Call, view: View) -> Result:
    """The one rule that there is."""
    bucket_of(call, view)
    return {"OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}}, []


@s3("GetBucketAcl", needs=on_bucket("s3:GetBucketAcl"))
def get_bucket_acl(call: Call, view: View) -> Result:
    """The owner has full control."""
    return _acl(bucket_of(call, view)), []


@s3.with_rooms("GetObjectAcl", needs=on_found_object, unsigned=True)
async def get_object_acl(call: Call, view: View, rooms: Rooms) -> Result:
    """The bucket's owner has full control."""
    bucket, version = bucket_of(call, view), call.input.get("VersionId")
    key: str = call.input["Key"]
    await readable(call, view, rooms.objects, bucket, key, version=version, actions="s3:GetObject{}Acl")
    return _acl(bucket), []


def _acl(bucket: Bucket) -> dict[str, Any]:
    grantee = {"Type": "CanonicalUser", **owner(bucket.account)}
    return {"Owner": owner(bucket.account), "Grants": [{"Grantee": grantee, "Permission": "FULL_CONTROL"}]}
