"""The audit: one record of every call, in CloudTrail's form, from the journal to LookupEvents.

The way of a record, as the pipeline calls it:

1. ``recorder.of(...)`` makes the records of a call, one for each account that gets a copy.
2. Where the call changes something, ``store.commit(view, changes, [r.row() for r in records])`` writes them with the change;
   in every case ``journal.append(r.line)`` follows. What is in both is found once, by its event id;
   the journal also tells the index which keys and roles were used. An OSError of ``append`` refuses a call without
   changes; after a commit the record is safe already.
3. With strict durability, ``await journal.sync()`` before the answer.
4. ``Indexer.run`` moves records into the index; ``Trail.lookup`` finds them.

``journal.ensure()`` comes before an operation that moves object bytes.
"""

from daypass.audit.counters import Counters
from daypass.audit.indexer import RETENTION, Indexer
from daypass.audit.journal import Journal
from daypass.audit.record import NOBODY, UNKNOWN_OPERATION, Recorded, Recorder
from daypass.audit.trail import Found, Trail

__all__ = [
    "NOBODY",
    "RETENTION",
    "UNKNOWN_OPERATION",
    "Counters",
    "Found",
    "Indexer",
    "Journal",
    "Recorded",
    "Recorder",
    "Trail",
]
