"""IAM API Reference: Create-, Get-, List-, Update- and DeleteSAMLProvider, and the tags of providers."""

from __future__ import annotations

from base64 import b64encode
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat
from samlkit import DSIG, Idp, at, certificate, certificate_of_version, elliptic_key, private_pem, rsa_key
from worldkit import ACCOUNT, OTHER_ACCOUNT, START, Host, allow, refusal

from daypass.directory import Put, SamlProvider

if TYPE_CHECKING:
    from collections.abc import Callable

ARN = f"arn:aws:iam::{ACCOUNT}:saml-provider/Corp"
NO_METADATA = (400, "InvalidInput", "Could not parse metadata")
HUNDRED_YEARS = 36_525 * 86_400


def create(iam: Any, name: str = "Corp", document: str | None = None, **more: Any) -> Any:
    return iam.create_saml_provider(Name=name, SAMLMetadataDocument=document or Idp().metadata(), **more)


def test_a_provider_is_made_shown_listed_and_deleted(iam: Any) -> None:
    document = Idp().metadata()
    made = create(iam, document=document, Tags=[{"Key": "Team", "Value": "iam"}])
    assert made["SAMLProviderArn"] == ARN
    assert made["Tags"] == [{"Key": "Team", "Value": "iam"}]
    shown = iam.get_saml_provider(SAMLProviderArn=ARN)
    assert shown.pop("SAMLProviderUUID").startswith("SAMLSP")
    del shown["ResponseMetadata"]
    assert shown == {
        "SAMLMetadataDocument": document,
        "CreateDate": datetime.fromtimestamp(START, UTC),
        "ValidUntil": datetime.fromtimestamp(START + HUNDRED_YEARS, UTC),
        "Tags": [{"Key": "Team", "Value": "iam"}],
        "AssertionEncryptionMode": "Allowed",
        "PrivateKeyList": [],
    }
    assert iam.get_account_summary()["SummaryMap"]["Providers"] == 1
    (listed,) = iam.list_saml_providers()["SAMLProviderList"]
    assert listed == {"Arn": ARN, "CreateDate": shown["CreateDate"], "ValidUntil": shown["ValidUntil"]}
    iam.delete_saml_provider(SAMLProviderArn=ARN)
    assert iam.list_saml_providers()["SAMLProviderList"] == []


def test_providers_that_are_not_there_are_named(iam: Any) -> None:
    expected = (404, "NoSuchEntity", f"Manifest not found for arn {ARN}")
    assert refusal(iam.get_saml_provider, SAMLProviderArn=ARN) == expected
    assert refusal(iam.delete_saml_provider, SAMLProviderArn=ARN) == expected
    assert refusal(iam.update_saml_provider, SAMLProviderArn=ARN, AssertionEncryptionMode="Allowed") == expected
    assert refusal(iam.tag_saml_provider, SAMLProviderArn=ARN, Tags=[{"Key": "a", "Value": "b"}]) == expected
    assert refusal(iam.list_saml_provider_tags, SAMLProviderArn=ARN) == expected
    bad = "no-arn-but-long-enough"
    assert refusal(iam.get_saml_provider, SAMLProviderArn=bad) == (400, "ValidationError", f"ARN {bad} is not valid.")


@pytest.mark.parametrize(
    "arn",
    [
        ARN.lower(),
        ARN.replace("saml-provider", "oidc-provider"),
        ARN.replace("iam", "sts"),
        ARN.replace("/Corp", "/x/Corp"),
    ],
)
def test_a_provider_is_found_by_its_whole_arn(iam: Any, arn: str) -> None:
    create(iam)
    assert refusal(iam.get_saml_provider, SAMLProviderArn=arn)[1] == "NoSuchEntity"


def test_one_account_does_not_see_the_providers_of_another(host: Host, iam: Any) -> None:
    create(iam)
    other = host.admin("iam", OTHER_ACCOUNT)
    assert refusal(other.get_saml_provider, SAMLProviderArn=ARN)[0] in (403, 404)
    assert other.list_saml_providers()["SAMLProviderList"] == []
    create(other)
    assert len(other.list_saml_providers()["SAMLProviderList"]) == 1


def test_a_name_is_given_once(iam: Any) -> None:
    create(iam)
    code = (409, "EntityAlreadyExists", "SAML provider with name Corp already exists.")
    assert refusal(iam.create_saml_provider, Name="Corp", SAMLMetadataDocument=Idp().metadata()) == code
    assert create(iam, "corp")["SAMLProviderArn"].endswith("/corp")


