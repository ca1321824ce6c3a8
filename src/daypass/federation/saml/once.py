"""Assertions that are good once: where ``federation.saml_replay`` is ``refuse``, and wherever a person signs in.

The use is a record that is committed with what it changes, so of two uses at once, in whatever workers, one is refused.
It is named by a hash, which also spreads the names.
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Final

from daypass.directory import UsedProof, use_once
from daypass.federation.saml import refusals
from daypass.federation.saml.rules import SKEW, WINDOW

if TYPE_CHECKING:
    from daypass.directory import Change, View
    from daypass.federation.saml.assertion import Assertion

SORT: Final = "saml-assertion"


def used_once(assertion: Assertion, account: str, view: View, now: float) -> list[Change]:
    """What remembers that the assertion was used in that account. Raises ApiError where it was used before."""
    name = sha256(f"{assertion.issuer}\0{assertion.id}".encode()).hexdigest()
    changes = use_once(UsedProof(account, SORT, name, int(assertion.issued_at) + WINDOW + SKEW), view, now)
    if changes is None:
        raise refusals.invalid(refusals.SPENT, f"the assertion {assertion.id[:100]!r} was used before")
    return changes
