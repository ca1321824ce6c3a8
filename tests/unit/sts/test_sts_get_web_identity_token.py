"""GetWebIdentityToken: claims, permission, keys and their documents (sts.md 4.11 and 15). PyJWT reads what we sign."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import jwt
import msgspec
import pytest
from signkit import Signer
from worldkit import ACCOUNT, OTHER_ACCOUNT, START, Host, allow, deny, make_host, refusal, trusting

from daypass.directory import GLOBAL, Organization, OutboundIssuer, Put
from daypass.directory.issuers import AHEAD, LONGEST_TOKEN, MARGIN
from daypass.request import Request
from daypass.services.issuer_documents import IssuerDocuments
from daypass.services.signing_keys import new_keys
from daypass.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

BASE = "https://sts.example.org"
AUDIENCE = "https://api.example.com"
NAMESPACE = "https://sts.amazonaws.com/"
ALL = allow("*")


@pytest.fixture
def host() -> Iterator[Host]:
    made = make_host(sts_issuer_base_url=BASE)
    yield made
    made.close()


@pytest.fixture
def issuer(host: Host) -> str:
    """The account's issuer, switched on."""
    return str(host.admin("iam").enable_outbound_web_identity_federation()["IssuerIdentifier"])


def documents(host: Host, domains: tuple[str, ...] = ()) -> IssuerDocuments:
    return IssuerDocuments(host.store.view, host.world.settings, lambda: host.now, domains)


def fetch(host: Host, url: str) -> dict[str, Any]:
    """A document of an issuer, as a relying party gets it."""
    path = url.removeprefix(BASE).encode()
    answer = documents(host).answer(Request("GET", path, b"", [(b"host", b"sts.example.org")], b"", "192.0.2.9"))
    assert answer is not None
    assert answer.status == 200
    assert (b"content-type", b"application/json") in answer.headers
    assert isinstance(answer.body, bytes)
    return dict(json.loads(answer.body))


def ask(host: Host, by: Mapping[str, str], **more: Any) -> dict[str, Any]:
    parameters = {"Audience": [AUDIENCE], "SigningAlgorithm": "ES384"} | more
    return dict(host.client("sts", by).get_web_identity_token(**parameters))


def verified(host: Host, token: str, audience: str = AUDIENCE) -> dict[str, Any]:
    """The claims, verified by PyJWT with nothing but the issuer's URL."""
    issuer = jwt.decode(token, options={"verify_signature": False})["iss"]
    keys = jwt.PyJWKSet.from_dict(fetch(host, fetch(host, f"{issuer}/.well-known/openid-configuration")["jwks_uri"]))
    header = jwt.get_unverified_header(token)
    claims = jwt.decode(
        token,
        keys[header["kid"]],
        algorithms=[header["alg"]],
        audience=audience,
        issuer=issuer,
        options={"verify_exp": False, "verify_iat": False, "require": ["iss", "sub", "aud", "iat", "exp", "jti"]},
    )
    assert claims["iat"] <= host.now < claims["exp"]
    return claims


@pytest.mark.parametrize("algorithm", ["ES384", "RS256"])
def test_a_user_proves_who_it_is_with_either_algorithm(host: Host, issuer: str, algorithm: str) -> None:
    alice = host.user("alice", ALL)
    answer = ask(host, alice, SigningAlgorithm=algorithm)
    token = answer["WebIdentityToken"]
    header = jwt.get_unverified_header(token)
    assert {name: header[name] for name in ("typ", "alg")} == {"typ": "JWT", "alg": algorithm}
    claims = verified(host, token)
    jti = claims.pop("jti")
    assert len(jti) == 36
    arn = f"arn:aws:iam::{ACCOUNT}:user/alice"
    assert claims == {
        "iss": issuer,
        "aud": AUDIENCE,
        "sub": arn,
        "iat": int(START),
        "exp": int(START) + 300,
        NAMESPACE: {"aws_account": ACCOUNT, "source_region": "us-east-1", "principal_id": arn},
    }
    assert answer["Expiration"] == datetime.fromtimestamp(START + 300, UTC)