@pytest.mark.parametrize("name", ["a b", "a/b", "", "x" * 129, "a@b"])
def test_names_have_their_characters(iam: Any, name: str) -> None:
    assert refusal(iam.create_saml_provider, Name=name, SAMLMetadataDocument=Idp().metadata())[1] == "ValidationError"


def test_an_account_has_a_hundred_providers_at_most(host: Host, iam: Any) -> None:
    document = Idp().metadata()
    for number in range(100):
        create(iam, f"p{number}", document)
    code, text = refusal(iam.create_saml_provider, Name="one-more", SAMLMetadataDocument=document)[1:]
    assert (code, text) == ("LimitExceeded", "Cannot exceed quota for SAMLProvidersPerAccount: 100")
    assert len(iam.list_saml_providers()["SAMLProviderList"]) == 100


# -- metadata ------------------------------------------------------------------------------------------------------

IDP = Idp()
SMALL_KEY = rsa.generate_private_key(65537, 1024)  # what IAM's guide allows at least


def replaced(old: str, new: str) -> Callable[[], str]:
    return lambda: IDP.metadata().replace(old, new)


BAD: dict[str, Callable[[], str]] = {
    "no XML": lambda: "metadata " * 200,
    "HTML": lambda: f"<html>{' ' * 1000}</html>",
    "a document type": lambda: IDP.metadata(before="<!DOCTYPE x>"),
    "an entity": lambda: IDP.metadata(before='<!DOCTYPE x [<!ENTITY e "x">]>'),
    "a byte order mark": lambda: "\ufeff" + IDP.metadata(),
    "several entities": lambda: f"<md:EntitiesDescriptor xmlns:md='urn:oasis:names:tc:SAML:2.0:metadata'>{IDP.metadata()}</md:EntitiesDescriptor>",
    "no entity ID": lambda: IDP.metadata(entity=""),
    "a long entity ID": lambda: IDP.metadata(entity="https://x/" + "y" * 1024),
    "no certificate": lambda: IDP.metadata(certificates=[]),
    "a certificate that is none": lambda: IDP.metadata(certificates=["AAAA"]),
    "a certificate of an unknown version": lambda: IDP.metadata(certificates=[certificate_of_version(rsa_key(), 3)]),
    "an end before the first year": lambda: IDP.metadata(valid_until="0001-01-01T00:00:00+14:00"),
    "an end in the first year": lambda: IDP.metadata(valid_until="0001-01-01T00:00:00Z"),
    "an end after the last year": lambda: IDP.metadata(valid_until="9999-12-31T23:59:59-14:00"),
    "an end that rounds to after the last year": lambda: IDP.metadata(valid_until="9999-12-31T23:59:59.9999999Z"),
    "very many elements": lambda: IDP.metadata().replace("<md:IDP", "<a/>" * 10_001 + "<md:IDP", 1),
    "very many attributes": lambda: IDP.metadata().replace("<md:IDP", "<a " + " ".join(f"b{n}=''" for n in range(101)) + "/><md:IDP", 1),
    "very many certificates": lambda: IDP.metadata(certificates=[certificate(SMALL_KEY, f"idp{n}") for n in range(101)]),
    "a very long certificate": lambda: IDP.metadata(certificates=["A" * 50_001]),
    "a certificate in no base64": lambda: IDP.metadata(certificates=["***"]),
    "a certificate for encryption alone": lambda: IDP.metadata(use="encryption"),
    "a service provider": replaced("IDPSSODescriptor", "SPSSODescriptor"),
    "SAML 1.1": lambda: IDP.metadata(role='protocolSupportEnumeration="urn:oasis:names:tc:SAML:1.1:protocol"'),
    "a foreign namespace": replaced("urn:oasis:names:tc:SAML:2.0:metadata", "urn:other"),
    "an end that is no time": lambda: IDP.metadata(valid_until="next year"),
    "a deep nest": lambda: IDP.metadata().replace("<md:IDP", "<a>" * 120 + "</a>" * 120 + "<md:IDP", 1),
    "a cut end": lambda: IDP.metadata().rstrip()[:-10] + " " * 20,
    "a key of another sort": lambda: IDP.metadata(certificates=[ed25519_certificate()]),
}  # fmt: skip


def ed25519_certificate() -> str:
    key = ed25519.Ed25519PrivateKey.generate()
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "idp")])
    start = datetime.fromtimestamp(START, UTC)
    built = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
    made = built.not_valid_before(start).not_valid_after(start.replace(year=start.year + 1)).sign(key, None)
    return b64encode(made.public_bytes(Encoding.DER)).decode()


