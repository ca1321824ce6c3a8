"""Server and signing certificates, SSH keys and service-specific credentials, as boto3 sees them."""

from __future__ import annotations

import hashlib
from base64 import b64decode, b64encode
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from worldkit import ACCOUNT, START, Host, allow, make_host, refusal

from daypass.directory import ServerCertificate

if TYPE_CHECKING:
    from collections.abc import Iterator

DAY = 86_400
UNKNOWN = "X" * 24


@pytest.fixture
def host() -> Iterator[Host]:
    made = make_host()
    yield made
    made.close()


@pytest.fixture
def iam(host: Host) -> Any:
    client = host.admin("iam")
    client.create_user(UserName="bob")
    return client


@cache
def rsa_key(bits: int = 2048, _which: int = 0) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, bits)


@cache
def ec_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def pem_of(key: Any, **more: Any) -> str:
    encryption = more.get("encryption", NoEncryption())
    return str(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption).decode())


def certificate(key: Any, begin: float = START - DAY, end: float = START + 365 * DAY, name: str = "example.com") -> str:
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key())
    builder = builder.serial_number(x509.random_serial_number())
    times = datetime.fromtimestamp(begin, UTC), datetime.fromtimestamp(end, UTC)
    made = builder.not_valid_before(times[0]).not_valid_after(times[1]).sign(key, SHA256())
    return made.public_bytes(Encoding.PEM).decode()


def ssh_line(key: Any) -> str:
    return str(key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode())


# Server certificates


@pytest.mark.parametrize("key", [rsa_key(), ec_key()], ids=["RSA", "EC"])
def test_a_server_certificate_is_kept_and_its_key_never_leaves(host: Host, iam: Any, key: Any) -> None:
    body = certificate(key)
    made = iam.upload_server_certificate(ServerCertificateName="web", Path="/prod/", CertificateBody=body, PrivateKey=pem_of(key),
                                         CertificateChain=body * 2, Tags=[{"Key": "a", "Value": "1"}])  # fmt: skip
    metadata = made["ServerCertificateMetadata"]
    assert metadata["Arn"] == f"arn:aws:iam::{ACCOUNT}:server-certificate/prod/web"
    assert metadata["ServerCertificateId"].startswith("ASCA")
    assert metadata["Expiration"] == datetime.fromtimestamp(START, UTC) + timedelta(days=365)
    assert made["Tags"] == [{"Key": "a", "Value": "1"}]
    shown = iam.get_server_certificate(ServerCertificateName="web")["ServerCertificate"]
    assert (shown["CertificateBody"], shown["CertificateChain"]) == (body, body * 2)
    assert shown["ServerCertificateMetadata"] == metadata
    (kept,) = (record for record in host.store.records.values() if isinstance(record, ServerCertificate))
    assert kept.private_key.reveal() == pem_of(key)
    assert pem_of(key).split("\n")[1].encode() not in b"".join(host.journal.lines)


def test_a_server_certificate_is_renamed_listed_tagged_and_deleted(iam: Any) -> None:
    body, key = certificate(ec_key()), pem_of(ec_key())
    for name in ("one", "two"):
        iam.upload_server_certificate(ServerCertificateName=name, CertificateBody=body, PrivateKey=key)
    assert refusal(iam.upload_server_certificate, ServerCertificateName="ONE", CertificateBody=body, PrivateKey=key) == (409, "EntityAlreadyExists", "The Server Certificate with name ONE already exists.")  # fmt: skip
    iam.update_server_certificate(ServerCertificateName="one", NewServerCertificateName="three", NewPath="/x/")
    listed = iam.get_paginator("list_server_certificates").paginate(PaginationConfig={"PageSize": 1})
    assert [one["ServerCertificateName"] for page in listed for one in page["ServerCertificateMetadataList"]] == ["three", "two"]  # fmt: skip
    assert [one["ServerCertificateName"] for one in iam.list_server_certificates(PathPrefix="/x/")["ServerCertificateMetadataList"]] == ["three"]  # fmt: skip
    assert refusal(iam.update_server_certificate, ServerCertificateName="two", NewServerCertificateName="three")[1] == "EntityAlreadyExists"  # fmt: skip
    iam.tag_server_certificate(ServerCertificateName="two", Tags=[{"Key": "k", "Value": "v"}, {"Key": "K", "Value": "w"}])  # fmt: skip
    iam.untag_server_certificate(ServerCertificateName="two", TagKeys=["k"])
    assert iam.list_server_certificate_tags(ServerCertificateName="two")["Tags"] == [{"Key": "K", "Value": "w"}]
    iam.delete_server_certificate(ServerCertificateName="two")
    gone = (404, "NoSuchEntity", "The Server Certificate with name two cannot be found.")
    for call in (iam.get_server_certificate, iam.delete_server_certificate, iam.list_server_certificate_tags):
        assert refusal(call, ServerCertificateName="two") == gone
    assert iam.get_account_summary()["SummaryMap"]["ServerCertificates"] == 1