def test_a_session_shows_its_role_its_tags_its_end_and_who_stands_behind_it(host: Host, issuer: str) -> None:
    role = host.role("Data", trusting(ACCOUNT, "sts:*"), ALL, Path="/path/", Tags=[{"Key": "team", "Value": "data"}])
    alice = host.user("alice", ALL)
    session = host.assume(alice, role, "run", SourceIdentity="alice", Tags=[{"Key": "shift", "Value": "late"}])
    token = ask(host, session, Tags=[{"Key": "job", "Value": "7"}], DurationSeconds=900)["WebIdentityToken"]
    claims = verified(host, token)
    assert claims["sub"] == role == f"arn:aws:iam::{ACCOUNT}:role/path/Data"
    assert claims["exp"] - claims["iat"] == 900
    assert claims[NAMESPACE] == {
        "aws_account": ACCOUNT,
        "source_region": "us-east-1",
        "principal_id": role,
        "principal_tags": {"team": "data", "shift": "late"},
        "request_tags": {"job": "7"},
        "original_session_exp": datetime.fromtimestamp(START + 3600, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "source_identity": "alice",
    }


def test_several_audiences_are_an_array_and_the_region_is_the_calls(host: Host, issuer: str) -> None:
    alice = host.user("alice", ALL)
    client = host.client("sts", alice, region="eu-west-1")
    token = client.get_web_identity_token(Audience=["a", "b"], SigningAlgorithm="ES384")["WebIdentityToken"]
    claims = verified(host, token, audience="b")
    assert claims["aud"] == ["a", "b"]
    assert claims[NAMESPACE]["source_region"] == "eu-west-1"


def test_an_account_of_an_organization_says_so(host: Host, issuer: str) -> None:
    host.store.apply([Put(Organization("o-abcdefghij", OTHER_ACCOUNT, "r-abcd", 1, members=(ACCOUNT,)))])
    claims = verified(host, ask(host, host.user("alice", ALL))["WebIdentityToken"])
    assert claims[NAMESPACE]["org_id"] == "o-abcdefghij"
    assert claims[NAMESPACE]["ou_path"] == ["o-abcdefghij/r-abcd"]


def test_it_is_off_until_it_is_switched_on_and_off_again_afterwards(host: Host) -> None:
    alice, iam = host.user("alice", ALL), host.admin("iam")
    off = (
        403,
        "OutboundWebIdentityFederationDisabledException",
        "The outbound web identity federation feature is not enabled for this account.",
    )
    gone = (404, "FeatureDisabled", "Outbound web identity federation is not enabled for this account.")
    assert refusal(ask, host=host, by=alice) == off
    assert refusal(iam.get_outbound_web_identity_federation_info) == gone
    assert refusal(iam.disable_outbound_web_identity_federation) == gone
    issuer = iam.enable_outbound_web_identity_federation()["IssuerIdentifier"]
    assert issuer.startswith(f"{BASE}/oidc/")
    assert refusal(iam.enable_outbound_web_identity_federation)[:2] == (409, "FeatureEnabled")
    token = ask(host, alice)["WebIdentityToken"]
    iam.disable_outbound_web_identity_federation()
    info = iam.get_outbound_web_identity_federation_info()
    assert (info["IssuerIdentifier"], info["JwtVendingEnabled"]) == (issuer, False)
    assert refusal(ask, host=host, by=alice) == off
    assert refusal(iam.disable_outbound_web_identity_federation) == gone
    assert verified(host, token)["iss"] == issuer, "what was issued stays good"
    assert iam.enable_outbound_web_identity_federation()["IssuerIdentifier"] == issuer
    assert iam.get_outbound_web_identity_federation_info()["JwtVendingEnabled"] is True


def test_each_account_is_an_issuer_with_keys_of_its_own(host: Host, issuer: str) -> None:
    other = host.admin("iam", OTHER_ACCOUNT).enable_outbound_web_identity_federation()["IssuerIdentifier"]
    assert other != issuer
    kids = [{key["kid"] for key in fetch(host, f"{url}/.well-known/jwks.json")["keys"]} for url in (issuer, other)]
    assert kids[0].isdisjoint(kids[1])
    foreign = host.user("eve", ALL, account=OTHER_ACCOUNT)
    assert verified(host, ask(host, foreign)["WebIdentityToken"])["iss"] == other


def test_the_documents_say_what_relying_parties_need_and_hold_no_private_key(host: Host, issuer: str) -> None:
    discovery = fetch(host, f"{issuer}/.well-known/openid-configuration")
    assert discovery["issuer"] == issuer
    assert discovery["jwks_uri"] == f"{issuer}/.well-known/jwks.json"
    assert discovery["id_token_signing_alg_values_supported"] == ["ES384", "RS256"]
    assert discovery["response_types_supported"] == ["id_token"]
    assert discovery["subject_types_supported"] == ["public"]
    keys = {key["alg"]: key for key in fetch(host, discovery["jwks_uri"])["keys"]}
    assert set(keys["ES384"]) == {"kty", "crv", "x", "y", "kid", "use", "alg"}
    assert set(keys["RS256"]) == {"kty", "n", "e", "kid", "use", "alg"}
    assert keys["ES384"]["crv"] == "P-384"
    assert {key["use"] for key in keys.values()} == {"sig"}


def test_without_a_url_of_its_own_a_server_makes_no_issuer() -> None:
    host = make_host()
    status, code, text = refusal(host.admin("iam").enable_outbound_web_identity_federation)
    assert (status, code) == (400, "InvalidInput")
    assert "sts.issuer_base_url" in text
    host.close()


def test_a_url_that_was_taken_away_ends_it_clearly(host: Host, issuer: str) -> None:
    alice = host.user("alice", ALL)
    host.world.settings = Settings()
    status, code, text = refusal(ask, host=host, by=alice)
    assert (status, code) == (403, "OutboundWebIdentityFederationDisabledException")
    assert "sts.issuer_base_url" in text
    assert documents(host).answer(_get(issuer)).status == 404  # type: ignore[union-attr]


CONDITIONS = [
    {"ForAllValues:StringEquals": {"sts:IdentityTokenAudience": AUDIENCE}},
    {"NumericLessThanEquals": {"sts:DurationSeconds": "300"}},
    {"StringEquals": {"sts:SigningAlgorithm": "ES384"}},
    {"StringEquals": {"aws:RequestTag/job": "7"}},
    {"ForAllValues:StringEquals": {"aws:TagKeys": "job"}},
    {"StringEquals": {"sts:SubjectMode": "AWSIdentity"}},
]
OTHERWISE: list[dict[str, Any]] = [
    {"Audience": [AUDIENCE, "other"]},
    {"DurationSeconds": 301},
    {"SigningAlgorithm": "RS256"},
    {"Tags": [{"Key": "job", "Value": "8"}]},
    {"Tags": [{"Key": "job", "Value": "7"}, {"Key": "more", "Value": "1"}]},
    {"SubjectMode": "OriginIdentity"},
]


@pytest.mark.parametrize(("condition", "otherwise"), list(zip(CONDITIONS, OTHERWISE, strict=True)))
def test_policies_decide_by_what_the_token_will_say(
    host: Host, issuer: str, condition: dict[str, Any], otherwise: dict[str, Any]
) -> None:
    policy = json.loads(allow("sts:GetWebIdentityToken", Condition=condition))
    policy["Statement"].append(json.loads(allow("sts:TagGetWebIdentityToken"))["Statement"][0])
    alice = host.user("alice", json.dumps(policy))
    tags = {"Tags": [{"Key": "job", "Value": "7"}]}
    assert verified(host, ask(host, alice, **tags)["WebIdentityToken"])
    denied = f"User: arn:aws:iam::{ACCOUNT}:user/alice is not authorized to perform: sts:GetWebIdentityToken"
    status, code, text = refusal(ask, host=host, by=alice, **(tags | otherwise))
    assert (status, code) == (403, "AccessDenied")
    assert text.startswith(denied)


def test_permission_is_needed_and_tags_need_one_of_their_own(host: Host, issuer: str) -> None:
    nobody, plain = host.user("nobody"), host.user("plain", allow("sts:GetWebIdentityToken"))
    because = "because no identity-based policy allows the sts:GetWebIdentityToken action"
    who = f"User: arn:aws:iam::{ACCOUNT}:user/nobody is not authorized to perform: sts:GetWebIdentityToken"
    assert refusal(ask, host=host, by=nobody) == (403, "AccessDenied", f"{who} {because}")
    assert ask(host, plain)
    _, _, text = refusal(ask, host=host, by=plain, Tags=[{"Key": "a", "Value": "b"}])
    assert "is not authorized to perform: sts:TagGetWebIdentityToken because no identity-based policy" in text
    denied = host.user("denied", deny("sts:GetWebIdentityToken"))
    assert "with an explicit deny in an identity-based policy" in refusal(ask, host=host, by=denied)[2]


def test_who_may_call(host: Host, issuer: str) -> None:
    root = {"AccessKeyId": host.accounts[ACCOUNT].root[0], "SecretAccessKey": host.accounts[ACCOUNT].root[1].reveal()}
    assert refusal(ask, host=host, by=root)[:2] == (403, "AccessDenied")
    alice = host.user("alice", ALL)
    for credentials in (
        host.client("sts", alice).get_session_token()["Credentials"],
        host.client("sts", alice).get_federation_token(Name="bob", Policy=ALL)["Credentials"],
    ):
        text = "Cannot call GetWebIdentityToken with session credentials"
        assert refusal(ask, host=host, by=credentials) == (403, "AccessDenied", text)


def test_a_token_ends_no_later_than_the_session_that_asks(host: Host, issuer: str) -> None:
    role = host.role("R", trusting(ACCOUNT), ALL)
    session = host.assume(host.user("alice", ALL), role, "run", DurationSeconds=900)
    text = "The requested token duration would extend the session beyond its original expiration time."
    assert ask(host, session, DurationSeconds=900)
    host.at(1)
    assert refusal(ask, host=host, by=session, DurationSeconds=900) == (403, "SessionDurationEscalationException", text)
    assert ask(host, session, DurationSeconds=899)


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({"SigningAlgorithm": "HS256"}, "Value 'HS256' at 'signingAlgorithm'"),
        ({"SigningAlgorithm": "none"}, "length greater than or equal to 5"),
        ({"DurationSeconds": 59}, "greater than or equal to 60"),
        ({"DurationSeconds": 3601}, "less than or equal to 3600"),
        ({"Audience": []}, "audience"),
        ({"SubjectMode": "OriginIdentity"}, "aws:OriginIdentity/Subject"),
        ({"Scope": "read"}, "Scope can be specified only when SubjectMode is OriginIdentity."),
    ],
)
def test_parameters_that_cannot_be_honoured_are_refused(
    host: Host, issuer: str, parameters: dict[str, Any], expected: str
) -> None:
    status, code, text = refusal(ask, host=host, by=host.user("alice", ALL), **parameters)
    assert (status, code) == (400, "ValidationError")
    assert expected in text


