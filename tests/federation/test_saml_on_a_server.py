"""AssumeRoleWithSAML on a real server of several workers: an assertion that is good once is so in all of them."""

from __future__ import annotations

import re
import time
import urllib.error
import urllib.parse
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from clientkit import Clients, Server, launch, trusting
from samlkit import Idp, claims, encoded, response

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

USED = "The SAML assertion has been used already"


@dataclass(frozen=True)
class Trusting:
    """A server with a role that trusts the test's identity provider."""

    server: Server
    role: str
    provider: str

    def assertion(self, number: int) -> str:
        said = claims(Role=f"{self.role},{self.provider}")
        return encoded(response(Idp(), now=int(time.time()), id=f"_assertion_{number}", attributes=said))

    def assume(self, assertion: str) -> str:
        """The subject, or the refusal's text. Each call has a connection of its own, so that workers take turns."""
        form = {
            "Action": "AssumeRoleWithSAML",
            "Version": "2011-06-15",
            "RoleArn": self.role,
            "PrincipalArn": self.provider,
        }
        data = urllib.parse.urlencode(form | {"SAMLAssertion": assertion}).encode()
        try:
            with urllib.request.urlopen(self.server.url, data, timeout=30) as answer:
                body = answer.read().decode()
        except urllib.error.HTTPError as error:
            body = error.read().decode()
        found = re.search("<(?:Subject|Message)>(.*?)</", body)
        assert found is not None
        return found[1]


@pytest.fixture
def once(tmp_path: Path) -> Iterator[Trusting]:
    """A server of two workers on which an assertion is good once."""
    server = launch(tmp_path / "data", "--workers", "2", federation_saml_replay="refuse")
    admin = Clients(server.url, server.credentials())
    provider = admin.iam.create_saml_provider(Name="Corp", SAMLMetadataDocument=Idp().metadata())["SAMLProviderArn"]
    trust = trusting({"Federated": provider}, "sts:AssumeRoleWithSAML")
    role = admin.iam.create_role(RoleName="Saml", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    yield Trusting(server, role, provider)
    if server.process.poll() is None:
        assert server.stop() == 0


def test_of_many_uses_at_once_in_all_workers_one_succeeds(once: Trusting) -> None:
    for number in range(3):
        assertion = once.assertion(number)
        with ThreadPoolExecutor(8) as callers:
            answers = list(callers.map(lambda _: once.assume(assertion), range(8)))  # noqa: B023 - used within the turn
        assert sorted(answers) == [USED] * 7 + ["ada"]


def test_a_use_is_remembered_when_the_server_starts_again(once: Trusting) -> None:
    assertion = once.assertion(100)
    assert once.assume(assertion) == "ada"
    assert once.server.stop() == 0
    again = launch(once.server.data, "--workers", "2", federation_saml_replay="refuse")
    try:
        assert Trusting(again, once.role, once.provider).assume(assertion) == USED
    finally:
        again.process.kill()
        again.process.wait(timeout=10)
