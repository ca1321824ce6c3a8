"""The keys of providers: which are usable, how long they are kept, who waits for whom (sts.md 14.2; threats: C10, C15)."""

from __future__ import annotations

import asyncio
import json
from base64 import b64decode, b64encode
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from oidcworld import NO_KEY, Documents, Issuer, ec_key, make_web, rsa_key

from daypass.federation import Faulty, Unreachable, Untrusted
from daypass.federation.json_web_keys import NoSuchKey, verification_keys
from daypass.federation.provider_keys import ProviderKeys

if TYPE_CHECKING:
    from oidcworld import Web

UNREACHABLE = (400, "IDPCommunicationError")


@pytest.fixture
def web() -> Web:
    return make_web()


def jwk(key: Any = None, **changed: Any) -> dict[str, Any]:
    told = (key or rsa_key()).as_dict(private=False) | changed
    return {name: value for name, value in told.items() if value is not None}


def key_set(*keys: Any) -> bytes:
    return json.dumps({"keys": keys}).encode()


def certificate_of(key: Any) -> str:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "idp")])
    now = datetime.now(UTC)
    built = x509.CertificateBuilder().subject_name(name).issuer_name(name).serial_number(7).public_key(key.public_key)
    made = built.not_valid_before(now).not_valid_after(now + timedelta(days=1)).sign(key.private_key, SHA256())
    return b64encode(made.public_bytes(Encoding.DER)).decode()


def certificate_of_version_four(key: Any) -> str:
    """X.509 ends at version 3, which is written as 2."""
    der = b64decode(certificate_of(key))
    assert der.count(bytes.fromhex("a003020102")) == 1
    return b64encode(der.replace(bytes.fromhex("a003020102"), bytes.fromhex("a003020103"))).decode()


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"use": None},
        {"alg": "PS512"},
        {"alg": "HS256"},
        {"extra": {"a": 1}},
        {"x5t": "whatever"},
    ],
)
def test_a_key_with_a_name_is_usable_whatever_algorithm_it_says(changed: dict[str, Any]) -> None:
    assert verification_keys(key_set(jwk(**changed))).find("RS256", "rsa-0")


@pytest.mark.parametrize(
    "changed",
    [
        {"kid": None},
        {"kid": 7},
        {"use": "enc"},
        {"use": ""},
        {"key_ops": ["verify"]},
        {"key_ops": []},
        {"kty": "oct", "k": "c2VjcmV0"},
        {"kty": "rsa"},
        {"kty": "OKP", "crv": "Ed25519", "x": "AA"},
        {"kty": "EC"},
        {"n": None},
        {"n": ""},
        {"n": 7},
        {"e": "AQ"},
        {"e": "Ag"},
        {"x5c": [certificate_of(rsa_key(1))]},
        {"x5c": ["nonsense"]},
        {"x5c": []},
        {"x5c": [certificate_of_version_four(rsa_key())]},
        {"n": None, "e": None, "x5c": [certificate_of(rsa_key())]},
    ],
)
def test_other_keys_are_dropped_and_the_rest_is_used(changed: dict[str, Any]) -> None:
    keys = verification_keys(key_set(jwk(**changed), 7, None, jwk(rsa_key(1))))
    assert list(keys.keys) == ["rsa-1"]
    with pytest.raises(Faulty, match="no usable key"):
        verification_keys(key_set(jwk(**changed)))


def test_a_certificate_that_is_the_keys_own_does_no_harm() -> None:
    assert verification_keys(key_set(jwk(x5c=[certificate_of(rsa_key())]))).find("RS256", "rsa-0")


def test_c10_weak_and_broken_keys_are_dropped() -> None:
    """C10: short moduli, even ones, points off the curve."""
    even = b64url(rsa_key().public_key.public_numbers().n - 1)
    weak = b64url((1 << 1023) | 1)
    with pytest.warns(match="2048"):
        short = rsa_key(9, 1024)
    point = jwk(ec_key(), x="A" * 43)
    swapped = jwk(ec_key(), crv="P-384")
    for bad in (jwk(short), jwk(n=even), jwk(n=weak), point, swapped):
        with pytest.raises(Faulty):
            verification_keys(key_set(bad))


