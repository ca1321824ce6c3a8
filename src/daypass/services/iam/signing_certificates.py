"""Signing certificates of users (IAM API Reference: Upload-, List-, Update- and DeleteSigningCertificate)."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

import msgspec
from cryptography.hazmat.primitives.serialization import Encoding

from daypass.directory import Delete, Put, SigningCertificate
from daypass.directory.quotas import Quota
from daypass.errors import ApiError
from daypass.services.iam import authorization, paging
from daypass.services.iam.operations import iam
from daypass.services.iam.users_records import STATUS, owner, record_of, records_of, wanted_status
from daypass.services.iam.x509 import certificate

if TYPE_CHECKING:
    from daypass.directory import User, View
    from daypass.services.registry import Call, Output, Result


@iam("UploadSigningCertificate", needs=authorization.user)
def upload_signing_certificate(call: Call, view: View) -> Result:
    """Keep a user's certificate."""
    user, body = owner(call, view), call.input["CertificateBody"]
    parsed = certificate(body)
    if not parsed.not_valid_before_utc.timestamp() <= call.now < parsed.not_valid_after_utc.timestamp():
        raise ApiError("InvalidCertificate", "The certificate has expired or is not valid yet.")
    fingerprint = sha256(parsed.public_bytes(Encoding.DER)).hexdigest()
    own = records_of(SigningCertificate, view, user)
    if any(record.fingerprint == fingerprint for record in own):
        raise ApiError("DuplicateCertificate", "The same certificate is associated with an IAM user in the account.")
    Quota.CERTIFICATES_PER_USER.check(len(own) + 1)
    made = SigningCertificate(
        account=call.account,
        id=call.mint.certificate_id(),
        user_id=user.id,
        uploaded=int(call.now),
        body=body,
        fingerprint=fingerprint,
    )
    return {"Certificate": _shape(made, user)}, [Put(made)]


@iam("ListSigningCertificates", needs=authorization.user)
def list_signing_certificates(call: Call, view: View) -> Result:
    """A user's certificates, with their bodies."""
    user = owner(call, view)
    shapes = [_shape(record, user) for record in records_of(SigningCertificate, view, user)]
    page, end = paging.paged_in_order(call, shapes)
    return {"Certificates": page, **end}, []


@iam("UpdateSigningCertificate", needs=authorization.user)
def update_signing_certificate(call: Call, view: View) -> Result:
    """Switch a certificate off or on again."""
    active = wanted_status(call)
    return {}, [Put(msgspec.structs.replace(_of(call, view), active=active))]


@iam("DeleteSigningCertificate", needs=authorization.user)
def delete_signing_certificate(call: Call, view: View) -> Result:
    """Delete a certificate."""
    return {}, [Delete(_of(call, view).key)]


def _of(call: Call, view: View) -> SigningCertificate:
    certificate_id = call.input["CertificateId"]
    missing = f"The Certificate with id {certificate_id} cannot be found."
    return record_of(SigningCertificate, view, owner(call, view), certificate_id, missing)


def _shape(record: SigningCertificate, user: User) -> Output:
    return {
        "UserName": user.name,
        "CertificateId": record.id,
        "CertificateBody": record.body,
        "Status": STATUS[record.active],
        "UploadDate": record.uploaded,
    }
