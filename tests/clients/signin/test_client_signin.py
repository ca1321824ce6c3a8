"""The sample of AWS's guide ("custom identity broker"), at a real server: a script makes a link, and who opens it is signed in."""

from __future__ import annotations

import json
import urllib.error
import urllib.parse
import urllib.request
from http.cookiejar import CookieJar
from typing import TYPE_CHECKING

import pytest
from clientkit import Clients, Server, trusting

if TYPE_CHECKING:
    from collections.abc import Callable


def link(url: str, clients: Clients, role: str) -> str:
    """A link that signs in, as the guide's script makes it."""
    session = clients.sts.assume_role(RoleArn=role, RoleSessionName="ana")["Credentials"]
    shown = {"sessionId": session["AccessKeyId"], "sessionKey": session["SecretAccessKey"], "sessionToken": session["SessionToken"]}  # fmt: skip
    asked = {"Action": "getSigninToken", "SessionDuration": "7200", "Session": json.dumps(shown)}
    with urllib.request.urlopen(f"{url}/federation?{urllib.parse.urlencode(asked)}", timeout=30) as answer:
        token = json.loads(answer.read())["SigninToken"]
    opened = {"Action": "login", "Issuer": "https://broker.example.com", "Destination": "https://console.aws.amazon.com/", "SigninToken": token}  # fmt: skip
    return f"{url}/federation?{urllib.parse.urlencode(opened)}"


def browser() -> Callable[[str], str]:
    """Opens pages, follows redirects and keeps cookies."""
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))

    def open_page(url: str) -> str:
        with opener.open(url, timeout=30) as answer:
            return str(answer.read().decode())

    return open_page


def test_who_opens_a_brokers_link_is_signed_in_and_nobody_else(server: Server, account: Clients, unique: str) -> None:
    account_id = account.account
    role = account.iam.create_role(RoleName=unique, AssumeRolePolicyDocument=trusting({"AWS": account_id}))["Role"]["Arn"]  # fmt: skip
    address = link(server.url, account, role)
    ana, other = browser(), browser()
    assert f"arn:aws:sts::{account_id}:assumed-role/{unique}/ana" in ana(address)
    assert "Sign out" in ana(f"{server.url}/console/")
    assert "Signed out" in other(f"{server.url}/console/")
    with pytest.raises(urllib.error.HTTPError) as refused:
        other(address)
    assert refused.value.code == 400
    assert "has been used" in refused.value.read().decode()
    server.cli("sessions", "revoke", "--principal", role)
    assert "Signed out" in ana(f"{server.url}/console/")