def b64url(number: int) -> str:
    data = number.to_bytes((number.bit_length() + 7) // 8, "big")
    return b64encode(data, b"-_").rstrip(b"=").decode()


def test_of_two_keys_of_one_name_the_later_counts() -> None:
    keys = verification_keys(key_set(jwk(rsa_key(1), kid="same"), jwk(ec_key(), kid="same")))
    assert keys.find("ES256", "same").key_type == "EC"
    with pytest.raises(NoSuchKey):
        keys.find("RS256", "same")


def test_more_than_a_hundred_rsa_keys_are_none_and_other_keys_still_count() -> None:
    many = [jwk(kid=f"k{number}") for number in range(100)]
    assert verification_keys(key_set(*many, jwk(ec_key()))).find("RS256", "k7")
    keys = verification_keys(key_set(*many, jwk(kid="one-more"), jwk(ec_key())))
    assert keys.find("ES256", "P-256-0")
    with pytest.raises(NoSuchKey):
        keys.find("RS256", "k7")


@pytest.mark.parametrize("document", [b"", b"[]", b"{}", b'{"keys":{}}', b'{"keys":[]}', b"\xff", b'{"keys":' + b"[" * 5000, b"{" * 5000])  # fmt: skip
def test_what_is_no_key_set_is_none(document: bytes) -> None:
    with pytest.raises(Faulty):
        verification_keys(document)


@pytest.mark.parametrize(
    "described",
    [
        {"issuer": "https://idp.example.com/"},
        {"issuer": "https://other.example.com"},
        {"issuer": None},
        {"issuer": ["https://idp.example.com"]},
        {"jwks_uri": None},
        {"jwks_uri": "http://idp.example.com/jwks"},
        {"jwks_uri": 7},
        {"response_types_supported": None},
        {"subject_types_supported": None},
        {"id_token_signing_alg_values_supported": None},
    ],
)
def test_a_description_must_be_the_issuers_and_complete(web: Web, described: dict[str, Any]) -> None:
    web.issuer.described = described
    assert web.ask(web.issuer.token()).refusal == NO_KEY
    assert web.documents.key_fetches == 0


def test_keys_are_fetched_once_and_kept(web: Web) -> None:
    for _ in range(3):
        assert web.ask(web.issuer.token()).status == 200
    assert web.documents.fetched == [
        "https://idp.example.com/.well-known/openid-configuration",
        "https://idp.example.com/jwks",
    ]


def test_keys_are_kept_as_long_as_the_provider_says_within_bounds(web: Web) -> None:
    for max_age, kept in ((300, 300), (0, 10), (10**8, 3600)):
        web.host.at(4000)
        web.documents.max_age = max_age
        web.ask(web.issuer.token(now=web.host.now))
        before = web.documents.key_fetches
        web.host.at(kept - 1)
        assert web.ask(web.issuer.token(now=web.host.now)).status == 200
        assert web.documents.key_fetches == before
        web.host.at(1)
        assert web.ask(web.issuer.token(now=web.host.now)).status == 200
        assert web.documents.key_fetches == before + 1


def test_a_new_key_is_found_at_once_and_an_old_one_ends(web: Web) -> None:
    old = web.issuer.token()
    assert web.ask(old).status == 200
    web.host.at(11)
    web.issuer.keys = [rsa_key(1)]
    assert web.ask(web.issuer.token()).status == 200
    assert web.ask(old).refusal == NO_KEY


def test_c15_a_flood_of_unknown_keys_fetches_once_in_ten_seconds_and_delays_no_known_key(web: Web) -> None:
    """C15."""
    web.ask(web.issuer.token())
    web.host.at(11)
    for number in range(50):
        assert web.ask(web.issuer.token(header={"kid": f"flood-{number}"})).refusal == NO_KEY
    assert web.documents.key_fetches == 2
    assert "fetched less than 10 s ago" in web.reason()
    assert web.ask(web.issuer.token()).status == 200
    web.host.at(10)
    web.ask(web.issuer.token(header={"kid": "again"}))
    assert web.documents.key_fetches == 3


def test_a_provider_that_is_gone_is_served_from_its_keys_while_they_are_good(web: Web) -> None:
    assert web.ask(web.issuer.token()).status == 200
    web.documents.problem = Unreachable("connection refused")
    web.host.at(3599)
    assert web.ask(web.issuer.token(now=web.host.now)).status == 200
    assert web.ask(web.issuer.token(now=web.host.now)).status == 200
    assert web.documents.key_fetches == 1
    web.host.at(1)
    answer = web.ask(web.issuer.token(now=web.host.now))
    assert answer.refusal[:2] == UNREACHABLE
    assert web.reason() == "connection refused"


def test_c15_a_bad_answer_never_replaces_good_keys(web: Web) -> None:
    """C15: cache poisoning."""
    assert web.ask(web.issuer.token()).status == 200
    web.issuer.jwks = b'{"keys":[]}'
    web.host.at(400)
    assert web.ask(web.issuer.token(now=web.host.now)).status == 200


def test_a_provider_that_cannot_be_reached_is_an_error_that_clients_try_again(web: Web) -> None:
    web.documents.problem = Unreachable("no route to host")
    assert web.ask(web.issuer.token()).refusal[:2] == UNREACHABLE
    asked = len(web.documents.fetched)
    assert web.ask(web.issuer.token()).refusal[:2] == UNREACHABLE
    assert len(web.documents.fetched) == asked
    web.documents.problem = None
    web.host.at(2)
    assert web.ask(web.issuer.token()).status == 200


def test_a_server_that_nobody_vouches_for_has_its_own_text(web: Web) -> None:
    web.documents.problem = Untrusted("no known CA")
    text = "OpenIDConnect provider's HTTPS certificate doesn't match configured thumbprint"
    assert web.ask(web.issuer.token()).refusal == (400, "InvalidIdentityToken", text)


def test_keys_of_two_providers_are_kept_apart(web: Web) -> None:
    """One key id, two keys: each is its own provider's alone."""
    other = Issuer("idp.example.com/tenant", [ec_key()])
    other.jwks = key_set(jwk(ec_key(), kid="rsa-0"))
    web.register(other)
    assert web.ask(web.issuer.token()).status == 200
    assert web.ask(other.token("ES256", header={"kid": "rsa-0"}, iss=web.issuer.name)).refusal == NO_KEY
    assert web.ask(web.issuer.token(iss=other.name)).refusal == NO_KEY


def test_c15_a_fault_that_nobody_thought_of_is_a_problem_like_others(web: Web) -> None:
    """C15: kept keys are used on, and the pauses between fetches hold."""
    assert web.ask(web.issuer.token()).status == 200
    web.documents.problem = RuntimeError("not foreseen")  # type: ignore[assignment]
    web.host.at(400)
    for _ in range(3):
        assert web.ask(web.issuer.token(now=web.host.now)).status == 200
    assert len(web.documents.fetched) == 3
    web.host.at(3600)
    for _ in range(3):
        assert web.ask(web.issuer.token(now=web.host.now)).refusal == NO_KEY
    assert len(web.documents.fetched) == 4
    assert "RuntimeError: not foreseen" in web.reason()


async def _find(keys: ProviderKeys, kid: str = "rsa-0", issuer: str = "https://idp.example.com", thumbprints: tuple[str, ...] = ()) -> Any:  # fmt: skip
    return await keys.find(issuer, thumbprints, "RS256", kid)


def test_all_who_wait_for_keys_wait_for_one_fetch() -> None:
    async def scene() -> None:
        opened = asyncio.Event()
        documents = Documents([Issuer()], gate=opened.wait)
        keys = ProviderKeys(documents, 3600, lambda: 0.0)
        waiting = [asyncio.create_task(_find(keys)) for _ in range(20)]
        await asyncio.sleep(0.01)
        waiting[0].cancel()
        await asyncio.sleep(0)
        opened.set()
        found = await asyncio.gather(*waiting, return_exceptions=True)
        assert isinstance(found[0], asyncio.CancelledError)
        assert len({id(one.key) for one in found[1:]}) == 1
        assert documents.key_fetches == 1

    asyncio.run(scene())


def test_a_slow_provider_delays_nobody_elses_tokens() -> None:
    async def scene() -> None:
        never = asyncio.Event()

        class Mixed(Documents):
            async def document(self, url: str, thumbprints: tuple[str, ...]) -> Any:
                if "slow" in url:
                    await never.wait()
                return await super().document(url, thumbprints)

        keys = ProviderKeys(Mixed([Issuer()]), 3600, lambda: 0.0)
        slow = [asyncio.create_task(_find(keys, issuer="https://slow.example.com")) for _ in range(50)]
        await asyncio.sleep(0)
        assert await asyncio.wait_for(_find(keys), 1)
        for one in slow:
            one.cancel()
        await asyncio.gather(*slow, return_exceptions=True)

    asyncio.run(scene())


def test_nobody_with_kept_keys_waits_for_a_provider_that_has_failed_once() -> None:
    async def scene() -> None:
        clock, documents = [0.0], Documents([Issuer()])
        keys = ProviderKeys(documents, 3600, lambda: clock[0])
        await _find(keys)
        documents.problem = Unreachable("gone")
        clock[0] = 400
        await _find(keys)
        documents.gate = asyncio.Event().wait
        clock[0] = 420
        for _ in range(3):
            assert await asyncio.wait_for(_find(keys), 1)
        assert len(documents.fetched) == 4  # two documents, one that failed, one under way
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(_find(keys, "unknown"), 0.01)

    asyncio.run(scene())


def test_what_one_accounts_thumbprints_vouch_for_is_nothing_to_another() -> None:
    async def scene() -> None:
        documents = Documents([Issuer()])
        keys = ProviderKeys(documents, 3600, lambda: 0.0)
        await _find(keys, thumbprints=("a" * 40,))
        documents.problem = Untrusted("no known CA")
        with pytest.raises(Untrusted):
            await _find(keys, thumbprints=("b" * 40,))
        await _find(keys, thumbprints=("a" * 40,))

    asyncio.run(scene())


def test_the_number_of_providers_that_are_kept_is_bounded() -> None:
    async def scene() -> None:
        documents = Documents(problem=Faulty("nothing there"))
        keys = ProviderKeys(documents, 3600, lambda: 0.0)
        for number in range(1100):
            with pytest.raises(Faulty):
                await _find(keys, issuer=f"https://{number}.example.com")
        assert len(keys._providers) == 1000

    asyncio.run(scene())
