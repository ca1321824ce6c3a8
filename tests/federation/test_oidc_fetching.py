"""How providers' documents are fetched: certificates, addresses, sizes, times (threats: C14, C21). Servers here are real."""

from __future__ import annotations

import asyncio
import gzip
import ipaddress
import re
import socket
import ssl
import threading
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from oidckit import PrivateCa

import daypass
from daypass.federation import AllowedNetworks, Faulty, Fetcher, Unreachable, Untrusted, Verification, fetching
from daypass.federation.certificates import thumbprint

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

LOOPBACK = ipaddress.ip_network("127.0.0.0/8")
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nCache-Control: public, max-age=77\r\n\r\n{}"


@dataclass
class Tls:
    """A server that answers every request with the same bytes."""

    certificate: Path
    key: Path
    answer: bytes | Callable[[asyncio.StreamWriter], Awaitable[None]] = OK
    requests: list[bytes] = field(default_factory=list)
    connections: int = 0
    port: int = 0

    @asynccontextmanager
    async def running(self) -> AsyncIterator[str]:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, self.key)
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=context)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield f"https://localhost:{self.port}"
        finally:
            server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            self.requests.append(head.split(b"\r\n")[0])
            if isinstance(self.answer, bytes):
                writer.write(self.answer)
                await writer.drain()
            else:
                await self.answer(writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


@pytest.fixture(scope="module")
def ca(tmp_path_factory: pytest.TempPathFactory) -> PrivateCa:
    return PrivateCa.make(tmp_path_factory.mktemp("fetching-ca"), "Fetching CA")


@pytest.fixture
def server(ca: PrivateCa) -> Tls:
    return Tls(*ca.issue("localhost"))


def made(folder: Path, name: str, issuer: PrivateCa | None = None, *, days: tuple[int, int] = (-1, 1), host: str = "localhost") -> tuple[Path, Path]:  # fmt: skip
    """A certificate with dates or names of the test's choice, signed by itself or by a CA, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject if issuer is None else issuer.certificate.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + timedelta(days=days[0]))
        .not_valid_after(now + timedelta(days=days[1]))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
    )
    certificate = builder.sign(key if issuer is None else issuer.key, SHA256())
    chain = certificate.public_bytes(Encoding.PEM)
    if issuer is not None:
        chain += issuer.certificate.public_bytes(Encoding.PEM)
    (folder / f"{name}.pem").write_bytes(chain)
    (folder / f"{name}.key").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return folder / f"{name}.pem", folder / f"{name}.key"


def first_of(chain: Path) -> bytes:
    return x509.load_pem_x509_certificates(chain.read_bytes())[0].public_bytes(Encoding.DER)


def fetch(server: Tls, *thumbprints: str, bundle: Path | None = None, networks: AllowedNetworks | None = None, path: str = "/doc") -> Any:  # fmt: skip
    """What comes of fetching from that server."""

    async def scene() -> Any:
        fetcher = Fetcher(networks or AllowedNetworks([LOOPBACK]), bundle)
        try:
            async with server.running() as url:
                return await fetcher.document(url + path, thumbprints)
        finally:
            await fetcher.close()

    return asyncio.run(scene())


def test_a_server_that_a_known_ca_vouches_for_is_believed(server: Tls, ca: PrivateCa) -> None:
    assert fetch(server, bundle=ca.bundle) == (b"{}", 77, Verification.TRUST_STORE)
    assert fetch(server, "0" * 40, bundle=ca.bundle).by is Verification.TRUST_STORE
    assert server.requests == [b"GET /doc HTTP/1.1"] * 2


def test_a_server_whose_cas_thumbprint_is_registered_is_believed(server: Tls, ca: PrivateCa) -> None:
    for registered in (ca.thumbprint, ca.thumbprint.upper()):
        assert fetch(server, "0" * 40, registered).by is Verification.THUMBPRINT


def test_a_server_that_nobody_vouches_for_is_sent_nothing(server: Tls, ca: PrivateCa) -> None:
    for registered in ((), ("0" * 40,)):
        with pytest.raises(Untrusted, match=ca.thumbprint):
            fetch(server, *registered)
    assert server.requests == []


def test_c21_the_last_certificate_of_the_chain_counts_not_the_first(server: Tls) -> None:
    """C21: Ceph pinned the wrong one."""
    with pytest.raises(Untrusted):
        fetch(server, thumbprint(first_of(server.certificate)))


def test_showing_a_certificate_is_not_having_signed_with_it(ca: PrivateCa, tmp_path: Path) -> None:
    """Whoever stands between appends the public certificate of the right CA to a chain of his own."""
    certificate, key = made(tmp_path, "attacker")
    certificate.write_bytes(certificate.read_bytes() + ca.certificate.public_bytes(Encoding.PEM))
    attacker = Tls(certificate, key)
    with pytest.raises(Untrusted, match="does not hold up"):
        fetch(attacker, ca.thumbprint)
    assert attacker.requests == []


def test_a_server_with_its_own_certificate_is_known_by_that(tmp_path: Path) -> None:
    certificate, key = made(tmp_path, "self")
    assert fetch(Tls(certificate, key), thumbprint(first_of(certificate))).by is Verification.THUMBPRINT


@pytest.mark.parametrize("by", ["bundle", "thumbprint"])
@pytest.mark.parametrize("fault", [{"days": (-3, -1)}, {"days": (1, 3)}, {"host": "other.example"}])
def test_c21_dates_and_names_must_hold_whoever_vouches(
    ca: PrivateCa, tmp_path: Path, by: str, fault: dict[str, Any]
) -> None:
    """C21."""
    wrong = Tls(*made(tmp_path, "wrong", ca, **fault))
    with pytest.raises(Untrusted):
        fetch(wrong, ca.thumbprint, bundle=ca.bundle if by == "bundle" else None)
    assert wrong.requests == []


def test_c21_verification_is_switched_off_in_one_place_that_sends_nothing() -> None:
    """C21."""
    forbidden = re.compile(
        r"CERT_NONE|verify=False|ssl=False|_create_unverified_context|check_hostname = False|CERT_OPTIONAL"
    )
    root = Path(daypass.__file__).parent
    found = {str(file.relative_to(root)) for file in root.rglob("*.py") if forbidden.search(file.read_text())}
    assert found == {"federation/certificates.py"}


@pytest.mark.parametrize(
    "status", [b"301 Moved", b"302 Found", b"303 See Other", b"307 Temporary Redirect", b"308 Permanent Redirect"]
)
def test_redirects_are_not_followed(server: Tls, ca: PrivateCa, status: bytes) -> None:
    server.answer = b"HTTP/1.1 " + status + b"\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n"
    with pytest.raises(Faulty, match="redirects are not followed"):
        fetch(server, bundle=ca.bundle)
    assert len(server.requests) == 1


@pytest.mark.parametrize(("status", "problem"), [(404, Faulty), (401, Faulty), (204, Faulty), (500, Unreachable), (503, Unreachable), (429, Unreachable)])  # fmt: skip
def test_another_status_is_the_providers_fault_or_passes_over(server: Tls, ca: PrivateCa, status: int, problem: type[Exception]) -> None:  # fmt: skip
    server.answer = f"HTTP/1.1 {status} X\r\nContent-Length: 0\r\n\r\n".encode()
    with pytest.raises(problem, match=str(status)):
        fetch(server, bundle=ca.bundle)


async def _endless(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        writer.write(b"1000\r\n" + b" " * 4096 + b"\r\n")
        await writer.drain()


async def _trickling(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    while True:
        writer.write(b" ")
        await writer.drain()
        await asyncio.sleep(0.01)


async def _mute(_writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(60)


def test_a_document_is_bounded_in_size(server: Tls, ca: PrivateCa) -> None:
    size = fetching.LARGEST_DOCUMENT
    server.answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size + b" " * size
    assert len(fetch(server, bundle=ca.bundle).body) == size
    server.answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (size + 1) + b" " * (size + 1)
    with pytest.raises(Faulty, match="larger than 65536"):
        fetch(server, bundle=ca.bundle)
    server.answer = _endless
    with pytest.raises(Faulty, match="larger than 65536"):
        fetch(server, bundle=ca.bundle)


async def _interim(writer: asyncio.StreamWriter) -> None:
    while True:
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n" * 40_000)
        await writer.drain()


async def _until_the_end(writer: asyncio.StreamWriter) -> None:
    """A document whose end is the connection's."""
    writer.write(b"HTTP/1.1 200 OK\r\n\r\n{}")
    await writer.drain()
    await asyncio.sleep(0.1)
    writer.write(b" " * 1_000_000)
    await writer.drain()


@pytest.mark.parametrize("answer", [_interim, _until_the_end, b"HTTP/1.1 103 Early Hints\r\n\r\n" * 5_000 + OK])
def test_all_that_a_provider_sends_is_bounded_not_the_document_alone(server: Tls, ca: PrivateCa, answer: Any) -> None:
    """Interim answers are heads, of which a client has to read any number (RFC 9110); and time limits need a free loop."""
    server.answer = answer
    with pytest.raises(Faulty, match="larger than 65536 bytes"):
        fetch(server, bundle=ca.bundle)


def test_a_few_interim_answers_are_read(server: Tls, ca: PrivateCa) -> None:
    server.answer = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" * 3 + OK
    assert fetch(server, bundle=ca.bundle).body == b"{}"


@pytest.mark.parametrize("answer", [_trickling, _mute])
def test_a_document_is_bounded_in_time(server: Tls, ca: PrivateCa, monkeypatch: pytest.MonkeyPatch, answer: Any) -> None:  # fmt: skip
    monkeypatch.setattr(fetching, "SECONDS", 0.3)
    server.answer = answer
    with pytest.raises(Unreachable, match=r"did not answer within 0\.3 seconds"):
        fetch(server, bundle=ca.bundle)


def test_c12_nothing_is_unpacked(server: Tls, ca: PrivateCa) -> None:
    """C12: a kilobyte may be a gigabyte."""
    packed = gzip.compress(b" " * 10_000_000)
    server.answer = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(packed) + packed
    with pytest.raises(Faulty, match="packed"):
        fetch(server, bundle=ca.bundle)


@pytest.mark.parametrize("answer", [b"", b"garbage\r\n\r\n", b"HTTP/1.1 200 OK\r\nX: " + b"a" * 100_000 + b"\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}"])  # fmt: skip
def test_what_is_no_answer_is_none(server: Tls, ca: PrivateCa, answer: bytes) -> None:
    server.answer = answer
    with pytest.raises((Unreachable, Faulty)):
        fetch(server, bundle=ca.bundle)


@pytest.mark.parametrize(
    ("said", "age"),
    [("max-age=60", 60), ("public, max-age=60, must-revalidate", 60), ("no-store", 0), ("max-age=60, no-cache", 0), ("max-age=-1", 300), ("private", 300), ('MAX-AGE="5"', 5)],
)  # fmt: skip
def test_cache_control_says_how_long_it_is_good(server: Tls, ca: PrivateCa, said: str, age: int) -> None:
    server.answer = f"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nCache-Control: {said}\r\n\r\n{{}}".encode()
    assert fetch(server, bundle=ca.bundle).max_age == age


def test_no_proxy_of_the_environment_is_used(server: Tls, ca: PrivateCa, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:1")
    assert fetch(server, bundle=ca.bundle).body == b"{}"


@pytest.mark.parametrize("thumbprints", [(), ("0" * 40,)])
def test_c14_a_name_that_resolves_to_loopback_is_not_connected_to(server: Tls, thumbprints: tuple[str, ...]) -> None:
    """C14."""
    with pytest.raises(Unreachable, match="allow_networks"):
        fetch(server, *thumbprints, networks=AllowedNetworks())
    assert server.connections == 0


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "[::ffff:127.0.0.1]", "[::1]", "[::]", "0.0.0.0", "169.254.169.254", "localhost."])  # fmt: skip
def test_c14_no_spelling_of_a_closed_address_is_connected_to(server: Tls, host: str) -> None:
    """C14."""

    async def scene() -> None:
        fetcher = Fetcher(AllowedNetworks())
        async with server.running():
            url = f"https://{host}:{server.port}/latest/meta-data"
            with pytest.raises((Unreachable, Faulty)):
                await fetcher.document(url, ("0" * 40,))
            with pytest.raises(Unreachable):
                await fetcher.thumbprint_of(url)
        await fetcher.close()

    asyncio.run(scene())
    assert server.connections == 0


