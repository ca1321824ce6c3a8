"""``sts.issuer_base_url``: what it takes, and what stands in for it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from daypass.config import Config, ConfigProblem, load

TLS = {"tls_certificate": Path("c.pem"), "tls_key": Path("k.pem")}


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("https://sts.example.org", "https://sts.example.org"),
        ("https://STS.Example.org/", "https://sts.example.org"),
        ("https://sts.example.org:8443", "https://sts.example.org:8443"),
        ("https://sts.example.org:443", "https://sts.example.org"),
        ("https://localhost:4100", "https://localhost:4100"),
        ("https://192.0.2.7", "https://192.0.2.7"),
        ("", ""),
    ],
)
def test_an_https_url_of_a_host(written: str, kept: str) -> None:
    assert load({}, {"DAYPASS_STS_ISSUER_BASE_URL": written}).settings.sts_issuer_base_url == kept


@pytest.mark.parametrize(
    "written",
    [
        "http://sts.example.org", "sts.example.org", "https://", "https://sts.example.org/path", "https://a:b@c",
        "https://sts.example.org?x=1", "https://sts.example.org#x", "https://sts.example.org:", "https://sts.example.org:0",
        "https://sts.example.org:70000", "https://sts.example.org:x", "https://-a", "https://a b", "https://ä.example",
    ],
)  # fmt: skip
def test_nothing_else(written: str) -> None:
    with pytest.raises(ConfigProblem, match="expected a URL such as"):
        load({}, {"DAYPASS_STS_ISSUER_BASE_URL": written})


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, ""),
        ({"port": 4100} | TLS, "https://localhost:4100"),
        ({"host": "sts.example.org", "port": 443} | TLS, "https://sts.example.org"),
        ({"host": "::1", "port": 4100} | TLS, "https://localhost:4100"),
        ({"host": "0.0.0.0"} | TLS, ""),
        ({"host": "::"} | TLS, ""),
        ({"port": 0} | TLS, ""),
        ({"host": "0.0.0.0", "sts_issuer_base_url": "https://a.example"} | TLS, "https://a.example"),
    ],
)
def test_without_it_the_servers_own_address_if_it_has_one_and_speaks_tls(
    settings: dict[str, Any], expected: str
) -> None:
    assert Config(**settings).settings.sts_issuer_base_url == expected
