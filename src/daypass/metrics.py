"""Counters of one worker process, in Prometheus's text form. Counting costs one dictionary look-up a request."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from daypass.services.registry import Operation


@dataclass(slots=True)
class Metrics:
    """Answers by service, operation and status; and the alarms that should stay at zero."""

    answers: Counter[tuple[str, str, int]] = field(default_factory=Counter)
    disagreements: int = 0
    """Refusals on which the two policy engines did not agree; any but zero is a bug."""

    def count(self, service: str, operation: Operation | None, status: int) -> None:
        """Note one answer."""
        self.answers[service, "" if operation is None else operation.name, status] += 1

    def text(self) -> str:
        """The counters in Prometheus's exposition format."""
        lines = ["# TYPE daypass_answers_total counter"]
        for (service, operation, status), count in sorted(self.answers.items()):
            labels = f'service="{service}",operation="{operation}",status="{status}"'
            lines.append(f"daypass_answers_total{{{labels}}} {count}")
        lines += ["# TYPE daypass_policy_disagreements_total counter"]
        lines += [f"daypass_policy_disagreements_total {self.disagreements}"]
        return "\n".join(lines) + "\n"