def test_c14_a_name_server_that_changes_its_mind_changes_nothing(server: Tls, ca: PrivateCa, monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    """C14, DNS rebinding: each socket is made for an address that was looked at, however often names are resolved."""
    answers = iter(["198.51.100.7", "127.0.0.1", "127.0.0.1", "127.0.0.1"])

    def resolved(*_args: Any, **_more: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (next(answers), server.port))]

    async def scene() -> None:
        monkeypatch.setattr(socket, "getaddrinfo", resolved)
        monkeypatch.setattr(fetching, "SECONDS", 0.5)
        fetcher = Fetcher(AllowedNetworks(), ca.bundle)
        for _ in range(3):
            with pytest.raises(Unreachable):
                await fetcher.document("https://rebinding.example/doc", ())
        await fetcher.close()

    async def listening() -> None:
        async with server.running():
            await scene()

    asyncio.run(listening())
    assert server.connections == 0
    assert next(answers, None) is None


def test_a_name_server_that_does_not_answer_holds_one_thread_and_nobody_else_up(
    server: Tls, ca: PrivateCa, monkeypatch: pytest.MonkeyPatch
) -> None:
    held, real = threading.Event(), socket.getaddrinfo
    asked: list[str] = []

    def resolved(host: str, *args: Any, **more: Any) -> Any:
        asked.append(host)
        if host == "silent.example":
            held.wait(20)
        return real(host, *args, **more)

    async def scene() -> None:
        monkeypatch.setattr(socket, "getaddrinfo", resolved)
        monkeypatch.setattr(fetching, "SECONDS", 0.3)
        fetcher = Fetcher(AllowedNetworks([LOOPBACK]), ca.bundle)
        async with server.running() as url:
            for _ in range(3):
                tries = [fetcher.document("https://silent.example/doc", ()) for _ in range(5)]
                done = await asyncio.gather(*tries, return_exceptions=True)
                assert {type(one) for one in done} == {Unreachable}
            assert (await fetcher.document(f"{url}/doc", ())).body == b"{}"
        held.set()
        await fetcher.close()

    asyncio.run(scene())
    assert asked.count("silent.example") == 1


