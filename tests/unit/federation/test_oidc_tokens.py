"""Which tokens are taken, and which are refused before anything else is looked at (threats: C1 to C13, C19, C20)."""

from __future__ import annotations

import hmac
import json
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc import jwe
from joserfc.jwk import RSAKey
from oidcworld import (
    ALGORITHMS,
    CLIENT,
    CURVES,
    NO_JWT,
    NO_KEY,
    NOT_AUTHORIZED,
    Issuer,
    b64,
    compact,
    ec_key,
    make_web,
    rsa_key,
)
from worldkit import START

if TYPE_CHECKING:
    from oidcworld import Web

BAD_SIGNATURE = (400, "InvalidIdentityToken", "Invalid token signature")


@pytest.fixture
def web() -> Web:
    return make_web()


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_rsa_and_elliptic_curve_signatures_are_taken(web: Web, alg: str) -> None:
    web.issuer.keys = [ec_key(CURVES[alg])] if alg in CURVES else [rsa_key()]
    assert web.ask(web.issuer.token(alg)).status == 200


@pytest.mark.parametrize("alg", ["none", "None", "NONE", "", None, "HS256", "HS384", "EdDSA", "Ed25519", "ES256K", "RS1", "rs256", ["RS256"], 256, True, {}])  # fmt: skip
def test_c1_no_other_algorithm_is_taken(web: Web, alg: Any) -> None:
    """C1: the list is closed, whatever the provider advertises."""
    header = {"kid": "rsa-0", "typ": "JWT"} | ({} if alg is None else {"alg": alg})
    told = compact(header, web.issuer.claims(), rsa_key())
    assert web.ask(told).refusal == NO_JWT
    assert web.documents.fetched == []


@pytest.mark.parametrize("alg", ["none", "RS256", "HS256"])
def test_a_token_without_a_signature_is_none(web: Web, alg: str) -> None:
    unsigned = f"{b64({'alg': alg, 'kid': 'rsa-0'})}.{b64(web.issuer.claims())}."
    assert web.ask(unsigned).refusal == NO_JWT


def secrets_made_of_the_public_key() -> list[bytes]:
    public = rsa_key().public_key
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return [
        pem,
        pem.strip(),
        public.public_bytes(Encoding.PEM, PublicFormat.PKCS1),
        public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        public.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH),
        json.dumps(rsa_key().as_dict(private=False)).encode(),
    ]


@pytest.mark.parametrize("alg", ["HS256", "HS384", "HS512"])
def test_c2_a_public_key_is_nobodys_secret(web: Web, alg: str) -> None:
    """C2."""
    for secret in secrets_made_of_the_public_key():
        signed = f"{b64({'alg': alg, 'kid': 'rsa-0', 'typ': 'JWT'})}.{b64(web.issuer.claims())}"
        mac = hmac.digest(secret, signed.encode(), f"sha{alg[2:]}")
        assert web.ask(f"{signed}.{b64(mac)}").refusal == NO_JWT


def test_c3_no_secret_of_a_client_signs_tokens(web: Web) -> None:
    """C3: its id as the key's name, its secret as the key, whatever the provider advertises."""
    web.issuer.described = {"id_token_signing_alg_values_supported": ["HS256", "none"]}
    signed = f"{b64({'alg': 'HS256', 'kid': CLIENT, 'typ': 'JWT'})}.{b64(web.issuer.claims())}"
    mac = hmac.digest(b"client-secret", signed.encode(), "sha256")
    assert web.ask(f"{signed}.{b64(mac)}").refusal == NO_JWT


def test_c12_an_encrypted_token_is_neither_decrypted_nor_unpacked(web: Web) -> None:
    """C12: five segments, or a header that names an encryption, however it would go on."""
    header = {"alg": "RSA-OAEP-256", "enc": "A128GCM", "zip": "DEF", "p2c": 2**31}
    assert web.ask(".".join([b64(header), *["AAAA"] * 4])).refusal == NO_JWT
    assert web.ask(web.issuer.token(header=header)).refusal == NO_JWT


def test_c2_a_symmetric_key_in_the_key_set_is_none(web: Web) -> None:
    """C2, C3."""
    web.issuer.jwks = json.dumps({"keys": [{"kty": "oct", "kid": "rsa-0", "k": b64(b"s" * 32), "use": "sig"}]}).encode()
    assert web.ask(web.issuer.token()).refusal == NO_KEY


