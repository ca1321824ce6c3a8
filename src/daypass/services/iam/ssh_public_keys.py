"""SSH public keys of users (IAM API Reference: Upload-, Get-, List-, Update- and DeleteSSHPublicKey)."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import msgspec
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_public_key,
    load_ssh_public_key,
)

from daypass.directory import Delete, Put, SshPublicKey
from daypass.directory.quotas import Quota
from daypass.errors import ApiError
from daypass.services.iam import authorization, paging
from daypass.services.iam.operations import iam
from daypass.services.iam.users_records import STATUS, owner, record_of, records_of, wanted_status

if TYPE_CHECKING:
    from daypass.directory import User, View
    from daypass.services.registry import Call, Output, Result

RSA_BITS = range(2048, 16_385)


@iam("UploadSSHPublicKey", needs=authorization.user)
def upload_ssh_public_key(call: Call, view: View) -> Result:
    """Keep a user's public key: RSA, as one line of OpenSSH or as PEM."""
    user = owner(call, view)
    body: str = call.input["SSHPublicKeyBody"].strip()
    fingerprint = _fingerprint(_public_key(body))
    own = records_of(SshPublicKey, view, user)
    if any(record.fingerprint == fingerprint for record in own):
        raise ApiError("DuplicateSSHPublicKey", "The SSH public key is already associated with the specified IAM user.")
    Quota.SSH_KEYS_PER_USER.check(len(own) + 1)
    made = SshPublicKey(
        account=call.account,
        id=call.mint.unique_id("APKA", call.account),
        user_id=user.id,
        uploaded=int(call.now),
        body=body,
        fingerprint=fingerprint,
    )
    return {"SSHPublicKey": _shape(made, user, body)}, [Put(made)]


@iam("GetSSHPublicKey", needs=authorization.user)
def get_ssh_public_key(call: Call, view: View) -> Result:
    """Show a key in the encoding that is asked for."""
    user, record = owner(call, view), _of(call, view)
    key = _public_key(record.body)
    if call.input["Encoding"] == "SSH":
        text = key.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
    else:
        text = key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    return {"SSHPublicKey": _shape(record, user, text)}, []


@iam("ListSSHPublicKeys", needs=authorization.user)
def list_ssh_public_keys(call: Call, view: View) -> Result:
    """A user's keys, without their bodies."""
    user = owner(call, view)
    shown = [_metadata(record, user) for record in records_of(SshPublicKey, view, user)]
    page, end = paging.paged_in_order(call, shown)
    return {"SSHPublicKeys": page, **end}, []


@iam("UpdateSSHPublicKey", needs=authorization.user)
def update_ssh_public_key(call: Call, view: View) -> Result:
    """Switch a key off or on again."""
    active = wanted_status(call)
    return {}, [Put(msgspec.structs.replace(_of(call, view), active=active))]


@iam("DeleteSSHPublicKey", needs=authorization.user)
def delete_ssh_public_key(call: Call, view: View) -> Result:
    """Delete a key."""
    return {}, [Delete(_of(call, view).key)]


def _of(call: Call, view: View) -> SshPublicKey:
    key_id = call.input["SSHPublicKeyId"]
    missing = f"The Public Key with id {key_id} cannot be found."
    return record_of(SshPublicKey, view, owner(call, view), key_id, missing)


def _public_key(body: str) -> rsa.RSAPublicKey:
    text = body.encode()
    try:
        key = load_ssh_public_key(text) if body.startswith("ssh-") else load_pem_public_key(text)
    except UnsupportedAlgorithm:
        raise ApiError("UnrecognizedPublicKeyEncoding", "The public key encoding format is not supported.") from None
    except ValueError:
        raise ApiError("InvalidPublicKey", "The public key is malformed or otherwise invalid.") from None
    if not isinstance(key, rsa.RSAPublicKey) or key.key_size not in RSA_BITS:
        raise ApiError("InvalidPublicKey", "The public key is not an RSA key of 2048 to 16384 bits.")
    return key


def _fingerprint(key: rsa.RSAPublicKey) -> str:
    """MD5 of the DER form, as pairs of hex digits: what IAM shows, and nothing that anybody relies on here."""
    der = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    digest = hashlib.md5(der, usedforsecurity=False).hexdigest()
    return ":".join(digest[place : place + 2] for place in range(0, 32, 2))


def _metadata(record: SshPublicKey, user: User) -> Output:
    return {
        "UserName": user.name,
        "SSHPublicKeyId": record.id,
        "Status": STATUS[record.active],
        "UploadDate": record.uploaded,
    }


def _shape(record: SshPublicKey, user: User, body: str) -> Output:
    return _metadata(record, user) | {"Fingerprint": record.fingerprint, "SSHPublicKeyBody": body}
