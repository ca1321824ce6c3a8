"""Server certificates (IAM API Reference: UploadServerCertificate... ListServerCertificateTags)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from daypass.arns import iam_arn
from daypass.credentials import Secret
from daypass.directory import Delete, Put, ServerCertificate
from daypass.directory.naming import check_name, check_path, same_name
from daypass.directory.quotas import Quota
from daypass.errors import ApiError
from daypass.services.iam import authorization, paging, tagging
from daypass.services.iam.operations import iam
from daypass.services.iam.x509 import certificate, certificates, check_key

if TYPE_CHECKING:
    from daypass.access.asking import Ask
    from daypass.directory import Change, View
    from daypass.services.registry import Call, Output, Result

KIND = "server-certificate"


def _new(call: Call, _view: View) -> list[Ask]:
    return authorization.created(call, authorization.new_arn(call, KIND, "ServerCertificateName"))


def _existing(call: Call, view: View) -> list[Ask]:
    name = call.input["ServerCertificateName"]
    found = _find(call, view, name)
    arn = iam_arn(call.account, KIND, "/", name) if found is None else found.arn
    asks = [authorization.on_tagged(call, arn, () if found is None else found.tags)]
    if call.operation == "UpdateServerCertificate":
        path = call.input.get("NewPath", "/" if found is None else found.path)
        renamed = iam_arn(call.account, KIND, path, call.input.get("NewServerCertificateName", name))
        if renamed != arn:
            asks.append(authorization.on_tagged(call, renamed, () if found is None else found.tags))
    return asks


def _listed(call: Call, _view: View) -> list[Ask]:
    return [authorization.on_tagged(call, iam_arn(call.account, KIND, call.input.get("PathPrefix", "/"), ""), ())]


@iam("UploadServerCertificate", needs=_new)
def upload_server_certificate(call: Call, view: View) -> Result:
    """Keep a certificate with its private key, which no call ever shows again."""
    name, path = call.input["ServerCertificateName"], call.input.get("Path", "/")
    check_name(name, "ServerCertificateName")
    check_path(path)
    tags = tagging.given_tags(call.input.get("Tags", ()), ignoring_case=False)
    _check_free(call, view, name)
    Quota.SERVER_CERTIFICATES.check(view.count(ServerCertificate, call.account) + 1)
    parsed = certificate(call.input["CertificateBody"])
    chain = call.input.get("CertificateChain")
    if chain is not None:
        certificates(chain, "CHAIN")
    check_key(call.input["PrivateKey"], parsed)
    made = ServerCertificate(
        account=call.account,
        name=name,
        path=path,
        id=call.mint.unique_id("ASCA", call.account),
        body=call.input["CertificateBody"],
        chain=chain,
        private_key=Secret(call.input["PrivateKey"]),
        uploaded=int(call.now),
        expires=int(parsed.not_valid_after_utc.timestamp()),
        tags=tags,
    )
    output: Output = {"ServerCertificateMetadata": _metadata(made)}
    return output | ({"Tags": tagging.shown(tags)} if tags else {}), [Put(made)]


@iam("GetServerCertificate", needs=_existing)
def get_server_certificate(call: Call, view: View) -> Result:
    """Show a certificate and its chain."""
    found = _named(call, view)
    shape: Output = {"ServerCertificateMetadata": _metadata(found), "CertificateBody": found.body}
    if found.chain is not None:
        shape["CertificateChain"] = found.chain
    return {"ServerCertificate": shape | {"Tags": tagging.shown(found.tags)}}, []


@iam("ListServerCertificates", needs=_listed)
def list_server_certificates(call: Call, view: View) -> Result:
    """The certificates of the account."""
    page = view.page(
        ServerCertificate,
        call.account,
        after=paging.position(call),
        limit=paging.max_items(call),
        path_prefix=call.input.get("PathPrefix", "/"),
    )
    shown = [_metadata(record) for record in page.records if isinstance(record, ServerCertificate)]
    return {"ServerCertificateMetadataList": shown, **paging.end(call, page.next)}, []


@iam("UpdateServerCertificate", needs=_existing)
def update_server_certificate(call: Call, view: View) -> Result:
    """Give a certificate another name or path."""
    found = _named(call, view)
    name, path = call.input.get("NewServerCertificateName", found.name), call.input.get("NewPath", found.path)
    check_name(name, "NewServerCertificateName")
    check_path(path, "NewPath")
    if same_name(name) != same_name(found.name):
        _check_free(call, view, name)
    renamed = msgspec.structs.replace(found, name=name, path=path)
    changes: list[Change] = [] if renamed.key == found.key else [Delete(found.key)]
    return {}, [*changes, Put(renamed)]


@iam("DeleteServerCertificate", needs=_existing)
def delete_server_certificate(call: Call, view: View) -> Result:
    """Delete a certificate and its key."""
    return {}, [Delete(_named(call, view).key)]


@iam("TagServerCertificate", needs=_existing)
def tag_server_certificate(call: Call, view: View) -> Result:
    """Put tags on. Keys are told apart by case."""
    found = _named(call, view)
    new = tagging.given_tags(call.input["Tags"], ignoring_case=False)
    return {}, [Put(msgspec.structs.replace(found, tags=tagging.merged(found.tags, new, ignoring_case=False)))]


@iam("UntagServerCertificate", needs=_existing)
def untag_server_certificate(call: Call, view: View) -> Result:
    """Take tags off."""
    found = _named(call, view)
    tags = tagging.without(found.tags, call.input["TagKeys"], ignoring_case=False)
    return {}, [Put(msgspec.structs.replace(found, tags=tags))]


@iam("ListServerCertificateTags", needs=_existing)
def list_server_certificate_tags(call: Call, view: View) -> Result:
    """The tags."""
    page, end = paging.paged_in_order(call, tagging.shown(_named(call, view).tags))
    return {"Tags": page, **end}, []


def _find(call: Call, view: View, name: str) -> ServerCertificate | None:
    found = view.get(ServerCertificate, call.account, same_name(name))
    return found if found is not None and found.name == name else None


def _named(call: Call, view: View) -> ServerCertificate:
    name = call.input["ServerCertificateName"]
    found = _find(call, view, name)
    if found is None:
        raise ApiError("NoSuchEntity", f"The Server Certificate with name {name} cannot be found.")
    return found


def _check_free(call: Call, view: View, name: str) -> None:
    if view.get(ServerCertificate, call.account, same_name(name)) is not None:
        raise ApiError("EntityAlreadyExists", f"The Server Certificate with name {name} already exists.")


def _metadata(found: ServerCertificate) -> Output:
    return {
        "Path": found.path,
        "ServerCertificateName": found.name,
        "ServerCertificateId": found.id,
        "Arn": found.arn,
        "UploadDate": found.uploaded,
        "Expiration": found.expires,
    }
