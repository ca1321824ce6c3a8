"""AssumeRoleWithSAML with SimpleSAMLphp: people sign in with a browser, and boto3 and the AWS CLI take what it is given."""

from __future__ import annotations

import json
import os
import subprocess
from base64 import b64decode, b64encode
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3
import botocore
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from clientkit import BIN, REGION, Clients, Credentials, Server, allow, clean_environment, launch, trusting
from simplesamlkit import ATTRIBUTES, SERVICES, SIGN_IN, Browser, Collector, SimpleSaml, missing, sign_in

if TYPE_CHECKING:
    from collections.abc import Iterator

    from oidckit import PrivateCa

pytestmark = pytest.mark.slow
PLAIN, ENCRYPTED, ASSERTION_SIGNED = SERVICES
PEOPLE = ("ada", "grace", "mallory")


@dataclass(frozen=True)
class Setup:
    """A server that trusts the provider, the provider, and a browser."""

    server: Server
    admin: Clients
    provider: SimpleSaml
    browser: Browser
    collector: Collector
    provider_arn: str
    role: str

    def sign_in(self, person: str, service: str = PLAIN) -> str:
        return sign_in(self.browser, self.provider, self.collector, person, service)

    def assume(self, assertion: str, **parameters: Any) -> dict[str, Any]:
        settings = Config(signature_version=botocore.UNSIGNED, retries={"total_max_attempts": 1})
        sts = boto3.client("sts", endpoint_url=self.server.url, region_name=REGION, config=settings)
        sent = {"RoleArn": self.role, "PrincipalArn": self.provider_arn, "SAMLAssertion": assertion} | parameters
        answer: dict[str, Any] = sts.assume_role_with_saml(**sent)
        return answer

    def refused(self, assertion: str, **parameters: Any) -> tuple[str, str]:
        with pytest.raises(ClientError) as raised:
            self.assume(assertion, **parameters)
        error = raised.value.response["Error"]
        return error["Code"], error["Message"]


@pytest.fixture(scope="module")
def setup(ca: PrivateCa, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Setup]:
    lacking = missing()
    if lacking:
        if os.environ.get("CI"):
            pytest.fail(f"not installed, and CI must have it: {', '.join(lacking)}")
        pytest.skip(f"not installed (Debian packages): {', '.join(lacking)}")
    server = launch(tmp_path_factory.mktemp("saml-server") / "data", "--workers", "2")
    admin = Clients(server.url, server.credentials())
    provider_arn = f"arn:aws:iam::{admin.account}:saml-provider/SimpleSAMLphp"
    role = f"arn:aws:iam::{admin.account}:role/people/Federated"
    people = {name: said(name, f"{role},{provider_arn}") for name in PEOPLE}
    people["mallory"][f"{ATTRIBUTES}Role"] = [f"{role}-other,{provider_arn}"]
    provider = SimpleSaml.start(tmp_path_factory.mktemp("simplesaml"), people)
    collector = Collector.start(ca)
    browser = None
    try:
        browser = Browser.start(tmp_path_factory.mktemp("chromium"), collector)
        made = admin.iam.create_saml_provider(
            Name="SimpleSAMLphp", SAMLMetadataDocument=provider.metadata(), AddPrivateKey=provider.encryption.key
        )
        assert made["SAMLProviderArn"] == provider_arn
        condition = {
            "StringEquals": {"saml:aud": f"https://{SIGN_IN}/saml"},
            "StringLike": {"saml:sub": ["ada", "mallory"]},
        }
        actions = ("sts:AssumeRoleWithSAML", "sts:TagSession", "sts:SetSourceIdentity")
        trust = trusting({"Federated": provider_arn}, *actions, Condition=condition)
        admin.iam.create_role(RoleName="Federated", Path="/people/", AssumeRolePolicyDocument=trust)
        policy = allow("iam:ListUsers", Condition={"StringEquals": {"aws:PrincipalTag/Team": "engines"}})
        admin.iam.put_role_policy(RoleName="Federated", PolicyName="p", PolicyDocument=policy)
        yield Setup(server, admin, provider, browser, collector, provider_arn, role)
    finally:
        if browser is not None:
            browser.stop()
        collector.stop()
        provider.kill()
        server.process.kill()
        server.process.wait(timeout=10)


def said(name: str, pair: str) -> dict[str, list[str]]:
    """A person's attributes at the provider."""
    return {
        f"{ATTRIBUTES}Role": [pair],
        f"{ATTRIBUTES}RoleSessionName": [f"{name}@example.com"],
        f"{ATTRIBUTES}SourceIdentity": [name],
        f"{ATTRIBUTES}SessionDuration": ["1800"],
        f"{ATTRIBUTES}PrincipalTag:Team": ["engines"],
        f"{ATTRIBUTES}TransitiveTagKeys": ["Team"],
        "urn:oid:1.3.6.1.4.1.5923.1.1.1.1": ["staff", "member"],
    }


