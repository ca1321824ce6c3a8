"""The listening socket: one for all workers, bound before anything else is done, so that a port in use is told first."""

from __future__ import annotations

import errno
import socket


class ListenProblem(Exception):
    """The address cannot be listened on; the text is one clear line for the operator."""


def bind(host: str, port: int) -> socket.socket:
    """A socket bound to the address, not yet listening: nobody gets through before a worker is there to answer."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except socket.gaierror as error:
        raise ListenProblem(f"there is no address {host}: {error.strerror}") from None
    bound = socket.socket(family, kind, protocol)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind(address)
    except OSError as error:
        bound.close()
        raise ListenProblem(_why(error, host, port)) from None
    return bound


def _why(error: OSError, host: str, port: int) -> str:
    match error.errno:
        case errno.EADDRINUSE:
            return f"port {port} is in use on {host}: stop what listens there, or choose another with --port"
        case errno.EACCES:
            return f"port {port} needs more rights than this user has: choose one above 1023 with --port"
        case errno.EADDRNOTAVAIL:
            return f"this machine has no address {host}"
    return f"cannot listen on {host}, port {port}: {error.strerror}"
