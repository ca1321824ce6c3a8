"""What an assertion must say to be taken by this server: times, audience, recipient.

Source: IAM User Guide, "Configure SAML assertions for the authentication response"; SAML 2.0 profiles, section 4.1.4.
Assertions are addressed to AWS: identity providers are set up for it, and nothing of that changes here. The address in
``Recipient`` is the one that later answers call Audience.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from daypass.federation.saml import refusals
from daypass.federation.saml.metadata import writable

if TYPE_CHECKING:
    from daypass.federation.saml.assertion import Assertion
    from daypass.federation.saml.response import Presented

WINDOW: Final = 300
"""Seconds from issuance within which an assertion must be used."""
SKEW: Final = 30
"""Seconds that a provider's clock may be ahead of this one's."""

_BEARER: Final = "urn:oasis:names:tc:SAML:2.0:cm:bearer"
_SIGN_IN: Final = (
    r"https://([a-z]{2}(-[a-z]+)+-\d{1,2}\.)?signin\.(aws\.amazon\.com|amazonaws\.cn|amazonaws-us-gov\.com)"
)
_AUDIENCE: Final = re.compile(rf"urn:amazon:webservices(:cn-north-1|:govcloud)?|{_SIGN_IN}/saml", re.ASCII)
_RECIPIENT: Final = re.compile(rf"{_SIGN_IN}/(static/)?saml", re.ASCII)
_OWN_RECIPIENT: Final = re.compile(rf"{_SIGN_IN}/saml/acs/(?P<provider>SAMLSP[A-Z0-9]+)", re.ASCII)
_LONGEST_SHOWN: Final = 200


def check_metadata_time(valid_until: int, now: float) -> None:
    """Refuse what a provider says whose metadata is over. Raises ApiError."""
    if now >= valid_until:
        raise refusals.invalid(refusals.STALE_METADATA, f"metadata valid until {_at(valid_until)}, now is {_at(now)}")


def check_conditions(presented: Presented, provider_id: str, now: float) -> str:
    """Check time, audience and recipient; the recipient is handed back. Raises ApiError.

    ``provider_id`` is the provider's own id, which stands in sign-in addresses of its own.
    """
    assertion = presented.assertion
    if not assertion.id:
        raise refusals.invalid(refusals.UNREADABLE, "an assertion without an ID")
    _check_time(assertion, now)
    if not assertion.audiences or not all(_names_us(one, provider_id) for one in assertion.audiences):
        said = sorted(name for one in assertion.audiences for name in one)
        reason = f"audience {str(said)[:_LONGEST_SHOWN]}; wanted: urn:amazon:webservices or https://signin.aws.amazon.com/saml"
        raise refusals.invalid(refusals.AUDIENCE, reason)
    recipient = _confirmed_recipient(assertion, provider_id, now)
    sent_to = presented.destination
    if sent_to is not None and not _is_ours(sent_to, provider_id):
        raise refusals.invalid(
            refusals.AUDIENCE, f"destination {sent_to[:_LONGEST_SHOWN]!r}; wanted: a sign-in address of AWS"
        )
    return recipient


def _check_time(assertion: Assertion, now: float) -> None:
    if now - assertion.issued_at > WINDOW:
        raise refusals.expired(
            refusals.TOO_LATE, f"issued at {_at(assertion.issued_at)}, 5 minutes before {_at(now)} at most"
        )
    if assertion.issued_at > now + SKEW:
        raise refusals.invalid(refusals.UNREADABLE, f"issued at {_at(assertion.issued_at)}, after now, {_at(now)}")
    _check_span(assertion.not_before, assertion.not_on_or_after, "Conditions", now)
    end = assertion.session_not_on_or_after
    if end is not None and now >= end:
        raise refusals.expired(refusals.EXPIRED, f"SessionNotOnOrAfter is {_at(end)}, not after now, {_at(now)}")


def _check_span(start: float | None, end: float | None, where: str, now: float) -> None:
    if start is not None and now + SKEW < start:
        raise refusals.invalid(refusals.UNREADABLE, f"{where}: NotBefore is {_at(start)}, after now, {_at(now)}")
    if end is not None and now >= end:
        raise refusals.expired(refusals.EXPIRED, f"{where}: NotOnOrAfter is {_at(end)}, not after now, {_at(now)}")


def _confirmed_recipient(assertion: Assertion, provider_id: str, now: float) -> str:
    """The recipient of the one bearer confirmation."""
    if len(assertion.confirmations) != 1 or assertion.confirmations[0].method != _BEARER:
        methods = [confirmation.method for confirmation in assertion.confirmations]
        reason = f"SubjectConfirmations {str(methods)[:_LONGEST_SHOWN]}; wanted: exactly one, {_BEARER}"
        raise refusals.invalid(refusals.UNREADABLE, reason)
    said = assertion.confirmations[0]
    if said.not_on_or_after is None or said.recipient is None:
        raise refusals.invalid(refusals.UNREADABLE, "SubjectConfirmationData without NotOnOrAfter or Recipient")
    if not _is_ours(said.recipient, provider_id):
        reason = f"recipient {said.recipient[:_LONGEST_SHOWN]!r}; wanted: https://signin.aws.amazon.com/saml"
        raise refusals.invalid(refusals.AUDIENCE, reason)
    _check_span(said.not_before, said.not_on_or_after, "SubjectConfirmationData", now)
    return said.recipient


def _is_ours(address: str, provider_id: str) -> bool:
    own = _OWN_RECIPIENT.fullmatch(address)
    return own["provider"] == provider_id if own else _RECIPIENT.fullmatch(address) is not None


def _names_us(audiences: frozenset[str], provider_id: str) -> bool:
    return any(_AUDIENCE.fullmatch(one) or _is_ours(one, provider_id) for one in audiences)


def _at(seconds: float) -> str:
    return datetime.fromtimestamp(writable(seconds), UTC).isoformat(timespec="seconds")
