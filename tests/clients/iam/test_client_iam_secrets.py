"""Secrets that IAM hands out are in the answer, and nowhere in clear on the disk (threat G3)."""

from __future__ import annotations

from base64 import b32decode, b64encode
from typing import TYPE_CHECKING

from clientkit import make_user
from iamkit import refused

if TYPE_CHECKING:
    from clientkit import Clients, Server


def test_neither_seeds_nor_secret_keys_nor_codes_reach_the_disk(server: Server, account: Clients) -> None:
    bob = make_user(account, "bob")
    device = account.iam.create_virtual_mfa_device(VirtualMFADeviceName="bob")["VirtualMFADevice"]
    seed, picture = device["Base32StringSeed"], device["QRCodePNG"]
    given = {"UserName": "bob", "SerialNumber": device["SerialNumber"]}
    with refused("InvalidAuthenticationCode"):
        account.iam.enable_mfa_device(AuthenticationCode1="918273", AuthenticationCode2="645546", **given)
    secret = bob.clients.credentials.secret_access_key.encode()
    hidden = [secret, seed, b64encode(seed), b32decode(seed), picture, b64encode(picture), b'"918273"', b'"645546"']
    files = [path for path in server.data.rglob("*") if path.is_file() and path.name != "credentials"]
    seen = b"".join(path.read_bytes() for path in files)
    assert b"CreateVirtualMFADevice" in seen
    for number, canary in enumerate(hidden):
        assert canary not in seen, f"canary {number}"
