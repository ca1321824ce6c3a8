"""What the audit counts for ``/metrics``."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Counters:
    """Counters of one process since its start; ``lag`` and ``waiting`` are as of its last look at the journal."""

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
    index_failures: int = 0
    """Passes over the journal that failed; they are tried again."""
    waiting: int = 0
    """Bytes of the journal, of all processes, that were not indexed yet."""
    lag: float = 0.0
    """Seconds that the oldest record of the last batch had waited for the index."""

    def text(self) -> str:
        """The counters in Prometheus's exposition format."""
        figures: tuple[tuple[str, str, float], ...] = (
            ("records_total", "counter", self.records),
            ("journal_failures_total", "counter", self.failures),
            ("indexed_total", "counter", self.indexed),
            ("damaged_lines_total", "counter", self.damaged),
            ("removed_files_total", "counter", self.removed_files),
            ("index_failures_total", "counter", self.index_failures),
            ("waiting_bytes", "gauge", self.waiting),
            ("lag_seconds", "gauge", self.lag),
        )
        return "".join(
            f"# TYPE daypass_audit_{name} {kind}\ndaypass_audit_{name} {value}\n" for name, kind, value in figures
        )