@pytest.mark.parametrize("make", BAD.values(), ids=BAD)
def test_what_is_no_metadata_of_an_identity_provider_is_refused(iam: Any, host: Host, make: Callable[[], str]) -> None:
    assert refusal(iam.create_saml_provider, Name="Corp", SAMLMetadataDocument=make()) == NO_METADATA
    assert b"SAML metadata: " in host.journal.lines[-1]
    create(iam)
    assert refusal(iam.update_saml_provider, SAMLProviderArn=ARN, SAMLMetadataDocument=make()) == NO_METADATA


@pytest.mark.parametrize(
    "document",
    [
        IDP.metadata(use=None),
        IDP.metadata(certificates=[certificate(elliptic_key())]),
        IDP.metadata(certificates=[certificate(SMALL_KEY)]),
        IDP.metadata(before='<?xml version="1.0" encoding="UTF-8"?>\n<!-- our IdP -->'),
        IDP.metadata(valid_until="2030-01-01T00:00:00Z"),
        IDP.metadata(certificates=["\n".join(certificate(rsa_key())[i : i + 64] for i in range(0, 2000, 64))]),
        IDP.metadata(role='WantAuthnRequestsSigned="false" protocolSupportEnumeration="urn:oasis:names:tc:SAML:1.1:protocol urn:oasis:names:tc:SAML:2.0:protocol"'),
    ],
)  # fmt: skip
def test_metadata_as_providers_write_it_is_taken_and_shown_as_it_was(iam: Any, document: str) -> None:
    create(iam, document=document)
    assert iam.get_saml_provider(SAMLProviderArn=ARN)["SAMLMetadataDocument"] == document


@pytest.mark.parametrize(("length", "code"), [(999, "ValidationError"), (1000, None)])
def test_metadata_has_a_thousand_characters_at_least(iam: Any, length: int, code: str | None) -> None:
    short = Idp(key=elliptic_key()).metadata().rstrip()
    short = short.replace('<md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="https://idp.example.com/sso"/>', "")  # fmt: skip
    document = short.ljust(length)
    assert len(document) == length
    if code is None:
        assert create(iam, document=document)["SAMLProviderArn"] == ARN
    else:
        assert refusal(iam.create_saml_provider, Name="Corp", SAMLMetadataDocument=document)[1] == code


