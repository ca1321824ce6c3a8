"""ValidatePolicy (IAM Access Analyzer API Reference): the findings on a policy, in pages.

A token is sealed for the account, the policy and everything else that was asked; the findings are found anew for each
page, which gives the same ones.
"""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

from daypass.analysis.places import Index, Key, Value
from daypass.analysis.subject import PolicyType, Subject
from daypass.analysis.validate import TooManyPatterns
from daypass.analysis.validate import validate_policy as findings_on
from daypass.credentials import CannotOpen, Purpose
from daypass.services.accessanalyzer.operations import accessanalyzer, aside, invalid, knowledge, on_policy

if TYPE_CHECKING:
    from daypass.analysis.findings import Finding
    from daypass.analysis.places import Location, PathElement, Position
    from daypass.directory import View
    from daypass.services.registry import Call, Output, Result, Rooms

DEFAULT_PAGE: Final = 100
LOCALE: Final = "EN"


@accessanalyzer.with_rooms("ValidatePolicy", needs=on_policy)
async def validate_policy(call: Call, _view: View, _rooms: Rooms) -> Result:
    """One page of findings, in the order in which they stand in the policy."""
    if call.input.get("locale", LOCALE) != LOCALE:
        raise invalid(f"Findings are worded in English here. Use the locale {LOCALE}, or none.")
    subject = Subject(PolicyType(call.input["policyType"]), call.input.get("validatePolicyResourceType"))
    if subject.resource_type is not None and not subject.is_resource:
        raise invalid("InvalidInput")
    begin, text = _begin(call), call.input["policyDocument"]
    try:
        findings = await aside(text, findings_on, text, subject, knowledge())
    except TooManyPatterns as problem:
        raise invalid(str(problem)) from None
    end = begin + call.input.get("maxResults", DEFAULT_PAGE)
    output: Output = {"findings": [_finding(finding) for finding in findings[begin:end]]}
    if end < len(findings):
        output["nextToken"] = _token(call, end)
    return output, []


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "findingDetails": finding.details,
        "findingType": finding.type.value,
        "issueCode": finding.code,
        "learnMoreLink": finding.link,
        "locations": [_location(location) for location in finding.locations],
    }


def _location(location: Location) -> dict[str, Any]:
    return {
        "path": [_element(element) for element in location.path],
        "span": {"start": _position(location.start), "end": _position(location.end)},
    }


def _element(element: PathElement) -> dict[str, Any]:
    match element:
        case Index(index):
            return {"index": index}
        case Key(key):
            return {"key": key}
        case Value(value):
            return {"value": value}
        case _:
            return {"substring": {"start": element.start, "length": element.length}}


def _position(position: Position) -> dict[str, int]:
    return {"line": position.line, "column": position.column, "offset": position.offset}


def _begin(call: Call) -> int:
    """How many findings earlier pages held."""
    token = call.input.get("nextToken")
    if not token:
        return 0
    try:
        blob = urlsafe_b64decode(token.encode("ascii"))
        return int(call.keyring.open(Purpose.PAGINATION_MARKER, blob, _bound_to(call)))
    except (CannotOpen, ValueError):
        raise invalid("Invalid nextToken.") from None


def _token(call: Call, begin: int) -> str:
    content = str(begin).encode("ascii")
    blob = call.keyring.seal(Purpose.PAGINATION_MARKER, content, _bound_to(call), call.mint.nonce())
    return urlsafe_b64encode(blob).decode("ascii")


def _bound_to(call: Call) -> bytes:
    """Everything that a token must come back with: all parameters but itself and the size of the page."""
    asked = {name: value for name, value in call.input.items() if name not in {"nextToken", "maxResults"}}
    text = json.dumps([call.account, call.operation, asked], sort_keys=True)
    return sha256(text.encode()).digest()