@pytest.mark.parametrize("slow", ["silent.example:{}", "n{}.silent.example", "n{}.silent.example:{}"])
def test_the_names_and_ports_of_one_silent_name_server_keep_no_other_name_waiting(
    server: Tls, ca: PrivateCa, monkeypatch: pytest.MonkeyPatch, slow: str
) -> None:
    held, real = threading.Event(), socket.getaddrinfo
    asked: list[str] = []

    def resolved(host: str, *args: Any, **more: Any) -> Any:
        asked.append(host)
        if host.endswith("silent.example"):
            held.wait(20)
        return real(host, *args, **more)

    async def scene() -> None:
        monkeypatch.setattr(socket, "getaddrinfo", resolved)
        monkeypatch.setattr(fetching, "SECONDS", 0.5)
        fetcher = Fetcher(AllowedNetworks([LOOPBACK]), ca.bundle)
        async with server.running() as url:
            tries = [fetcher.document(f"https://{slow.format(n, n)}/doc", ()) for n in range(1, 101)]
            waiting = asyncio.gather(*tries, return_exceptions=True)
            await asyncio.sleep(0.1)
            assert (await fetcher.document(f"{url}/doc", ())).body == b"{}"
            assert {type(one) for one in await waiting} == {Unreachable}
        held.set()
        await fetcher.close()

    asyncio.run(scene())
    assert len([host for host in asked if host.endswith("silent.example")]) == (1 if slow.startswith("s") else 4)


def test_plain_http_is_not_fetched() -> None:
    async def scene() -> None:
        fetcher = Fetcher(AllowedNetworks([LOOPBACK]))
        for url in (
            "http://localhost/doc",
            "file:///etc/passwd",
            "ftp://localhost/x",
            "//localhost",
            "HTTPS://localhost",
            "",
        ):
            with pytest.raises(Faulty):
                await fetcher.document(url, ())
        for url in ("https://", "https://:0/", "https://[", "https://a b/", "https://localhost:99999/"):
            with pytest.raises((Faulty, Unreachable)):
                await fetcher.document(url, ())
        await fetcher.close()

    asyncio.run(scene())


def test_the_thumbprint_of_a_server_is_that_of_the_top_of_its_chain(server: Tls, ca: PrivateCa) -> None:
    async def scene() -> str:
        fetcher = Fetcher(AllowedNetworks([LOOPBACK]))
        try:
            async with server.running() as url:
                return await fetcher.thumbprint_of(url)
        finally:
            await fetcher.close()

    assert asyncio.run(scene()) == ca.thumbprint
    assert server.requests == []
