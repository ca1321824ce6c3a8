"""Whether a bucket keeps versions (S3 API Reference: GetBucketVersioning, PutBucketVersioning)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from daypass.directory import Put
from daypass.errors import ApiError
from daypass.services.s3.authorization import bucket_of, on_bucket
from daypass.services.s3.bucket_settings import versioning, with_setting
from daypass.services.s3.integrity import check_document
from daypass.services.s3.operations import s3
from daypass.services.s3.unsupported import not_implemented

if TYPE_CHECKING:
    from daypass.directory import View
    from daypass.services.registry import Call, Result


@s3("GetBucketVersioning", needs=on_bucket("s3:GetBucketVersioning"))
def get_bucket_versioning(call: Call, view: View) -> Result:
    """Enabled, Suspended, or nothing for a bucket that never kept versions."""
    status = versioning(bucket_of(call, view))
    return {"Status": status or None}, []


@s3("PutBucketVersioning", needs=on_bucket("s3:PutBucketVersioning"))
def put_bucket_versioning(call: Call, view: View) -> Result:
    """Keep versions from now on, or stop keeping more."""
    bucket = bucket_of(call, view)
    check_document(call)
    given = call.input["VersioningConfiguration"]
    if "MFA" in call.input or given.get("MFADelete") == "Enabled":
        raise not_implemented("x-amz-mfa")
    if given.get("Status") not in {"Enabled", "Suspended"}:
        text = "The Versioning element must be specified"
        raise ApiError("IllegalVersioningConfigurationException", text, status=400)
    return {}, [Put(with_setting(bucket, "versioning", {"Status": given["Status"]}))]
