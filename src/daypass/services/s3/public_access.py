"""The public access block of a bucket (S3 API Reference: Put-, Get-, DeletePublicAccessBlock).

BlockPublicPolicy holds in :mod:`~daypass.services.s3.bucket_policy`, RestrictPublicBuckets in
:mod:`~daypass.services.s3.authorization`; the two flags about ACLs have nothing to block, since all buckets have ACLs off.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from daypass.directory import Put
from daypass.errors import ApiError
from daypass.services.s3.authorization import bucket_of, on_bucket
from daypass.services.s3.integrity import check_document
from daypass.services.s3.operations import s3

if TYPE_CHECKING:
    from daypass.directory import View
    from daypass.services.registry import Call, Result

_FLAGS = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
"""In the order in which the record keeps them."""
_NEEDS_PUT = on_bucket("s3:PutBucketPublicAccessBlock")


@s3("GetPublicAccessBlock", needs=on_bucket("s3:GetBucketPublicAccessBlock"))
def get_public_access_block(call: Call, view: View) -> Result:
    """The four flags."""
    bucket = bucket_of(call, view)
    if bucket.public_access_block is None:
        text = "The public access block configuration was not found"
        members = {"BucketName": bucket.name}
        raise ApiError("NoSuchPublicAccessBlockConfiguration", text, members=members)
    flags = dict(zip(_FLAGS, bucket.public_access_block, strict=True))
    return {"PublicAccessBlockConfiguration": flags}, []


@s3("PutPublicAccessBlock", needs=_NEEDS_PUT)
def put_public_access_block(call: Call, view: View) -> Result:
    """Set all four flags; those that are left out are off."""
    bucket = bucket_of(call, view)
    check_document(call)
    given = call.input["PublicAccessBlockConfiguration"]
    acls, ignore, policy, restrict = (bool(given.get(name, False)) for name in _FLAGS)
    return {}, [Put(msgspec.structs.replace(bucket, public_access_block=(acls, ignore, policy, restrict)))]


@s3("DeletePublicAccessBlock", needs=_NEEDS_PUT)
def delete_public_access_block(call: Call, view: View) -> Result:
    """Take the block away."""
    bucket = bucket_of(call, view)
    if bucket.public_access_block is None:
        return {}, []
    return {}, [Put(msgspec.structs.replace(bucket, public_access_block=None))]