def test_an_algorithm_of_another_type_of_key_is_refused(web: Web) -> None:
    web.issuer.keys = [rsa_key(), ec_key()]
    mixed = compact({"alg": "ES256", "kid": "rsa-0"}, web.issuer.claims(), ec_key(), "ES256")
    assert web.ask(mixed).refusal == NO_KEY
    curve = compact({"alg": "ES384", "kid": "P-256-0"}, web.issuer.claims(), ec_key("P-384"), "ES384")
    assert web.ask(curve).refusal == NO_KEY


def test_c4_where_a_token_says_its_key_is_nobody_looks(web: Web) -> None:
    """C4: a forger's own key, in every place that a header has for one."""
    forger = rsa_key(7)
    for more in (
        {"jwk": forger.as_dict(private=False)},
        {"jku": "https://forger.example/jwks", "x5u": "https://forger.example/cert"},
        {"x5c": ["MIIB"]},
    ):
        forged = web.issuer.token(key=forger, header={"kid": "rsa-0"} | more)
        assert web.ask(forged).refusal == BAD_SIGNATURE
    assert {url.split("/")[2] for url in web.documents.fetched} == {web.issuer.url}


def test_a_hint_at_the_certificate_harms_no_honest_token(web: Web) -> None:
    assert (
        web.ask(web.issuer.token(header={"x5t": "abc", "nonce": "1", "jku": "https://idp.example.com/jwks"})).status
        == 200
    )


@pytest.mark.parametrize("kid", ["../../dev/null", "' or 1=1--", "k" * 10_000, "\0", "", "RSA-0"])
def test_c5_a_key_id_is_only_ever_looked_up(web: Web, kid: str) -> None:
    """C5."""
    assert web.ask(web.issuer.token(header={"kid": kid})).refusal == NO_KEY


@pytest.mark.parametrize("kid", [0, True, ["rsa-0"], {"a": 1}])
def test_a_key_id_is_a_text(web: Web, kid: Any) -> None:
    assert web.ask(web.issuer.token(header={"kid": kid})).refusal == NO_JWT


def test_a_token_without_a_key_id_needs_a_provider_with_one_key(web: Web) -> None:
    nameless = web.issuer.token(header={"kid": None})
    assert web.ask(nameless).status == 200
    web.issuer.keys.append(rsa_key(1))
    web.host.at(301)
    late = web.issuer.token(header={"kid": None}, now=web.host.now)
    assert web.ask(late).refusal == NO_KEY


@pytest.mark.parametrize(
    "more",
    [
        {"crit": ["exp"]},
        {"crit": []},
        {"crit": ["b64"], "b64": False},
        {"b64": False},
        {"b64": True},
        {"typ": "at+jwt"},
        {"typ": "logout+jwt"},
        {"typ": 7},
        {"enc": "A128GCM"},
        {"zip": "DEF"},
        {"p2c": 10_000_000},
    ],
)
def test_c6_a_header_that_changes_what_the_token_means_is_refused(web: Web, more: dict[str, Any]) -> None:
    """C6, C12."""
    assert web.ask(web.issuer.token(header=more)).refusal == NO_JWT


@pytest.mark.parametrize("kind", ["JWT", "jwt", None])
def test_the_type_is_jwt_or_nothing(web: Web, kind: str | None) -> None:
    """Service account tokens of Kubernetes have no type."""
    assert web.ask(web.issuer.token(header={"typ": kind})).status == 200


@pytest.mark.parametrize(
    "iss",
    ["https://idp.exam", "https://idp.example.com/", "https://idp.example.co", "https://IDP.example.com", "idp.example.com", "http://idp.example.com",
     "https://idp.example.com:443", "https://idp.example.com?x", " https://idp.example.com", "https://idp.example.com\n", "HTTPS://idp.example.com",
     "https://https://idp.example.com", ""],
)  # fmt: skip
def test_c7_the_issuer_is_one_text(web: Web, iss: str) -> None:
    """C7: neither a beginning nor an end nor another spelling of it."""
    answer = web.ask(web.issuer.token(iss=iss))
    text = f"No OpenIDConnect provider found in your account for {iss}"
    assert (answer.status, answer.code, (answer.message or "").strip()) == (400, "InvalidIdentityToken", text.strip())
    assert repr(iss) in web.reason()


@pytest.mark.parametrize("iss", [["https://idp.example.com"], {"a": "https://idp.example.com"}, 7, True])
def test_an_issuer_that_is_no_text_is_none(web: Web, iss: Any) -> None:
    assert web.ask(web.issuer.token(iss=iss)).refusal == NO_JWT


