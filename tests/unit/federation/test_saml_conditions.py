"""When, from whom and for whom an assertion is good, and how often.

IAM User Guide, "Configure SAML assertions for the authentication response"; SAML 2.0 core and profiles.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from lxml import etree
from samlkit import (
    BEARER,
    DENIED,
    INVALID_SIGNATURE,
    NAMES,
    PROVIDER,
    ROLE,
    SIGN_IN,
    UNREADABLE,
    Corp,
    Encrypting,
    Idp,
    Signing,
    T,
    at,
    certificate,
    claims,
    elliptic_key,
    encoded,
    private_pem,
    response,
    rsa_key,
    told,
)
from worldkit import ACCOUNT, START, Host, make_host

from daypass.directory import UsedProof

if TYPE_CHECKING:
    from pathlib import Path

TOO_LATE = (400, "ExpiredTokenException", "Token must be redeemed within 5 minutes of issuance")
EXPIRED = (400, "ExpiredTokenException", "The SAML assertion has expired")
AUDIENCE = (400, "InvalidIdentityToken", "Response does not contain the required audience.")


@pytest.fixture
def corp(host: Host) -> Corp:
    return Corp.on(host)


# -- time ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("age", "taken"), [(0, True), (299, True), (300, True), (301, False), (3600, False)])
def test_an_assertion_is_good_for_five_minutes(corp: Corp, age: int, taken: bool) -> None:
    tree = corp.response(confirmed_until=at(START + 7200), not_on_or_after=at(START + 7200))
    corp.host.at(age)
    if taken:
        assert corp.call(tree)["Subject"] == "ada"
    else:
        refused = corp.refused(tree)
        assert told(refused) == TOO_LATE
        assert "issued at 2027-01-15T08:00:00+00:00" in refused.reason


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ({"not_on_or_after": at(START)}, EXPIRED),
        ({"not_on_or_after": at(START - 3600)}, EXPIRED),
        ({"confirmed_until": at(START)}, EXPIRED),
        ({"session_end": at(START)}, EXPIRED),
        ({"not_before": at(START + 31)}, UNREADABLE),
        ({"not_before": at(START + 3600)}, UNREADABLE),
        ({"issued": at(START + 31)}, UNREADABLE),
        ({"issued": "yesterday"}, UNREADABLE),
        ({"issued": "2027-01-15T08:00:00"}, UNREADABLE),
        ({"issued": ""}, UNREADABLE),
        ({"not_on_or_after": "2027-02-30T08:00:00Z"}, UNREADABLE),
        ({"not_on_or_after": "99999-01-01T00:00:00Z"}, UNREADABLE),
        *(
            ({part: edge}, UNREADABLE)
            for part in ("issued", "not_before", "not_on_or_after", "confirmed_until", "session_end")
            for edge in ("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "9999-12-31T23:59:59.9999999Z")
        ),
    ],
)
def test_times_that_are_over_ahead_or_none_are_refused(corp: Corp, parts: dict[str, str], expected: tuple[int, str, str]) -> None:  # fmt: skip
    refused = corp.refused(corp.response(**parts))
    assert told(refused) == expected
    assert any(word in refused.reason for word in ("NotBefore", "NotOnOrAfter", "issued at", "IssueInstant"))


@pytest.mark.parametrize(
    "written", ["2027-01-15T08:00:00.123Z", "2027-01-15T08:00:00.1234567Z", "2027-01-15T09:00:00+01:00"]
)
def test_fractions_and_zones_of_times_are_read(corp: Corp, written: str) -> None:
    assert corp.assume(issued=written)["Subject"] == "ada"


def test_a_clock_that_is_a_little_ahead_is_no_fault(corp: Corp) -> None:
    assert corp.assume(issued=at(START + 30), not_before=at(START + 30))["Subject"] == "ada"


# -- audience, recipient, destination ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "audience",
    [
        "urn:amazon:webservices",
        SIGN_IN,
        "https://eu-central-1.signin.aws.amazon.com/saml",
        "urn:amazon:webservices:cn-north-1",
        "urn:amazon:webservices:govcloud",
        "https://signin.amazonaws-us-gov.com/saml",
        " urn:amazon:webservices\n",
        "https://sp.example.com</saml:Audience><saml:Audience>urn:amazon:webservices",
    ],
)
def test_the_audiences_of_aws_are_taken(corp: Corp, audience: str) -> None:
    assert corp.assume(audience=audience)["Subject"] == "ada"


@pytest.mark.parametrize(
    "audience",
    [
        "https://slack.com",
        "urn:amazon:webservices.evil.example",
        "https://signin.aws.amazon.com.evil.example/saml",
        "https://signin.aws.amazon.com/saml/",
        "http://signin.aws.amazon.com/saml",
        "URN:AMAZON:WEBSERVICES",
        "",
        "urn:amazon:webservices</saml:Audience></saml:AudienceRestriction><saml:AudienceRestriction><saml:Audience>https://x.example",
    ],
)
def test_an_assertion_for_another_service_is_refused(corp: Corp, audience: str) -> None:
    """Slack, 2017: an assertion that was made out to somebody else."""
    refused = corp.refused(corp.response(audience=audience))
    assert told(refused) == AUDIENCE
    assert "wanted: urn:amazon:webservices" in refused.reason


@pytest.mark.parametrize(
    "conditions", ["", "<saml:Conditions/>", "<saml:Conditions><saml:OneTimeUse/></saml:Conditions>"]
)
def test_an_assertion_for_nobody_is_refused(corp: Corp, conditions: str) -> None:
    assert told(corp.refused(corp.response(conditions=conditions))) == AUDIENCE


def test_a_condition_that_is_not_understood_refuses(corp: Corp) -> None:
    """SAML 2.0 core, 2.5.1: validity is then indeterminate."""
    condition = '<saml:Condition xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="x"/>'
    refused = corp.refused(corp.response(extra_conditions=condition))
    assert told(refused) == UNREADABLE
    assert "the condition Condition" in refused.reason


@pytest.mark.parametrize(
    "recipient",
    [
        SIGN_IN,
        "https://signin.aws.amazon.com/static/saml",
        "https://us-gov-west-1.signin.amazonaws-us-gov.com/saml",
        "https://ap-southeast-2.signin.aws.amazon.com/saml",
    ],
)
def test_the_recipient_is_a_sign_in_address_and_is_answered_as_audience(corp: Corp, recipient: str) -> None:
    assert corp.assume(recipient=recipient)["Audience"] == recipient


def test_the_address_of_the_provider_s_own_is_taken_and_no_other_one_s(corp: Corp) -> None:
    own = corp.host.admin("iam").get_saml_provider(SAMLProviderArn=PROVIDER)["SAMLProviderUUID"]
    for region in ("", "eu-west-1."):
        address = f"https://{region}signin.aws.amazon.com/saml/acs/{own}"
        assert corp.assume(recipient=address, audience=address, destination=address)["Audience"] == address
    other = "https://signin.aws.amazon.com/saml/acs/SAMLSPAAAAAAAAAAAAAAAA"
    assert told(corp.refused(corp.response(recipient=other))) == AUDIENCE


@pytest.mark.parametrize("recipient", ["https://sp.example.com/acs", "https://signin.aws.amazon.com/saml?x", "https://evil.example/https://signin.aws.amazon.com/saml", ""])  # fmt: skip
@pytest.mark.parametrize("part", ["recipient", "destination"])
def test_an_assertion_that_was_sent_elsewhere_is_refused(corp: Corp, recipient: str, part: str) -> None:
    refused = corp.refused(corp.response(**{part: recipient}))
    assert told(refused) == AUDIENCE
    assert part in refused.reason


@pytest.mark.parametrize(
    "confirmation",
    [
        "",
        f'<saml:SubjectConfirmation Method="{BEARER}"/>',
        f'<saml:SubjectConfirmation Method="{BEARER}"><saml:SubjectConfirmationData Recipient="{SIGN_IN}"/></saml:SubjectConfirmation>',
        f'<saml:SubjectConfirmation Method="{BEARER}"><saml:SubjectConfirmationData NotOnOrAfter="{at(START + 60)}"/></saml:SubjectConfirmation>',
        f'<saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:sender-vouches"><saml:SubjectConfirmationData NotOnOrAfter="{at(START + 60)}" Recipient="{SIGN_IN}"/></saml:SubjectConfirmation>',
        f'<saml:SubjectConfirmation Method="{BEARER}"><saml:SubjectConfirmationData NotOnOrAfter="{at(START + 60)}" Recipient="{SIGN_IN}"/></saml:SubjectConfirmation>'
        * 2,
        f'<saml:SubjectConfirmation Method="{BEARER}"><saml:SubjectConfirmationData NotBefore="{at(START + 60)}" NotOnOrAfter="{at(START + 90)}" Recipient="{SIGN_IN}"/></saml:SubjectConfirmation>',
    ],
)
def test_there_is_exactly_one_bearer_confirmation_with_time_and_recipient(corp: Corp, confirmation: str) -> None:
    assert told(corp.refused(corp.response(confirmation=confirmation))) == UNREADABLE


# -- status, issuer, subject ---------------------------------------------------------------------------------------


def test_a_response_without_success_is_the_provider_s_own_refusal(corp: Corp) -> None:
    status = '<samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Responder"/><samlp:StatusMessage>no</samlp:StatusMessage>'
    root = corp.response(status=status)
    root.remove(root.find("saml:Assertion", NAMES))
    refused = corp.refused(root)
    assert (refused.status, refused.code) == (403, "IDPRejectedClaim")
    assert "Responder" in refused.reason


@pytest.mark.parametrize("part", ["issuer", "response_issuer"])
def test_the_issuer_of_another_provider_is_told(corp: Corp, part: str) -> None:
    refused = corp.refused(corp.response(**{part: "https://other.example/idp"}))
    assert (refused.status, refused.code) == (400, "InvalidIdentityToken")
    assert refused.text.startswith(
        "Issuer not present in specified provider (Service: AWSOpenIdDiscoveryService; Status Code: 400; "
    )
    assert "'https://other.example/idp'; wanted: 'https://idp.example.com/metadata'" in refused.reason


def test_the_wrong_provider_is_told_by_its_issuer(corp: Corp) -> None:
    other = Idp("https://other.example/idp", rsa_key("other"))
    corp.host.admin("iam").create_saml_provider(Name="Other", SAMLMetadataDocument=other.metadata())
    said = claims(Role=f"{ROLE},arn:aws:iam::{ACCOUNT}:saml-provider/Other")
    refused = corp.refused(corp.response(attributes=said), PrincipalArn=f"arn:aws:iam::{ACCOUNT}:saml-provider/Other")
    assert refused.text.startswith("Issuer not present in specified provider")


def test_an_assertion_without_a_name_is_denied(corp: Corp) -> None:
    assert told(corp.refused(corp.response(name_id=""))) == DENIED


@pytest.mark.parametrize(
    "parts",
    [
        {"name_id": "<saml:EncryptedID/>"},
        {"name_id": "<saml:NameID>a</saml:NameID><saml:NameID>b</saml:NameID>"},
        {"attributes": "<saml:AttributeStatement><saml:EncryptedAttribute/></saml:AttributeStatement>"},
        {"attributes": "<saml:AuthzDecisionStatement/>"},
        {"version": "1.1"},
        {"issuer": ""},
        {"issuer": "https://idp.example.com/metadata</saml:Issuer><saml:Issuer>https://idp.example.com/metadata"},
        {"conditions": "<saml:Conditions/><saml:Conditions/>"},
    ],
)
def test_assertions_that_say_what_is_not_understood_or_say_it_twice_are_refused(
    corp: Corp, parts: dict[str, str]
) -> None:
    refused = corp.refused(corp.response(**parts))
    assert refused.code == "InvalidIdentityToken"
    assert refused.reason


# -- metadata ------------------------------------------------------------------------------------------------------


def test_any_key_of_the_metadata_may_sign(host: Host) -> None:
    old, new = rsa_key("old"), elliptic_key()
    corp = Corp.on(host, SAMLMetadataDocument=Idp().metadata(certificates=[certificate(old), certificate(new)]))
    assert corp.call(response(Idp(key=old)))["Subject"] == "ada"
    how = Signing(method=T.TransformEcdsaSha256)
    assert corp.call(response(Idp(key=new), signing=how))["Subject"] == "ada"
    assert told(corp.refused(response(Idp(key=rsa_key("neither"))))) == INVALID_SIGNATURE


def test_new_metadata_is_in_force_with_the_next_assertion(corp: Corp) -> None:
    """A stolen key forges everything until it is replaced: then nothing any more, and no second is left to it."""
    stolen = corp.response()
    new = Idp(corp.idp.entity_id, rsa_key("new"))
    corp.host.admin("iam").update_saml_provider(SAMLProviderArn=PROVIDER, SAMLMetadataDocument=new.metadata())
    assert told(corp.refused(stolen)) == INVALID_SIGNATURE
    assert corp.call(response(new))["Subject"] == "ada"


def test_certificates_for_encryption_alone_do_not_sign(host: Host) -> None:
    idp = Idp()
    other = rsa_key("encryption")
    document = idp.metadata().replace(
        "</md:IDPSSODescriptor>", f"{key_descriptor('encryption', certificate(other))}</md:IDPSSODescriptor>"
    )
    corp = Corp.on(host, idp, SAMLMetadataDocument=document)
    assert corp.assume()["Subject"] == "ada"
    assert told(corp.refused(response(Idp(key=other)))) == INVALID_SIGNATURE


def key_descriptor(use: str, text: str) -> str:
    data = f"<ds:X509Data><ds:X509Certificate>{text}</ds:X509Certificate></ds:X509Data>"
    return f'<md:KeyDescriptor use="{use}"><ds:KeyInfo>{data}</ds:KeyInfo></md:KeyDescriptor>'


def test_the_expiry_of_a_certificate_plays_no_part(host: Host) -> None:
    """SAML V2.0 Metadata Interoperability Profile, as IAM's guide says."""
    corp = Corp.on(host, SAMLMetadataDocument=Idp().metadata(certificates=[certificate(rsa_key(), days=1)]))
    assert corp.assume()["Subject"] == "ada"


