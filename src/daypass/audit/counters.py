"""What the audit counts for ``/metrics``."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Counters:
    """Counters of one process since its start; ``lag`` and ``waiting`` are as of the last look at the journal."""

    records: int = 0
    """Records handed to the operating system."""
    failures: int = 0
    """Writes or syncs of the journal that failed."""
    indexed: int = 0
    """Records that this process put into the index."""
    damaged: int = 0
    """Lines of the journal that are no records: torn by a crash or a full disk."""
    removed_files: int = 0
    """Finished journal files removed to keep within the size that the journal may take."""
    waiting: int = 0
    """Bytes of the journal, of all processes, that were not indexed yet."""
    lag: float = 0.0
    """Seconds that the oldest record waited before it was indexed, at the last pass."""
    index_failures: int = 0
    """Passes over the journal that failed; they are tried again."""
