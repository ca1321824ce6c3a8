"""A real SAML identity provider (SimpleSAMLphp, Debian's package, on PHP's own server) and a real browser (Chromium).

The provider is configured in a folder of the test's own, and knows AWS as a service provider under three names, one for
each way of signing and encrypting. The browser is driven over WebDriver; what AWS's sign-in address is to it is a
collector in this process, which keeps the form that the provider has the browser post there.
"""

from __future__ import annotations

import http.server
import json
import os
import re
import shutil
import signal
import ssl
import subprocess
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from base64 import b64encode
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from clientkit import free_port
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

if TYPE_CHECKING:
    from oidckit import PrivateCa

HOME = Path("/usr/share/simplesamlphp")
SIGN_IN = "signin.aws.amazon.com"
ATTRIBUTES = "https://aws.amazon.com/SAML/Attributes/"
START_SECONDS = 30
CHROMIUM = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
)  # fmt: skip
_ELEMENT = "element-6066-11e4-a52e-4f735466cecf"  # WebDriver's name for "this is an element"

SERVICES = {
    "urn:amazon:webservices": {"saml20.sign.response": True, "saml20.sign.assertion": True},
    f"https://{SIGN_IN}/saml": {
        "saml20.sign.response": True, "saml20.sign.assertion": False, "assertion.encryption": True,
        "sharedkey_algorithm": "http://www.w3.org/2001/04/xmlenc#aes256-cbc",
    },
    f"https://eu-west-1.{SIGN_IN}/saml": {"saml20.sign.response": False, "saml20.sign.assertion": True},
}  # fmt: skip
"""The names under which the provider knows AWS, and how it signs and encrypts for each."""


def missing() -> list[str]:
    """What is not installed of what this takes."""
    found = [name for name in ("php", "chromium", "chromedriver") if shutil.which(name) is None]
    return found if (HOME / "www").is_dir() else [*found, "simplesamlphp"]


@dataclass(frozen=True)
class KeyPair:
    """An RSA key and its certificate, PEM."""

    key: str
    certificate: str

    @classmethod
    def make(cls, name: str) -> KeyPair:
        key = rsa.generate_private_key(65537, 2048)
        subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        now = datetime.now(UTC)
        builder = x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key())
        built = (
            builder.serial_number(1).not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=2))
        )
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
        return cls(pem, built.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM).decode())

    @property
    def data(self) -> str:
        """The certificate as base64 without its frame."""
        return "".join(self.certificate.splitlines()[1:-1])


def php(value: Any) -> str:
    """A value as PHP source."""
    match value:
        case bool():
            return "true" if value else "false"
        case dict():
            return "[" + ", ".join(f"{php(name)} => {php(item)}" for name, item in value.items()) + "]"
        case list():
            return "[" + ", ".join(php(item) for item in value) + "]"
        case int():
            return str(value)
    return "'" + str(value).replace("\\", "\\\\").replace("'", "\\'") + "'"


@dataclass
class SimpleSaml:
    """A running identity provider. ``people`` are its users' attributes by name; their password is the name, too."""

    process: subprocess.Popen[bytes]
    url: str
    encryption: KeyPair
    log: Path

    @classmethod
    def start(cls, folder: Path, people: dict[str, dict[str, list[str]]]) -> SimpleSaml:
        """Write its configuration, start it and wait until it shows its metadata."""
        port, encryption = free_port(), KeyPair.make("daypass")
        url = f"http://127.0.0.1:{port}/"
        _configure(folder, url, people, encryption)
        log = folder / "php.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                ["php", "-d", "display_errors=0", "-d", f"session.save_path={folder / 'tmp'}",
                 "-S", f"127.0.0.1:{port}", "-t", str(HOME / "www")],
                env={"PATH": os.environ["PATH"], "SIMPLESAMLPHP_CONFIG_DIR": str(folder / "config")},
                stdout=output, stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip
        running = cls(process, url, encryption, log)
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and process.poll() is None:
            try:
                running.metadata()
            except (urllib.error.URLError, ConnectionError, TimeoutError):
                time.sleep(0.1)
            else:
                return running
        running.kill()
        raise AssertionError(f"SimpleSAMLphp did not start:\n{log.read_text(errors='replace')[-4000:]}")

    def metadata(self) -> str:
        """The provider's metadata, as an administrator downloads it."""
        with urllib.request.urlopen(f"{self.url}saml2/idp/metadata.php", timeout=10) as answer:
            return str(answer.read().decode())

    def sign_in_url(self, service: str) -> str:
        """Where a person begins who wants to go to that service."""
        return f"{self.url}saml2/idp/SSOService.php?spentityid={urllib.parse.quote(service, safe='')}"

    def kill(self) -> None:
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(timeout=10)