def test_metadata_that_is_over_vouches_for_nobody(host: Host) -> None:
    corp = Corp.on(host, SAMLMetadataDocument=Idp().metadata(valid_until=at(START + 600)))
    assert corp.assume()["Subject"] == "ada"
    host.at(600)
    refused = corp.refused(corp.response())
    assert (refused.status, refused.code) == (400, "InvalidIdentityToken")
    assert "metadata valid until 2027-01-15T08:10:00+00:00" in refused.reason


# -- encryption ----------------------------------------------------------------------------------------------------

KEY = rsa_key("decryption")
GCM = {256: T.TransformAes256Gcm, 192: T.TransformAes192Gcm, 128: T.TransformAes128Gcm}
CBC = {256: T.TransformAes256Cbc, 192: T.TransformAes192Cbc, 128: T.TransformAes128Cbc}


@pytest.fixture
def sealed(host: Host) -> Corp:
    """A provider for which assertions must be encrypted."""
    return Corp.on(host, AssertionEncryptionMode="Required", AddPrivateKey=private_pem(KEY))


@pytest.mark.parametrize("bits", [128, 192, 256])
@pytest.mark.parametrize("signed", ["assertion", "response", "both"])
@pytest.mark.parametrize("beside", [False, True])
def test_encrypted_assertions_are_read(sealed: Corp, bits: int, signed: str, beside: bool) -> None:
    how = Encrypting(KEY, data=GCM[bits], bits=bits, beside=beside)
    assert sealed.assume(signed=signed, encrypt=how)["Subject"] == "ada"