def test_what_is_no_certificate_or_not_its_key_is_refused(iam: Any) -> None:
    key, body = rsa_key(), certificate(rsa_key())
    encrypted = pem_of(key, encryption=BestAvailableEncryption(b"secret"))
    for given, code in (
        ({"CertificateBody": "nonsense", "PrivateKey": pem_of(key)}, "MalformedCertificate"),
        ({"CertificateBody": body * 2, "PrivateKey": pem_of(key)}, "MalformedCertificate"),
        ({"CertificateBody": body, "PrivateKey": pem_of(key), "CertificateChain": "x"}, "MalformedCertificate"),
        ({"CertificateBody": body, "PrivateKey": "nonsense"}, "MalformedCertificate"),
        ({"CertificateBody": body, "PrivateKey": encrypted}, "MalformedCertificate"),
        ({"CertificateBody": body, "PrivateKey": pem_of(ed25519.Ed25519PrivateKey.generate())}, "MalformedCertificate"),
        ({"CertificateBody": body, "PrivateKey": pem_of(rsa_key(2048, 1))}, "KeyPairMismatch"),
        ({"CertificateBody": body, "PrivateKey": pem_of(ec_key())}, "KeyPairMismatch"),
    ):
        assert refusal(iam.upload_server_certificate, ServerCertificateName="x", **given)[:2] == (400, code)
    assert refusal(iam.upload_server_certificate, ServerCertificateName="x", CertificateBody="x", PrivateKey="x")[2] == "Certificate BODY is malformed."  # fmt: skip


def test_a_certificate_of_a_version_that_x509_does_not_have_is_malformed(iam: Any) -> None:
    body, key = certificate(ec_key()), pem_of(ec_key())
    der = b64decode("".join(body.splitlines()[1:-1])).replace(b"\xa0\x03\x02\x01\x02", b"\xa0\x03\x02\x01\x03", 1)
    odd = f"-----BEGIN CERTIFICATE-----\n{b64encode(der).decode()}\n-----END CERTIFICATE-----\n"
    malformed = (400, "MalformedCertificate", "Certificate BODY is malformed.")
    assert (
        refusal(iam.upload_server_certificate, ServerCertificateName="x", CertificateBody=odd, PrivateKey=key)
        == malformed
    )
    assert refusal(iam.upload_signing_certificate, UserName="bob", CertificateBody=odd) == malformed
    chain = {"ServerCertificateName": "x", "CertificateBody": body, "PrivateKey": key, "CertificateChain": odd}
    assert refusal(iam.upload_server_certificate, **chain)[:2] == (400, "MalformedCertificate")


def test_tagging_a_certificate_at_upload_needs_its_own_action(host: Host) -> None:
    limited = host.client("iam", host.user("limited", allow("iam:UploadServerCertificate")))
    given = {"CertificateBody": certificate(ec_key()), "PrivateKey": pem_of(ec_key())}
    limited.upload_server_certificate(ServerCertificateName="plain", **given)
    told = refusal(limited.upload_server_certificate, ServerCertificateName="x", Tags=[{"Key": "a", "Value": "b"}], **given)  # fmt: skip
    assert "iam:TagServerCertificate" in told[2]


# Signing certificates


