"""Why a command cannot do what it was asked: one line for the person at the terminal, and exit status 2."""

from __future__ import annotations


class CommandProblem(Exception):
    """The text is one clear line that says what to do."""
