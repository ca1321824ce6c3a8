"""Identity tokens of a real server over TLS, verified by PyJWT as a relying party would: by the issuer's URL alone."""

from __future__ import annotations

import json
import ssl
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any

import boto3
import jwt
import pytest
from botocore.config import Config
from clientkit import REGION, Credentials, allow, launch
from privateca import Files, make_files

if TYPE_CHECKING:
    from collections.abc import Iterator

    from clientkit import Server

AUDIENCE = "https://api.example.com"


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    return make_files(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def issuing(tmp_path_factory: pytest.TempPathFactory, files: Files) -> Iterator[Server]:
    """A server that speaks TLS, with two workers and no setting for its issuers."""
    data = tmp_path_factory.mktemp("issuing") / "data"
    running = launch(data, "--workers", "2", tls_certificate=str(files.chain), tls_key=str(files.key))
    yield running
    running.process.kill()  # a stop would wait for clients whose TLS connections are still open
    running.process.wait(timeout=30)


def client(server: Server, files: Files, service: str, credentials: Credentials | None = None) -> Any:
    signer = credentials or server.credentials()
    return boto3.client(
        service,
        aws_access_key_id=signer.access_key_id,
        aws_secret_access_key=signer.secret_access_key,
        aws_session_token=signer.session_token,
        region_name=REGION,
        endpoint_url=server.url,
        verify=str(files.authority),
        config=Config(retries={"total_max_attempts": 1}),
    )


def fetch(url: str, files: Files) -> tuple[dict[str, str], Any]:
    with urllib.request.urlopen(url, context=ssl.create_default_context(cafile=files.authority), timeout=10) as answer:
        return {name.lower(): value for name, value in answer.headers.items()}, json.loads(answer.read())


def verified(token: str, issuer: str, files: Files) -> dict[str, Any]:
    """What a relying party does that was told the issuer's URL."""
    headers, discovery = fetch(f"{issuer}/.well-known/openid-configuration", files)
    assert headers["content-type"] == "application/json"
    assert "max-age=300" in headers["cache-control"]
    assert discovery["issuer"] == issuer
    keys = jwt.PyJWKClient(discovery["jwks_uri"], ssl_context=ssl.create_default_context(cafile=files.authority))
    key = keys.get_signing_key_from_jwt(token)
    algorithms = discovery["id_token_signing_alg_values_supported"]
    claims: dict[str, Any] = jwt.decode(token, key, algorithms=algorithms, audience=AUDIENCE, issuer=issuer)
    return claims


def test_a_relying_party_believes_a_user_and_goes_on_over_a_rotation(issuing: Server, files: Files) -> None:
    iam, sts = client(issuing, files, "iam"), client(issuing, files, "sts")
    issuer = iam.enable_outbound_web_identity_federation()["IssuerIdentifier"]
    assert issuer.startswith(f"{issuing.url}/oidc/")

    def token(algorithm: str) -> str:
        answer = sts.get_web_identity_token(Audience=[AUDIENCE], SigningAlgorithm=algorithm)
        return str(answer["WebIdentityToken"])

    before = {algorithm: token(algorithm) for algorithm in ("ES384", "RS256")}
    arn = sts.get_caller_identity()["Arn"]
    for text in before.values():
        assert verified(text, issuer, files)["sub"] == arn
    issuing.cli("keys", "rotate")
    listed = json.loads(issuing.cli("keys", "list", "--json").stdout)["SigningKeys"]
    assert sorted((key["Algorithm"], key["State"]) for key in listed) == [
        ("ES384", "signs"), ("ES384", "waits"), ("RS256", "signs"), ("RS256", "waits"),
    ]  # fmt: skip
    for text in (*before.values(), token("ES384"), token("RS256")):
        assert verified(text, issuer, files)["sub"] == arn
    assert json.loads(issuing.cli("keys", "rotate", "--emergency", "--json").stdout)["RotatedIssuers"] == 1
    with pytest.raises(jwt.PyJWKClientError):
        verified(before["ES384"], issuer, files)
    assert verified(token("ES384"), issuer, files)["sub"] == arn


def test_h14_a_public_object_cannot_pass_for_a_document_of_an_issuer(issuing: Server, files: Files) -> None:
    s3 = client(issuing, files, "s3")
    s3.create_bucket(Bucket="oidc")
    s3.delete_public_access_block(Bucket="oidc")
    s3.put_bucket_policy(Bucket="oidc", Policy=allow("s3:GetObject", resource="arn:aws:s3:::oidc/*", Principal="*"))
    forged = "0f8fad5b-d9cb-469f-a165-70867728950e/.well-known/openid-configuration"
    s3.put_object(Bucket="oidc", Key=forged, Body=b'{"issuer":"forged"}')
    s3.put_object(Bucket="oidc", Key="plain", Body=b'{"plain":true}')
    assert fetch(f"{issuing.url}/oidc/plain", files)[1] == {"plain": True}
    with pytest.raises(urllib.error.HTTPError) as caught:
        fetch(f"{issuing.url}/oidc/{forged}", files)
    assert caught.value.code == 404
    caught.value.close()
    assert s3.get_object(Bucket="oidc", Key=forged)["Body"].read() == b'{"issuer":"forged"}'
