"""What requests may ask for that Daypass does not do. It is refused by name: nothing is accepted and then ignored.

Server-side encryption is among it: bytes are stored as they came, and what is not done is not announced (threats H15).
ACLs are off for all buckets, as for new buckets on AWS (S3 User Guide, "Controlling ownership of objects and disabling
ACLs"): only the forms that say no more than that the owner has full control are taken.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from daypass.errors import ApiError
from daypass.services.s3.authorization import GRANTS
from daypass.services.s3.owners import canonical_id

if TYPE_CHECKING:
    from daypass.directory import Bucket
    from daypass.services.registry import Call

_SSE = "x-amz-server-side-encryption"
_NOT_IMPLEMENTED = {
    "AnnotationDirective": "x-amz-object-annotation-directive",
    "BucketKeyEnabled": f"{_SSE}-bucket-key-enabled",
    "CopySourceSSECustomerAlgorithm": f"x-amz-copy-source-{_SSE[6:]}-customer-algorithm",
    "CopySourceSSECustomerKey": f"x-amz-copy-source-{_SSE[6:]}-customer-key",
    "CopySourceSSECustomerKeyMD5": f"x-amz-copy-source-{_SSE[6:]}-customer-key-MD5",
    "IfMatchLastModifiedTime": "x-amz-if-match-last-modified-time",
    "IfMatchSize": "x-amz-if-match-size",
    "MFA": "x-amz-mfa",
    "SSECustomerAlgorithm": f"{_SSE}-customer-algorithm",
    "SSECustomerKey": f"{_SSE}-customer-key",
    "SSECustomerKeyMD5": f"{_SSE}-customer-key-MD5",
    "SSEKMSEncryptionContext": f"{_SSE}-context",
    "SSEKMSKeyId": f"{_SSE}-aws-kms-key-id",
    "ServerSideEncryption": _SSE,
    "WebsiteRedirectLocation": "x-amz-website-redirect-location",
    "WriteOffsetBytes": "x-amz-write-offset-bytes",
}
_LOCKS = frozenset(
    {
        "ObjectLockEventHold",
        "ObjectLockEventHoldDurationDays",
        "ObjectLockEventHoldDurationYears",
        "ObjectLockLegalHoldStatus",
        "ObjectLockMode",
        "ObjectLockRetainUntilDate",
    }
)
_ACCESS = frozenset({"ACL", "StorageClass"}) | GRANTS
_SUSPECT = _NOT_IMPLEMENTED.keys() | _LOCKS | _ACCESS
_ONE_GRANTEE = re.compile(r'\s*id\s*=\s*"?([0-9a-f]{64})"?\s*')


def refuse_unsupported(call: Call, bucket: Bucket) -> None:
    """Refuse what an object request asks for beyond what is done here."""
    for name in _SUSPECT & call.input.keys():
        if name in _NOT_IMPLEMENTED:
            raise not_implemented(_NOT_IMPLEMENTED[name])
        if name in _LOCKS:
            raise ApiError("InvalidRequest", "Bucket is missing Object Lock Configuration")
        value = call.input[name]
        if name == "StorageClass" and value != "STANDARD":
            members = {"StorageClassRequested": value}
            raise ApiError("InvalidStorageClass", "The storage class you specified is not valid", members=members)
        if name == "ACL" and value != "bucket-owner-full-control":
            raise acls_are_off()
        if name in GRANTS and not _is_owners(name, value, bucket):
            raise acls_are_off()


def not_implemented(header: str, more: str | None = None) -> ApiError:
    """The refusal of a header, by its name."""
    members = {"Header": header}
    if more is not None:
        members["additionalMessage"] = more
    text = "A header you provided implies functionality that is not implemented."
    return ApiError("NotImplemented", text, members=members)


def acls_are_off() -> ApiError:
    """The refusal of an ACL."""
    return ApiError("AccessControlListNotSupported", "The bucket does not allow ACLs", status=400)


def _is_owners(name: str, value: str, bucket: Bucket) -> bool:
    found = _ONE_GRANTEE.fullmatch(value)
    return name == "GrantFullControl" and found is not None and found[1] == canonical_id(bucket.account)