def test_c10_a_signature_of_zeros_or_of_the_curves_order_is_none(web: Web) -> None:
    """C10: "psychic signatures", and other encodings than the one."""
    web.issuer.keys = [ec_key()]
    head, claims, signature = web.issuer.token("ES256").split(".")
    order = (0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551).to_bytes(32, "big")
    one = (1).to_bytes(32, "big")
    for wrong in (bytes(64), order + order, bytes(32) + one, one + bytes(32), order + one, b"\x30\x06\x02\x01\x01\x02\x01\x01",
                  bytes(63), bytes(65), bytes(96), b"\0"):  # fmt: skip
        assert web.ask(f"{head}.{claims}.{b64(wrong)}").refusal == BAD_SIGNATURE
    assert web.ask(f"{head}.{claims}.{signature}").status == 200


def test_c11_a_token_has_one_form_and_one_spelling(web: Web) -> None:
    """C11: three segments of base64url, no padding, no blanks, no spare bits; no JSON serialization, no JWE."""
    head, claims, signature = web.issuer.token().split(".")
    last = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    spare = signature[:-1] + last[last.index(signature[-1]) ^ 1]
    flattened = json.dumps({"protected": head, "payload": claims, "signature": signature})
    names = ["RSA-OAEP-256", "A128GCM"]
    recipient = RSAKey.import_key(rsa_key().public_key)
    encrypted = jwe.encrypt_compact({"alg": names[0], "enc": names[1]}, b"x" * 100, recipient, algorithms=names)
    for text in (
        f"{head}.{claims}.{signature}=",
        f"{head}.{claims}.{signature} ",
        f"{head}.{claims}.{signature}\n",
        f" {head}.{claims}.{signature}",
        f"{head}.{claims}.{spare}",
        f"{head}.{claims}",
        f"{head}.{claims}.{signature}.{signature}",
        f"{head}..{signature}",
        f"{head}.{claims.replace('e', '+')}.{signature}",
        flattened,
        json.dumps({"payload": claims, "signatures": [{"protected": head, "signature": signature}]}),
        encrypted,
        "." * 2000,
        "a.b.c",
        "Atza|an-opaque-access-token",
    ):
        assert web.ask(text).refusal == NO_JWT, text[:60]


def test_c13_what_is_too_long_is_refused_before_it_is_taken_apart(web: Web) -> None:
    """C13."""
    answer = web.ask("." * 20_001)
    assert (answer.status, answer.code) == (400, "ValidationError")
    assert "less than or equal to 20000" in (answer.message or "")
    assert "...." not in (answer.message or "")
    for text in (
        "." * 20_000,
        f"{'a' * 19_000}.b.c",
        f"{b64('[' * 10_000)}.{b64('{}')}.AA",
        f"{b64('{}')}.{b64('9' * 9000)}.AA",
    ):
        assert web.ask(text).refusal == NO_JWT


@pytest.mark.parametrize(
    "header",
    ['{"alg":"RS256","alg":"RS256","kid":"rsa-0"}', '{"alg":"none","alg":"RS256","kid":"rsa-0"}', '{"alg":"RS256","kid":"x","kid":"rsa-0"}', '["RS256"]', '"RS256"', "{", "", "null"],
)  # fmt: skip
def test_c20_a_header_has_each_member_once(web: Web, header: str) -> None:
    """C20."""
    assert web.ask(compact(header or " ", web.issuer.claims(), rsa_key())).refusal == NO_JWT


def test_of_equal_claims_the_last_counts_everywhere(web: Web) -> None:
    """As recorded on AWS: for the issuer, which is read before the signature is verified, as for the subject."""
    claims = json.dumps(web.issuer.claims())
    twice = '{"iss":"https://other.example","sub":"first",' + claims[1:]
    answer = web.ask(compact({"alg": "RS256", "kid": "rsa-0"}, twice, rsa_key()))
    assert (answer.status, answer.text("SubjectFromWebIdentityToken")) == (200, "someone")


@pytest.mark.parametrize(
    "payload",
    ['{"iss":"https://idp.example.com","sub":"\\ud800"}', '{"iss":"\\udfff"}', '{"iss":NaN}', '{"x":1e400}', '{"x":-Infinity}', "[]", '{"iss":"a"', "\ufeff{}"],
)  # fmt: skip
def test_c20_claims_are_json_and_texts_are_texts(web: Web, payload: str) -> None:
    """C20."""
    assert web.ask(compact({"alg": "RS256", "kid": "rsa-0"}, payload, rsa_key())).refusal == NO_JWT


def test_claims_in_another_encoding_are_none(web: Web) -> None:
    for encoding in ("utf-16", "utf-32", "latin-1"):
        payload = json.dumps(web.issuer.claims(sub="é"), ensure_ascii=False).encode(encoding)
        assert web.ask(compact({"alg": "RS256", "kid": "rsa-0"}, payload, rsa_key())).refusal == NO_JWT