def test_signing_certificates_are_two_a_user_and_each_once(iam: Any) -> None:
    first = certificate(ec_key())
    made = iam.upload_signing_certificate(UserName="bob", CertificateBody=first)["Certificate"]
    assert (made["Status"], made["CertificateBody"], len(made["CertificateId"])) == ("Active", first, 32)
    assert refusal(iam.upload_signing_certificate, UserName="bob", CertificateBody=first)[:2] == (409, "DuplicateCertificate")  # fmt: skip
    iam.upload_signing_certificate(UserName="bob", CertificateBody=certificate(ec_key()))
    assert refusal(iam.upload_signing_certificate, UserName="bob", CertificateBody=certificate(ec_key())) == (409, "LimitExceeded", "Cannot exceed quota for CertificatesPerUser: 2")  # fmt: skip
    iam.update_signing_certificate(UserName="bob", CertificateId=made["CertificateId"], Status="Inactive")
    listed = iam.list_signing_certificates(UserName="bob")["Certificates"]
    assert [one["Status"] for one in listed if one["CertificateId"] == made["CertificateId"]] == ["Inactive"]
    assert refusal(iam.delete_user, UserName="bob") == (409, "DeleteConflict", "Cannot delete entity, must remove referenced objects first.")  # fmt: skip
    for one in listed:
        iam.delete_signing_certificate(UserName="bob", CertificateId=one["CertificateId"])
    iam.delete_user(UserName="bob")


def test_a_signing_certificate_is_whole_in_time_and_its_users_own(iam: Any) -> None:
    iam.create_user(UserName="eve")
    for begin, end in ((START - 2 * DAY, START), (START + 1, START + DAY)):
        assert refusal(iam.upload_signing_certificate, UserName="bob", CertificateBody=certificate(ec_key(), begin, end))[:2] == (400, "InvalidCertificate")  # fmt: skip
    assert refusal(iam.upload_signing_certificate, UserName="bob", CertificateBody="x") == (400, "MalformedCertificate", "Certificate BODY is malformed.")  # fmt: skip
    made = iam.upload_signing_certificate(UserName="bob", CertificateBody=certificate(ec_key()))["Certificate"]
    for user, certificate_id in (("eve", made["CertificateId"]), ("bob", UNKNOWN)):
        gone = (404, "NoSuchEntity", f"The Certificate with id {certificate_id} cannot be found.")
        assert refusal(iam.delete_signing_certificate, UserName=user, CertificateId=certificate_id) == gone
        assert refusal(iam.update_signing_certificate, UserName=user, CertificateId=certificate_id, Status="Active") == gone  # fmt: skip


# SSH public keys


def test_an_ssh_key_comes_back_in_both_encodings(iam: Any) -> None:
    key = rsa_key()
    made = iam.upload_ssh_public_key(UserName="bob", SSHPublicKeyBody=ssh_line(key) + " bob@laptop")["SSHPublicKey"]
    der = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    digest = hashlib.md5(der, usedforsecurity=False).hexdigest()
    assert made["Fingerprint"].replace(":", "") == digest
    assert (made["SSHPublicKeyId"][:4], made["Status"], made["SSHPublicKeyBody"]) == ("APKA", "Active", ssh_line(key) + " bob@laptop")  # fmt: skip
    asked = {"UserName": "bob", "SSHPublicKeyId": made["SSHPublicKeyId"]}
    assert iam.get_ssh_public_key(**asked, Encoding="SSH")["SSHPublicKey"]["SSHPublicKeyBody"] == ssh_line(key)
    pem = iam.get_ssh_public_key(**asked, Encoding="PEM")["SSHPublicKey"]["SSHPublicKeyBody"]
    assert refusal(iam.upload_ssh_public_key, UserName="bob", SSHPublicKeyBody=pem)[:2] == (400, "DuplicateSSHPublicKey")  # fmt: skip
    iam.update_ssh_public_key(**asked, Status="Inactive")
    (listed,) = iam.list_ssh_public_keys(UserName="bob")["SSHPublicKeys"]
    assert listed.keys() == {"UserName", "SSHPublicKeyId", "Status", "UploadDate"}
    assert listed["Status"] == "Inactive"
    iam.delete_ssh_public_key(**asked)
    assert refusal(iam.get_ssh_public_key, **asked, Encoding="SSH") == (404, "NoSuchEntity", f"The Public Key with id {made['SSHPublicKeyId']} cannot be found.")  # fmt: skip


def test_what_is_no_rsa_key_of_2048_bits_is_refused(iam: Any) -> None:
    for body in ("nonsense", "ssh-rsa AAAA", ssh_line(ed25519.Ed25519PrivateKey.generate()), ssh_line(rsa_key(1024))):
        assert refusal(iam.upload_ssh_public_key, UserName="bob", SSHPublicKeyBody=body)[:2] == (400, "InvalidPublicKey"), body  # fmt: skip