def test_the_end_of_the_metadata_is_the_provider_s(iam: Any) -> None:
    create(iam, document=IDP.metadata(valid_until="2030-06-01T12:00:00Z"))
    assert iam.get_saml_provider(SAMLProviderArn=ARN)["ValidUntil"] == datetime(2030, 6, 1, 12, tzinfo=UTC)
    role = 'validUntil="2029-01-01T00:00:00Z" protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol"'
    iam.update_saml_provider(
        SAMLProviderArn=ARN, SAMLMetadataDocument=IDP.metadata(valid_until=at(START + 10**8), role=role)
    )
    assert iam.get_saml_provider(SAMLProviderArn=ARN)["ValidUntil"] == datetime(2029, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("end", [-62135647200, 253402351199], ids=["before the first year", "after the last year"])
def test_a_provider_that_was_stored_with_an_end_that_no_date_can_say_is_listed(host: Host, iam: Any, end: int) -> None:
    create(iam)
    found = host.store.view().get(SamlProvider, ACCOUNT, "Corp")
    assert found is not None
    host.store.apply([Put(msgspec.structs.replace(found, valid_until=end))])
    (listed,) = iam.list_saml_providers()["SAMLProviderList"]
    shown = iam.get_saml_provider(SAMLProviderArn=ARN)
    assert listed["ValidUntil"] == shown["ValidUntil"]
    assert listed["ValidUntil"].year in (1000, 9999)


def test_metadata_has_ten_keys_at_most_and_counts_each_once(iam: Any) -> None:
    ten = [certificate(rsa_key(f"n{number}", 1024)) for number in range(10)]
    create(iam, document=IDP.metadata(certificates=ten + ten))
    eleven = IDP.metadata(certificates=[*ten, certificate(rsa_key())])
    code, text = refusal(iam.update_saml_provider, SAMLProviderArn=ARN, SAMLMetadataDocument=eleven)[1:]
    assert (code, text) == ("LimitExceeded", "Cannot exceed quota for KeysPerSAMLProvider: 10")


def test_comments_in_a_certificate_do_not_cut_it(iam: Any) -> None:
    text = certificate(rsa_key())
    create(iam, document=IDP.metadata(certificates=[text[:100] + "<!-- -->" + text[100:]]))


def test_a_signature_on_the_metadata_is_no_matter(iam: Any) -> None:
    """ADFS signs its metadata; who sends it to IAM vouches for it."""
    signature = f'<ds:Signature xmlns:ds="{DSIG}"><ds:SignedInfo/></ds:Signature>'
    create(iam, document=IDP.metadata().replace("<md:IDP", f"{signature}<md:IDP", 1))


# -- encryption ----------------------------------------------------------------------------------------------------


def test_private_keys_are_added_listed_by_id_and_removed(iam: Any, host: Host) -> None:
    first, second = private_pem(rsa_key("one")), private_pem(rsa_key("two"))
    create(iam, AddPrivateKey=first)
    (one,) = iam.get_saml_provider(SAMLProviderArn=ARN)["PrivateKeyList"]
    assert one["Timestamp"] == datetime.fromtimestamp(START, UTC)
    assert len(one["KeyId"]) >= 22
    host.at(60)
    iam.update_saml_provider(SAMLProviderArn=ARN, AddPrivateKey=second)
    listed = iam.get_saml_provider(SAMLProviderArn=ARN)["PrivateKeyList"]
    assert [key["Timestamp"].timestamp() for key in listed] == [START, START + 60]
    refused = refusal(iam.update_saml_provider, SAMLProviderArn=ARN, AddPrivateKey=first)
    assert refused[1:] == ("LimitExceeded", "Private key limit of 2 is reached.")
    iam.update_saml_provider(SAMLProviderArn=ARN, RemovePrivateKey=one["KeyId"])
    assert [key["KeyId"] for key in iam.get_saml_provider(SAMLProviderArn=ARN)["PrivateKeyList"]] == [
        listed[1]["KeyId"]
    ]
    refused = refusal(iam.update_saml_provider, SAMLProviderArn=ARN, RemovePrivateKey=one["KeyId"])
    assert refused == (
        400,
        "InvalidInput",
        "Failed to remove private key because the Key ID does not match a private key.",
    )


def test_no_answer_and_no_record_shows_a_private_key(iam: Any, host: Host) -> None:
    pem = private_pem(rsa_key("one"))
    create(iam, AddPrivateKey=pem)
    shown = str(iam.get_saml_provider(SAMLProviderArn=ARN))
    inside = pem.splitlines()[5]
    assert inside not in shown
    assert inside.encode() not in b"".join(host.journal.lines)


def test_required_needs_a_key_and_keeps_the_last_one(iam: Any) -> None:
    text = "Unable to set assertion encryption mode to Required because no private key is provided."
    document = Idp().metadata()
    refused = refusal(
        iam.create_saml_provider, Name="Corp", SAMLMetadataDocument=document, AssertionEncryptionMode="Required"
    )
    assert refused == (400, "InvalidInput", text)
    create(iam)
    assert refusal(iam.update_saml_provider, SAMLProviderArn=ARN, AssertionEncryptionMode="Required") == (
        400,
        "InvalidInput",
        text,
    )
    iam.update_saml_provider(
        SAMLProviderArn=ARN, AssertionEncryptionMode="Required", AddPrivateKey=private_pem(rsa_key("one"))
    )
    shown = iam.get_saml_provider(SAMLProviderArn=ARN)
    assert shown["AssertionEncryptionMode"] == "Required"
    key_id = shown["PrivateKeyList"][0]["KeyId"]
    refused = refusal(iam.update_saml_provider, SAMLProviderArn=ARN, RemovePrivateKey=key_id)
    assert refused == (400, "InvalidInput", "Failed to remove private key.")
    iam.update_saml_provider(SAMLProviderArn=ARN, RemovePrivateKey=key_id, AssertionEncryptionMode="Allowed")
    assert iam.get_saml_provider(SAMLProviderArn=ARN)["PrivateKeyList"] == []


def encrypted_pem() -> str:
    data = rsa_key("one").private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"password"))
    return data.decode()


@pytest.mark.parametrize("make", [lambda: "no key", lambda: private_pem(elliptic_key()), encrypted_pem, lambda: private_pem(SMALL_KEY), lambda: certificate(rsa_key())])  # fmt: skip
def test_what_decrypts_no_assertion_is_no_private_key(iam: Any, make: Callable[[], str]) -> None:
    create(iam)
    refused = refusal(iam.update_saml_provider, SAMLProviderArn=ARN, AddPrivateKey=make())
    assert refused == (400, "InvalidInput", "Invalid private key.")


