"""The only room that knows the web server: listening, limits, workers, health, figures."""

from __future__ import annotations

from daypass.server.application import Application
from daypass.server.asgi import Asgi
from daypass.server.limits import Limits
from daypass.server.listening import ListenProblem, bind
from daypass.server.workers import Plan, StartProblem, run

__all__ = ["Application", "Asgi", "Limits", "ListenProblem", "Plan", "StartProblem", "bind", "run"]
