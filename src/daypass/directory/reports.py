"""What IAM makes for reading and keeps for a while (IAM API Reference: credential report)."""

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