@pytest.mark.parametrize("bits", [128, 192, 256])
def test_cbc_is_decrypted_only_where_a_signature_covers_it(sealed: Corp, bits: int) -> None:
    """Jager and Somorovsky, 2011: a server that decrypts CBC for anybody is an oracle."""
    how = Encrypting(KEY, data=CBC[bits], bits=bits)
    assert sealed.assume(signed="response", encrypt=how)["Subject"] == "ada"
    assert sealed.assume(signed="both", encrypt=how)["Subject"] == "ada"
    refused = sealed.refused(sealed.response(signed="assertion", encrypt=how))
    assert told(refused) == UNREADABLE
    assert "signature on the response around AES-CBC" in refused.reason


def test_encryption_alone_proves_nothing(sealed: Corp) -> None:
    """GitHub Enterprise Server CVE-2024-4985 and CVE-2024-9487."""
    assert told(sealed.refused(sealed.response(signed="neither", encrypt=Encrypting(KEY)))) == INVALID_SIGNATURE
    forged = Corp(sealed.host, Idp(key=rsa_key("attacker"))).response(encrypt=Encrypting(KEY))
    assert told(sealed.refused(forged)) == INVALID_SIGNATURE


def test_required_refuses_what_is_not_encrypted_and_allowed_takes_both(sealed: Corp) -> None:
    refused = sealed.refused(sealed.response(signed="both"))
    assert told(refused) == UNREADABLE
    assert "AssertionEncryptionMode is Required" in refused.reason
    sealed.host.admin("iam").update_saml_provider(SAMLProviderArn=PROVIDER, AssertionEncryptionMode="Allowed")
    assert sealed.assume()["Subject"] == "ada"
    assert sealed.assume(encrypt=Encrypting(KEY))["Subject"] == "ada"


