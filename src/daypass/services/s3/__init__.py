"""Amazon S3 (API version 2006-03-01): one module per page of its documentation. What is not registered is not offered."""

from daypass.services.s3 import (
    bucket_policy,
    buckets,
    copying,
    deleting,
    listing,
    multipart,
    objects,
    ownership,
    public_access,
    putting,
    tagging,
    versioning,
)
from daypass.services.s3.operations import s3

__all__ = [
    "bucket_policy",
    "buckets",
    "copying",
    "deleting",
    "listing",
    "multipart",
    "objects",
    "ownership",
    "public_access",
    "putting",
    "s3",
    "tagging",
    "versioning",
]