def test_an_update_changes_something_and_not_both_at_once(iam: Any) -> None:
    create(iam)
    text = "Unable to update identity provider. No updates are defined for metadata or encryption assertion."
    assert refusal(iam.update_saml_provider, SAMLProviderArn=ARN) == (400, "InvalidInput", text)
    text = "Unable to add and remove private keys in the same request. Set a value for only one of the two parameters."
    refused = refusal(iam.update_saml_provider, SAMLProviderArn=ARN, AddPrivateKey="x", RemovePrivateKey="A" * 22)
    assert refused == (400, "InvalidInput", text)
    answer = iam.update_saml_provider(SAMLProviderArn=ARN, AssertionEncryptionMode="Allowed")
    assert answer["SAMLProviderArn"] == ARN


@pytest.mark.parametrize(
    "extra",
    [
        {"ContextProvider": {"SubjectSourceKey": "sub"}},
        {"IdentityCenterInstanceArn": "arn:aws:sso:::instance/ssoins-1"},
        {"RemoveContextProvider": True},
        {"RemoveIdentityCenterInstance": True},
    ],
)
def test_identity_propagation_is_refused_and_never_ignored(iam: Any, extra: dict[str, Any]) -> None:
    create(iam)
    refused = refusal(iam.update_saml_provider, SAMLProviderArn=ARN, AssertionEncryptionMode="Allowed", **extra)
    assert refused[1] == "InvalidInput"
    assert "IAM Identity Center" in refused[2]


# -- tags and permissions ------------------------------------------------------------------------------------------


def test_tags_are_put_on_listed_by_key_and_taken_off(iam: Any) -> None:
    create(iam, Tags=[{"Key": "b", "Value": "1"}])
    iam.tag_saml_provider(SAMLProviderArn=ARN, Tags=[{"Key": "a", "Value": "2"}, {"Key": "B", "Value": "3"}])
    listed = iam.list_saml_provider_tags(SAMLProviderArn=ARN, MaxItems=2)
    assert [tag["Key"] for tag in listed["Tags"]] == ["B", "a"]
    assert listed["IsTruncated"]
    rest = iam.list_saml_provider_tags(SAMLProviderArn=ARN, Marker=listed["Marker"])
    assert [tag["Key"] for tag in rest["Tags"]] == ["b"]
    iam.untag_saml_provider(SAMLProviderArn=ARN, TagKeys=["a", "b", "none"])
    assert iam.get_saml_provider(SAMLProviderArn=ARN)["Tags"] == [{"Key": "B", "Value": "3"}]
    twice = [{"Key": "a", "Value": "1"}, {"Key": "a", "Value": "2"}]
    assert refusal(iam.tag_saml_provider, SAMLProviderArn=ARN, Tags=twice)[1:] == (
        "InvalidInput",
        "Duplicate tag keys found.",
    )


def test_permissions_are_asked_on_the_provider_and_by_its_tags(host: Host, iam: Any) -> None:
    create(iam, Tags=[{"Key": "Team", "Value": "iam"}])
    tagged = {"StringEquals": {"aws:ResourceTag/Team": "iam"}}
    bob = host.client("iam", host.user("bob", allow("iam:GetSAMLProvider", resource=ARN, Condition=tagged)))
    assert bob.get_saml_provider(SAMLProviderArn=ARN)["AssertionEncryptionMode"] == "Allowed"
    status, code, text = refusal(bob.delete_saml_provider, SAMLProviderArn=ARN)
    assert (status, code) == (403, "AccessDenied")
    assert f"iam:DeleteSAMLProvider on resource: {ARN}" in text
    assert refusal(bob.list_saml_providers)[1] == "AccessDenied"
    iam.untag_saml_provider(SAMLProviderArn=ARN, TagKeys=["Team"])
    assert refusal(bob.get_saml_provider, SAMLProviderArn=ARN)[1] == "AccessDenied"


def test_making_a_provider_with_tags_asks_for_tagging_too(host: Host) -> None:
    arn = ARN.replace("Corp", "*")
    carol = host.client("iam", host.user("carol", allow("iam:CreateSAMLProvider", resource=arn)))
    code, text = refusal(carol.create_saml_provider, Name="New", SAMLMetadataDocument=Idp().metadata(), Tags=[{"Key": "a", "Value": "b"}])[1:]  # fmt: skip
    assert code == "AccessDenied"
    assert "iam:TagSAMLProvider" in text
    assert create(carol, "New")["SAMLProviderArn"].endswith("/New")
