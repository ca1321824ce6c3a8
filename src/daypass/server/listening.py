"""The listening sockets, bound before anything else is done, so that a port in use is told first.

Workers that share one socket share its connections badly: whoever wakes first takes all that wait, and with few clients
one worker serves everybody. So on Linux each worker has a socket of its own on the same port, and the kernel spreads
connections over them (socket(7), SO_REUSEPORT). The supervisor keeps them all open: connections that wait for a worker
that died are served by the one that replaces it.
"""

from __future__ import annotations

import errno
import socket
import sys


class ListenProblem(Exception):
    """The address cannot be listened on; the text is one clear line for the operator."""


def bind(host: str, port: int, count: int = 1) -> list[socket.socket]:
    """``count`` sockets bound to the address, not yet listening: nobody comes before a worker is there to answer.

    Where the system does not spread connections over several, it is one. Raises ListenProblem.
    """
    # SO_REUSEPORT would let us in beside another server of the same user: the first one asks without it.
    first = _bind(host, port, shared=False)
    if count == 1 or sys.platform != "linux":
        return [first]
    port = first.getsockname()[1]
    first.close()
    return [_bind(host, port, shared=True) for _ in range(count)]


def _bind(host: str, port: int, *, shared: bool) -> socket.socket:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except socket.gaierror as error:
        raise ListenProblem(f"there is no address {host}: {error.strerror}") from None
    bound = socket.socket(family, kind, protocol)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if shared:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
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