def test_two_private_keys_decrypt_while_one_replaces_the_other(sealed: Corp) -> None:
    iam, new = sealed.host.admin("iam"), rsa_key("decryption-2")
    iam.update_saml_provider(SAMLProviderArn=PROVIDER, AddPrivateKey=private_pem(new))
    assert sealed.assume(encrypt=Encrypting(KEY))["Subject"] == "ada"
    assert sealed.assume(encrypt=Encrypting(new))["Subject"] == "ada"
    first = iam.get_saml_provider(SAMLProviderArn=PROVIDER)["PrivateKeyList"][0]["KeyId"]
    iam.update_saml_provider(SAMLProviderArn=PROVIDER, RemovePrivateKey=first)
    assert told(sealed.refused(sealed.response(encrypt=Encrypting(KEY)))) == UNREADABLE
    assert sealed.assume(encrypt=Encrypting(new))["Subject"] == "ada"


def cut(root: Any, path: str) -> Any:
    value = root.find(path, NAMES)
    value.text = value.text.strip()[:-24] + "A" * 22 + "=="
    return root


BROKEN = {
    "for another key": lambda corp: corp.response(encrypt=Encrypting(rsa_key("other"))),
    "a changed ciphertext": lambda corp: cut(corp.response(encrypt=Encrypting(KEY)), ".//xenc:EncryptedData/xenc:CipherData/xenc:CipherValue"),
    "a changed content key": lambda corp: cut(corp.response(encrypt=Encrypting(KEY)), ".//xenc:EncryptedKey/xenc:CipherData/xenc:CipherValue"),
    "PKCS#1 v1.5": lambda corp: corp.response(encrypt=Encrypting(KEY, transport=T.TransformRsaPkcs1)),
    "Triple DES in name": lambda corp: etree.tostring(corp.response(encrypt=Encrypting(KEY))).replace(b"xmlenc11#aes256-gcm", b"xmlenc#tripledes-cbc"),
    "a ciphertext somewhere else": lambda corp: etree.tostring(corp.response(encrypt=Encrypting(KEY))).replace(b"CipherValue", b"CipherReference"),
    "nothing in it": lambda _corp: b'<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="r" Version="2.0"><samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:Status><saml:EncryptedAssertion/></samlp:Response>',
}  # fmt: skip


