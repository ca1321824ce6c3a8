"""HTTPS: the same server behind uvicorn's TLS."""

from __future__ import annotations

import datetime as dt
import ipaddress
import socket
import ssl
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from server_on_a_port import Running, read_all, read_answer, running_server

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

GET = b"GET /%b HTTP/1.1\r\nHost: a\r\n%b\r\n"


def make_certificate(folder: Path) -> tuple[Path, Path]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=3650))
        .not_valid_after(now + dt.timedelta(days=3650))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    (folder / "c.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / "k.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return folder / "c.pem", folder / "k.pem"


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return make_certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="module")
def server(files: tuple[Path, Path]) -> Iterator[Running]:
    with running_server(tls=files) as server:
        yield server


def connect(server: Running, files: tuple[Path, Path]) -> ssl.SSLSocket:
    context = ssl.create_default_context(cafile=files[0])
    return context.wrap_socket(
        socket.create_connection(("127.0.0.1", server.port), timeout=10), server_hostname="127.0.0.1"
    )


def test_requests_uploads_and_downloads_over_tls(server: Running, files: tuple[Path, Path]) -> None:
    with connect(server, files) as connection:
        connection.sendall(GET % (b"a", b""))
        assert read_answer(connection).endswith(b"GET /a? ")
        connection.sendall(b"PUT /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 3000000\r\n\r\n" + b"u" * 3_000_000)
        assert read_answer(connection).endswith(b"took 3000000")
        connection.sendall(GET % (b"download?30", b"Connection: close\r\n"))
        assert read_all(connection).count(b"p") > 29 * 65536
    assert server.app.requests[0].listener.secure


def test_a_dishonest_head_over_tls_is_refused_and_closed(server: Running, files: tuple[Path, Path]) -> None:
    with connect(server, files) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n")
        assert read_all(connection).startswith(b"HTTP/1.1 400 ")


def test_k3_nothing_older_than_tls_1_2_is_spoken(server: Running, files: tuple[Path, Path]) -> None:
    context = server.server.config.ssl
    assert context is not None
    assert context.minimum_version >= ssl.TLSVersion.TLSv1_2
    with connect(server, files) as connection:
        assert connection.version() in {"TLSv1.2", "TLSv1.3"}


def test_plain_http_on_the_tls_port_is_not_answered(server: Running) -> None:
    before = len(server.app.requests)
    assert b"HTTP/1.1" not in server.say(GET % (b"a", b""))
    assert len(server.app.requests) == before


def test_an_idle_client_does_not_hold_up_a_server_that_stops(files: tuple[Path, Path]) -> None:
    """TLS would wait half a minute for the client's goodbye; the server is given no time to wait for it otherwise."""
    with running_server(tls=files, patience=60) as server:
        idle = connect(server, files)
        idle.sendall(GET % (b"a", b""))
        assert read_answer(idle)
    assert not server.thread.is_alive()
    idle.close()
