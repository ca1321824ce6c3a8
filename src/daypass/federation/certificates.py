"""The certificates of a provider's server, and thumbprints of them.

IAM User Guide, "Obtain the thumbprint for an OpenID Connect identity provider": a thumbprint is the SHA-1 hash of the last
certificate that the server sends, the top CA of its chain. A server whose chain no known CA vouches for is trusted when
the top of its chain has a registered thumbprint. Then that certificate becomes the one trust anchor of an ordinary,
verified connection: the chain up to it, the host name and the dates must hold as with every other server.

To learn the chain of such a server one must look at it before it can be verified. :func:`shown_chain` does that and
nothing else: it sends nothing, reads nothing, and nothing is believed but that these certificates were shown. It is the
one place in Daypass that switches verification off, and a test holds it so.
"""

from __future__ import annotations

import asyncio
import hashlib
import ssl
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from daypass.federation.networks import AddressInfo, AllowedNetworks

_ENCODING_DER = 2
"""Of :mod:`_ssl`: how its certificates are asked for their bytes."""


class CertificateRefused(Exception):
    """A server's certificate does not verify; the text says why."""


def thumbprint(certificate: bytes) -> str:
    """SHA-1 of a certificate, 40 hexadecimal digits: AWS's form. It names a certificate and vouches for nothing."""
    return hashlib.sha1(certificate, usedforsecurity=False).hexdigest()


def known_cas(bundle: Path | None) -> ssl.SSLContext:
    """Verification by the system's CAs and those of a bundle. Raises OSError for a bundle that cannot be read."""
    context = ssl.create_default_context()
    if bundle is not None:
        context.load_verify_locations(cafile=bundle)
    return _as_in_every_python(context)


@lru_cache(maxsize=256)
def anchored_at(certificate: bytes) -> ssl.SSLContext:
    """Verification by one certificate, be it a root, an intermediate CA or a server's own."""
    context = ssl.create_default_context(cadata=certificate)
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    return _as_in_every_python(context)


def _as_in_every_python(context: ssl.SSLContext) -> ssl.SSLContext:
    """From 3.13 on, Python also asks for extensions that the certificates of private CAs often lack."""
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return context


async def shown_chain(host: str, addresses: Iterable[AddressInfo], networks: AllowedNetworks) -> list[bytes]:
    """The certificates that a server shows at one of its addresses, its own first. Raises OSError; ssl.SSLError is one."""
    loop = asyncio.get_running_loop()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    problem: OSError = ConnectionError(f"{host} has no address")
    for info in addresses:
        try:
            sock = networks.socket_for(info)
            sock.setblocking(False)
        except OSError as error:
            problem = error
            continue
        try:
            await loop.sock_connect(sock, info[4])
            transport, _ = await loop.create_connection(asyncio.Protocol, sock=sock, ssl=context, server_hostname=host)
        except OSError as error:
            sock.close()
            problem = error
            continue
        try:
            return _chain(transport.get_extra_info("ssl_object"))
        finally:
            transport.abort()
    raise problem


def _chain(shown: Any) -> list[bytes]:
    """Python names this only from 3.13 on; the object beneath has it in every version that Daypass runs on."""
    if hasattr(shown, "get_unverified_chain"):
        return [bytes(certificate) for certificate in shown.get_unverified_chain()]
    return [certificate.public_bytes(_ENCODING_DER) for certificate in shown._sslobj.get_unverified_chain()]  # noqa: SLF001