@pytest.mark.parametrize("make", BROKEN.values(), ids=BROKEN)
def test_whatever_cannot_be_decrypted_is_refused_in_one_way(sealed: Corp, make: Any) -> None:
    """The caller learns nothing of why: CVE-2011-2487 was such a lesson."""
    assert told(sealed.refused(make(sealed))) == UNREADABLE


def test_an_encrypted_assertion_for_a_provider_without_keys_is_refused(corp: Corp) -> None:
    assert told(corp.refused(corp.response(encrypt=Encrypting(KEY)))) == UNREADABLE


def test_an_encrypted_document_of_another_sort_is_refused(sealed: Corp) -> None:
    def instead(root: Any) -> None:
        assertion = root.find("saml:Assertion", NAMES)
        assertion.tag = f"{{{NAMES['saml']}}}Assertion"
        assertion.append(etree.fromstring(etree.tostring(assertion).replace(b"_assertion", b"_inner")))

    assert told(sealed.refused(sealed.response(before=instead, encrypt=Encrypting(KEY)))) == INVALID_SIGNATURE


# -- once or often -------------------------------------------------------------------------------------------------


def test_by_default_one_assertion_opens_several_sessions_as_on_aws(corp: Corp) -> None:
    tree = corp.response()
    assert corp.call(tree)["Subject"] == corp.call(tree)["Subject"] == "ada"
    assert used(corp.host) == []


