"""What is over before its time: sessions that were revoked, and proofs that were used."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from daypass.directory.changes import Delete, Put
from daypass.directory.records import Key, Record

if TYPE_CHECKING:
    from daypass.directory.changes import Change
    from daypass.directory.view import View

_SWEPT = 10


class Revocation(Record, frozen=True, array_like=True):
    """That sessions are dead before their time: those of an account that ``reach`` and ``target`` name, up to ``until``.

    ``reach`` is ``session`` (an access key id), ``named-session`` (``AROA...:NAME``; ``ACCOUNT:NAME`` of a federated user),
    ``principal`` (the unique id of a role or user, the account id of the root user), ``source-identity`` or ``account``. AWS knows no such thing; its own
    way is a Deny on ``aws:TokenIssueTime``.
    """

    kind: ClassVar[str] = "revocation"
    account: str
    reach: str
    target: str
    until: int
    """Sessions issued up to this second are dead."""
    forgotten: int
    """When none of them can be alive any more, so that this record can go."""

    @property
    def key(self) -> Key:
        return revocation_key(self.account, self.reach, self.target)


def revocation_key(account: str, reach: str, target: str) -> Key:
    """Where the revocation of such sessions stands."""
    return Key("revocation", account, f"{reach} {target}")


class UsedProof(Record, frozen=True, array_like=True):
    """That a proof which is good once was used: a sign-in token, or an assertion where a setting asks for it.

    It is committed with what the use changes, so of two uses at once one is refused.
    """

    kind: ClassVar[str] = "used_proof"
    account: str
    sort: str
    id: str
    forgotten: int
    """When the proof is too old to be taken anyway, so that this record can go."""

    @property
    def key(self) -> Key:
        return Key("used_proof", self.account, f"{self.sort} {self.id}")


def use_once(used: UsedProof, view: View, now: float) -> list[Change] | None:
    """What remembers that a proof is used from now on; None where it was used before.

    Each use takes some records away that are over, next in the order of names: as ids are spread evenly, those that are
    over cannot pile up.
    """
    if view.get(UsedProof, used.account, used.key.name) is not None:
        return None
    page = view.page(UsedProof, used.account, after=used.key.name, limit=_SWEPT)
    over = [record for record in page.records if isinstance(record, UsedProof) and record.forgotten <= now]
    return [Put(used), *(Delete(record.key) for record in over)]