# Service-specific credentials


def test_a_password_for_a_service_is_shown_when_it_is_made_or_reset(host: Host, iam: Any) -> None:
    service = "codecommit.amazonaws.com"
    made = iam.create_service_specific_credential(UserName="bob", ServiceName=service)["ServiceSpecificCredential"]
    assert (made["ServiceUserName"], made["Status"], made["ServiceSpecificCredentialId"][:4]) == (f"bob-at-{ACCOUNT}", "Active", "ACCA")  # fmt: skip
    second = iam.create_service_specific_credential(UserName="bob", ServiceName=service)["ServiceSpecificCredential"]
    assert second["ServiceUserName"] == f"bob+1-at-{ACCOUNT}"
    assert refusal(iam.create_service_specific_credential, UserName="bob", ServiceName=service) == (409, "LimitExceeded", "Cannot exceed quota for ServiceSpecificCredentialsPerUser: 2")  # fmt: skip
    asked = {"UserName": "bob", "ServiceSpecificCredentialId": made["ServiceSpecificCredentialId"]}
    reset = iam.reset_service_specific_credential(**asked)["ServiceSpecificCredential"]
    assert reset["ServicePassword"] != made["ServicePassword"]
    iam.update_service_specific_credential(**asked, Status="Inactive")
    listed = iam.list_service_specific_credentials(UserName="bob", ServiceName=service)["ServiceSpecificCredentials"]
    assert {one["ServiceUserName"]: one["Status"] for one in listed} == {f"bob-at-{ACCOUNT}": "Inactive", f"bob+1-at-{ACCOUNT}": "Active"}  # fmt: skip
    assert not any("ServicePassword" in one for one in listed)
    for password in (made["ServicePassword"], reset["ServicePassword"]):
        assert password.encode() not in b"".join(host.journal.lines)
    iam.delete_service_specific_credential(**asked)
    assert refusal(iam.delete_service_specific_credential, **asked) == (404, "NoSuchEntity", f"No such credential {asked['ServiceSpecificCredentialId']} exists")  # fmt: skip


def test_an_api_key_has_an_alias_and_an_end(host: Host, iam: Any) -> None:
    made = iam.create_service_specific_credential(UserName="bob", ServiceName="bedrock.amazonaws.com", CredentialAgeDays=30)["ServiceSpecificCredential"]  # fmt: skip
    assert made["ServiceCredentialAlias"] == f"bob-at-{ACCOUNT}"
    assert made["ServiceCredentialSecret"]
    assert made["ExpirationDate"] == datetime.fromtimestamp(START, UTC) + timedelta(days=30)
    host.at(30 * DAY)
    (listed,) = iam.list_service_specific_credentials(AllUsers=True)["ServiceSpecificCredentials"]
    assert (listed["Status"], listed["UserName"]) == ("Expired", "bob")
    assert refusal(iam.create_service_specific_credential, UserName="bob", ServiceName="codecommit.amazonaws.com", CredentialAgeDays=1)[:2] == (400, "ValidationError")  # fmt: skip


def test_a_service_that_iam_does_not_know_has_no_credentials(iam: Any) -> None:
    unknown = (404, "NoSuchEntity", "No such service nope.amazonaws.com is supported for Service Specific Credentials")
    assert refusal(iam.create_service_specific_credential, UserName="bob", ServiceName="nope.amazonaws.com") == unknown
    assert refusal(iam.list_service_specific_credentials, UserName="bob", ServiceName="nope.amazonaws.com") == unknown


@pytest.mark.parametrize(("operation", "member"), [("update_signing_certificate", "CertificateId"), ("update_ssh_public_key", "SSHPublicKeyId"), ("update_service_specific_credential", "ServiceSpecificCredentialId")])  # fmt: skip
def test_a_status_is_active_or_inactive(iam: Any, operation: str, member: str) -> None:
    told = refusal(getattr(iam, operation), **{"UserName": "bob", member: UNKNOWN, "Status": "Expired"})
    assert told == (400, "ValidationError", "1 validation error detected: Value at 'status' failed to satisfy constraint: Member must satisfy enum value set")  # fmt: skip