def test_c19_a_forged_token_is_not_called_expired_and_names_nobody(web: Web) -> None:
    """C19."""
    forged = web.issuer.token(key=rsa_key(5), header={"kid": "rsa-0"}, now=START - 10_000, sub="root-of-all")
    assert web.ask(forged).refusal == BAD_SIGNATURE
    record = web.host.journal.records[-1]
    assert record["userIdentity"] == {"type": "AWSAccount", "principalId": "", "accountId": "anonymous"}
    assert b"root-of-all" not in web.host.journal.lines[-1]
    assert "signature does not verify with key 'rsa-0' (RS256)" in web.reason()


def test_a_changed_claim_breaks_the_signature(web: Web) -> None:
    head, claims, signature = web.issuer.token().split(".")
    changed = b64(web.issuer.claims(sub="somebody else"))
    assert web.ask(f"{head}.{changed}.{signature}").refusal == BAD_SIGNATURE
    assert (
        web.ask(f"{b64({'alg': 'RS384', 'kid': 'rsa-0', 'typ': 'JWT'})}.{claims}.{signature}").refusal == BAD_SIGNATURE
    )


def test_a_token_of_another_provider_under_this_ones_name_is_forged(web: Web) -> None:
    """Two providers never mix, whatever their keys are called."""
    other = Issuer("other.example.com", [RSAKey.import_key(rsa_key(3).public_key, {"kid": "rsa-0"})])
    web.register(other)
    signer, kid = rsa_key(3), {"kid": "rsa-0"}
    assert web.ask(other.token(iss=web.issuer.name, key=signer, header=kid)).refusal == BAD_SIGNATURE
    assert web.ask(other.token(key=signer, header=kid)).refusal == NOT_AUTHORIZED
    assert web.ask(web.issuer.token()).status == 200


def test_the_token_stands_nowhere(web: Web, caplog: pytest.LogCaptureFixture) -> None:
    token = web.issuer.token(exp=int(START) - 4000)
    web.ask(token)
    web.ask(web.issuer.token())
    written = b"".join(web.host.journal.lines) + caplog.text.encode()
    assert token.split(".")[2].encode() not in written
    assert token.split(".")[1].encode() not in written


@pytest.mark.parametrize("depth", [32, 500, 970, 974, 980, 2000, 7000])
def test_what_is_nested_deep_is_no_token_however_deep(web: Web, depth: int) -> None:
    """The limit is a number, not what is left of a stack; the escapes make the check for half characters look as well."""
    deep = (
        b'{"x":' + b"[" * depth + b"]" * depth + rb',"y":"\ud83d\ude00","alg":"RS256","iss":"https://idp.example.com"}'
    )
    assert web.ask(f"{b64(deep)}.{b64(web.issuer.claims())}.AAAA").refusal == NO_JWT
    assert web.ask(f"{b64({'alg': 'RS256'})}.{b64(deep)}.AAAA").refusal == NO_JWT


def test_what_is_nested_a_little_is_a_token(web: Web) -> None:
    value: Any = "\U0001f600"
    for _ in range(30):
        value = [value]
    assert web.ask(web.issuer.token(x=value)).status == 200


@pytest.mark.parametrize("odd", ["x", "\U000e0001", "\x00"])
def test_what_an_unverified_token_says_does_not_fill_the_log(web: Web, odd: str, caplog: pytest.LogCaptureFixture) -> None:  # fmt: skip
    """Anyone may send one: neither its issuer nor its key's name is written out at any length, however it is escaped."""
    web.ask(web.issuer.token(iss=f"https://{odd * 900}"))
    web.ask(web.issuer.token(header={"kid": odd * 900}))
    web.ask(web.issuer.token(header={"typ": odd * 900}))
    lines = [record.getMessage() for record in caplog.records if "refused with" in record.getMessage()]
    assert len(lines) == 3
    assert max(map(len, lines)) < 600


def test_a_reason_names_a_few_of_many_keys(web: Web) -> None:
    keys = [rsa_key().as_dict(private=False) | {"kid": f"key-{number}"} for number in range(50)]
    web.issuer.jwks = json.dumps({"keys": keys}).encode()
    assert web.ask(web.issuer.token(header={"kid": "another"})).refusal == NO_KEY
    assert "no usable key with kid 'another', but 'key-0', 'key-1', 'key-2', 'key-3' and 46 more" in web.reason()
    assert "key-4" not in web.reason()
