"""Worker processes: started, replaced when they die, stopped so that running requests finish.

The supervisor forks, and serves nothing itself: it holds no store, no keys and no threads, so a fork copies none of
them. Each worker opens the application for itself and is a whole uvicorn server. With one worker there is no
supervisor.

Two pipes tie them together. Over the first a worker says that it accepts connections: only then is the server
announced. Nobody writes to the second: when the supervisor is gone, however it went, it ends, and the workers stop.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import resource
import selectors
import signal
import sys
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import uvicorn

from daypass.server.board import Board
from daypass.server.front import Front
from daypass.server.limits import Limits

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterator
    from types import FrameType

    from daypass.config import Config
    from daypass.server.application import Application

FAILED = 2
QUICK_DEATH = 2.0
RESTART_PAUSE = 1.0
GRACE = 5.0
MOST_FILES = 65536
STOPPING = (signal.SIGTERM, signal.SIGINT)

log = logging.getLogger("daypass.server")


class StartProblem(Exception):
    """The server cannot start; the text is one clear line for the operator."""


@dataclass(frozen=True)
class Plan:
    """What to run: how to open the application in a worker, where to listen, whom to tell that it listens."""

    config: Config
    open_app: Callable[[], Application]
    listeners: list[socket.socket]
    """One for each worker, or one for all."""
    announce: Callable[[], None]


class Worker(uvicorn.Server):
    """One worker: uvicorn's server, which says when it accepts, and ends quietly when it is told to stop."""

    def __init__(self, plan: Plan, board: Board, accepting: Callable[[], None], lifeline: int | None) -> None:
        config = plan.config
        self._front = Front(
            plan.open_app(), board, Limits(keep_alive=config.limits_keep_alive), metrics=config.metrics_enabled
        )
        self._accepting = accepting
        self._lifeline = lifeline
        super().__init__(
            uvicorn.Config(
                self._front.asgi,
                loop="uvloop",
                http=self._front,  # type: ignore[arg-type]  # called, as a class would be
                ws="none",
                lifespan="on",
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,  # the peer is the socket's, whatever headers say
                timeout_graceful_shutdown=config.limits_stop,
                ssl_certfile=config.tls_certificate,
                ssl_keyfile=config.tls_key,
            )
        )

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to accept, and say so."""
        await super().startup(sockets)
        loop = asyncio.get_running_loop()
        self._front.watch(self.server_state, loop)
        if self._lifeline is not None:
            loop.add_reader(self._lifeline, self._orphaned)
        self._accepting()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Answer what is running, each with the word that its connection ends."""
        self._front.stopping = True
        await super().shutdown(sockets)

    def _orphaned(self) -> None:
        self.should_exit = True
        if self._lifeline is not None:
            asyncio.get_running_loop().remove_reader(self._lifeline)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """As uvicorn's, without raising the signal again at the end: a stop that was asked for is a success."""
        before = {number: signal.signal(number, self.handle_exit) for number in STOPPING}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def run(plan: Plan) -> int:
    """Serve until told to stop. The exit status."""
    _prepare_process()
    count = plan.config.processes
    board = Board(count)
    if count > 1:
        return Supervisor(plan, board, count).run()
    return _serve(Worker(plan, board, plan.announce, lifeline=None), plan.listeners[0])


def _serve(worker: Worker, listener: socket.socket) -> int:
    try:
        worker.run([listener])
    except SystemExit:  # uvicorn's word for an application that could not start
        return FAILED
    return 0 if worker.started else FAILED


