"""A real OpenID provider (npm ``oidc-provider``, certified) and a private CA: what the fixtures are made of.

The provider's program is ``node/provider.mjs``; its packages are installed once, from the lock file, into a folder that
git ignores. A person signs in at it over HTTP as a browser would, and ends with an ID token.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
import shutil
import socket
import ssl
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.cookiejar import CookieJar
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

NODE = Path(__file__).parent / "node"
START_SECONDS = 30
ALGORITHMS = ("RS256", "PS256", "ES256", "ES384")
CLIENT, SECRET, BACK = "app", "app-secret-that-is-long-enough", "https://app.example/cb"


def installed() -> bool:
    """Install the provider's packages, where npm is there; whether they are."""
    if shutil.which("npm") is None:
        return False
    if not (NODE / "node_modules" / ".package-lock.json").exists():
        subprocess.run(["npm", "ci", "--no-audit", "--no-fund", "--silent"], cwd=NODE, check=True, timeout=300)
    return True


@dataclass(frozen=True)
class PrivateCa:
    """A certificate authority of the test's own, in a folder."""

    folder: Path
    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    @classmethod
    def make(cls, folder: Path, name: str = "Test CA") -> PrivateCa:
        """A new one."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
        made = _builder(subject, subject, key).add_extension(
            x509.BasicConstraints(ca=True, path_length=1), critical=True
        )
        certificate = made.add_extension(usage, critical=True).sign(key, SHA256())
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "ca.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
        return cls(folder, key, certificate)

    @property
    def bundle(self) -> Path:
        """The certificate, as a PEM file."""
        return self.folder / "ca.pem"

    @property
    def thumbprint(self) -> str:
        """SHA-1 of the certificate, as IAM takes it."""
        return hashlib.sha1(self.certificate.public_bytes(Encoding.DER), usedforsecurity=False).hexdigest()

    def issue(self, host: str) -> tuple[Path, Path]:
        """The files of a certificate chain for a host name or address, and of its key."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, host)])
        try:
            alternative: x509.GeneralName = x509.IPAddress(ip_address(host))
        except ValueError:
            alternative = x509.DNSName(host)
        built = _builder(name, self.certificate.subject, key)
        made = built.add_extension(x509.SubjectAlternativeName([alternative]), critical=False).sign(self.key, SHA256())
        cert_file, key_file = self.folder / f"{host}.pem", self.folder / f"{host}.key"
        cert_file.write_bytes(made.public_bytes(Encoding.PEM) + self.certificate.public_bytes(Encoding.PEM))
        key_file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        return cert_file, key_file


def _builder(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key.public_key())
    builder = builder.serial_number(x509.random_serial_number())
    return builder.not_valid_before(now - timedelta(hours=1)).not_valid_after(now + timedelta(days=30))