def test_tags_are_distinct_and_not_too_much(host: Host, issuer: str) -> None:
    alice = host.user("alice", ALL)
    twice = [{"Key": "Job", "Value": "1"}, {"Key": "job", "Value": "2"}]
    assert refusal(ask, host=host, by=alice, Tags=twice)[:2] == (400, "InvalidParameterValue")
    reserved = [{"Key": "aws:x", "Value": "1"}]
    assert refusal(ask, host=host, by=alice, Tags=reserved)[:2] == (400, "InvalidParameterValue")
    many = [{"Key": f"k{n}", "Value": "v" * 200} for n in range(50)]
    text = "The requested token payload size exceeds the maximum allowed size."
    assert refusal(ask, host=host, by=alice, Tags=many) == (400, "JWTPayloadSizeExceededException", text)
    assert len(ask(host, alice, Tags=many[:24], SigningAlgorithm="RS256")["WebIdentityToken"]) < 8192


def test_it_is_not_offered_at_the_global_endpoint(host: Host, issuer: str) -> None:
    alice = host.user("alice", ALL)
    form = {
        "Action": "GetWebIdentityToken",
        "Version": "2011-06-15",
        "Audience.member.1": "a",
        "SigningAlgorithm": "ES384",
    }
    answer = host.ask(Signer(alice, host.now, headers={"host": "sts.amazonaws.com"}).header(form))
    assert (answer.status, answer.code) == (400, "InvalidAction")
    regional = host.ask(Signer(alice, host.now, headers={"host": "sts.us-east-1.amazonaws.com"}).header(form))
    assert regional.status == 200