@pytest.fixture
def strict(tmp_path: Path) -> Any:
    made = make_host(tmp_path, federation_saml_replay="refuse")
    yield Corp.on(made)
    made.close()


def used(host: Host) -> list[UsedProof]:
    page = host.store.view().page(UsedProof, ACCOUNT, limit=1000)
    return [record for record in page.records if isinstance(record, UsedProof)]


def test_where_a_setting_asks_for_it_an_assertion_is_good_once(strict: Corp) -> None:
    tree = strict.response(id="_one")
    assert strict.call(tree)["Subject"] == "ada"
    refused = strict.refused(tree)
    assert told(refused) == (400, "InvalidIdentityToken", "The SAML assertion has been used already")
    assert "'_one' was used before" in refused.reason
    assert strict.assume(id="_two")["Subject"] == "ada"


def test_a_response_in_another_dress_is_the_same_assertion(strict: Corp) -> None:
    first = strict.response()
    second = etree.fromstring(etree.tostring(first))
    second.set("ID", "_another_response")
    assert strict.call(first)["Subject"] == "ada"
    assert strict.refused(second).text == "The SAML assertion has been used already"


def test_a_refused_use_is_no_use(strict: Corp) -> None:
    tree = strict.response()
    strict.trust("sts:AssumeRoleWithWebIdentity")
    assert told(strict.refused(tree)) == DENIED
    strict.trust()
    assert strict.refused(tree, DurationSeconds=43200).code == "ValidationError"
    assert strict.call(tree)["Subject"] == "ada"


def test_of_two_uses_at_once_one_is_refused(strict: Corp) -> None:
    """Two workers read at the same revision: the second commit is a conflict, and its call runs again."""
    sent = {"RoleArn": ROLE, "PrincipalArn": PROVIDER, "SAMLAssertion": encoded(strict.response())}
    host, store = strict.host, strict.host.store
    commit, raced = store.commit, []

    async def overtaken(view: Any, changes: Any, rows: Any) -> Any:
        if not raced:
            raced.append(True)
            await commit(store.view(), changes, [])  # the other worker was faster
        return await commit(view, changes, rows)

    store.commit = overtaken  # type: ignore[method-assign]
    refused = strict.refused(b"", SAMLAssertion=sent["SAMLAssertion"])
    assert raced
    assert refused.text == "The SAML assertion has been used already"
    assert len(used(host)) == 1


def test_what_is_remembered_of_uses_goes_when_it_is_over(strict: Corp) -> None:
    for number in range(30):
        assert strict.assume(id=f"_{number}")["Subject"] == "ada"
    assert len(used(strict.host)) == 30
    strict.host.at(3600)
    for number in range(40):
        assert strict.assume(id=f"_later_{number}")["Subject"] == "ada"
    assert len(used(strict.host)) < 50
