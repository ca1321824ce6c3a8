"""What IAM makes for reading and keeps for a while: credential reports, and what became of deletions."""

from __future__ import annotations

from typing import ClassVar

from daypass.directory.records import Key, Record


class CredentialReport(Record, frozen=True, array_like=True):
    """An account's last credential report, as CSV."""

    kind: ClassVar[str] = "credential_report"
    account: str
    generated: int
    content: str

    @property
    def key(self) -> Key:
        return Key("credential_report", self.account, "report")


class DeletionTask(Record, frozen=True, array_like=True):
    """That a service-linked role was deleted."""

    kind: ClassVar[str] = "deletion_task"
    account: str
    id: str
    ended: int

    @property
    def key(self) -> Key:
        return Key("deletion_task", self.account, self.id)