def test_the_trail_tells_of_the_token_and_does_not_hold_it(host: Host, issuer: str) -> None:
    alice = host.user("alice", ALL)
    token = ask(host, alice, Tags=[{"Key": "job", "Value": "7"}])["WebIdentityToken"]
    record = host.journal.records[-1]
    assert record["eventName"] == "GetWebIdentityToken"
    assert record["requestParameters"] == {
        "audience": [AUDIENCE],
        "signingAlgorithm": "ES384",
        "tags": [{"key": "job", "value": "7"}],
    }
    assert set(record["responseElements"]) == {"expiration"}
    assert token.rpartition(".")[2].encode() not in b"".join(host.journal.lines)


def _get(issuer: str, **changed: Any) -> Request:
    path = f"{issuer.removeprefix(BASE)}/.well-known/jwks.json".encode()
    request = Request("GET", path, b"", [(b"host", b"sts.example.org")], b"", "192.0.2.9")
    for name, value in changed.items():
        setattr(request, name, value)
    return request


def test_h14_only_an_unsigned_read_of_exactly_these_paths_is_the_issuers(host: Host, issuer: str) -> None:
    ours = documents(host, ("example.org",))
    path = _get(issuer).raw_path
    assert ours.answer(_get(issuer)).status == 200  # type: ignore[union-attr]
    assert ours.answer(_get(issuer, method="HEAD")).status == 200  # type: ignore[union-attr]
    assert ours.answer(_get(issuer, raw_query=b"a=b")).status == 200  # type: ignore[union-attr]
    unknown = path.replace(issuer[-12:].encode(), b"0" * 12)
    assert ours.answer(_get(issuer, raw_path=unknown)).status == 404  # type: ignore[union-attr]
    for theirs in (
        {"method": "PUT"},
        {"method": "POST"},
        {"headers": [(b"host", b"sts.example.org"), (b"authorization", b"AWS4-HMAC-SHA256 Credential=")]},
        {"headers": [(b"host", b"photos.s3.example.org")]},
        {"raw_query": b"X-Amz-Algorithm=AWS4-HMAC-SHA256"},
        {"raw_path": path + b"/"},
        {"raw_path": b"/oidc/some-object"},
        {"raw_path": path.upper()},
    ):
        assert ours.answer(_get(issuer, **theirs)) is None, theirs