def _prepare_process() -> None:
    """No core dumps with keys in them (threats: K15), and as many connections as the system allows."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (MOST_FILES if hard < 0 else min(hard, MOST_FILES), hard))


@dataclass
class Supervisor:
    """The parent of the workers."""

    plan: Plan
    board: Board
    count: int
    slots: dict[int, int] = field(default_factory=dict)
    """Which process has which slot."""
    started: dict[int, float] = field(default_factory=dict)
    """When the worker of a slot was started."""
    stopping: bool = False

    def run(self) -> int:
        """Start the workers and keep them until told to stop. The exit status."""
        self._wake_read, self._wake_write = os.pipe()
        self._accepting_read, self._accepting_write = os.pipe()
        self._lifeline_read, self._lifeline_write = os.pipe()
        os.set_blocking(self._wake_write, False)
        signal.set_wakeup_fd(self._wake_write, warn_on_full_buffer=False)
        for number in (*STOPPING, signal.SIGCHLD):
            signal.signal(number, self._on_signal)
        for slot in range(self.count):
            self._fork(slot)
        status = self._start()
        if status == 0:
            self._keep()
        self._stop()
        return status

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        if number in STOPPING:
            self.stopping = True

    def _fork(self, slot: int) -> None:
        pid = os.fork()
        if pid:
            self.slots[pid] = slot
            self.started[slot] = time.monotonic()
            return
        status = FAILED
        try:
            status = self._be_worker(slot)
        except StartProblem as problem:
            sys.stderr.write(f"daypass: {problem}\n")
        except Exception:
            log.exception("a worker failed")
        finally:
            sys.stderr.flush()
            os._exit(status)

    def _be_worker(self, slot: int) -> int:
        signal.set_wakeup_fd(-1)
        for number in (*STOPPING, signal.SIGCHLD):
            signal.signal(number, signal.SIG_DFL)
        for descriptor in (self._wake_read, self._wake_write, self._accepting_read, self._lifeline_write):
            os.close(descriptor)
        listeners = self.plan.listeners
        mine = listeners[slot % len(listeners)]
        for other in listeners:
            if other is not mine:
                other.close()
        self.board.take(slot)
        worker = Worker(self.plan, self.board, self._accepting, lifeline=self._lifeline_read)
        return _serve(worker, mine)

    def _accepting(self) -> None:
        """Called in a worker: it accepts connections."""
        os.write(self._accepting_write, b"1")

    def _start(self) -> int:
        """Wait until all workers accept, and announce it. The exit status if one of them could not start."""
        accepting = 0
        while accepting < self.count and not self.stopping:
            accepting += self._wait(None)
            for _, status in self._reap():
                if not self.stopping:
                    return os.waitstatus_to_exitcode(status) or FAILED
        if not self.stopping:
            self.plan.announce()
        return 0

    def _keep(self) -> None:
        """Replace workers that die."""
        while not self.stopping:
            self._wait(None)
            for slot, status in self._reap():
                if self.stopping:
                    return
                log.error("a worker ended with status %d and is replaced", os.waitstatus_to_exitcode(status))
                if time.monotonic() - self.started[slot] < QUICK_DEATH:
                    time.sleep(RESTART_PAUSE)  # one that cannot live is not replaced as fast as the machine goes
                self._fork(slot)

    def _stop(self) -> None:
        """Let running requests finish, for a limited time."""
        deadline = time.monotonic() + self.plan.config.limits_stop + GRACE
        for listener in self.plan.listeners:
            listener.close()
        for pid in self.slots:
            os.kill(pid, signal.SIGTERM)
        while self.slots and time.monotonic() < deadline:
            self._wait(0.2)
            self._reap()
        for pid in self.slots:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)

    def _wait(self, seconds: float | None) -> int:
        """Wait for a signal or a worker's word; how many workers said that they accept."""
        with selectors.DefaultSelector() as selector:
            selector.register(self._wake_read, selectors.EVENT_READ)
            selector.register(self._accepting_read, selectors.EVENT_READ)
            said = 0
            for key, _ in selector.select(seconds):
                received = os.read(key.fd, 512)
                if key.fd == self._accepting_read:
                    said += len(received)
            return said

    def _reap(self) -> list[tuple[int, int]]:
        """The slots whose workers have ended, with their status."""
        ended = []
        for pid in list(self.slots):
            done, status = os.waitpid(pid, os.WNOHANG)
            if done:
                ended.append((self.slots.pop(pid), status))
        return ended
