"""What every check is given: the policy, what kind it is, what is known of AWS, and where findings go."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from daypass.analysis.findings import Report
    from daypass.analysis.knowledge import Knowledge
    from daypass.analysis.statements import Document, Statement
    from daypass.analysis.subject import Subject


@dataclass(frozen=True, slots=True)
class Review:
    """One validation."""

    subject: Subject
    document: Document
    knowledge: Knowledge
    report: Report

    def is_trust(self, statement: Statement) -> bool:
        """Whether a statement is a role trust policy's: said to be, or a resource policy's that can be nothing else."""
        return self.subject.is_trust or (
            self.subject.is_resource and self.subject.attached is None and statement.trusts
        )
