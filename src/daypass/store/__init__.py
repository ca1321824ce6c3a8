"""Where the directory, the trail's index and high-churn facts live: one narrow interface, engines behind it."""

from daypass.store.doctor import Finding
from daypass.store.interface import Conflict, EventQuery, EventRow, JournalMark, Store, StoreProblem, Use
from daypass.store.memory import MemoryStore
from daypass.store.reading import Limits
from daypass.store.sqlite import SqliteStore

__all__ = [
    "Conflict",
    "EventQuery",
    "EventRow",
    "Finding",
    "JournalMark",
    "Limits",
    "MemoryStore",
    "SqliteStore",
    "Store",
    "StoreProblem",
    "Use",
]