def _configure(folder: Path, url: str, people: dict[str, dict[str, list[str]]], encryption: KeyPair) -> None:
    for name in ("config", "metadata", "cert", "tmp", "data", "log"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    signing = KeyPair.make("idp")
    (folder / "cert" / "idp.key").write_text(signing.key)
    (folder / "cert" / "idp.crt").write_text(signing.certificate)
    config = {
        "baseurlpath": url, "certdir": f"{folder}/cert/", "loggingdir": f"{folder}/log/", "datadir": f"{folder}/data/",
        "tempdir": f"{folder}/tmp", "metadatadir": f"{folder}/metadata", "secretsalt": "a-salt-of-a-test",
        "auth.adminpassword": "a-password-of-a-test", "technicalcontact_email": "na@example.com", "timezone": "UTC",
        "logging.handler": "errorlog", "enable.saml20-idp": True, "module.enable": {"exampleauth": True},
        "session.cookie.secure": False, "session.phpsession.cookiename": "SSP", "store.type": "phpsession",
        "metadata.sources": [{"type": "flatfile", "directory": f"{folder}/metadata"}], "language.default": "en",
        "showerrors": True, "errorreporting": False, "trusted.url.domains": [SIGN_IN],
    }  # fmt: skip
    (folder / "config" / "config.php").write_text(f"<?php\n$config = {php(config)};\n")
    users = {f"{name}:{name}": {"uid": [name]} | said for name, said in people.items()}
    listed = ", ".join(f"{php(name)} => {php(said)}" for name, said in users.items())
    sources = f"<?php\n$config = ['people' => ['exampleauth:UserPass', {listed}]];\n"
    (folder / "config" / "authsources.php").write_text(sources)
    hosted = {
        "host": "__DEFAULT__", "privatekey": "idp.key", "certificate": "idp.crt", "auth": "people",
        "signature.algorithm": "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
    }  # fmt: skip
    entity = f"{url}saml2/idp/metadata.php"
    (folder / "metadata" / "saml20-idp-hosted.php").write_text(f"<?php\n$metadata[{php(entity)}] = {php(hosted)};\n")
    written = ["<?php"]
    for service, how in SERVICES.items():
        said = {
            "AssertionConsumerService": f"https://{SIGN_IN}/saml",
            "NameIDFormat": "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent",
            "simplesaml.nameidattribute": "uid", "simplesaml.attributes": True,
            "attributes.NameFormat": "urn:oasis:names:tc:SAML:2.0:attrname-format:uri",
            "signature.algorithm": "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
            "keys": [{"type": "X509Certificate", "encryption": True, "signing": False, "X509Certificate": encryption.data}],
        }  # fmt: skip
        written.append(f"$metadata[{php(service)}] = {php(said | how)};")
    (folder / "metadata" / "saml20-sp-remote.php").write_text("\n".join(written) + "\n")


@dataclass
class Collector:
    """What AWS's sign-in address is to the browser: it keeps the SAMLResponse that is posted to it."""

    server: http.server.ThreadingHTTPServer
    posted: list[str] = field(default_factory=list)

    @classmethod
    def start(cls, ca: PrivateCa) -> Collector:
        certificate, key = ca.issue(SIGN_IN)
        posted: list[str] = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                form = urllib.parse.parse_qs(self.rfile.read(int(self.headers["content-length"])).decode())
                if self.path == "/saml":
                    posted.append(form["SAMLResponse"][0])
                page = b"<html><title>collected</title><body>Signed in.</body></html>"
                self.send_response(200)
                self.send_header("content-type", "text/html")
                self.send_header("content-length", str(len(page)))
                self.end_headers()
                self.wfile.write(page)

            def log_message(self, *_args: Any) -> None:
                """Nothing."""

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return cls(server, posted)

    @property
    def port(self) -> int:
        return int(self.server.server_address[1])

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@dataclass
class Browser:
    """Headless Chromium over WebDriver (W3C), as far as signing in takes."""

    driver: subprocess.Popen[bytes]
    base: str
    session: str

    @classmethod
    def start(cls, folder: Path, collector: Collector) -> Browser:
        port = free_port()
        driver = subprocess.Popen(
            ["chromedriver", f"--port={port}"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
        rules = f"--host-resolver-rules=MAP {SIGN_IN}:443 127.0.0.1:{collector.port}"
        options = {"binary": "/usr/bin/chromium", "args": [*CHROMIUM, rules, f"--user-data-dir={folder}"]}
        wanted = {"alwaysMatch": {"goog:chromeOptions": options, "acceptInsecureCerts": True}}
        browser = cls(driver, f"http://127.0.0.1:{port}", "")
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                browser.session = browser._ask("POST", "/session", {"capabilities": wanted})["sessionId"]
            except (urllib.error.URLError, ConnectionError):
                if time.monotonic() > deadline or driver.poll() is not None:
                    browser.stop()
                    raise
                time.sleep(0.1)
            else:
                return browser

    def open(self, url: str) -> None:
        self._ask("POST", f"/session/{self.session}/url", {"url": url})

    def forget(self) -> None:
        """Take all cookies of the page's site away."""
        self._ask("DELETE", f"/session/{self.session}/cookie")

    @property
    def title(self) -> str:
        return str(self._ask("GET", f"/session/{self.session}/title"))

    @property
    def source(self) -> str:
        return str(self._ask("GET", f"/session/{self.session}/source"))

    def fill(self, selector: str, text: str) -> None:
        self._ask("POST", f"/session/{self.session}/element/{self._find(selector)}/value", {"text": text})

    def click(self, selector: str) -> None:
        self._ask("POST", f"/session/{self.session}/element/{self._find(selector)}/click", {})

    def stop(self) -> None:
        if self.session and self.driver.poll() is None:
            self._ask("DELETE", f"/session/{self.session}")
        if self.driver.poll() is None:
            os.killpg(self.driver.pid, signal.SIGKILL)
            self.driver.wait(timeout=10)

    def _find(self, selector: str) -> str:
        found = self._ask("POST", f"/session/{self.session}/element", {"using": "css selector", "value": selector})
        return str(found[_ELEMENT])

    def _ask(self, method: str, path: str, body: Any = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.base + path, data, {"content-type": "application/json"}, method=method)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)["value"]


def sign_in(browser: Browser, provider: SimpleSaml, collector: Collector, person: str, service: str) -> str:
    """The SAMLResponse that a person's browser is told to post to AWS, after she has signed in."""
    before = len(collector.posted)
    browser.open(provider.url)
    browser.forget()
    browser.open(provider.sign_in_url(service))
    browser.fill("input[name=username]", person)
    browser.fill("input[name=password]", person)
    browser.click("button[type=submit], input[type=submit], #regularsubmit button")
    deadline = time.monotonic() + START_SECONDS
    while len(collector.posted) == before:
        if time.monotonic() > deadline:
            page = re.sub(r"\s+", " ", browser.source)[:3000]
            raise AssertionError(f"nothing was posted; the browser shows {browser.title!r}: {page}")
        time.sleep(0.05)
    return collector.posted[-1]


def form_of(text: str) -> str:
    """A document as the parameter that carries it."""
    return b64encode(text.encode()).decode()