def test_a_person_signs_in_and_works_with_boto3(setup: Setup) -> None:
    answer = setup.assume(setup.sign_in("ada"))
    assert (answer["Subject"], answer["SubjectType"], answer["SourceIdentity"]) == ("ada", "persistent", "ada")
    assert answer["Audience"] == f"https://{SIGN_IN}/saml"
    assert answer["Issuer"] == f"{setup.provider.url}saml2/idp/metadata.php"
    session = setup.admin.with_credentials(Credentials.of(answer["Credentials"]))
    identity = session.sts.get_caller_identity()
    assert identity["Arn"] == f"arn:aws:sts::{setup.admin.account}:assumed-role/Federated/ada@example.com"
    assert session.iam.list_users()["Users"]


def test_the_same_with_the_aws_cli(setup: Setup) -> None:
    environment = clean_environment() | {"AWS_ENDPOINT_URL": setup.server.url, "AWS_DEFAULT_REGION": REGION}
    command = [
        BIN / "aws", "sts", "assume-role-with-saml", "--role-arn", setup.role, "--principal-arn", setup.provider_arn,
        "--saml-assertion", setup.sign_in("ada"), "--duration-seconds", "900", "--output", "json",
    ]  # fmt: skip
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=60)
    keys = json.loads(done.stdout)["Credentials"]
    signed = environment | Credentials.of(keys).environment()
    shown = subprocess.run(
        [BIN / "aws", "sts", "get-caller-identity", "--query", "Arn", "--output", "text"],
        env=signed, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert shown.returncode == 0, shown.stderr
    assert shown.stdout.strip().endswith(":assumed-role/Federated/ada@example.com")


def test_an_encrypted_assertion_in_a_signed_response(setup: Setup) -> None:
    assertion = setup.sign_in("ada", ENCRYPTED)
    assert b"EncryptedAssertion" in b64decode(assertion)
    assert b"engines" not in b64decode(assertion)
    assert setup.assume(assertion)["Subject"] == "ada"


def test_a_signed_assertion_in_a_response_that_is_not_signed(setup: Setup) -> None:
    assertion = setup.sign_in("ada", ASSERTION_SIGNED)
    assert b64decode(assertion).count(b"<ds:SignatureValue>") == 1
    assert setup.assume(assertion)["Subject"] == "ada"


def test_what_the_browser_was_given_is_good_again_within_its_time(setup: Setup) -> None:
    assertion = setup.sign_in("ada")
    assert setup.assume(assertion)["Subject"] == setup.assume(assertion)["Subject"] == "ada"


def test_a_person_whom_the_role_does_not_trust_is_refused(setup: Setup) -> None:
    expected = ("AccessDenied", "Not authorized to perform sts:AssumeRoleWithSAML")
    assert setup.refused(setup.sign_in("grace")) == expected
    assert setup.refused(setup.sign_in("mallory")) == expected


def test_one_changed_letter_is_noticed(setup: Setup) -> None:
    text = b64decode(setup.sign_in("grace"))
    assert text.count(b">grace<") >= 1
    forged = text.replace(b">grace<", b">ada<")
    assert setup.refused(_encoded(forged)) == ("InvalidIdentityToken", "Response signature invalid")


def test_the_provider_s_metadata_is_kept_as_it_was_sent(setup: Setup) -> None:
    kept = setup.admin.iam.get_saml_provider(SAMLProviderArn=setup.provider_arn)
    assert kept["SAMLMetadataDocument"] == setup.provider.metadata()
    assert kept["AssertionEncryptionMode"] == "Allowed"
    assert len(kept["PrivateKeyList"]) == 1


def test_the_sign_in_stands_in_the_trail(setup: Setup) -> None:
    setup.assume(setup.sign_in("ada"))
    events = setup.admin.cloudtrail.lookup_events(
        LookupAttributes=[{"AttributeKey": "EventName", "AttributeValue": "AssumeRoleWithSAML"}]
    )["Events"]
    record = json.loads(events[0]["CloudTrailEvent"])
    assert record["userIdentity"]["type"] == "SAMLUser"
    assert record["userIdentity"]["userName"] in PEOPLE
    assert "SAMLAssertion" not in json.dumps(record)


def _encoded(text: bytes) -> str:
    return b64encode(text).decode()