@dataclass
class OpenIdProvider:
    """A running provider."""

    issuer: str
    ca: PrivateCa
    process: subprocess.Popen[str]
    opener: urllib.request.OpenerDirector = field(init=False)

    def __post_init__(self) -> None:
        context = ssl.create_default_context(cafile=str(self.ca.bundle))
        self.opener = urllib.request.build_opener(urllib.request.HTTPSHandler(context=context))

    @classmethod
    def start(cls, ca: PrivateCa, path: str = "", host: str = "localhost", algorithms: tuple[str, ...] = ALGORITHMS) -> OpenIdProvider:  # fmt: skip
        """Start one on a free port."""
        with socket.socket() as probe:
            probe.bind(("127.0.0.1" if host == "localhost" else host, 0))
            port = probe.getsockname()[1]
        certificate, key = ca.issue(host)
        options = {"port": port, "host": host, "path": path, "cert": str(certificate), "key": str(key), "algorithms": algorithms}  # fmt: skip
        process = subprocess.Popen(
            ["node", "provider.mjs", json.dumps(options)], cwd=NODE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )  # fmt: skip
        made = cls(f"https://{host}:{port}{path}", ca, process)
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and process.poll() is None:
            try:
                made.get(f"{made.issuer}/.well-known/openid-configuration")
            except (urllib.error.URLError, ConnectionError):
                time.sleep(0.1)
            else:
                return made
        process.kill()
        raise AssertionError("the OpenID provider did not start")

    @property
    def url(self) -> str:
        """The issuer as IAM names providers: without a scheme."""
        return self.issuer.removeprefix("https://")

    def get(self, url: str) -> bytes:
        """One page of the provider."""
        with self.opener.open(url, timeout=10) as answer:
            return bytes(answer.read())

    def _tell(self, action: str, body: str = "") -> str:
        root = urllib.parse.urlsplit(self.issuer)
        with self.opener.open(f"https://{root.netloc}/test/{action}", data=body.encode(), timeout=10) as answer:
            return str(answer.read().decode())

    def mint(self, claims: dict[str, Any], alg: str = "RS256", header: dict[str, Any] | None = None) -> str:
        """A token with exactly these claims over those every token has, under the provider's newest keys."""
        now = int(time.time())
        common = {"iss": self.issuer, "sub": "someone", "aud": CLIENT, "iat": now, "exp": now + 300}
        told = {name: value for name, value in (common | claims).items() if value is not None}
        return self._tell("mint", json.dumps({"claims": told, "alg": alg, "header": header or {}}))

    def rotate(self) -> None:
        """Replace all keys by new ones."""
        self._tell("rotate")

    def slow_down(self, milliseconds: int) -> None:
        """Wait that long before each answer."""
        self._tell("delay", str(milliseconds))

    @property
    def times_fetched(self) -> int:
        """How often the keys were fetched."""
        return int(self._tell("fetched"))

    def sign_in(self, who: str) -> str:
        """The ID token of a person who signs in as with a browser (authorization code flow with PKCE)."""
        jar = CookieJar()
        context = ssl.create_default_context(cafile=str(self.ca.bundle))
        browser = urllib.request.build_opener(
            urllib.request.HTTPSHandler(context=context), urllib.request.HTTPCookieProcessor(jar), Unredirected()
        )
        verifier = "v" * 64
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        asked = {"client_id": CLIENT, "scope": "openid", "response_type": "code", "redirect_uri": BACK,
                 "code_challenge": challenge, "code_challenge_method": "S256"}  # fmt: skip
        place = f"{self.issuer}/auth?{urllib.parse.urlencode(asked)}"
        form: dict[str, str] | None = None
        for _ in range(12):
            data = None if form is None else urllib.parse.urlencode(form).encode()
            with browser.open(place, data=data, timeout=10) as answer:
                page, location = answer.read().decode(), answer.headers.get("location")
            form = None
            if location is not None:
                place = urllib.parse.urljoin(place, location)
                if place.startswith(BACK):
                    return self._redeem(place, verifier)
                continue
            action = html.unescape(re.findall(r'action="([^"]+)"', page)[0])
            place = urllib.parse.urljoin(place, action)
            prompt = re.findall(r'name="prompt" value="(\w+)"', page)[0]
            form = {"prompt": prompt, "login": who, "password": "any"} if prompt == "login" else {"prompt": prompt}
        raise AssertionError("the sign-in did not end")

    def _redeem(self, place: str, verifier: str) -> str:
        code = urllib.parse.parse_qs(urllib.parse.urlsplit(place).query)["code"][0]
        body = {"grant_type": "authorization_code", "code": code, "redirect_uri": BACK, "code_verifier": verifier}
        request = urllib.request.Request(f"{self.issuer}/token", data=urllib.parse.urlencode(body).encode())
        proof = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        request.add_header("Authorization", f"Basic {proof}")
        with self.opener.open(request, timeout=10) as answer:
            return str(json.loads(answer.read())["id_token"])

    def kill(self) -> None:
        """The provider is gone."""
        self.process.kill()
        self.process.wait(timeout=10)
        if self.process.stdout is not None:
            self.process.stdout.close()


class Unredirected(urllib.request.HTTPRedirectHandler):
    """Redirects are followed by hand: the last one leads to an application that is not there."""

    def redirect_request(self, *_: Any) -> None:
        return None

    def http_error_302(self, _request: Any, answer: Any, *_: Any) -> Any:
        return answer

    http_error_301 = http_error_303 = http_error_307 = http_error_302
