"""glewlwyd, an OpenID provider in C (Debian), set up by its own administration API: a second implementation to believe.

It serves HTTPS with a certificate of the test's CA, from a database in a folder of the test's.
"""

from __future__ import annotations

import base64
import json
import shutil
import socket
import sqlite3
import ssl
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from oidckit import BACK, CLIENT, SECRET, Unredirected

if TYPE_CHECKING:
    from oidckit import PrivateCa

SCHEMA = Path("/usr/share/dbconfig-common/data/glewlwyd/install/sqlite3")
START_SECONDS = 20
CONFIG = """
port={port}
external_url="https://localhost:{port}"
login_url="login.html"
api_prefix="api"
static_files_path="/usr/share/glewlwyd/webapp/"
log_mode="console"
log_level="ERROR"
cookie_secure=1
session_expiration=3600
session_key="SESSION"
admin_scope="g_admin"
profile_scope="g_profile"
user_module_path="/usr/lib/glewlwyd/user"
user_middleware_module_path="/usr/lib/glewlwyd/user_middleware"
client_module_path="/usr/lib/glewlwyd/client"
user_auth_scheme_module_path="/usr/lib/glewlwyd/scheme"
plugin_module_path="/usr/lib/glewlwyd/plugin"
use_secure_connection=true
secure_connection_key_file="{key}"
secure_connection_pem_file="{certificate}"
hash_algorithm="SHA512"
database = {{ type = "sqlite3" path = "{database}" }};
"""


def installed() -> bool:
    """Whether the program and its schema are there."""
    return shutil.which("glewlwyd") is not None and SCHEMA.exists()


@dataclass
class Visitor:
    """Who talks to the provider, with the one cookie that it gives."""

    root: str
    context: ssl.SSLContext
    cookie: str = ""

    def call(self, method: str, path: str, body: dict[str, Any] | None = None, form: dict[str, str] | None = None, **headers: str) -> tuple[str, str]:  # fmt: skip
        """Where an answer leads to, and its text."""
        data = json.dumps(body).encode() if body is not None else urllib.parse.urlencode(form).encode() if form else None  # fmt: skip
        request = urllib.request.Request(f"{self.root}/api{path}", data=data, method=method, headers=headers)
        if body is not None:
            request.add_header("Content-Type", "application/json")
        if self.cookie:
            request.add_header("Cookie", self.cookie)
        opener = urllib.request.build_opener(urllib.request.HTTPSHandler(context=self.context), Unredirected())
        with opener.open(request, timeout=10) as answer:
            given = answer.headers.get("set-cookie")
            if given:
                self.cookie = given.partition(";")[0]
            return answer.headers.get("location", ""), answer.read().decode()


@dataclass
class Glewlwyd:
    """A running provider with one client and one person, ``alice``."""

    root: str
    context: ssl.SSLContext
    process: subprocess.Popen[bytes]
    issuer: str = field(init=False)

    def __post_init__(self) -> None:
        self.issuer = f"{self.root}/api/oidc"

    @classmethod
    def start(cls, ca: PrivateCa, folder: Path) -> Glewlwyd:
        """Start one on a free port and set it up."""
        certificate, key = ca.issue("localhost")
        folder.mkdir()
        database = sqlite3.connect(folder / "glewlwyd.db")
        database.executescript(SCHEMA.read_text())
        database.close()
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        config = folder / "glewlwyd.conf"
        config.write_text(CONFIG.format(port=port, key=key, certificate=certificate, database=folder / "glewlwyd.db"))
        process = subprocess.Popen(
            ["glewlwyd", "-c", str(config)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        made = cls(f"https://localhost:{port}", ssl.create_default_context(cafile=str(ca.bundle)), process)
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                made._set_up()
            except (urllib.error.URLError, ConnectionError):
                if time.monotonic() > deadline or process.poll() is not None:
                    process.kill()
                    raise
                time.sleep(0.1)
            else:
                return made

    @property
    def url(self) -> str:
        """The issuer as IAM names providers: without a scheme."""
        return self.issuer.removeprefix("https://")

    def _set_up(self) -> None:
        admin = Visitor(self.root, self.context)
        admin.call("POST", "/auth/", {"username": "admin", "password": "password"})
        key = rsa.generate_private_key(65537, 2048)
        parameters = {
            "iss": self.issuer, "jwt-type": "rsa", "jwt-key-size": "256", "subject-type": "public", "jwks-show": True, "jwks-uri": "",
            "key": key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode(),
            "cert": key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode(),
            "access-token-duration": 3600, "refresh-token-duration": 3600, "code-duration": 600, "refresh-token-rolling": True,
            "allow-non-oidc": False, "pkce-allowed": False, "name-claim": "no", "email-claim": "no", "scope-claim": "no",
        } | {f"auth-type-{kind}-enabled": kind in ("code", "refresh")
             for kind in ("code", "id-token", "token", "client", "password", "refresh", "none")}  # fmt: skip
        admin.call("POST", "/mod/plugin/", {"module": "oidc", "name": "oidc", "display_name": "oidc", "parameters": parameters, "enabled": True})  # fmt: skip
        admin.call("POST", "/client/?source=database", {
            "client_id": CLIENT, "name": CLIENT, "confidential": True, "password": SECRET, "redirect_uri": [BACK],
            "authorization_type": ["code"], "token_endpoint_auth_method": ["client_secret_basic"], "scope": ["openid"], "enabled": True})  # fmt: skip
        admin.call("POST", "/user/?source=database", {"username": "alice", "password": "alice-password", "name": "Alice", "scope": ["openid"], "enabled": True})  # fmt: skip

    def sign_in(self) -> str:
        """The ID token of alice, by the authorization code flow."""
        alice = Visitor(self.root, self.context)
        alice.call("POST", "/auth/", {"username": "alice", "password": "alice-password"})
        alice.call("PUT", f"/auth/grant/{CLIENT}", {"scope": "openid"})
        asked = {"response_type": "code", "client_id": CLIENT, "redirect_uri": BACK, "scope": "openid", "nonce": "n", "g_continue": ""}  # fmt: skip
        place, _ = alice.call("GET", f"/oidc/auth?{urllib.parse.urlencode(asked)}")
        code = urllib.parse.parse_qs(urllib.parse.urlsplit(place).query)["code"][0]
        proof = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": BACK}
        _, text = Visitor(self.root, self.context).call(
            "POST", "/oidc/token", form=form, Authorization=f"Basic {proof}"
        )
        return str(json.loads(text)["id_token"])

    def kill(self) -> None:
        """The provider is gone."""
        self.process.kill()
        self.process.wait(timeout=10)