SPELLINGS = [
    b"/oidc/%s/%%2ewell-known/jwks.json",
    b"/oidc/%s/.well-known/jwks%%2Ejson",
    b"/%%6Fidc/%s/.well-known/jwks.json",
    b"/oidc/%s//.well-known/jwks.json",
    b"//oidc/%s/.well-known/jwks.json",
    b"/oidc/./%s/.well-known/jwks.json",
    b"/oidc/x/../%s/.well-known/jwks.json",
    b"/oidc/x/%%2e%%2E/%s/.well-known/jwks.json",
    b"/oidc//../%s/.well-known/jwks.json",
    b"/oidc/a%%2Fb/../%s/.well-known/jwks.json",
    b"/oidc/%s%%2F.well-known/jwks.json",
    b"/other/../oidc/%s/.well-known/jwks.json",
    b"/oidc/%s/.well-known/x/../openid-configuration",
]


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_h14_no_object_is_served_where_another_spelling_of_an_issuers_path_leads(
    host: Host, issuer: str, spelling: bytes, method: str
) -> None:
    path = spelling % issuer[-36:].encode()
    answer = documents(host).answer(_get(issuer, raw_path=path, method=method))
    assert answer is not None, "it is left to S3"
    assert answer.status == 404


@pytest.mark.parametrize(
    "path",
    [
        b"/photos/a%20b/c.json",
        b"/oidc/%s/.well-known/jwks.json/",
        b"/oidc/%s/.well-known/jwks.json/.",
        b"/oidc/%s/.well-known/jwks%%252Ejson",
        b"/photos/oidc/%s/%%2Ewell-known/jwks.json",
        b"/oidc/x/%s/.well-known/jwks.json",
    ],
)
def test_h14_what_leads_elsewhere_is_left_to_s3(host: Host, issuer: str, path: bytes) -> None:
    named = path % issuer[-36:].encode() if b"%s" in path else path
    assert documents(host).answer(_get(issuer, raw_path=named)) is None
    spelt = SPELLINGS[0] % issuer[-36:].encode()
    signed = [(b"host", b"sts.example.org"), (b"authorization", b"AWS4-HMAC-SHA256 Credential=")]
    assert documents(host).answer(_get(issuer, raw_path=spelt, headers=signed)) is None


def test_keys_overlap_when_they_follow_one_another(host: Host, issuer: str) -> None:
    alice = host.user("alice", ALL)

    def kid() -> str:
        return str(jwt.get_unverified_header(ask(host, alice)["WebIdentityToken"])["kid"])

    def published() -> set[str]:
        return {key["kid"] for key in fetch(host, f"{issuer}/.well-known/jwks.json")["keys"] if key["alg"] == "ES384"}

    first = kid()
    record = host.store.view().get(OutboundIssuer, ACCOUNT, "")
    assert record is not None
    following = new_keys(int(host.now) + AHEAD)
    host.store.apply([Put(msgspec.structs.replace(record, keys=(*record.keys, *following)))])
    second = next(key.id for key in following if key.algorithm == "ES384")
    assert published() == {first, second}
    host.at(AHEAD - 1)
    assert kid() == first
    last = ask(host, alice, DurationSeconds=LONGEST_TOKEN)["WebIdentityToken"]
    host.at(1)
    assert kid() == second
    host.at(LONGEST_TOKEN - 2)
    assert verified(host, last)
    host.at(MARGIN + 2)
    assert published() == {second}


def test_the_stored_issuer_shows_no_private_key(host: Host, issuer: str) -> None:
    record = host.store.view().get(OutboundIssuer, ACCOUNT, "")
    assert "PRIVATE" not in repr(record)
    assert record is not None
    assert "PRIVATE KEY" in record.keys[0].pem.reveal()
    assert host.store.view().get(Organization, GLOBAL, "o-none") is None
