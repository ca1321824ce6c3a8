"""The condition keys of identity providers, as the table has them (docs/condition-keys.md)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from oidcworld import CLIENT, Issuer, make_web
from samlkit import Corp, claims

from daypass.access import authorize
from daypass.federation.saml import condition_keys as saml_attributes
from daypass.policy.condition_keys import CONDITION_KEYS, condition_key, spelled

if TYPE_CHECKING:
    from worldkit import Host

GOOGLE = Issuer("accounts.google.com")
TAGS = {"https://aws.amazon.com/tags": {"principal_tags": {"team": ["a"]}, "transitive_tag_keys": ["team"]}}
OF_PROVIDERS = {k.name for k in CONDITION_KEYS if k.name.startswith(("saml:", "${Provider}", "sts:RoleAuthorized"))}


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[Any]]:
    """The condition keys of all that the policy engine is asked."""
    found: dict[str, list[Any]] = {}
    decide = authorize.decide

    def noting(layers: Any, request: Any) -> Any:
        for key, value in request.context.items():
            found.setdefault(key, []).append(value)
        return decide(layers, request)

    monkeypatch.setattr(authorize, "decide", noting)
    return found


def check(asked: dict[str, list[Any]]) -> set[str]:
    """The names of the keys in the table, each of which was what it is there."""
    for name, values in asked.items():
        key = condition_key(name)
        assert key is not None, name
        assert key.supplied, name
        assert all(isinstance(value, tuple) is key.multivalued for value in values), name
    return {key.name for key in map(condition_key, asked) if key is not None}


def test_keys_of_tokens_are_in_the_table(asked: dict[str, list[Any]]) -> None:
    web = make_web()
    web.register(GOOGLE)
    web.trust(web.letting_in("sts:AssumeRoleWithWebIdentity", "sts:TagSession"), web.letting_in(issuer=GOOGLE))
    web.assume(web.issuer.token(amr=["mfa", "pwd"], **TAGS))
    web.assume(GOOGLE.token(azp=CLIENT, aud="another"))
    times = {key: asked.pop(key) for key in [key for key in asked if key.endswith((":iat", ":exp", ":iss", ":azp"))]}
    assert all(isinstance(value, str) for values in times.values() for value in values)
    found = check(asked)
    assert {key for key in OF_PROVIDERS if not key.startswith("saml:")} <= found
    assert spelled("idp.example.com:SUB") == "idp.example.com:SUB"


def test_keys_of_assertions_are_in_the_table(host: Host, asked: dict[str, list[Any]]) -> None:
    corp = Corp.on(host)
    said = {attribute: ["x", "y"] for attribute in (*saml_attributes._SEVERAL, *saml_attributes._ONE)}
    corp.assume(attributes=claims() | said)
    assert {key for key in OF_PROVIDERS if key.startswith("saml:")} <= check(asked)
