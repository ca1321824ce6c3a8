"""What the trail remembers of decisions, decided again: ``daypass explain`` and ``daypass policy replay``.

Everything here reads: the data folder is opened beside a running server, and nothing in it is changed.
"""

from daypass.recollection.explaining import Hypothesis, explain_hypothesis, explain_request
from daypass.recollection.past import CannotTell, Span
from daypass.recollection.proposals import Proposal
from daypass.recollection.replaying import ReplayWanted, replay

__all__ = [
    "CannotTell",
    "Hypothesis",
    "Proposal",
    "ReplayWanted",
    "Span",
    "explain_hypothesis",
    "explain_request",
    "replay",
]
